package reconciliation

import (
	"context"
	"errors"
	"iter"
	"time"

	"paypoint/console/frame"
	"paypoint/ledger"
	"paypoint/locale"
	"paypoint/reconcile"
	"paypoint/reconcile/match"
	"paypoint/reconcile/sheet"
)

// maxPeriod is the most days of one minutes: a quarter.
const maxPeriod = 92

// MinutesDay is a day in the minutes.
type MinutesDay struct {
	Day ledger.Day
	// Batch is ours, File the version of Indomaret's that was compared.
	Batch ledger.Batch
	File  ledger.PartnerFile
	// Bridge is the day's; nil where the day can't be in minutes yet.
	Bridge *Bridge
	State  State
}

// Final says that the day is closed and was compared with the file that counts.
func (d MinutesDay) Final() bool { return d.Bridge != nil }

// Minutes are what both parties sign: the figures of both sides for some days, and
// what makes up their difference.
type Minutes struct {
	From, To ledger.Day
	// Number names them: of one day by its batch, of several by their bounds.
	Number string
	// On is the day they are drawn up, Spelled it in the words of a deed.
	On      ledger.Day
	Spelled string
	// Ours and Theirs are the parties.
	Ours, Theirs string
	Days         []MinutesDay
	// Bridge covers all of Days that are final.
	Bridge Bridge
	// Difference is the bridge's in words; empty in English.
	Difference string
	// Adjusted is what corrections of earlier days added to the batches. It is no part
	// of the comparison.
	Adjusted ledger.Rupiah
	// Missing are the days that hinder a signature.
	Missing []MinutesDay
}

// Final says that nothing is missing: before that they are a draft.
func (m Minutes) Final() bool { return len(m.Missing) == 0 && len(m.Days) > 0 && m.Bridge.Closes() }

// Single says that they are of one day.
func (m Minutes) Single() bool { return m.From == m.To }

// MinutesOf draws them up of the days from one to another, of which states are those
// that either side has anything of, and cases the open ones by class. A day without
// anything has no part in them.
func MinutesOf(from, to ledger.Day, states []reconcile.DayState, cases map[match.Class]int) Minutes {
	m := Minutes{From: from, To: to, Number: "BAR/" + string(from)}
	if from != to {
		m.Number += "/" + string(to)
	}
	var outcomes []reconcile.Outcome
	for _, s := range states {
		if s.Day < from || s.Day > to || StateOf(s) == StateNone {
			continue
		}
		day := minutesDay(s)
		m.Days = append(m.Days, day)
		if !day.Final() {
			m.Missing = append(m.Missing, day)
			continue
		}
		outcomes = append(outcomes, *s.Outcome)
		m.Adjusted += s.Batch.Adjusted
	}
	m.Bridge = BridgeOf(cases, outcomes...)
	return m
}

// minutesDay is a day as the minutes have it.
func minutesDay(s reconcile.DayState) MinutesDay {
	day := MinutesDay{Day: s.Day, Batch: s.Batch, State: StateOf(s)}
	switch day.State {
	case StateAgreed, StateSettled, StateDiffers:
	default:
		return day
	}
	// In recovery open days are matched too, and still change.
	if !s.Batch.Closed() {
		day.State = StateNotClosed
		return day
	}
	day.File, _ = ledger.Counting(s.Files)
	b := BridgeOf(nil, *s.Outcome)
	day.Bridge = &b
	return day
}

// showDayMinutes shows the minutes of one day.
func (a *area) showDayMinutes(c *frame.Call) error {
	day, err := dayIn(c)
	if err != nil {
		return err
	}
	q, err := c.Query()
	if err != nil {
		return err
	}
	return a.sendMinutes(c, q, day, day)
}

// showMinutes shows those of a period: of last month where nothing else is asked for.
func (a *area) showMinutes(c *frame.Call) error {
	month := locale.MonthOf(a.today()).Previous()
	q, err := c.Query(
		frame.Param{Name: "from", Kind: frame.DayOf, Word: "reconciliation.minutes.from", Default: string(month.First)},
		frame.Param{Name: "to", Kind: frame.DayOf, Word: "reconciliation.minutes.to", Default: string(month.Next().First.Previous())},
	)
	if err != nil {
		return err
	}
	from, to := q.Day("from"), q.Day("to")
	switch {
	case from == "":
		return frame.Invalid("from", "reconciliation.minutes.no_bound")
	case to == "":
		return frame.Invalid("to", "reconciliation.minutes.no_bound")
	case to < from:
		return frame.Invalid("to", "reconciliation.minutes.backwards")
	case daysBetween(from, to) > maxPeriod:
		return frame.Invalid("to", "reconciliation.minutes.too_long", "most", locale.Count(maxPeriod))
	}
	return a.sendMinutes(c, q, from, to)
}

// daysBetween counts the days from one to another, both included.
func daysBetween(from, to ledger.Day) int {
	first, err := time.Parse(time.DateOnly, string(from))
	last, lastErr := time.Parse(time.DateOnly, string(to))
	if errors.Join(err, lastErr) != nil {
		return maxPeriod + 1 // a day that is none is refused
	}
	return int(last.Sub(first).Hours()/24) + 1
}

// sendMinutes answers with the page, or the bridge as a table.
func (a *area) sendMinutes(c *frame.Call, q *frame.Query, from, to ledger.Day) error {
	m, err := a.minutes(c.Context(), from, to)
	if err != nil {
		return err
	}
	m.On, m.Ours, m.Theirs = a.today(), a.Ours, a.Theirs
	m.Spelled = SpelledDate(c.Language(), m.On)
	if c.Language() == locale.Indonesian {
		m.Difference = Spelled(int64(m.Bridge.Amount.Difference())) + " rupiah"
	}
	return c.List(c.T("reconciliation.minutes.title"), frame.List{
		Page: "reconciliation/minutes", Name: "minutes-" + string(from) + "-" + string(to), Query: q, Columns: minutesColumns(),
		Rows: func(context.Context) iter.Seq2[[]any, error] { return m.rows() },
		View: func(context.Context) (any, error) { return m, nil },
	})
}

// minutes are those of some days as they stand.
func (a *area) minutes(ctx context.Context, from, to ledger.Day) (Minutes, error) {
	states, err := a.Reconciliation.Days(ctx, from, daysBetween(from, to))
	if err != nil {
		return Minutes{}, err
	}
	cases, err := a.openCases(ctx, from, to)
	if err != nil {
		return Minutes{}, err
	}
	return MinutesOf(from, to, states, cases), nil
}

// minutesColumns are those of the bridge as a table.
func minutesColumns() []sheet.Column {
	return []sheet.Column{
		{Name: "class", Width: 28}, {Name: "count", Kind: sheet.Count},
		{Name: "ours", Kind: sheet.Rupiah}, {Name: "indomaret", Kind: sheet.Rupiah}, {Name: "ours_minus_indomaret", Kind: sheet.Rupiah},
		{Name: "our_fee", Kind: sheet.Rupiah}, {Name: "indomaret_fee", Kind: sheet.Rupiah}, {Name: "fee_ours_minus_indomaret", Kind: sheet.Rupiah},
		{Name: "open_cases", Kind: sheet.Count},
	}
}

// rows are the bridge's; together they are both sides' sums.
func (m Minutes) rows() iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		for _, r := range m.Bridge.Rows {
			cells := []any{
				r.Class, r.Findings, r.Amount.Ours, r.Amount.Theirs, r.Amount.Difference(),
				r.Fee.Ours, r.Fee.Theirs, r.Fee.Difference(), r.OpenCases,
			}
			if !yield(cells, nil) {
				return
			}
		}
	}
}
