package boltdb

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	bolt "go.etcd.io/bbolt"
	"pgregory.net/rapid"

	"paypoint/ledger"
)

// spread makes a ledger whose payments are in several segments of the journal: of
// two stores in turn, of rising amounts, the last of each thirty taken back.
const spreadPayments = 90

func newSpread(t testing.TB) (*Store, *ledger.Service) {
	store := openStore(t, filepath.Join(t.TempDir(), "ledger.db"))
	for from := 1; from <= spreadPayments; from += 30 {
		err := store.Apply(context.Background(), ledger.Keys{}, func(ledger.State) (ledger.Change, error) {
			change := ledger.Change{At: noon().Add(time.Duration(from) * time.Hour)}
			for n := from; n < from+30; n++ {
				entries := soldEntries(store, uint64(n), change.At, rand.New(rand.NewPCG(uint64(n), 2)))
				paid, _ := entries[1].Event.(ledger.Paid)
				paid.Amount, paid.Store = ledger.Rupiah(1000*n), fmt.Sprint("T", n%2)
				entries[1].Event = paid
				if n%30 == 0 {
					entries = append(entries, ledger.Entry{Event: ledger.Reversed{Number: paid.Number, Code: paid.Code, Ref: paid.Ref, Store: paid.Store, Day: paid.Day, Deny: true}})
				}
				change.Entries = append(change.Entries, entries...)
			}
			return change, nil
		})
		require.NoError(t, err)
		fill(t, store, segmentMask)
	}
	return store, ledger.NewService(store, testAgreement(), noon)
}

func TestSearchGoesThroughSegments(t *testing.T) {
	t.Parallel()
	store, service := newSpread(t)
	begin := noon()
	for name, c := range map[string]struct {
		q        ledger.PaymentQuery
		from, to int
		step     int
	}{
		"all":                   {ledger.PaymentQuery{}, 1, 90, 1},
		"a store":               {ledger.PaymentQuery{Store: "T0"}, 2, 90, 2},
		"an amount":             {ledger.PaymentQuery{MinAmount: 45_000, MaxAmount: 45_000}, 45, 45, 1},
		"amounts":               {ledger.PaymentQuery{MinAmount: 28_500, MaxAmount: 61_000}, 29, 61, 1},
		"amounts of a store":    {ledger.PaymentQuery{MinAmount: 28_500, Store: "T1"}, 29, 89, 2},
		"a time":                {ledger.PaymentQuery{From: begin.Add(31 * time.Hour), To: begin.Add(32 * time.Hour)}, 31, 60, 1},
		"a store, of some time": {ledger.PaymentQuery{From: begin.Add(31 * time.Hour), Store: "T0"}, 32, 90, 2},
		"taken back":            {ledger.PaymentQuery{ReversedFrom: begin.Add(31 * time.Hour)}, 60, 90, 30},
		"taken back in an hour": {ledger.PaymentQuery{ReversedFrom: begin.Add(31 * time.Hour), ReversedTo: begin.Add(32 * time.Hour)}, 60, 60, 1},
		"a day":                 {ledger.PaymentQuery{FromDay: "2026-03-11", ToDay: "2026-03-12"}, 31, 60, 1},
	} {
		t.Run(name, func(t *testing.T) {
			var want, got, back []ledger.Rupiah
			for n := c.to; n >= c.from; n -= c.step {
				want = append(want, ledger.Rupiah(1000*n))
			}
			for row, err := range service.EachPayment(context.Background(), c.q) {
				require.NoError(t, err)
				got = append(got, row.Amount)
			}
			require.Equal(t, want, got)
			c.q.After, c.q.Limit = 1, ledger.MaxPaymentPage
			page, err := service.SearchPayments(context.Background(), c.q)
			require.NoError(t, err)
			for _, row := range page.Rows {
				back = append(back, row.Amount)
			}
			require.Equal(t, want, back)
		})
	}
	seqs, err := store.Indexed(context.Background(), ledger.SearchKey{Index: ledger.ChargedByOrder, Value: "none"}, 5)
	require.NoError(t, err)
	require.Empty(t, seqs)
	require.NoError(t, store.Close())
}

// TestSearchReadsNoMoreThanItsBudget counts the payments that are looked at.
func TestSearchReadsNoMoreThanItsBudget(t *testing.T) {
	t.Parallel()
	store, _ := newSpread(t)
	for name, walk := range map[string]ledger.PaymentWalk{
		"all":            {},
		"a store":        {Keys: []ledger.SearchKey{{Index: ledger.ByStore, Value: "T1"}}},
		"nothing":        {Keys: []ledger.SearchKey{{Index: ledger.ByStore, Value: "T2"}}},
		"amounts":        {MinAmount: 1, MaxAmount: 60_000},
		"taken back":     {ReversedFrom: noon()},
		"all of amounts": {MinAmount: 1, MaxAmount: 60_000, Keys: []ledger.SearchKey{{Index: ledger.ByStore, Value: "T0"}}},
	} {
		t.Run(name, func(t *testing.T) {
			looked, asked := 0, 0
			walk.Limit, walk.Budget = 1000, 10
			walk.Match = func(ledger.PaymentRow) bool { looked++; return false }
			for ended := false; !ended; asked++ {
				before := looked
				found, err := store.Payments(context.Background(), walk)
				require.NoError(t, err)
				require.LessOrEqual(t, looked-before, walk.Budget)
				require.LessOrEqual(t, found.Scanned, walk.Budget+spreadPayments, "one segment's amounts are read at once")
				walk.Below, ended = found.Reached, found.Ended
				require.Less(t, asked, spreadPayments, "it goes on")
			}
			require.True(t, looked > 0 || name == "nothing")
		})
	}
	require.NoError(t, store.Close())
}

// TestSearchWritesTheTail of the index before it reads, and lists what was listed
// before it was built anew.
func TestSearchWritesTheTail(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ledger.db")
	store := openStore(t, path)
	chargeFrom(t, store, 1, 12)
	payFrom(t, store, 1, 12)
	requireListed(t, store, 12)
	require.Equal(t, 24, store.index.tail.count())
	require.Equal(t, 12, countPayments(t, store))
	require.True(t, store.index.tail.empty())
	requireListed(t, store, 12)
	require.NoError(t, store.Close())
	for name, spoil := range map[string]func(*bolt.Tx) error{
		"a payment is missing": func(tx *bolt.Tx) error { return tx.Bucket(bucketPayments).Delete(numberKey(15)) },
		"a payment is damaged": func(tx *bolt.Tx) error { return tx.Bucket(bucketPayments).Put(numberKey(15), []byte{0, 1}) },
		"a count is damaged":   func(tx *bolt.Tx) error { return tx.Bucket(bucketOpen).Put(openKey(""), []byte{0xFF}) },
		"an hour is damaged": func(tx *bolt.Tx) error {
			return tx.Bucket(bucketHours).Put(hourKey("", noon().Truncate(time.Hour)), []byte{1})
		},
		"a bucket is missing": func(tx *bolt.Tx) error { return tx.DeleteBucket(bucketStoreDays) },
	} {
		t.Run(name, func(t *testing.T) {
			edit(t, indexPath(path), spoil)
			store := openStore(t, path)
			require.Equal(t, 12, countPayments(t, store))
			hours, err := store.Hours(context.Background(), "", noon().Add(-time.Hour), noon().Add(time.Hour))
			require.NoError(t, err)
			require.Equal(t, 12, hours[0].Paid)
			open, err := store.OpenCodes(context.Background(), "")
			require.NoError(t, err)
			require.Zero(t, open)
			require.NoError(t, store.Close())
		})
	}
}

// countPayments counts those that are listed by their store.
func countPayments(t testing.TB, store *Store) int {
	found, err := store.Payments(context.Background(), ledger.PaymentWalk{
		Keys: []ledger.SearchKey{{Index: ledger.ByStore, Value: "TA01"}}, Limit: 1000, Budget: 1000,
		Match: func(ledger.PaymentRow) bool { return true },
	})
	require.NoError(t, err)
	return len(found.Rows)
}

// TestIndexFindsUnchainedPayments: in records from before they were chained, what
// changes a payment does not name the record that booked it.
func TestIndexFindsUnchainedPayments(t *testing.T) {
	t.Parallel()
	store := openStore(t, filepath.Join(t.TempDir(), "ledger.db"))
	chargeFrom(t, store, 1, 12)
	payFrom(t, store, 1, 12)
	require.NoError(t, store.view(func(tx *bolt.Tx) error {
		for _, event := range []ledger.Event{ledger.Released{Number: 1, Ref: "1"}, ledger.Reversed{Number: 11, Ref: "11"}} {
			number, ref, _ := ledger.PaymentChanged(ledger.Record{Entry: ledger.Entry{Event: event}})
			paid, err := paymentBefore(tx, ledger.Record{Seq: 25, Entry: ledger.Entry{Event: event}}, ref)
			require.NoError(t, err)
			require.Equal(t, 12+number, paid.Seq)
		}
		_, err := paymentBefore(tx, ledger.Record{Seq: 25, Entry: ledger.Entry{Event: ledger.Released{Number: 1}}}, "2")
		require.ErrorIs(t, err, ledger.ErrMissingRow)
		return nil
	}))
	require.NoError(t, store.Close())
}

func TestPaymentIsReadBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		text := func(name string) string { return rapid.String().Draw(rt, name) }
		sum := func(name string) ledger.Rupiah { return ledger.Rupiah(rapid.Int64().Draw(rt, name)) }
		moment := func(name string) time.Time { return millis(rapid.Int64Range(0, 1<<45).Draw(rt, name)).time() }
		row := ledger.PaymentRow{
			Seq: rapid.Uint64().Draw(rt, "seq"), At: moment("at"), Number: rapid.Uint64().Draw(rt, "number"),
			Merchant: text("merchant"), Order: text("order"), Ref: ledger.TrackingRef(text("ref")), Receipt: text("receipt"),
			Store: text("store"), Amount: sum("amount"), Fee: sum("fee"), FeeRemitted: rapid.Bool().Draw(rt, "remitted"),
			Day: ledger.Day(text("day")), Late: rapid.Bool().Draw(rt, "late"), Recovered: rapid.Bool().Draw(rt, "recovered"),
			State:    rapid.SampledFrom([]ledger.TxState{ledger.TxPaid, ledger.TxReversed, ledger.TxTakenBack}).Draw(rt, "state"),
			Reversed: moment("reversed"), Released: rapid.Bool().Draw(rt, "released"),
		}
		value := encodePayment(row)
		read, err := decodePayment(row.Seq, value)
		require.NoError(rt, err)
		require.Equal(rt, row, read)
		_, err = decodePayment(row.Seq, value[:rapid.IntRange(0, len(value)-1).Draw(rt, "cut")])
		require.ErrorIs(rt, err, errIndexFile)
	})
}

func TestPlaces(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		some := rapid.SliceOf(rapid.Uint16Range(0, 50))
		first, second := some.Draw(rt, "first"), some.Draw(rt, "second")
		want := slices.Concat(first, second)
		slices.Sort(want)
		want = slices.Compact(want)
		merged := places(nil).merge(slices.Clone(first)).merge(slices.Clone(second))
		require.Equal(rt, len(want), merged.len())
		for i, place := range want {
			require.Equal(rt, place, merged.at(i))
			require.Equal(rt, i, merged.search(place))
		}
		for place := range uint16(52) {
			require.Equal(rt, slices.Contains(want, place), merged.has(place))
		}
	})
}
