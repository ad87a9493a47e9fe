package match_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"paypoint/ledger"
	"paypoint/reconcile/match"
)

// anyEntry has a key out of so few that all things happen on one code.
func anyEntry() *rapid.Generator[match.Entry] {
	return rapid.Custom(func(t *rapid.T) match.Entry {
		return match.Entry{
			Code:     ledger.PaymentCode(rapid.SampledFrom([]string{"1", "2", "20"}).Draw(t, "code")),
			Ref:      ledger.TrackingRef(rapid.SampledFrom([]string{"A", "B", "C", "CC"}).Draw(t, "ref")),
			Store:    rapid.SampledFrom([]string{"", "T1", "T2"}).Draw(t, "store"),
			Day:      rapid.SampledFrom([]ledger.Day{thursday, friday}).Draw(t, "day"),
			Amount:   ledger.Rupiah(rapid.Int64Range(0, 3).Draw(t, "amount")),
			Fee:      ledger.Rupiah(rapid.Int64Range(0, 2).Draw(t, "fee")),
			Reversed: rapid.Bool().Draw(t, "reversed"),
		}
	})
}

// anySide is a side in order, numbered so that each entry is one of a kind.
func anySide(t *rapid.T, distinct bool) []match.Entry {
	var side []match.Entry
	if distinct {
		side = rapid.SliceOfNDistinct(anyEntry(), 0, 12, match.Entry.Key).Draw(t, "ours")
	} else {
		side = rapid.SliceOfN(anyEntry(), 0, 20).Draw(t, "theirs")
	}
	for i := range side {
		side[i].Line = uint64(i)
	}
	return side
}

// Days of no sense at all: still each entry is in one finding, the money adds
// up, the order of the input does not matter, and findings come in order.
func TestMatchPartitionsAnything(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rapid.Check(t, func(r *rapid.T) {
		ours, theirs := anySide(r, true), anySide(r, false)
		standings := map[match.Key]match.Standing{}
		for _, e := range theirs {
			standings[e.Key()] = rapid.SampledFrom([]match.Standing{
				match.NeverSeen, match.NoSuchCode, match.PaidByOther, match.Buried, match.Awaited, match.Settled,
			}).Draw(r, "standing")
		}
		o := match.Options{Day: friday, Standing: known(standings)}
		all, totals := matched(r, streamOf(sorted(ours)), streamOf(sorted(theirs)), o)
		requireAddsUp(r, all, totals, ours, theirs)
		requireInOrder(r, all)
		for _, f := range all {
			require.Contains(r, match.Classes(), f.Class)
		}
		again, _ := matched(r, streamOf(resorted(r, dir, ours)), streamOf(resorted(r, dir, theirs)), o)
		require.Equal(r, all, again)
	})
}

func requireInOrder(t require.TestingT, all []found) {
	for i := 1; i < len(all); i++ {
		before, after := keyOf(all[i-1]), keyOf(all[i])
		require.LessOrEqual(t, before.Code, after.Code)
		if before.Code == after.Code {
			require.LessOrEqual(t, before.Ref, after.Ref)
		}
	}
}

func keyOf(f found) match.Key {
	if f.carried.Ours != nil {
		return f.carried.Ours.Key()
	}
	return f.carried.Theirs.Key()
}
