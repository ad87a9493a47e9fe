package boltdb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	bolt "go.etcd.io/bbolt"

	"paypoint/durable"
	"paypoint/ledger"
)

// Options tune a store. The zero value is fit for production.
type Options struct {
	// MaxPayments and MaxReversals bound the queue; beyond them payments are
	// refused as busy and reversals get no answer. 0 means DefaultMaxPayments
	// and DefaultMaxReversals.
	MaxPayments, MaxReversals int
	// CodeLength is the length of a new ledger's payment codes; 0 means
	// ledger.DefaultCodeLength. An existing ledger keeps its own.
	CodeLength int
	// LockTimeout is how long to wait for another process to let go of the
	// file; 0 means one second.
	LockTimeout time.Duration
	// Committed is told of every commit: how many changes it carried and how
	// long it took. It must not block. Nil tells nobody.
	Committed func(changes int, took time.Duration)
	// Upgrading is told how far the upgrade of a file of an older layout has
	// come, in journal records. Nil tells nobody.
	Upgrading Progress
	// Ship says where a copy of the journal goes, if anywhere.
	Ship Shipping
}

// The queue's bounds, unless the options say otherwise.
const (
	DefaultMaxPayments  = 4096
	DefaultMaxReversals = 1024
	// maxGroup bounds a commit, so that its callers do not wait for a crowd.
	maxGroup = 1024
)

// Store is a ledger in a bbolt file.
type Store struct {
	db      *bolt.DB
	codes   *ledger.Codes
	options Options
	queue   *queue
	index   *journalIndex
	// ship is nil where the journal is not shipped.
	ship *shipping
	// old is the file from which this one was upgraded, kept locked; or nil.
	old *bolt.DB
	// file is the file that is open, to notice when another is put in its place, and
	// pages reads it.
	file  os.FileInfo
	pages io.ReaderAt
	// broken says that a commit ended in a panic of the engine, which left its
	// transaction open. Only the committer writes it, before it fails.
	broken bool
	// head is the journal's end; only the committer uses it. end is its number, for
	// whoever must not wait for the committer.
	head head
	end  atomic.Uint64
	// durable is held while a commit is on its way to the disk.
	durable sync.RWMutex
	// stopped is closed when the committer has ended.
	stopped chan struct{}

	failOnce sync.Once
	failed   chan struct{}
	failure  error
}

// Open opens the ledger file at path, or makes one where there is none. A file
// of an older layout is upgraded, which takes some time; it stays as it was,
// under its name with ".schema" and the layout's number added.
// Errors: ErrLocked, ErrTruncated, ErrNewer, ErrForeign, a *Difference that
// forbids an upgrade; ErrWentBack; ErrUnfinishedRestore; ErrShippedAhead,
// ErrShippedOther, ErrShippedLocked and ErrShippedDamaged of the folder in
// Options.Ship; and the system's.
func Open(path string, options Options) (*Store, error) {
	if options.LockTimeout == 0 {
		options.LockTimeout = time.Second
	}
	_, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err = checkRestore(path); err == nil {
			err = create(path, options.CodeLength, time.Now())
		}
	}
	if err != nil {
		return nil, err
	}
	file, old, err := openCurrent(path, bolt.Options{
		Timeout: options.LockTimeout, FreelistType: bolt.FreelistMapType, InitialMmapSize: mapFor(path),
	}, options.Upgrading)
	if err != nil {
		return nil, err
	}
	s, err := newStore(file, options)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open ledger %s: %w", path, err), file.db.Close(), closeOld(old))
	}
	s.old = old
	go s.commitAll()
	s.index.start(s.head.seq)
	s.ship.start(s.head.seq)
	return s, nil
}

func closeOld(old *bolt.DB) error {
	if old == nil {
		return nil
	}
	return old.Close()
}

func newStore(file openedFile, options Options) (*Store, error) {
	// What a killed process wrote last, in the file and its folder, may be in the
	// system's memory only, and the answers to come rest on it.
	if err := errors.Join(file.db.Sync(), durable.SyncFolder(filepath.Dir(file.db.Path()))); err != nil {
		return nil, err
	}
	codes, err := ledger.NewCodes(file.meta.CodeKey, file.meta.CodeLength)
	if err != nil {
		return nil, err
	}
	if options.CodeLength != 0 && options.CodeLength != file.meta.CodeLength {
		return nil, fmt.Errorf("its codes have %d digits, the configuration wants %d", file.meta.CodeLength, options.CodeLength)
	}
	s := &Store{
		db: file.db, codes: codes, options: options, queue: newStoreQueue(options), file: file.info, pages: file.pages,
		stopped: make(chan struct{}), failed: make(chan struct{}),
	}
	s.index = newJournalIndex(indexPath(file.db.Path()), s.view)
	err = guard(func() error {
		err := s.db.View(func(tx *bolt.Tx) (err error) {
			if err = leadsToLeaf(file.pages, tx, bucketJournal); err != nil {
				return err
			}
			if s.head, err = readHead(tx); err == nil {
				s.end.Store(s.head.seq)
				err = checkIndex(indexPath(file.db.Path()), tx, s.head)
			}
			return err
		})
		if err == nil {
			s.ship, err = newShipping(s, options.Ship, file.meta)
		}
		return err
	})
	return s, err
}

func newStoreQueue(options Options) *queue {
	payments, reversals := options.MaxPayments, options.MaxReversals
	if payments == 0 {
		payments = DefaultMaxPayments
	}
	if reversals == 0 {
		reversals = DefaultMaxReversals
	}
	return newQueue(map[ledger.Lane]int{
		ledger.LaneWork: payments, ledger.LanePayment: payments, ledger.LaneReversal: reversals,
	})
}

// Apply is ledger.Store's.
func (s *Store) Apply(ctx context.Context, keys ledger.Keys, decide func(ledger.State) (ledger.Change, error)) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%w: %w", ledger.ErrNotCommitted, err)
	}
	op := &operation{keys: keys, decide: decide, lane: keys.Lane, done: make(chan error, 1)}
	if err := s.enqueue(op); err != nil {
		return err
	}
	select {
	case err := <-op.done:
		return err
	case <-ctx.Done():
		return fmt.Errorf("%w: %w", ledger.ErrOutcomeUnknown, ctx.Err())
	}
}

// enqueue finds a place for an operation. A full lane refuses a payment only
// if its code and TrackingRef are new; one that is known gets a place among
// the reversals, so that it is answered from its history.
func (s *Store) enqueue(op *operation) error {
	err := s.queue.push(op)
	if errors.Is(err, errFull) && op.lane == ledger.LanePayment {
		known, lookupErr := s.knows(op.keys)
		switch {
		case lookupErr != nil:
			return fmt.Errorf("%w: %w", ledger.ErrOutcomeUnknown, lookupErr)
		case !known:
			return fmt.Errorf("%w: %w", ledger.ErrBusy, err)
		}
		op.lane = ledger.LaneReversal
		err = s.queue.push(op)
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errFull) && op.lane == ledger.LaneWork:
		return fmt.Errorf("%w: %w", ledger.ErrBusy, err)
	default:
		return fmt.Errorf("%w: %w", ledger.ErrOutcomeUnknown, err)
	}
}

// knows says whether a payment has a history, in the queue or in the ledger,
// be it under another code of the same store.
// The queue is asked first: what leaves it is in the ledger by then.
func (s *Store) knows(keys ledger.Keys) (bool, error) {
	if s.queue.holds(keys.Ref) {
		return true, nil
	}
	var tx *ledger.Transaction
	var use *ledger.RefUse
	err := s.view(func(btx *bolt.Tx) error {
		rows := newRows(btx, s.codes)
		var txErr, useErr error
		tx, txErr = rows.Transaction(keys.Code, keys.Ref)
		use, _, useErr = rows.RefUse(keys.Ref, keys.Store)
		return errors.Join(txErr, useErr)
	})
	// After a failed commit the file does not tell what is durable in it.
	return tx != nil || use != nil, errors.Join(err, s.Err())
}

// Waiting is how many operations wait in a lane or are being committed.
func (s *Store) Waiting(lane ledger.Lane) int { return s.queue.length(lane) }

// Failed is ledger.Store's.
func (s *Store) Failed() <-chan struct{} { return s.failed }

// Err is ledger.Store's.
func (s *Store) Err() error {
	select {
	case <-s.failed:
		return s.failure
	default:
		return nil
	}
}

func (s *Store) fail(err error) {
	s.failOnce.Do(func() {
		s.failure = err
		close(s.failed)
	})
}

// Close is ledger.Store's.
func (s *Store) Close() error {
	s.queue.close()
	if err := s.ship.awaits(s.stopped); err != nil {
		// The committer has the lock that readers wait for, the index too.
		return fmt.Errorf("close ledger: %w", err)
	}
	s.index.close()
	shipErr := s.ship.close()
	if s.broken {
		return nil // it would wait for the open transaction; the process ends
	}
	if err := errors.Join(shipErr, s.db.Close(), closeOld(s.old)); err != nil {
		return fmt.Errorf("close ledger: %w", err)
	}
	return nil
}

// Snapshot writes a consistent copy of the ledger to a new file at path while
// the store goes on. Close ends it, like a Backup; there is no file then.
// Errors: fs.ErrExist, the store's and the system's.
func (s *Store) Snapshot(path string) error {
	if err := s.snapshot(path); err != nil {
		return fmt.Errorf("copy ledger to %s: %w", path, err)
	}
	return nil
}

func (s *Store) snapshot(path string) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) // #nosec G304 -- a new file, the caller's
	if err != nil {
		return err
	}
	err = s.view(func(tx *bolt.Tx) error { return copyFile(tx, file, s.stopped) })
	if err = errors.Join(err, file.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}
