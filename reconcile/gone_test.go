package reconcile_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
	"paypoint/reconcile/match"
)

// amounting is a payment as Indomaret has it with another amount.
func amounting(p payment, amount ledger.Rupiah) payment {
	p.Amount = amount
	return p
}

// goneRefused makes sure that no act moves money by a case.
func (o *office) goneRefused(t require.TestingT, c ledger.Case) {
	for _, act := range ledger.Acts() {
		amount := ledger.Rupiah(0)
		if act == ledger.ActRefund || act == ledger.ActWriteOff {
			amount = c.Surplus()
		}
		if act != ledger.ActAccept {
			_, err := o.ledger.Propose(context.Background(), c.ID, ledger.Proposal{Act: act, Amount: amount, Why: "x", By: "ani"})
			require.ErrorIs(t, err, ledger.ErrCaseGone, act)
		}
	}
}

// A file has a payment wrong, the corrected one has it right, a third one wrong
// again: what was proposed by the first is not booked any more, and what the third
// has is a case of its own.
func TestACorrectedFileEndsWhatWasProposed(t *testing.T) {
	t.Parallel()
	overEngines(t, func(t *testing.T, o *office) {
		p := o.pay(t, 50_000, 0)
		o.at(t, sunday, "10:00:00")
		o.matched(t, friday, amounting(p, 71_500))
		first := o.the(t, match.AmountMismatch)
		first, err := o.ledger.Propose(t.Context(), first.ID, ledger.Proposal{Act: ledger.ActRefund, Amount: 21_500, Why: "too much", By: "ani"})
		require.NoError(t, err)

		o.take(t, friday, fileOf(friday, 2, p))
		require.Equal(t, 3, o.match(t, friday).Noted)
		healed := o.newest(t, p)
		require.True(t, healed.Gone)
		require.Equal(t, ledger.CaseProposed, healed.State, "nothing is closed silently")
		require.Contains(t, o.notes(t, first.ID), "Matching 2026-11-20 with version 2 of Indomaret's file, the difference is gone: "+
			"its files have Rp 50000 for this payment (Rp 71500 when the case was opened), and it owes Rp 50000 by the books.")
		require.Zero(t, o.match(t, friday).Noted, "it is noted once")
		_, err = o.ledger.Approve(t.Context(), first.ID, ledger.Approval{Seq: first.Proposal.Seq, By: "budi"})
		require.ErrorIs(t, err, ledger.ErrCaseGone)
		_, err = o.ledger.Withdraw(t.Context(), first.ID, "ani", "the file is right")
		require.NoError(t, err)
		o.goneRefused(t, first)

		o.take(t, friday, fileOf(friday, 3, amounting(p, 71_500), stranger(p)))
		o.match(t, friday)
		again := o.newest(t, p)
		require.NotEqual(t, first.ID, again.ID)
		require.Equal(t, [2]ledger.Rupiah{50_000, 71_500}, [2]ledger.Rupiah{again.Ours, again.Theirs})
		o.refused(t, first, ledger.ActRefund, 21_500)
		o.resolve(t, first, ledger.ActAccept, 0)
		o.resolve(t, again, ledger.ActRefund, 21_500)
		require.Equal(t, ledger.Rupiah(-21_500), o.balance(t, ledger.Suspense), "it is booked once")
		require.Zero(t, o.match(t, friday).Opened)
	})
}

// What a second version of Friday's file makes of the case that the first has
// opened.
func TestWhatMakesACaseGone(t *testing.T) {
	t.Parallel()
	ours := func(o *office, t *testing.T) payment { return o.pay(t, 50_000, 0) }
	theirs := func(o *office, t *testing.T) payment { return o.charge(t, 50_000, 0) }
	for name, c := range map[string]struct {
		make   func(*office, *testing.T) payment
		first  []ledger.Rupiah
		second []ledger.Rupiah
		// saturday says that the day after was matched before.
		saturday     bool
		gone, opened bool
	}{
		"it is as it was":                     {make: ours, first: []ledger.Rupiah{80_000}, second: []ledger.Rupiah{80_000}},
		"it is right":                         {make: ours, first: []ledger.Rupiah{80_000}, second: []ledger.Rupiah{50_000}, gone: true},
		"it differs otherwise":                {make: ours, first: []ledger.Rupiah{80_000}, second: []ledger.Rupiah{70_000}, opened: true},
		"it has gone, Saturday decides":       {make: ours, first: []ledger.Rupiah{80_000}, gone: true},
		"it has gone, Saturday has it not":    {make: ours, first: []ledger.Rupiah{80_000}, saturday: true, opened: true},
		"it was missing, and is there":        {make: ours, second: []ledger.Rupiah{50_000}, saturday: true, gone: true},
		"it is missing again":                 {make: ours, saturday: true},
		"a line too many has gone":            {make: ours, first: []ledger.Rupiah{50_000, 50_000}, second: []ledger.Rupiah{50_000}, gone: true},
		"there are more lines too many":       {make: ours, first: []ledger.Rupiah{50_000, 50_000}, second: []ledger.Rupiah{50_000, 50_000, 50_000}, opened: true},
		"theirs alone has gone":               {make: theirs, first: []ledger.Rupiah{50_000}, saturday: true, gone: true},
		"theirs alone is as it was":           {make: theirs, first: []ledger.Rupiah{50_000}, second: []ledger.Rupiah{50_000}, saturday: true},
		"theirs alone is with another amount": {make: theirs, first: []ledger.Rupiah{50_000}, second: []ledger.Rupiah{60_000}, saturday: true, opened: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := inMemory(t)
			p, other := c.make(o, t), o.pay(t, 10_000, 0)
			lines := func(amounts []ledger.Rupiah, more ...payment) []payment {
				for _, amount := range amounts {
					more = append(more, amounting(p, amount))
				}
				return more
			}
			o.at(t, sunday, "10:00:00")
			o.matched(t, friday, lines(c.first, other)...)
			if c.saturday {
				o.matched(t, saturday)
			}
			before := o.newest(t, p)
			o.take(t, friday, fileOf(friday, 2, lines(c.second, stranger(p), other)...))
			o.match(t, friday)
			after, _, err := o.ledger.Case(t.Context(), before.ID)
			require.NoError(t, err)
			require.Equal(t, c.gone, after.Gone)
			require.Equal(t, c.opened, o.newest(t, p).ID != before.ID)
			if c.gone {
				o.goneRefused(t, before)
			}
			noted := len(o.notes(t, before.ID))
			o.match(t, friday)
			require.Len(t, o.notes(t, before.ID), noted, "nothing has changed since")
		})
	}
}

// What an act has left of a difference is gone too, once a file has just what the
// books have by then.
func TestWhatACorrectionLeftIsGone(t *testing.T) {
	t.Parallel()
	o := inMemory(t)
	p := o.pay(t, 50_000, 0)
	o.at(t, sunday, "10:00:00")
	o.matched(t, friday, amounting(p, 80_000))
	o.resolve(t, o.the(t, match.AmountMismatch), ledger.ActRefund, 10_000)
	rest := o.the(t, differs)
	require.Equal(t, ledger.Rupiah(20_000), rest.Surplus())
	o.match(t, friday)
	require.False(t, o.the(t, differs).Gone, "the file has more still")
	o.take(t, friday, fileOf(friday, 2, amounting(p, 60_000)))
	o.match(t, friday)
	require.True(t, o.the(t, differs).Gone)
	o.goneRefused(t, rest)
	require.Equal(t, ledger.Rupiah(60_000), o.owed(t, p))
}

// A case of before this was noted is found to be gone when its day is matched
// again, whatever was matched in between.
func TestACaseIsGoneWheneverItsDayIsMatched(t *testing.T) {
	t.Parallel()
	o := inMemory(t)
	p := o.pay(t, 50_000, 0)
	o.at(t, sunday, "10:00:00")
	o.matched(t, friday, p)
	_, err := o.ledger.OpenCases(t.Context(), "ani", []ledger.NewCase{{
		Class: string(match.AmountMismatch), Day: friday, Code: p.Code, Ref: p.Ref, Ours: 50_000, Theirs: 80_000,
	}})
	require.NoError(t, err)
	o.match(t, friday)
	require.True(t, o.newest(t, p).Gone)
}
