package sheet

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"syscall"
)

const (
	// DiskReserve is how much room, in bytes, is left to the ledger on the disk where
	// files are made: without any it stops. It is what the alarm PaypointDiskFull
	// waits for.
	DiskReserve = 1 << 30
	// bytesPerLook is how much of a file is written, and rowsPerLook how many rows of a
	// list are read, between two looks at the room that is left: workbooks are written
	// beside their file first.
	bytesPerLook = 16 << 20
	rowsPerLook  = 20_000
)

// ErrNoRoom: a file would take of the room that is the ledger's.
var ErrNoRoom = errors.New("too little room for a file")

// Room is the disk on which files are made.
type Room struct {
	// Folder is where; empty is the system's for temporary files.
	Folder string
	// Free is how many bytes are free on the file system of a folder; nil is FreeRoom.
	Free func(folder string) (uint64, error)
}

// FreeRoom is how many bytes are free on the file system of a folder; "" is the
// system's for temporary files.
func FreeRoom(folder string) (uint64, error) {
	folder = cmp.Or(folder, os.TempDir())
	var stat syscall.Statfs_t
	if err := syscall.Statfs(folder, &stat); err != nil {
		return 0, &os.PathError{Op: "statfs", Path: folder, Err: err}
	}
	return stat.Bavail * uint64(stat.Bsize), nil // #nosec G115 -- a block's size is above 0
}

// Check is ErrNoRoom where less than DiskReserve is left; other errors are the
// file system's.
func (r Room) Check() error {
	look := r.Free
	if look == nil {
		look = FreeRoom
	}
	free, err := look(r.Folder)
	if err != nil {
		return fmt.Errorf("look for room for a file: %w", err)
	}
	if free < DiskReserve {
		return fmt.Errorf("%d bytes are free, and %d the ledger's: %w", free, DiskReserve, ErrNoRoom)
	}
	return nil
}

// Writer writes to w as long as there is room. Its errors are Check's too.
func (r Room) Writer(w io.Writer) io.Writer { return &sparing{Writer: w, room: r} }

// sparing is Room.Writer.
type sparing struct {
	io.Writer

	room    Room
	written int
}

// Write is io.Writer's.
func (s *sparing) Write(p []byte) (int, error) {
	if s.written += len(p); s.written >= bytesPerLook {
		s.written = 0
		if err := s.room.Check(); err != nil {
			return 0, err
		}
	}
	return s.Writer.Write(p)
}

// Rows are rows as long as there is room. Their errors are Check's too.
func (r Room) Rows(rows iter.Seq2[[]any, error]) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		read := 0
		for row, err := range rows {
			if read++; err == nil && read%rowsPerLook == 0 {
				err = r.Check()
			}
			if !yield(row, err) {
				return
			}
		}
	}
}

// Watch tells a file's progress to the disk: end is called with Check's error, at each look,
// where there is no room for what is still to come. It is for those that read their
// rows themselves, and stop with their context.
func (r Room) Watch(end func(error)) func(done, total int) {
	next := rowsPerLook
	return func(done, _ int) {
		if done < next {
			return
		}
		next = done + rowsPerLook
		if err := r.Check(); err != nil {
			end(err)
		}
	}
}
