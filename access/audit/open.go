package audit

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"paypoint/durable"
)

const (
	// openTimeout is how long Open waits for another process to let go of the file.
	openTimeout = time.Second
	// newSuffix is what the name of a file has while it is made.
	newSuffix = ".new"
)

// Open opens the file, and makes it where there is none. A damaged one is evidence:
// it is neither written nor put aside. now is the clock. Errors: ErrDamaged and the
// disk's.
func Open(path string, now func() time.Time) (*Log, error) {
	db, err := open(path)
	if err != nil {
		return nil, fmt.Errorf("open audit log %s: %w", path, err)
	}
	file, err := os.Stat(path)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open audit log: %w", err), db.Close())
	}
	return newLog(&Log{db: db, file: file, now: now}), nil
}

// Unusable is the log of a program that could not open the file, which is the cause:
// nothing is recorded or read, Ready and all others say why each time. So what has
// to be recorded is refused, and all else goes on.
func Unusable(cause error) *Log {
	if !errors.Is(cause, ErrUnusable) {
		cause = fmt.Errorf("%w: %w", ErrUnusable, cause)
	}
	return newLog(&Log{unusable: cause})
}

func newLog(l *Log) *Log {
	l.queue, l.ended = make(chan waiting, maxQueue), make(chan struct{})
	go l.write()
	return l
}

// open opens a file that is whole as far as its length and its ends tell. Only then
// it is written.
func open(path string) (db *bbolt.DB, err error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		err = makeFile(path)
	case err == nil && info.Size() == 0:
		// bbolt would take it for one that is to be made.
		err = fmt.Errorf("it is empty: %w", ErrDamaged)
	}
	if err != nil {
		return nil, err
	}
	err = guarded(func() (err error) {
		if db, err = bbolt.Open(path, 0o600, &bbolt.Options{Timeout: openTimeout}); err != nil {
			return openFault(err)
		}
		if err = db.View(func(tx *bbolt.Tx) error { return check(tx, path) }); err == nil {
			err = db.Update(prepare)
		}
		if err != nil {
			return errors.Join(err, db.Close())
		}
		return nil
	})
	return db, err
}

// openFault tells a file that is none of bbolt's from a disk that fails.
func openFault(err error) error {
	if errors.Is(err, bolterrors.ErrInvalid) || errors.Is(err, bolterrors.ErrChecksum) || errors.Is(err, bolterrors.ErrVersionMismatch) {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return err
}

// makeFile makes an empty log. bbolt may leave a file that can't be opened if the
// power fails while it makes it, so that is done under another name: a file under
// the log's own name that has nothing in it was damaged, and had entries.
func makeFile(path string) error {
	made := path + newSuffix
	if err := os.Remove(made); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	db, err := bbolt.Open(made, 0o600, &bbolt.Options{Timeout: openTimeout})
	if err != nil {
		return err
	}
	if err := errors.Join(db.Update(prepare), db.Close()); err != nil {
		return err
	}
	if err := os.Rename(made, path); err != nil {
		return err
	}
	return durable.SyncFolder(filepath.Dir(path))
}

// check holds a file's length against its pages, which bbolt maps, and looks whether
// it is a log. One without any bucket is a log that was being made.
func check(tx *bbolt.Tx, path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.Size() < tx.Size() {
		return fmt.Errorf("it has %d bytes of %d: %w", info.Size(), tx.Size(), ErrDamaged)
	}
	if first, _ := tx.Cursor().First(); first == nil {
		return nil
	}
	for _, name := range buckets() {
		if tx.Bucket(name) == nil {
			return fmt.Errorf("it has no %s: %w", name, ErrDamaged)
		}
	}
	return ends(tx)
}

// ends reads where the next entry goes: pages that are none are found by it before
// something is done that could not be recorded. What the entries say is Check's.
func ends(tx *bbolt.Tx) error {
	for _, name := range [][]byte{entriesBucket, indexBucket, hoursBucket} {
		tx.Bucket(name).Cursor().Last()
	}
	_, _, err := head(tx)
	return err
}

// look looks whether the file is still what was opened: entries in one that was
// removed, or replaced, are lost with the process.
func (l *Log) look(tx *bbolt.Tx) error {
	info, err := os.Stat(l.db.Path())
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", ErrUnusable, err)
	case !os.SameFile(info, l.file):
		return fmt.Errorf("%w: another file is in the place of %s", ErrUnusable, l.db.Path())
	}
	return check(tx, l.db.Path())
}
