package reconciliation

import (
	"context"
	"errors"
	"slices"

	"paypoint/access/audit"
	"paypoint/console/frame"
	"paypoint/ledger"
	"paypoint/reconcile"
	"paypoint/reconcile/partnerfile"
)

// gapView is the page of what a restored ledger lacks.
type gapView struct {
	// Gap is nil where the ledger lacks nothing.
	Gap *reconcile.Gap
	// Days are the gap's, each with what it waits for.
	Days []GapRow
	// Ready says that nothing hinders the sign-off; Own that the person had a hand in
	// filling the gap, so that another has to sign.
	Ready, Own bool
	// Acceptable are the days that can be signed off without a whole file.
	Acceptable []ledger.Day
	// Most is the largest file in bytes.
	Most int64
}

// GapRow is a day of a gap with what it lacks.
type GapRow struct {
	reconcile.GapDay

	Wants []reconcile.Want
}

// GapRows joins a gap's days with what hinders them.
func GapRows(g reconcile.Gap) []GapRow {
	rows := make([]GapRow, 0, len(g.Days))
	for _, day := range g.Days {
		row := GapRow{GapDay: day}
		for _, h := range g.Hinders {
			if h.Day == day.Day {
				row.Wants = append(row.Wants, h.Want)
			}
		}
		rows = append(rows, row)
	}
	return rows
}

// Acceptable says that the day lacks its file and nothing else, which an approver may
// accept.
func (r GapRow) Acceptable() bool {
	return len(r.Wants) > 0 && !slices.ContainsFunc(r.Wants, func(w reconcile.Want) bool {
		return w != reconcile.WantFile && w != reconcile.WantWhole
	})
}

// showGap shows what a restored ledger lacks, and what to do about it.
func (a *area) showGap(c *frame.Call) error {
	if _, err := c.Query(); err != nil {
		return err
	}
	return a.gapPage(c, nil)
}

// gapPage is the page, after a form that was refused with its faults.
func (a *area) gapPage(c *frame.Call, faults frame.Faults) error {
	view := gapView{Most: partnerfile.MaxFile}
	gap, err := a.Reconciliation.Gap(c.Context())
	switch {
	case errors.Is(err, ledger.ErrNoRecovery):
	case err != nil:
		return err
	default:
		view.Gap, view.Days = &gap, GapRows(gap)
		view.Own = slices.Contains(gap.Hands, c.Person().ID)
		view.Ready = true
		for _, row := range view.Days {
			if row.Acceptable() {
				view.Acceptable = append(view.Acceptable, row.Day)
			}
			view.Ready = view.Ready && (len(row.Wants) == 0 || row.Acceptable())
		}
	}
	return c.Page("reconciliation/recovery", frame.Page{Title: c.T("reconciliation.recovery.title"), Data: view, Faults: faults})
}

// fillGap takes a file of Indomaret's, and proposes what fills the gap by it.
func (a *area) fillGap(c *frame.Call) error {
	return a.upload(c, Facts{Gap: true}, func(ctx context.Context, j *job, in reconcile.FileIn) error {
		filled, err := a.Reconciliation.FillGap(ctx, in, j.Tell)
		j.learn(func(f *Facts) {
			f.File, f.Known, f.Day, f.Proposed = filled.File, filled.File.Version != 0 && !filled.Taken, filled.File.Day, filled.Proposed
			if filled.Outcome.Run != 0 {
				f.Outcome = &filled.Outcome
			}
		})
		return err
	})
}

// signOffGap approves what was proposed, and ends recovery.
func (a *area) signOffGap(c *frame.Call) error {
	form, err := c.Form()
	if err != nil {
		return err
	}
	why := form.Text("why", ledger.MaxCaseText)
	var accepted []ledger.Day
	// None is right where every day has its file.
	if form.Value("accept") != "" {
		accepted = acceptedIn(form)
	}
	if form.Err() != nil {
		return a.gapPage(c, form.Faults())
	}
	c.Object(audit.KindRecovery, "")
	c.Reason(why)
	signed, err := a.Reconciliation.SignOffGap(context.WithoutCancel(c.Context()),
		reconcile.SignOff{By: c.Person().ID, Why: why, Accepted: accepted, NewReceipt: a.NewReceipt}, nil)
	if err != nil {
		return notSigned(err)
	}
	return c.Done("/reconciliation/recovery", "reconciliation.recovery.signed", "count", signed.Approved)
}

// acceptedIn are the days that are accepted without a whole file.
func acceptedIn(form *frame.Form) []ledger.Day {
	var days []ledger.Day
	for _, text := range form.Many("accept", maxPeriod) {
		if _, err := ledger.ParseDay(text); err != nil {
			form.Fault("accept", "reconciliation.recovery.bad_day")
			return nil
		}
		days = append(days, ledger.Day(text))
	}
	return days
}

// notSigned is why a gap is not signed off, where that is for the person.
func notSigned(err error) error {
	if word := wordOf(err); word != wordUnknown {
		return frame.Refused(word)
	}
	return err
}
