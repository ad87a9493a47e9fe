package soap

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"paypoint/ledger"
)

// The file has a bucket for each day, "2026-11-22", so that a day past its
// retention is dropped at once. In it are:
//
//	followed          -> how far the day's file is indexed, in bytes
//	code/             payment code's HMAC, place -> summary, if it was refused
//	ref/              TrackingRef 0 place        -> summary, if it was refused
//	refused/          place                      -> summary
//	refused_store/    store 0 place              -> summary
//	hours/            hour reason 0 code         -> how many were refused
//	stores/           store                      -> how many signed ones were refused
//
// A place is a time and an offset in the day's file (see wirePlace), so that the
// end of a range is the newest.
var (
	keyFollowed        = []byte("followed")
	bucketCode         = []byte("code")
	bucketRef          = []byte("ref")
	bucketRefused      = []byte("refused")
	bucketRefusedStore = []byte("refused_store")
	bucketHours        = []byte("hours")
	bucketStores       = []byte("stores")

	// bucketAbout has the version under keyVersion.
	bucketAbout = []byte("about")
	keyVersion  = []byte("version")
)

// wireIndexVersion is the layout's. A file of another is built anew.
const wireIndexVersion = "1"

// indexLock is how long another process may hold the file when it is opened.
const indexLock = time.Second

// dayBuckets lists the buckets of a day.
func dayBuckets() [][]byte {
	return [][]byte{bucketCode, bucketRef, bucketRefused, bucketRefusedStore, bucketHours, bucketStores}
}

// errWireIndex reports an index that is damaged, or is none.
var errWireIndex = errors.New("the wire log's index is damaged: it is built anew")

// open opens the file unless it is open, and makes a new one in the place of one
// that is damaged or of another version.
func (x *wireIndex) open() error {
	if x.damaged.Swap(false) {
		return errWireIndex
	}
	if x.db != nil {
		return nil
	}
	path := filepath.Join(x.dir, indexFile)
	db, err := openWireIndex(path)
	if errors.Is(err, errWireIndex) {
		if err := os.Remove(path); err != nil {
			return fmt.Errorf("remove the wire log's damaged index: %w", err)
		}
		x.failed(err)
		db, err = openWireIndex(path)
	}
	if err != nil {
		return err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.db, x.listed, x.settled = db, nil, map[ledger.Day]int64{}
	return nil
}

// openWireIndex opens or makes the file. Error: errWireIndex.
func openWireIndex(path string) (db *bolt.DB, err error) {
	err = guardPages(func() error {
		db, err = bolt.Open(path, 0o600, &bolt.Options{Timeout: indexLock, FreelistType: bolt.FreelistMapType})
		if err != nil {
			return openFault(err)
		}
		if err := checkWireIndex(db, path); err != nil {
			return errors.Join(err, db.Close())
		}
		return nil
	})
	return db, err
}

// openFault tells a file that is none of bbolt's from a disk that fails.
func openFault(err error) error {
	var disk *fs.PathError
	if errors.As(err, &disk) || errors.Is(err, bolterrors.ErrTimeout) {
		return err
	}
	return fmt.Errorf("%w: %w", errWireIndex, err)
}

// checkWireIndex holds the file's length against its pages, for bbolt maps it, and
// its version against ours; a new file is given it.
func checkWireIndex(db *bolt.DB, path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	return db.Update(func(tx *bolt.Tx) error {
		if info.Size() < tx.Size() {
			return fmt.Errorf("%w: it has %d bytes of %d", errWireIndex, info.Size(), tx.Size())
		}
		about := tx.Bucket(bucketAbout)
		if about != nil {
			if version := about.Get(keyVersion); string(version) != wireIndexVersion {
				return fmt.Errorf("%w: its version is %q", errWireIndex, version)
			}
			return nil
		}
		about, err := tx.CreateBucket(bucketAbout)
		if err != nil {
			return err
		}
		return about.Put(keyVersion, []byte(wireIndexVersion))
	})
}

// guardPages runs what reads pages that may be damaged: bbolt panics on one that is
// none, or follows it to where nothing is mapped, which would end the process.
func guardPages(read func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("%w: %v", errWireIndex, fault)
		}
	}()
	return read()
}

// giveUp lets go of a damaged file and removes it; the next step makes a new one.
func (x *wireIndex) giveUp() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	// It is not closed: a panic may have left a transaction open, for which closing
	// would wait.
	x.db = nil
	x.grown()
	if err := os.Remove(filepath.Join(x.dir, indexFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove the wire log's index: %w", err)
	}
	return nil
}

// dropGone removes the days that have no file any more; it looks for them when
// there are other days than before.
func (x *wireIndex) dropGone(days []wireDay) error {
	listed, there := make([]ledger.Day, len(days)), make(map[string]bool, len(days))
	for i, d := range days {
		listed[i], there[string(d.day)] = d.day, true
	}
	if slices.Equal(listed, x.listed) {
		return nil
	}
	var gone [][]byte
	err := guardPages(func() error {
		return x.db.View(func(tx *bolt.Tx) error {
			return tx.ForEach(func(name []byte, _ *bolt.Bucket) error {
				if day := string(name); day != string(bucketAbout) && !there[day] {
					gone = append(gone, []byte(day))
				}
				return nil
			})
		})
	})
	for _, day := range gone {
		if err == nil {
			err = x.drop(day)
			delete(x.settled, ledger.Day(day))
		}
	}
	if err == nil {
		x.listed = listed
	}
	return err
}

// drop removes a day.
func (x *wireIndex) drop(day []byte) error {
	return guardPages(func() error {
		return x.db.Update(func(tx *bolt.Tx) error { return tx.DeleteBucket(day) })
	})
}
