package boltdb

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	bolt "go.etcd.io/bbolt"

	"paypoint/ledger"
)

// The buckets of the index's file. Of those for listings the keys are all that
// they hold; they end in what is listed, so that a page of a listing is one range:
//
//	merchants          merchant 0 place
//	merchant_orders    merchant 0 order 0 place
//	merchant_lines     merchant 0 day 0 journal number
//
// The others answer searches (see postingKey and putStores for two of them):
//
//	payments           journal number         ->  the payment
//	postings           segment index value    ->  places within the segment
//	hours              merchant 0 hour        ->  sums; of all where merchant is empty
//	open               merchant 0             ->  codes that wait to be paid
//	store_days         day shard              ->  sums of some stores
var (
	bucketMerchants      = []byte("merchants")
	bucketMerchantOrders = []byte("merchant_orders")
	bucketMerchantLines  = []byte("merchant_lines")
	bucketPayments       = []byte("payments")
	bucketPostings       = []byte("postings")
	bucketHours          = []byte("hours")
	bucketOpen           = []byte("open")
	bucketStoreDays      = []byte("store_days")
)

// indexBuckets lists them all.
func indexBuckets() [][]byte {
	return [][]byte{
		bucketMeta, bucketMerchants, bucketMerchantOrders, bucketMerchantLines,
		bucketPayments, bucketPostings, bucketHours, bucketOpen, bucketStoreDays,
	}
}

// indexVersion is the version of the file's layout. Another is built anew.
const indexVersion = 5

// ErrWentBack: the index beside the ledger has followed records that the ledger
// does not have. It follows only what is on the ledger's disk, so they were lost,
// or an older ledger was put in the place of this one.
var ErrWentBack = errors.New("the ledger has gone back in time")

// errIndexFile reports a file that is no index of this ledger's journal, and
// had better be made anew.
var errIndexFile = errors.New("the index of the journal is lost")

// indexState is what the file says of itself. The journal's hash at its last
// record names the ledger, with all that came before.
type indexState struct {
	Version int    `json:"version"`
	Seq     uint64 `json:"seq"`
	Hash    string `json:"hash"`
	// Sum is the CRC-32C of the others: a bit that turned on the disk must not pass
	// for a ledger that has lost records.
	Sum uint32 `json:"sum"`
}

func newIndexState(h head) indexState {
	s := indexState{Version: indexVersion, Seq: h.seq, Hash: hex.EncodeToString(h.hash[:])}
	s.Sum = s.sum()
	return s
}

func (s indexState) sum() uint32 {
	return crc32.Checksum(fmt.Appendf(nil, "%d %d %s", s.Version, s.Seq, s.Hash), castagnoli())
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
		if err != nil || len(hash) != len(saved.hash) || state.Version != indexVersion || state.Sum != state.sum() {
			return fmt.Errorf("%w: its version is %d, or it is damaged", errIndexFile, state.Version)
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
	return x.view(func(tx *bolt.Tx) error {
		last, err := readHead(tx)
		if err != nil {
			return err
		}
		return checkFollowed(tx, saved, last)
	})
}

// readIndexHead reads the last record that an index's file has followed; only what
// is on the ledger's disk is. Errors: fs.ErrNotExist where there is no file, others
// where it is damaged, of another version, or in use.
func readIndexHead(path string) (head, error) {
	if err := checkSize(path, time.Second); err != nil {
		return head{}, err
	}
	file, err := openBolt(path, bolt.Options{ReadOnly: true, Timeout: time.Second})
	if err != nil {
		return head{}, openError(err)
	}
	followed, err := readIndexState(file.db)
	return followed, errors.Join(err, file.db.Close())
}

// checkIndex refuses a ledger, whose last record is last, that lacks what its index
// has followed. An index that is not there, or can't be read, proves nothing.
func checkIndex(path string, tx *bolt.Tx, last head) error {
	followed, err := readIndexHead(path)
	if err != nil {
		return nil
	}
	if err := checkFollowed(tx, followed, last); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// checkFollowed holds the last record that an index has followed against the
// ledger, whose own is last.
func checkFollowed(tx *bolt.Tx, followed, last head) error {
	const remedy = "find the newest ledger, or restore it: a restore knows what that means"
	switch {
	case followed.seq == 0:
		return nil
	case followed.seq > last.seq:
		return fmt.Errorf("%w: it lacks the records %d to %d, which it had: %s", ErrWentBack, last.seq+1, followed.seq, remedy)
	}
	hash, _, err := unframe(tx.Bucket(bucketJournal).Get(numberKey(followed.seq)))
	if err != nil {
		return fmt.Errorf("read journal record %d: %w", followed.seq, err)
	}
	if hash != followed.hash {
		return fmt.Errorf("%w: its record %d is another than the one that it had: %s", ErrWentBack, followed.seq, remedy)
	}
	return nil
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
	text, err := json.Marshal(newIndexState(h))
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
			if err := x.tail.searched.put(tx); err != nil {
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
