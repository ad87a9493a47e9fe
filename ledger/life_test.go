package ledger_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

// lived are the standings of a charge's life.
func lived(life []ledger.LifeEvent) []ledger.Standing {
	standings := []ledger.Standing{}
	for _, e := range life {
		standings = append(standings, e.Standing)
	}
	return standings
}

func TestLifeOfEachStanding(t *testing.T) {
	t.Parallel()
	const active = ledger.StandingActive
	for standing, want := range map[string][]ledger.Standing{
		"future":    {active},
		"active":    {active},
		"grace":     {active},
		"held":      {active},
		"released":  {active, ledger.StandingReleased},
		"expired":   {active},
		"lapsed":    {active, ledger.StandingExpired},
		"cancelled": {active, ledger.StandingCancelled},
		"denied":    {active, ledger.StandingReleased, ledger.StandingDenied},
	} {
		t.Run(standing, func(t *testing.T) {
			t.Parallel()
			s := stage(t, sceneKey{standing, "none"})
			_, life, err := s.service.Life(t.Context(), merchant, s.handle)
			require.NoError(t, err)
			require.Equal(t, want, lived(life))
		})
	}
}

// Payments that were taken back before their release never were, and a release
// tells of the payment that it releases.
func TestLifeTellsOfReleasedPaymentsOnly(t *testing.T) {
	t.Parallel()
	w := setup(t)
	c := w.charge()
	for _, ref := range []ledger.TrackingRef{"A", "B"} {
		w.pay(c.Code, ref)
		w.reverse(c.Code, ref)
	}
	receipt := w.pay(c.Code, "C").Receipt
	paidAt := w.now
	w.pass(hold)
	w.sweep()
	v, life, err := w.service.Life(t.Context(), merchant, c.Order)
	require.NoError(t, err)
	require.Equal(t, ledger.StandingReleased, v.Standing)
	require.Equal(t, []ledger.Standing{ledger.StandingActive, ledger.StandingReleased}, lived(life))
	require.Equal(t, w.now, life[1].At)
	require.Equal(t, &ledger.Transaction{
		Code: c.Code, Ref: "C", State: ledger.TxPaid, Amount: 50_000, Fee: 2_500, Store: store, Receipt: receipt,
		Day: w.today(), Booked: paidAt,
	}, life[1].Payment)
}

func TestLifeSaysWhoAsked(t *testing.T) {
	t.Parallel()
	w := setup(t)
	asked, lapsed := w.charge(), w.charge()
	_, err := w.service.Expire(t.Context(), merchant, asked.ID)
	require.NoError(t, err)
	w.pass(lifetime)
	w.sweep()
	for _, c := range []struct {
		charge ledger.Charge
		by     bool
	}{{asked, true}, {lapsed, false}} {
		_, life, err := w.service.Life(t.Context(), merchant, c.charge.ID)
		require.NoError(t, err)
		require.True(t, life[0].ByMerchant)
		require.Equal(t, c.by, life[1].ByMerchant)
	}
}

func TestLifeOfAnothersCharge(t *testing.T) {
	t.Parallel()
	w := setup(t)
	c := w.charge()
	_, _, err := w.service.Life(t.Context(), "G000000002", c.ID)
	require.ErrorIs(t, err, ledger.ErrNotFound)
}

// Each record of a charge names the one before, also beside those of others.
func TestRecordsOfAChargeAreChained(t *testing.T) {
	t.Parallel()
	w := setup(t)
	a, b := w.charge(), w.charge()
	w.pay(a.Code, "A")
	w.pay(b.Code, "B")
	w.reverse(a.Code, "A")
	w.pass(hold)
	w.sweep()
	prev := map[uint64]uint64{}
	for _, r := range w.written() {
		prev[r.Seq] = r.Prev
	}
	require.Equal(t, map[uint64]uint64{1: 0, 2: 0, 3: 1, 4: 2, 5: 3, 6: 4}, prev)
	require.EqualValues(t, 5, w.chargeNow(a).Last)
	require.EqualValues(t, 6, w.chargeNow(b).Last)
}

func TestRecordTextNamesTheOneBefore(t *testing.T) {
	t.Parallel()
	r := ledger.Record{Seq: 7, At: time.Date(2026, 3, 10, 10, 0, 0, 0, ledger.WIB), Prev: 3, Entry: ledger.Entry{Event: ledger.Cancelled{Number: 1}}}
	text, err := ledger.MarshalRecord(r)
	require.NoError(t, err)
	require.Contains(t, string(text), `"prev":3`)
	back, err := ledger.UnmarshalRecord(text)
	require.NoError(t, err)
	require.EqualValues(t, 3, back.Prev)
}

// A charge from before its records were chained tells what its row still knows.
func TestLifeOfAChargeFromBeforeTheChain(t *testing.T) {
	t.Parallel()
	w := setup(t)
	c := w.charge(noHold)
	w.pay(c.Code, "A")
	v, whole, err := w.service.Life(t.Context(), merchant, c.ID)
	require.NoError(t, err)
	service := ledger.NewService(unchained{w.store}, standardAgreement(), func() time.Time { return w.now })
	_, life, err := service.Life(t.Context(), merchant, c.ID)
	require.NoError(t, err)
	require.Equal(t, lived(whole), lived(life))
	require.Equal(t, v.Payment, life[1].Payment)
	require.Equal(t, v.Created, life[0].At)
}

// unchained is a store whose records do not name the one before.
type unchained struct{ ledger.Store }

func (u unchained) Records(ctx context.Context, after uint64, limit int) ([]ledger.Record, error) {
	records, err := u.Store.Records(ctx, after, limit)
	for i := range records {
		records[i].Prev = 0
	}
	return records, err
}
