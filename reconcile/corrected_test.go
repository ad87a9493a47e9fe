package reconcile_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
	"paypoint/reconcile"
	"paypoint/reconcile/match"
)

// differs is the class of a payment that was corrected, and differs again.
const differs match.Class = ledger.ClassCorrectionDiffers

// refused has an act proposed that can't be done.
func (o *office) refused(t require.TestingT, c ledger.Case, act ledger.Act, amount ledger.Rupiah) {
	_, err := o.ledger.Propose(context.Background(), c.ID, ledger.Proposal{Act: act, Amount: amount, Why: "again", By: "ani"})
	require.ErrorIs(t, err, ledger.ErrAct)
}

// owed is what Indomaret owes for a payment by the books.
func (o *office) owed(t require.TestingT, p payment) ledger.Rupiah {
	state, err := o.ledger.Reader().Load(context.Background(), ledger.Keys{Code: p.Code, Ref: p.Ref})
	require.NoError(t, err)
	return state.Tx.Owed()
}

// requireNothingSilent matches days again and finds that no open case comes of it.
func (o *office) requireNothingSilent(t require.TestingT, day ledger.Day, explained ...payment) {
	require.Zero(t, o.match(t, day).Opened)
	for _, c := range o.cases(t, true) {
		for _, p := range explained {
			require.False(t, c.Code == p.Code && c.Ref == p.Ref && c.Surplus() != 0 && c.Theirs+c.TheirsFee-o.owed(t, p) != 0 &&
				c.ID == o.newest(t, p).ID, "case %d of %s is open", c.ID, p.Code)
		}
	}
}

// newest is the newest case of a payment.
func (o *office) newest(t require.TestingT, p payment) ledger.Case {
	var newest ledger.Case
	for _, c := range o.cases(t, false) {
		if c.Code == p.Code && c.Ref == p.Ref {
			newest = c
		}
	}
	require.NotZero(t, newest.ID)
	return newest
}

// balance is an account's now.
func (o *office) balance(t require.TestingT, account ledger.Account) ledger.Rupiah {
	balances, err := o.ledger.TrialBalance(context.Background(), "")
	require.NoError(t, err)
	for _, b := range balances {
		if b.Account == account {
			return b.Amount
		}
	}
	return 0
}

// A line that was refunded keeps its correction, whatever its class becomes.
func TestRefundedLineOfACodeThatIsPaidSince(t *testing.T) {
	t.Parallel()
	o := inMemory(t)
	p := o.charge(t, 20_000, 500)
	o.at(t, sunday, "10:00:00")
	o.matched(t, friday, p)
	o.matched(t, saturday)
	o.resolve(t, o.the(t, match.MissingAtPartner), ledger.ActRefund, 20_500)
	other := p
	other.Ref, other.At = "TOTHER", p.At.AddDate(0, 0, 2)
	o.book(t, other)
	o.take(t, friday, fileOf(friday, 2, p, stranger(p)))
	o.match(t, friday)
	require.Contains(t, o.findings(t, friday), is(match.DuplicatePayment, p))
	page, err := o.finance.Findings(t.Context(), friday, match.DuplicatePayment, 0, 1)
	require.NoError(t, err)
	require.Contains(t, page.Findings[0].Known, "another payment holds the code; it was corrected")
	for _, c := range o.cases(t, true) {
		require.NotEqual(t, p.Ref, c.Ref, "the refund explains it")
	}
	require.Equal(t, ledger.Rupiah(-20_500), o.balance(t, ledger.Suspense))
}

// stranger makes a file another one than the version before.
func stranger(p payment) payment {
	p.Code, p.Ref, p.Amount = "8880000000000000", "STRANGER", 1000
	return p
}

// Two classes of one line are two cases, of which one can be acted on.
func TestTwoCasesOfOneLine(t *testing.T) {
	t.Parallel()
	o := inMemory(t)
	p := o.charge(t, 20_000, 0)
	o.at(t, sunday, "10:00:00")
	o.matched(t, friday, p)
	o.matched(t, saturday)
	missing := o.the(t, match.MissingAtPartner)
	other := p
	other.Ref, other.At = "TOTHER", p.At.AddDate(0, 0, 2)
	o.book(t, other)
	o.match(t, friday)
	second := o.the(t, match.DuplicatePayment)
	require.Contains(t, o.notes(t, missing.ID), fmt.Sprintf("Case %d was found later of the same payment.", second.ID))
	o.refused(t, missing, ledger.ActRefund, 20_000)
	o.resolve(t, second, ledger.ActRefund, 20_000)
	o.refused(t, missing, ledger.ActRefund, 20_000)
	o.requireNothingSilent(t, friday)
	o.requireNothingSilent(t, saturday)
}

// Amounts of a newer version are seen, before and after an act.
func TestAmountsThatChange(t *testing.T) {
	t.Parallel()
	o := inMemory(t)
	p, q := o.pay(t, 50_000, 0), o.charge(t, 20_000, 0)
	o.at(t, sunday, "10:00:00")
	v := p
	v.Amount = 60_000
	short := q
	short.Amount = 15_000
	o.matched(t, friday, v, short)
	o.matched(t, saturday)
	v.Amount = 70_000
	o.take(t, friday, fileOf(friday, 2, v, q))
	o.match(t, friday)
	require.Equal(t, ledger.Rupiah(70_000), o.newest(t, p).Theirs)
	require.Equal(t, ledger.Rupiah(20_000), o.newest(t, q).Theirs)
	o.resolve(t, o.newest(t, p), ledger.ActRefund, 20_000)
	o.resolve(t, o.newest(t, q), ledger.ActRecover, 0)
	require.Equal(t, ledger.Rupiah(20_000), o.owed(t, q))

	v.Amount = 90_000
	o.take(t, friday, fileOf(friday, 3, v, q))
	require.Equal(t, 1, o.match(t, friday).Opened)
	again := o.the(t, differs)
	require.Equal(t, [2]ledger.Rupiah{70_000, 90_000}, [2]ledger.Rupiah{again.Ours, again.Theirs})
	o.resolve(t, again, ledger.ActRefund, 20_000)
	o.requireNothingSilent(t, friday, p, q)
}

// A version that takes back what was corrected opens a case of each, and one that
// brings it back closes the circle.
func TestCorrectedThenRight(t *testing.T) {
	t.Parallel()
	overEngines(t, func(t *testing.T, o *office) {
		miss, rev, back, dup := o.pay(t, 10_000, 0), o.pay(t, 20_000, 0), o.pay(t, 30_000, 0), o.pay(t, 40_000, 500)
		found := o.charge(t, 50_000, 0)
		reversed := rev
		reversed.Reversed = true
		o.at(t, sunday, "10:00:00")
		wrong := []payment{reversed, dup, dup, found}
		o.matched(t, friday, wrong...)
		o.matched(t, saturday)
		for p, act := range map[payment]ledger.Act{
			miss: ledger.ActWriteOff, rev: ledger.ActReverse, back: ledger.ActReverse, dup: ledger.ActRefund, found: ledger.ActRecover,
		} {
			c := o.newest(t, p)
			amount := ledger.Rupiah(0)
			if act == ledger.ActWriteOff || act == ledger.ActRefund {
				amount = c.Surplus()
			}
			o.resolve(t, c, act, amount)
		}
		require.Zero(t, o.match(t, friday).Opened)
		require.Zero(t, o.match(t, saturday).Opened)

		o.take(t, friday, fileOf(friday, 2, miss, rev, back, dup))
		o.match(t, friday)
		require.Empty(t, o.findings(t, friday), "the classes say nothing of corrections")
		want := map[ledger.PaymentCode][2]ledger.Rupiah{
			miss.Code: {0, 10_000}, rev.Code: {0, 20_000}, back.Code: {0, 30_000}, dup.Code: {81_000, 40_500}, found.Code: {50_000, 0},
		}
		for _, c := range o.cases(t, true) {
			require.Equal(t, string(differs), c.Class)
			require.Equal(t, want[c.Code], [2]ledger.Rupiah{c.Ours, c.Theirs}, c.Note)
			require.Contains(t, c.Note, "By the books Indomaret owes")
			delete(want, c.Code)
		}
		require.Empty(t, want)
		for day := range map[ledger.Day]bool{friday: true, saturday: true} {
			require.Zero(t, o.match(t, day).Opened)
		}
		for _, p := range []payment{miss, rev, back} {
			o.resolve(t, o.newest(t, p), ledger.ActRefund, p.Amount)
		}
		o.resolve(t, o.newest(t, dup), ledger.ActRefund, -40_500)
		o.resolve(t, o.newest(t, found), ledger.ActReverse, 0)
		o.requireNothingSilent(t, friday, miss, rev, back, dup, found)
		require.Equal(t, ledger.Rupiah(100_500), o.balance(t, ledger.IndomaretReceivable), "what its file has")

		o.take(t, friday, fileOf(friday, 3, append(wrong, stranger(dup))...))
		o.match(t, friday)
		require.Equal(t, [2]ledger.Rupiah{10_000, 0}, [2]ledger.Rupiah{o.newest(t, miss).Ours, o.newest(t, miss).Theirs})
		require.Equal(t, ledger.CaseOpen, o.newest(t, found).State)
	})
}

// What was written off is known when the amounts change.
func TestWriteOffOfOnePaymentTwice(t *testing.T) {
	t.Parallel()
	o := inMemory(t)
	p := o.pay(t, 50_000, 500)
	o.at(t, sunday, "10:00:00")
	v := p
	v.Amount, v.Fee = 49_000, 400
	o.matched(t, friday, v)
	o.resolve(t, o.the(t, match.AmountMismatch), ledger.ActWriteOff, -1100)
	v.Amount = 50_000
	o.take(t, friday, fileOf(friday, 2, v))
	require.Equal(t, 1, o.match(t, friday).Opened)
	c := o.the(t, differs)
	require.Equal(t, ledger.Rupiah(1000), c.Surplus())
	o.refused(t, c, ledger.ActWriteOff, -100)
	o.resolve(t, c, ledger.ActWriteOff, 1000)
	require.Equal(t, ledger.Rupiah(100), o.balance(t, ledger.WriteOffs))
	o.requireNothingSilent(t, friday, p)
}

// What a till's refused reversal led to is held against the file too.
func TestRefusedReversalWrittenOff(t *testing.T) {
	t.Parallel()
	o := inMemory(t)
	p := o.pay(t, 20_000, 0)
	o.at(t, sunday, "10:00:00")
	o.close(t, friday)
	require.NotEqual(t, ledger.ReasonApproved, o.reverse(t, p))
	o.resolve(t, o.cases(t, true)[0], ledger.ActWriteOff, -20_000)
	require.Equal(t, 1, o.matched(t, friday, p).Opened)
	require.Equal(t, [2]ledger.Rupiah{0, 20_000}, [2]ledger.Rupiah{o.the(t, differs).Ours, o.the(t, differs).Theirs})
}

// A payment that was recovered, and reversed again for its till's sake, is still
// Indomaret's.
func TestRecoveredThenReversed(t *testing.T) {
	t.Parallel()
	o := inMemory(t)
	p := o.charge(t, 20_000, 500)
	o.at(t, sunday, "10:00:00")
	o.matched(t, friday, p)
	o.matched(t, saturday)
	o.resolve(t, o.the(t, match.MissingAtPartner), ledger.ActRecover, 0)
	require.NotEqual(t, ledger.ReasonApproved, o.reverse(t, p))
	o.resolve(t, o.cases(t, true)[0], ledger.ActReverse, 0)
	o.match(t, friday)
	o.match(t, saturday)
	require.Equal(t, [2]ledger.Rupiah{0, 20_500}, [2]ledger.Rupiah{o.the(t, differs).Ours, o.the(t, differs).Theirs})
}

// An act that takes a part leaves a case of the rest, also where no file has the
// payment any more.
func TestPartOfACorrection(t *testing.T) {
	t.Parallel()
	o := inMemory(t)
	p := o.charge(t, 20_000, 0)
	o.at(t, sunday, "10:00:00")
	o.matched(t, friday, p)
	o.matched(t, saturday)
	o.resolve(t, o.the(t, match.MissingAtPartner), ledger.ActRefund, 20_000)
	o.take(t, friday, fileOf(friday, 2))
	o.match(t, friday)
	o.resolve(t, o.the(t, differs), ledger.ActRefund, -5000)
	o.match(t, friday)
	require.Equal(t, [2]ledger.Rupiah{15_000, 0}, [2]ledger.Rupiah{o.the(t, differs).Ours, o.the(t, differs).Theirs})
}

// Lines of several files of one payment add up; one that says REVERSED takes an
// earlier one back.
func TestLinesOfSeveralFiles(t *testing.T) {
	t.Parallel()
	o := inMemory(t)
	p := o.pay(t, 20_000, 500)
	o.at(t, monday, "10:00:00")
	o.matched(t, friday, p)
	o.matched(t, saturday)
	o.matched(t, sunday, later(p))
	c := o.the(t, match.DuplicateInFile)
	require.Equal(t, [4]ledger.Rupiah{20_000, 500, 40_000, 1000}, [4]ledger.Rupiah{c.Ours, c.OursFee, c.Theirs, c.TheirsFee})
	o.resolve(t, c, ledger.ActRefund, 20_500)
	o.requireNothingSilent(t, friday, p)

	gone := later(later(p))
	gone.Reversed = true
	o.matched(t, monday, gone)
	c = o.the(t, differs)
	require.Equal(t, [2]ledger.Rupiah{41_000, 20_500}, [2]ledger.Rupiah{c.Ours, c.Theirs})
	o.resolve(t, c, ledger.ActRefund, -20_500)
	for _, day := range []ledger.Day{friday, sunday, monday} {
		o.requireNothingSilent(t, day, p)
	}
}

// A transfer's difference is written off once, whatever it is matched to.
func TestDifferenceOfATransferThatIsMatchedAgain(t *testing.T) {
	t.Parallel()
	o := inMemory(t)
	o.pay(t, 50_000, 0)
	o.at(t, saturday, "10:00:00")
	o.pay(t, 60_000, 0)
	o.at(t, sunday, "10:00:00")
	o.close(t, friday, saturday)
	_, err := o.ledger.RecordTransfer(t.Context(), ledger.Transfer{Reference: "A", On: sunday, Amount: 49_000, By: "ani"})
	require.NoError(t, err)
	for _, days := range [][]ledger.Day{{friday}, {}, {saturday}} {
		_, err := o.ledger.MatchTransfer(t.Context(), "A", days, "ani")
		require.NoError(t, err)
		for _, c := range o.cases(t, true) {
			o.resolve(t, c, ledger.ActWriteOff, c.Surplus())
		}
	}
	require.Equal(t, ledger.Rupiah(11_000), o.balance(t, ledger.WriteOffs), "60,000 less 49,000")
}

// A day that nobody closed or matched is not passed over in silence.
func TestSkippedDay(t *testing.T) {
	t.Parallel()
	o := inMemory(t)
	p, q := o.charge(t, 20_000, 0), o.pay(t, 30_000, 0)
	o.at(t, monday, "10:00:00")
	o.matched(t, friday, p, q)
	outcome := o.matched(t, sunday)
	require.False(t, outcome.AfterMatched)
	require.Equal(t, []ledger.Day{saturday}, outcome.Skipped)
	require.Empty(t, o.cases(t, true))

	require.Empty(t, o.matched(t, saturday).Skipped)
	require.Equal(t, []string{is(match.MissingAtPartner, p)}, o.findings(t, saturday), "what Friday has carried")
	after, err := o.finance.Outcome(t.Context(), sunday)
	require.NoError(t, err)
	require.Empty(t, after.Skipped)
	require.True(t, after.AfterMatched)
	require.Equal(t, p.Ref, o.the(t, match.MissingAtPartner).Ref)
}

// The bytes of an older version again do not make it count.
func TestOlderVersionAgain(t *testing.T) {
	t.Parallel()
	o := inMemory(t)
	p := o.pay(t, 50_000, 0)
	_, err := o.finance.Counts(t.Context(), friday)
	require.ErrorIs(t, err, reconcile.ErrNoFile)
	first := fileOf(friday, 1, p)
	o.take(t, friday, first)
	o.take(t, friday, fileOf(friday, 2))
	there, isNew, err := o.again(t, friday, first)
	require.NoError(t, err)
	require.False(t, isNew)
	require.Equal(t, 1, there.Version)
	counts, err := o.finance.Counts(t.Context(), friday)
	require.NoError(t, err)
	require.Equal(t, 2, counts)
}

// Indomaret's own number says which file is the newer one, whichever came first.
func TestLateFileOfALowerSequence(t *testing.T) {
	t.Parallel()
	overEngines(t, func(t *testing.T, o *office) {
		p := o.pay(t, 50_000, 0)
		wrong := p
		wrong.Amount = 49_000
		o.at(t, saturday, "10:00:00")
		o.close(t, friday)
		require.Equal(t, 2, o.take(t, friday, fileOf(friday, 2, p)).Sequence, "the corrected file comes by hand")
		require.Empty(t, o.match(t, friday).Differences)
		late := o.take(t, friday, fileOf(friday, 1, wrong))
		require.Equal(t, [2]int{2, 1}, [2]int{late.Version, late.Sequence})
		counts, err := o.finance.Counts(t.Context(), friday)
		require.NoError(t, err)
		require.Equal(t, 1, counts)
		outcome := o.match(t, friday)
		require.Equal(t, 1, outcome.Version)
		require.Zero(t, outcome.Differences)
		require.Empty(t, o.cases(t, false))

		o.take(t, friday, fileOf(friday, 3, wrong))
		require.Equal(t, 3, o.match(t, friday).Version)
		require.Equal(t, match.AmountMismatch, match.Class(o.cases(t, true)[0].Class))
	})
}
