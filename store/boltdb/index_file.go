package boltdb

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	bolt "go.etcd.io/bbolt"

	"paypoint/ledger"
)

// The buckets of the index's file. Their keys are all that they hold; they end
// in what is listed, so that a page of a listing is one range:
//
//	merchants          merchant 0 place
//	merchant_orders    merchant 0 order 0 place
//	merchant_lines     merchant 0 day 0 journal number
var (
	bucketMerchants      = []byte("merchants")
	bucketMerchantOrders = []byte("merchant_orders")
	bucketMerchantLines  = []byte("merchant_lines")
)

// indexBuckets lists them all.
func indexBuckets() [][]byte {
	return [][]byte{bucketMeta, bucketMerchants, bucketMerchantOrders, bucketMerchantLines}
}

// indexVersion is the version of the file's layout. Another is built anew.
const indexVersion = 2

// errIndexFile reports a file that is no index of this ledger's journal, and
// had better be made anew.
var errIndexFile = errors.New("the index of the journal is lost")

// indexState is what the file says of itself. The journal's hash at its last
// record names the ledger, with all that came before.
type indexState struct {
	Version int    `json:"version"`
	Seq     uint64 `json:"seq"`
	Hash    string `json:"hash"`
}

// indexPath is beside the ledger: ledger.db has ledger.index.db.
func indexPath(path string) string {
	extension := filepath.Ext(path)
	return strings.TrimSuffix(path, extension) + ".index" + extension
}

// open opens the file unless it is open. The caller has the turn.
func (x *journalIndex) open() error {
	if x.db != nil {
		return nil
	}
	db, saved, err := x.openFile()
	if errors.Is(err, errIndexFile) || errors.Is(err, fs.ErrNotExist) {
		db, saved, err = x.begin()
	}
	if err != nil {
		return fmt.Errorf("index of the journal %s: %w", x.path, err)
	}
	x.mu.Lock()
	x.db, x.saved, x.last, x.tail = db, saved, saved, entries{}
	x.mu.Unlock()
	x.next.Store(saved.seq + 1)
	return nil
}

// openFile opens a file that may be damaged or another ledger's.
func (x *journalIndex) openFile() (*bolt.DB, head, error) {
	// bbolt maps the file, so a truncated one would kill the process.
	if err := checkSize(x.path, time.Second); err != nil {
		return nil, head{}, lostIndex(err)
	}
	file, err := openBolt(x.path, bolt.Options{Timeout: time.Second, FreelistType: bolt.FreelistMapType})
	if err != nil {
		return nil, head{}, lostIndex(openError(err))
	}
	saved, err := readIndexState(file.db)
	if err == nil {
		err = x.check(saved)
	}
	if err != nil {
		return nil, head{}, errors.Join(err, file.db.Close())
	}
	return file.db, saved, nil
}

// lostIndex marks the errors of a file that can't be read.
func lostIndex(err error) error {
	if errors.Is(err, ErrForeign) || errors.Is(err, ErrTruncated) {
		return fmt.Errorf("%w: %w", errIndexFile, err)
	}
	return err
}

func readIndexState(db *bolt.DB) (saved head, err error) {
	err = viewIndex(db, func(tx *bolt.Tx) error {
		for _, name := range indexBuckets() {
			if tx.Bucket(name) == nil {
				return fmt.Errorf("%w: it has no %s", errIndexFile, name)
			}
		}
		var state indexState
		if err := json.Unmarshal(tx.Bucket(bucketMeta).Get(metaKey), &state); err != nil {
			return fmt.Errorf("%w: %w", errIndexFile, err)
		}
		hash, err := hex.DecodeString(state.Hash)
		if err != nil || len(hash) != len(saved.hash) || state.Version != indexVersion {
			return fmt.Errorf("%w: its version is %d", errIndexFile, state.Version)
		}
		saved = head{seq: state.Seq, hash: ledger.Hash(hash)}
		return nil
	})
	return saved, err
}

// viewIndex reads a file whose pages may be damaged.
func viewIndex(db *bolt.DB, read func(*bolt.Tx) error) error {
	return lostIndex(guard(func() error { return db.View(read) }))
}

// check holds the file's last record against the journal.
func (x *journalIndex) check(saved head) error {
	if saved.seq == 0 {
		return nil
	}
	return x.view(func(tx *bolt.Tx) error {
		value := tx.Bucket(bucketJournal).Get(numberKey(saved.seq))
		if value == nil {
			return fmt.Errorf("%w: it has followed a journal to record %d", errIndexFile, saved.seq)
		}
		hash, _, err := unframe(value)
		if err == nil && hash != saved.hash {
			err = fmt.Errorf("%w: it has followed another journal", errIndexFile)
		}
		return err
	})
}

// begin makes a new file in the place of one that is lost.
func (x *journalIndex) begin() (*bolt.DB, head, error) {
	if err := removeIfThere(x.path); err != nil {
		return nil, head{}, err
	}
	db, err := bolt.Open(x.path, 0o600, &bolt.Options{Timeout: time.Second, FreelistType: bolt.FreelistMapType})
	if err != nil {
		return nil, head{}, err
	}
	err = db.Update(func(tx *bolt.Tx) error {
		for _, name := range indexBuckets() {
			if _, err := tx.CreateBucket(name); err != nil {
				return err
			}
		}
		return putIndexState(tx, head{})
	})
	if err != nil {
		return nil, head{}, errors.Join(err, db.Close())
	}
	return db, head{}, nil
}

func putIndexState(tx *bolt.Tx, h head) error {
	text, err := json.Marshal(indexState{Version: indexVersion, Seq: h.seq, Hash: hex.EncodeToString(h.hash[:])})
	if err != nil {
		return err
	}
	return tx.Bucket(bucketMeta).Put(metaKey, text)
}

// flush writes the tail, in the order of the keys. The caller has the turn.
func (x *journalIndex) flush() error {
	// Listings go on meanwhile: they see the tail in the file, in memory, or both.
	err := guard(func() error {
		return x.db.Update(func(tx *bolt.Tx) error {
			if err := putKeys(tx.Bucket(bucketMerchants), x.tail.charges, indexedCharge.merchantKey); err != nil {
				return err
			}
			if err := putKeys(tx.Bucket(bucketMerchantOrders), x.tail.charges, indexedCharge.orderKey); err != nil {
				return err
			}
			if err := putKeys(tx.Bucket(bucketMerchantLines), x.tail.lines, indexedLine.key); err != nil {
				return err
			}
			return putIndexState(tx, x.last)
		})
	})
	if err != nil {
		return fmt.Errorf("index of the journal %s: %w", x.path, lostIndex(err))
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.tail, x.saved = entries{}, x.last
	return nil
}

func putKeys[E any](bucket *bolt.Bucket, entries []E, keyOf func(E) []byte) error {
	// Each merchant's range grows at its end. In the order of the keys each page
	// is written once.
	bucket.FillPercent = growingFill
	keys := make([][]byte, len(entries))
	for i, e := range entries {
		keys[i] = keyOf(e)
	}
	slices.SortFunc(keys, bytes.Compare)
	for _, key := range keys {
		if err := bucket.Put(key, nil); err != nil {
			return err
		}
	}
	return nil
}

// giveUp lets go of the file, whose fault, if any, is err. What it holds is
// looked at when it is opened again. The caller has the turn.
func (x *journalIndex) giveUp(err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if errors.Is(err, errIndexFile) {
		// A panic may have left a transaction open, for which closing would wait.
		_ = removeIfThere(x.path)
	} else {
		_ = x.db.Close()
	}
	x.db, x.saved, x.last, x.tail = nil, head{}, head{}, entries{}
	x.next.Store(0)
}
