package reconcile_test

import (
	"bytes"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
	"paypoint/reconcile"
	"paypoint/reconcile/match"
	"paypoint/reconcile/sheet"
	"paypoint/store/boltdb"
)

// A file of 200,000 lines takes 17 MB, and its entries in memory would take 30
// more; what is held of them does not grow beyond what sorting is allowed.
func TestFilesTakeBoundedMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("books 200,000 payments")
	}
	const count, mib = 200_000, 1 << 20
	store, err := boltdb.Open(filepath.Join(quick(t), "ledger.db"), boltdb.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	o := setup(t, store)
	o.config.Dir = quick(t)
	o.finance = reconcile.New(o.config)
	sold := o.fill(t, count)
	sold[7].Amount++
	file := fileOf(friday, 1, sold...)
	o.close(t, friday)

	before, peak := liveHeap(), uint64(0)
	watch := func(done, _ int) {
		if done%(count/4) == 0 {
			peak = max(peak, liveHeap())
		}
	}
	began := time.Now()
	_, isNew, err := o.finance.Import(t.Context(), reconcile.FileIn{Day: friday, Body: bytes.NewReader(file), By: "ani"}, watch)
	require.NoError(t, err)
	require.True(t, isNew)
	imported := time.Since(began)
	outcome, err := o.finance.Match(t.Context(), friday, "ani", watch)
	require.NoError(t, err)
	require.Equal(t, count-1, outcome.Of(match.Matched).Findings)
	require.Equal(t, 1, outcome.Of(match.AmountMismatch).Findings)
	require.NoError(t, o.finance.ExportFindings(t.Context(), friday, sheet.XLSX, io.Discard, nil))
	took := peak - min(before, peak)
	t.Logf("%d lines: imported in %v, matched in %v, %.1f MiB held", count, imported, time.Since(began)-imported, float64(took)/mib)
	require.Positive(t, took)
	require.Less(t, took, uint64(48*mib))
}

// fill books payments straight into the journal, a thousand in each commit.
func (o *office) fill(t *testing.T, count int) []payment {
	t.Helper()
	const group = 1000
	sold := []payment{o.pay(t, 50_000, 2500)}
	model := sold[0]
	for len(sold) < count {
		var entries []ledger.Entry
		for ; len(sold) < count && len(entries) < group; sold = append(sold, model) {
			model.Code = ledger.PaymentCode(fmt.Sprintf("888%013d", (len(sold)*7919)%(1<<40)))
			model.Ref = ledger.TrackingRef(fmt.Sprintf("T%09d", len(sold)+1))
			entries = append(entries, ledger.Entry{Event: ledger.Paid{
				Number: 1, Code: model.Code, Ref: model.Ref, Store: model.Store, TimeStamp: model.At, Day: friday,
				Amount: model.Amount, Fee: model.Fee, FeeRemitted: true, Receipt: "R",
			}})
		}
		err := o.store.Apply(t.Context(), ledger.Keys{}, func(ledger.State) (ledger.Change, error) {
			return ledger.Change{At: o.config.Now(), Entries: entries}, nil
		})
		require.NoError(t, err)
	}
	return sold
}

// liveHeap is what the heap holds after a collection, in bytes.
func liveHeap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
