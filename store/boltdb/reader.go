package boltdb

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	bolt "go.etcd.io/bbolt"

	"paypoint/ledger"
)

// view reads the ledger as it is on the disk. bbolt shows a commit to readers
// when its pages are written, just before they are durable; a merchant who is
// told of a payment then would know of one that a loss of power takes away. So
// a reader takes its view between two commits, and then reads on beside them.
func (s *Store) view(read func(*bolt.Tx) error) (err error) {
	tx, err := s.beginView()
	if err != nil {
		return fmt.Errorf("read the ledger: %w", err)
	}
	// Deferred, because a damaged page can make read panic: Close would wait for
	// ever for a transaction that is left open.
	defer func() { err = errors.Join(err, tx.Rollback()) }()
	return read(tx)
}

func (s *Store) beginView() (*bolt.Tx, error) {
	s.durable.RLock()
	defer s.durable.RUnlock()
	if err := s.Err(); err != nil {
		return nil, err
	}
	return s.db.Begin(false)
}

// Load is ledger.Reader's.
func (s *Store) Load(_ context.Context, keys ledger.Keys) (ledger.State, error) {
	var state ledger.State
	err := s.view(func(tx *bolt.Tx) error {
		var err error
		state, err = ledger.Load(newRows(tx, s.codes), keys)
		return err
	})
	return state, err
}

// Find is ledger.Reader's.
func (s *Store) Find(_ context.Context, merchant, handle string) (uint64, error) {
	var number uint64
	err := s.view(func(tx *bolt.Tx) error {
		var err error
		number, err = ledger.Find(newRows(tx, s.codes), merchant, handle)
		return err
	})
	return number, err
}

// Records is ledger.Reader's.
func (s *Store) Records(_ context.Context, after uint64, limit int) ([]ledger.Record, error) {
	var records []ledger.Record
	err := s.view(func(tx *bolt.Tx) error {
		cursor := tx.Bucket(bucketJournal).Cursor()
		for key, value := cursor.Seek(numberKey(after + 1)); key != nil && len(records) < limit; key, value = cursor.Next() {
			record, err := readRecord(key, value)
			if err != nil {
				return err
			}
			records = append(records, record)
		}
		return nil
	})
	return records, err
}

// Head is ledger.Reader's.
func (s *Store) Head(context.Context) (seq uint64, err error) {
	err = s.view(func(tx *bolt.Tx) error {
		last, err := readHead(tx)
		seq = last.seq
		return err
	})
	return seq, err
}

// Lines is ledger.Reader's. It reads along the journal between the batch's
// first and last payment, so that a batch needs no list of its own.
func (s *Store) Lines(_ context.Context, day ledger.Day, after uint64, limit int) ([]ledger.Line, error) {
	var lines []ledger.Line
	err := s.view(func(tx *bolt.Tx) error {
		rows := newRows(tx, s.codes)
		batch, err := rows.Batch(day)
		if err != nil || batch.First == 0 {
			return err
		}
		cursor := tx.Bucket(bucketJournal).Cursor()
		key, value := cursor.Seek(numberKey(max(after+1, batch.First)))
		last := numberKey(batch.Last)
		for ; key != nil && bytes.Compare(key, last) <= 0 && len(lines) < limit; key, value = cursor.Next() {
			line, ok, err := readLine(rows, day, key, value)
			if err != nil {
				return err
			}
			if ok {
				lines = append(lines, line)
			}
		}
		return nil
	})
	return lines, err
}

// readLine makes a line of a journal record if it is one of the day. Records of
// other kinds are passed over without decoding them.
func readLine(rows *rows, day ledger.Day, key, value []byte) (ledger.Line, bool, error) {
	// A damaged record could be a payment: no file may be made without it.
	_, text, err := unframe(value)
	if err != nil {
		return ledger.Line{}, false, fmt.Errorf("read journal record %x: %w", key, err)
	}
	if kind := ledger.KindOf(text); kind != ledger.KindPaid && kind != ledger.KindAdjusted {
		return ledger.Line{}, false, nil
	}
	record, err := ledger.UnmarshalRecord(text)
	if err != nil {
		return ledger.Line{}, false, err
	}
	line, ok := ledger.LineOf(record, nil, nil)
	if !ok || line.Day != day {
		return ledger.Line{}, false, nil
	}
	tx, err := rows.Transaction(line.Code, line.Ref)
	if err != nil {
		return ledger.Line{}, false, err
	}
	charge, err := rows.Charge(line.Number)
	if err != nil {
		return ledger.Line{}, false, err
	}
	line, ok = ledger.LineOf(record, tx, charge)
	return line, ok, nil
}

// Batches is ledger.Reader's.
func (s *Store) Batches(_ context.Context, from ledger.Day, limit int) ([]ledger.Batch, error) {
	var batches []ledger.Batch
	err := s.view(func(tx *bolt.Tx) error {
		cursor := tx.Bucket(bucketBatches).Cursor()
		for key, value := cursor.Seek([]byte(from)); key != nil && len(batches) < limit; key, value = cursor.Next() {
			row, err := decode[batchRow](value)
			if err != nil {
				return fmt.Errorf("batch %s: %w", key, err)
			}
			batches = append(batches, row.batch(ledger.Day(key)))
		}
		return nil
	})
	return batches, err
}

// Settings is ledger.Reader's.
func (s *Store) Settings(_ context.Context, prefix string) (map[string][]byte, error) {
	settings := map[string][]byte{}
	err := s.view(func(tx *bolt.Tx) error {
		cursor := tx.Bucket(bucketSettings).Cursor()
		for key, value := cursor.Seek([]byte(prefix)); strings.HasPrefix(string(key), prefix) && key != nil; key, value = cursor.Next() {
			settings[string(key)] = append([]byte(nil), value...)
		}
		return nil
	})
	return settings, err
}

// Due is ledger.Reader's.
func (s *Store) Due(_ context.Context, until time.Time, limit int) ([]ledger.Due, error) {
	var due []ledger.Due
	err := s.view(func(tx *bolt.Tx) error {
		cursor := tx.Bucket(bucketDue).Cursor()
		for key, _ := cursor.First(); key != nil && len(due) < limit; key, _ = cursor.Next() {
			d, err := parseDueKey(key)
			if err != nil || d.At.After(until) {
				return err
			}
			due = append(due, d)
		}
		return nil
	})
	return due, err
}

// Outbox is ledger.Reader's.
func (s *Store) Outbox(_ context.Context, after uint64, limit int) ([]ledger.Notice, error) {
	var notices []ledger.Notice
	err := s.view(func(tx *bolt.Tx) error {
		cursor := tx.Bucket(bucketOutbox).Cursor()
		for key, value := cursor.Seek(numberKey(after + 1)); key != nil && len(notices) < limit; key, value = cursor.Next() {
			seq, err := parseNumber(key)
			if err != nil {
				return fmt.Errorf("%s row %x: %w", bucketOutbox, key, err)
			}
			row, err := decode[noticeRow](value)
			if err != nil {
				return fmt.Errorf("%s row %x: %w", bucketOutbox, key, err)
			}
			notices = append(notices, row.notice(seq))
		}
		return nil
	})
	return notices, err
}

// Notice is ledger.Reader's.
func (s *Store) Notice(_ context.Context, seq uint64) (*ledger.Notice, error) {
	var notice *ledger.Notice
	err := s.view(func(tx *bolt.Tx) error {
		var err error
		notice, err = newRows(tx, s.codes).Notice(seq)
		return err
	})
	return notice, err
}

// Documents is ledger.Reader's.
func (s *Store) Documents(_ context.Context, prefix, after string, limit int) ([]ledger.Document, error) {
	var documents []ledger.Document
	err := s.view(func(tx *bolt.Tx) error {
		cursor := tx.Bucket(bucketDocuments).Cursor()
		key, value := cursor.Seek([]byte(max(prefix, after)))
		if string(key) == after {
			key, value = cursor.Next()
		}
		for ; key != nil && strings.HasPrefix(string(key), prefix) && len(documents) < limit; key, value = cursor.Next() {
			documents = append(documents, ledger.Document{Key: string(key), Value: bytes.Clone(value)})
		}
		return nil
	})
	return documents, err
}

// Balances is ledger.Reader's. An account's days lie side by side.
func (s *Store) Balances(_ context.Context, through ledger.Day) ([]ledger.Balance, error) {
	var balances []ledger.Balance
	err := s.view(func(tx *bolt.Tx) error {
		return tx.Bucket(bucketBalances).ForEach(func(key, value []byte) error {
			at, amount, err := parseBalance(key, value)
			if err != nil || through != "" && at.day > through {
				return err
			}
			if last := len(balances) - 1; last >= 0 && balances[last].Account == at.account {
				balances[last].Amount += amount
			} else {
				balances = append(balances, ledger.Balance{Account: at.account, Amount: amount})
			}
			return nil
		})
	})
	return balances, err
}
