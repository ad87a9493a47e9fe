package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

func journalDuties() []duty {
	return []duty{
		{"records come in order, page by page", recordsPage},
		{"a record reads as it was written", recordsReadBack},
	}
}

func indexDuties() []duty {
	return []duty{
		{"settings are listed by prefix and can be removed", settingsByPrefix},
		{"due charges come in order, up to a limit", dueInOrder},
		{"an attended due row is gone", dueAttended},
		{"a due row never comes before its charge is due", dueNeverEarly},
		{"balances sum to zero", balancesSumToZero},
	}
}

func recordsPage(t *testing.T, w *world) {
	none, err := w.store.Head(w.ctx)
	require.NoError(t, err)
	require.Zero(t, none, "of an empty journal")
	for i := range 10 {
		w.set(fmt.Sprintf("k%d", i), "v")
	}
	head, err := w.store.Head(w.ctx)
	require.NoError(t, err)
	require.EqualValues(t, 10, head)
	var seqs []uint64
	for after := uint64(0); ; {
		page, err := w.store.Records(w.ctx, after, 3)
		require.NoError(t, err)
		require.LessOrEqual(t, len(page), 3)
		if len(page) == 0 {
			break
		}
		for _, r := range page {
			seqs = append(seqs, r.Seq)
		}
		after = seqs[len(seqs)-1]
	}
	require.Equal(t, []uint64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, seqs)
	for _, c := range []struct {
		after uint64
		limit int
	}{{10, 5}, {11, 5}, {1 << 40, 5}, {0, 0}} {
		page, err := w.store.Records(w.ctx, c.after, c.limit)
		require.NoError(t, err)
		require.Empty(t, page)
	}
}

func recordsReadBack(t *testing.T, w *world) {
	c := w.charge()
	w.pay(c.Code, "A1")
	records := w.records()
	require.Len(t, records, 2)
	require.Equal(t, uint64(2), records[1].Seq)
	require.True(t, w.clock.Equal(records[1].At))
	paid := records[1].Event.(ledger.Paid)
	require.Equal(t, ledger.TrackingRef("A1"), paid.Ref)
	require.True(t, w.clock.Add(hold).Equal(paid.ReleaseAt))
	require.Equal(t, []ledger.Posting{
		{Account: ledger.IndomaretReceivable, Amount: price + fee},
		{Account: ledger.MerchantPayable(merchant), Amount: -price},
		{Account: ledger.Fees, Amount: -fee},
	}, records[1].Postings)
}

func settingsByPrefix(t *testing.T, w *world) {
	for key, value := range map[string]string{"a": "0", "m/1": "1", "m/2": "2", "m": "3", "n/1": "4"} {
		w.set(key, value)
	}
	list := func(prefix string) map[string][]byte {
		settings, err := w.store.Settings(w.ctx, prefix)
		require.NoError(t, err)
		return settings
	}
	require.Equal(t, map[string][]byte{"m/1": []byte("1"), "m/2": []byte("2")}, list("m/"))
	require.Len(t, list(""), 5)
	require.Empty(t, list("m/3"))

	// What a caller does with a value is its own business.
	list("m/")["m/1"][0] = 'x'
	w.load(ledger.Keys{Setting: "m/1"}).Setting[0] = 'x'
	require.Equal(t, "1", string(list("m/")["m/1"]))

	w.set("m/1", "")
	w.set("m/2", "22")
	w.set("never", "")
	require.Equal(t, map[string][]byte{"m/2": []byte("22")}, list("m/"))
	require.Nil(t, w.load(ledger.Keys{Setting: "m/1"}).Setting)
}

// expiring makes a charge that expires after a while.
func (w *world) expiring(d time.Duration) ledger.Charge {
	return w.charge(func(n *ledger.NewCharge) { n.Expires = w.clock.Add(d) })
}

func (w *world) due(until time.Time, limit int) []ledger.Due {
	due, err := w.store.Due(w.ctx, until, limit)
	require.NoError(w.t, err)
	return due
}

func dueInOrder(t *testing.T, w *world) {
	late, early := w.expiring(3*time.Hour), w.expiring(time.Hour)
	middle, same := w.expiring(2*time.Hour), w.expiring(2*time.Hour)
	numbers := func(d time.Duration, limit int) []uint64 {
		var numbers []uint64
		for _, due := range w.due(w.clock.Add(d), limit) {
			numbers = append(numbers, due.Number)
		}
		return numbers
	}
	require.Equal(t, []uint64{early.Number, middle.Number, same.Number, late.Number}, numbers(lifetime, all))
	require.Equal(t, []uint64{early.Number, middle.Number}, numbers(lifetime, 2))
	require.Empty(t, numbers(time.Hour-time.Millisecond, all))
	require.Equal(t, []uint64{early.Number}, numbers(time.Hour, all))
	require.Empty(t, numbers(lifetime, 0))
}

func dueAttended(t *testing.T, w *world) {
	c := w.expiring(time.Hour)
	other := w.expiring(time.Hour)
	due := w.due(w.clock.Add(lifetime), all)
	require.Len(t, due, 2)
	require.True(t, due[0].At.Equal(w.clock.Add(time.Hour)))
	err := w.store.Apply(w.ctx, ledger.Keys{Number: c.Number}, func(ledger.State) (ledger.Change, error) {
		return ledger.Change{At: w.clock, Attended: due[:1]}, nil
	})
	require.NoError(t, err)
	require.Equal(t, 2, len(w.records()), "attending is no event")
	due = w.due(w.clock.Add(lifetime), all)
	require.Len(t, due, 1)
	require.Equal(t, other.Number, due[0].Number)

	w.pass(time.Hour)
	swept, err := w.service.Sweep(w.ctx)
	require.NoError(t, err)
	require.Equal(t, 1, swept)
	require.Empty(t, w.due(w.clock.Add(lifetime), all))
	require.Equal(t, 1, w.count(ledger.KindExpired))

	// Two rows may lead to one charge: it expires once, and both are gone.
	twice := w.expiring(time.Hour)
	w.pass(time.Hour - time.Minute)
	result, err := w.service.Inquire(w.ctx, ledger.Inquiry{Code: twice.Code, Ref: "I1", Store: shop, TimeStamp: w.clock})
	require.NoError(t, err)
	require.Equal(t, ledger.ReasonApproved, result.Reason)
	require.Len(t, w.due(w.clock.Add(lifetime), all), 2)
	w.pass(time.Hour)
	_, err = w.service.Sweep(w.ctx)
	require.NoError(t, err)
	require.Empty(t, w.due(w.clock.Add(lifetime), all))
	require.Equal(t, 2, w.count(ledger.KindExpired))
}

// dueNeverEarly: a row that came early would be attended to without effect,
// and the charge would never expire. Deadlines may have any fraction.
func dueNeverEarly(t *testing.T, w *world) {
	c := w.expiring(time.Hour + 123_456*time.Nanosecond)
	for w.pass(time.Hour - time.Millisecond); w.count(ledger.KindExpired) == 0; w.pass(time.Millisecond) {
		require.False(t, w.clock.After(c.Expires.Add(time.Second)), "it never expired")
		_, err := w.service.Sweep(w.ctx)
		require.NoError(t, err)
	}
	require.Equal(t, ledger.StatusExpired, w.load(ledger.Keys{Number: c.Number}).Charge.Status)
}

func balancesSumToZero(t *testing.T, w *world) {
	balances := func() map[ledger.Account]ledger.Rupiah {
		list, err := w.store.Balances(w.ctx, "")
		require.NoError(t, err)
		sums := map[ledger.Account]ledger.Rupiah{}
		var total ledger.Rupiah
		for i, b := range list {
			require.True(t, i == 0 || list[i-1].Account < b.Account, "accounts are in order")
			sums[b.Account] = b.Amount
			total += b.Amount
		}
		require.Zero(t, total)
		return sums
	}
	require.Empty(t, balances())
	c := w.buy("A1")
	w.buy("A2")
	require.Equal(t, map[ledger.Account]ledger.Rupiah{
		ledger.IndomaretReceivable: 2 * (price + fee), ledger.MerchantPayable(merchant): -2 * price, ledger.Fees: -2 * fee,
	}, balances())
	w.reverse(c.Code, "A1")
	require.Equal(t, ledger.Rupiah(-price), balances()[ledger.MerchantPayable(merchant)])
}
