package boltdb

import (
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"

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

// commit gives every operation of a group its outcome. One whose change can't
// be written is left out and the others are decided anew, for its fault is none
// of theirs.
func (s *Store) commit(group []*operation) {
	all := group
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		// bbolt panics on damaged pages. What of the group is on the disk by then,
		// if anything, only a new process can tell.
		if fault := recover(); fault != nil {
			s.broken = true
			s.fail(fmt.Errorf("commit: the ledger's pages are damaged: %v", fault))
			refuse(all, fmt.Errorf("%w: %v", ledger.ErrOutcomeUnknown, fault))
		}
	}()
	for len(group) > 0 {
		faulty := s.commitTogether(group)
		if faulty == nil {
			return
		}
		group = slices.DeleteFunc(slices.Clone(group), func(op *operation) bool { return op == faulty })
	}
}

// commitTogether decides a group in one transaction and waits for the disk. It
// returns the operation whose change can't be written; nothing is written then.
func (s *Store) commitTogether(group []*operation) (faulty *operation) {
	begun := time.Now()
	tx, err := s.db.Begin(true)
	if err != nil {
		refuse(group, fmt.Errorf("%w: %w", ledger.ErrNotCommitted, err))
		return nil
	}
	rows := newRows(tx, s.codes)
	journal := newAppender(tx, s.head)
	changes := 0
	for _, op := range group {
		var change ledger.Change
		change, op.err = decide(rows, op)
		if op.err != nil || change.Empty() {
			continue
		}
		changes++
		if err := ledger.Write(rows, change, journal.append); err != nil {
			// The rows are half written: nothing of this transaction may stay.
			op.err = fmt.Errorf("%w: %w", ledger.ErrNotCommitted, errors.Join(err, tx.Rollback()))
			return op
		}
	}
	if changes == 0 {
		// What decide was shown is durable: earlier commits are over.
		if err := tx.Rollback(); err != nil {
			refuse(group, fmt.Errorf("%w: %w", ledger.ErrNotCommitted, err))
		}
		return nil
	}
	if err := rows.flush(); err != nil {
		refuse(group, fmt.Errorf("%w: %w", ledger.ErrNotCommitted, errors.Join(err, tx.Rollback())))
		return nil
	}
	if err := s.commitToDisk(tx, journal); err != nil {
		refuse(group, fmt.Errorf("%w: %w", ledger.ErrOutcomeUnknown, err))
		return nil
	}
	s.head = journal.head
	s.end.Store(s.head.seq)
	s.index.grown(s.head.seq)
	s.ship.grown(s.head.seq)
	if s.options.Committed != nil {
		s.options.Committed(changes, time.Since(begun))
	}
	return nil
}

// commitToDisk lets no reader begin until the commit is durable, or has failed:
// bbolt can report an error with the commit on the disk all the same. Where
// answers wait for the shipped journal too, so do readers.
func (s *Store) commitToDisk(tx *bolt.Tx, journal *appender) error {
	s.durable.Lock()
	defer s.durable.Unlock()
	if err := s.checkPlace(); err != nil {
		s.fail(err)
		return errors.Join(err, tx.Rollback())
	}
	if err := tx.Commit(); err != nil {
		s.fail(fmt.Errorf("commit: %w", err))
		return err
	}
	err := s.checkCommitted(journal.head)
	if err == nil {
		err = s.ship.committed(journal.head, journal.oldest)
	}
	if err != nil {
		s.fail(err)
	}
	return err
}

// checkCommitted makes sure that the file has what was committed. A disk that did
// not write the page that names the commit has still said so: readers, and the
// next start, would find the ledger as it was before.
func (s *Store) checkCommitted(last head) error {
	var there head
	err := s.db.View(func(tx *bolt.Tx) (err error) {
		if err = leadsToLeaf(s.pages, tx, bucketJournal); err == nil {
			there, err = readHead(tx)
		}
		return err
	})
	if err == nil && there != last {
		err = fmt.Errorf("the file ends with record %d, and %d was committed: the disk has not written what it said", there.seq, last.seq)
	}
	if err != nil {
		return fmt.Errorf("read what was committed: %w", err)
	}
	return nil
}

// checkPlace makes sure that the open file is the one that a next start will
// read: one that was moved or removed keeps taking commits that nobody finds.
func (s *Store) checkPlace() error { return samePlace("ledger", s.db.Path(), s.file) }

// samePlace makes sure that a file still lies under its name.
func samePlace(what, path string, file os.FileInfo) error {
	there, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("the %s file is gone: %w", what, err)
	}
	if !os.SameFile(file, there) {
		return fmt.Errorf("another file was put in the place of the %s %s", what, path)
	}
	return nil
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
