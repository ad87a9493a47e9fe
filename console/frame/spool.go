package frame

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"

	"paypoint/reconcile/sheet"
)

// room is the disk where exports are made.
func (f *Frame) room() sheet.Room { return sheet.Room{Folder: f.TempDir, Free: f.Room} }

// withoutRoom has an error answered with 503 where it says that the disk is full, or
// would take of what the ledger will need.
func withoutRoom(err error) error {
	if errors.Is(err, sheet.ErrNoRoom) || errors.Is(err, syscall.ENOSPC) {
		return Unavailable(err, "frame.fault.room")
	}
	return err
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
	if err := write(c.frame.room().Writer(file)); err != nil {
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
