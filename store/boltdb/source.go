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
	// read last has made; nil when there is none.
	details(number uint64) []byte
}

// carried is a record with what belongs to it, as any ledger file has it.
type carried struct {
	record ledger.Record
	frame  []byte
	// details is the row of the charge's details where the record made one.
	details []byte
}

// fileSource reads the journal of a ledger file.
type fileSource struct {
	tx     *bolt.Tx
	cursor *bolt.Cursor
	begun  bool
}

func newFileSource(tx *bolt.Tx) *fileSource {
	return &fileSource{tx: tx, cursor: tx.Bucket(bucketJournal).Cursor()}
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

func (s *fileSource) details(number uint64) []byte {
	return s.tx.Bucket(bucketDetails).Get(numberKey(number))
}

// put writes a record, and the details that it made, byte for byte.
func (c carried) put(into *bolt.Tx) error {
	journal := into.Bucket(bucketJournal)
	journal.FillPercent = growingFill
	if err := journal.Put(numberKey(c.record.Seq), c.frame); err != nil {
		return fmt.Errorf("carry journal record %d over: %w", c.record.Seq, err)
	}
	charged, ok := c.record.Event.(ledger.Charged)
	if !ok {
		return nil
	}
	details := into.Bucket(bucketDetails)
	details.FillPercent = growingFill
	return details.Put(numberKey(charged.Number), c.details)
}
