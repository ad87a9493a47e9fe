package settlement_test

import (
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
	"paypoint/reconcile/settlement"
)

// fill books payments from many tills at once, so that they share commits.
func (d *desk) fill(t testing.TB, payments int) {
	t.Helper()
	const tills = 512
	stamp := wib(t, "2026-11-20 10:00:00")
	d.at(t, "2026-11-20 10:00:00")
	errs := make([]error, tills)
	var wait sync.WaitGroup
	for till := range tills {
		wait.Go(func() {
			for n := till; n < payments && errs[till] == nil; n += tills {
				_, errs[till] = d.book(stamp, ledger.Rupiah(10_000+n), 2500)
			}
		})
	}
	wait.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
}

// A day in memory at once would be some 400 bytes a payment and more; the
// ceiling is far below that of the payments here. What a workbook adds is the
// buffer that excelize fills before it turns to a file.
func TestExportTakesBoundedMemory(t *testing.T) {
	const payments = 50_000
	const mib = 1 << 20
	d := setup(t, openBolt(t, filepath.Join(t.TempDir(), "ledger.db")))
	d.fill(t, payments)
	d.at(t, "2026-11-21 02:00:00")
	d.close(t, friday)

	ceilings := map[settlement.Format]uint64{settlement.TXT: 8 * mib, settlement.CSV: 8 * mib, settlement.XLSX: 48 * mib}
	for format, ceiling := range ceilings {
		t.Run(string(format), func(t *testing.T) {
			before, peak := liveHeap(), uint64(0)
			measure := func(int, int) { peak = max(peak, liveHeap()) }
			require.NoError(t, d.settlement.Export(t.Context(), friday, format, io.Discard, measure))
			took := peak - min(before, peak)
			t.Logf("%s of %d payments: %.1f MiB", format, payments, float64(took)/mib)
			require.Less(t, took, ceiling, fmt.Sprintf("%s holds %d MiB", format, took/mib))
		})
	}
}

// liveHeap is what the heap holds after a collection, in bytes.
func liveHeap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
