package finance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"syscall"
	"time"

	"paypoint/reconcile"
	"paypoint/reconcile/sheet"
)

// idleLimit is how long a caller may take nothing of a file, or give nothing.
const idleLimit = 60 * time.Second

// download is a file that is made as it is sent.
type download struct {
	name, contentType string
	// header is a header field that goes with it, if any.
	header [2]string
	// onDisk says that it is made on the disk before its first byte leaves, as
	// workbooks are: that takes room which may be the ledger's.
	onDisk bool
	// write makes it, as long as ctx lasts; told is told how much is done.
	write func(ctx context.Context, w io.Writer, told reconcile.Progress) error
}

// describe writes the file's header fields. No cache keeps it: it names what
// people paid for.
func (d download) describe(header http.Header) {
	header.Set("Content-Type", d.contentType)
	header.Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", d.name))
	if d.header[0] != "" {
		header.Set(d.header[0], d.header[1])
	}
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
}

// send answers with a file.
func (c *call) send(d download) error {
	// The server's limit for whole answers is not for files of any size.
	c.answer.wait()
	// net/http would throw the body away, after all the work of making it.
	if c.r.Method == http.MethodHead {
		d.describe(c.answer.Header())
		c.answer.WriteHeader(http.StatusOK)
		return nil
	}
	out := &attachment{answer: c.answer, download: d}
	if err := c.write(d, out); err != nil {
		return err
	}
	// A file without a byte is one too.
	if _, err := out.Write(nil); err != nil {
		return fmt.Errorf("send %s: %w", d.name, err)
	}
	if err := http.NewResponseController(c.answer).Flush(); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return fmt.Errorf("send %s: %w", d.name, err)
	}
	// The connection's next answer is not to inherit this one's deadline.
	c.answer.wait()
	return nil
}

// write has the file written. One that is made on the disk is not begun, or ended,
// where it would take of the ledger's room.
func (c *call) write(d download, out io.Writer) error {
	if !d.onDisk {
		return d.write(c.r.Context(), out, nil)
	}
	if err := c.room.Check(); err != nil {
		return withoutRoom(err)
	}
	ctx, end := context.WithCancelCause(c.r.Context())
	defer end(nil)
	err := d.write(ctx, out, c.room.Watch(end))
	if full := context.Cause(ctx); err != nil && errors.Is(full, sheet.ErrNoRoom) {
		err = full
	}
	return withoutRoom(err)
}

// withoutRoom has an error say so where the disk is full, or has what is the ledger's.
func withoutRoom(err error) error {
	if errors.Is(err, sheet.ErrNoRoom) || errors.Is(err, syscall.ENOSPC) {
		return failure{
			status: http.StatusInsufficientStorage, Code: "no_room",
			Message: "the server's disk has too little room to make a workbook: what is left is kept for payments. Other formats need none",
		}.because(err)
	}
	return err
}

// attachment describes the file when its first bytes come, not before: until
// then a failure can still be answered as such.
type attachment struct {
	answer   *answer
	download download
}

// Write is io.Writer's.
func (a *attachment) Write(p []byte) (int, error) {
	if !a.answer.begun() {
		a.download.describe(a.answer.Header())
	}
	a.answer.deadline(time.Now().Add(idleLimit))
	return a.answer.Write(p)
}
