package boltdb

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"

	bolt "go.etcd.io/bbolt"
)

// bbolt follows pages without looking where it has been: one that a failing disk
// has made lead back to a page above it sends it round for ever, and a stack that
// overflows ends the process. So the tree is walked here first. The layout of
// pages is bbolt's, version 2, in the byte order of the machine.
const (
	pageHeader    = 16 // id, flags, count, overflow
	pageElement   = 16 // of a branch: pos, ksize, id; of a leaf: flags, pos, ksize, vsize
	pageBranch    = 0x01
	pageLeaf      = 0x02
	elementBucket = 0x01
	// maxPageDepth is far more than the tree of any file that fits a disk has.
	maxPageDepth = 32
	// metaRoot is where a page with metadata has the root of the tree.
	metaRoot = pageHeader + 16
)

// pageWalk is a walk over the pages of a file that is open.
type pageWalk struct {
	file *os.File
	size int
	// pages is how many there are, and seen which of them the walk has met.
	pages uint64
	seen  []bool
}

// walkPages makes sure that no page is met twice, and that every one is there.
// Errors: a *Difference, and the system's.
func walkPages(of openedFile) (err error) {
	file, err := os.Open(of.db.Path())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return guard(func() error {
		return of.db.View(func(tx *bolt.Tx) error {
			w := pageWalk{file: file, size: of.db.Info().PageSize}
			return w.all(tx)
		})
	})
}

func (w *pageWalk) all(tx *bolt.Tx) error {
	w.pages = uint64(tx.Size()) / uint64(w.size)
	w.seen = make([]bool, w.pages)
	// bbolt writes the metadata of transaction n to page n modulo 2; a copy has the
	// same in both. A transaction that reads has the number of the last that wrote.
	meta, err := w.read(uint64(tx.ID())%2, 1)
	if err != nil {
		return err
	}
	return w.page(binary.NativeEndian.Uint64(meta[metaRoot:]), 0)
}

func (w *pageWalk) read(id, count uint64) ([]byte, error) {
	page := make([]byte, uint64(w.size)*count)
	if _, err := w.file.ReadAt(page, int64(id)*int64(w.size)); err != nil {
		return nil, fmt.Errorf("read page %d: %w", id, err)
	}
	return page, nil
}

// page walks over a page and those below it.
func (w *pageWalk) page(id uint64, depth int) error {
	switch {
	case id < 2 || id >= w.pages:
		return w.damaged(id, "is none of the file's")
	case w.seen[id]:
		return w.damaged(id, "is led to twice")
	case depth > maxPageDepth:
		return w.damaged(id, "lies too deep")
	}
	w.seen[id] = true
	page, err := w.read(id, 1)
	if err != nil {
		return err
	}
	if more := uint64(binary.NativeEndian.Uint32(page[12:])); more > 0 {
		if more >= w.pages-id {
			return w.damaged(id, "goes on beyond the file's end")
		}
		if page, err = w.read(id, more+1); err != nil {
			return err
		}
	}
	flags, count := binary.NativeEndian.Uint16(page[8:]), int(binary.NativeEndian.Uint16(page[10:]))
	if pageHeader+count*pageElement > len(page) || flags != pageBranch && flags != pageLeaf {
		return w.damaged(id, "is neither a branch nor a leaf")
	}
	for i := range count {
		element := pageHeader + i*pageElement
		if flags == pageBranch {
			err = w.page(binary.NativeEndian.Uint64(page[element+8:]), depth+1)
		} else {
			err = w.leafElement(id, page, element, depth)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// leafElement walks over a bucket that lies in pages of its own.
func (w *pageWalk) leafElement(id uint64, page []byte, at, depth int) error {
	field := func(n int) uint64 { return uint64(binary.NativeEndian.Uint32(page[at+4*n:])) }
	value := uint64(at) + field(1) + field(2)
	if value+field(3) > uint64(len(page)) {
		return w.damaged(id, "has a row that goes on beyond its end")
	}
	if field(0)&elementBucket == 0 {
		return nil
	}
	if field(3) < 16 {
		return w.damaged(id, "has a bucket without a root")
	}
	// One that is small lies in the row itself, and has no root.
	if root := binary.NativeEndian.Uint64(page[value:]); root != 0 {
		return w.page(root, depth+1)
	}
	return nil
}

func (w *pageWalk) damaged(id uint64, what string) error {
	return &Difference{"file structure", fmt.Sprintf("page %d %s", id, what)}
}
