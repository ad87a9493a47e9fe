package delivery

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync/atomic"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"paypoint/durable"
	"paypoint/ledger"
)

const (
	// RunFile is the name of the records' file, beside the ledger.
	RunFile = "schedule.db"
	// runSchema is the version of the file's layout.
	runSchema = 1
	// lockWait is how long to wait for another process to let go of the file.
	lockWait = time.Second
)

// The file's buckets, and the key under which it says what it is. In runs and
// open each job has a bucket of its own, keyed by day; open has no values, it
// is the index of the open ones.
var (
	bucketMeta = []byte("meta")
	bucketRuns = []byte("runs")
	bucketOpen = []byte("open")
	keySchema  = []byte("schedule")
)

// What opening and using the file reports.
var (
	// ErrUnusable: nothing can be read or saved before the program starts again, on
	// a file that can be used.
	ErrUnusable = errors.New("the schedule's records can't be used")
	// ErrLocked: another process has it open.
	ErrLocked = errors.New("another process has the schedule's records open")
	// ErrDamaged: it is not what was written, or none of ours. It is left as it
	// is: a new one would begin again at each job's First. It is an ErrUnusable.
	ErrDamaged = fmt.Errorf("%w: their file is damaged", ErrUnusable)
)

// FileRuns is Runs in a bbolt file. It may be used by many at once.
type FileRuns struct {
	// db is nil where the file could not be opened, and unusable says why then.
	db       *bolt.DB
	unusable error
	// broken says that the file was found damaged while it was open.
	broken atomic.Bool
}

var _ Runs = (*FileRuns)(nil)

// OpenRuns opens the records at a path, or begins them where there is nothing.
// Damaged ones stay as they are. Errors: ErrLocked, ErrDamaged, and the disk's.
func OpenRuns(path string) (*FileRuns, error) {
	var db *bolt.DB
	err := guarded(func() (err error) {
		if err = makeIfMissing(path); err != nil {
			return err
		}
		if db, err = bolt.Open(path, 0o600, &bolt.Options{Timeout: lockWait}); err != nil {
			return err
		}
		if err = db.View(func(tx *bolt.Tx) error { return checkSize(tx, path) }); err != nil {
			return err
		}
		return db.Update(begin)
	})
	if err == nil {
		// The file's name must last like what is in it.
		err = durable.SyncFolder(filepath.Dir(path))
	}
	if err != nil {
		return nil, fmt.Errorf("open schedule %s: %w", path, closing(db, err))
	}
	return &FileRuns{db: db}, nil
}

// closing closes a file that is not used after all. One that was found damaged is let
// be: what broke off in the midst of its pages may still hold its locks.
func closing(db *bolt.DB, err error) error {
	if db == nil || errors.Is(err, ErrDamaged) {
		return err
	}
	return errors.Join(err, db.Close())
}

// UnusableRuns are the records of a program that could not open their file, which is
// the cause: nothing is read or saved, so that no job is done, and all else goes on.
func UnusableRuns(cause error) *FileRuns {
	if !errors.Is(cause, ErrUnusable) {
		cause = fmt.Errorf("%w: %w", ErrUnusable, cause)
	}
	return &FileRuns{unusable: cause}
}

// checkSize finds a file that was cut short: what is beyond its end would be read,
// and end the process.
func checkSize(tx *bolt.Tx, path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.Size() < tx.Size() {
		return fmt.Errorf("it has %d bytes of %d: %w", info.Size(), tx.Size(), ErrDamaged)
	}
	return nil
}

// makeIfMissing makes the file where there is none. bbolt may leave one that can't be
// opened if the power fails while it makes it, so that is done under another name.
func makeIfMissing(path string) error {
	info, err := os.Stat(path)
	switch {
	case err == nil && info.Size() == 0:
		// bbolt would take it for one that is to be made, and all days for undone.
		return fmt.Errorf("it is empty: %w", ErrDamaged)
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	made := path + ".new"
	if err := os.Remove(made); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	db, err := bolt.Open(made, 0o600, &bolt.Options{Timeout: lockWait})
	if err != nil {
		return err
	}
	if err := errors.Join(db.Update(begin), db.Sync(), db.Close()); err != nil {
		return err
	}
	return os.Rename(made, path)
}

// begin makes the buckets of a new file, and knows an old one.
func begin(tx *bolt.Tx) error {
	meta, err := tx.CreateBucketIfNotExists(bucketMeta)
	if err != nil {
		return err
	}
	schema := fmt.Append(nil, runSchema)
	if is := meta.Get(keySchema); is != nil && !bytes.Equal(is, schema) {
		return fmt.Errorf("layout %q, this program knows %s: %w", is, schema, ErrDamaged)
	}
	for _, name := range [][]byte{bucketRuns, bucketOpen} {
		if _, err := tx.CreateBucketIfNotExists(name); err != nil {
			return err
		}
	}
	return meta.Put(keySchema, schema)
}

// guarded runs what reads pages that may be damaged: bbolt has no checksums on
// them, and panics on one that is none, or follows it to where nothing is mapped.
func guarded(work func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if problem := recover(); problem != nil {
			err = fmt.Errorf("%w: %v", ErrDamaged, problem)
		}
	}()
	err = work()
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return ErrLocked
	case errors.Is(err, bolterrors.ErrInvalid), errors.Is(err, bolterrors.ErrChecksum), errors.Is(err, bolterrors.ErrVersionMismatch):
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	default:
		return err
	}
}

// within works in a transaction that do begins: the file's View or Update. Where
// bbolt panics as it begins one, or as it writes, it may leave a lock held, for which
// all would wait: then the file is not touched again.
func (f *FileRuns) within(do func(func(*bolt.Tx) error) error, writes bool, work func(*bolt.Tx) error) error {
	if err := f.Err(); err != nil {
		return err
	}
	begun, ended := false, false
	err := guarded(func() error {
		err := do(func(tx *bolt.Tx) error {
			begun = true
			return work(tx)
		})
		ended = true
		return err
	})
	if !ended && (writes || !begun) {
		f.broken.Store(true)
	}
	return err
}

// Err is why the file is not touched, or not any more; nil as a rule. It is always an
// ErrUnusable.
func (f *FileRuns) Err() error {
	if f.broken.Load() {
		return ErrDamaged
	}
	return f.unusable
}

// Close closes the file; one that can't be used is let be.
func (f *FileRuns) Close() error {
	if f.Err() != nil {
		return nil
	}
	return f.db.Close()
}

// Last is the run of a job's newest day.
func (f *FileRuns) Last(ctx context.Context, job string) (Run, error) {
	var run Run
	err := f.view(ctx, bucketRuns, job, func(b *bolt.Bucket) (err error) {
		run, err = lastOf(b)
		return err
	})
	return run, about(err, "newest run", job)
}

// Open is the open run of a job's earliest day.
func (f *FileRuns) Open(ctx context.Context, job string) (Run, error) {
	var run Run
	err := f.view(ctx, bucketOpen, job, func(open *bolt.Bucket) (err error) {
		day, _ := open.Cursor().First()
		if day == nil {
			return ErrNoRun
		}
		run, err = read(open.Tx().Bucket(bucketRuns).Bucket([]byte(job)), day)
		return err
	})
	return run, about(err, "open run", job)
}

// Get is the run of a day.
func (f *FileRuns) Get(ctx context.Context, job string, day ledger.Day) (Run, error) {
	var run Run
	err := f.view(ctx, bucketRuns, job, func(b *bolt.Bucket) (err error) {
		run, err = read(b, []byte(day))
		return err
	})
	return run, about(err, "run of "+string(day), job)
}

// List are up to limit runs before a day, the newest first.
func (f *FileRuns) List(ctx context.Context, job string, before ledger.Day, limit int) ([]Run, error) {
	var all []Run
	err := f.view(ctx, bucketRuns, job, func(b *bolt.Bucket) error {
		cursor := b.Cursor()
		day, value := lastBefore(cursor, before)
		for ; day != nil && len(all) < limit; day, value = cursor.Prev() {
			run, err := decode(day, value)
			if err != nil {
				return err
			}
			all = append(all, run)
		}
		return nil
	})
	if errors.Is(err, ErrNoRun) {
		return nil, nil
	}
	return all, about(err, "runs", job)
}

// lastBefore moves to the newest run before a day; "" is after all days.
func lastBefore(cursor *bolt.Cursor, before ledger.Day) (day, value []byte) {
	if before != "" {
		if at, _ := cursor.Seek([]byte(before)); at != nil {
			return cursor.Prev()
		}
	}
	return cursor.Last()
}

// Save writes a run if Admit lets it.
func (f *FileRuns) Save(ctx context.Context, next Run) (Run, error) {
	if err := ctx.Err(); err != nil {
		return Run{}, err
	}
	err := f.within(f.db.Update, true, func(tx *bolt.Tx) error { return save(tx, &next) })
	if err != nil {
		return Run{}, fmt.Errorf("save run %s of %s: %w", next.Job, next.Day, err)
	}
	return next, nil
}

func save(tx *bolt.Tx, next *Run) error {
	runs, err := tx.Bucket(bucketRuns).CreateBucketIfNotExists([]byte(next.Job))
	if err != nil {
		return err
	}
	open, err := tx.Bucket(bucketOpen).CreateBucketIfNotExists([]byte(next.Job))
	if err != nil {
		return err
	}
	before, err := found(read(runs, []byte(next.Day)))
	if err != nil {
		return err
	}
	last, err := found(lastOf(runs))
	if err != nil {
		return err
	}
	if err := Admit(before, last, *next); err != nil {
		return err
	}
	next.Version++
	value, err := json.Marshal(next)
	if err != nil {
		return err
	}
	if err := runs.Put([]byte(next.Day), value); err != nil {
		return err
	}
	if next.State == Open {
		return open.Put([]byte(next.Day), []byte{})
	}
	return open.Delete([]byte(next.Day))
}

func lastOf(runs *bolt.Bucket) (Run, error) {
	day, value := runs.Cursor().Last()
	if day == nil {
		return Run{}, ErrNoRun
	}
	return decode(day, value)
}

func read(runs *bolt.Bucket, day []byte) (Run, error) {
	value := runs.Get(day)
	if value == nil {
		return Run{}, ErrNoRun
	}
	return decode(day, value)
}

func decode(day, value []byte) (Run, error) {
	var run Run
	if err := json.Unmarshal(value, &run); err != nil || string(run.Day) != string(day) {
		return Run{}, fmt.Errorf("record of %s: %w", day, errors.Join(ErrDamaged, err))
	}
	return run, nil
}

// view reads a job's bucket. One that is not there has no runs.
func (f *FileRuns) view(ctx context.Context, bucket []byte, job string, read func(*bolt.Bucket) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return f.within(f.db.View, false, func(tx *bolt.Tx) error {
		if b := tx.Bucket(bucket).Bucket([]byte(job)); b != nil {
			return read(b)
		}
		return ErrNoRun
	})
}

func about(err error, what, job string) error {
	if err != nil {
		return fmt.Errorf("%s of job %s: %w", what, job, err)
	}
	return nil
}
