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
	// ErrLocked: another process has it open.
	ErrLocked = errors.New("another process has the schedule's records open")
	// ErrDamaged: it is not what was written, or none of ours. It is left as it
	// is: a new one would begin again at each job's First.
	ErrDamaged = errors.New("the schedule's records are damaged")
)

// FileRuns is Runs in a bbolt file. It may be used by many at once.
type FileRuns struct {
	db *bolt.DB
}

var _ Runs = (*FileRuns)(nil)

// OpenRuns opens the records at a path, or begins them where there is nothing.
// Errors: ErrLocked, ErrDamaged, and the disk's.
func OpenRuns(path string) (*FileRuns, error) {
	var db *bolt.DB
	err := guarded(func() (err error) {
		if err = makeIfMissing(path); err != nil {
			return err
		}
		if db, err = bolt.Open(path, 0o600, &bolt.Options{Timeout: lockWait}); err != nil {
			return err
		}
		return db.Update(begin)
	})
	if err != nil {
		if db != nil {
			_ = db.Close()
		}
		return nil, fmt.Errorf("open schedule %s: %w", path, err)
	}
	// The file's name must last like what is in it.
	if err := durable.SyncFolder(filepath.Dir(path)); err != nil {
		_ = db.Close()
		return nil, fmt.Errorf("open schedule %s: %w", path, err)
	}
	return &FileRuns{db}, nil
}

// makeIfMissing makes the file where there is none. bbolt may leave one that can't be
// opened if the power fails while it makes it, so that is done under another name.
func makeIfMissing(path string) error {
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
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

// Close closes the file.
func (f *FileRuns) Close() error { return f.db.Close() }

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
	err := guarded(func() error {
		return f.db.Update(func(tx *bolt.Tx) error { return save(tx, &next) })
	})
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
	return guarded(func() error {
		return f.db.View(func(tx *bolt.Tx) error {
			if b := tx.Bucket(bucket).Bucket([]byte(job)); b != nil {
				return read(b)
			}
			return ErrNoRun
		})
	})
}

func about(err error, what, job string) error {
	if err != nil {
		return fmt.Errorf("%s of job %s: %w", what, job, err)
	}
	return nil
}
