package boltdb

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"paypoint/durable"
)

// maxShipFile is the length from which on a shipped file is followed by another:
// short enough to be read at every start, and to be removed or moved one by one.
const maxShipFile = 64 << 20

// shipFolder is a folder into which one process ships its journal.
type shipFolder struct {
	path string
	meta metadata
	lock *os.File
	// out is the file that grows, nil before the first; name is where it lies, and
	// place the very file.
	out   *os.File
	name  string
	place os.FileInfo
	size  int64
	// waited is what its header says.
	waited bool
	// most is the length from which on it is followed by another.
	most int64
	// last is the last record in the folder, and torn the last one that can be made
	// out in what is to be cut off; zero when nothing is.
	last, torn head
	// newest is the file that is to be cut at whole, and marked as followed unless it
	// is, before another is begun; "" for none.
	newest   string
	whole    int64
	followed bool
}

// openShipFolder takes a folder for this process and finds its last record. What
// a writer that died has left half written is cut off when a file is begun. The
// folder must be there: one that is made would hide that a disk is not mounted.
// Errors: ErrShippedLocked, ErrShippedOther, ErrShippedDamaged, ErrNewer, and the
// system's.
func openShipFolder(path string, meta metadata) (*shipFolder, error) {
	lock, err := lockFolder(path, ErrShippedLocked)
	if err != nil {
		return nil, err
	}
	f := &shipFolder{path: path, meta: meta, lock: lock, most: maxShipFile}
	if err := f.findEnd(); err != nil {
		return nil, errors.Join(err, f.close())
	}
	return f, nil
}

func (f *shipFolder) findEnd() error {
	if err := f.removeBegun(); err != nil {
		return err
	}
	files, err := shippedFiles(f.path)
	if err != nil || len(files) == 0 {
		return err
	}
	newest := files[len(files)-1]
	end, err := readToEnd(newest)
	// Behind a damaged record there may be whole ones: if the ledger has them still,
	// they are shipped again.
	if err != nil && (end.whole == 0 || !errors.Is(err, ErrShippedDamaged)) {
		return err
	}
	if !bytes.Equal(end.header.Ledger.CodeKey, f.meta.CodeKey) {
		return fmt.Errorf("%w: %s is of another one, name another folder", ErrShippedOther, newest.path)
	}
	f.last, f.newest, f.whole, f.followed = end.last, newest.path, end.whole, end.followed
	if end.torn > 0 {
		f.torn, err = lastTorn(newest.path, end.whole)
		return err
	}
	return nil
}

// removeBegun removes the file that a killed process had just begun.
func (f *shipFolder) removeBegun() error {
	entries, err := os.ReadDir(f.path)
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), shipPrefix) && strings.HasSuffix(entry.Name(), shipSuffix+shipBegun) {
			err = errors.Join(err, os.Remove(filepath.Join(f.path, entry.Name())))
		}
	}
	return err
}

// cut shortens a file, appends to it, and makes sure that all of it is on the disk.
func cut(path string, size int64, more []byte) error {
	file, err := os.OpenFile(path, os.O_RDWR, 0) // #nosec G304 -- a file of ours, found or made just before
	if err != nil {
		return err
	}
	err = file.Truncate(size)
	if err == nil {
		_, err = file.WriteAt(more, size)
	}
	return errors.Join(err, file.Sync(), file.Close())
}

// endNewest says in the newest file that another follows, and cuts off what a
// process that died has left half written. What it wrote last may be in the
// system's memory only, too.
func (f *shipFolder) endNewest() error {
	if f.newest == "" {
		return nil
	}
	var mark []byte
	if !f.followed {
		mark = shipFollowed()
	}
	newest := f.newest
	f.newest = ""
	return cut(newest, f.whole, mark)
}

// begin begins a new file after the last record. It gets its name when its
// header is on the disk, and the file before says that another follows: who
// restores in between is told of a file too many that is missing, never of one
// too few.
func (f *shipFolder) begin(waited bool) error {
	if f.out != nil {
		f.newest, f.whole, f.followed = f.name, f.size, false
	}
	if err := f.closeFile(); err != nil {
		return err
	}
	header, err := newShipFile(f.meta, waited, f.last)
	if err != nil {
		return err
	}
	// There may be one with that name, in which no record is.
	name := filepath.Join(f.path, shipName(f.last.seq+1))
	out, err := os.OpenFile(name+shipBegun, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) // #nosec G304 -- a number, in our own folder
	if err != nil {
		return err
	}
	f.out, f.waited = out, waited
	if err := f.write(header); err != nil {
		return err
	}
	if f.place, err = out.Stat(); err != nil {
		return err
	}
	if err := f.endNewest(); err != nil {
		return err
	}
	if err := os.Rename(name+shipBegun, name); err != nil {
		return err
	}
	f.name, f.size = name, int64(len(header))
	return durable.SyncFolder(f.path)
}

// append writes an entry with some records, the last of which is last, and waits
// for the disk. After an error the folder must be opened anew.
func (f *shipFolder) append(records []byte, last head) error {
	if err := samePlace("shipped journal", f.name, f.place); err != nil {
		return err
	}
	if f.size >= f.most {
		if err := f.begin(f.waited); err != nil {
			return err
		}
	}
	entry := appendEntry(nil, records)
	if err := f.write(entry); err != nil {
		return err
	}
	f.size += int64(len(entry))
	f.last = last
	return nil
}

func (f *shipFolder) write(p []byte) error {
	if _, err := f.out.Write(p); err != nil {
		return err
	}
	return f.out.Sync()
}

func (f *shipFolder) closeFile() error {
	if f.out == nil {
		return nil
	}
	out := f.out
	f.out = nil
	return out.Close()
}

// close gives the folder up.
func (f *shipFolder) close() error { return errors.Join(f.closeFile(), f.lock.Close()) }
