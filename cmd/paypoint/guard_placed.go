package main

import (
	"errors"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	// writePatience is how long a caller may take no byte of an answer. An answer
	// may have less time as a whole; a download has as long as it goes on.
	writePatience = 30 * time.Second
	// writePart is of how much it is looked after how far it went.
	writePart = 64 << 10
	// writeBuffer is what the kernel keeps of an answer. It says that there is room
	// only when about a third is free: of the megabytes that it would take by
	// itself, a slow caller could not take that within writePatience.
	writeBuffer = 128 << 10
)

// placed is a connection with its place.
type placed struct {
	net.Conn
	home *places
	// holder is under which name its place is counted.
	holder string
	// state is the server's view of it, and since when; home.mu guards them.
	state http.ConnState
	since time.Time
	// heard is when its last bytes came; reading is since when a handler waits for
	// a body's bytes, and writing since when an answer's wait to be taken, both 0
	// when not. All are in nanoseconds since 1970.
	heard, reading, writing atomic.Int64
	// writeBy is the deadline that was set for writing, likewise.
	writeBy atomic.Int64
}

// Read is net.Conn's.
func (c *placed) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 {
		c.heard.Store(time.Now().UnixNano())
	}
	return n, err
}

// SetWriteDeadline is net.Conn's.
func (c *placed) SetWriteDeadline(t time.Time) error {
	by := int64(0)
	if !t.IsZero() {
		by = t.UnixNano()
	}
	c.writeBy.Store(by)
	return c.Conn.SetWriteDeadline(t)
}

// Write is net.Conn's. Whoever takes no byte for writePatience is gone, even
// where the answer as a whole may take any time: the system's keep-alive does not
// find him, for his system goes on to say that it has no room.
func (c *placed) Write(b []byte) (written int, err error) {
	defer c.writing.Store(0)
	for first := true; first || len(b) > 0 && err == nil; first = false {
		part := b[:min(len(b), writePart)]
		now := time.Now()
		c.writing.Store(now.UnixNano())
		if err := c.Conn.SetWriteDeadline(c.deadline(now)); err != nil {
			return written, err
		}
		var n int
		n, err = c.Conn.Write(part)
		written, b = written+n, b[n:]
	}
	return written, err
}

// deadline is until when the next bytes must be taken.
func (c *placed) deadline(now time.Time) time.Time {
	patient := now.Add(c.home.patience)
	if by := c.writeBy.Load(); by != 0 && by < patient.UnixNano() {
		return time.Unix(0, by)
	}
	return patient
}

// Close is net.Conn's; the place is free then.
func (c *placed) Close() error {
	err := c.Conn.Close()
	c.home.mu.Lock()
	c.home.forget(c)
	c.home.mu.Unlock()
	c.home.tell()
	return err
}

// unread says that bytes have come which the server has not read.
func unread(connection net.Conn) bool {
	socket, ok := connection.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return false
	}
	var n int
	err = raw.Control(func(fd uintptr) {
		n, _, _ = syscall.Recvfrom(int(fd), make([]byte, 1), syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
	})
	return err == nil && n > 0
}

// awaitedBody is a request's body that says when a handler waits for it: nothing
// is decided meanwhile, so the connection can be spared.
type awaitedBody struct {
	io.ReadCloser
	// place is the connection's; nil where it has none.
	place *placed
	ended bool
}

// awaitBody puts it around a request's body; nil where there is none.
func awaitBody(r *http.Request) *awaitedBody {
	if r.Body == nil || r.Body == http.NoBody {
		return nil
	}
	place, _ := r.Context().Value(placeKey{}).(*placed)
	body := &awaitedBody{ReadCloser: r.Body, place: place}
	r.Body = body
	return body
}

// Read is io.Reader's.
func (b *awaitedBody) Read(p []byte) (int, error) {
	if b.place != nil {
		b.place.reading.Store(time.Now().UnixNano())
		defer b.place.reading.Store(0)
	}
	n, err := b.ReadCloser.Read(p)
	if errors.Is(err, io.EOF) {
		b.ended = true
	}
	return n, err
}

// left says that some of the body has not been read.
func (b *awaitedBody) left() bool { return b != nil && !b.ended }
