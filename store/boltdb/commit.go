package boltdb

import (
	"errors"
	"fmt"
	"time"

	"paypoint/ledger"
)

// commitAll is the one goroutine that writes. It takes what has queued while
// it was busy and commits that together: nobody waits for company.
func (s *Store) commitAll() {
	defer close(s.stopped)
	for {
		group := s.queue.take(maxGroup)
		if len(group) == 0 {
			return
		}
		if s.Err() != nil {
			// After a failure nothing is known and nothing is answered.
			refuse(group, fmt.Errorf("%w: the ledger has stopped", ledger.ErrOutcomeUnknown))
		} else {
			s.commit(group)
		}
		s.queue.finish(group)
	}
}

// commit decides a group in one transaction and waits for the disk. Each
// operation's err is its outcome.
func (s *Store) commit(group []*operation) {
	begun := time.Now()
	tx, err := s.db.Begin(true)
	if err != nil {
		refuse(group, fmt.Errorf("%w: %w", ledger.ErrNotCommitted, err))
		return
	}
	rows := newRows(tx, s.codes)
	journal := newAppender(tx, s.head)
	changes := 0
	for _, op := range group {
		change, err := decide(rows, op)
		if err == nil && !change.Empty() {
			changes++
			err = ledger.Write(rows, change, journal.append)
			if err != nil {
				// The rows are half written: nothing of the group may stay.
				refuse(group, fmt.Errorf("%w: %w", ledger.ErrNotCommitted, errors.Join(err, tx.Rollback())))
				return
			}
		}
		op.err = err
	}
	if changes == 0 {
		// What decide was shown is durable: earlier commits are over.
		if err := tx.Rollback(); err != nil {
			refuse(group, fmt.Errorf("%w: %w", ledger.ErrNotCommitted, err))
		}
		return
	}
	if err := rows.flush(); err != nil {
		refuse(group, fmt.Errorf("%w: %w", ledger.ErrNotCommitted, errors.Join(err, tx.Rollback())))
		return
	}
	if err := tx.Commit(); err != nil {
		// bbolt can fail here with the commit on the disk all the same.
		s.fail(fmt.Errorf("commit of %d changes: %w", changes, err))
		refuse(group, fmt.Errorf("%w: %w", ledger.ErrOutcomeUnknown, err))
		return
	}
	s.head = journal.head
	if s.options.Committed != nil {
		s.options.Committed(changes, time.Since(begun))
	}
}

func decide(rows *rows, op *operation) (ledger.Change, error) {
	state, err := ledger.Load(rows, op.keys)
	if err != nil {
		return ledger.Change{}, err
	}
	return op.decide(state)
}

// refuse gives every operation of a group the same outcome.
func refuse(group []*operation, err error) {
	for _, op := range group {
		op.err = err
	}
}
