package reconciliation

import (
	"context"
	"io"
	"iter"

	"paypoint/access"
	"paypoint/access/audit"
	"paypoint/console/frame"
	"paypoint/locale"
	"paypoint/reconcile/partnerfile"
	"paypoint/reconcile/sheet"
)

// workView is the page of a work.
type workView struct {
	Work

	// Told is how far it is as a sentence.
	Told string
	// Error is the key of what ended it; "" where nothing did.
	Error string
	// Versions are the day's file versions, where this is the newest of several.
	Versions []FileRow
	// Most is how many faults are shown.
	Most int
}

// workIn is the work in a request's path. It is shown to who began it, and to those
// who may import files themselves.
func (a *area) workIn(c *frame.Call) (Work, error) {
	w, is := a.find(c.R.PathValue("id"))
	mine := w.By == c.Person().ID || c.May(access.ActFileImport)
	if !is || !mine {
		return Work{}, frame.NotFound("reconciliation.work.unknown")
	}
	return w, nil
}

// showWork shows how far a work is, and what came of it.
func (a *area) showWork(c *frame.Call) error {
	w, err := a.workIn(c)
	if err != nil {
		return err
	}
	if _, err := c.Query(); err != nil {
		return err
	}
	view := workView{Work: w, Told: told(c, w, w.Rate(a.Now())), Most: partnerfile.MaxTrial}
	if w.Err != nil {
		view.Error = wordOf(w.Err)
	}
	if w.File.Version > 1 {
		versions, err := a.Reconciliation.Files(c.Context(), w.File.Day)
		if err != nil {
			return err
		}
		view.Versions = FileRows(versions)
	}
	return c.Page("reconciliation/work", frame.Page{Title: c.T("reconciliation.work.title." + string(w.Phase())), Data: view})
}

// workState is a work as the page's script reads it.
type workState struct {
	Phase   Phase  `json:"phase"`
	Over    bool   `json:"over"`
	Percent int    `json:"percent"`
	Text    string `json:"text"`
}

// tellWork tells the script how far a work is.
func (a *area) tellWork(c *frame.Call) error {
	w, err := a.workIn(c)
	if err != nil {
		return err
	}
	return c.JSON(workState{Phase: w.Phase(), Over: w.Over(), Percent: w.Percent(), Text: told(c, w, w.Rate(a.Now()))})
}

// told is how far a work is, as a sentence.
func told(c *frame.Call, w Work, rate int64) string {
	return c.T("reconciliation.work.told."+string(w.Phase()), "bytes", locale.Count(w.Received()), "lines", locale.Count(int64(w.Done)), "rate", locale.Count(rate))
}

// stopWork asks a work to end.
func (a *area) stopWork(c *frame.Call) error {
	w, err := a.workIn(c)
	if err != nil {
		return err
	}
	c.Object(audit.KindWork, w.ID)
	if w.Over() {
		return frame.Refused("reconciliation.work.over")
	}
	a.works.Stop(w.ID)
	return c.Done("/work/"+w.ID, "reconciliation.work.stopping")
}

// sendFaults sends what is wrong with a file as CSV.
func (a *area) sendFaults(c *frame.Call) error {
	w, err := a.workIn(c)
	if err != nil {
		return err
	}
	if len(w.Faults) == 0 {
		return frame.NotFound("reconciliation.work.no_faults")
	}
	columns := []sheet.Column{{Name: "line", Kind: sheet.Serial}, {Name: "column"}, {Name: "text"}, {Name: "reason"}}
	return c.Download("faults.csv", sheet.CSV.ContentType(), func(to io.Writer) error {
		return sheet.Write(context.WithoutCancel(c.Context()), sheet.CSV, to, a.TempDir, "faults", columns, faultRows(w.Faults), nil, nil)
	})
}

// faultRows are faults as a table.
func faultRows(faults []*partnerfile.LineError) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		for _, f := range faults {
			if !yield([]any{f.Line, f.Column, f.Text, f.Rule}, nil) {
				return
			}
		}
	}
}
