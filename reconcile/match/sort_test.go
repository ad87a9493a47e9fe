package match_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"paypoint/ledger"
	"paypoint/reconcile/match"
)

// shuffled are entries in no order, the same for the same seed.
func shuffled(n int, seed uint64) []match.Entry {
	random := rand.New(rand.NewPCG(seed, 1))
	entries := make([]match.Entry, n)
	for i := range entries {
		code := ledger.PaymentCode(fmt.Sprintf("%016d", random.Uint64N(1e9)))
		entries[i] = entry(code, ledger.TrackingRef(fmt.Sprintf("R%07d", random.Uint64N(1e6))), line(uint64(i)), amount(ledger.Rupiah(i)))
	}
	return entries
}

// mustSort sorts in a folder of its own and closes when the test is over.
func mustSort(t *testing.T, memory int, entries []match.Entry) (s *match.Sorted, dir string) {
	t.Helper()
	dir = t.TempDir()
	s, err := match.Sort(t.Context(), streamOf(entries), match.SortOptions{Dir: dir, Memory: memory})
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, s.Close())
		requireEmpty(t, dir)
	})
	return s, dir
}

// runFiles are the spooled runs.
func runFiles(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "match-*", "run-*"))
	require.NoError(t, err)
	return files
}

func TestSortInMemoryAndOnDisk(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		entries, memory  int
		minRuns, maxRuns int
	}{
		"nothing":                     {0, match.MinMemory, 0, 0},
		"one":                         {1, match.MinMemory, 0, 0},
		"all in memory":               {5000, 0, 0, 0},
		"a few runs":                  {5000, 128 << 10, 3, 8},
		"more runs than are open":     {5000, match.MinMemory, 2, 64},
		"far more runs than are open": {20_000, match.MinMemory, 2, 64},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			entries := shuffled(c.entries, 1)
			s, dir := mustSort(t, c.memory, entries)
			require.Equal(t, c.entries, s.Len())
			runs := len(runFiles(t, dir))
			require.GreaterOrEqual(t, runs, c.minRuns)
			require.LessOrEqual(t, runs, c.maxRuns)
			for range 2 { // it can be read again
				require.Equal(t, sorted(entries), collect(t, s.All(t.Context())))
			}
		})
	}
}

// Any text, keys that begin one another, equal keys: as the standard library
// sorts them, and stable.
func TestSortIsStableForAnyEntry(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	text := rapid.OneOf(rapid.StringMatching(`[ab]{1,3}`), rapid.StringMatching(`0{14,18}[01]?`), rapid.StringN(1, 20, match.MaxText))
	any := rapid.Custom(func(t *rapid.T) match.Entry {
		return match.Entry{
			Code: ledger.PaymentCode(text.Draw(t, "code")), Ref: ledger.TrackingRef(text.Draw(t, "ref")),
			Store: rapid.StringN(0, 20, match.MaxText).Draw(t, "store"), Day: rapid.SampledFrom([]ledger.Day{thursday, friday}).Draw(t, "day"),
			Amount: ledger.Rupiah(rapid.Int64Range(0, int64(ledger.MaxRupiah)).Draw(t, "amount")),
			Fee:    ledger.Rupiah(rapid.Int64Range(0, int64(ledger.MaxRupiah)).Draw(t, "fee")),
			// Few lines: entries compare equal and are not.
			Reversed: rapid.Bool().Draw(t, "reversed"), Line: rapid.SampledFrom([]uint64{0, 1, 300, 1<<64 - 1}).Draw(t, "line"),
		}
	})
	rapid.Check(t, func(r *rapid.T) {
		entries := rapid.SliceOfN(any, 0, 60).Draw(r, "entries")
		s, err := match.Sort(r.Context(), streamOf(entries), match.SortOptions{Dir: dir, Memory: match.MinMemory})
		require.NoError(r, err)
		defer func() { require.NoError(r, s.Close()) }()
		require.Equal(r, sorted(entries), collect(r, s.All(r.Context())))
	})
	requireEmpty(t, dir)
}

// Entries of one key, day and line come out as they went in.
func TestSortIsStable(t *testing.T) {
	t.Parallel()
	same := make([]match.Entry, 1000)
	for i := range same {
		same[i] = entry("1", "A", amount(ledger.Rupiah(i)))
	}
	for name, memory := range map[string]int{"in memory": 0, "a few runs": 16 << 10, "many runs": match.MinMemory} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _ := mustSort(t, memory, same)
			require.Equal(t, same, collect(t, s.All(t.Context())))
		})
	}
}

func TestSortFailsCleanly(t *testing.T) {
	t.Parallel()
	many := shuffled(2000, 2)
	cases := map[string]struct {
		bad  match.Entry
		want error
		text string
	}{
		"the stream breaks":   {match.Entry{}, errStream, "sort entries: read entry 2001: the stream is cut"},
		"too long a code":     {entry(ledger.PaymentCode(strings.Repeat("1", 256)), "A"), match.ErrEntry, "entry 2001: line 1 of \"2026-11-20\": payment code has 256 bytes"},
		"a negative fee":      {entry("1", "A", fee(-1)), match.ErrEntry, "fee is -1"},
		"a day too long":      {entry("1", "A", onDay("2026-11-200")), match.ErrEntry, "day has 11 bytes"},
		"a tracking ref left": {entry("1", ""), match.ErrEntry, "must not be empty"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, in := t.TempDir(), streamOf(append(many[:2000:2000], c.bad))
			if errors.Is(c.want, errStream) {
				in = broken(errStream, many...)
			}
			s, err := match.Sort(t.Context(), in, match.SortOptions{Dir: dir, Memory: match.MinMemory})
			require.ErrorIs(t, err, c.want)
			require.ErrorContains(t, err, c.text)
			require.Nil(t, s)
			requireEmpty(t, dir)
		})
	}
}

func TestSortNeedsItsMeans(t *testing.T) {
	t.Parallel()
	_, err := match.Sort(t.Context(), stream(), match.SortOptions{Memory: match.MinMemory - 1})
	require.ErrorIs(t, err, match.ErrOptions)
	nowhere := filepath.Join(t.TempDir(), "nowhere")
	_, err = match.Sort(t.Context(), streamOf(shuffled(500, 3)), match.SortOptions{Dir: nowhere, Memory: match.MinMemory})
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorContains(t, err, "make spool folder")
	// What fits into memory needs no folder.
	s, err := match.Sort(t.Context(), streamOf(shuffled(500, 3)), match.SortOptions{Dir: nowhere})
	require.NoError(t, err)
	require.NoError(t, s.Close())
}

func TestSortEndsWithItsContext(t *testing.T) {
	t.Parallel()
	entries := shuffled(20_000, 4)
	for name, memory := range map[string]int{"in memory": 0, "spooling": match.MinMemory} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			given := 0
			in := func(yield func(match.Entry, error) bool) {
				for _, e := range entries {
					if given++; given == 10_000 {
						cancel()
					}
					if !yield(e, nil) {
						return
					}
				}
			}
			_, err := match.Sort(ctx, in, match.SortOptions{Dir: dir, Memory: memory})
			require.ErrorIs(t, err, context.Canceled)
			require.Less(t, given, 12_000, "it stops soon")
			requireEmpty(t, dir)
		})
	}
}

func TestReadingSortedEndsWithItsContext(t *testing.T) {
	t.Parallel()
	s, _ := mustSort(t, match.MinMemory, shuffled(5000, 5))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	read, last := 0, error(nil)
	for _, err := range s.All(ctx) {
		if read++; read == 100 {
			cancel()
		}
		last = err
	}
	require.ErrorIs(t, last, context.Canceled)
	require.Less(t, read, 2500)
}

func TestSortedMayBeLeftInTheMiddle(t *testing.T) {
	t.Parallel()
	entries := shuffled(5000, 6)
	s, _ := mustSort(t, match.MinMemory, entries)
	for e, err := range s.All(t.Context()) {
		require.NoError(t, err)
		require.Equal(t, sorted(entries)[0], e)
		break
	}
	require.Len(t, collect(t, s.All(t.Context())), 5000)
}

// A closed stream must not pass for one without entries.
func TestClosedSortedIsNoEmptyStream(t *testing.T) {
	t.Parallel()
	for name, memory := range map[string]int{"in memory": 0, "spooled": match.MinMemory} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, dir := mustSort(t, memory, shuffled(500, 7))
			require.NoError(t, s.Close())
			requireEmpty(t, dir)
			for _, err := range s.All(t.Context()) {
				require.ErrorIs(t, err, match.ErrClosed)
			}
			_, err := match.Match(s.All(t.Context()), stream(), match.Options{Day: friday, Standing: always(match.NeverSeen)},
				func(match.Finding) error { return nil })
			require.ErrorIs(t, err, match.ErrClosed)
		})
	}
}

func TestSpooledRunsAreForTheirOwnerOnly(t *testing.T) {
	t.Parallel()
	_, dir := mustSort(t, match.MinMemory, shuffled(500, 8))
	runs := runFiles(t, dir)
	require.NotEmpty(t, runs)
	for _, path := range append(runs, filepath.Dir(runs[0])) {
		info, err := os.Stat(path)
		require.NoError(t, err)
		require.Zero(t, info.Mode().Perm()&0o077, path)
	}
}

func TestDamagedRunIsFound(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		damage func(t *testing.T, path string)
		want   error
	}{
		"a bit is turned": {func(t *testing.T, path string) {
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			text[len(text)/2] ^= 4
			require.NoError(t, os.WriteFile(path, text, 0o600))
		}, match.ErrSpool},
		"it is cut":     {func(t *testing.T, path string) { require.NoError(t, os.Truncate(path, 100)) }, match.ErrSpool},
		"it is emptied": {func(t *testing.T, path string) { require.NoError(t, os.Truncate(path, 0)) }, match.ErrSpool},
		"it is gone":    {func(t *testing.T, path string) { require.NoError(t, os.Remove(path)) }, os.ErrNotExist},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, dir := mustSort(t, 128<<10, shuffled(5000, 9))
			runs := runFiles(t, dir)
			c.damage(t, runs[len(runs)/2])
			_, err := match.Match(s.All(t.Context()), stream(), match.Options{Day: friday, Standing: always(match.NeverSeen)},
				func(match.Finding) error { return nil })
			require.ErrorIs(t, err, c.want)
			require.ErrorContains(t, err, "run")
		})
	}
}
