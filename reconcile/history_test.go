package reconcile_test

import (
	"context"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
	"paypoint/reconcile"
	"paypoint/reconcile/match"
	"paypoint/store/memory"
)

// counted is a store that counts what is read of it.
type counted struct {
	ledger.Store

	loads, lists atomic.Int64
}

func (c *counted) Load(ctx context.Context, keys ledger.Keys) (ledger.State, error) {
	c.loads.Add(1)
	return c.Store.Load(ctx, keys)
}

func (c *counted) Documents(ctx context.Context, prefix, after string, limit int) ([]ledger.Document, error) {
	c.lists.Add(1)
	return c.Store.Documents(ctx, prefix, after, limit)
}

// withHistory is an office that has matched so many days: on each a payment that
// differed, whose case was resolved, and one that Indomaret carried to the next.
// On the day after them it has sold so much, of which one payment differs.
func withHistory(t testing.TB, days, payments int) (*office, *counted, ledger.Day) {
	t.Helper()
	store := &counted{Store: memory.Open()}
	o := setup(t, store)
	o.config.Dir = filepath.Join(quick(t), "files")
	o.finance = reconcile.New(o.config)
	day := friday
	var late []payment
	for range days {
		p, q := o.pay(t, 50_000, 0), o.pay(t, 20_000, 0)
		wrong := p
		wrong.Amount++
		o.at(t, day.Next(), "10:00:00")
		o.matched(t, day, append(late, wrong)...)
		o.resolve(t, o.the(t, match.AmountMismatch), ledger.ActWriteOff, 1)
		q.At = q.At.AddDate(0, 0, 1)
		late, day = []payment{q}, day.Next()
	}
	theirs := late
	for range payments {
		theirs = append(theirs, o.pay(t, 50_000, 0))
	}
	theirs[1].Amount--
	o.at(t, day.Next(), "10:00:00")
	o.close(t, day)
	o.take(t, day, fileOf(day, 1, theirs...))
	return o, store, day
}

// BenchmarkHistory matches a day after many others were.
func BenchmarkHistory(b *testing.B) {
	const days, payments = 300, 10_000
	o, store, day := withHistory(b, days, payments)
	loads, lists := store.loads.Load(), store.lists.Load()
	for b.Loop() {
		o.match(b, day)
	}
	b.ReportMetric(float64(store.loads.Load()-loads)/float64(b.N), "loads/op")
	b.ReportMetric(float64(store.lists.Load()-lists)/float64(b.N), "lists/op")
}

// What a match reads of the ledger and of other days is the same after any history.
func TestWorkDoesNotGrowWithHistory(t *testing.T) {
	t.Parallel()
	var loads, lists []int64
	for _, days := range []int{reconcile.NearDays + 2, reconcile.NearDays + 20} {
		o, store, day := withHistory(t, days, 3)
		for far := friday; inDays(far, reconcile.NearDays) < day; far = far.Next() {
			require.NoError(t, os.Truncate(filepath.Join(o.config.Dir, string(far), "run-1.findings"), 20))
		}
		before := [2]int64{store.loads.Load(), store.lists.Load()}
		outcome := o.match(t, day)
		require.Equal(t, 1, outcome.Opened)
		require.Empty(t, outcome.Remade, "far days are not even looked at")
		loads, lists = append(loads, store.loads.Load()-before[0]), append(lists, store.lists.Load()-before[1])
	}
	require.Equal(t, loads[0], loads[1])
	require.Equal(t, lists[0], lists[1])
	require.Less(t, loads[0], int64(50))
}

// inDays is a day so many days after another.
func inDays(day ledger.Day, n int) ledger.Day {
	for range n {
		day = day.Next()
	}
	return day
}

// A payment's own batch, its cases and its corrections lead to its lines in far
// files.
func TestLinesOfFarFiles(t *testing.T) {
	t.Parallel()
	o := inMemory(t)
	p := o.pay(t, 20_000, 500)
	first := inDays(friday, 2*reconcile.NearDays)
	second := inDays(first, 2*reconcile.NearDays)
	o.at(t, second.Next(), "10:00:00")
	o.matched(t, friday, p)
	repeated := p
	repeated.At = first.Begin(0)
	o.matched(t, first, repeated)
	c := o.the(t, match.DuplicateInFile)
	require.Equal(t, [4]ledger.Rupiah{20_000, 500, 40_000, 1000}, [4]ledger.Rupiah{c.Ours, c.OursFee, c.Theirs, c.TheirsFee})
	o.resolve(t, c, ledger.ActRefund, 20_500)
	o.requireNothingSilent(t, first, p)

	repeated.At = second.Begin(0)
	o.matched(t, second, repeated)
	c = o.the(t, differs)
	require.Equal(t, [2]ledger.Rupiah{41_000, 61_500}, [2]ledger.Rupiah{c.Ours, c.Theirs})
	o.resolve(t, c, ledger.ActRefund, 20_500)
	for _, day := range []ledger.Day{friday, first, second} {
		o.requireNothingSilent(t, day, p)
		require.Empty(t, o.cases(t, true), day)
	}
}

// Later days are matched again for what they depend on alone, not for the places
// of lines in a file.
func TestLinesInAnotherOrder(t *testing.T) {
	t.Parallel()
	o := inMemory(t)
	p, q, carried := o.pay(t, 50_000, 0), o.pay(t, 60_000, 0), o.charge(t, 70_000, 0)
	q.Amount++
	o.at(t, sunday, "10:00:00")
	o.matched(t, friday, p, q, carried)
	o.matched(t, saturday)
	runs := func() int {
		outcome, err := o.finance.Outcome(t.Context(), saturday)
		require.NoError(t, err)
		return outcome.Run
	}
	require.Equal(t, 1, runs())
	o.take(t, friday, fileOf(friday, 2, carried, q, p))
	o.match(t, friday)
	require.Equal(t, 1, runs())
	carried.Amount++
	o.take(t, friday, fileOf(friday, 3, carried, q, p))
	o.match(t, friday)
	require.Equal(t, 2, runs())
	require.Equal(t, []string{is(match.MissingAtPartner, carried)}, o.findings(t, saturday))
}

// Of many carried payments the ledger is not asked one by one, and what was
// corrected of them is known all the same.
func TestManyCarriedPayments(t *testing.T) {
	t.Parallel()
	store := &counted{Store: memory.Open()}
	o := setup(t, store)
	var late []payment
	for range 1001 {
		late = append(late, o.pay(t, 20_000, 0))
	}
	o.at(t, sunday, "10:00:00")
	o.matched(t, friday)
	require.NotEqual(t, ledger.ReasonApproved, o.reverse(t, late[0]))
	o.resolve(t, o.cases(t, true)[0], ledger.ActWriteOff, -20_000)
	for i := range late {
		late[i].At = saturday.Begin(0)
	}
	before := store.loads.Load()
	outcome := o.matched(t, saturday, late...)
	require.Equal(t, len(late), outcome.Of(match.DateShift).Findings)
	require.Less(t, store.loads.Load()-before, int64(100))
	c := o.the(t, differs)
	require.Equal(t, late[0].Ref, c.Ref)
	require.Equal(t, [2]ledger.Rupiah{0, 20_000}, [2]ledger.Rupiah{c.Ours, c.Theirs})
}

// A sum that no case can have is said in words.
func TestSumBeyondACase(t *testing.T) {
	t.Parallel()
	o := inMemory(t)
	p := o.pay(t, 20_000, 0)
	wrong := p
	wrong.Amount = ledger.MaxRupiah
	o.at(t, sunday, "10:00:00")
	o.matched(t, friday, p, wrong)
	c := o.the(t, match.DuplicateInFile)
	require.Equal(t, ledger.MaxRupiah, c.Theirs)
	require.Contains(t, c.Note, "come to Rp 1000000019999 and fees of Rp 0, more than a case can have. Found by matching")
}
