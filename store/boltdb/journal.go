package boltdb

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"time"

	bolt "go.etcd.io/bbolt"

	"paypoint/ledger"
)

// A journal frame is rowVersion, CRC-32C of the rest, the chain's hash, and
// the record's canonical text.
const (
	frameCRC  = 1
	frameHash = frameCRC + 4
	frameText = frameHash + len(ledger.Hash{})
)

// growingFill packs the pages of buckets that only ever grow at their end. The
// charges are not among them: their transactions will come between.
const growingFill = 0.95

// errFrame reports a journal frame whose bytes are not what was written.
var errFrame = errors.New("journal record is damaged")

// head is the last link of the journal's chain.
type head struct {
	seq  uint64
	hash ledger.Hash
}

// follow checks the frame of the record that comes next, and goes on to it. The
// text belongs to who has the frame.
func (h *head) follow(seq uint64, frame []byte) (text []byte, err error) {
	hash, text, err := unframe(frame)
	switch {
	case err != nil:
		return nil, err
	case seq != h.seq+1:
		return nil, fmt.Errorf("%w: it is number %d, and follows record %d", errFrame, seq, h.seq)
	case hash != ledger.Chain(h.hash, text):
		return nil, fmt.Errorf("%w: its hash does not follow from the record before", errFrame)
	}
	*h = head{seq: seq, hash: hash}
	return text, nil
}

// appender writes records behind the head within one transaction.
type appender struct {
	bucket *bolt.Bucket
	head   head
	// oldest is when the first record was decided.
	oldest time.Time
}

func newAppender(tx *bolt.Tx, h head) *appender {
	bucket := tx.Bucket(bucketJournal)
	bucket.FillPercent = growingFill
	return &appender{bucket: bucket, head: h}
}

func (a *appender) append(record ledger.Record) (ledger.Record, error) {
	record.Seq = a.head.seq + 1
	text, err := ledger.MarshalRecord(record)
	if err != nil {
		return ledger.Record{}, err
	}
	hash := ledger.Chain(a.head.hash, text)
	if err := a.bucket.Put(numberKey(record.Seq), frame(hash, text)); err != nil {
		return ledger.Record{}, fmt.Errorf("append journal record %d: %w", record.Seq, err)
	}
	a.head = head{seq: record.Seq, hash: hash}
	if a.oldest.IsZero() {
		a.oldest = record.At
	}
	return record, nil
}

func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

func frame(hash ledger.Hash, text []byte) []byte {
	f := make([]byte, frameText, frameText+len(text))
	f[0] = rowVersion
	copy(f[frameHash:], hash[:])
	f = append(f, text...)
	binary.BigEndian.PutUint32(f[frameCRC:], crc32.Checksum(f[frameHash:], castagnoli()))
	return f
}

// unframe checks a frame and returns its parts. The text belongs to the
// transaction.
func unframe(f []byte) (ledger.Hash, []byte, error) {
	if len(f) < frameText || f[0] != rowVersion {
		return ledger.Hash{}, nil, errFrame
	}
	if binary.BigEndian.Uint32(f[frameCRC:]) != crc32.Checksum(f[frameHash:], castagnoli()) {
		return ledger.Hash{}, nil, fmt.Errorf("%w: its checksum is wrong", errFrame)
	}
	return ledger.Hash(f[frameHash:frameText]), f[frameText:], nil
}

// readHead finds the journal's last record.
func readHead(tx *bolt.Tx) (head, error) {
	key, value := tx.Bucket(bucketJournal).Cursor().Last()
	if key == nil {
		return head{}, nil
	}
	seq, err := parseNumber(key)
	if err != nil {
		return head{}, fmt.Errorf("read journal record %x: %w", key, err)
	}
	hash, _, err := unframe(value)
	if err != nil {
		return head{}, fmt.Errorf("read journal record %d: %w", seq, err)
	}
	return head{seq: seq, hash: hash}, nil
}

// readRecord decodes a frame into memory of its own.
func readRecord(key, value []byte) (ledger.Record, error) {
	_, text, err := unframe(value)
	if err != nil {
		return ledger.Record{}, fmt.Errorf("read journal record %x: %w", key, err)
	}
	return ledger.UnmarshalRecord(text)
}
