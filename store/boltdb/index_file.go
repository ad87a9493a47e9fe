package boltdb

import (
	"bytes"
	"encoding/binary"
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

// The buckets of the index's file. The keys of the places are all that they
// hold; they end in the place, so that a page of a listing is one range:
//
//	merchants    merchant 0 place
//	merchant_orders    merchant 0 order 0 place
var (
	bucketMerchants      = []byte("merchants")
	bucketMerchantOrders = []byte("merchant_orders")
)

// indexVersion is the version of the file's layout. Another is built anew.
const indexVersion = 1

// errIndexFile reports a file that is no index of this ledger's charges, and
// had better be made anew.
var errIndexFile = errors.New("the index of charges is lost")

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
func (x *chargeIndex) open() error {
	if x.db != nil {
		return nil
	}
	db, saved, err := x.openFile()
	if errors.Is(err, errIndexFile) || errors.Is(err, fs.ErrNotExist) {
		db, saved, err = x.begin()
	}
	if err != nil {
		return fmt.Errorf("index of charges %s: %w", x.path, err)
	}
	x.mu.Lock()
	x.db, x.saved, x.last, x.tail = db, saved, saved, nil
	x.mu.Unlock()
	x.next.Store(saved.seq + 1)
	return nil
}

// openFile opens a file that may be damaged or another ledger's.
func (x *chargeIndex) openFile() (*bolt.DB, head, error) {
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
		meta := tx.Bucket(bucketMeta)
		if meta == nil || tx.Bucket(bucketMerchants) == nil || tx.Bucket(bucketMerchantOrders) == nil {
			return fmt.Errorf("%w: it is another file", errIndexFile)
		}
		var state indexState
		if err := json.Unmarshal(meta.Get(metaKey), &state); err != nil {
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
func (x *chargeIndex) check(saved head) error {
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
func (x *chargeIndex) begin() (*bolt.DB, head, error) {
	if err := removeIfThere(x.path); err != nil {
		return nil, head{}, err
	}
	db, err := bolt.Open(x.path, 0o600, &bolt.Options{Timeout: time.Second, FreelistType: bolt.FreelistMapType})
	if err != nil {
		return nil, head{}, err
	}
	err = db.Update(func(tx *bolt.Tx) error {
		for _, name := range [][]byte{bucketMeta, bucketMerchants, bucketMerchantOrders} {
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
func (x *chargeIndex) flush() error {
	// Listings go on meanwhile: they see the tail in the file, in memory, or both.
	err := guard(func() error {
		return x.db.Update(func(tx *bolt.Tx) error {
			if err := putKeys(tx.Bucket(bucketMerchants), x.tail, indexedCharge.merchantKey); err != nil {
				return err
			}
			if err := putKeys(tx.Bucket(bucketMerchantOrders), x.tail, indexedCharge.orderKey); err != nil {
				return err
			}
			return putIndexState(tx, x.last)
		})
	})
	if err != nil {
		return fmt.Errorf("index of charges %s: %w", x.path, lostIndex(err))
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.tail, x.saved = nil, x.last
	return nil
}

func putKeys(bucket *bolt.Bucket, charges []indexedCharge, keyOf func(indexedCharge) []byte) error {
	// Each merchant's range grows at its end. In the order of the keys each page
	// is written once.
	bucket.FillPercent = growingFill
	keys := make([][]byte, len(charges))
	for i, c := range charges {
		keys[i] = keyOf(c)
	}
	slices.SortFunc(keys, bytes.Compare)
	for _, key := range keys {
		if err := bucket.Put(key, nil); err != nil {
			return err
		}
	}
	return nil
}

func (c indexedCharge) merchantKey() []byte {
	return appendPlace(pairKey(c.merchant, ""), c.place)
}

func (c indexedCharge) orderKey() []byte {
	return appendPlace(append(pairKey(c.merchant, c.order), 0), c.place)
}

// placeSize is the length of a place in a key.
const placeSize = 16

func appendPlace(key []byte, p ledger.Place) []byte {
	key = binary.BigEndian.AppendUint64(key, uint64(toMillis(p.Created)))
	return binary.BigEndian.AppendUint64(key, p.Number)
}

func parsePlace(key []byte) ledger.Place {
	created := millis(binary.BigEndian.Uint64(key))
	return ledger.Place{Created: created.time(), Number: binary.BigEndian.Uint64(key[8:])}
}

// read reads a page downwards.
func (q listing) read(tx *bolt.Tx, limit int) []ledger.Place {
	// Merchant ids have no zero byte, so no prefix begins another's key.
	name, prefix := bucketMerchants, pairKey(q.merchant, "")
	if q.order != "" {
		name, prefix = bucketMerchantOrders, append(pairKey(q.merchant, q.order), 0)
	}
	places := []ledger.Place{}
	cursor := tx.Bucket(name).Cursor()
	for key := seekBelow(cursor, q.bound(prefix)); bytes.HasPrefix(key, prefix) && len(places) < limit; key, _ = cursor.Prev() {
		// A longer one is of an order id that goes on with a zero byte.
		if len(key) == len(prefix)+placeSize {
			places = append(places, parsePlace(key[len(prefix):]))
		}
	}
	return places
}

// bound is a key above all that is asked for.
func (q listing) bound(prefix []byte) []byte {
	if q.before.IsZero() {
		return append(bytes.Clone(prefix), bytes.Repeat([]byte{0xFF}, placeSize+1)...)
	}
	return appendPlace(bytes.Clone(prefix), q.before)
}

// seekBelow finds the last key below a bound; nil when there is none.
func seekBelow(cursor *bolt.Cursor, bound []byte) []byte {
	key, _ := cursor.Seek(bound)
	// Behind the last key a cursor has no place to go back from.
	if key == nil {
		key, _ = cursor.Last()
		return key
	}
	key, _ = cursor.Prev()
	return key
}

// giveUp lets go of the file, whose fault, if any, is err. What it holds is
// looked at when it is opened again. The caller has the turn.
func (x *chargeIndex) giveUp(err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if errors.Is(err, errIndexFile) {
		// A panic may have left a transaction open, for which closing would wait.
		_ = removeIfThere(x.path)
	} else {
		_ = x.db.Close()
	}
	x.db, x.saved, x.last, x.tail = nil, head{}, head{}, nil
	x.next.Store(0)
}
