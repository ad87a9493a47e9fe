package storetest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

func findDuties() []duty {
	return []duty{
		{"find a charge by its id", findByID},
		{"find the newest charge of an order id", findNewestOrder},
		{"find nothing of another merchant", findNotAnothers},
	}
}

func (w *world) find(merchant, handle string) (uint64, error) {
	return w.store.Find(w.ctx, merchant, handle)
}

func findByID(t *testing.T, w *world) {
	w.charge()
	c := w.charge()
	number, err := w.find(merchant, c.ID)
	require.NoError(t, err)
	require.Equal(t, c.Number, number)
	for _, handle := range []string{"", "id", c.ID + "0", "ID-2"} {
		_, err := w.find(merchant, handle)
		require.ErrorIs(t, err, ledger.ErrNotFound, handle)
	}
}

func findNewestOrder(t *testing.T, w *world) {
	again := func(n *ledger.NewCharge) { n.Order = "again" }
	first := w.charge(again)
	_, err := w.service.Cancel(w.ctx, merchant, "again")
	require.NoError(t, err)
	second := w.charge(again)
	number, err := w.find(merchant, "again")
	require.NoError(t, err)
	require.Equal(t, second.Number, number)
	number, err = w.find(merchant, first.ID)
	require.NoError(t, err)
	require.Equal(t, first.Number, number)
	require.Equal(t, second.Number, w.load(ledger.Keys{Merchant: merchant, Order: "again"}).Charge.Number)
}

func findNotAnothers(t *testing.T, w *world) {
	mine := w.charge(func(n *ledger.NewCharge) { n.Order = "same" })
	other := w.charge(func(n *ledger.NewCharge) { n.Order, n.Merchant = "same", otherMerchant })
	_, err := w.find(otherMerchant, mine.ID)
	require.ErrorIs(t, err, ledger.ErrNotFound)
	number, err := w.find(otherMerchant, "same")
	require.NoError(t, err)
	require.Equal(t, other.Number, number)
	_, err = w.find("G00000000", "1same")
	require.ErrorIs(t, err, ledger.ErrNotFound)

	// Another's id may be one's own order id.
	named := w.charge(func(n *ledger.NewCharge) { n.Order, n.Merchant = mine.ID, otherMerchant })
	number, err = w.find(otherMerchant, mine.ID)
	require.NoError(t, err)
	require.Equal(t, named.Number, number)
}
