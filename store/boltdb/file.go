package boltdb

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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

// Schema is the version of the file's layout that this program writes. Open
// upgrades older ones, from 1 on.
//
//	1    the first
//	2    the outbox; charges know their newest record
//	3    documents in the place of cases; balances by day
//	4    details can be erased: a program of before takes that for damage
const Schema = 4

// pageSize keeps the tree a level lower than bbolt's usual 4 KiB pages: each
// payment of a large ledger writes its leaf and the branches above it.
const pageSize = 8 << 10

// initialMap is address space that is reserved for the file beyond its length:
// a file that grows beyond what is reserved has to be mapped anew, for which
// commits wait until every reader has finished, a long backup too.
const initialMap = 16 << 30

// mapFor is how much to reserve for the file at path.
func mapFor(path string) int {
	info, err := os.Stat(path)
	if err != nil {
		return initialMap
	}
	return initialMap + int(info.Size())
}

// What opening a ledger file reports.
var (
	// ErrLocked: another process has the file open.
	ErrLocked = errors.New("another process has the ledger open")
	// ErrTruncated: the file is shorter than its own pages say.
	ErrTruncated = errors.New("the ledger file is truncated")
	// ErrNewer: a newer program wrote the file.
	ErrNewer = errors.New("the ledger file is from a newer paypoint")
	// ErrOlder: an older program wrote the file, which Open upgrades.
	ErrOlder = errors.New("the ledger file is from an older paypoint: start this one once to upgrade it, or use that one")
	// ErrForeign: the file is no ledger.
	ErrForeign = errors.New("the file is not a paypoint ledger")
)

// metadata is what the file says of itself.
type metadata struct {
	Schema     int       `json:"schema"`
	Created    time.Time `json:"created"`
	CodeLength int       `json:"code_length"`
	// CodeKey permutes charge numbers into codes. Who can read it here can
	// read every code in the same file, so it is not sealed.
	CodeKey []byte `json:"code_key"`
}

// metaKey is the only key of the meta bucket.
var metaKey = []byte("ledger")

// create makes a new ledger file. bbolt may leave a file that can't be opened
// if the power fails while it makes one, so it is made under another name.
func create(path string, codeLength int, now time.Time) error {
	if codeLength == 0 {
		codeLength = ledger.DefaultCodeLength
	}
	meta := metadata{Schema: Schema, Created: now.UTC(), CodeLength: codeLength, CodeKey: make([]byte, ledger.CodeKeySize)}
	// crypto/rand.Read never fails (Go 1.24).
	_, _ = rand.Read(meta.CodeKey)
	if err := createFrom(path, meta); err != nil {
		return fmt.Errorf("create ledger %s: %w", path, err)
	}
	return nil
}

func createFrom(path string, meta metadata) error {
	folder := filepath.Dir(path)
	temporary, err := os.CreateTemp(folder, filepath.Base(path)+".new-*")
	if err != nil {
		return err
	}
	err = errors.Join(temporary.Close(), initialize(temporary.Name(), meta))
	if err == nil {
		// Unlike a rename, a link never replaces a ledger that another process
		// has made meanwhile, and may have booked in.
		err = os.Link(temporary.Name(), path)
	}
	if errors.Is(err, fs.ErrExist) {
		err = nil
	}
	return errors.Join(err, os.Remove(temporary.Name()), durable.SyncFolder(folder))
}

func initialize(path string, meta metadata) error {
	if _, err := ledger.NewCodes(meta.CodeKey, meta.CodeLength); err != nil {
		return err
	}
	text, err := json.Marshal(meta)
	if err != nil {
		return err
	}
	db, err := bolt.Open(path, 0o600, &bolt.Options{Timeout: time.Second, PageSize: pageSize})
	if err != nil {
		return err
	}
	err = db.Update(func(tx *bolt.Tx) error {
		for _, name := range buckets() {
			if _, err := tx.CreateBucket(name); err != nil {
				return err
			}
		}
		return tx.Bucket(bucketMeta).Put(metaKey, text)
	})
	return errors.Join(err, db.Sync(), db.Close())
}

// openedFile is a ledger file that is open, and so locked.
type openedFile struct {
	db   *bolt.DB
	meta metadata
	// info is the very file, whatever lies under its name by now, and pages reads it.
	// It is the engine's own, which closes it: closing is db's.
	info  os.FileInfo
	pages io.ReaderAt
}

// openFile opens an existing ledger file after looking at it: bbolt maps the
// file, and reading past the end of a truncated one would kill the process.
func openFile(path string, options bolt.Options) (openedFile, error) {
	return openAfter(path, options, func(openedFile) error { return nil })
}

// openWalked opens a ledger file of which every page will be read, and which may
// be damaged: pages that lead in a circle would be followed until the memory is
// used up, which nothing can catch.
func openWalked(path string, options bolt.Options) (openedFile, error) {
	return openAfter(path, options, walkPages)
}

func openAfter(path string, options bolt.Options, check func(openedFile) error) (openedFile, error) {
	file, err := openLast(path, options)
	if err != nil {
		return openedFile{}, fmt.Errorf("open ledger %s: %w", path, err)
	}
	if err = check(file); err == nil {
		file.meta, err = readMetadata(file.db)
	}
	if err != nil {
		return openedFile{}, errors.Join(fmt.Errorf("open ledger %s: %w", path, err), file.db.Close())
	}
	return file, nil
}

// openLast opens the file that lies under a name. Another process may have
// upgraded it, and put the new one in its place, while this one waited for the
// lock of the old.
func openLast(path string, options bolt.Options) (openedFile, error) {
	for {
		if err := checkSize(path, options.Timeout); err != nil {
			return openedFile{}, err
		}
		file, err := openBolt(path, options)
		if err != nil {
			return openedFile{}, openError(err)
		}
		there, err := os.Stat(path)
		if err == nil && os.SameFile(file.info, there) {
			return file, nil
		}
		if err = errors.Join(err, file.db.Close()); err != nil {
			return openedFile{}, err
		}
	}
}

// openBolt opens a file whose free-list page may be damaged.
func openBolt(path string, options bolt.Options) (opened openedFile, err error) {
	options.OpenFile = func(name string, flag int, mode os.FileMode) (*os.File, error) {
		file, err := os.OpenFile(name, flag, mode) // #nosec G304 -- the operator names the file
		if err != nil {
			return nil, err
		}
		info, err := file.Stat()
		if err != nil {
			return nil, errors.Join(err, file.Close())
		}
		// bbolt keeps this function, and may ask for the file once more later.
		if opened.info == nil {
			opened.info, opened.pages = info, file
		}
		return file, nil
	}
	err = guard(func() error {
		opened.db, err = bolt.Open(path, 0o600, &options)
		return err
	})
	return opened, err
}

// guard runs what reads pages that may be damaged.
func guard(read func() error) error {
	fault, err := catchFault(read)
	if fault != nil {
		return fmt.Errorf("%w, or its pages are damaged: %v", ErrForeign, fault)
	}
	return err
}

// catchFault runs what reads pages that may be damaged: bbolt panics on one
// that is none, or follows it to where nothing is mapped, which would end the
// process.
func catchFault(read func() error) (fault any, err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() { fault = recover() }()
	return nil, read()
}

// checkSize looks at the file's length once no other process can change it.
func checkSize(path string, timeout time.Duration) error {
	before, err := os.Stat(path)
	if err != nil {
		return err
	}
	if before.Size() == 0 {
		return ErrTruncated
	}
	for same := false; !same; {
		// Read-only, bbolt touches the first two pages only.
		file, err := openBolt(path, bolt.Options{ReadOnly: true, Timeout: timeout})
		if err != nil {
			err = openError(err)
			// Too short for bbolt to see what it is: it has no two pages.
			if before.Size() < 2*pageSize && !errors.Is(err, ErrForeign) && !errors.Is(err, ErrLocked) {
				err = fmt.Errorf("%w, or %w: %w", ErrTruncated, ErrForeign, err)
			}
			return err
		}
		same, err = checkLength(file, path)
		if err = errors.Join(err, file.db.Close()); err != nil {
			return err
		}
	}
	return nil
}

// checkLength holds the file's length against its pages. The caller has it
// locked: before, another process may just have let it grow, or put another in
// its place, which is not the same then.
func checkLength(file openedFile, path string) (same bool, err error) {
	var size int64
	err = file.db.View(func(tx *bolt.Tx) error {
		size = tx.Size()
		return nil
	})
	if err != nil {
		return false, err
	}
	there, err := os.Stat(path)
	if err != nil || !os.SameFile(file.info, there) {
		return false, err
	}
	if there.Size() < size {
		err = fmt.Errorf("%w: it has %d bytes of %d", ErrTruncated, there.Size(), size)
	}
	return true, err
}

func openError(err error) error {
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return ErrLocked
	case errors.Is(err, bolterrors.ErrInvalid), errors.Is(err, bolterrors.ErrVersionMismatch), errors.Is(err, bolterrors.ErrChecksum):
		return fmt.Errorf("%w, or its first pages are damaged: %w", ErrForeign, err)
	default:
		return err
	}
}

func readMetadata(db *bolt.DB) (metadata, error) {
	var meta metadata
	err := guard(func() error {
		return db.View(func(tx *bolt.Tx) error { return meta.read(tx) })
	})
	return meta, err
}

func (m *metadata) read(tx *bolt.Tx) error {
	bucket := tx.Bucket(bucketMeta)
	if bucket == nil {
		return ErrForeign
	}
	if err := json.Unmarshal(bucket.Get(metaKey), m); err != nil {
		return fmt.Errorf("%w: %w", ErrForeign, err)
	}
	if m.Schema < 1 {
		return fmt.Errorf("%w: it has no schema version", ErrForeign)
	}
	if m.Schema > Schema {
		return fmt.Errorf("%w: its schema is %d, this program reads up to %d", ErrNewer, m.Schema, Schema)
	}
	needed := buckets()
	if m.Schema < Schema {
		needed = oldBuckets(m.Schema)
	}
	for _, name := range needed {
		if tx.Bucket(name) == nil {
			return fmt.Errorf("%w: it has no %s", ErrForeign, name)
		}
	}
	return nil
}
