package frame

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"iter"
	"mime"
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"
)

const (
	// DiskReserve is how much room, in bytes, is left to the ledger on the disk where
	// exports are made: without any it stops. It is what the alarm PaypointDiskFull
	// waits for.
	DiskReserve = 1 << 30
	// bytesPerLook is how much of a file is written, and rowsPerLook how many rows of a
	// list are read, between two looks at the room that is left: workbooks are written
	// beside their file first.
	bytesPerLook = 16 << 20
	rowsPerLook  = 20_000
)

// freeRoom is how many bytes are free on the file system of a folder; "" is the
// system's for temporary files.
func freeRoom(folder string) (uint64, error) {
	folder = cmp.Or(folder, os.TempDir())
	var stat syscall.Statfs_t
	if err := syscall.Statfs(folder, &stat); err != nil {
		return 0, &os.PathError{Op: "statfs", Path: folder, Err: err}
	}
	return stat.Bavail * uint64(stat.Bsize), nil // #nosec G115 -- a block's size is above 0
}

// checkRoom refuses, with 503, to make files of what the ledger will need.
func (f *Frame) checkRoom() error {
	free, err := f.Room(f.TempDir)
	if err != nil {
		return fmt.Errorf("look for room for an export: %w", err)
	}
	if free < DiskReserve {
		return noRoom(fmt.Errorf("%d bytes are free, and %d the ledger's", free, DiskReserve))
	}
	return nil
}

// noRoom is answered with 503; cause is for the log.
func noRoom(cause error) error {
	return &failure{status: http.StatusServiceUnavailable, key: "frame.fault.room", cause: cause}
}

// sparing writes as long as there is room.
type sparing struct {
	io.Writer

	check   func() error
	written int
}

// Write is io.Writer's. Its error is checkRoom's too.
func (s *sparing) Write(p []byte) (int, error) {
	if s.written += len(p); s.written >= bytesPerLook {
		s.written = 0
		if err := s.check(); err != nil {
			return 0, err
		}
	}
	return s.Writer.Write(p)
}

// sparingly are rows as long as there is room.
func (f *Frame) sparingly(rows iter.Seq2[[]any, error]) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		read := 0
		for row, err := range rows {
			if read++; err == nil && read%rowsPerLook == 0 {
				err = f.checkRoom()
			}
			if !yield(row, err) {
				return
			}
		}
	}
}

// spooled is a file that was made and is to be sent.
type spooled struct {
	*os.File
	size int64
}

// spool has a file written to the disk, and tells made when that is over: also
// when the work panics, or the turn would be lost for good.
func (c *Call) spool(write func(io.Writer) error, made func()) (*spooled, error) {
	defer made()
	file, err := os.CreateTemp(c.frame.TempDir, "paypoint-export-*")
	if err != nil {
		return nil, err
	}
	s := &spooled{File: file}
	if err := write(&sparing{Writer: file, check: c.frame.checkRoom}); err != nil {
		s.discard()
		return nil, err
	}
	if s.size, err = file.Seek(0, io.SeekCurrent); err == nil {
		_, err = file.Seek(0, io.SeekStart)
	}
	if err != nil {
		s.discard()
		return nil, err
	}
	return s, nil
}

// discard removes the file. That it can't be is no reason to keep the person
// waiting: it lies among temporary files.
func (s *spooled) discard() { _ = errors.Join(s.Close(), os.Remove(s.Name())) }

// send answers with a file that was made.
func (c *Call) send(file *spooled) error {
	c.W.Header().Set("Content-Length", strconv.FormatInt(file.size, 10))
	c.status = http.StatusOK
	c.W.WriteHeader(http.StatusOK)
	if _, err := io.Copy(c.W, file); err != nil && c.Context().Err() == nil {
		return fmt.Errorf("send export: %w", err)
	}
	return nil
}

// disposition has a browser keep a file under a name (RFC 6266).
func disposition(name string) string {
	name = strings.Map(func(r rune) rune {
		if r < ' ' || strings.ContainsRune(`/\"`, r) {
			return '_'
		}
		return r
	}, name)
	return mime.FormatMediaType("attachment", map[string]string{"filename": name})
}
