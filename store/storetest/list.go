package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

func listDuties() []duty {
	return []duty{
		{"charges are listed newest first", listedNewestFirst},
		{"charges are listed page by page", listedPage},
		{"charges of one order id are listed", listedOrder},
		{"charges of one moment are listed by number", listedSameMoment},
		{"a clock that was set back does not lose a charge", listedAfterSetback},
		{"a listing may begin below a moment", listedBelowMoment},
		{"a retry of a charge gets the same one", chargeAgain},
	}
}

func (w *world) listed(merchant, order string, before ledger.Place, limit int) []uint64 {
	places, err := w.store.Listed(w.ctx, merchant, order, before, limit)
	require.NoError(w.t, err)
	numbers := []uint64{}
	for _, p := range places {
		c := w.load(ledger.Keys{Number: p.Number}).Charge
		require.True(w.t, c.Created.Equal(p.Created), "charge %d", p.Number)
		numbers = append(numbers, p.Number)
	}
	return numbers
}

func listedNewestFirst(t *testing.T, w *world) {
	require.Empty(t, w.listed(merchant, "", ledger.Place{}, all))
	var want []uint64
	for i := range uint64(5) {
		w.pass(time.Second)
		want = append([]uint64{2*i + 1}, want...)
		w.charge()
		w.charge(func(n *ledger.NewCharge) { n.Merchant = otherMerchant })
		// A charge that was answered is there at once.
		require.Equal(t, want, w.listed(merchant, "", ledger.Place{}, all))
	}
	require.Equal(t, []uint64{10, 8, 6, 4, 2}, w.listed(otherMerchant, "", ledger.Place{}, all))
	require.Equal(t, []uint64{9, 7}, w.listed(merchant, "", ledger.Place{}, 2))
	require.Empty(t, w.listed(merchant, "", ledger.Place{}, 0))
	for _, none := range []string{"", merchant[:9], merchant + "0"} {
		require.Empty(t, w.listed(none, "", ledger.Place{}, all), none)
	}
}

func listedPage(t *testing.T, w *world) {
	for range 10 {
		w.charge()
		w.pass(time.Millisecond)
	}
	var got []uint64
	for before := (ledger.Place{}); ; {
		page := w.listed(merchant, "", before, 3)
		if len(page) == 0 {
			break
		}
		got = append(got, page...)
		before = w.load(ledger.Keys{Number: got[len(got)-1]}).Charge.Place()
		// What is made meanwhile moves nothing.
		w.pass(time.Hour)
		w.charge()
	}
	require.Equal(t, []uint64{10, 9, 8, 7, 6, 5, 4, 3, 2, 1}, got)
}

func listedOrder(t *testing.T, w *world) {
	for _, order := range []string{"a", "ab", "b", "a"} {
		c := w.charge(func(n *ledger.NewCharge) { n.Order = order })
		_, err := w.service.Cancel(w.ctx, merchant, c.ID)
		require.NoError(t, err)
		w.pass(time.Second)
	}
	w.charge(func(n *ledger.NewCharge) { n.Order, n.Merchant = "a", otherMerchant })
	require.Equal(t, []uint64{4, 1}, w.listed(merchant, "a", ledger.Place{}, all))
	require.Equal(t, []uint64{4}, w.listed(merchant, "a", ledger.Place{}, 1))
	last := w.load(ledger.Keys{Number: 4}).Charge.Place()
	require.Equal(t, []uint64{1}, w.listed(merchant, "a", last, all))
	require.Equal(t, []uint64{2}, w.listed(merchant, "ab", ledger.Place{}, all))
	require.Equal(t, []uint64{5}, w.listed(otherMerchant, "a", ledger.Place{}, all))
	require.Empty(t, w.listed(merchant, "abc", ledger.Place{}, all))
}

func listedSameMoment(t *testing.T, w *world) {
	for range 4 {
		w.charge()
	}
	require.Equal(t, []uint64{4, 3, 2, 1}, w.listed(merchant, "", ledger.Place{}, all))
	require.Equal(t, []uint64{2, 1}, w.listed(merchant, "", ledger.Place{Created: w.clock, Number: 3}, all))
}

func listedAfterSetback(t *testing.T, w *world) {
	w.charge()
	w.clock = w.clock.Add(-time.Hour)
	w.charge()
	w.clock = w.clock.Add(2 * time.Hour)
	w.charge()
	require.Equal(t, []uint64{3, 1, 2}, w.listed(merchant, "", ledger.Place{}, all))
	first := w.load(ledger.Keys{Number: 1}).Charge.Place()
	require.Equal(t, []uint64{2}, w.listed(merchant, "", first, all))
}

func listedBelowMoment(t *testing.T, w *world) {
	w.charge()
	w.pass(time.Second)
	at := w.clock
	w.charge()
	require.Equal(t, []uint64{1}, w.listed(merchant, "", ledger.Place{Created: at}, all))
	require.Equal(t, []uint64{2, 1}, w.listed(merchant, "", ledger.Place{Created: at.Add(time.Millisecond)}, all))
}

func chargeAgain(t *testing.T, w *world) {
	asked := w.order(func(n *ledger.NewCharge) { n.Details.Request = "ab" })
	first, err := w.service.Charge(w.ctx, asked)
	require.NoError(t, err)
	again := asked
	again.ID = "id-again"
	second, err := w.service.Charge(w.ctx, again)
	require.NoError(t, err)
	require.Equal(t, first.ID, second.ID)
	require.Equal(t, first.Code, second.Code)
	require.Equal(t, 1, w.count(ledger.KindCharged))
	other := again
	other.Details.Request = "cd"
	_, err = w.service.Charge(w.ctx, other)
	require.ErrorIs(t, err, ledger.ErrOrderTaken)

	// Nothing tells of the payment that is held.
	w.pay(first.Code, "A1")
	second, err = w.service.Charge(w.ctx, again)
	require.NoError(t, err)
	require.Equal(t, ledger.StatusPending, second.Status)
	require.Empty(t, second.PaidBy)
	w.pass(hold)
	w.sweep()
	_, err = w.service.Charge(w.ctx, again)
	require.ErrorIs(t, err, ledger.ErrOrderTaken)
}
