package boltdb

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"slices"

	bolt "go.etcd.io/bbolt"

	"paypoint/ledger"
)

// indexedLine is a settlement line with all that it is listed by.
type indexedLine struct {
	merchant string
	day      ledger.Day
	seq      uint64
}

func (l indexedLine) key() []byte {
	return binary.BigEndian.AppendUint64(linesPrefix(l.merchant, l.day), l.seq)
}

// linesPrefix begins the keys of a merchant's lines of a day.
func linesPrefix(merchant string, day ledger.Day) []byte {
	return append(pairKey(merchant, string(day)), 0)
}

// Booked is ledger.Reader's.
func (s *Store) Booked(ctx context.Context, merchant string, day ledger.Day, after uint64, limit int) ([]ledger.Line, error) {
	q := booking{merchant, day, after}
	var seqs []uint64
	var lines []ledger.Line
	err := s.index.ask(ctx,
		func(tx *bolt.Tx, tail entries) { seqs = q.list(tx, tail.lines, limit) },
		func() (err error) {
			lines, err = s.bookedLines(q, seqs)
			return err
		},
	)
	if err != nil {
		return nil, fmt.Errorf("lines of %s on %s: %w", merchant, day, err)
	}
	return lines, nil
}

// booking asks for a merchant's lines of a day that follow a journal number.
type booking struct {
	merchant string
	day      ledger.Day
	after    uint64
}

// list is a page of what the file and the tail have.
func (q booking) list(tx *bolt.Tx, tail []indexedLine, limit int) []uint64 {
	prefix := linesPrefix(q.merchant, q.day)
	seqs := []uint64{}
	cursor := tx.Bucket(bucketMerchantLines).Cursor()
	key, _ := cursor.Seek(binary.BigEndian.AppendUint64(bytes.Clone(prefix), q.after+1))
	for ; bytes.HasPrefix(key, prefix) && len(seqs) < limit; key, _ = cursor.Next() {
		if rest := key[len(prefix):]; len(rest) == 8 {
			seqs = append(seqs, binary.BigEndian.Uint64(rest))
		}
	}
	for _, l := range tail {
		if l.merchant == q.merchant && l.day == q.day && l.seq > q.after {
			seqs = append(seqs, l.seq)
		}
	}
	slices.Sort(seqs)
	// While the tail is written, it is in the file too.
	seqs = slices.Compact(seqs)
	return seqs[:min(limit, len(seqs))]
}

// bookedLines reads lines from the journal.
func (s *Store) bookedLines(q booking, seqs []uint64) ([]ledger.Line, error) {
	lines := make([]ledger.Line, 0, len(seqs))
	err := s.view(func(tx *bolt.Tx) error {
		rows := newRows(tx, s.codes)
		for _, seq := range seqs {
			key := numberKey(seq)
			value := tx.Bucket(bucketJournal).Get(key)
			if value == nil {
				return fmt.Errorf("%w: it lists journal record %d, which is missing", errIndexFile, seq)
			}
			line, ok, err := readLine(rows, q.day, key, value)
			if err != nil {
				return err
			}
			if !ok || line.Merchant != q.merchant {
				return fmt.Errorf("%w: it lists journal record %d, which is none of them", errIndexFile, seq)
			}
			lines = append(lines, line)
		}
		return nil
	})
	return lines, err
}
