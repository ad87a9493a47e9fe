package money

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"paypoint/access/audit"
	"paypoint/console/frame"
	"paypoint/ledger"
	"paypoint/locale"
	"paypoint/reconcile"
)

// idleLimit is how long the sender of a file may pause.
const idleLimit = time.Minute

// importPath is the page of an import.
func importPath(id string) string { return "/money/imports/" + id }

// importView is the form of a file of transfers.
type importView struct {
	// MostRows and MostBytes are the limits of a file.
	MostRows, MostBytes int
}

func newImportView() importView {
	return importView{MostRows: reconcile.MaxTransferRows, MostBytes: reconcile.MaxTransferFile}
}

// newImport answers GET /money/transfers/import.
func (a *area) newImport(c *frame.Call) error {
	return showImport(c, nil)
}

// showImport shows the form, with what was wrong with the file. The script shows that
// by itself.
func showImport(c *frame.Call, faults frame.Faults) error {
	if len(faults) > 0 && c.WantsJSON() {
		return faults
	}
	return c.Page("money/import", frame.Page{Title: c.T("money.import.title"), Data: newImportView(), Faults: faults})
}

// wrongFile are the faults of a file that is none of transfers.
func wrongFile(c *frame.Call, key string, pairs ...any) frame.Faults {
	return frame.Faults{{Field: "file", Text: c.T(key, pairs...)}}
}

// importTransfers answers POST /money/transfers/import: the file is taken whole or
// not at all, and a page says what came of each line.
func (a *area) importTransfers(c *frame.Call) error {
	upload, err := c.Upload()
	if err != nil {
		return showImport(c, wrongFile(c, "money.import.missing"))
	}
	c.Object(audit.KindTransfer, "")
	body, err := receive(c, upload)
	if faults := frame.Faults(nil); errors.As(err, &faults) {
		return showImport(c, faults)
	}
	if err != nil {
		return err
	}
	if !c.StillMay() {
		return frame.Forbidden()
	}
	r := report{Name: upload.Name, By: c.Person().ID, At: c.Now()}
	// Who hangs up now leaves no work half done.
	done, err := a.Cash.ImportTransfers(context.WithoutCancel(c.Context()), bytes.NewReader(body), r.By)
	r.take(done)
	if err == nil {
		c.Changed("", fmt.Sprintf("%q: %d transfers, %d of them new, SHA-256 %x", r.Name, done.Rows, done.New, sha256.Sum256(body)))
		return c.Done(importPath(a.imports.Keep(r)), "money.import.done", "count", done.Rows, "new", done.New)
	}
	faults := (*reconcile.TransferFaults)(nil)
	if errors.As(err, &faults) {
		r.Faults, r.MoreFaults = faults.Faults, faults.More
		c.Changed("", fmt.Sprintf("%q: none, %d lines are wrong", r.Name, len(r.Faults)))
		return c.DoneRefused(importPath(a.imports.Keep(r)))
	}
	return importFailed(c, done, err)
}

// importFailed is the answer to a file that no line of is to blame for: it may be sent
// again.
func importFailed(c *frame.Call, done reconcile.TransfersImported, err error) error {
	switch {
	case errors.Is(err, reconcile.ErrTransferFile):
		return showImport(c, tooLarge(c))
	case !errors.Is(err, ledger.ErrBusy) && !errors.Is(err, ledger.ErrNotCommitted) && !errors.Is(err, ledger.ErrOutcomeUnknown):
		return err
	}
	c.Changed("", fmt.Sprintf("%d of %d transfers, then the ledger failed", len(done.Transfers), done.Rows))
	return frame.Refused("money.import.unconfirmed", "done", len(done.Transfers), "count", done.Rows)
}

// tooLarge are the faults of a file beyond the reader's limit.
func tooLarge(c *frame.Call) frame.Faults {
	return wrongFile(c, "money.import.too_large", "most", locale.Count(reconcile.MaxTransferFile))
}

// receive reads a file into memory: it is small. A sender who pauses is not waited
// for.
func receive(c *frame.Call, upload *frame.Upload) ([]byte, error) {
	// Beside the file a form has its hidden inputs.
	if upload.Size > reconcile.MaxTransferFile+frame.MaxForm {
		return nil, tooLarge(c)
	}
	body, err := io.ReadAll(io.LimitReader(timed{upload, http.NewResponseController(c.W)}, reconcile.MaxTransferFile+1))
	switch {
	case err != nil:
		return nil, frame.Refused("money.import.broken_off")
	case len(body) > reconcile.MaxTransferFile:
		return nil, tooLarge(c)
	default:
		return body, nil
	}
}

// timed reads as long as the sender does not pause for idleLimit.
type timed struct {
	in      io.Reader
	control *http.ResponseController
}

// Read is io.Reader's. A server that has no deadlines needs none.
func (t timed) Read(p []byte) (int, error) {
	_ = t.control.SetReadDeadline(time.Now().Add(idleLimit))
	n, err := t.in.Read(p)
	if err != nil {
		_ = t.control.SetReadDeadline(time.Time{}) // the connection's next request has its own
	}
	return n, err
}

// imported answers GET /money/imports/{id}.
func (a *area) imported(c *frame.Call) error {
	r, is := a.imports.Get(c.R.PathValue("id"))
	if !is {
		return frame.NotFound("money.import.gone")
	}
	title := c.T("money.import.taken")
	if len(r.Faults) > 0 {
		title = c.T("money.import.not_taken")
	}
	return c.Page("money/imported", frame.Page{Title: title, Data: importedView{r, r.faultLines(c.T), newImportView()}})
}
