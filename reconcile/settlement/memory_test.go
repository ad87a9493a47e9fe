package settlement_test

import (
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
	"paypoint/reconcile/settlement"
)

// fill books payments straight into the journal, a thousand in each commit.
func (d *desk) fill(t *testing.T, payments int) {
	t.Helper()
	const group = 1000
	d.at(t, "2026-11-20 10:00:00")
	first := d.pay(t, 10_000, 2500)
	for booked := 1; booked < payments; {
		var events []ledger.Event
		for ; booked < payments && len(events) < group; booked++ {
			ref := ledger.TrackingRef(fmt.Sprintf("T%09d", booked+1))
			events = append(events, ledger.Paid{
				Number: 1, Code: first.Code, Ref: ref, Store: "T001", Product: "GAME", Day: friday, TimeStamp: first.TimeStamp,
				MessageID: "0b1e7c9a-5d4f-4a52-" + string(ref), Amount: 10_000, Fee: 2500, FeeRemitted: true, Receipt: "PP" + string(ref),
			})
		}
		d.journal(t, "2026-11-20 10:00:00", events...)
	}
}

// The day as a whole would be far above the ceiling: 50,000 payments read at
// once take 19 MiB. A workbook has, besides, the buffer that excelize fills
// before it turns to a file.
func TestExportTakesBoundedMemory(t *testing.T) {
	const payments, mib = 50_000, 1 << 20
	store := &tampered{Store: openBolt(t, filepath.Join(t.TempDir(), "ledger.db"))}
	d := setup(t, store)
	d.fill(t, payments)
	d.at(t, "2026-11-21 02:00:00")
	require.Equal(t, payments, d.close(t, friday).Paid)

	ceilings := map[settlement.Format]uint64{settlement.TXT: 8 * mib, settlement.CSV: 8 * mib, settlement.XLSX: 48 * mib}
	for format, ceiling := range ceilings {
		t.Run(string(format), func(t *testing.T) {
			before, peak := liveHeap(), uint64(0)
			// Measured while a page has been read and all before it is written.
			store.alter = func(page []ledger.Line) ([]ledger.Line, error) {
				peak = max(peak, liveHeap())
				return page, nil
			}
			require.NoError(t, d.settlement.Export(t.Context(), friday, format, io.Discard, nil))
			took := peak - min(before, peak)
			t.Logf("%s of %d payments holds %.1f MiB", format, payments, float64(took)/mib)
			require.Positive(t, took)
			require.Less(t, took, ceiling)
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
