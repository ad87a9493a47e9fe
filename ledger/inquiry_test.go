package ledger_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

func TestInquiryTellsTheTerms(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name           string
		min, max, fee  ledger.Rupiah
		includesFee    bool
		wantMin, wantA ledger.Rupiah
	}{
		{"closed amount", 50_000, 50_000, 0, false, 50_000, 50_000},
		{"fee apart, as in the spec's sample", 50_000, 50_000, 5_000, false, 50_000, 50_000},
		{"fee included", 50_000, 50_000, 5_000, true, 55_000, 55_000},
		{"open amount", 10_000, 50_000, 2_500, false, 10_000, 50_000},
		{"open amount, fee included", 10_000, 50_000, 2_500, true, 12_500, 52_500},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := setup(t, func(a *ledger.Agreement) { a.AmountIncludesFee = c.includesFee })
			charge := w.charge(func(n *ledger.NewCharge) { n.MinAmount, n.Amount, n.Fee = c.min, c.max, c.fee })
			r := w.inquiry(charge.Code)
			require.Equal(t, ledger.ReasonApproved, r.Reason)
			require.Equal(t, c.wantMin, r.MinAmount)
			require.Equal(t, c.wantA, r.Amount)
			require.Equal(t, w.chargeNow(charge), r.Charge)
			require.Equal(t, "PEMBELI", r.Details.Customer)
			require.Equal(t, "PULSA", r.Details.Desc)
		})
	}
}

// A refusal tells a till nothing of the charge.
func TestRefusedInquiryTellsNothing(t *testing.T) {
	t.Parallel()
	for _, standing := range []string{"future", "held", "expired", "cancelled", "denied", "grace"} {
		s := stage(t, sceneKey{standing, "none"})
		r := s.inquiry(s.code)
		require.Equal(t, ledger.InquiryResult{Reason: r.Reason}, r, standing)
	}
}

// Only an inquiry within grace of the deadline writes anything.
func TestInquiryGrace(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		grace  time.Duration
		before time.Duration // the inquiry, before the deadline
		writes []ledger.Kind
	}{
		{"long before", 5 * time.Minute, time.Hour, []ledger.Kind{}},
		{"exactly grace before adds nothing", 5 * time.Minute, 5 * time.Minute, []ledger.Kind{}},
		{"just within", 5 * time.Minute, 5*time.Minute - time.Millisecond, []ledger.Kind{ledger.KindInquired}},
		{"at the last moment", 5 * time.Minute, time.Millisecond, []ledger.Kind{ledger.KindInquired}},
		{"grace off", 0, time.Millisecond, []ledger.Kind{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := setup(t, func(a *ledger.Agreement) { a.Grace = c.grace })
			charge := w.charge()
			w.written()
			w.now = charge.Deadline.Add(-c.before)
			require.Equal(t, ledger.ReasonApproved, w.inquiry(charge.Code).Reason)
			require.Equal(t, c.writes, w.kinds())
		})
	}
}

// The grace's whole course: until inquiry + grace inquiries get 54, a payment
// is taken, the order id stays taken and the sweeper passes by.
func TestGraceCourse(t *testing.T) {
	t.Parallel()
	w := setup(t)
	c := w.charge()
	w.now = c.Deadline.Add(-time.Minute)
	w.inquiry(c.Code)

	w.now = c.Deadline
	require.Equal(t, ledger.StandingGrace, w.standing(c))
	require.Equal(t, ledger.ReasonExpired, w.inquiry(c.Code).Reason)
	_, err := w.service.Charge(t.Context(), w.newCharge(func(n *ledger.NewCharge) { n.Order = c.Order }))
	require.ErrorIs(t, err, ledger.ErrOrderTaken)

	w.now = c.Deadline.Add(4*time.Minute - time.Millisecond)
	w.written()
	w.sweep()
	require.Empty(t, w.written(), "the sweeper passes by")
	require.Equal(t, ledger.StandingGrace, w.standing(c))

	w.now = c.Deadline.Add(4 * time.Minute)
	require.Equal(t, ledger.ReasonExpired, w.pay(c.Code, "R1").Reason, "the grace is over")
	w.sweep()
	require.Equal(t, []ledger.Kind{ledger.KindExpired}, w.kinds())
}

// A second inquiry before the deadline moves the grace on; one after it does not.
func TestGraceMovesWithEachAnsweredInquiry(t *testing.T) {
	t.Parallel()
	w := setup(t)
	c := w.charge()
	for _, before := range []time.Duration{2 * time.Minute, time.Minute} {
		w.now = c.Deadline.Add(-before)
		w.written()
		w.inquiry(c.Code)
		w.inquiry(c.Code)
		require.Equal(t, w.now.Add(5*time.Minute), w.chargeNow(c).GraceUntil)
		require.Equal(t, []ledger.Kind{ledger.KindInquired}, w.kinds(), "the second at the same moment adds nothing")
	}
	moved := w.chargeNow(c).GraceUntil
	w.now = c.Deadline.Add(time.Minute)
	w.inquiry(c.Code)
	require.Equal(t, moved, w.chargeNow(c).GraceUntil)
}

func TestInquiryIsRepeatable(t *testing.T) {
	t.Parallel()
	w := setup(t)
	c := w.charge()
	w.written()
	require.Equal(t, w.inquiry(c.Code), w.inquiry(c.Code))
	require.Empty(t, w.written())
}
