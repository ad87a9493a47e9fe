package finance

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"paypoint/ledger"
	"paypoint/reconcile/settlement"
)

// settlementFile streams a closed day's file. Whatever its format, the header
// Settlement-SHA256 is the hash of the text file, which is the record.
func (a *api) settlementFile(c *call) error {
	day, err := a.day(c)
	if err != nil {
		return err
	}
	values, err := c.parameters("format")
	if err != nil {
		return err
	}
	if c.act.Format, err = formatOf(values); err != nil {
		return err
	}
	// The server's limit for whole answers is not for files of any size.
	c.answer.deadline(time.Time{})
	batch, err := a.Settlement.Sealed(c.r.Context(), day)
	if err != nil {
		return a.aboutDay(day, err)
	}
	// net/http would throw the body away, after all the work of making it.
	if c.r.Method == http.MethodHead {
		describe(c.answer.Header(), batch, c.act.Format)
		c.answer.WriteHeader(http.StatusOK)
		return nil
	}
	return a.stream(c, batch)
}

// stream sends the file as it is made.
func (a *api) stream(c *call, batch ledger.Batch) error {
	out := &attachment{answer: c.answer, batch: batch, format: c.act.Format}
	if err := a.Settlement.Export(c.r.Context(), batch.Day, c.act.Format, out, nil); err != nil {
		return err
	}
	if err := http.NewResponseController(c.answer).Flush(); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return fmt.Errorf("send settlement file %s: %w", batch.Day, err)
	}
	// The connection's next answer is not to inherit this one's deadline.
	c.answer.deadline(time.Time{})
	return nil
}

// idleLimit is how long a caller may take nothing of a file.
const idleLimit = 60 * time.Second

// attachment describes the file when its first bytes come, not before: until
// then a failure can still be answered as such.
type attachment struct {
	answer *answer
	batch  ledger.Batch
	format settlement.Format
}

// Write is io.Writer's.
func (a *attachment) Write(p []byte) (int, error) {
	if !a.answer.begun() {
		describe(a.answer.Header(), a.batch, a.format)
	}
	a.answer.deadline(time.Now().Add(idleLimit))
	return a.answer.Write(p)
}

// describe writes the file's header fields. No cache keeps it: it names what
// people paid for.
func describe(header http.Header, b ledger.Batch, f settlement.Format) {
	header.Set("Content-Type", f.ContentType())
	header.Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", settlement.FileName(b.Day, f)))
	header.Set("Settlement-SHA256", b.SHA256)
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
}
