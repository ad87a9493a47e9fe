package reconciliation

import (
	"context"
	"errors"
	"slices"

	"paypoint/access"
	"paypoint/console/frame"
	"paypoint/ledger"
	"paypoint/reconcile"
	"paypoint/reconcile/match"
)

// FileRow is a version of a day's file, and what it changed against the one before.
type FileRow struct {
	ledger.PartnerFile

	// Counts says that the day is matched by this one.
	Counts bool
	// Before is the version before; nil of the first.
	Before *ledger.PartnerFile
}

// MoreLines to MoreReversed are what this version has more than the one before.
func (f FileRow) MoreLines() int { return f.Lines - f.Before.Lines }

// MorePaid is in payments.
func (f FileRow) MorePaid() int { return f.Paid - f.Before.Paid }

// MoreAmount is of the payments in force.
func (f FileRow) MoreAmount() ledger.Rupiah { return f.Amount - f.Before.Amount }

// MoreFee is of the payments in force.
func (f FileRow) MoreFee() ledger.Rupiah { return f.Fee - f.Before.Fee }

// MoreReversed is in payments.
func (f FileRow) MoreReversed() int { return f.Reversed - f.Before.Reversed }

// FileRows are the versions of a day's file, the newest first.
func FileRows(versions []ledger.PartnerFile) []FileRow {
	counting, _ := ledger.Counting(versions)
	rows := make([]FileRow, 0, len(versions))
	for i, version := range versions {
		row := FileRow{PartnerFile: version, Counts: version.Version == counting.Version}
		if i > 0 {
			row.Before = &versions[i-1]
		}
		rows = append(rows, row)
	}
	slices.Reverse(rows)
	return rows
}

// runView is the page of one run.
type runView struct {
	reconcile.DayState

	State State
	Files []FileRow
	// Bridge is nil where the day was not matched.
	Bridge *Bridge
	// Matchable says that there is something to be compared, by this person.
	Matchable bool
}

// showRun shows by how much a day differs, and by what.
func (a *area) showRun(c *frame.Call) error {
	day, err := dayIn(c)
	if err != nil {
		return err
	}
	if _, err := c.Query(); err != nil {
		return err
	}
	d, err := a.dayState(c.Context(), day)
	if err != nil {
		return err
	}
	view := runView{DayState: d, State: StateOf(d), Files: FileRows(d.Files)}
	view.Matchable = d.Batch.Closed() && len(d.Files) > 0 && c.May(access.ActReconciliationMatch)
	if d.Outcome != nil {
		cases, err := a.openCases(c.Context(), day, day)
		if err != nil {
			return err
		}
		b := BridgeOf(cases, *d.Outcome)
		view.Bridge = &b
	}
	return c.Page("reconciliation/run", frame.Page{
		Title: c.T("reconciliation.run.title", "day", c.Language().LongDay(day)), Data: view, Print: true,
	})
}

// dayState is how far a day has come; one of which nothing is known has its Day.
func (a *area) dayState(ctx context.Context, day ledger.Day) (reconcile.DayState, error) {
	states, err := a.Reconciliation.Days(ctx, day, 1)
	if err != nil {
		return reconcile.DayState{}, err
	}
	if len(states) == 0 || states[0].Day != day {
		return reconcile.DayState{Day: day}, nil
	}
	return states[0], nil
}

// Bounds of counting open cases.
const (
	// maxOpenCases is the most open cases that are looked at; a ledger has more only
	// after a wrong file, and then the cases' own page counts.
	maxOpenCases = 20_000
	casePage     = 1_000
)

// openCases counts the open cases of some days by class.
func (a *area) openCases(ctx context.Context, from, to ledger.Day) (map[match.Class]int, error) {
	counts := map[match.Class]int{}
	q := ledger.CaseQuery{Open: true, Limit: casePage}
	for read := 0; read < maxOpenCases; {
		page, err := a.Cases.Cases(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, found := range page.Cases {
			if found.Day >= from && found.Day <= to {
				counts[match.Class(found.Class)]++
			}
		}
		if page.Next == 0 {
			break
		}
		read += max(1, len(page.Cases))
		q.After = page.Next
	}
	return counts, nil
}

// notMatched is the answer where a day has no match that could be shown.
func notMatched(c *frame.Call, day ledger.Day, err error) error {
	switch {
	case errors.Is(err, reconcile.ErrNotMatched):
		return frame.NotFound("reconciliation.not_matched", "day", c.Language().Day(day))
	case errors.Is(err, reconcile.ErrDamaged):
		return frame.Refused("reconciliation.error.damaged", "day", c.Language().Day(day))
	default:
		return err
	}
}
