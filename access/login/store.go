package login

import (
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// openTimeout is how long Open waits for another process to let go of the file.
const openTimeout = time.Second

// The buckets of the file. Keys of logins are the SHA-256 of tokens, those of
// used form keys "person NUL key", of views "person NUL name"; form times has a
// bucket for each person, with the time and the key of each of their forms. All
// others are the person's id, or what slows down.
var (
	loginsBucket  = []byte("logins")
	keysBucket    = []byte("form keys")
	timesBucket   = []byte("form times")
	prefsBucket   = []byte("preferences")
	viewsBucket   = []byte("views")
	slowedBucket  = []byte("slowed")
	placesBucket  = []byte("places")
	formatBucket  = []byte("format")
	formatKey     = []byte("version")
	formatVersion = []byte("1")
)

// ErrDamaged: the file can't be read as what it is.
var ErrDamaged = errors.New("the file of sign-ins is damaged")

// asideSuffix is what the name of a damaged file gets when another is begun.
const asideSuffix = ".damaged"

// Store is the file. It may be used by many at once.
type Store struct {
	db  *bbolt.DB
	now func() time.Time
	// damage is what was wrong with the file that was there; nil as a rule.
	damage error
	// broken says that the file was found damaged while it was open.
	broken atomic.Bool

	// running is the forms that are being worked on, by their key.
	mutex   sync.Mutex
	running map[string]*running
}

// Open opens the file, and makes it where there is none. A damaged one is put
// aside, and another begun: it is not worth that the program, and with it the
// tills, stands still. now is the clock. The disk's errors.
func Open(path string, now func() time.Time) (*Store, error) {
	db, err := open(path)
	damage := err
	if errors.Is(err, ErrDamaged) {
		if err = os.Rename(path, path+asideSuffix); err == nil {
			db, err = open(path)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	return &Store{db: db, now: now, damage: damage, running: map[string]*running{}}, nil
}

// Damage is what was wrong with the file that Open has put aside under another
// name, nil where nothing was.
func (s *Store) Damage() error { return s.damage }

// open opens a file that is whole as far as its size and its first pages tell.
func open(path string) (db *bbolt.DB, err error) {
	err = guarded(func() (err error) {
		db, err = bbolt.Open(path, 0o600, &bbolt.Options{Timeout: openTimeout})
		switch {
		case errors.Is(err, bolterrors.ErrInvalid), errors.Is(err, bolterrors.ErrChecksum), errors.Is(err, bolterrors.ErrVersionMismatch):
			return fmt.Errorf("%w: %w", ErrDamaged, err)
		case err != nil:
			return err
		}
		if err = checkSize(db); err == nil {
			err = db.Update(prepare)
		}
		if err != nil {
			return closing(db, err)
		}
		return nil
	})
	return db, err
}

// checkSize finds a file that was cut short: what is beyond its end would be read,
// and end the process.
func checkSize(db *bbolt.DB) error {
	info, err := os.Stat(db.Path())
	if err != nil {
		return err
	}
	return db.View(func(tx *bbolt.Tx) error {
		if info.Size() < tx.Size() {
			return fmt.Errorf("it has %d bytes of %d: %w", info.Size(), tx.Size(), ErrDamaged)
		}
		return nil
	})
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

// update and view are those of the file, guarded.
func (s *Store) update(work func(tx *bbolt.Tx) error) error {
	return s.guarded(func() error { return s.db.Update(work) })
}

func (s *Store) view(work func(tx *bbolt.Tx) error) error {
	return s.guarded(func() error { return s.db.View(work) })
}

// guarded is the function of that name. A file that was found damaged is not
// touched again: bbolt may have left a lock held, for which all would wait. It is
// put aside, so that the next start begins another.
func (s *Store) guarded(work func() error) error {
	if s.broken.Load() {
		return ErrDamaged
	}
	err := guarded(work)
	if errors.Is(err, ErrDamaged) && s.broken.CompareAndSwap(false, true) {
		err = errors.Join(err, os.Rename(s.db.Path(), s.db.Path()+asideSuffix))
	}
	return err
}

// closing closes a file that is not used after all.
func closing(db *bbolt.DB, err error) error {
	if closeErr := db.Close(); closeErr != nil {
		return fmt.Errorf("%w; close: %w", err, closeErr)
	}
	return err
}

// prepare makes the buckets, and refuses a file of a later program.
func prepare(tx *bbolt.Tx) error {
	for _, name := range [][]byte{loginsBucket, keysBucket, prefsBucket, viewsBucket, slowedBucket, placesBucket, formatBucket} {
		if _, err := tx.CreateBucketIfNotExists(name); err != nil {
			return err
		}
	}
	if tx.Bucket(timesBucket) == nil {
		if err := sortKeys(tx); err != nil {
			return err
		}
	}
	format := tx.Bucket(formatBucket)
	switch version := format.Get(formatKey); {
	case version == nil:
		return format.Put(formatKey, formatVersion)
	case string(version) != string(formatVersion):
		return fmt.Errorf("version %q, this program reads %s", version, formatVersion)
	default:
		return nil
	}
}

// Close closes the file; one that was found damaged is let be.
func (s *Store) Close() error {
	if s.broken.Load() {
		return nil
	}
	return s.db.Close()
}
