package boltdb

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"testing"

	bolt "go.etcd.io/bbolt"

	"paypoint/ledger"
)

// paidRecord is the number of a payment in the rich ledger's journal.
const paidRecord = 2

func journalKey(seq uint64) string { return fmt.Sprintf("journal record %d", seq) }

// TestVerifyFindsAChangedJournal plants what a disk, or somebody with an
// editor, can do to the journal, up to a forged end with a right chain.
func TestVerifyFindsAChangedJournal(t *testing.T) {
	t.Parallel()
	finds(t, []corruption{
		{"a flipped byte in a text", alterFrame(paidRecord, func(f []byte) []byte { return flip(f, frameText+40) }), journalKey(paidRecord)},
		{"a flipped byte in a hash", alterFrame(paidRecord, func(f []byte) []byte { return flip(f, frameHash) }), journalKey(paidRecord)},
		{"a flipped byte in a checksum", alterFrame(paidRecord, func(f []byte) []byte { return flip(f, frameCRC) }), journalKey(paidRecord)},
		{"another version", alterFrame(paidRecord, func(f []byte) []byte { return flip(f, 0) }), journalKey(paidRecord)},
		{"a record cut short", alterFrame(paidRecord, func(f []byte) []byte { return f[:frameText-1] }), journalKey(paidRecord)},
		{"an empty record", alterFrame(paidRecord, func([]byte) []byte { return nil }), journalKey(paidRecord)},
		{"an altered text with a right checksum", alterFrame(paidRecord, func(f []byte) []byte {
			return resum(bytes.Replace(f, []byte("50000"), []byte("50001"), 1))
		}), journalKey(paidRecord)},
		{"an altered text with a right hash", func(tx *bolt.Tx) error {
			b := tx.Bucket(bucketJournal)
			before, _, err := unframe(b.Get(numberKey(paidRecord - 1)))
			if err != nil {
				return err
			}
			text := bytes.Replace(clone(b.Get(numberKey(paidRecord))[frameText:]), []byte("RA"), []byte("RX"), 1)
			return b.Put(numberKey(paidRecord), frame(ledger.Chain(before, text), text))
		}, journalKey(paidRecord + 1)},
		{"two records swapped", func(tx *bolt.Tx) error { return swap(tx.Bucket(bucketJournal), 3, 4) }, journalKey(3)},
		{"the first record gone", dropRecord(1), journalKey(2)},
		{"a record in the middle gone", dropRecord(5), journalKey(6)},
		{"a record twice", func(tx *bolt.Tx) error {
			h, err := readHead(tx)
			if err != nil {
				return err
			}
			b := tx.Bucket(bucketJournal)
			return b.Put(numberKey(h.seq+1), clone(b.Get(numberKey(h.seq))))
		}, "journal record"},
		{"a short key", func(tx *bolt.Tx) error { return tx.Bucket(bucketJournal).Put([]byte{0, 0}, []byte("x")) }, "journal row"},
		{"the whole journal gone", func(tx *bolt.Tx) error {
			if err := tx.DeleteBucket(bucketJournal); err != nil {
				return err
			}
			_, err := tx.CreateBucket(bucketJournal)
			return err
		}, "charges"},
	})
}

// TestVerifyFindsAShortenedJournal takes records off the end: the chain is
// sound, and the rows know more than it says.
func TestVerifyFindsAShortenedJournal(t *testing.T) {
	t.Parallel()
	finds(t, []corruption{
		{"without its last record", shorten(1), "charges row"},
		{"without its last two", shorten(2), "charges row"},
		{"without half of it", shorten(11), "charges"},
	})
}

// TestVerifyFindsAForgedEnd appends records whose checksums and chain are right.
func TestVerifyFindsAForgedEnd(t *testing.T) {
	t.Parallel()
	finds(t, []corruption{
		{"an event that the rows do not know", forge(`"kind":"set","event":{"key":"z","value":"eA==","by":"x"}`), "settings row"},
		{"an event about no row", forge(`"kind":"released","event":{"n":99,"ref":"A"}`), "journal record"},
		{"postings that do not balance", forge(`"kind":"set","event":{"key":"a"},"postings":[{"account":"suspense","amount":1}]`), "journal record"},
		{"postings that the balances do not know", forge(`"kind":"set","event":{"key":"b","value":"dmFsdWU="},"postings":[{"account":"suspense","amount":1},{"account":"vat","amount":-1}]`), "balances row"},
		{"an unknown kind", forge(`"kind":"gift","event":{}`), "journal record"},
		{"a text that is no record", forge(`"kind":`), "journal record"},
	})
}

func alterFrame(seq uint64, alter func([]byte) []byte) func(*bolt.Tx) error {
	return func(tx *bolt.Tx) error {
		b := tx.Bucket(bucketJournal)
		return b.Put(numberKey(seq), alter(clone(b.Get(numberKey(seq)))))
	}
}

// resum gives a frame the checksum of its bytes.
func resum(f []byte) []byte {
	binary.BigEndian.PutUint32(f[frameCRC:], crc32.Checksum(f[frameHash:], castagnoli()))
	return f
}

func dropRecord(seq uint64) func(*bolt.Tx) error {
	return func(tx *bolt.Tx) error { return tx.Bucket(bucketJournal).Delete(numberKey(seq)) }
}

func shorten(records uint64) func(*bolt.Tx) error {
	return func(tx *bolt.Tx) error {
		h, err := readHead(tx)
		for i := uint64(0); err == nil && i < records; i++ {
			err = dropRecord(h.seq - i)(tx)
		}
		return err
	}
}

// forge appends a record's text, from its kind on, with a right frame.
func forge(text string) func(*bolt.Tx) error {
	return func(tx *bolt.Tx) error {
		h, err := readHead(tx)
		if err != nil {
			return err
		}
		record := fmt.Appendf(nil, `{"v":1,"seq":%d,"at":"2026-03-11T12:00:00+07:00",%s}`, h.seq+1, text)
		return tx.Bucket(bucketJournal).Put(numberKey(h.seq+1), frame(ledger.Chain(h.hash, record), record))
	}
}
