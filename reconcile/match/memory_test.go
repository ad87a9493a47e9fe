package match_test

import (
	"errors"
	"fmt"
	"iter"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
	"paypoint/reconcile/match"
)

// madeUp are n entries in no order, made as they are asked for.
func madeUp(n uint64) iter.Seq2[match.Entry, error] {
	return func(yield func(match.Entry, error) bool) {
		for i := range n {
			i = i * 700_001 % n
			if !yield(entry(ledger.PaymentCode(fmt.Sprintf("%016d", i)), ledger.TrackingRef(fmt.Sprintf("R%09d", i)), line(i)), nil) {
				return
			}
		}
	}
}

// In memory at once, 200,000 entries of each side would take 50 MiB. It does
// not run beside other tests, whose memory would count too.
func TestMatchTakesBoundedMemory(t *testing.T) {
	const entries, memory, ceiling, mib = 200_000, 1 << 20, 8 << 20, 1 << 20
	before, peak, found := liveHeap(), uint64(0), 0
	var sides [2]*match.Sorted
	for i := range sides {
		var err error
		sides[i], err = match.Sort(t.Context(), madeUp(entries), match.SortOptions{Dir: t.TempDir(), Memory: memory})
		require.NoError(t, err)
	}
	_, err := match.Match(sides[0].All(t.Context()), sides[1].All(t.Context()), match.Options{Day: friday, Standing: always(match.NeverSeen)},
		func(f match.Finding) error {
			if found++; found%50_000 == 0 {
				peak = max(peak, liveHeap())
			}
			if f.Class != match.Matched {
				return fmt.Errorf("found %s", f.Class)
			}
			return nil
		})
	require.NoError(t, errors.Join(err, sides[0].Close(), sides[1].Close()))
	require.Equal(t, entries, found)
	took := peak - min(before, peak)
	t.Logf("%d entries of each side hold %.1f MiB", entries, float64(took)/mib)
	require.Positive(t, took)
	require.Less(t, took, uint64(ceiling))
}

// liveHeap is what the heap holds after a collection, in bytes.
func liveHeap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
