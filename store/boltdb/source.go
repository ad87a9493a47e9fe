package boltdb

import (
	"fmt"

	bolt "go.etcd.io/bbolt"

	"paypoint/ledger"
)

// source gives a journal's records in their order.
type source interface {
	// next is the next record's key and frame; no key at the end.
	next() (key, frame []byte, err error)
	// details is the row of the details of a charge, which the record that was
	// read last has made; nil when there is none. erased says that there must be none.
	details(number uint64) (row []byte, erased bool)
}

// carried is a record with what belongs to it, as any ledger file has it.
type carried struct {
	record ledger.Record
	frame  []byte
	// details is the row of the charge's details where the record made one, and it is
	// not erased since.
	details []byte
}

// fileSource reads the journal of a ledger file.
type fileSource struct {
	tx     *bolt.Tx
	cursor *bolt.Cursor
	begun  bool
	// erased is the last charge whose details are erased. Whoever replays the journal
	// holds it against the one that the records give.
	erased uint64
}

func newFileSource(tx *bolt.Tx) (*fileSource, error) {
	erased, err := erasedThrough(tx)
	if err != nil {
		return nil, &Difference{place(bucketSettings, []byte(ledger.SettingDetailsErased)), err.Error()}
	}
	return &fileSource{tx: tx, cursor: tx.Bucket(bucketJournal).Cursor(), erased: erased}, nil
}

// erasedThrough is the number of the last charge whose details a ledger file says
// are erased.
func erasedThrough(tx *bolt.Tx) (uint64, error) {
	return ledger.ErasedThrough(tx.Bucket(bucketSettings).Get([]byte(ledger.SettingDetailsErased)))
}

func (s *fileSource) next() (key, frame []byte, err error) {
	if s.begun {
		key, frame = s.cursor.Next()
	} else {
		key, frame = s.cursor.First()
	}
	s.begun = true
	if key == nil {
		return nil, nil, nil
	}
	// Readers look records up by their numbers.
	return key, frame, findable(bucketJournal, s.tx.Bucket(bucketJournal), key)
}

func (s *fileSource) details(number uint64) (row []byte, erased bool) {
	return s.tx.Bucket(bucketDetails).Get(numberKey(number)), number <= s.erased
}

// put writes a record, and the details that it made, byte for byte.
func (c carried) put(into *bolt.Tx) error {
	journal := into.Bucket(bucketJournal)
	journal.FillPercent = growingFill
	if err := journal.Put(numberKey(c.record.Seq), c.frame); err != nil {
		return fmt.Errorf("carry journal record %d over: %w", c.record.Seq, err)
	}
	charged, ok := c.record.Event.(ledger.Charged)
	if !ok || c.details == nil {
		return nil
	}
	details := into.Bucket(bucketDetails)
	details.FillPercent = growingFill
	return details.Put(numberKey(charged.Number), c.details)
}
