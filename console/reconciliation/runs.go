package reconciliation

import (
	"context"
	"iter"
	"slices"

	"paypoint/console/frame"
	"paypoint/ledger"
	"paypoint/locale"
	"paypoint/reconcile"
	"paypoint/reconcile/sheet"
)

// State is how far a day has come.
type State string

// The states.
const (
	// StateNone: neither side has anything of the day.
	StateNone State = "none"
	// StateNoFile: our batch is there, and Indomaret's file is not.
	StateNoFile State = "no_file"
	// StateNotClosed: the file is there, and our batch is open.
	StateNotClosed State = "not_closed"
	// StateUnmatched: both are there and not compared, or not to the end.
	StateUnmatched State = "unmatched"
	// StateOutdated: a newer file counts than the one that was compared.
	StateOutdated State = "outdated"
	// StateDamaged: what was kept of the match is damaged.
	StateDamaged State = "damaged"
	// StateDiffers: there are open cases.
	StateDiffers State = "differs"
	// StateSettled: there were differences, and no case is open any more.
	StateSettled State = "settled"
	// StateAgreed: both sides agree.
	StateAgreed State = "agreed"
)

// States lists them in the order of the work that they need.
func States() []State {
	return []State{
		StateNone, StateNoFile, StateNotClosed, StateUnmatched, StateOutdated, StateDamaged, StateDiffers, StateSettled, StateAgreed,
	}
}

// StateOf is how far a day has come. First that holds:
//
//	what was kept is damaged                      damaged
//	no file, no batch of ours                     none
//	no file                                       no_file
//	the batch is open                             not_closed
//	no match, or one that did not end             unmatched
//	the match is of another version               outdated
//	open cases                                    differs
//	differences were found                        settled
//	else                                          agreed
func StateOf(d reconcile.DayState) State {
	counting, is := ledger.Counting(d.Files)
	switch {
	case d.Damaged:
		return StateDamaged
	case !is && d.Batch.First == 0 && !d.Batch.Closed():
		return StateNone
	case !is:
		return StateNoFile
	case d.Outcome == nil && !d.Batch.Closed():
		return StateNotClosed
	case d.Outcome == nil || !d.Outcome.Done:
		return StateUnmatched
	case d.Outcome.Version != counting.Version:
		return StateOutdated
	case d.OpenCases > 0:
		return StateDiffers
	case d.Outcome.Differences > 0:
		return StateSettled
	default:
		return StateAgreed
	}
}

// Kind is the state's look: its word says the same.
func (s State) Kind() string {
	switch s {
	case StateAgreed, StateSettled:
		return "good"
	case StateDiffers, StateDamaged:
		return "bad"
	case StateNone:
		return "off"
	default:
		return "wait"
	}
}

// DayRow is a day of the list.
type DayRow struct {
	Day   ledger.Day
	State State
	// File is the version that counts; its Version is 0 where there is none.
	File ledger.PartnerFile
	// Bridge and Outcome are those of the last match; nil where there was none.
	Bridge    *Bridge
	Outcome   *reconcile.Outcome
	OpenCases int
}

// Matched says that there was a match.
func (r DayRow) Matched() bool { return r.Outcome != nil }

func rowOf(d reconcile.DayState) DayRow {
	row := DayRow{Day: d.Day, State: StateOf(d), Outcome: d.Outcome, OpenCases: d.OpenCases}
	row.File, _ = ledger.Counting(d.Files)
	if d.Outcome != nil {
		b := BridgeOf(nil, *d.Outcome)
		row.Bridge = &b
	}
	return row
}

// daysOf are a month's days, through a last one, the newest first.
func daysOf(m locale.Month, last ledger.Day) []ledger.Day {
	days := slices.DeleteFunc(m.Days(), func(day ledger.Day) bool { return day > last })
	slices.Reverse(days)
	return days
}

// monthRows are the days of a month that are in a state, or all, the newest first. A
// day of which neither side has anything is listed too: none is passed over.
func (a *area) monthRows(ctx context.Context, m locale.Month, state string) ([]DayRow, error) {
	states, err := a.Reconciliation.Days(ctx, m.First, monthDays)
	if err != nil {
		return nil, err
	}
	known := map[ledger.Day]reconcile.DayState{}
	last := a.today()
	for _, d := range states {
		known[d.Day] = d
		last = max(last, d.Day)
	}
	rows := []DayRow{}
	for _, day := range daysOf(m, last) {
		d := known[day]
		d.Day = day
		if row := rowOf(d); state == "" || string(row.State) == state {
			rows = append(rows, row)
		}
	}
	return rows, nil
}

// monthDays is the most days of a month.
const monthDays = 31

// today is the business day of now.
func (a *area) today() ledger.Day { return ledger.BusinessDay(a.Now(), a.CutOff) }

// runsView is the list's page.
type runsView struct {
	Month    locale.Month
	This     locale.Month
	Rows     []DayRow
	UnderWay []Work
	States   []State
	State    string
}

// listRuns lists a month's days.
func (a *area) listRuns(c *frame.Call) error {
	q, err := c.Query(a.monthParam(), frame.Param{
		Name: "state", Kind: frame.Choice, Choices: stateNames(), Word: "reconciliation.runs.state", ChoiceWord: "reconciliation.state.",
	})
	if err != nil {
		return err
	}
	m, is := locale.ParseMonth(q.Text("month"))
	if !is {
		return frame.Invalid("month", "reconciliation.runs.bad_month")
	}
	return c.List(c.T("reconciliation.runs.title", "month", c.Language().Month(m.First)), frame.List{
		Page: "reconciliation/runs", Name: "reconciliation", Query: q, Columns: runColumns(),
		Rows: func(ctx context.Context) iter.Seq2[[]any, error] { return a.runRows(ctx, m, q.Choice("state")) },
		View: func(ctx context.Context) (any, error) {
			rows, err := a.monthRows(ctx, m, q.Choice("state"))
			q.Total(true, len(rows))
			q.Shown(len(rows))
			view := runsView{Month: m, This: locale.MonthOf(a.today()), Rows: rows, States: States(), State: q.Choice("state")}
			view.UnderWay = a.underWay()
			return view, err
		},
	})
}

// monthParam is the month of a list; it begins with this one.
func (a *area) monthParam() frame.Param {
	return frame.Param{
		Name: "month", Kind: frame.Text, Word: "reconciliation.runs.month", Max: locale.MonthLength, Default: locale.MonthOf(a.today()).String(),
	}
}

func stateNames() []string {
	var names []string
	for _, s := range States() {
		names = append(names, string(s))
	}
	return names
}

// runColumns are those of the export: differences are ours less Indomaret's.
func runColumns() []sheet.Column {
	return []sheet.Column{
		{Name: "business_date", Kind: sheet.Day}, {Name: "state"}, {Name: "file_version", Kind: sheet.Serial}, {Name: "file_name", Width: 36},
		{Name: "file_sha256", Width: 66}, {Name: "file_lines", Kind: sheet.Count}, {Name: "file_by"}, {Name: "file_at (WIB)", Kind: sheet.Time},
		{Name: "run", Kind: sheet.Serial}, {Name: "matched_by"}, {Name: "matched_at (WIB)", Kind: sheet.Time},
		{Name: "ours", Kind: sheet.Rupiah}, {Name: "indomaret", Kind: sheet.Rupiah}, {Name: "ours_minus_indomaret", Kind: sheet.Rupiah},
		{Name: "differences", Kind: sheet.Count}, {Name: "open_cases", Kind: sheet.Count},
	}
}

// runRows are the list's rows in the order of runColumns.
func (a *area) runRows(ctx context.Context, m locale.Month, state string) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		rows, err := a.monthRows(ctx, m, state)
		if err != nil {
			yield(nil, err)
			return
		}
		for _, r := range rows {
			if !yield(r.cells(), nil) {
				return
			}
		}
	}
}

// cells leave empty what a day has not got.
func (r DayRow) cells() []any {
	cells := []any{r.Day, r.State}
	if f := r.File; f.Version != 0 {
		cells = append(cells, f.Version, f.Name, f.SHA256, f.Lines, f.By, f.At)
	} else {
		cells = append(cells, nil, nil, nil, nil, nil, nil)
	}
	if !r.Matched() {
		return append(cells, nil, nil, nil, nil, nil, nil, nil, r.OpenCases)
	}
	o, b := r.Outcome, r.Bridge
	return append(cells, o.Run, o.By, o.At, b.Amount.Ours, b.Amount.Theirs, b.Amount.Difference(), o.Differences, r.OpenCases)
}
