package audit

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"

	"paypoint/ledger"
)

const (
	// maxGroup is how many entries one commit writes, maxQueue how many may wait.
	maxGroup = 256
	maxQueue = 1024
)

var (
	// ErrClosed: the log is closed.
	ErrClosed = errors.New("the audit log is closed")
	// ErrUnusable: nothing can be read or recorded before the program starts again, on
	// a file that can be used.
	ErrUnusable = errors.New("the audit log can't be used")
	// ErrDamaged: the file can't be read as what it is. It is an ErrUnusable.
	ErrDamaged = fmt.Errorf("%w: its file is damaged", ErrUnusable)
)

// Log is the audit log's file. It may be used by many at once.
type Log struct {
	// db is nil where the file could not be opened, and unusable says why then; file
	// is what was opened.
	db       *bbolt.DB
	file     os.FileInfo
	unusable error
	now      func() time.Time

	// queue is written to by Record under the reading lock, and closed under the
	// writing one.
	mutex  sync.RWMutex
	closed bool
	queue  chan waiting
	ended  chan struct{}
	// broken says that the file was found damaged while it was open, failed that the
	// last write has failed.
	broken, failed atomic.Bool
}

// waiting is an entry that is to be written, and who waits for it.
type waiting struct {
	entry Entry
	done  chan error
}

// guarded runs what reads pages that may be damaged: bbolt panics on one that is
// none, or follows it to where nothing is mapped, which would end the process.
func guarded(work func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if problem := recover(); problem != nil {
			err = fmt.Errorf("%w: %v", ErrDamaged, problem)
		}
	}()
	return work()
}

// fault is why the file is not touched, or not any more; nil as a rule.
func (l *Log) fault() error {
	if l.broken.Load() {
		return ErrDamaged
	}
	return l.unusable
}

// within works in a transaction that do begins: the file's View or Update. Where
// bbolt panics as it begins one, or as it writes, it may leave a lock held, for which
// all would wait: then the file is not touched again.
func (l *Log) within(do func(func(*bbolt.Tx) error) error, writes bool, work func(*bbolt.Tx) error) error {
	if err := l.fault(); err != nil {
		return err
	}
	begun, ended := false, false
	err := guarded(func() error {
		err := do(func(tx *bbolt.Tx) error {
			begun = true
			return work(tx)
		})
		ended = true
		return err
	})
	if !ended && (writes || !begun) {
		l.broken.Store(true)
	}
	return err
}

// Close writes what waits and closes the file; one that can't be used is let be. The disk's errors.
func (l *Log) Close() error {
	l.mutex.Lock()
	if l.closed {
		l.mutex.Unlock()
		return nil
	}
	l.closed = true
	close(l.queue)
	l.mutex.Unlock()
	<-l.ended
	if l.fault() != nil {
		return nil
	}
	return l.db.Close()
}

// Record writes an entry under the next number and the time of now, and returns
// when it is on the disk. Once it waits to be written, nothing takes it back: a
// caller's hang-up does not stop it. Errors: ErrUnusable, ErrClosed, the context's while the
// queue is full, and the disk's; then the entry may be there or not.
func (l *Log) Record(ctx context.Context, e Entry) error {
	if err := l.fault(); err != nil {
		return fmt.Errorf("record %s: %w", e.Act, err)
	}
	w := waiting{entry: e.bounded(), done: make(chan error, 1)}
	w.entry.At = l.now().In(ledger.WIB)
	if err := l.enqueue(ctx, w); err != nil {
		return fmt.Errorf("record %s: %w", e.Act, err)
	}
	if err := <-w.done; err != nil {
		return fmt.Errorf("record %s: %w", e.Act, err)
	}
	return nil
}

func (l *Log) enqueue(ctx context.Context, w waiting) error {
	l.mutex.RLock()
	defer l.mutex.RUnlock()
	if l.closed {
		return ErrClosed
	}
	select {
	case l.queue <- w:
		return nil
	default:
	}
	select {
	case l.queue <- w:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// write writes what waits, all that has come meanwhile in one commit.
func (l *Log) write() {
	defer close(l.ended)
	for first := range l.queue {
		group := []waiting{first}
		for more := true; more && len(group) < maxGroup; {
			select {
			case next, open := <-l.queue:
				if more = open; open {
					group = append(group, next)
				}
			default:
				more = false
			}
		}
		err := l.within(l.db.Update, true, func(tx *bbolt.Tx) error { return add(tx, group) })
		l.failed.Store(err != nil)
		for _, w := range group {
			w.done <- err
		}
	}
}

// Ready says why nothing could be recorded now, so that what has to be recorded is
// refused before it is done; nil where that is not known. It looks where the next
// entry goes, and after a write that has failed it tries one, and so finds out that
// the disk has room again. It is for many at once, and waits for the disk only after
// a failure. Errors: ErrUnusable, which stays until the file is opened again, and the
// disk's.
func (l *Log) Ready() error {
	if err := l.within(l.db.View, false, l.look); err != nil {
		return fmt.Errorf("look at the audit log: %w", err)
	}
	if !l.failed.Load() {
		return nil
	}
	for _, try := range []func(*bbolt.Tx) error{takeRoom, leaveRoom} {
		if err := l.within(l.db.Update, true, try); err != nil {
			return fmt.Errorf("try to write the audit log: %w", err)
		}
	}
	l.failed.Store(false)
	return nil
}

// read reads the file in one transaction.
func (l *Log) read(ctx context.Context, work func(tx *bbolt.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return l.within(l.db.View, false, work)
}
