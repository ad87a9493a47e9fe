package settlements

import (
	"context"
	"errors"

	"paypoint/console/frame"
	"paypoint/ledger"
	"paypoint/reconcile"
	"paypoint/reconcile/delivery"
	"paypoint/reconcile/settlement"
)

// Bounds of a day's page.
const (
	// measureNow is the most lines of a day whose files are measured when its page is
	// shown; those of larger days are by a check.
	measureNow = 300
	// lateReach is for how many days after a day late payments of it are looked for,
	// and maxLate how many are listed.
	lateReach = 7
	maxLate   = 100
)

// Late is a payment whose own day was closed when it was booked.
type Late struct {
	ledger.PaymentRow

	// Own is the business day of its TimeStamp; Day is the batch in which it stands.
	Own ledger.Day
}

// dayView is the page of a day.
type dayView struct {
	Day     ledger.Day
	Batch   ledger.Batch
	Totals  settlement.Totals
	State   State
	Closes  string
	Over    bool
	Outcome *reconcile.Outcome
	Cases   int
	// Run is the schedule's for the day; nil where there is none. NoRecords says that
	// nobody knows, for the schedule's records can't be used.
	Run       *delivery.Run
	NoRecords bool
	// Came are late payments in this batch, Went those of this day in later ones.
	Came, Went []Late
	// MoreLate says that there are more than are listed.
	MoreLate bool
	// Check is the last of this process; nil where there was none. Files are measured.
	Check *Check
	Files []Measure
	// Before is the batch with the number before; its No is 0 where there is none.
	Before ledger.Batch
	// Formats are those that can be downloaded.
	Formats []settlement.Format
}

// showDay shows a day.
func (a *area) showDay(c *frame.Call) error {
	day, err := dayIn(c)
	if err != nil {
		return err
	}
	if _, err := c.Query(); err != nil {
		return err
	}
	view, err := a.dayView(c.Context(), day)
	if err != nil {
		return aboutDay(c, day, err)
	}
	view.Closes = c.Language().Moment(a.Settlement.ClosesFrom(day))
	return c.Page("settlements/day", frame.Page{Title: c.T("settlements.day.title", "day", c.Language().LongDay(day)), Data: view, Print: true})
}

// dayView collects what the page shows.
func (a *area) dayView(ctx context.Context, day ledger.Day) (dayView, error) {
	batch, err := a.Settlement.Get(ctx, day)
	if err != nil {
		return dayView{}, err
	}
	closes := a.Settlement.ClosesFrom(day)
	view := dayView{Day: day, Batch: batch, Totals: settlement.TotalsOf(batch), Over: !a.Now().Before(closes), Formats: formats()}
	if err := a.addStanding(ctx, &view); err != nil {
		return view, err
	}
	view.State = StateOf(Facts{Batch: batch, Run: view.Run, Outcome: view.Outcome, OpenCases: view.Cases, Closes: closes}, a.Now())
	if view.Came, view.Went, view.MoreLate, err = a.late(ctx, day); err != nil {
		return view, err
	}
	return view, a.addChain(ctx, &view)
}

// addStanding adds how far the day has come after its closing.
func (a *area) addStanding(ctx context.Context, view *dayView) error {
	states, err := a.Days.Days(ctx, view.Day, 1)
	if err != nil {
		return err
	}
	if len(states) > 0 && states[0].Day == view.Day {
		view.Outcome, view.Cases = states[0].Outcome, states[0].OpenCases
	}
	if a.Runs == nil {
		return nil
	}
	run, err := a.Runs.Get(ctx, a.SettleJob, view.Day)
	switch {
	case errors.Is(err, delivery.ErrNoRun):
	case errors.Is(err, delivery.ErrUnusable):
		view.NoRecords = true
	case err != nil:
		return err
	default:
		view.Run = &run
	}
	return nil
}

// addChain adds the files and the day's place in the chain.
func (a *area) addChain(ctx context.Context, view *dayView) error {
	if !view.Batch.Closed() {
		return nil
	}
	view.Check = a.measures.of(view.Day)
	switch {
	case view.Check != nil && len(view.Check.Files) > 0:
		view.Files = view.Check.Files
	case linesOf(view.Batch) <= measureNow:
		view.Files = a.smallFiles(ctx, view.Day)
	}
	var err error
	view.Before, err = a.before(ctx, view.Batch)
	return err
}

// smallFiles measures the files of a small closed day, once. None where one can't be
// made: that is what a check is for, and the page still shows.
func (a *area) smallFiles(ctx context.Context, day ledger.Day) []Measure {
	if files := a.measures.filesOf(day); files != nil {
		return files
	}
	var files []Measure
	for _, f := range formats() {
		m, err := a.measure(ctx, day, f, nil)
		if err != nil {
			return nil
		}
		files = append(files, Measure{f, m.size, m.sum()})
	}
	a.measures.keepFiles(day, files)
	return files
}

// late are the late payments of a day: those that stand in its batch, and its own
// that stand in later ones.
func (a *area) late(ctx context.Context, day ledger.Day) (came, went []Late, more bool, err error) {
	only, last := true, day
	for range lateReach {
		last = last.Next()
	}
	page, err := a.Payments.SearchPayments(ctx, ledger.PaymentQuery{FromDay: day, ToDay: last, Late: &only, Limit: maxLate})
	if err != nil {
		return nil, nil, false, err
	}
	for _, row := range page.Rows {
		own, err := a.ownDay(ctx, row.Seq)
		if err != nil {
			return nil, nil, false, err
		}
		late := Late{PaymentRow: row, Own: own}
		if row.Day == day {
			came = append(came, late)
		}
		if own == day {
			went = append(went, late)
		}
	}
	return came, went, page.Older != 0, nil
}

// ownDay is the business day of the TimeStamp of a booked payment.
func (a *area) ownDay(ctx context.Context, seq uint64) (ledger.Day, error) {
	records, err := a.Journal.Records(ctx, seq-1, 1)
	if err != nil || len(records) == 0 {
		return "", err
	}
	paid, is := records[0].Event.(ledger.Paid)
	if !is {
		return "", nil
	}
	return ledger.BusinessDay(paid.TimeStamp, a.CutOff), nil
}

// aboutDay puts an error of the settlement into words, where it is the person's.
func aboutDay(c *frame.Call, day ledger.Day, err error) error {
	shown := c.Language().Day(day)
	switch {
	case errors.Is(err, ledger.ErrDayOpen):
		return frame.Refused("settlements.error.open", "day", shown)
	case errors.Is(err, ledger.ErrDayAhead):
		return frame.Refused("settlements.error.ahead", "day", shown)
	case errors.Is(err, ledger.ErrNotClosed):
		return frame.Refused("settlements.error.not_closed", "day", shown)
	case errors.Is(err, ledger.ErrNotFound):
		return frame.NotFound("settlements.error.unknown", "day", shown)
	case errors.Is(err, ledger.ErrRecovery):
		return frame.Refused("settlements.error.recovery")
	case errors.Is(err, ledger.ErrBusy), errors.Is(err, ledger.ErrNotCommitted), errors.Is(err, ledger.ErrOutcomeUnknown):
		return frame.Refused("settlements.error.unavailable")
	default:
		return err
	}
}
