package notify

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime/debug"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

const (
	// HistoryFile is the file's name, beside the ledger.
	HistoryFile = "notifications.db"
	// historySchema is the version of the file's layout.
	historySchema = 1
	// lockTimeout is the wait for another process to let go of the file.
	lockTimeout = time.Second
	// asideSuffix and a time follow the name of a file that was set aside.
	asideSuffix = ".damaged-"
	// asideTime is that time's layout.
	asideTime = "20060102-150405.000000000"
)

// The file's buckets, and the key under which it says what it is.
var (
	bucketMeta     = []byte("meta")
	bucketAttempts = []byte("attempts")
	metaKey        = []byte("notifications")
)

// What using the history reports.
var (
	// ErrHistoryLocked: another process has the file open.
	ErrHistoryLocked = errors.New("another process has the notification history open")
	// ErrHistorySetAside: the file was damaged. It lies under another name, and a
	// new one has begun: retries begin anew, no notification is lost.
	ErrHistorySetAside = errors.New("the notification history was damaged and is set aside")
	// errDamaged: the file is none of ours, or is damaged.
	errDamaged = errors.New("the notification history is damaged")
	// errClosed: the file is closed, or none could be made in place of a damaged one.
	errClosed = errors.New("the notification history is closed")
)

// historyMeta is what the file says of itself.
type historyMeta struct {
	Schema int `json:"schema"`
}

// OpenHistory opens the history at a path, or begins one where there is none.
// One that is damaged is set aside, and report is told by ErrHistorySetAside,
// now or whenever it is found out. Errors: ErrHistoryLocked, and the disk's.
func OpenHistory(path string, report func(error)) (*History, error) {
	h := &History{path: path, report: report}
	db, err := openHistoryFile(path)
	if errors.Is(err, errDamaged) {
		db, err = h.beginAnew(err)
	}
	if err != nil {
		return nil, fmt.Errorf("open notification history %s: %w", path, err)
	}
	h.db = db
	return h, nil
}

// Close closes the file. What is asked of the history afterwards fails.
func (h *History) Close() error {
	h.mu.Lock()
	db := h.db
	h.db = nil
	h.mu.Unlock()
	if db == nil {
		return nil
	}
	if err := db.Close(); err != nil {
		return fmt.Errorf("close notification history: %w", err)
	}
	return nil
}

// use works on the file; when it proves to be damaged, on a new one in its
// place.
func (h *History) use(work func(*bolt.DB) error) error {
	db := h.file()
	if db == nil {
		return errClosed
	}
	err := guarded(func() error { return work(db) })
	if !errors.Is(err, errDamaged) {
		return err
	}
	if db = h.replace(db, err); db == nil {
		return err
	}
	return guarded(func() error { return work(db) })
}

func (h *History) file() *bolt.DB {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.db
}

// replace sets the damaged file aside, once, and returns the one in its place.
// It is not closed: what broke off in the midst of its pages may still hold its
// locks.
func (h *History) replace(damaged *bolt.DB, cause error) *bolt.DB {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.db != damaged {
		return h.db
	}
	db, err := h.beginAnew(cause)
	if err != nil {
		h.report(fmt.Errorf("begin a new notification history: %w", err))
	}
	h.db = db
	return db
}

// beginAnew moves the file out of the way and makes a new one.
func (h *History) beginAnew(cause error) (*bolt.DB, error) {
	aside := h.path + asideSuffix + time.Now().UTC().Format(asideTime)
	if err := os.Rename(h.path, aside); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	h.report(fmt.Errorf("%w as %s: %w", ErrHistorySetAside, aside, cause))
	return openHistoryFile(h.path)
}

// guarded runs what reads pages that may be damaged: bbolt panics on one that
// is none, or follows it to where nothing is mapped, which would end the process.
func guarded(work func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if problem := recover(); problem != nil {
			err = fmt.Errorf("%w: %v", errDamaged, problem)
		}
	}()
	return work()
}

// openHistoryFile opens or makes a file and looks at what it is.
func openHistoryFile(path string) (*bolt.DB, error) {
	var db *bolt.DB
	err := guarded(func() (err error) {
		db, err = bolt.Open(path, 0o600, &bolt.Options{Timeout: lockTimeout})
		return err
	})
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return nil, ErrHistoryLocked
	case errors.Is(err, fs.ErrPermission), errors.Is(err, fs.ErrNotExist):
		return nil, err // the folder is at fault, not the file
	case err != nil:
		return nil, fmt.Errorf("%w: %w", errDamaged, err)
	}
	if err := guarded(func() error { return prepare(db, path) }); err != nil {
		// What broke off in the midst of damaged pages may still hold their locks,
		// so the file is closed only when it reads well.
		if !errors.Is(err, errDamaged) {
			err = errors.Join(err, db.Close())
		}
		return nil, err
	}
	return db, nil
}

// prepare makes the buckets of a new file and holds an old one to its word.
func prepare(db *bolt.DB, path string) error {
	empty := false
	err := db.View(func(tx *bolt.Tx) error {
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		if info.Size() < tx.Size() {
			return fmt.Errorf("%w: it has %d bytes of %d", errDamaged, info.Size(), tx.Size())
		}
		first, _ := tx.Cursor().First()
		empty = first == nil
		return nil
	})
	if err != nil {
		return err
	}
	if !empty {
		return checkMeta(db)
	}
	return db.Update(func(tx *bolt.Tx) error {
		if _, err := tx.CreateBucket(bucketAttempts); err != nil {
			return err
		}
		meta, err := tx.CreateBucket(bucketMeta)
		if err != nil {
			return err
		}
		text, err := json.Marshal(historyMeta{Schema: historySchema})
		if err != nil {
			return err
		}
		return meta.Put(metaKey, text)
	})
}

func checkMeta(db *bolt.DB) error {
	return db.View(func(tx *bolt.Tx) error {
		bucket := tx.Bucket(bucketMeta)
		if bucket == nil || tx.Bucket(bucketAttempts) == nil {
			return fmt.Errorf("%w: it is another file", errDamaged)
		}
		var meta historyMeta
		if err := json.Unmarshal(bucket.Get(metaKey), &meta); err != nil || meta.Schema != historySchema {
			return fmt.Errorf("%w: its schema is not %d", errDamaged, historySchema)
		}
		return nil
	})
}
