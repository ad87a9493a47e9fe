package ledger_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

// A code reopened by a reversal stays payable for at least grace.
func TestReopenedChargesDeadline(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		grace time.Duration
		// paid and reversed, both before the charge's deadline (negative: after)
		paid, reversed time.Duration
		deadline       time.Duration // after the charge's own
		standing       ledger.Standing
	}{
		{"long before", 5 * time.Minute, time.Hour, 59 * time.Minute, 0, ledger.StandingActive},
		{"close to it", 5 * time.Minute, 2 * time.Minute, time.Minute, 4 * time.Minute, ledger.StandingActive},
		{"after it", 5 * time.Minute, time.Second, -time.Minute, 6 * time.Minute, ledger.StandingActive},
		{"close to it, grace off", 0, 2 * time.Minute, time.Minute, 0, ledger.StandingActive},
		{"after it, grace off: over as it reopens", 0, time.Second, -time.Minute, time.Minute, ledger.StandingExpired},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := setup(t, func(a *ledger.Agreement) { a.Grace = c.grace })
			charge := w.charge()
			w.now = charge.Deadline.Add(-c.paid)
			require.Equal(t, ledger.ReasonApproved, w.pay(charge.Code, "R1").Reason)
			w.now = charge.Deadline.Add(-c.reversed)
			require.Equal(t, ledger.ReasonApproved, w.reverse(charge.Code, "R1").Reason)
			require.Equal(t, charge.Deadline.Add(c.deadline), w.chargeNow(charge).Deadline)
			require.Equal(t, c.standing, w.standing(charge))
		})
	}
}

// The customer, still at the counter, tries again; and again.
func TestPayReversePayReverse(t *testing.T) {
	t.Parallel()
	w := setup(t)
	c := w.charge()
	for _, ref := range []ledger.TrackingRef{"R1", "R2", "R3"} {
		require.Equal(t, ledger.ReasonApproved, w.pay(c.Code, ref).Reason)
		require.Equal(t, ledger.ReasonApproved, w.reverse(c.Code, ref).Reason)
		require.Empty(t, w.chargeNow(c).PaidBy, "nothing pays it now")
		require.Nil(t, w.load(ledger.Keys{Code: c.Code}).Paying)
		require.Equal(t, ledger.ReasonRefReversed, w.pay(c.Code, ref).Reason, "never again by this TrackingRef")
	}
	require.Equal(t, ledger.ReasonApproved, w.pay(c.Code, "R4").Reason)
	require.Equal(t, ledger.TrackingRef("R4"), w.chargeNow(c).PaidBy)
	b := w.closeDay(w.today(), true)
	require.Equal(t, 1, b.Paid)
	require.Equal(t, 3, b.Reversed)
	require.Equal(t, ledger.Rupiah(150_000), b.ReversedAmount)
}

// The classic fault: a lost till's reversal must not take back what another
// till has paid.
func TestReversalOfAnotherRefLeavesThePayment(t *testing.T) {
	t.Parallel()
	w := setup(t)
	c := w.charge()
	w.pay(c.Code, "R1")
	books := w.balances()
	require.Equal(t, ledger.ReasonApproved, w.reverse(c.Code, "R2").Reason)
	require.Equal(t, books, w.balances())
	require.Equal(t, ledger.TrackingRef("R1"), w.chargeNow(c).PaidBy)
	require.Equal(t, ledger.ReasonRefBuried, w.pay(c.Code, "R2").Reason)
}

// Whether the merchant was told is what the journal says, not the clock: a hold
// that is over but not released yet still reopens the code.
func TestHoldOverButNotReleased(t *testing.T) {
	t.Parallel()
	w := setup(t)
	c := w.charge()
	w.pay(c.Code, "R1")
	w.pass(2 * hold)
	w.reverse(c.Code, "R1")
	require.Equal(t, ledger.StandingActive, w.standing(c))
}

func TestDenialIsFinal(t *testing.T) {
	t.Parallel()
	w := setup(t)
	c := w.charge(noHold)
	w.pay(c.Code, "R1")
	w.reverse(c.Code, "R1")
	require.Equal(t, ledger.StandingDenied, w.standing(c))
	require.Equal(t, w.now, w.chargeNow(c).Final)
	require.Equal(t, ledger.ReasonDenied, w.pay(c.Code, "R2").Reason)
	again := w.charge(func(n *ledger.NewCharge) { n.Order = c.Order })
	require.NotEqual(t, c.Code, again.Code, "the order id is free, the code is not")
}

func TestReversalRecords(t *testing.T) {
	t.Parallel()
	w := setup(t)
	c := w.charge()
	w.pay(c.Code, "R1")
	w.written()
	stamp := w.now.Add(-time.Hour)
	said := func(r *ledger.Reversal) { r.MessageID, r.TimeStamp, r.Request = "M-78", stamp, "c0ffee" }

	taken := w.reverse(c.Code, "R1", said)
	require.Equal(t, ledger.TrackingRef("R1"), taken.Reversed.Ref)
	require.Equal(t, ledger.Reversed{
		Number: c.Number, Code: c.Code, Ref: "R1", Store: store, MessageID: "M-78", TimeStamp: stamp,
		Day: "2026-03-10", Deadline: c.Deadline, Request: "c0ffee",
	}, w.written()[0].Event)

	buried := w.reverse(c.Code, "R2", said)
	require.Zero(t, buried.Reversed)
	require.Equal(t, ledger.Buried{
		Code: c.Code, Ref: "R2", Store: store, Amount: 50_000, MessageID: "M-78", TimeStamp: stamp, Request: "c0ffee",
	}, w.written()[0].Event)
}

// A reversal needs no TimeStamp that can be read, and its store does not decide.
func TestReversalNeedsOnlyItsIdentity(t *testing.T) {
	t.Parallel()
	w := setup(t)
	c := w.charge()
	w.pay(c.Code, "R1")
	r := w.reverse(c.Code, "R1", func(r *ledger.Reversal) { r.Store, r.TimeStamp = otherStore, time.Time{} })
	require.Equal(t, ledger.ReasonApproved, r.Reason)
	require.Equal(t, []ledger.Warning{ledger.StoreDiffers}, r.Warnings)
	require.Empty(t, w.balances())
}

// A tombstone holds in all weathers, also for a code that is given out later.
func TestTombstoneOfAnUnknownCode(t *testing.T) {
	t.Parallel()
	w := setup(t)
	require.Equal(t, ledger.ReasonUnknownCode, w.reverse(unknownCode, "R1").Reason)
	require.Equal(t, ledger.ReasonApproved, w.reverse(unknownCode, "R1").Reason, "it is in force")
	require.Equal(t, ledger.ReasonRefBuried, w.pay(unknownCode, "R1").Reason)
	w.pass(longAgo)
	require.Equal(t, ledger.ReasonRefBuried, w.pay(unknownCode, "R1").Reason)
}

// A reversal that names a TrackingRef which another code used long ago is no
// mistake: it gets its tombstone, and the old payment stands.
func TestReversalOfARecycledRef(t *testing.T) {
	t.Parallel()
	w := setup(t)
	old := w.charge(noHold)
	w.pay(old.Code, "R1")
	w.pass(longAgo)
	c := w.charge()
	require.Equal(t, ledger.ReasonApproved, w.reverse(c.Code, "R1").Reason)
	require.Equal(t, ledger.ReasonRefBuried, w.pay(c.Code, "R1").Reason)
	require.Equal(t, ledger.StandingReleased, w.standing(old))
}

// Every refused reversal opens a case, once however often it is repeated.
func TestRefusedReversalOpensOneCase(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		scene  sceneKey
		reason ledger.Reason
	}{
		{"another amount", sceneKey{"held", "other"}, ledger.ReasonWrongAmount},
		{"settled", sceneKey{"released", "settled"}, ledger.ReasonSettled},
		{"settled within its hold", sceneKey{"held", "settled"}, ledger.ReasonSettled},
		{"another code", sceneKey{"active", "same"}, ledger.ReasonOriginalNotFound},
		{"another code, and this one unknown", sceneKey{"unknown", "same"}, ledger.ReasonOriginalNotFound},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := stage(t, c.scene)
			s.written()
			for range 3 {
				require.Equal(t, c.reason, s.sendReversal().reason)
			}
			records := s.written()
			require.Len(t, records, 1)
			require.Equal(t, ledger.CaseOpened{
				Code: s.code, Ref: s.ref, Store: store, Amount: s.amount, Reason: c.reason, Request: "bb",
			}, records[0].Event)
		})
	}
}

func TestMalformedReversalOpensOneCase(t *testing.T) {
	t.Parallel()
	w := setup(t)
	c := w.charge()
	w.pay(c.Code, "R1")
	w.written()
	broken := ledger.MalformedReversal{Reversal: ledger.Reversal{Code: c.Code, Ref: "R1", Store: store, Request: "bb"}}
	for range 2 {
		require.NoError(t, w.service.RefuseReversal(t.Context(), broken))
	}
	records := w.written()
	require.Len(t, records, 1)
	require.Equal(t, ledger.ReasonBadFormat, records[0].Event.(ledger.CaseOpened).Reason)
	require.Equal(t, ledger.StandingHeld, w.standing(c), "the payment stands")
}

// A reversal that lacks its TrackingRef is one case too, each code its own.
func TestMalformedReversalWithoutRefOpensOneCase(t *testing.T) {
	t.Parallel()
	w := setup(t)
	for _, code := range []ledger.PaymentCode{w.charge().Code, "", unknownCode} {
		w.written()
		for range 2 {
			broken := ledger.MalformedReversal{Reversal: ledger.Reversal{Code: code, Store: store, Request: "bb"}, Unnamed: true}
			require.NoError(t, w.service.RefuseReversal(t.Context(), broken))
		}
		require.Equal(t, []ledger.Kind{ledger.KindCase}, w.kinds())
	}
}

// Whatever it says, a reversal of a settled payment books nothing.
func TestSettledReversalWithAnotherAmount(t *testing.T) {
	t.Parallel()
	s := stage(t, sceneKey{"released", "settled"})
	books := s.balances()
	s.written()
	s.amount = 1
	require.NotEqual(t, ledger.ReasonApproved, s.sendReversal().reason)
	require.Equal(t, []ledger.Kind{ledger.KindCase}, s.kinds())
	require.Equal(t, books, s.balances())
}

// Two tills' reversals without a TrackingRef are two matters.
func TestUnnamedReversalsAreCasesOfTheirOwn(t *testing.T) {
	t.Parallel()
	w := setup(t)
	for _, request := range []string{"aa", "bb"} {
		broken := ledger.MalformedReversal{Reversal: ledger.Reversal{Store: store, Request: request}, Unnamed: true}
		require.NoError(t, w.service.RefuseReversal(t.Context(), broken))
		require.Equal(t, []ledger.Kind{ledger.KindCase}, w.kinds())
	}
}

// A new agreement does not change what is booked: the retry and the reversal of
// a payment name the amount that the payment named.
func TestFeeModeOfAPaymentOutlivesTheAgreement(t *testing.T) {
	t.Parallel()
	for _, includedFirst := range []bool{false, true} {
		w := setup(t, func(a *ledger.Agreement) { a.AmountIncludesFee = includedFirst })
		c := w.charge()
		amount := c.Amount
		if includedFirst {
			amount += c.Fee
		}
		named := func(p *ledger.Payment) { p.Amount = amount }
		first := w.pay(c.Code, "R1", named)
		require.Equal(t, ledger.ReasonApproved, first.Reason)
		w.agree(func(a *ledger.Agreement) { a.AmountIncludesFee = !includedFirst })
		again := w.pay(c.Code, "R1", named)
		require.Equal(t, ledger.ReasonApproved, again.Reason)
		require.Equal(t, first.Receipt, again.Receipt)
		back := w.reverse(c.Code, "R1", func(r *ledger.Reversal) { r.Amount = amount })
		require.Equal(t, ledger.ReasonApproved, back.Reason)
		require.Equal(t, c.Amount, back.Reversed.Amount)
	}
}
