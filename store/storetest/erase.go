package storetest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

const retention = 180 * lifetime

func eraseDuties() []duty {
	return []duty{
		{"load the oldest charges that have details", loadDetailed},
		{"erase details in the order of the charges", eraseInOrder},
		{"an erasing that fails leaves the details", eraseFails},
		{"erase over a gap in the numbers", eraseOverAGap},
	}
}

// detailed are the numbers of the oldest charges that have details.
func (w *world) detailed(limit int) []uint64 {
	var numbers []uint64
	for _, c := range w.load(ledger.Keys{Detailed: limit}).Detailed {
		numbers = append(numbers, c.Number)
	}
	return numbers
}

// details are those of all charges that have some.
func (w *world) details() map[uint64]ledger.Details {
	found := map[uint64]ledger.Details{}
	for _, number := range w.detailed(all) {
		found[number] = *w.load(ledger.Keys{Number: number, Details: true}).Details
	}
	return found
}

// erase erases what is old enough, and returns of how many charges.
func (w *world) erase() int {
	erased, err := w.service.EraseDetails(w.ctx, retention)
	require.NoError(w.t, err)
	return erased
}

func loadDetailed(t *testing.T, w *world) {
	require.Empty(t, w.detailed(5))
	w.buy("A1")
	for range 4 {
		w.charge()
	}
	require.Equal(t, []uint64{1, 2, 3, 4, 5}, w.detailed(all))
	require.Equal(t, []uint64{1, 2, 3}, w.detailed(3))
	require.Empty(t, w.detailed(0))
	require.Empty(t, w.load(ledger.Keys{Number: 1}).Detailed)
	paid := w.load(ledger.Keys{Detailed: 1}).Detailed[0]
	require.Equal(t, ledger.StatusHeld, paid.Status)
}

func eraseInOrder(t *testing.T, w *world) {
	first, second, third := w.charge(), w.charge(), w.charge(func(n *ledger.NewCharge) { n.Expires = w.clock.Add(3 * lifetime) })
	fourth := w.charge()
	w.pass(lifetime)
	w.sweep()
	w.pass(retention)
	require.Equal(t, 2, w.erase())
	for _, c := range []ledger.Charge{first, second} {
		require.Nil(t, w.load(ledger.Keys{Number: c.Number, Details: true}).Details)
		view, err := w.service.Status(w.ctx, merchant, c.ID)
		require.NoError(t, err)
		require.Nil(t, view.Details)
	}
	require.Equal(t, []uint64{third.Number, fourth.Number}, w.detailed(all), "the fourth waits for the third")
	require.Equal(t, "2", string(w.load(ledger.Keys{Setting: ledger.SettingDetailsErased}).Setting))
	w.sweep()
	w.pass(retention)
	require.Equal(t, 2, w.erase())
	require.Zero(t, w.erase())
	require.Equal(t, 2, w.count(ledger.KindDetailsErased))
	fresh := w.charge()
	require.Equal(t, []uint64{fresh.Number}, w.detailed(all))
}

func eraseFails(t *testing.T, w *world) {
	w.charge()
	w.charge()
	before := w.contents()
	err := w.write(
		ledger.Entry{Event: ledger.DetailsErased{Through: 1}},
		ledger.Entry{Event: ledger.Cancelled{Number: 999}},
	)
	require.ErrorIs(t, err, ledger.ErrNotCommitted)
	require.Equal(t, before, w.contents())
	require.Equal(t, []uint64{1, 2}, w.detailed(all))
	require.NoError(t, w.write(ledger.Entry{Event: ledger.DetailsErased{Through: 1}}))
	require.NotEqual(t, before, w.contents())
	require.Equal(t, []uint64{2}, w.detailed(all))
}

func eraseOverAGap(t *testing.T, w *world) {
	w.charge()
	_, err := w.service.BeginRecovery(w.ctx, "operator")
	require.NoError(t, err)
	require.NoError(t, w.service.EndRecovery(w.ctx, "signer", "compared", nil))
	after := w.charge()
	require.Greater(t, after.Number, uint64(1_000_000_000))
	w.pass(lifetime)
	w.sweep()
	w.pass(retention)
	require.Equal(t, 2, w.erase())
	require.Empty(t, w.details())
}
