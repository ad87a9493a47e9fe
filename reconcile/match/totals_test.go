package match_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/reconcile/match"
)

// A day that can be added up on paper.
func TestBridgeLeadsFromTheirSumToOurs(t *testing.T) {
	t.Parallel()
	ours := []match.Entry{
		entry("1", "A"), // equal: 0
		entry("2", "A", yesterday, amount(20_000)), // a day late in their file: 0
		entry("3", "A", amount(70_000), fee(0)),    // they say 60,000 and a fee of 500
		entry("4", "A", yesterday, amount(5_000)),  // they never had it
		entry("5", "A", reversed),                  // they settle it
		entry("6", "A", amount(1_000)),             // to be seen tomorrow
	}
	theirs := []match.Entry{
		entry("1", "A"), entry("2", "A", amount(20_000)), entry("3", "A", amount(60_000), fee(500)), entry("5", "A"),
		entry("5", "A", line(2)),                          // once more
		entry("7", "A", yesterday, amount(9_000), fee(0)), // we never had it
	}
	_, totals := matched(t, streamOf(ours), streamOf(theirs), match.Options{Day: friday, Standing: always(match.NeverSeen)})
	bridge := totals.Bridge()
	require.Equal(t, match.Bridge{
		TheirFile:    match.Money{Amount: 230_000, Fee: 10_500},
		TheirCarried: match.Money{Amount: 9_000},
		Steps: []match.Step{
			{Class: match.Matched, Findings: 1},
			{Class: match.DateShift, Findings: 1},
			{Class: match.Carried, Findings: 1, Money: match.Money{Amount: 1_000, Fee: 2_500}},
			{Class: match.MissingAtPartner, Findings: 1, Money: match.Money{Amount: -9_000}},
			{Class: match.MissingAtIndomaret, Findings: 1, Money: match.Money{Amount: 5_000, Fee: 2_500}},
			{Class: match.AmountMismatch, Findings: 1, Money: match.Money{Amount: 10_000, Fee: -500}},
			{Class: match.ReversedButSettled, Findings: 1, Money: match.Money{Amount: -50_000, Fee: -2_500}},
			{Class: match.DuplicateInFile, Findings: 1, Money: match.Money{Amount: -50_000, Fee: -2_500}},
		},
		OurBatch:   match.Money{Amount: 121_000, Fee: 5_000},
		OurCarried: match.Money{Amount: 25_000, Fee: 5_000},
	}, bridge)
	require.Zero(t, bridge.Gap())
	bridge.Steps = bridge.Steps[:2]
	require.Equal(t, match.Money{Amount: -93_000, Fee: -500}, bridge.Gap(), "a step left out shows")

	require.Equal(t, match.ClassTotals{
		Findings: 1,
		Ours:     match.Sums{Reversed: 1, ReversedAmount: 50_000},
		Theirs:   match.Sums{Paid: 1, Amount: 50_000, Fee: 2_500},
	}, totals.Of(match.ReversedButSettled))
	require.Equal(t, friday, totals.Day)
}
