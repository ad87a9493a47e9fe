package reconcile

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"paypoint/ledger"
	"paypoint/reconcile/match"
)

// fileLine is a line of Indomaret's as it counts for its payment.
type fileLine struct {
	day         ledger.Day
	line        uint64
	amount, fee ledger.Rupiah
	reversed    bool
	// withoutFees says that its match compared no fees.
	withoutFees bool
}

func lineOf(e match.Entry, withoutFees bool) fileLine {
	return fileLine{day: e.Day, line: e.Line, amount: e.Amount, fee: e.Fee, reversed: e.Reversed, withoutFees: withoutFees}
}

// elsewhere is what the matches of other days found of some payments.
type elsewhere struct {
	lines map[match.Key][]fileLine
	// differs has the payments that were not MATCHED by the match of their batch's
	// own day: of those that were, no finding is kept.
	differs map[match.Key]bool
	// matched has the days, and whether they were compared without fees.
	matched map[ledger.Day]bool
}

// NearDays is how many days before a matched day, and after it, are looked through
// for other lines of the payments that differ on it: what is repeated, or taken
// back, comes within a month. Farther days count for a payment where its own batch
// is, or one of its cases or corrections: so the work of a match does not grow with
// the days there are.
const NearDays = 31

// linesElsewhere reads what the matches of other days than one have found of
// payments. What is carried counts in the match of the day after it.
func (r *run) linesElsewhere(ctx context.Context, accounts []account) (elsewhere, error) {
	e := elsewhere{lines: map[match.Key][]fileLine{}, differs: map[match.Key]bool{}, matched: map[ledger.Day]bool{}}
	if len(accounts) == 0 {
		return e, nil
	}
	of, days := map[match.Key]bool{}, nearDays(r.kept.Day)
	for _, a := range accounts {
		of[a.key] = true
		far, err := r.daysOf(ctx, a)
		if err != nil {
			return e, err
		}
		for _, day := range far {
			days[day], days[day.Next()] = true, true
		}
	}
	delete(days, r.kept.Day)
	for _, other := range slices.Sorted(maps.Keys(days)) {
		k, err := r.service.outcome(other)
		if errors.Is(err, ErrNotMatched) {
			continue
		}
		if err != nil {
			return e, fmt.Errorf("outcome of %s: %w", other, err)
		}
		e.matched[other] = k.WithoutFees
		for f, err := range r.service.findings(ctx, other, k.Run) {
			if err != nil {
				return e, err
			}
			if of[nameOf(f).key] {
				e.add(f, other, r.kept.Day)
			}
		}
	}
	return e, nil
}

// nearDays are the days that are always looked through.
func nearDays(day ledger.Day) map[ledger.Day]bool {
	days := map[ledger.Day]bool{}
	before, after := day, day
	for range NearDays {
		before, after = before.Previous(), after.Next()
		days[before], days[after] = true, true
	}
	return days
}

// daysOf are the days where a payment's own batch, its cases and its corrections
// are, however far away.
func (r *run) daysOf(ctx context.Context, a account) ([]ledger.Day, error) {
	var days []ledger.Day
	add := func(day ledger.Day) {
		if day != "" { // a refused reversal is of no day
			days = append(days, day)
		}
	}
	for _, c := range r.cases.payments[a.key] {
		add(c.day)
	}
	newest, _, err := r.service.config.Ledger.NewestCase(ctx, a.key.Code, a.key.Ref)
	add(newest.Day)
	if tx := a.state.Tx; tx != nil {
		add(tx.Day)
	}
	if err != nil || a.state.Charge == nil || !a.adjusted {
		return days, err
	}
	return days, r.service.eachAct(ctx, *a.state.Charge, func(act ledger.Adjusted) (more bool) {
		if act.Ref == a.key.Ref {
			add(act.Of)
		}
		return true
	})
}

// add takes what another day has found of a payment, while day is matched.
func (e elsewhere) add(f match.Finding, other, day ledger.Day) {
	key := nameOf(f).key
	if f.Ours != nil && f.Ours.Day == other {
		e.differs[key] = true
	}
	// The day's own lines are in its match, wherever an earlier one had carried them.
	if f.Theirs != nil && f.Class != match.Carried && f.Theirs.Day != day {
		e.lines[key] = append(e.lines[key], lineOf(*f.Theirs, e.matched[other]))
	}
}

// of are the lines of a payment in other days than the one being matched.
func (e elsewhere) of(k match.Key, tx *ledger.Transaction, day ledger.Day) []fileLine {
	lines := e.lines[k]
	if !wasPaid(tx) || tx.Recovered || tx.State == ledger.TxReversed || tx.Day == day || e.differs[k] {
		return lines
	}
	if withoutFees, is := e.matched[tx.Day]; is {
		// Its line agreed with it.
		lines = append(lines, fileLine{day: tx.Day, amount: tx.Amount, fee: tx.Fee, withoutFees: withoutFees})
	}
	return lines
}

// wasPaid says that a payment was in force at some time.
func wasPaid(tx *ledger.Transaction) bool { return tx != nil && tx.State != ledger.TxTombstone }

// inForce is what Indomaret's lines of one payment come to. Of lines of one file
// that repeat each other all count, for Indomaret may remit them all. A line that
// says REVERSED takes back one that came in an earlier file.
func inForce(lines []fileLine, fee func(fileLine) ledger.Rupiah) (amount, fees ledger.Rupiah) {
	slices.SortFunc(lines, func(a, b fileLine) int {
		return cmp.Or(cmp.Compare(a.day, b.day), cmp.Compare(a.line, b.line))
	})
	var standing []fileLine
	for _, l := range lines {
		if !l.reversed {
			standing = append(standing, l)
			continue
		}
		for i := range slices.Backward(standing) {
			if standing[i].day < l.day {
				standing = slices.Delete(standing, i, i+1)
				break
			}
		}
	}
	for _, l := range standing {
		amount, fees = amount+l.amount, fees+fee(l)
	}
	return amount, fees
}
