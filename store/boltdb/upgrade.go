package boltdb

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	bolt "go.etcd.io/bbolt"

	"paypoint/durable"
)

// A ledger file of an older layout is upgraded by making it anew from what no
// layout changes: its metadata, its journal and the customers' details. All
// else is derived from the journal, as for Verify, whatever the layout was.
//
// Whenever the process dies or the power fails, the ledger's name leads to a
// whole ledger: to the old file until the rename, and to the new one from then
// on. The old file stays under another name.

// rowsKept are, for each older layout, the derived buckets whose rows this
// program writes as that layout did. The new rows must be the same: a journal
// that has lost its end would otherwise pass for a shorter one.
func rowsKept(schema int) [][]byte {
	if schema >= 3 {
		return derivedBuckets()
	}
	kept := [][]byte{bucketIDs, bucketOrders, bucketRefs, bucketBatches, bucketBatchNos, bucketSettings}
	if schema >= 2 {
		kept = append(kept, bucketCharges, bucketOutbox)
	}
	return kept
}

// oldBuckets are those that the upgrade of an older layout reads.
func oldBuckets(schema int) [][]byte {
	needed := append([][]byte{bucketJournal, bucketDetails, bucketCharges, bucketBalances}, rowsKept(schema)...)
	if schema < 3 {
		needed = append(needed, bucketCases)
	}
	return needed
}

// unfinishedPath is where an upgraded file is made.
func unfinishedPath(path string) string { return path + ".upgrade" }

// keptPath is where the old file is kept.
func keptPath(path string, schema int) string { return fmt.Sprintf("%s.schema%d", path, schema) }

// openCurrent opens a ledger file, and upgrades it before where it is older. An
// upgraded one comes with the old file, still locked: a program of before that
// waits for its lock under the name that it had would book there.
func openCurrent(path string, options bolt.Options, progress Progress) (file openedFile, old *bolt.DB, err error) {
	file, err = openFile(path, options)
	if err != nil {
		return openedFile{}, nil, err
	}
	// Nobody else upgrades or compacts while the ledger is locked, so that it is left
	// over.
	err = errors.Join(removeIfThere(unfinishedPath(path)), removeIfThere(compactPath(path)), removeRestore(path))
	if err == nil && file.meta.Schema == Schema {
		return file, nil, nil
	}
	old = file.db
	if err == nil {
		err = upgrade(path, file, progress)
	}
	if err != nil {
		err = fmt.Errorf("upgrade ledger %s from schema %d: %w", path, file.meta.Schema, err)
		return openedFile{}, nil, errors.Join(err, old.Close())
	}
	file, err = openFile(path, options)
	if err != nil {
		return openedFile{}, nil, errors.Join(err, old.Close())
	}
	return file, old, nil
}

func removeIfThere(path string) error {
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// upgrade puts a file of this program's layout in the place of an older one,
// which the caller has locked.
func upgrade(path string, old openedFile, progress Progress) error {
	kept, made := keptPath(path, old.meta.Schema), unfinishedPath(path)
	if err := checkKept(kept, old.info); err != nil {
		return err
	}
	err := rebuild(made, old, progress)
	if err == nil {
		err = replace(path, kept, made)
	}
	if err != nil {
		return errors.Join(err, removeIfThere(made))
	}
	return nil
}

// checkKept makes sure that the old file's new name is free, or was given to it
// by an upgrade that was killed.
func checkKept(kept string, old os.FileInfo) error {
	there, err := os.Lstat(kept)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !os.SameFile(old, there):
		return fmt.Errorf("%s is another file, the old ledger can't be kept under its name: %w", kept, fs.ErrExist)
	default:
		return nil
	}
}

// replace keeps the file at path under another name and puts the made one in
// its place. The second name is on the disk before the first one is taken.
func replace(path, kept, made string) error {
	if err := os.Link(path, kept); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	folder := filepath.Dir(path)
	if err := durable.SyncFolder(folder); err != nil {
		return err
	}
	if err := os.Rename(made, path); err != nil {
		return err
	}
	return durable.SyncFolder(folder)
}

// rebuild makes a ledger file of this program's layout from an older one. It
// is on the disk, all of it, when there is no error.
func rebuild(path string, old openedFile, progress Progress) error {
	meta := old.meta
	meta.Schema = Schema
	if err := initialize(path, meta); err != nil {
		return err
	}
	// Until it is whole it is thrown away, so it is synced once, at the end.
	db, err := bolt.Open(path, 0o600, &bolt.Options{NoSync: true, FreelistType: bolt.FreelistMapType, InitialMmapSize: initialMap})
	if err != nil {
		return err
	}
	r, err := newReplay(meta, db, progress)
	if err == nil {
		err = r.guarded(func() error {
			return old.db.View(func(from *bolt.Tx) error { return r.rebuild(from, old.meta.Schema) })
		})
	}
	if err == nil {
		err = db.Sync()
	}
	return errors.Join(err, db.Close())
}

func (r *replay) rebuild(from *bolt.Tx, schema int) error {
	cases := oldCases{from.Bucket(bucketCases), map[string]bool{}}
	r.each = func(into *bolt.Tx, c carried) error {
		if err := cases.find(c.record); err != nil {
			return err
		}
		return c.put(into)
	}
	if err := r.all(from); err != nil {
		return err
	}
	if err := r.clearDue(); err != nil {
		return err
	}
	if err := cases.others(); err != nil {
		return err
	}
	return r.into.View(func(into *bolt.Tx) error { return compareKept(from, into, schema) })
}

// compareKept holds the new file's rows against the old one's.
func compareKept(from, into *bolt.Tx, schema int) error {
	for _, name := range rowsKept(schema) {
		if err := compareBucket(name, from.Bucket(name), into.Bucket(name)); err != nil {
			return err
		}
	}
	if charges := from.Bucket(bucketCharges).Sequence(); charges != into.Bucket(bucketCharges).Sequence() {
		return &Difference{string(bucketCharges), fmt.Sprintf("counter is %d, the journal gives %d", charges, into.Bucket(bucketCharges).Sequence())}
	}
	if schema >= 3 {
		return nil // they are among the rows that are kept
	}
	return compareOldBalances(from.Bucket(bucketBalances), into.Bucket(bucketBalances))
}

// clearDue takes those rows out of the due index that the sweeper has attended
// to, or would without effect: the journal does not tell them from the others.
func (r *replay) clearDue() error {
	for next := []byte{}; next != nil; {
		err := r.into.Update(func(tx *bolt.Tx) error {
			rows, cursor := newRows(tx, r.codes), tx.Bucket(bucketDue).Cursor()
			var done [][]byte
			key, _ := cursor.Seek(next)
			for n := 0; key != nil && n < replayGroup; n++ {
				_, needed, err := dueNeeded(rows, key)
				if err != nil {
					return err
				}
				if !needed {
					done = append(done, key)
				}
				key, _ = cursor.Next()
			}
			// The key is the transaction's own.
			next = append([]byte(nil), key...)
			return deleteAll(tx.Bucket(bucketDue), done)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func deleteAll(bucket *bolt.Bucket, keys [][]byte) error {
	for _, key := range keys {
		if err := bucket.Delete(key); err != nil {
			return err
		}
	}
	return nil
}
