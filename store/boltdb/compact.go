package boltdb

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	bolt "go.etcd.io/bbolt"

	"paypoint/durable"
)

// A ledger file is compacted by making it anew, as an upgrade does, but with the
// rows as they are. Whenever the process dies or the power fails, the ledger's
// name leads to a whole ledger: to the old file until the rename, and to the new
// one from then on.

// Compacted is what Compact has done.
type Compacted struct {
	// Before and After are the lengths of the ledger file, in bytes.
	Before, After int64
}

const (
	// compactFill packs the pages of buckets that grow at other places than their
	// end; some room is left, so that not every payment has to split its page.
	compactFill = 0.9
	// compactGroup is how many bytes of rows are copied in one transaction, all of
	// which is in memory until its end.
	compactGroup = 8 << 20
)

// compactPath is where a compacted file is made.
func compactPath(path string) string { return path + ".compact" }

// Compact makes a ledger file anew without its free pages, in the order of the
// keys. No process may have it open, and there must be room for a second one
// until it is done: the new file takes the old one's place when every row in it
// has been compared, and the old one is removed. The index beside it stays valid.
// Progress, if any, is told how many bytes of about how many are copied.
// Errors: ErrLocked, ErrOlder, what Open reports, a *Difference where the journal
// or a page is damaged, and the system's; the old file is left as it was.
func Compact(path string, progress func(done, total int64)) (Compacted, error) {
	if progress == nil {
		progress = func(int64, int64) {}
	}
	old, err := openWalked(path, bolt.Options{Timeout: time.Second, FreelistType: bolt.FreelistMapType})
	if err != nil {
		return Compacted{}, err
	}
	done, err := compact(path, old, progress)
	if err = errors.Join(err, old.db.Close()); err != nil {
		return Compacted{}, fmt.Errorf("compact ledger %s: %w", path, err)
	}
	return done, nil
}

func compact(path string, old openedFile, progress func(done, total int64)) (Compacted, error) {
	if old.meta.Schema != Schema {
		return Compacted{}, fmt.Errorf("%w: its schema is %d", ErrOlder, old.meta.Schema)
	}
	made := compactPath(path)
	// Nobody else compacts while the ledger is locked, so that it is left over.
	if err := removeIfThere(made); err != nil {
		return Compacted{}, err
	}
	err := copyCompactly(made, old, progress)
	if err == nil {
		err = keepOwner(made, old.info)
	}
	var info os.FileInfo
	if err == nil {
		info, err = os.Stat(made)
	}
	if err == nil {
		err = os.Rename(made, path)
	}
	if err != nil {
		return Compacted{}, errors.Join(err, removeIfThere(made))
	}
	return Compacted{Before: old.info.Size(), After: info.Size()}, durable.SyncFolder(filepath.Dir(path))
}

// copyCompactly makes a file with a ledger's rows. It is on the disk, all of it,
// when there is no error.
func copyCompactly(made string, old openedFile, progress func(done, total int64)) error {
	if err := initialize(made, old.meta); err != nil {
		return err
	}
	// Until it is whole it is thrown away, so it is synced once, at the end.
	db, err := bolt.Open(made, 0o600, &bolt.Options{NoSync: true, FreelistType: bolt.FreelistMapType, InitialMmapSize: initialMap})
	if err != nil {
		return err
	}
	c := compacting{db: db, progress: progress}
	fault, err := catchFault(func() error { return old.db.View(c.all) })
	if fault != nil {
		err = &Difference{"file structure", fmt.Sprint(fault)}
	}
	if err = errors.Join(err, db.Close()); err != nil {
		return err
	}
	// bbolt lets a file grow by more than it needs.
	return cut(made, c.size, nil)
}

// compacting is a copy that is being made.
type compacting struct {
	from *bolt.Tx
	db   *bolt.DB
	// into is the transaction that writes, and copied how many bytes it has taken.
	into        *bolt.Tx
	copied      int64
	progress    func(done, total int64)
	done, total int64
	// size is how long the file has to be.
	size int64
	// head follows the journal: a damaged one is no reason to part with its pages.
	head head
}

func (c *compacting) all(from *bolt.Tx) error {
	c.from, c.total = from, from.Size()
	if err := c.copyAll(); err != nil {
		return err
	}
	c.progress(c.total, c.total)
	return c.db.View(func(made *bolt.Tx) error {
		c.size = made.Size()
		for _, name := range buckets() {
			if err := compareBucket(name, made.Bucket(name), c.from.Bucket(name)); err != nil {
				return err
			}
		}
		return checkStructure(made)
	})
}

func (c *compacting) copyAll() (err error) {
	if c.into, err = c.db.Begin(true); err != nil {
		return err
	}
	// Deferred, because a damaged page can make bbolt panic: closing the file would
	// wait for ever for a transaction that is left open.
	defer c.rollBack()
	for _, name := range buckets() {
		if err := c.bucket(name); err != nil {
			return err
		}
	}
	return c.into.Commit()
}

// rollBack ends the transaction that writes, unless it has ended. What it wrote
// is thrown away with the file.
func (c *compacting) rollBack() {
	if c.into != nil {
		_ = c.into.Rollback()
	}
}

// bucket copies a bucket in the order of its keys.
func (c *compacting) bucket(name []byte) error {
	if err := c.into.Bucket(name).SetSequence(c.from.Bucket(name).Sequence()); err != nil {
		return err
	}
	return c.from.Bucket(name).ForEach(func(key, value []byte) error {
		if err := c.makeRoom(); err != nil {
			return err
		}
		if err := c.check(name, key, value); err != nil {
			return err
		}
		into := c.into.Bucket(name)
		into.FillPercent = fillOf(name)
		size := int64(len(key) + len(value))
		c.copied, c.done = c.copied+size, c.done+size
		return into.Put(key, value)
	})
}

// makeRoom begins another transaction when this one holds enough.
func (c *compacting) makeRoom() (err error) {
	if c.copied < compactGroup {
		return nil
	}
	if err := c.into.Commit(); err != nil {
		return err
	}
	c.progress(min(c.done, c.total), c.total)
	c.copied = 0
	c.into, err = c.db.Begin(true)
	return err
}

// check follows the journal's chain.
func (c *compacting) check(name, key, value []byte) error {
	if !bytes.Equal(name, bucketJournal) {
		return nil
	}
	number, err := parseNumber(key)
	if err != nil {
		return &Difference{place(name, key), err.Error()}
	}
	if _, err := c.head.follow(number, value); err != nil {
		return &Difference{fmt.Sprintf("journal record %d", number), err.Error()}
	}
	return nil
}

// fillOf is how far a bucket's pages are filled.
func fillOf(name []byte) float64 {
	for _, growing := range [][]byte{bucketJournal, bucketDetails, bucketIDs, bucketOutbox} {
		if bytes.Equal(name, growing) {
			return growingFill
		}
	}
	return compactFill
}
