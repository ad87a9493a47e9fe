package ledger_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

// A retry of what finance staff booked gets their receipt.
func TestRecoveredPaymentIsReplayed(t *testing.T) {
	t.Parallel()
	for _, includesFee := range []bool{false, true} {
		for _, remitted := range []bool{false, true} {
			w := setup(t, func(a *ledger.Agreement) { a.AmountIncludesFee, a.FeeRemitted = includesFee, remitted })
			c := w.charge()
			found := missing(c, "R1")
			books := map[ledger.Account]ledger.Rupiah{ledger.IndomaretReceivable: 50_000, ledger.MerchantPayable(merchant): -50_000}
			if remitted {
				found.TheirsFee = 2_500
				books[ledger.IndomaretReceivable], books[ledger.Fees] = 52_500, -2_500
			}
			w.resolve(found, ledger.ActRecover, 0)
			require.Equal(t, books, w.balances())

			wire := ledger.Rupiah(50_000)
			if includesFee {
				wire += 2_500
			}
			named := func(p *ledger.Payment) { p.Amount = wire }
			w.agree(func(a *ledger.Agreement) { a.AmountIncludesFee = !includesFee })
			r := w.pay(c.Code, "R1", named)
			require.True(t, r.Replayed)
			require.Equal(t, recoveryReceipt, r.Receipt)
			require.Equal(t, ledger.ReasonRefOtherAmount, w.pay(c.Code, "R1", func(p *ledger.Payment) { p.Amount = wire - 1 }).Reason)

			w.resolve(ledger.NewCase{Class: "AGAIN", Code: c.Code, Ref: "R1", Ours: 50_000}, ledger.ActReverse, 0)
			require.Empty(t, w.balances(), "taken back, fee and all")
			require.Equal(t, ledger.ReasonRefReversed, w.pay(c.Code, "R1", named).Reason)
			_, err := w.propose(w.openCase(ledger.NewCase{Class: "THIRD", Code: c.Code, Ref: "R1", Theirs: 50_000}).ID, ledger.ActRecover, 0)
			require.ErrorIs(t, err, ledger.ErrAct, "never booked again")
		}
	}
}

// What Indomaret says must fit the charge to be its payment.
func TestRecoveryNeedsAFittingCharge(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		theirs ledger.Rupiah
		min    ledger.Rupiah
		edit   func(*ledger.NewCase)
		why    string
	}{
		{name: "closed amount", theirs: 50_000, min: 50_000},
		{name: "one less", theirs: 49_999, min: 50_000, why: "not within the charge's 50000 to 50000"},
		{name: "one more", theirs: 50_001, min: 50_000, why: "not within"},
		{name: "open amount, the least", theirs: 10_000, min: 10_000},
		{name: "open amount, below", theirs: 9_999, min: 10_000, why: "not within"},
		{name: "nothing on their side", theirs: 0, min: 10_000, why: "not within"},
		{name: "no TrackingRef", theirs: 50_000, min: 50_000, edit: func(n *ledger.NewCase) { n.Ref = "" }, why: "names no payment"},
		{name: "no code", theirs: 50_000, min: 50_000, edit: func(n *ledger.NewCase) { n.Code = "" }, why: "unknown"},
		{name: "another code", theirs: 50_000, min: 50_000, edit: func(n *ledger.NewCase) { n.Code = unknownCode }, why: "unknown"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := setup(t)
			found := missing(w.charge(func(n *ledger.NewCharge) { n.MinAmount = c.min }), "R1")
			found.Theirs = c.theirs
			if c.edit != nil {
				c.edit(&found)
			}
			_, err := w.propose(w.openCase(found).ID, ledger.ActRecover, 0)
			if c.why == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, ledger.ErrAct)
			require.ErrorContains(t, err, c.why)
		})
	}
}

// An order that was charged anew may be paid by the new code: money for the old
// one goes back to who paid it.
func TestRecoveryOfASupersededOrder(t *testing.T) {
	t.Parallel()
	for _, standing := range []string{"expired", "lapsed", "cancelled", "denied"} {
		t.Run(standing, func(t *testing.T) {
			t.Parallel()
			s := stage(t, sceneKey{standing, "none"})
			c := s.openCase(ledger.NewCase{Class: planted, Code: s.code, Ref: s.ref, Theirs: 50_000})
			early, earlyErr := s.propose(c.ID, ledger.ActRecover, 0)
			newer := s.charge(func(n *ledger.NewCharge) { n.Order = s.handle })
			if earlyErr == nil {
				s.written()
				_, err := s.approve(early)
				require.ErrorIs(t, err, ledger.ErrAct, "what was proposed before can't be done any more")
				require.ErrorContains(t, err, "its order has a newer charge")
				require.Empty(t, s.written())
				_, err = s.service.Withdraw(t.Context(), c.ID, proposer, "refund it")
				require.NoError(t, err)
			}
			_, err := s.propose(c.ID, ledger.ActRecover, 0)
			require.ErrorIs(t, err, ledger.ErrAct)
			s.settle(c, ledger.ActRefund, 50_000)
			require.Equal(t, ledger.ReasonApproved, s.pay(newer.Code, "REF-3").Reason)
		})
	}
}

// A recovered order's id is taken again: the merchant has its money.
func TestRecoveryTakesTheOrderId(t *testing.T) {
	t.Parallel()
	s := stage(t, sceneKey{"lapsed", "none"})
	s.resolve(ledger.NewCase{Class: planted, Code: s.code, Ref: s.ref, Theirs: 50_000}, ledger.ActRecover, 0)
	_, err := s.service.Charge(t.Context(), s.newCharge(func(n *ledger.NewCharge) { n.Order = s.handle }))
	require.ErrorIs(t, err, ledger.ErrOrderTaken)
	view, life, err := s.service.Life(t.Context(), merchant, s.handle)
	require.NoError(t, err)
	require.Equal(t, []ledger.Standing{ledger.StandingActive, ledger.StandingExpired, ledger.StandingReleased}, lived(life))
	require.Equal(t, recoveryReceipt, life[2].Payment.Receipt)
	require.Equal(t, ledger.StandingReleased, view.Standing)
	require.True(t, view.Payment.Recovered)
	s.pass(2 * lifetime)
	s.sweep()
	require.Equal(t, ledger.StandingReleased, s.standingNow(), "no sweep ends it")
}

// The till is given the receipt of the payment, so there must be one.
func TestRecoveryNeedsAReceipt(t *testing.T) {
	t.Parallel()
	w, c := proposed(t)
	w.written()
	_, err := w.service.Approve(t.Context(), c.ID, ledger.Approval{Seq: c.Proposal.Seq, By: approver})
	require.Error(t, err)
	require.Empty(t, w.written())
}

// Recovering books what Indomaret has: its fee too, or the rest stays in no case.
func TestRecoveryWithAnotherFee(t *testing.T) {
	t.Parallel()
	for _, fee := range []ledger.Rupiah{0, 2_000, 3_000} {
		w := setup(t, func(a *ledger.Agreement) { a.FeeRemitted = true })
		found := missing(w.charge(), "R1")
		found.TheirsFee = fee
		c := w.openCase(found)
		p, err := w.propose(c.ID, ledger.ActRecover, 0)
		if err != nil {
			require.ErrorIs(t, err, ledger.ErrAct)
			continue
		}
		_, err = w.approve(p)
		require.NoError(t, err)
		require.Equal(t, c.Surplus(), w.balances()[ledger.IndomaretReceivable], "what Indomaret says it has, and no other case tells of a rest")
	}
}

// A store uses a TrackingRef for one code: what another code has of it is not
// booked too.
func TestRecoveryOfARefThatWasUsed(t *testing.T) {
	t.Parallel()
	w := setup(t)
	c, other := w.charge(), w.charge(noHold)
	found := w.openCase(missing(c, "R1"))
	early, err := w.propose(found.ID, ledger.ActRecover, 0)
	require.NoError(t, err)
	require.Equal(t, ledger.ReasonApproved, w.pay(other.Code, "R1").Reason)
	w.written()
	_, err = w.approve(early)
	require.ErrorIs(t, err, ledger.ErrAct)
	require.ErrorContains(t, err, string(other.Code))
	require.Empty(t, w.written())

	elsewhere := missing(c, "R1")
	elsewhere.Day, elsewhere.Store = "2026-03-08", otherStore
	_, err = w.propose(w.openCase(elsewhere).ID, ledger.ActRecover, 0)
	require.NoError(t, err, "another store's TrackingRefs are its own")
}

// A recovered TrackingRef is used like a paid one: its store can't use it for
// another code.
func TestRecoveredRefIsUsed(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.resolve(missing(w.charge(), "R1"), ledger.ActRecover, 0)
	other := w.charge()
	require.Equal(t, ledger.ReasonRefOtherCode, w.pay(other.Code, "R1").Reason)
	r := w.pay(other.Code, "R1", func(p *ledger.Payment) { p.Store = otherStore })
	require.Equal(t, []ledger.Warning{ledger.RefSeenElsewhere}, r.Warnings)
}

// A recovered payment that is taken back corrects the business day that the
// recovery was about, not the batch in which it stands.
func TestRecoveredPaymentKeepsItsDay(t *testing.T) {
	t.Parallel()
	w := setup(t)
	c := w.charge()
	w.resolve(missing(c, "R1"), ledger.ActRecover, 0)
	w.pass(lifetime)
	w.written()
	w.resolve(ledger.NewCase{Class: "AGAIN", Day: w.today(), Code: c.Code, Ref: "R1", Ours: 50_000}, ledger.ActReverse, 0)
	for _, r := range w.written() {
		if adjusted, ok := r.Event.(ledger.Adjusted); ok {
			require.Equal(t, []ledger.Day{"2026-03-09", w.today()}, []ledger.Day{adjusted.Of, adjusted.Day})
		}
	}
}
