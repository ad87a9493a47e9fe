package settlements

import (
	"context"
	"errors"
	"iter"
	"time"

	"paypoint/console/frame"
	"paypoint/ledger"
	"paypoint/locale"
	"paypoint/reconcile"
	"paypoint/reconcile/delivery"
	"paypoint/reconcile/settlement"
	"paypoint/reconcile/sheet"
)

// State is how far a day has come.
type State string

// The states.
const (
	// StateNone: nothing is booked.
	StateNone State = "none"
	// StateOpen: the day takes payments.
	StateOpen State = "open"
	// StateDue: the day is over and could be closed.
	StateDue State = "due"
	// StateClosed: the day is closed and its file was not delivered by the schedule.
	StateClosed State = "closed"
	// StateDelivered: the schedule has delivered its file.
	StateDelivered State = "delivered"
	// StateReconciled: it was compared with Indomaret's file, and no case is open.
	StateReconciled State = "reconciled"
	// StateDiffers: cases of the day are open.
	StateDiffers State = "differences"
)

// States lists them in the order in which days come to them.
func States() []State {
	return []State{StateNone, StateOpen, StateDue, StateClosed, StateDelivered, StateReconciled, StateDiffers}
}

// Kind is the state's look: its word says the same.
func (s State) Kind() string {
	switch s {
	case StateReconciled, StateDelivered:
		return "good"
	case StateDiffers:
		return "bad"
	case StateNone:
		return "off"
	default:
		return "wait"
	}
}

// Facts are all that a day's state depends on.
type Facts struct {
	Batch ledger.Batch
	// Run is the day's run of the job that delivers; nil where there is none.
	Run *delivery.Run
	// Outcome is that of the day's last match; nil where there was none.
	Outcome   *reconcile.Outcome
	OpenCases int
	// Closes is when the day may be closed.
	Closes time.Time
}

// StateOf is how far a day has come. First that holds:
//
//	nothing booked and not closed       none
//	not closed, before its time         open
//	not closed                          due
//	open cases                          differences
//	compared to the end                 reconciled
//	delivered                           delivered
//	else                                closed
func StateOf(f Facts, now time.Time) State {
	switch {
	case !f.Batch.Closed() && f.Batch.First == 0:
		return StateNone
	case !f.Batch.Closed() && now.Before(f.Closes):
		return StateOpen
	case !f.Batch.Closed():
		return StateDue
	case f.OpenCases > 0:
		return StateDiffers
	case f.Outcome != nil && f.Outcome.Done:
		return StateReconciled
	case Delivered(f.Run):
		return StateDelivered
	default:
		return StateClosed
	}
}

// Delivered says whether a run has brought a day's file to somebody: its upload or
// mail was done.
func Delivered(r *delivery.Run) bool {
	if r == nil {
		return false
	}
	for _, step := range r.Steps {
		if (step.Name == "upload" || step.Name == "mail") && step.Failed == "" {
			return true
		}
	}
	return false
}

// DayCell is a day of the month.
type DayCell struct {
	Day   ledger.Day
	Batch ledger.Batch
	State State
	// Out says that it belongs to the month before or after, Ahead that it is to come.
	Out, Ahead bool
}

// Totals are the batch's sums.
func (d DayCell) Totals() settlement.Totals { return settlement.TotalsOf(d.Batch) }

// daysOfWeek is how many days a row of the calendar has.
const daysOfWeek = 7

// Weeks are a month's days in rows from Monday to Sunday, filled up with days that
// are Out.
func Weeks(m locale.Month, cells []DayCell) [][]DayCell {
	var row []DayCell
	for range m.Ahead() {
		row = append(row, DayCell{Out: true})
	}
	var weeks [][]DayCell
	for _, cell := range cells {
		if row = append(row, cell); len(row) == daysOfWeek {
			weeks, row = append(weeks, row), nil
		}
	}
	if row == nil {
		return weeks
	}
	for len(row) < daysOfWeek {
		row = append(row, DayCell{Out: true})
	}
	return append(weeks, row)
}

// monthView is the month's page.
type monthView struct {
	Month, This locale.Month
	// Weeks are the calendar; where a state is asked for, Days are a list instead.
	Weeks    [][]DayCell
	Days     []DayCell
	Weekdays []string
	States   []State
	State    string
	// Paid counts the payments in force of all that are shown, Net is what Indomaret
	// owes for them.
	Paid int
	Net  ledger.Rupiah
	// Closed counts those that can be checked.
	Closed int
	// NoRecords says that what was delivered is not known.
	NoRecords bool
}

// listDays shows a month.
func (a *area) listDays(c *frame.Call) error {
	names := []string{}
	for _, s := range States() {
		names = append(names, string(s))
	}
	q, err := c.Query(
		frame.Param{Name: "month", Kind: frame.Text, Word: "settlements.month.month", Max: locale.MonthLength, Default: locale.MonthOf(a.today()).String()},
		frame.Param{Name: "state", Kind: frame.Choice, Choices: names, Word: "settlements.month.state", ChoiceWord: "settlements.state."},
	)
	if err != nil {
		return err
	}
	m, is := locale.ParseMonth(q.Text("month"))
	if !is {
		return frame.Invalid("month", "settlements.month.bad")
	}
	state := q.Choice("state")
	return c.List(c.T("settlements.month.title", "month", c.Language().Month(m.First)), frame.List{
		Page: "settlements/month", Name: "settlements", Query: q, Columns: dayColumns(),
		Rows: func(ctx context.Context) iter.Seq2[[]any, error] { return a.dayRows(ctx, m, state) },
		View: func(ctx context.Context) (any, error) { return a.monthPage(ctx, c, q, m, state) },
	})
}

// monthPage is the month as people see it.
func (a *area) monthPage(ctx context.Context, c *frame.Call, q *frame.Query, m locale.Month, state string) (any, error) {
	runs, err := a.runs(ctx, m)
	noRecords := errors.Is(err, delivery.ErrUnusable)
	if err != nil && !noRecords {
		return nil, err
	}
	cells, err := a.cells(ctx, m, state, runs)
	if err != nil {
		return nil, err
	}
	view := monthView{Month: m, This: locale.MonthOf(a.today()), States: States(), State: state, NoRecords: noRecords}
	for _, cell := range cells {
		view.Paid += cell.Batch.Paid
		view.Net += cell.Batch.Net()
		if cell.Batch.Closed() {
			view.Closed++
		}
	}
	if state == "" {
		view.Weeks = Weeks(m, cells)
	} else {
		view.Days = cells
	}
	for i := range daysOfWeek {
		view.Weekdays = append(view.Weekdays, c.Language().Weekday(time.Weekday((i+1)%daysOfWeek)))
	}
	q.Total(true, len(cells))
	q.Shown(len(cells))
	return view, nil
}

// cells are the days of a month that are in a state, or all, by what the schedule did.
func (a *area) cells(ctx context.Context, m locale.Month, state string, runs map[ledger.Day]*delivery.Run) ([]DayCell, error) {
	days := m.Days()
	states, err := a.Days.Days(ctx, m.First, len(days))
	if err != nil {
		return nil, err
	}
	known := map[ledger.Day]reconcile.DayState{}
	for _, s := range states {
		known[s.Day] = s
	}
	cells := []DayCell{}
	for _, day := range days {
		s := known[day]
		f := Facts{Batch: s.Batch, Run: runs[day], Outcome: s.Outcome, OpenCases: s.OpenCases, Closes: a.Settlement.ClosesFrom(day)}
		cell := DayCell{Day: day, Batch: s.Batch, State: StateOf(f, a.Now())}
		cell.Ahead = cell.State == StateNone && day > a.today()
		if state == "" || string(cell.State) == state {
			cells = append(cells, cell)
		}
	}
	return cells, nil
}

// runs are the schedule's runs of a month's days.
func (a *area) runs(ctx context.Context, m locale.Month) (map[ledger.Day]*delivery.Run, error) {
	byDay := map[ledger.Day]*delivery.Run{}
	if a.Runs == nil {
		return byDay, nil
	}
	list, err := a.Runs.List(ctx, a.SettleJob, m.Next().First, len(m.Days()))
	for i := range list {
		byDay[list[i].Day] = &list[i]
	}
	return byDay, err
}

// dayColumns are those of the export.
func dayColumns() []sheet.Column {
	return []sheet.Column{
		{Name: "business_date", Kind: sheet.Day}, {Name: "state"}, {Name: "batch_no", Kind: sheet.Serial},
		{Name: "count_paid", Kind: sheet.Count}, {Name: "sum_amount", Kind: sheet.Rupiah},
		{Name: "count_reversed", Kind: sheet.Count}, {Name: "sum_reversed", Kind: sheet.Rupiah},
		{Name: "sum_fee", Kind: sheet.Rupiah}, {Name: "count_adjusted", Kind: sheet.Count}, {Name: "sum_adjusted", Kind: sheet.Rupiah},
		{Name: "sum_net", Kind: sheet.Rupiah}, {Name: "closed_at (WIB)", Kind: sheet.Time}, {Name: "closed_by"},
		{Name: "sha256", Width: 66}, {Name: "prev_sha256", Width: 66},
	}
}

// dayRows are the days in the order of dayColumns.
func (a *area) dayRows(ctx context.Context, m locale.Month, state string) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		runs, err := a.runs(ctx, m)
		if errors.Is(err, delivery.ErrUnusable) {
			// Unlike the page, a file has no place to say that its states are less.
			err = frame.Unavailable(err, "settlements.no_records")
		}
		if err != nil {
			yield(nil, err)
			return
		}
		cells, err := a.cells(ctx, m, state, runs)
		if err != nil {
			yield(nil, err)
			return
		}
		for _, cell := range cells {
			if !yield(cell.row(), nil) {
				return
			}
		}
	}
}

func (d DayCell) row() []any {
	t := d.Totals()
	row := []any{d.Day, d.State, nil, t.Paid, t.Amount, t.Reversed, t.ReversedAmount, t.Fee, t.Adjustments, t.Adjusted, t.Net}
	if !d.Batch.Closed() {
		return append(row, nil, nil, nil, nil)
	}
	row[2] = d.Batch.No
	return append(row, d.Batch.ClosedAt, d.Batch.ClosedBy, d.Batch.SHA256, d.Batch.PreviousSHA256)
}
