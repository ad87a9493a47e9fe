package ledger_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

func everyCase(ledger.Case) bool { return true }

// back lists all cases newest first, page by page.
func (w *world) back(t *testing.T, limit int, keep func(ledger.Case) bool) (ids []uint64) {
	for before := uint64(0); ; {
		page, err := w.service.CasesBefore(t.Context(), before, limit, keep)
		require.NoError(t, err)
		require.LessOrEqual(t, len(page.Cases), limit)
		for _, c := range page.Cases {
			ids = append(ids, c.ID)
		}
		if before = page.Next; before == 0 {
			return ids
		}
	}
}

// Cases lie one beside the other where a match opened them, and far apart where
// payments lie between: every one is listed once, the newest first.
func TestCasesBeforeListsAllBackwards(t *testing.T) {
	t.Parallel()
	w := setup(t)
	for group, size := range []int{3, 450, 1, 1, 260} {
		var found []ledger.NewCase
		for i := range size {
			found = append(found, ledger.NewCase{Class: planted, Theirs: 1, Ref: ledger.TrackingRef(fmt.Sprint(group, "-", i))})
		}
		_, err := w.service.OpenCases(t.Context(), "matcher", found)
		require.NoError(t, err)
		for range 300 {
			w.charge()
		}
	}
	var want []uint64
	for _, c := range w.cases() {
		want = append(want, c.ID)
	}
	slices.Reverse(want)
	require.Len(t, want, 715)
	for _, limit := range []int{1, 7, 50, 200, 1000} {
		require.Equal(t, want, w.back(t, limit, everyCase), "pages of %d", limit)
	}
	odd := func(c ledger.Case) bool { return c.ID%2 == 1 }
	require.Equal(t, slices.DeleteFunc(slices.Clone(want), func(id uint64) bool { return id%2 == 0 }), w.back(t, 50, odd))
}

func TestCasesBeforeOfNone(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.charge()
	require.Empty(t, w.back(t, 50, everyCase))
}

// A search that keeps nothing stops, and says where it did.
func TestCasesBeforeReadsABoundedNumber(t *testing.T) {
	t.Parallel()
	w := setup(t)
	var found []ledger.NewCase
	for i := range 3_000 {
		found = append(found, ledger.NewCase{Class: planted, Theirs: 1, Ref: ledger.TrackingRef(fmt.Sprint(i))})
	}
	_, err := w.service.OpenCases(t.Context(), "matcher", found)
	require.NoError(t, err)
	seen := 0
	page, err := w.service.CasesBefore(t.Context(), 0, 50, func(ledger.Case) bool { seen++; return false })
	require.NoError(t, err)
	require.Empty(t, page.Cases)
	require.NotZero(t, page.Next)
	require.Less(t, seen, 2_500)
	require.Greater(t, seen, 1_500)
}
