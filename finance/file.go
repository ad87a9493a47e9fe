package finance

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// idleLimit is how long a caller may take nothing of a file, or give nothing.
const idleLimit = 60 * time.Second

// download is a file that is made as it is sent.
type download struct {
	name, contentType string
	// header is a header field that goes with it, if any.
	header [2]string
	// write makes it.
	write func(io.Writer) error
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
	if err := d.write(out); err != nil {
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
