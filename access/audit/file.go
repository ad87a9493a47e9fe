package audit

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"go.etcd.io/bbolt"

	"paypoint/ledger"
)

// The buckets of the file. Entries are by their number: the hash, then the entry
// as JSON. The index has an empty value for each "term NUL number". Hours have
// the first and the last number of each hour since 1970.
var (
	entriesBucket = []byte("entries")
	indexBucket   = []byte("index")
	hoursBucket   = []byte("hours")
	metaBucket    = []byte("meta")

	formatKey     = []byte("version")
	formatVersion = []byte("1")
	// headKey has the last number and its hash, so that a log that was cut short
	// does not read as whole.
	headKey = []byte("head")
	// roomKey has nothing but room while a write is tried.
	roomKey = []byte("room")
)

const (
	// room is how many bytes a try writes. What it leaves are free pages of the file,
	// which have their place on the disk: so much can be recorded after it.
	room = 256 << 10
	// numberSize is the length of a number as a key, hashSize that of a hash.
	numberSize = 8
	hashSize   = sha256.Size
)

// Head is the last entry of a log at some time: its number and its hash.
type Head struct {
	Seq  uint64 `json:"seq"`
	Hash string `json:"hash"`
}

// buckets lists the names.
func buckets() [][]byte { return [][]byte{entriesBucket, indexBucket, hoursBucket, metaBucket} }

// prepare makes the buckets, and refuses a file of a later program.
func prepare(tx *bbolt.Tx) error {
	for _, name := range buckets() {
		if _, err := tx.CreateBucketIfNotExists(name); err != nil {
			return err
		}
	}
	meta := tx.Bucket(metaBucket)
	switch version := meta.Get(formatKey); {
	case version == nil:
		return meta.Put(formatKey, formatVersion)
	case !bytes.Equal(version, formatVersion):
		return fmt.Errorf("version %q, this program reads %s", version, formatVersion)
	default:
		return nil
	}
}

func number(seq uint64) []byte { return binary.BigEndian.AppendUint64(nil, seq) }

// chain is the hash of an entry: of the one before it, its number and its text.
func chain(before [hashSize]byte, seq uint64, text []byte) [hashSize]byte {
	h := sha256.New()
	_, _ = h.Write(before[:])
	_, _ = h.Write(number(seq))
	_, _ = h.Write(text)
	return [hashSize]byte(h.Sum(nil))
}

// head is the last entry's number and hash, as they were noted with it.
func head(tx *bbolt.Tx) (seq uint64, hash [hashSize]byte, err error) {
	value := tx.Bucket(metaBucket).Get(headKey)
	switch {
	case value == nil:
		return 0, hash, nil
	case len(value) != numberSize+hashSize:
		return 0, hash, fmt.Errorf("the head has %d bytes: %w", len(value), ErrDamaged)
	}
	return binary.BigEndian.Uint64(value), [hashSize]byte(value[numberSize:]), nil
}

// add writes entries after the last one.
func add(tx *bbolt.Tx, group []waiting) error {
	seq, hash, err := head(tx)
	if err != nil {
		return err
	}
	entries := tx.Bucket(entriesBucket)
	entries.FillPercent = 0.95 // keys only ascend
	for _, w := range group {
		seq++
		e := w.entry
		e.Seq = seq
		text, err := json.Marshal(e)
		if err != nil {
			return err
		}
		hash = chain(hash, seq, text)
		if entries.Get(number(seq)) != nil {
			return fmt.Errorf("entry %d is there already: %w", seq, ErrDamaged)
		}
		if err := entries.Put(number(seq), append(hash[:], text...)); err != nil {
			return err
		}
		if err := addIndex(tx, e); err != nil {
			return err
		}
	}
	return tx.Bucket(metaBucket).Put(headKey, append(number(seq), hash[:]...))
}

// addIndex writes what an entry is found by.
func addIndex(tx *bbolt.Tx, e Entry) error {
	index := tx.Bucket(indexBucket)
	for _, term := range e.terms() {
		if err := index.Put(indexKey(term, e.Seq), nil); err != nil {
			return err
		}
	}
	hours, hour := tx.Bucket(hoursBucket), hourKey(e.At)
	first := number(e.Seq)
	if span := hours.Get(hour); len(span) == 2*numberSize {
		first = bytes.Clone(span[:numberSize])
	}
	return hours.Put(hour, append(first, number(e.Seq)...))
}

func indexKey(term string, seq uint64) []byte {
	return binary.BigEndian.AppendUint64(append([]byte(term), 0), seq)
}

// hourKey is the hour of a time; before 1970 is no time of ours.
func hourKey(at time.Time) []byte {
	return number(uint64(max(at.Unix(), 0)) / uint64(time.Hour/time.Second)) // #nosec G115 -- not below 0
}

// takeRoom and leaveRoom try to write, one transaction after the other. An entry where
// the next one belongs is damage that keeps every write from its place.
func takeRoom(tx *bbolt.Tx) error {
	seq, _, err := head(tx)
	if err != nil {
		return err
	}
	if tx.Bucket(entriesBucket).Get(number(seq+1)) != nil {
		return fmt.Errorf("entry %d is there already: %w", seq+1, ErrDamaged)
	}
	return tx.Bucket(metaBucket).Put(roomKey, make([]byte, room))
}

func leaveRoom(tx *bbolt.Tx) error { return tx.Bucket(metaBucket).Delete(roomKey) }

// readEntry reads an entry's value.
func readEntry(key, value []byte) (e Entry, hash [hashSize]byte, text []byte, err error) {
	if len(key) != numberSize || len(value) <= hashSize {
		return e, hash, nil, fmt.Errorf("entry %x has %d bytes: %w", key, len(value), ErrDamaged)
	}
	seq := binary.BigEndian.Uint64(key)
	hash, text = [hashSize]byte(value), value[hashSize:]
	if err := json.Unmarshal(text, &e); err != nil {
		return e, hash, text, fmt.Errorf("entry %d: %w: %w", seq, ErrDamaged, err)
	}
	e.At = e.At.In(ledger.WIB)
	if e.Seq != seq {
		return e, hash, text, fmt.Errorf("entry %d says it is entry %d: %w", seq, e.Seq, ErrDamaged)
	}
	return e, hash, text, nil
}

// Has says whether the log still has an entry as it was known. The disk's errors.
func (l *Log) Has(known Head) (has bool, err error) {
	err = l.within(l.db.View, false, func(tx *bbolt.Tx) error {
		value := tx.Bucket(entriesBucket).Get(number(known.Seq))
		has = len(value) > hashSize && hex.EncodeToString(value[:hashSize]) == known.Hash
		return nil
	})
	if err != nil {
		return false, fmt.Errorf("look for entry %d of the audit log: %w", known.Seq, err)
	}
	return has, nil
}

// Head is the last entry; zero of an empty log. Kept elsewhere, it lets Check find
// out that the log was cut short, or made anew, since. The disk's errors.
func (l *Log) Head() (h Head, err error) {
	err = l.within(l.db.View, false, func(tx *bbolt.Tx) error {
		seq, hash, err := head(tx)
		if seq > 0 {
			h = Head{seq, hex.EncodeToString(hash[:])}
		}
		return err
	})
	if err != nil {
		return Head{}, fmt.Errorf("head of the audit log: %w", err)
	}
	return h, nil
}
