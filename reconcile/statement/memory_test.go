package statement_test

import (
	"io"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/reconcile/statement"
)

// The lines as a whole would be far above the ceiling: 50,000 of them take some
// 25 MiB. A workbook has, besides, the buffer that excelize fills before it turns
// to a file.
func TestWritingTakesBoundedMemory(t *testing.T) {
	const lines, mib = 50_000, 1 << 20
	h := head(t)
	h.Through = lines
	s, err := statement.Seal(t.Context(), h, many(lines))
	require.NoError(t, err)
	for format, ceiling := range map[statement.Format]uint64{statement.JSON: 4 * mib, statement.CSV: 4 * mib, statement.XLSX: 40 * mib} {
		t.Run(string(format), func(t *testing.T) {
			before, peak := liveHeap(), uint64(0)
			o := statement.Options{TempDir: t.TempDir(), Progress: func(done int) {
				if done%5000 == 0 {
					peak = max(peak, liveHeap())
				}
			}}
			require.NoError(t, statement.Write(t.Context(), s, many(lines), format, io.Discard, o))
			took := peak - min(before, peak)
			t.Logf("%s of %d lines holds %.1f MiB", format, lines, float64(took)/mib)
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
