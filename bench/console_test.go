package main

import (
	"bytes"
	"context"
	"net/url"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
	"paypoint/store/boltdb"
)

func TestSellMakesALedgerThatIsFound(t *testing.T) {
	t.Parallel()
	dir, end := t.TempDir(), time.Date(2026, 3, 10, 12, 0, 0, 0, wib)
	const payments = soldGroup + 100
	var all []sold
	require.NoError(t, sell(context.Background(), dir, payments, end, func(s sold) error {
		all = append(all, s)
		return nil
	}))
	require.Len(t, all, payments)
	store, err := boltdb.Open(filepath.Join(dir, "ledger.db"), boltdb.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	service := ledger.NewService(store, ledger.Agreement{CutOff: 24 * time.Hour}, func() time.Time { return end })
	one := all[payments/2]
	for name, q := range map[string]ledger.PaymentQuery{
		"code":    {Code: ledger.PaymentCode(one.code)},
		"ref":     {Ref: ledger.TrackingRef(one.ref)},
		"id":      {ID: one.id},
		"order":   {Order: one.order},
		"receipt": {Receipt: one.receipt},
	} {
		page, err := service.SearchPayments(context.Background(), q)
		require.NoError(t, err)
		require.Len(t, page.Rows, 1, name)
		require.Equal(t, one.amount, page.Rows[0].Amount)
	}
	totals, err := service.PaymentTotals(context.Background(), ledger.PaymentQuery{})
	require.NoError(t, err)
	require.Equal(t, []int{payments, payments / 100}, []int{totals.Count, totals.Reversed})
	balances, err := service.TrialBalance(context.Background(), "")
	require.NoError(t, err)
	var sum ledger.Rupiah
	for _, b := range balances {
		sum += b.Amount
	}
	require.Zero(t, sum)
	batches, err := store.Batches(context.Background(), "", 10)
	require.NoError(t, err)
	require.True(t, batches[0].Closed() && !batches[len(batches)-1].Closed(), "days that are over are closed")
}

func TestPagesAreAskedByEachKey(t *testing.T) {
	t.Parallel()
	one := sold{code: "8120", ref: "A 1", order: "O&1", id: "id-1", receipt: "R1", store: "T1", merchant: "G1", amount: 500, at: time.Date(2026, 3, 10, 20, 0, 0, 0, time.UTC)}
	pages := map[string]askedPage{}
	for _, page := range consolePages(one) {
		parsed, err := url.Parse(page.path)
		require.NoError(t, err)
		require.Regexp(t, "^/console/", parsed.Path)
		pages[page.name] = page
	}
	require.Equal(t, "/console/search?q=O%261", pages["search by order id"].path)
	require.Equal(t, "SELECT * FROM payments WHERE ref = 'A 1';", pages["search by TrackingRef"].sql)
	require.Equal(t, "/console/settlements/2026-03-11", pages["one day"].path, "a day of WIB")
	require.Contains(t, pages["payments of a store"].path, "from=2026-02-24&store=T1&to=2026-03-11")
}

func TestPageTimes(t *testing.T) {
	t.Parallel()
	ms := func(n ...int) (times []time.Duration) {
		for _, each := range n {
			times = append(times, time.Duration(each)*time.Millisecond)
		}
		return times
	}
	got := pageTimes{Name: "p"}.of(ms(30, 10, 20), ms(2, 1, 5), ms(4, 4, 4))
	require.Equal(t, pageTimes{Name: "p", P50: 20, P95: 30, Health: 2, Ratio: 10, Shell: 4, OfShell: 5, Held: true}, got)
	slow := pageTimes{Name: "q"}.of(ms(10, 101), ms(1, 1), ms(0, 0))
	require.Equal(t, pageTimes{Name: "q", P50: 10, P95: 101, Health: 1, Ratio: 10}, slow)
	var text bytes.Buffer
	require.NoError(t, writePages(&text, 1000, []pageTimes{got, slow}, false))
	require.Regexp(t, `p +20\.00 +30\.00 +0 +2\.00 +10\.0 +4\.00 +5\.00 +held`, text.String())
	require.Regexp(t, `q +10\.00 +101\.00 +0 +1\.00 +10\.0 +NOT HELD`, text.String())
	text.Reset()
	require.NoError(t, writePages(&text, 1000, []pageTimes{got}, true))
	require.Contains(t, text.String(), `"times_healthz": 10`)
}

func TestHiddenFields(t *testing.T) {
	t.Parallel()
	form, err := hiddenFields([]byte(`<form><input type="hidden" name="token" value="a&amp;b"><input name="person" value="x"></form>`))
	require.NoError(t, err)
	require.Equal(t, url.Values{"token": {"a&b"}}, form)
}

func TestShellAnswers(t *testing.T) {
	t.Parallel()
	s, err := newShell(context.Background(), t.TempDir())
	require.NoError(t, err)
	if s == nil {
		t.Skip("needs sqlite3: Debian package sqlite3")
	}
	require.NoError(t, s.add(sold{number: 1, code: "1", at: time.Now()}))
	require.NoError(t, s.add(sold{number: 2, code: "2", at: time.Now(), reversed: true}))
	require.NoError(t, s.index())
	took, err := s.ask("SELECT * FROM payments WHERE code = '2';")
	require.NoError(t, err)
	require.Positive(t, took)
	took, err = s.ask("")
	require.NoError(t, err)
	require.Zero(t, took)
	require.NoError(t, s.close())
}
