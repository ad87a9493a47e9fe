package reconcile_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"paypoint/ledger"
	"paypoint/reconcile"
	"paypoint/reconcile/match"
)

// world is a few days in a row that a test plays through the whole package.
type world struct {
	*office
	t    *rapid.T
	days []ledger.Day
	// theirs are the lines of each day's file.
	theirs map[ledger.Day][]payment
	// want are the findings that each day must have.
	want map[ledger.Day][]string
}

// expect is a finding that a day must have.
func (w *world) expect(day ledger.Day, class match.Class, p payment) {
	w.want[day] = append(w.want[day], is(class, p))
}

// list puts a payment into a day's file; far ones with another time.
func (w *world) list(day ledger.Day, p payment) {
	if ledger.BusinessDay(p.At, 24*time.Hour) < day.Previous() {
		p.At = day.Begin(24 * time.Hour)
	}
	w.theirs[day] = append(w.theirs[day], p)
}

// money is an amount, and a fee.
func (w *world) sold() payment {
	amount := ledger.Rupiah(rapid.Int64Range(10_000, 5_000_000).Draw(w.t, "amount"))
	fee := ledger.Rupiah(rapid.Int64Range(0, 5000).Draw(w.t, "fee"))
	return w.pay(w.t, amount, fee)
}

// plants are what may happen to a payment of a day and its line.
var plants = map[string]func(w *world, day ledger.Day){
	"agreed":   func(w *world, day ledger.Day) { w.list(day, w.sold()) },
	"reversed": func(w *world, day ledger.Day) { w.list(day, w.reversed()) },
	"reversed, not listed": func(w *world, _ ledger.Day) {
		w.reversed()
	},
	"a day later": func(w *world, day ledger.Day) {
		p := w.sold()
		w.list(day.Next(), p)
		w.expect(day, match.Carried, p)
		w.expect(day.Next(), match.DateShift, p)
	},
	"missing there": func(w *world, day ledger.Day) {
		p := w.sold()
		w.expect(day, match.Carried, p)
		w.expect(day.Next(), match.MissingAtIndomaret, p)
	},
	"missing here": func(w *world, day ledger.Day) {
		p := w.charge(w.t, 25_000, 1000)
		w.list(day, p)
		w.expect(day, match.Carried, p)
		w.expect(day.Next(), match.MissingAtPartner, p)
	},
	"other amount": func(w *world, day ledger.Day) {
		p := w.sold()
		p.Amount += ledger.Rupiah(rapid.SampledFrom([]int64{-1, 1, 1000}).Draw(w.t, "by"))
		w.list(day, p)
		w.expect(day, match.AmountMismatch, p)
	},
	"other amount, a day later": func(w *world, day ledger.Day) {
		p := w.sold()
		w.expect(day, match.Carried, p)
		p.Amount++
		w.list(day.Next(), p)
		w.expect(day.Next(), match.AmountMismatch, p)
	},
	"other fee": func(w *world, day ledger.Day) {
		p := w.sold()
		p.Fee++
		w.list(day, p)
		w.expect(day, match.FeeMismatch, p)
	},
	"reversed here": func(w *world, day ledger.Day) {
		p := w.reversed()
		p.Reversed = false
		w.list(day, p)
		w.expect(day, match.ReversedButSettled, p)
	},
	"buried here": func(w *world, day ledger.Day) {
		p := w.charge(w.t, 25_000, 1000)
		require.Equal(w.t, ledger.ReasonApproved, w.reverse(w.t, p))
		w.list(day, p)
		w.expect(day, match.ReversedButSettled, p)
	},
	"reversed there": func(w *world, day ledger.Day) {
		p := w.sold()
		p.Reversed = true
		w.list(day, p)
		w.expect(day, match.PaidButReversedThere, p)
	},
	"reversed there a day later": func(w *world, day ledger.Day) {
		p := w.sold()
		w.list(day, p)
		p.Reversed = true
		w.list(day.Next(), p)
		w.expect(day.Next(), match.PaidButReversedThere, p)
	},
	"twice": func(w *world, day ledger.Day) {
		p := w.sold()
		w.list(day, p)
		w.list(day, p)
		w.expect(day, match.DuplicateInFile, p)
	},
	"again two days later": func(w *world, day ledger.Day) {
		p := w.sold()
		w.list(day, p)
		w.list(day.Next().Next(), p)
		w.expect(day.Next().Next(), match.DuplicateInFile, p)
	},
	"two refs": func(w *world, day ledger.Day) {
		p := w.sold()
		w.list(day, p)
		p.Ref = "Z" + p.Ref
		w.list(day, p)
		w.expect(day, match.DuplicatePayment, p)
	},
	"unknown code": func(w *world, day ledger.Day) {
		p := w.charge(w.t, 25_000, 0)
		p.Code = p.Code[:15] + ledger.PaymentCode(rune('0'+(p.Code[15]-'0'+1)%10))
		w.list(day, p)
		w.expect(day, match.UnknownCode, p)
	},
}

// reversed is a payment that a till took back.
func (w *world) reversed() payment {
	p := w.sold()
	require.Equal(w.t, ledger.ReasonApproved, w.reverse(w.t, p))
	p.Reversed = true
	return p
}

// play books random days with their files; three more let what was carried come
// out.
func (w *world) play() {
	names := []string{}
	for name := range plants {
		names = append(names, name)
	}
	slices.Sort(names)
	day := friday
	for range 5 {
		w.days = append(w.days, day)
		w.at(w.t, day, "10:00:00")
		if len(w.days) <= 2 {
			for range rapid.IntRange(0, 12).Draw(w.t, "payments") {
				plants[rapid.SampledFrom(names).Draw(w.t, "plant")](w, day)
			}
		}
		day = day.Next()
	}
}

// requireAddsUp holds an outcome's classes against both sides.
func requireAddsUp(t require.TestingT, o reconcile.Outcome, batch ledger.Batch, file ledger.PartnerFile) {
	var ours, theirs reconcile.Sums
	differences := 0
	amount := o.Theirs.Own.Amount + o.Theirs.Carried.Amount
	fee := o.Theirs.Own.Fee + o.Theirs.Carried.Fee
	for _, c := range o.Classes {
		ours, theirs = plus(ours, c.Ours), plus(theirs, c.Theirs)
		amount, fee = amount+c.Amount, fee+c.Fee
		require.Positive(t, c.Findings)
		if !c.Class.Clean() && c.Class != match.Carried {
			differences += c.Findings
		}
	}
	require.Equal(t, plus(o.Ours.Own, o.Ours.Carried), ours, "the classes part our side")
	require.Equal(t, plus(o.Theirs.Own, o.Theirs.Carried), theirs, "and theirs")
	require.Equal(t, ours.Amount, amount, "and explain the difference")
	require.Equal(t, ours.Fee, fee)
	require.Equal(t, differences, o.Differences)
	require.Equal(t, reconcile.Sums{
		Paid: batch.Paid, Amount: batch.PaidAmount, Fee: batch.PaidFee, Reversed: batch.Reversed, ReversedAmount: batch.ReversedAmount,
	}, o.Ours.Own)
	require.Equal(t, reconcile.Sums{
		Paid: file.Paid, Amount: file.Amount, Fee: file.Fee, Reversed: file.Reversed, ReversedAmount: file.ReversedAmount,
	}, o.Theirs.Own)
}

func plus(a, b reconcile.Sums) reconcile.Sums {
	return reconcile.Sums{
		Paid: a.Paid + b.Paid, Amount: a.Amount + b.Amount, Fee: a.Fee + b.Fee,
		Reversed: a.Reversed + b.Reversed, ReversedAmount: a.ReversedAmount + b.ReversedAmount,
	}
}

// Random days, from the till to the cases: each planted difference is found in
// its class and none besides, money adds up on both sides, and every difference
// has one case. Matching all days again, in any order, changes none of it.
func TestRandomDays(t *testing.T) {
	t.Parallel()
	played := 0
	rapid.Check(t, func(r *rapid.T) {
		w := &world{office: inMemory(t), t: r, theirs: map[ledger.Day][]payment{}, want: map[ledger.Day][]string{}}
		w.config.Dir = filepath.Join(quick(t), "files")
		w.finance = reconcile.New(w.config)
		w.play()
		w.close(r, w.days...)
		for _, day := range w.days {
			lines := w.theirs[day]
			if len(lines) > 0 {
				lines = rapid.Permutation(lines).Draw(r, "order")
			}
			w.take(r, day, fileOf(day, 1, lines...))
			w.match(r, day)
			played++
		}
		w.requireFound()
		cases := w.cases(r, true)
		for _, day := range rapid.Permutation(w.days).Draw(r, "again") {
			require.Zero(r, w.match(r, day).Opened)
		}
		w.requireFound()
		require.Equal(r, cases, w.cases(r, true))
	})
	t.Logf("%d days", played)
}

// quick is a folder that waits for no disk, where the system has one: what
// survives a loss of power is not the question here.
func quick(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "paypoint-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	return dir
}

// requireFound holds all days against what was planted.
func (w *world) requireFound() {
	var wanted []string
	for _, day := range w.days {
		slices.Sort(w.want[day])
		require.Equal(w.t, append([]string{}, w.want[day]...), w.findings(w.t, day), day)
		days, err := w.finance.Days(w.t.Context(), day, 1)
		require.NoError(w.t, err)
		require.Len(w.t, days, 1)
		requireAddsUp(w.t, *days[0].Outcome, days[0].Batch, days[0].Files[0])
		for _, finding := range w.want[day] {
			var class match.Class
			var p payment
			_, err := fmt.Sscan(finding, &class, &p.Code, &p.Ref)
			require.NoError(w.t, err)
			if !class.Clean() && class != match.Carried {
				wanted = append(wanted, finding)
			}
		}
	}
	var opened []string
	for _, c := range w.cases(w.t, true) {
		opened = append(opened, is(match.Class(c.Class), payment{Code: c.Code, Ref: c.Ref}))
	}
	slices.Sort(wanted)
	slices.Sort(opened)
	require.Equal(w.t, wanted, opened)
}
