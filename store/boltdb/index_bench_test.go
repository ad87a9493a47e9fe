package boltdb

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

// The sizes of the ledger that is searched.
const (
	soldPayments  = 1_000_000
	soldStores    = 10_000
	soldMerchants = 50
	soldDays      = 30
)

// sell writes payments as a chain of shops makes them in a month: each a charge, a
// payment and its release, of every hundredth a reversal too. The first stores and
// merchants have most of them.
func sell(tb testing.TB, path string, payments int) {
	store, err := Open(path, Options{})
	require.NoError(tb, err)
	random := rand.New(rand.NewPCG(1, 2))
	const group = 5_000
	for from := 1; from <= payments; from += group {
		err := store.Apply(context.Background(), ledger.Keys{}, func(ledger.State) (ledger.Change, error) {
			at := noon().Add(time.Duration(float64(from) / float64(payments) * float64(soldDays*24*time.Hour)))
			change := ledger.Change{At: at, Details: &ledger.Details{Salt: "5a17"}}
			for n := from; n < from+group && n <= payments; n++ {
				change.Entries = append(change.Entries, soldEntries(store, uint64(n), at, random)...)
			}
			return change, nil
		})
		require.NoError(tb, err)
	}
	require.NoError(tb, store.Close())
}

// soldEntries are one payment's.
func soldEntries(store *Store, n uint64, at time.Time, random *rand.Rand) []ledger.Entry {
	skewed := func(of int) int { return int(float64(of) * random.Float64() * random.Float64()) }
	shop := fmt.Sprintf("T%05d", skewed(soldStores))
	code, ref := testCode(store, n), ledger.TrackingRef(fmt.Sprintf("%x", random.Uint64()))
	amount := ledger.Rupiah(10_000 + 500*skewed(2_000))
	day := ledger.CalendarDay(at)
	entries := []ledger.Entry{
		{Event: ledger.Charged{
			Number: n, Code: code, ID: fmt.Sprintf("%032x", random.Uint64()), Merchant: fmt.Sprintf("G%09d", skewed(soldMerchants)),
			Order: fmt.Sprintf("INV-%x", random.Uint64()), Amount: amount, MinAmount: amount, Fee: 2_500, Expires: at.AddDate(0, 0, 1),
		}},
		{Event: ledger.Paid{
			Number: n, Code: code, Ref: ref, Store: shop, MessageID: "M", TimeStamp: at, Amount: amount, Fee: 2_500,
			Receipt: fmt.Sprintf("R%010x", random.Uint64()), Day: day, Late: n%1000 == 0, Request: "aa",
		}},
		{Event: ledger.Released{Number: n, Ref: ref}},
	}
	if n%100 == 0 {
		entries = append(entries, ledger.Entry{Event: ledger.Reversed{Number: n, Code: code, Ref: ref, Store: shop, Day: day, Deny: true}})
	}
	return entries
}

// BenchmarkSearch asks a month of a million payments everything that people ask.
// PAYPOINT_BENCH_LEDGER keeps the ledger in a folder for the next run.
func BenchmarkSearch(b *testing.B) {
	path := filepath.Join(b.TempDir(), "ledger.db")
	if folder := os.Getenv("PAYPOINT_BENCH_LEDGER"); folder != "" {
		path = filepath.Join(folder, "ledger.db")
	}
	if _, err := os.Stat(path); err != nil {
		sell(b, path, soldPayments)
	}
	b.Run("build", func(b *testing.B) { buildIndex(b, path) })
	store, err := Open(path, Options{})
	require.NoError(b, err)
	service := ledger.NewService(store, testAgreement(), noon)
	rows, err := service.SearchPayments(context.Background(), ledger.PaymentQuery{Limit: 50})
	require.NoError(b, err)
	for _, question := range questions(service, rows.Rows[0]) {
		b.Run(question.name, func(b *testing.B) {
			for b.Loop() {
				found, scanned, err := question.ask()
				require.NoError(b, err)
				b.ReportMetric(float64(found), "rows")
				b.ReportMetric(float64(scanned), "entries")
			}
		})
	}
	require.NoError(b, store.Close())
}

// buildIndex builds the index anew from the journal.
func buildIndex(b *testing.B, path string) {
	for b.Loop() {
		require.NoError(b, removeIfThere(indexPath(path)))
		store, err := Open(path, Options{})
		require.NoError(b, err)
		_, err = store.OpenCodes(context.Background(), "")
		require.NoError(b, err)
		require.NoError(b, store.Close())
	}
	info, err := os.Stat(indexPath(path))
	require.NoError(b, err)
	b.ReportMetric(float64(info.Size())/soldPayments, "file-B/payment")
}

type question struct {
	name string
	ask  func() (found, scanned int, err error)
}

// monthOfSales is the time in which sell sells.
func monthOfSales() (begin, end time.Time) { return noon(), noon().AddDate(0, 0, soldDays) }

type namedQuery struct {
	name string
	q    ledger.PaymentQuery
}

// queries ask for one payment by each of its keys, and for some by each filter.
func queries(one ledger.PaymentRow) []namedQuery {
	yes := true
	begin, end := monthOfSales()
	return []namedQuery{
		{"all", ledger.PaymentQuery{}},
		{"code", ledger.PaymentQuery{Code: one.Code}},
		{"id", ledger.PaymentQuery{ID: one.ID}},
		{"ref", ledger.PaymentQuery{Ref: one.Ref}},
		{"receipt", ledger.PaymentQuery{Receipt: one.Receipt}},
		{"order", ledger.PaymentQuery{Order: one.Order}},
		{"store", ledger.PaymentQuery{Store: "T00001"}},
		{"rare store", ledger.PaymentQuery{Store: "T09990"}},
		{"merchant", ledger.PaymentQuery{Merchant: "G000000000"}},
		{"store and merchant", ledger.PaymentQuery{Store: "T00001", Merchant: "G000000048"}},
		{"amount", ledger.PaymentQuery{MinAmount: 950_000, MaxAmount: 950_000}},
		{"amounts", ledger.PaymentQuery{MinAmount: 1_000_000}},
		{"no amount", ledger.PaymentQuery{MinAmount: 1, MaxAmount: 9_999}},
		{"reversed", ledger.PaymentQuery{State: ledger.TxReversed}},
		{"reversed of a merchant", ledger.PaymentQuery{State: ledger.TxReversed, Merchant: "G000000040"}},
		{"taken back in a day", ledger.PaymentQuery{ReversedFrom: begin.Add(240 * time.Hour), ReversedTo: begin.Add(264 * time.Hour)}},
		{"taken back in a day, of a merchant", ledger.PaymentQuery{ReversedFrom: begin.Add(240 * time.Hour), ReversedTo: begin.Add(264 * time.Hour), Merchant: "G000000040"}},
		{"taken back in a month", ledger.PaymentQuery{ReversedFrom: begin, ReversedTo: end}},
		{"taken back in no time", ledger.PaymentQuery{ReversedFrom: begin.AddDate(1, 0, 0), ReversedTo: begin.AddDate(1, 0, 1)}},
		{"late", ledger.PaymentQuery{Late: &yes}},
		{"none of a common store", ledger.PaymentQuery{Store: "T00001", State: ledger.TxTakenBack}},
		{"none that is bounded", ledger.PaymentQuery{MinAmount: 10_000, MaxAmount: 900_000, Receipt: "none"}},
		{"an hour", ledger.PaymentQuery{From: begin.Add(240 * time.Hour), To: begin.Add(241 * time.Hour)}},
		{"a day", ledger.PaymentQuery{FromDay: "2026-03-20", ToDay: "2026-03-20"}},
		{"a month of a merchant", ledger.PaymentQuery{From: begin, To: end, Merchant: "G000000010"}},
		{"many amounts of a month", ledger.PaymentQuery{From: begin, To: end, MinAmount: 10_500, MaxAmount: 990_000, Store: "T09990"}},
		{"not released", ledger.PaymentQuery{State: ledger.TxPaid, MinAmount: 2_000_000}},
	}
}

func questions(service *ledger.Service, one ledger.PaymentRow) []question {
	ctx := context.Background()
	begin, end := monthOfSales()
	var all []question
	for _, c := range queries(one) {
		c.q.Limit = 50
		all = append(all, question{"page/" + c.name, func() (int, int, error) {
			page, err := service.SearchPayments(ctx, c.q)
			return len(page.Rows), page.Scanned, err
		}}, question{"totals/" + c.name, func() (int, int, error) {
			totals, err := service.PaymentTotals(ctx, c.q)
			return totals.Count, totals.Scanned, err
		}})
	}
	return append(all,
		question{"find/ref", func() (int, int, error) {
			hits, err := service.FindByKey(ctx, string(one.Ref), "")
			return len(hits), 0, err
		}},
		question{"find/nothing", func() (int, int, error) {
			hits, err := service.FindByKey(ctx, "nothing at all", "")
			return len(hits), 0, err
		}},
		question{"hours/month", func() (int, int, error) {
			hours, err := service.Hours(ctx, "", begin, end)
			return len(hours), 0, err
		}},
		question{"stores/day", func() (int, int, error) {
			sums, err := service.StoreSums(ctx, "2026-03-20", "2026-03-20")
			return len(sums), 0, err
		}},
		question{"stores/month", func() (int, int, error) {
			sums, err := service.StoreSums(ctx, ledger.CalendarDay(begin), ledger.CalendarDay(end))
			return len(sums), 0, err
		}},
		question{"store/month", func() (int, int, error) {
			days, err := service.StoreDays(ctx, "T00001", ledger.CalendarDay(begin), ledger.CalendarDay(end))
			return len(days), 0, err
		}},
	)
}
