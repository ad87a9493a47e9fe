package audit_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/access/audit"
	"paypoint/ledger"
)

func TestAnEntryIsKeptAsItWasRecorded(t *testing.T) {
	t.Parallel()
	a := setup(t)
	e := audit.Entry{
		Seq: 99, At: noon.AddDate(1, 0, 0), Who: "siti", Role: "finance", Act: "merchant.write", Object: audit.Object{Kind: "merchant", ID: "G000000001"},
		Result: audit.Done, Status: 303, Address: "192.0.2.1", Reason: "asked by \"Kopi\" <b>", Before: "hold 1m", After: "hold 2m", Filter: "a=b", Rows: 7,
	}
	a.record(t, e)
	e.Seq, e.At = 1, noon
	for range 2 {
		require.Equal(t, []audit.Entry{e}, a.all(t, audit.Query{}))
		a.restart(t)
	}
	info, err := os.Stat(a.path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}

// Nothing goes unrecorded for its length or its characters.
func TestTextsAreCutAndMadeValid(t *testing.T) {
	t.Parallel()
	a := setup(t)
	a.record(t,
		audit.Entry{Who: strings.Repeat("é", audit.MaxName), Act: "a\x00b", Result: audit.Refused, Reason: strings.Repeat("x", audit.MaxText+1)},
		audit.Entry{Who: "\xff", Act: strings.Repeat("y", 1<<20), Object: audit.Object{Kind: "c\x00", ID: "\x00"}, Filter: "\xff\xfe"},
	)
	found := a.all(t, audit.Query{})
	require.Len(t, found, 2)
	require.Equal(t, strings.Repeat("é", audit.MaxName/2), found[1].Who)
	require.Equal(t, "a\uFFFDb", found[1].Act)
	require.Len(t, found[1].Reason, audit.MaxText)
	require.Equal(t, "\uFFFD", found[0].Who)
	require.Len(t, found[0].Act, audit.MaxName)
	for _, e := range found {
		require.Equal(t, []audit.Entry{e}, a.all(t, audit.Query{Who: e.Who, Act: e.Act, Object: e.Object}))
	}
	a.whole(t)
}

func TestResultOf(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]audit.Result{
		200: audit.Done, 303: audit.Done, 400: audit.Refused, 403: audit.Refused, 429: audit.Refused, 500: audit.Failed, 503: audit.Failed, 0: audit.Failed,
	} {
		require.Equal(t, want, audit.ResultOf(status), status)
	}
}

// Whatever is asked for, the pages have what a look at every entry has, once each,
// newest first.
func TestListFindsWhatIsThere(t *testing.T) {
	t.Parallel()
	a := setup(t)
	a.story(t, 120)
	every := a.all(t, audit.Query{Limit: audit.MaxLimit})
	require.Len(t, every, 120)
	queries := map[string]audit.Query{
		"all": {}, "person": {Who: "siti"}, "act": {Act: "sign_in"}, "result": {Result: audit.Refused}, "kind": {Object: audit.Object{Kind: "case"}},
		"object": {Object: audit.Object{Kind: "case", ID: "12"}}, "nobody": {Who: "sit"}, "a longer one": {Who: "sitii"},
		"person and act":  {Who: "budi", Act: "case.note"},
		"all of it":       {Who: "siti", Act: "case.note", Result: audit.Done, Object: audit.Object{Kind: "case", ID: "1"}},
		"from":            {From: noon.Add(30 * time.Minute)},
		"to":              {To: noon.Add(30 * time.Minute)},
		"an hour":         {From: noon.Add(10 * time.Minute), To: noon.Add(70 * time.Minute), Result: audit.Done},
		"a minute":        {From: noon.Add(5 * time.Minute), To: noon.Add(6 * time.Minute)},
		"before it began": {To: noon}, "after it ended": {From: noon.AddDate(0, 0, 1)}, "no time": {From: noon.Add(time.Hour), To: noon},
	}
	for name, q := range queries {
		var want []audit.Entry
		for _, e := range every {
			if fits(q, e) {
				want = append(want, e)
			}
		}
		for _, limit := range []int{0, 1, 7, audit.MaxLimit} {
			q.Limit = limit
			require.Equal(t, want, a.all(t, q), "%s by %d", name, limit)
		}
		var each []audit.Entry
		for e, err := range a.log.Each(t.Context(), q) {
			require.NoError(t, err)
			each = append(each, e)
		}
		require.Equal(t, want, each, name)
	}
}

// fits is what a query means, said once more.
func fits(q audit.Query, e audit.Entry) bool {
	same := func(want, got string) bool { return want == "" || want == got }
	return same(q.Who, e.Who) && same(q.Act, e.Act) && same(string(q.Result), string(e.Result)) &&
		same(q.Object.Kind, e.Object.Kind) && same(q.Object.ID, e.Object.ID) &&
		(q.From.IsZero() || !e.At.Before(q.From)) && (q.To.IsZero() || e.At.Before(q.To))
}

// Newer leads back over the pages that Older led along.
func TestPagesLeadBothWays(t *testing.T) {
	t.Parallel()
	a := setup(t)
	a.story(t, 30)
	for name, q := range map[string]audit.Query{"all": {Limit: 7}, "person": {Who: "siti", Limit: 3}} {
		var pages []audit.Page
		for {
			page, err := a.log.List(t.Context(), q)
			require.NoError(t, err)
			pages = append(pages, page)
			if q.Before = page.Older; q.Before == 0 {
				break
			}
		}
		require.Greater(t, len(pages), 3, name)
		require.Zero(t, pages[0].Newer)
		for i := len(pages) - 1; i > 0; i-- {
			q.Before, q.After = 0, pages[i].Newer
			back, err := a.log.List(t.Context(), q)
			require.NoError(t, err)
			require.Equal(t, pages[i-1].Entries, back.Entries, "%s %d", name, i)
			require.Equal(t, i == 1, back.Newer == 0)
			q.Before, q.After = back.Older, 0
			again, err := a.log.List(t.Context(), q)
			require.NoError(t, err)
			require.Equal(t, pages[i].Entries, again.Entries)
		}
	}
}

// A search that finds little looks at a bounded number of entries, says how far it
// came, and is gone on with.
func TestASearchIsBounded(t *testing.T) {
	t.Parallel()
	a := setup(t)
	a.record(t, audit.Entry{Who: "rare", Act: "rare", Result: audit.Failed})
	a.Advance(time.Hour)
	var group sync.WaitGroup
	for range 64 {
		group.Go(func() {
			for range 100 {
				a.record(t, audit.Entry{Who: "siti", Act: "often", Result: audit.Done})
			}
		})
	}
	group.Wait()
	q := audit.Query{Who: "siti", Result: audit.Failed}
	page, err := a.log.List(t.Context(), q)
	require.NoError(t, err)
	require.Empty(t, page.Entries)
	require.Equal(t, 5000, page.Scanned)
	require.Equal(t, noon.Add(time.Hour), page.SearchedTo)
	require.NotZero(t, page.Older)
	q.Before = page.Older
	page, err = a.log.List(t.Context(), q)
	require.NoError(t, err)
	require.Equal(t, 1400, page.Scanned)
	require.True(t, page.SearchedTo.IsZero())
	require.Zero(t, page.Older)
	page, err = a.log.List(t.Context(), audit.Query{Who: "rare", Result: audit.Failed})
	require.NoError(t, err)
	require.Equal(t, 1, page.Scanned, "an index leads to it")
	page, err = a.log.List(t.Context(), audit.Query{To: noon.Add(time.Minute)})
	require.NoError(t, err)
	require.Len(t, page.Entries, 1)
	require.LessOrEqual(t, page.Scanned, 1, "so does its hour")
}

func TestQueriesThatAreNone(t *testing.T) {
	t.Parallel()
	a := setup(t)
	for name, q := range map[string]audit.Query{
		"limit": {Limit: audit.MaxLimit + 1}, "below none": {Limit: -1}, "both ways": {Before: 1, After: 1}, "no kind": {Object: audit.Object{ID: "1"}},
	} {
		_, err := a.log.List(t.Context(), q)
		require.ErrorIs(t, err, audit.ErrQuery, name)
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	_, err := a.log.List(gone, audit.Query{})
	require.ErrorIs(t, err, context.Canceled)
	for _, err := range a.log.Each(gone, audit.Query{}) {
		require.ErrorIs(t, err, context.Canceled)
	}
}

// A clock that is set back leaves every entry where its own time says.
func TestAClockThatIsSetBack(t *testing.T) {
	t.Parallel()
	a := setup(t)
	for _, hours := range []time.Duration{0, 5, -3, 1, -10} {
		a.Advance(hours * time.Hour)
		a.record(t, audit.Entry{Who: "siti", Act: "sign_in", Result: audit.Done})
	}
	require.Len(t, a.all(t, audit.Query{From: noon.Add(2 * time.Hour), To: noon.Add(4 * time.Hour)}), 2)
	require.Len(t, a.all(t, audit.Query{To: noon}), 1)
	a.whole(t)
}

// Many who record at once are written together, each once and in order.
func TestManyRecordAtOnce(t *testing.T) {
	t.Parallel()
	a := setup(t)
	const writers, each = 16, 25
	var group sync.WaitGroup
	for w := range writers {
		group.Go(func() {
			for i := range each {
				a.record(t, audit.Entry{Who: fmt.Sprint("w", w), Act: fmt.Sprint("act", i), Result: audit.Done})
			}
		})
	}
	group.Go(func() {
		for range 20 {
			_, err := a.log.List(t.Context(), audit.Query{})
			require.NoError(t, err)
			a.whole(t)
		}
	})
	group.Wait()
	require.EqualValues(t, writers*each, a.whole(t).Entries)
	for w := range writers {
		mine := a.all(t, audit.Query{Who: fmt.Sprint("w", w)})
		slices.Reverse(mine)
		require.Len(t, mine, each)
		for i, e := range mine {
			require.Equal(t, fmt.Sprint("act", i), e.Act, "each writer's in its order")
		}
	}
}

// A caller's hang-up takes nothing back.
func TestRecordGoesOnWithoutItsCaller(t *testing.T) {
	t.Parallel()
	a := setup(t)
	gone, leave := context.WithCancel(t.Context())
	leave()
	require.NoError(t, a.log.Record(gone, audit.Entry{Who: "siti", Act: "sign_in", Result: audit.Done}))
	require.Len(t, a.all(t, audit.Query{}), 1)
}

func TestAClosedLogRecordsNothing(t *testing.T) {
	t.Parallel()
	a := setup(t)
	require.NoError(t, a.log.Close())
	require.ErrorIs(t, a.log.Record(t.Context(), audit.Entry{Act: "sign_in"}), audit.ErrClosed)
	require.NoError(t, a.log.Close())
	_, err := a.log.List(t.Context(), audit.Query{})
	require.Error(t, err)
}

func TestOneProcessHasTheFile(t *testing.T) {
	t.Parallel()
	a := setup(t)
	_, err := audit.Open(a.path, a.Now)
	require.ErrorContains(t, err, "timeout")
	_, err = audit.Open(t.TempDir(), a.Now)
	require.Error(t, err)
	require.False(t, errors.Is(err, audit.ErrDamaged), "the folder is at fault")
	require.Equal(t, "WIB", noon.In(ledger.WIB).Format("MST"))
}
