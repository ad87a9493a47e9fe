package match_test

import (
	"runtime"
	"runtime/metrics"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// million is the length of both sides.
const million = 1_000_000

// BenchmarkMillion reads, sorts and compares two CSV tables of a million
// payments, beside the sqlite3 shell's full outer join of the same two: the
// time, that of all processors together (which says more on a busy machine), and
// the most memory in use. Both must find the same.
//
//	go test ./reconcile/match -run '^$' -bench Million -benchtime 1x
func BenchmarkMillion(b *testing.B) {
	dir := b.TempDir()
	writeTables(b, dir, million)
	var ours, theirs []string
	b.Run("paypoint", func(b *testing.B) {
		runtime.GC()
		for b.Loop() {
			used, before := watchMemory(), processorTime(b)
			ours = joinByMatch(b, dir)
			heap, all := used()
			b.ReportMetric((processorTime(b) - before).Seconds(), "cpu-s")
			b.ReportMetric(float64(heap)/1e6, "heap-MB")
			b.ReportMetric(float64(all)/1e6, "runtime-MB")
		}
	})
	b.Run("sqlite3", func(b *testing.B) {
		for b.Loop() {
			rows, process := joinBySQLite(b, dir)
			theirs = rows
			b.ReportMetric((process.UserTime() + process.SystemTime()).Seconds(), "cpu-s")
			// Linux counts in units of 1,024 bytes (getrusage(2)).
			b.ReportMetric(float64(process.SysUsage().(*syscall.Rusage).Maxrss)*1024/1e6, "resident-MB")
		}
	})
	if theirs != nil {
		require.Equal(b, theirs, ours)
	}
}

// processorTime is what this process has used of all processors.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &used))
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// watchMemory samples until the function that it returns is called, which gives
// the peaks in bytes: of objects on the heap, and of all that the Go runtime
// holds of the system's memory.
func watchMemory() func() (heap, all uint64) {
	var heap, all uint64
	stop := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		tick := time.NewTicker(2 * time.Millisecond)
		defer tick.Stop()
		samples := []metrics.Sample{
			{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"},
		}
		for {
			metrics.Read(samples)
			heap = max(heap, samples[0].Value.Uint64())
			all = max(all, samples[1].Value.Uint64()-samples[2].Value.Uint64())
			select {
			case <-stop:
				return
			case <-tick.C:
			}
		}
	})
	return func() (uint64, uint64) {
		close(stop)
		watching.Wait()
		return heap, all
	}
}
