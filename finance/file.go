package finance

import (
	"fmt"
	"net/http"
	"time"

	"paypoint/ledger"
	"paypoint/reconcile/settlement"
)

// settlementFile streams a closed day's file. Whatever its format, the header
// Settlement-SHA256 is the hash of the text file, which is the record.
func (a *api) settlementFile(c *call) error {
	day, err := c.day()
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
	batch, err := a.Settlement.Sealed(c.r.Context(), day)
	if err != nil {
		return a.aboutDay(day, err)
	}
	if c.r.Method == http.MethodHead {
		describe(c.answer.Header(), batch, c.act.Format)
		c.answer.WriteHeader(http.StatusOK)
		return nil
	}
	return a.stream(c, batch)
}

func (a *api) stream(c *call, batch ledger.Batch) error {
	// The server's limit for whole answers is not for files of any size.
	c.answer.deadline(time.Time{})
	out := &attachment{answer: c.answer, batch: batch, format: c.act.Format}
	if err := a.Settlement.Export(c.r.Context(), batch.Day, c.act.Format, out, nil); err != nil {
		return err
	}
	if err := http.NewResponseController(c.answer).Flush(); err != nil {
		return fmt.Errorf("send settlement file %s: %w", batch.Day, err)
	}
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

func describe(header http.Header, b ledger.Batch, f settlement.Format) {
	header.Set("Content-Type", f.ContentType())
	header.Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", settlement.FileName(b.Day, f)))
	header.Set("Settlement-SHA256", b.SHA256)
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
}
