package ledger_test

import (
	"context"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

// An order id is taken while its newest charge can be paid, or was.
func TestChargeByTheOrdersNewestCharge(t *testing.T) {
	t.Parallel()
	fresh := []ledger.Kind{ledger.KindCharged}
	for _, c := range []struct {
		standing string
		err      error
		writes   []ledger.Kind
	}{
		{"unknown", nil, fresh},
		{"future", ledger.ErrOrderTaken, []ledger.Kind{}},
		{"active", ledger.ErrOrderTaken, []ledger.Kind{}},
		{"grace", ledger.ErrOrderTaken, []ledger.Kind{}},
		{"held", ledger.ErrOrderTaken, []ledger.Kind{}},
		{"released", ledger.ErrOrderTaken, []ledger.Kind{}},
		{"expired", nil, []ledger.Kind{ledger.KindExpired, ledger.KindCharged}},
		{"lapsed", nil, fresh},
		{"cancelled", nil, fresh},
		{"denied", nil, fresh},
	} {
		t.Run(c.standing, func(t *testing.T) {
			t.Parallel()
			s := stage(t, sceneKey{c.standing, "none"})
			s.written()
			charge, err := s.service.Charge(t.Context(), s.newCharge(func(n *ledger.NewCharge) { n.Order = s.handle }))
			require.ErrorIs(t, err, c.err)
			require.Equal(t, c.writes, s.kinds())
			if c.err != nil {
				require.Equal(t, s.code, charge.Code, "it names the charge that has the order id")
				return
			}
			require.NoError(t, err)
			require.NotEqual(t, s.code, charge.Code, "a code is never given out twice")
			require.Equal(t, ledger.StandingActive, s.standing(charge))
		})
	}
}

// A merchant who got no answer asks again, and gets the same code for as long
// as the charge is pending to him: a held payment must not show.
func TestChargeAskedForAgain(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		standing string
		same     bool
		err      error
	}{
		{"unknown", false, nil},
		{"future", true, nil},
		{"active", true, nil},
		{"grace", true, nil},
		{"held", true, nil},
		{"released", false, ledger.ErrOrderTaken},
		{"expired", false, nil},
		{"lapsed", false, nil},
		{"cancelled", false, nil},
		{"denied", false, nil},
	} {
		t.Run(c.standing, func(t *testing.T) {
			t.Parallel()
			s := stage(t, sceneKey{c.standing, "none"})
			s.written()
			again := s.newCharge(func(n *ledger.NewCharge) { n.Order, n.Details.Request = s.handle, sceneRequest })
			charge, err := s.service.Charge(t.Context(), again)
			require.ErrorIs(t, err, c.err)
			require.Equal(t, c.same, err == nil && charge.Code == s.code)
			if c.same {
				require.Empty(t, s.written())
				require.Equal(t, ledger.StatusPending, charge.Status)
				require.Empty(t, charge.PaidBy)
				require.Zero(t, charge.ReleaseAt)
			}
		})
	}
}

// Only the same request is a retry.
func TestChargeAskedForOtherwise(t *testing.T) {
	t.Parallel()
	for _, request := range []string{"", "another request"} {
		s := stage(t, sceneKey{"active", "none"})
		n := s.newCharge(func(n *ledger.NewCharge) { n.Order, n.Details.Request = s.handle, request })
		_, err := s.service.Charge(t.Context(), n)
		require.ErrorIs(t, err, ledger.ErrOrderTaken, request)
	}
}

func TestOrderIDsBelongToTheirMerchant(t *testing.T) {
	t.Parallel()
	w := setup(t)
	mine := w.charge()
	theirs := w.charge(func(n *ledger.NewCharge) { n.Merchant, n.Prefix, n.Order = "G000000002", "813", mine.Order })
	require.NotEqual(t, mine.Number, theirs.Number)
	_, err := w.service.Status(t.Context(), "G000000002", mine.ID)
	require.ErrorIs(t, err, ledger.ErrNotFound, "another merchant's id leads nowhere")
	v, err := w.service.Status(t.Context(), merchant, mine.Order)
	require.NoError(t, err)
	require.Equal(t, mine.Number, v.Number)
}

func TestChargeTerms(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		edit func(*ledger.NewCharge, time.Time)
		text string
	}{
		{"no amount", func(n *ledger.NewCharge, _ time.Time) { n.Amount = 0 }, "amount 0"},
		{"negative amount", func(n *ledger.NewCharge, _ time.Time) { n.Amount = -1 }, "amount -1"},
		{"amount of 13 digits", func(n *ledger.NewCharge, _ time.Time) { n.Amount = ledger.MaxRupiah + 1 }, "amount 1000000000000"},
		{"no min amount", func(n *ledger.NewCharge, _ time.Time) { n.MinAmount = 0 }, "min amount 0"},
		{"min amount above the amount", func(n *ledger.NewCharge, _ time.Time) { n.MinAmount = 50_001 }, "min amount 50001"},
		{"negative fee", func(n *ledger.NewCharge, _ time.Time) { n.Fee = -1 }, "fee -1"},
		{"fee that makes 13 digits", func(n *ledger.NewCharge, _ time.Time) { n.Fee = ledger.MaxRupiah - 49_999 }, "fee 999999950000"},
		{"fee that overflows", func(n *ledger.NewCharge, _ time.Time) { n.Fee = math.MaxInt64 }, "fee 9223372036854775807"},
		{"expires now", func(n *ledger.NewCharge, now time.Time) { n.Expires = now }, "expires before"},
		{"expires as it begins", func(n *ledger.NewCharge, now time.Time) {
			n.ValidFrom, n.Expires = now.Add(time.Hour), now.Add(time.Hour)
		}, "expires before"},
		{"a merchant without a prefix", func(n *ledger.NewCharge, _ time.Time) { n.Prefix = "" }, "prefix"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := setup(t)
			_, err := w.service.Charge(t.Context(), w.newCharge(func(n *ledger.NewCharge) { c.edit(n, w.now) }))
			require.ErrorIs(t, err, ledger.ErrTerms)
			require.ErrorContains(t, err, c.text)
			require.Empty(t, w.written())
		})
	}
}

func TestChargedRecord(t *testing.T) {
	t.Parallel()
	w := setup(t)
	n := w.newCharge(func(n *ledger.NewCharge) { n.Product, n.ValidFrom = "PULSA", w.now.Add(time.Minute) })
	c, err := w.service.Charge(t.Context(), n)
	require.NoError(t, err)
	kept := w.chargeNow(c)
	require.EqualValues(t, 1, kept.Last)
	kept.Last = 0 // the journal gives it
	require.Equal(t, c, kept, "the answer is what was kept")
	require.Equal(t, ledger.Charged{
		Number: 1, Code: c.Code, ID: n.ID, Merchant: merchant, Order: n.Order, Amount: 50_000, MinAmount: 50_000,
		Fee: 2_500, Product: "PULSA", Hold: hold, ValidFrom: n.ValidFrom, Expires: n.Expires, Details: n.Details.Hash(),
	}, w.written()[0].Event)
	require.Regexp(t, `^812\d{13}$`, string(c.Code))
}

// What a merchant sees of a payment: nothing before its release.
func TestMerchantsView(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		standing string
		want     ledger.Standing
		paid     bool
	}{
		{"future", ledger.StandingFuture, false},
		{"active", ledger.StandingActive, false},
		{"grace", ledger.StandingGrace, false},
		{"held", ledger.StandingActive, false},
		{"released", ledger.StandingReleased, true},
		{"expired", ledger.StandingExpired, false},
		{"lapsed", ledger.StandingExpired, false},
		{"cancelled", ledger.StandingCancelled, false},
		{"denied", ledger.StandingDenied, true},
	} {
		t.Run(c.standing, func(t *testing.T) {
			t.Parallel()
			s := stage(t, sceneKey{c.standing, "none"})
			v, err := s.service.Status(t.Context(), merchant, s.handle)
			require.NoError(t, err)
			require.Equal(t, c.want, v.Standing)
			require.Equal(t, c.paid, v.Payment != nil)
			if !c.paid {
				require.Empty(t, v.PaidBy)
				require.Zero(t, v.ReleaseAt)
				require.NotEqual(t, ledger.StatusHeld, v.Status)
				require.Equal(t, v.Expires, v.Deadline)
			}
		})
	}
}

// The merchant's word ends a code at once, whatever a till was told before.
func TestMerchantEndsAChargeInGrace(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		end    func(*scene) outcome
		reason ledger.Reason
	}{
		{"cancel", (*scene).sendCancel, ledger.ReasonCancelled},
		{"expire", (*scene).sendExpire, ledger.ReasonExpired},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := stage(t, sceneKey{"grace", "none"})
			require.NoError(t, c.end(s).err)
			require.Equal(t, c.reason, s.pay(s.code, "R1").Reason)
			require.Equal(t, c.reason, s.inquiry(s.code).Reason)
			require.ErrorIs(t, c.end(s).err, ledger.ErrFinal)
		})
	}
}

func TestExpireSaysWhoAsked(t *testing.T) {
	t.Parallel()
	asked, swept := stage(t, sceneKey{"active", "none"}), stage(t, sceneKey{"expired", "none"})
	asked.written()
	swept.written()
	asked.sendExpire()
	swept.sweep()
	require.True(t, asked.written()[0].Event.(ledger.Expired).ByMerchant)
	require.False(t, swept.written()[0].Event.(ledger.Expired).ByMerchant)
}

// The sweeper comes to each charge when it is due and not before, and each row
// of its index leads somewhere until then.
func TestSweep(t *testing.T) {
	t.Parallel()
	w := setup(t)
	c := w.charge()
	w.pay(c.Code, "R1")
	w.written()
	for _, step := range []struct {
		name   string
		pass   time.Duration
		writes []ledger.Kind
	}{
		{"within the hold", hold - time.Millisecond, []ledger.Kind{}},
		{"at its end", time.Millisecond, []ledger.Kind{ledger.KindReleased}},
		{"after the charge's deadline", 2 * lifetime, []ledger.Kind{}},
	} {
		w.pass(step.pass)
		w.sweep()
		require.Equal(t, step.writes, w.kinds(), step.name)
	}
	require.Empty(t, w.rowsDue(), "nothing is left to attend to")
}

// A reversal gives the charge its deadline back, also where the sweeper has
// passed it meanwhile.
func TestSweepAfterReopening(t *testing.T) {
	t.Parallel()
	w := setup(t)
	c := w.charge(func(n *ledger.NewCharge) { n.Hold = time.Hour })
	w.now = c.Deadline.Add(-time.Minute)
	w.pay(c.Code, "R1")
	w.pass(2 * time.Minute)
	w.sweep()
	w.reverse(c.Code, "R1")
	w.written()
	w.pass(5*time.Minute - time.Millisecond)
	w.sweep()
	require.Empty(t, w.written())
	w.pass(time.Millisecond)
	w.sweep()
	require.Equal(t, []ledger.Kind{ledger.KindExpired}, w.kinds())
}

// A clock that is set back between finding a row and deciding on it must not
// lose the row: the payment would never be released.
func TestDueRowSurvivesAClockSetBack(t *testing.T) {
	t.Parallel()
	w := setup(t)
	c := w.charge()
	w.pay(c.Code, "R1")
	held := w.chargeNow(c)
	row := ledger.Due{At: held.ReleaseAt, Number: held.Number}
	require.True(t, ledger.DecideDue(ledger.State{Charge: &held}, row, row.At.Add(-time.Second)).Empty())
	now := ledger.DecideDue(ledger.State{Charge: &held}, row, row.At)
	require.Equal(t, []ledger.Due{row}, now.Attended)
	require.Equal(t, ledger.Released{Number: c.Number, Ref: "R1"}, now.Entries[0].Event)

	old := ledger.Due{At: row.At.Add(-time.Second), Number: held.Number}
	passed := ledger.DecideDue(ledger.State{Charge: &held}, old, old.At)
	require.Equal(t, []ledger.Due{old}, passed.Attended, "a row that a later one has replaced goes")
	require.Empty(t, passed.Entries)
}

// More charges than one look at the index brings are all swept.
func TestSweepPages(t *testing.T) {
	t.Parallel()
	w := setup(t)
	const many = 1_001
	for range many {
		w.charge()
	}
	w.pass(lifetime)
	swept, err := w.service.Sweep(t.Context())
	require.NoError(t, err)
	require.Equal(t, many, swept)
	require.Empty(t, w.rowsDue())
}

// rowsDue lists what the sweeper would ever look at.
func (w *world) rowsDue() []ledger.Due {
	due, err := w.store.Due(context.Background(), w.now.Add(1000*lifetime), 10)
	require.NoError(w.t, err)
	return due
}

// A merchant's request names a charge by its ID or its order id: an order id
// that is the ID of a charge would lead to the wrong one.
func TestOrderIDThatIsAnIDIsTaken(t *testing.T) {
	t.Parallel()
	w := setup(t)
	first := w.charge()
	_, err := w.service.Charge(t.Context(), w.newCharge(func(n *ledger.NewCharge) { n.Order = first.ID }))
	require.ErrorIs(t, err, ledger.ErrOrderTaken)
}
