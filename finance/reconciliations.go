package finance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"

	"paypoint/ledger"
	"paypoint/reconcile"
	"paypoint/reconcile/match"
	"paypoint/reconcile/sheet"
)

// Day is how far a day has come: our batch, Indomaret's files, the last match.
type Day struct {
	Day ledger.Day `json:"day"`
	// Settlement is our batch; nil where nothing was booked and nothing closed.
	Settlement *Settlement `json:"settlement,omitempty"`
	// Files are the versions of Indomaret's, oldest first.
	Files []ledger.PartnerFile `json:"files"`
	// Counts is the version that counts: see ledger.Counting. It is left out where
	// there is none.
	Counts int `json:"counts,omitempty"`
	// Outcome is that of the last match; nil where there was none.
	Outcome *reconcile.Outcome `json:"outcome,omitempty"`
	// Damaged says that what was kept of the last match is damaged: it has to be
	// matched again.
	Damaged bool `json:"damaged,omitempty"`
	// OpenCases counts those of the day that are not resolved.
	OpenCases int `json:"open_cases"`
}

func (a *api) dayView(s reconcile.DayState) Day {
	view := Day{Day: s.Day, Files: inWIB(s.Files), Counts: counting(s.Files), Damaged: s.Damaged, OpenCases: s.OpenCases}
	if s.Batch.Closed() || s.Batch.First != 0 {
		settled := a.view(s.Batch)
		view.Settlement = &settled
	}
	if s.Outcome != nil {
		outcome := outcomeView(*s.Outcome)
		view.Outcome = &outcome
	}
	return view
}

func outcomeView(o reconcile.Outcome) reconcile.Outcome {
	o.At = moment(o.At)
	return o
}

// DayList is a page of days, in the order of the calendar.
type DayList struct {
	Days []Day `json:"days"`
	// NextCursor asks for the next page; without it this was the last.
	NextCursor ledger.Day `json:"next_cursor,omitempty"`
}

// listDays answers a page of days that have a batch or a file.
func (a *api) listDays(c *call) error {
	// One more than asked for tells whether another page follows.
	from, limit, err := daysQuery(c, reconcile.MaxDays-1)
	if err != nil {
		return err
	}
	states, err := a.Reconciliation.Days(c.r.Context(), from, limit+1)
	if err != nil {
		return err
	}
	states, next := pageOf(states, limit, func(s reconcile.DayState) ledger.Day { return s.Day })
	list := DayList{Days: []Day{}, NextCursor: next}
	for _, s := range states {
		list.Days = append(list.Days, a.dayView(s))
	}
	return c.reply(http.StatusOK, list)
}

// getDay answers how far one day has come.
func (a *api) getDay(c *call) error {
	day, err := a.dayAlone(c)
	if err != nil {
		return err
	}
	states, err := a.Reconciliation.Days(c.r.Context(), day, 1)
	if err != nil {
		return err
	}
	if len(states) == 0 || states[0].Day != day {
		return failure{
			status: http.StatusNotFound, Code: "day_unknown", Field: "day",
			Message: string(day) + " has neither payments nor a file, and is not closed",
		}
	}
	return c.reply(http.StatusOK, a.dayView(states[0]))
}

// dayAlone is the day in the path of a request without parameters.
func (a *api) dayAlone(c *call) (ledger.Day, error) {
	day, err := a.day(c)
	if err != nil {
		return "", err
	}
	_, err = c.parameters()
	return day, err
}

// matchDay compares a day's batch with Indomaret's file.
func (a *api) matchDay(c *call) error {
	day, err := a.dayAlone(c)
	if err != nil {
		return err
	}
	return long(c, func(progress reconcile.Progress) (reconcile.Outcome, error) {
		// A caller who hangs up meanwhile leaves no work half done.
		outcome, err := a.Reconciliation.Match(context.WithoutCancel(c.r.Context()), day, c.caller.ID, progress)
		c.act.Cases = outcome.Opened
		return outcomeView(outcome), a.aboutMatch(day, err)
	})
}

// aboutMatch puts an error of a match into words, where it is the caller's.
func (a *api) aboutMatch(day ledger.Day, err error) error {
	f := failure{status: http.StatusConflict, Field: "day"}
	switch {
	case errors.Is(err, ledger.ErrNotClosed):
		// A batch still changes until it is closed: what is missing may yet come.
		f.Code, f.Message = "day_not_closed", string(day)+" is not closed: close it first"
	case errors.Is(err, reconcile.ErrDamaged):
		f.Code, f.Message = "damaged", fmt.Sprintf("what was kept of Indomaret's file of %s, or of an earlier day that is listed as damaged, is damaged: import that file again, then match %[1]s again", day)
	default:
		return a.aboutDay(day, err)
	}
	return f.because(err)
}

// FindingList is a page of findings, in the order of payment codes.
type FindingList struct {
	Findings []reconcile.Finding `json:"findings"`
	// NextCursor asks for the next page; without it this was the last.
	NextCursor string `json:"next_cursor,omitempty"`
}

// listFindings answers a page of what the last match of a day found, but what is
// matched.
func (a *api) listFindings(c *call) error {
	day, err := a.day(c)
	if err != nil {
		return err
	}
	values, err := c.parameters("class", "limit", "cursor")
	if err != nil {
		return err
	}
	class := match.Class(values["class"])
	if class != "" && !slices.Contains(match.Classes(), class) {
		return badParameter("class", "want a class of payments, such as "+string(match.MissingAtPartner))
	}
	after, err := numberOf(values)
	if err != nil {
		return err
	}
	limit, err := limitOf(values, usualRows, maxRows)
	if err != nil {
		return err
	}
	page, err := a.Reconciliation.Findings(c.r.Context(), day, class, after, limit)
	return answered(c, FindingList{page.Findings, numberCursor(page.Next)}, err)
}

// exportFindings writes all of them as a table.
func (a *api) exportFindings(c *call) error {
	day, err := a.day(c)
	if err != nil {
		return err
	}
	// A file of a day that was never matched is an error under HEAD too.
	if _, err := a.Reconciliation.Outcome(c.r.Context(), day); err != nil {
		return err
	}
	return c.sendWhole("findings-"+string(day), func(ctx context.Context, f sheet.Format, w io.Writer, p reconcile.Progress) error {
		return a.Reconciliation.ExportFindings(ctx, day, f, w, p)
	})
}
