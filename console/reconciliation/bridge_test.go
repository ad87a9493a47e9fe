package reconciliation_test

import (
	"fmt"
	"iter"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"paypoint/console/reconciliation"
	"paypoint/ledger"
	"paypoint/reconcile"
	"paypoint/reconcile/match"
)

// The day of most tests, and the one before, from which entries are carried.
const (
	friday   ledger.Day = "2026-11-20"
	thursday ledger.Day = "2026-11-19"
)

// anyEntry is a payment of few codes, so that all kinds of meetings come about.
func anyEntry(t *rapid.T, line uint64) match.Entry {
	return match.Entry{
		Code:     ledger.PaymentCode(fmt.Sprintf("888%013d", rapid.IntRange(1, 12).Draw(t, "code"))),
		Ref:      ledger.TrackingRef(fmt.Sprintf("T%d", rapid.IntRange(1, 3).Draw(t, "ref"))),
		Store:    rapid.SampledFrom([]string{"", "T001", "T002"}).Draw(t, "store"),
		Day:      rapid.SampledFrom([]ledger.Day{friday, friday, friday, thursday}).Draw(t, "day"),
		Amount:   ledger.Rupiah(rapid.Int64Range(1, int64(ledger.MaxRupiah)).Draw(t, "amount")),
		Fee:      ledger.Rupiah(rapid.Int64Range(0, 10_000).Draw(t, "fee")),
		Reversed: rapid.Bool().Draw(t, "reversed"),
		Line:     line,
	}
}

// anyOurs is our side's entries in their order, none twice.
func anyOurs(t *rapid.T) []match.Entry {
	var ours []match.Entry
	seen := map[match.Key]bool{}
	for i := range rapid.IntRange(0, 40).Draw(t, "ours") {
		e := anyEntry(t, uint64(i+1))
		if !seen[e.Key()] {
			ours = append(ours, e)
		}
		seen[e.Key()] = true
	}
	slices.SortFunc(ours, match.Compare)
	return ours
}

// anyTheirs is Indomaret's side: most of ours, some of it changed, and others.
func anyTheirs(t *rapid.T, ours []match.Entry) []match.Entry {
	var theirs []match.Entry
	for _, e := range ours {
		switch rapid.IntRange(0, 9).Draw(t, "change") {
		case 0:
			continue
		case 1:
			e.Amount = max(1, e.Amount-1)
		case 2:
			e.Fee++
		case 3:
			e.Day = friday
		case 4:
			e.Reversed = !e.Reversed
		}
		theirs = append(theirs, e)
	}
	for i := range rapid.IntRange(0, 10).Draw(t, "theirs") {
		theirs = append(theirs, anyEntry(t, uint64(i+100)))
	}
	slices.SortFunc(theirs, match.Compare)
	return theirs
}

func stream(entries []match.Entry) iter.Seq2[match.Entry, error] {
	return func(yield func(match.Entry, error) bool) {
		for _, e := range entries {
			if !yield(e, nil) {
				return
			}
		}
	}
}

// matched is what the real matcher makes of two random sides.
func matched(t *rapid.T) reconcile.Outcome {
	withoutFees := rapid.Bool().Draw(t, "without fees")
	options := match.Options{Day: friday, WithoutFees: withoutFees, Standing: func(match.Key) (match.Standing, error) {
		return match.Standing(rapid.Uint8Range(0, uint8(match.Settled)).Draw(t, "standing")), nil
	}}
	ours := anyOurs(t)
	totals, err := match.Match(stream(ours), stream(anyTheirs(t, ours)), options, func(match.Finding) error { return nil })
	require.NoError(t, err)
	o := reconcile.Outcome{
		Day: friday, WithoutFees: withoutFees,
		Ours:   reconcile.Pile{Own: reconcile.Sums(totals.Ours.Own), Carried: reconcile.Sums(totals.Ours.Carried)},
		Theirs: reconcile.Pile{Own: reconcile.Sums(totals.Theirs.Own), Carried: reconcile.Sums(totals.Theirs.Carried)},
	}
	for _, step := range totals.Bridge().Steps {
		of := totals.Of(step.Class)
		o.Classes = append(o.Classes, reconcile.ClassCount{
			Class: step.Class, Findings: of.Findings, Ours: reconcile.Sums(of.Ours), Theirs: reconcile.Sums(of.Theirs),
			Amount: step.Money.Amount, Fee: step.Money.Fee,
		})
	}
	return o
}

// 100 checks of ten days are 1,000 random days.
func TestTheClassesAddUpToTheDifference(t *testing.T) {
	t.Parallel()
	seen := map[match.Class]bool{}
	rapid.Check(t, func(t *rapid.T) {
		var outcomes []reconcile.Outcome
		for range 10 {
			o := matched(t)
			b := reconciliation.BridgeOf(nil, o)
			requireCloses(t, b)
			require.Equal(t, o.Ours.Own.Amount-o.Theirs.Own.Amount, b.Amount.Difference())
			for _, row := range b.Rows {
				seen[row.Class] = true
				if row.Class != reconciliation.CarriedIn {
					require.Equal(t, o.Of(row.Class).Amount, row.Amount.Difference())
					require.Equal(t, o.Of(row.Class).Fee, row.Fee.Difference())
				}
			}
			outcomes = append(outcomes, o)
		}
		// The same over all of them, as of a month.
		requireCloses(t, reconciliation.BridgeOf(nil, outcomes...))
	})
	for _, class := range append(match.Classes(), reconciliation.CarriedIn) {
		require.True(t, seen[class], "no day had any %s", class)
	}
}

// requireCloses adds the rows up by itself.
func requireCloses(t require.TestingT, b reconciliation.Bridge) {
	var amount, fee ledger.Rupiah
	for _, row := range b.Rows {
		amount += row.Amount.Difference()
		fee += row.Fee.Difference()
	}
	require.Equal(t, b.Amount.Difference(), amount)
	require.Equal(t, b.Fee.Difference(), fee)
	require.True(t, b.Closes())
}

func TestABridgeThatDoesNotCloseSaysSo(t *testing.T) {
	t.Parallel()
	o := reconcile.Outcome{
		Ours:    reconcile.Pile{Own: reconcile.Sums{Paid: 2, Amount: 100_000}},
		Theirs:  reconcile.Pile{Own: reconcile.Sums{Paid: 2, Amount: 99_999}},
		Classes: []reconcile.ClassCount{{Class: match.Matched, Findings: 2, Ours: reconcile.Sums{Amount: 100_000}, Theirs: reconcile.Sums{Amount: 100_000}}},
	}
	require.False(t, reconciliation.BridgeOf(nil, o).Closes())
}

func TestRowsKnowTheirOpenCasesAndWhetherAllIsExplained(t *testing.T) {
	t.Parallel()
	o := reconcile.Outcome{Classes: []reconcile.ClassCount{{Class: match.Matched, Findings: 2}, {Class: match.Carried, Findings: 1}}}
	require.True(t, reconciliation.BridgeOf(nil, o).Explained())
	o.Classes = append(o.Classes, reconcile.ClassCount{Class: match.UnknownCode, Findings: 1})
	b := reconciliation.BridgeOf(map[match.Class]int{match.UnknownCode: 1}, o)
	require.False(t, b.Explained())
	require.Equal(t, 1, b.Sum().OpenCases)
	require.Equal(t, 4, b.Sum().Findings)
}

// A corrected file takes a payment out of its class and leaves the case open: the
// minutes must not say that none is.
func TestCasesOfNoPaymentFoundAreOpenToo(t *testing.T) {
	t.Parallel()
	o := reconcile.Outcome{Classes: []reconcile.ClassCount{{Class: match.Matched, Findings: 2}, {Class: match.UnknownCode, Findings: 1}}}
	cases := map[match.Class]int{match.UnknownCode: 1, match.AmountMismatch: 2, ledger.ClassReversalRefused: 3}
	b := reconciliation.BridgeOf(cases, o)
	require.Equal(t, 6, b.Sum().OpenCases)
	other := b.Rows[len(b.Rows)-1]
	require.Equal(t, reconciliation.Row{Class: reconciliation.OtherCases, OpenCases: 5}, other)
	require.False(t, other.Sought(), "they are of several classes")
	require.True(t, b.Rows[1].Sought())
	require.False(t, other.Listed())
	o.Classes = o.Classes[:1]
	require.False(t, reconciliation.BridgeOf(cases, o).Explained())
	require.True(t, reconciliation.BridgeOf(nil, o).Explained())
}
