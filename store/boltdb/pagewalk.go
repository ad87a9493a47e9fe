package boltdb

import (
	"encoding/binary"
	"fmt"
	"io"

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
	bucketHead    = 16 // of a bucket's value: root, sequence
	// maxPageDepth is far more than the tree of any file that fits a disk has.
	maxPageDepth = 32
	// metaRoot is where a page with metadata has the root of the tree.
	metaRoot = pageHeader + 16
)

// pageWalk is a walk over the pages of a file that is open.
type pageWalk struct {
	file io.ReaderAt
	size uint64 // of a page, in bytes
	// pages is how many there are, and seen which of them the walk has met.
	pages uint64
	seen  []bool
}

// walkPages makes sure that no page is met twice, and that every one is there.
// Errors: a *Difference, and the system's.
func walkPages(of openedFile) error {
	return guard(func() error {
		return of.db.View(func(tx *bolt.Tx) error {
			w := pageWalk{file: of.pages, size: uint64(of.db.Info().PageSize)} // #nosec G115 -- a uint32 in the file
			return w.all(tx)
		})
	})
}

func (w *pageWalk) all(tx *bolt.Tx) error {
	w.pages = uint64(tx.Size()) / w.size // #nosec G115 -- a file is no shorter than empty
	w.seen = make([]bool, w.pages)
	// bbolt writes the metadata of transaction n to page n modulo 2; a copy has the
	// same in both. A transaction that reads has the number of the last that wrote.
	meta, err := w.read(uint64(tx.ID())%2, w.size) // #nosec G115 -- counts from 0
	if err != nil {
		return err
	}
	return w.page(binary.NativeEndian.Uint64(meta[metaRoot:]), 0)
}

// read reads the first bytes of a page.
func (w *pageWalk) read(id, length uint64) ([]byte, error) {
	page := make([]byte, length)
	at := int64(id * w.size) // #nosec G115 -- id is one of the file's pages
	if _, err := w.file.ReadAt(page, at); err != nil {
		return nil, fmt.Errorf("read page %d: %w", id, err)
	}
	return page, nil
}

// leadsToLeaf makes sure that the pages by which bbolt finds a bucket's last row
// end in a leaf. A disk that did not write one of them can have left an older page
// there that leads back to itself: bbolt would follow it until the memory ends.
// Errors: a *Difference, and the system's.
func leadsToLeaf(file io.ReaderAt, tx *bolt.Tx, bucket []byte) error {
	id := uint64(tx.Bucket(bucket).Root())
	if id == 0 {
		return nil // its rows stand in the page of its name
	}
	w := pageWalk{file: file, size: uint64(tx.DB().Info().PageSize)} // #nosec G115 -- a uint32 in the file
	w.pages = uint64(tx.Size()) / w.size                             // #nosec G115 -- a file is no shorter than empty
	for range maxPageDepth {
		if id < 2 || id >= w.pages {
			return w.damaged(id, "is none of the file's")
		}
		page, err := w.elements(id)
		if err != nil || !page.branch {
			return err
		}
		id = binary.NativeEndian.Uint64(page.head[pageHeader+(page.count-1)*pageElement+8:])
	}
	return w.damaged(id, "lies too deep")
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
	page, err := w.elements(id)
	if err != nil {
		return err
	}
	for i := range page.count {
		if err := w.element(page, i, depth); err != nil {
			return err
		}
	}
	return nil
}

// walkedPage is a page of the tree, of which the rows were not read: a number that
// is damaged can make one as long as the file.
type walkedPage struct {
	id, length uint64 // length is in bytes
	branch     bool
	count      uint64
	head       []byte // as far as the elements' end, or further
}

// elements reads a page's elements.
func (w *pageWalk) elements(id uint64) (walkedPage, error) {
	head, err := w.read(id, w.size)
	if err != nil {
		return walkedPage{}, err
	}
	flags, more := binary.NativeEndian.Uint16(head[8:]), uint64(binary.NativeEndian.Uint32(head[12:]))
	page := walkedPage{id: id, length: (more + 1) * w.size, branch: flags == pageBranch, count: uint64(binary.NativeEndian.Uint16(head[10:])), head: head}
	end := pageHeader + page.count*pageElement
	is := binary.NativeEndian.Uint64(head)
	switch {
	case is != id:
		return page, w.damaged(id, fmt.Sprintf("says that it is page %d", is))
	case more >= w.pages-id:
		return page, w.damaged(id, "goes on beyond the file's end")
	case end > page.length || !page.branch && flags != pageLeaf:
		return page, w.damaged(id, "is neither a branch nor a leaf")
	case page.branch && page.count == 0:
		return page, w.damaged(id, "is a branch that leads nowhere")
	case end > w.size:
		page.head, err = w.read(id, end)
	}
	return page, err
}

// element walks over what an element of a page leads to.
func (w *pageWalk) element(page walkedPage, i uint64, depth int) error {
	at := pageHeader + i*pageElement
	field := func(n uint64) uint64 { return uint64(binary.NativeEndian.Uint32(page.head[at+4*n:])) }
	if page.branch {
		if at+field(0)+field(1) > page.length {
			return w.damaged(page.id, "has a key that goes on beyond its end")
		}
		return w.page(binary.NativeEndian.Uint64(page.head[at+8:]), depth+1)
	}
	value := at + field(1) + field(2)
	switch {
	case value+field(3) > page.length:
		return w.damaged(page.id, "has a row that goes on beyond its end")
	case field(0)&elementBucket == 0:
		return nil
	case field(3) < bucketHead:
		return w.damaged(page.id, "has a bucket without a root")
	}
	root := make([]byte, 8)
	from := int64(page.id*w.size + value) // #nosec G115 -- within one of the file's pages
	if _, err := w.file.ReadAt(root, from); err != nil {
		return fmt.Errorf("read page %d: %w", page.id, err)
	}
	// A bucket that is small lies in the row itself, and has no root.
	if root := binary.NativeEndian.Uint64(root); root != 0 {
		return w.page(root, depth+1)
	}
	return nil
}

func (w *pageWalk) damaged(id uint64, what string) error {
	return &Difference{"file structure", fmt.Sprintf("page %d %s", id, what)}
}
