package match_test

import (
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"paypoint/ledger"
	"paypoint/reconcile/match"
)

// daysInARow is how many days one check plays, each carrying to the next;
// rapid's 100 checks make 1,000 random days.
const daysInARow = 10

// world is some days of both sides, with what must be found in each.
type world struct {
	t     *rapid.T
	days  []ledger.Day
	codes int
	lines uint64
	// ours, theirs, standings and want are by day.
	ours, theirs [][]match.Entry
	standings    []map[match.Key]match.Standing
	want         [][]found
	// code is that of the case being planted.
	code ledger.PaymentCode
}

func newWorld(t *rapid.T) *world {
	// One day more than are planted: what is carried from the last shows there.
	w := &world{t: t, days: make([]ledger.Day, daysInARow+1)}
	w.ours, w.theirs = make([][]match.Entry, len(w.days)), make([][]match.Entry, len(w.days))
	w.want = make([][]found, len(w.days))
	for i, day := 0, friday; i < len(w.days); i, day = i+1, day.Next() {
		w.days[i] = day
		w.standings = append(w.standings, map[match.Key]match.Standing{})
	}
	return w
}

// pay makes a payment of the planted code on a day; nobody has it yet.
func (w *world) pay(day int, ref ledger.TrackingRef, changes ...func(*match.Entry)) match.Entry {
	w.lines++
	e := entry(w.code, ref, append([]func(*match.Entry){onDay(w.days[day]), line(w.lines)}, changes...)...)
	e.Amount = ledger.Rupiah(rapid.Int64Range(1, int64(ledger.MaxRupiah)-1).Draw(w.t, "amount"))
	e.Fee = ledger.Rupiah(rapid.Int64Range(0, 10_000).Draw(w.t, "fee"))
	return e
}

// us and them give a side an entry. Lines differ between the sides.
func (w *world) us(day int, e match.Entry, changes ...func(*match.Entry)) *match.Entry {
	return w.give(&w.ours[day], day, e, changes)
}

func (w *world) them(day int, e match.Entry, changes ...func(*match.Entry)) *match.Entry {
	return w.give(&w.theirs[day], day, e, changes)
}

func (w *world) give(side *[]match.Entry, day int, e match.Entry, changes []func(*match.Entry)) *match.Entry {
	w.lines++
	e.Line, e.Day = w.lines, w.days[day]
	for _, change := range changes {
		change(&e)
	}
	*side = append(*side, e)
	return &e
}

// knows is what the ledger says of a payment when it is asked on a day.
func (w *world) knows(day int, e *match.Entry, standings ...match.Standing) {
	w.standings[day][e.Key()] = rapid.SampledFrom(standings).Draw(w.t, "standing")
}

// expect is a finding that must be made on a day.
func (w *world) expect(day int, class match.Class, ours, theirs *match.Entry) {
	w.want[day] = append(w.want[day], found{Class: class, Ours: place(ours), Theirs: place(theirs)})
}

// plants are all ways in which the sides may agree or not, one code each.
var plants = map[string]func(w *world, day int){
	"matched": func(w *world, d int) {
		p := w.pay(d, "A")
		w.expect(d, match.Matched, w.us(d, p), w.them(d, p, store("T002")))
	},
	"reversed on both sides": func(w *world, d int) {
		p := w.pay(d, "A", reversed)
		w.expect(d, match.Matched, w.us(d, p), w.them(d, p))
	},
	"reversed, only ours": func(w *world, d int) {
		w.expect(d, match.Matched, w.us(d, w.pay(d, "A", reversed)), nil)
	},
	"reversed, only theirs": func(w *world, d int) {
		their := w.them(d, w.pay(d, "A", reversed))
		w.knows(d, their, match.NeverSeen, match.PaidByOther, match.Buried)
		w.expect(d, match.Matched, nil, their)
	},
	"reversed and paid again": func(w *world, d int) {
		first, second := w.pay(d, "A", reversed), w.pay(d, "B")
		w.expect(d, match.Matched, w.us(d, first), nil)
		w.expect(d, match.Matched, w.us(d, second), w.them(d, second))
	},
	"a day later there": func(w *world, d int) {
		p := w.pay(d, "A")
		ours, theirs := w.us(d, p), w.them(d+1, p)
		w.expect(d, match.Carried, ours, nil)
		w.expect(d+1, match.DateShift, ours, theirs)
	},
	"a day later here": func(w *world, d int) {
		p := w.pay(d, "A")
		ours, theirs := w.us(d+1, p), w.them(d, p)
		w.knows(d, theirs, match.Awaited, match.NeverSeen)
		w.expect(d, match.Carried, nil, theirs)
		w.expect(d+1, match.DateShift, ours, theirs)
	},
	"a day later, and another amount": func(w *world, d int) {
		p := w.pay(d, "A")
		ours, theirs := w.us(d, p), w.them(d+1, p, amount(p.Amount+1))
		w.expect(d, match.Carried, ours, nil)
		w.expect(d+1, match.AmountMismatch, ours, theirs)
	},
	"a day later, and reversed": func(w *world, d int) {
		p := w.pay(d, "A")
		ours, theirs := w.us(d+1, p), w.them(d, p, reversed)
		w.knows(d, theirs, match.Awaited)
		w.expect(d, match.Carried, nil, theirs)
		w.expect(d+1, match.PaidButReversedThere, ours, theirs)
	},
	"missing there": func(w *world, d int) {
		ours := w.us(d, w.pay(d, "A"))
		w.expect(d, match.Carried, ours, nil)
		w.expect(d+1, match.MissingAtIndomaret, ours, nil)
	},
	"missing here": func(w *world, d int) {
		theirs := w.them(d, w.pay(d, "A"))
		w.knows(d, theirs, match.NeverSeen, match.Awaited)
		w.knows(d+1, theirs, match.NeverSeen, match.Awaited)
		w.expect(d, match.Carried, nil, theirs)
		w.expect(d+1, match.MissingAtPartner, nil, theirs)
	},
	"other amount": func(w *world, d int) {
		p := w.pay(d, "A")
		w.expect(d, match.AmountMismatch, w.us(d, p), w.them(d, p, amount(p.Amount-1), fee(p.Fee+1)))
	},
	"other fee": func(w *world, d int) {
		p := w.pay(d, "A")
		w.expect(d, match.FeeMismatch, w.us(d, p), w.them(d, p, fee(p.Fee+1)))
	},
	"reversed here": func(w *world, d int) {
		p := w.pay(d, "A")
		w.expect(d, match.ReversedButSettled, w.us(d, p, reversed), w.them(d, p))
	},
	"buried here": func(w *world, d int) {
		theirs := w.them(d, w.pay(d, "A"))
		w.knows(d, theirs, match.Buried)
		w.expect(d, match.ReversedButSettled, nil, theirs)
	},
	"reversed there": func(w *world, d int) {
		p := w.pay(d, "A")
		w.expect(d, match.PaidButReversedThere, w.us(d, p), w.them(d, p, reversed))
	},
	"reversed there a day after it was matched": func(w *world, d int) {
		p := w.pay(d, "A")
		w.expect(d, match.Matched, w.us(d, p), w.them(d, p))
		later := w.them(d+1, p, reversed)
		w.knows(d+1, later, match.Settled)
		w.expect(d+1, match.PaidButReversedThere, nil, later)
	},
	"twice in the file": func(w *world, d int) {
		p := w.pay(d, "A")
		w.expect(d, match.Matched, w.us(d, p), w.them(d, p))
		w.expect(d, match.DuplicateInFile, nil, w.them(d, p))
	},
	"again in the next file": func(w *world, d int) {
		p := w.pay(d, "A")
		w.expect(d, match.Matched, w.us(d, p), w.them(d, p))
		again := w.them(d+1, p)
		w.knows(d+1, again, match.Settled)
		w.expect(d+1, match.DuplicateInFile, nil, again)
	},
	"two refs there": func(w *world, d int) {
		p := w.pay(d, rapid.SampledFrom([]ledger.TrackingRef{"A", "C"}).Draw(w.t, "ref"))
		w.expect(d, match.Matched, w.us(d, p), w.them(d, p))
		second := w.them(d, w.pay(d, "B"))
		w.knows(d, second, match.NeverSeen, match.PaidByOther)
		w.expect(d, match.DuplicatePayment, nil, second)
	},
	"two refs there, none here": func(w *world, d int) {
		first := w.them(d, w.pay(d, rapid.SampledFrom([]ledger.TrackingRef{"A", "C"}).Draw(w.t, "ref")))
		second := w.them(d, w.pay(d, "B"))
		w.knows(d, first, match.NeverSeen)
		w.knows(d, second, match.NeverSeen)
		w.knows(d+1, first, match.NeverSeen)
		w.expect(d, match.Carried, nil, first)
		w.expect(d, match.DuplicatePayment, nil, second)
		w.expect(d+1, match.MissingAtPartner, nil, first)
	},
	"two refs on both sides": func(w *world, d int) {
		first, second := w.pay(d, "B"), w.pay(d, "A")
		w.expect(d, match.Matched, w.us(d, first), w.them(d, first))
		w.expect(d, match.DuplicatePayment, w.us(d, second), w.them(d, second))
	},
	"unknown code": func(w *world, d int) {
		theirs := w.them(d, w.pay(d, "A"))
		w.knows(d, theirs, match.NoSuchCode)
		w.expect(d, match.UnknownCode, nil, theirs)
	},
}

// plantNames are in a fixed order, so that a seed makes the same world again.
func plantNames() []string {
	names := make([]string, 0, len(plants))
	for name := range plants {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (w *world) plant() {
	for day := range daysInARow {
		for range rapid.IntRange(0, 12).Draw(w.t, "codes") {
			w.codes++
			w.code = ledger.PaymentCode(fmt.Sprintf("%016d", rapid.IntRange(0, 1<<40).Draw(w.t, "code")*1000+w.codes))
			plants[rapid.SampledFrom(plantNames()).Draw(w.t, "plant")](w, day)
		}
	}
}

// Over 1,000 random days, ten in a row with what each carries to the next: each
// planted case is found in its class and nothing besides, whatever the order
// of the input; and the money adds up, day by day and over all days.
func TestMatchFindsWhatIsPlanted(t *testing.T) {
	t.Parallel()
	dir, played := t.TempDir(), 0
	rapid.Check(t, func(r *rapid.T) {
		w := newWorld(r)
		w.plant()
		var ours, theirs, explained ledger.Rupiah
		var carriedOurs, carriedTheirs []match.Entry
		for day := range w.days {
			a := resorted(r, dir, append(carriedOurs, w.ours[day]...))
			b := resorted(r, dir, append(carriedTheirs, w.theirs[day]...))
			all, totals := matched(r, streamOf(a), streamOf(b), match.Options{Day: w.days[day], Standing: known(w.standings[day])})
			requireFound(r, w.want[day], all)
			requireAddsUp(r, all, totals, a, b)
			carriedOurs, carriedTheirs = carried(all)
			ours += totals.Ours.Own.Amount
			theirs += totals.Theirs.Own.Amount
			for _, step := range totals.Bridge().Steps {
				if step.Class != match.Carried {
					explained += step.Money.Amount
				}
			}
			played++
		}
		require.Empty(r, carriedOurs)
		require.Empty(r, carriedTheirs)
		// What is carried out of a day comes into the next, so over all days the
		// other classes alone explain the difference.
		require.Equal(r, ours-theirs, explained)
	})
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left)
	t.Logf("%d days", played)
}

// resorted shuffles entries and sorts them with so little memory that it may
// have to spool.
func resorted(t *rapid.T, dir string, entries []match.Entry) []match.Entry {
	shuffled := entries
	if len(entries) > 0 {
		shuffled = rapid.Permutation(entries).Draw(t, "order")
	}
	s, err := match.Sort(t.Context(), streamOf(shuffled), match.SortOptions{Dir: dir, Memory: match.MinMemory})
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	require.Equal(t, len(entries), s.Len())
	return collect(t, s.All(t.Context()))
}

// requireFound compares findings as sets: their order is the streams'.
func requireFound(t require.TestingT, want, got []found) {
	texts := func(all []found) []string {
		var out []string
		for _, f := range all {
			out = append(out, fmt.Sprintf("%s %s %s", f.Class, f.Ours, f.Theirs))
		}
		slices.Sort(out)
		return out
	}
	require.Equal(t, texts(want), texts(got))
}

// carried is what goes to the next day.
func carried(all []found) (ours, theirs []match.Entry) {
	for _, f := range all {
		switch {
		case f.Class != match.Carried:
		case f.carried.Ours != nil:
			ours = append(ours, *f.carried.Ours)
		default:
			theirs = append(theirs, *f.carried.Theirs)
		}
	}
	return ours, theirs
}

// requireAddsUp counts by hand: each entry is in one finding, and the classes'
// differences lead from their sum to ours.
func requireAddsUp(t require.TestingT, all []found, totals match.Totals, ours, theirs []match.Entry) {
	var gotOurs, gotTheirs []match.Entry
	difference := map[match.Class]match.Money{}
	for _, f := range all {
		d := difference[f.Class]
		if e := f.carried.Ours; e != nil {
			gotOurs = append(gotOurs, *e)
			d.Amount, d.Fee = d.Amount+inForce(*e).Amount, d.Fee+inForce(*e).Fee
		}
		if e := f.carried.Theirs; e != nil {
			gotTheirs = append(gotTheirs, *e)
			d.Amount, d.Fee = d.Amount-inForce(*e).Amount, d.Fee-inForce(*e).Fee
		}
		difference[f.Class] = d
	}
	// Findings come in order, so the entries do too: none lost, none twice.
	require.Equal(t, sorted(ours), sorted(gotOurs))
	require.Equal(t, sorted(theirs), sorted(gotTheirs))
	bridge := totals.Bridge()
	require.Zero(t, bridge.Gap())
	require.Len(t, bridge.Steps, len(difference))
	for _, step := range bridge.Steps {
		require.Equal(t, difference[step.Class], step.Money, step.Class)
		if step.Class.Clean() {
			require.Zero(t, step.Money, step.Class)
		}
	}
	require.Equal(t, total(ours), match.Money{Amount: totals.Ours.Sum().Amount, Fee: totals.Ours.Sum().Fee})
	require.Equal(t, total(theirs), match.Money{Amount: totals.Theirs.Sum().Amount, Fee: totals.Theirs.Sum().Fee})
}

func total(entries []match.Entry) match.Money {
	var sum match.Money
	for _, e := range entries {
		sum.Amount, sum.Fee = sum.Amount+inForce(e).Amount, sum.Fee+inForce(e).Fee
	}
	return sum
}

// inForce is what an entry counts for.
func inForce(e match.Entry) match.Money {
	if e.Reversed {
		return match.Money{}
	}
	return match.Money{Amount: e.Amount, Fee: e.Fee}
}
