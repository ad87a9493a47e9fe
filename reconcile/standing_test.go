package reconcile_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
	"paypoint/reconcile"
	"paypoint/reconcile/match"
)

// resolve has a case's act proposed by one person and approved by another.
func (o *office) resolve(t require.TestingT, c ledger.Case, act ledger.Act, amount ledger.Rupiah) {
	ctx := context.Background()
	c, err := o.ledger.Propose(ctx, c.ID, ledger.Proposal{Act: act, Amount: amount, Why: "as agreed with Indomaret", By: "ani"})
	require.NoError(t, err)
	_, err = o.ledger.Approve(ctx, c.ID, ledger.Approval{Seq: c.Proposal.Seq, By: "budi", Receipt: "R" + string(c.Ref)})
	require.NoError(t, err)
}

// the is the only open case of a class.
func (o *office) the(t require.TestingT, class match.Class) ledger.Case {
	var found []ledger.Case
	for _, c := range o.cases(t, true) {
		if c.Class == string(class) {
			found = append(found, c)
		}
	}
	require.Len(t, found, 1, class)
	return found[0]
}

// later is a payment that stands in a file a day after its own.
func later(p payment) payment {
	p.At = p.At.Add(24 * time.Hour)
	return p
}

// What the ledger knows of a payment that Indomaret alone has decides its class.
func TestStanding(t *testing.T) {
	t.Parallel()
	overEngines(t, func(t *testing.T, o *office) {
		never := o.charge(t, 10_000, 0)
		noCode := payment{Code: "8880000000000000", Ref: "T1", Store: "T001", At: never.At, Amount: 10_000}
		paid := o.pay(t, 20_000, 0)
		other := paid
		other.Ref = "T2"
		buried := o.charge(t, 30_000, 0)
		require.Equal(t, ledger.ReasonApproved, o.reverse(t, buried))
		unheard := buried
		unheard.Ref, unheard.Reversed = "T3", true
		o.matched(t, friday, never, noCode, paid, other, buried, unheard)
		require.ElementsMatch(t, []string{
			is(match.Carried, never), is(match.UnknownCode, noCode), is(match.DuplicatePayment, other), is(match.ReversedButSettled, buried),
		}, o.findings(t, friday))

		o.at(t, saturday, "10:00:00")
		again := later(paid)
		back := o.pay(t, 40_000, 0)
		require.Equal(t, ledger.ReasonApproved, o.reverse(t, back))
		o.at(t, monday, "02:00:00")
		o.matched(t, saturday, again)
		require.ElementsMatch(t, []string{is(match.MissingAtPartner, never), is(match.DuplicateInFile, paid)}, o.findings(t, saturday),
			"Friday's match found the line of the payment")
		o.matched(t, sunday, later(back))
		require.Equal(t, []string{is(match.ReversedButSettled, back)}, o.findings(t, sunday))
	})
}

// A line that comes after its payment was missing is the payment's first, and
// one that was found a day late is its second.
func TestStandingOfEarlierBatches(t *testing.T) {
	t.Parallel()
	o := inMemory(t)
	missing, late := o.pay(t, 10_000, 0), o.pay(t, 20_000, 0)
	o.at(t, monday, "10:00:00")
	o.matched(t, friday)
	o.matched(t, saturday, late)
	require.ElementsMatch(t, []string{is(match.DateShift, late), is(match.MissingAtIndomaret, missing)}, o.findings(t, saturday))
	o.matched(t, sunday, later(missing), later(late))
	require.ElementsMatch(t, []string{is(match.DuplicateInFile, late), is(match.Carried, missing)}, o.findings(t, sunday))
	o.matched(t, monday)
	require.Equal(t, []string{is(match.MissingAtPartner, missing)}, o.findings(t, monday))
}

// A payment of the next day's batch is awaited, also when both days were matched
// before.
func TestStandingOfALaterBatch(t *testing.T) {
	t.Parallel()
	o := inMemory(t)
	o.at(t, saturday, "00:00:05")
	p := o.pay(t, 10_000, 0)
	early := p
	early.At = p.At.Add(-10 * time.Second)
	o.at(t, sunday, "10:00:00")
	for range 2 {
		if _, err := o.finance.Outcome(t.Context(), friday); err == nil {
			o.match(t, friday)
			o.match(t, saturday)
		} else {
			o.matched(t, friday, early)
			o.matched(t, saturday)
		}
		require.Equal(t, []string{is(match.Carried, p)}, o.findings(t, friday))
		require.Equal(t, []string{is(match.DateShift, p)}, o.findings(t, saturday))
	}
}

// Whatever was done about a difference, matching its days again finds it as it
// was, opens no case, and no later day takes the correction for a payment.
func TestMatchAfterActs(t *testing.T) {
	t.Parallel()
	overEngines(t, func(t *testing.T, o *office) {
		recovered, refunded := o.charge(t, 10_000, 500), o.charge(t, 20_000, 500)
		second := o.pay(t, 30_000, 500)
		second.Ref = "TSECOND"
		gone, lost := o.pay(t, 40_000, 500), o.pay(t, 50_000, 500)
		wrong := o.pay(t, 60_000, 500)
		wrong.Amount = 61_000
		back := o.pay(t, 70_000, 500)
		require.Equal(t, ledger.ReasonApproved, o.reverse(t, back))
		lost.Reversed = true
		third := second
		third.Ref = "T000000003"
		o.at(t, monday, "10:00:00")
		o.matched(t, friday, recovered, refunded, third, second, lost, wrong, back)
		o.matched(t, saturday)
		want := map[ledger.Day][]string{friday: o.findings(t, friday), saturday: o.findings(t, saturday), sunday: {}, monday: {}}
		require.ElementsMatch(t, []string{
			is(match.Carried, recovered), is(match.Carried, refunded), is(match.DuplicatePayment, second), is(match.Carried, gone),
			is(match.PaidButReversedThere, lost), is(match.AmountMismatch, wrong), is(match.ReversedButSettled, back),
		}, want[friday])
		require.ElementsMatch(t, []string{
			is(match.MissingAtPartner, recovered), is(match.MissingAtPartner, refunded), is(match.MissingAtIndomaret, gone),
		}, want[saturday])

		for _, c := range o.cases(t, true) {
			act, amount := map[match.Class]ledger.Act{
				match.MissingAtPartner: ledger.ActRecover, match.DuplicatePayment: ledger.ActRefund, match.MissingAtIndomaret: ledger.ActReverse,
				match.PaidButReversedThere: ledger.ActReverse, match.AmountMismatch: ledger.ActWriteOff, match.ReversedButSettled: ledger.ActRefund,
			}[match.Class(c.Class)], c.Surplus()
			if c.Code == refunded.Code {
				act = ledger.ActRefund
			}
			if act == ledger.ActRecover || act == ledger.ActReverse {
				amount = 0
			}
			require.Equal(t, friday, c.Day)
			o.resolve(t, c, act, amount)
		}
		require.Empty(t, o.cases(t, true))
		opened := len(o.cases(t, false))
		o.matched(t, sunday)
		batch := o.matched(t, monday)
		require.Zero(t, batch.Ours.Own, "adjustments are no payments")
		for range 2 {
			for day, findings := range want {
				o.match(t, day)
				require.Equal(t, findings, o.findings(t, day), day)
			}
		}
		require.Len(t, o.cases(t, false), opened)
	})
}

// A line of a payment that an act has dealt with, in a file that comes later, is
// one too many.
func TestLinesAfterActs(t *testing.T) {
	t.Parallel()
	o := inMemory(t)
	recovered, refunded := o.charge(t, 10_000, 0), o.charge(t, 20_000, 0)
	undone := o.charge(t, 30_000, 0)
	gone := o.pay(t, 40_000, 0)
	o.at(t, sunday, "10:00:00")
	o.matched(t, friday, recovered, refunded, undone)
	o.matched(t, saturday)
	for _, c := range o.cases(t, true) {
		switch c.Code {
		case refunded.Code:
			o.resolve(t, c, ledger.ActRefund, c.Surplus())
		case gone.Code:
			o.resolve(t, c, ledger.ActReverse, 0)
		default:
			o.resolve(t, c, ledger.ActRecover, 0)
		}
	}
	_, err := o.ledger.OpenCases(t.Context(), "ani", []ledger.NewCase{{
		Class: string(match.MissingAtIndomaret), Day: sunday, Code: undone.Code, Ref: undone.Ref, Ours: undone.Amount,
	}})
	require.NoError(t, err)
	o.resolve(t, o.the(t, match.MissingAtIndomaret), ledger.ActReverse, 0)

	for _, day := range []ledger.Day{sunday, monday} {
		o.at(t, day.Next(), "10:00:00")
		files := []payment{}
		for _, p := range []payment{recovered, refunded, undone, gone} {
			p.At, err = time.ParseInLocation(ledger.WireTime, fmt.Sprintf("%s 10:00:00", day), ledger.WIB)
			require.NoError(t, err)
			files = append(files, p)
		}
		o.matched(t, day, files...)
		require.ElementsMatch(t, []string{
			is(match.DuplicateInFile, recovered), is(match.DuplicateInFile, refunded),
			is(match.ReversedButSettled, undone), is(match.ReversedButSettled, gone),
		}, o.findings(t, day))
	}
}

// Lines of many old days at once: what earlier matches found of each is read
// again where it was not kept open.
func TestStandingOfManyDays(t *testing.T) {
	t.Parallel()
	o := inMemory(t)
	o.config.Dir = quick(t)
	o.finance = reconcile.New(o.config)
	const count = 70
	day, last := friday, friday
	var found, missing []payment
	for n := range count {
		o.at(t, day, "10:00:00")
		p, q := o.pay(t, 10_000, 0), o.pay(t, 20_000, 0)
		o.at(t, day.Next(), "02:00:00")
		o.matched(t, day, p)
		if n < count-2 {
			found, missing = append(found, p), append(missing, q)
		}
		last, day = day, day.Next()
	}
	var lines []payment
	var want []string
	for n := range found {
		for _, p := range []payment{found[n], missing[n]} {
			p.At = last.Next().Begin(24 * time.Hour)
			lines = append(lines, p)
		}
		want = append(want, is(match.DuplicateInFile, found[n]), is(match.Carried, missing[n]))
	}
	o.matched(t, day, lines...)
	var got []string
	for _, finding := range o.findings(t, day) {
		if !strings.HasPrefix(finding, string(match.MissingAtIndomaret)) {
			got = append(got, finding)
		}
	}
	require.ElementsMatch(t, want, got)
}
