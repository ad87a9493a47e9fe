package reconcile_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
	"paypoint/reconcile"
	"paypoint/reconcile/match"
)

// Each sentence that the program writes is read with its figures. That it writes no
// others, the tests of matches hold against all their notes.
func TestNotesAreReadAsTheyWereWritten(t *testing.T) {
	t.Parallel()
	const day = ledger.Day("2026-11-20")
	ours := &reconcile.Entry{Day: day, Store: "T001", Amount: 70_000, Fee: 500, Line: 12}
	theirs := &reconcile.Entry{Day: "2026-11-21", Amount: 70_100, Line: 3, Reversed: true}
	odd := &reconcile.Entry{Day: day, Store: "a, line 7 of 2026-01-01; x. Ours: none", Amount: 1, Line: 4}
	seen := map[reconcile.Saying]bool{}
	for text, want := range map[string][]reconcile.Sentence{
		"Found by matching 2026-11-20 with version 2 of Indomaret's file. Ours: paid, Rp 70000, fee 500, store T001, journal record 12 of 2026-11-20; " +
			"Indomaret's: reversed, Rp 70100, fee 0, line 3 of 2026-11-21; they differ in: amount, fee.": {
			{Says: reconcile.SaysFoundBy, Figures: []any{"day", day, "version", int64(2)}},
			{Says: reconcile.SaysSides, Sides: &reconcile.Finding{Ours: ours, Theirs: theirs, Differ: "amount, fee"}},
		},
		"Ours: none; Indomaret's: paid, Rp 1, fee 0, store a, line 7 of 2026-01-01; x. Ours: none, line 4 of 2026-11-20; the code was never given out.": {
			{Says: reconcile.SaysSides, Sides: &reconcile.Finding{Theirs: odd, Known: "the code was never given out"}},
		},
		"Found in Indomaret's file of 2026-11-19, matching 2026-11-20 with version 1: DATE_SHIFT. Ours: none; Indomaret's: none.": {
			{Says: reconcile.SaysSighted, Figures: []any{"file", ledger.Day("2026-11-19"), "day", day, "version", int64(1), "class", match.DateShift}},
			{Says: reconcile.SaysSides, Sides: &reconcile.Finding{}},
		},
		"The case's sum is not all: Indomaret's lines of this payment come to Rp 1000000019999 and fees of Rp 5, more than a case can have. what case 9 has left": {
			{Says: reconcile.SaysCapped, Figures: []any{"theirs", ledger.Rupiah(1_000_000_019_999), "fee", ledger.Rupiah(5)}},
			{Says: reconcile.SaysLeft, Figures: []any{"case", int64(9)}},
		},
		"By the books Indomaret owes Rp -20 for this payment, with all corrections and fees, and its files have Rp 30.": {
			{Says: reconcile.SaysCorrected, Figures: []any{"owed", ledger.Rupiah(-20), "theirs", ledger.Rupiah(30)}},
		},
		"Case 7 was found later of the same payment.": {{Says: reconcile.SaysNewer, Figures: []any{"case", int64(7)}}},
		"Matching 2026-11-20 again, with version 3 of Indomaret's file, finds this 0 times instead of 2.": {
			{Says: reconcile.SaysFewer, Figures: []any{"day", day, "version", int64(3), "now", int64(0), "before", int64(2)}},
		},
		"Matching 2026-11-20 with version 2 of Indomaret's file, the difference is gone: its files have Rp 20000 for this payment (Rp 1 when the case was opened), and it owes Rp 20000 by the books.": {
			{Says: reconcile.SaysGone, Figures: []any{"day", day, "version", int64(2), "theirs", ledger.Rupiah(20_000), "then", ledger.Rupiah(1), "owed", ledger.Rupiah(20_000)}},
		},
		"The ledger was restored without it: it is as Indomaret's file of 2026-11-20 has it.": {{Says: reconcile.SaysRestored, Figures: []any{"day", day}}},
		"bank transfer BCA 1/2": {{Says: reconcile.SaysTransfer, Figures: []any{"reference", "BCA 1/2"}}},
	} {
		require.Equal(t, want, reconcile.ReadNote(text), text)
		for _, s := range want {
			seen[s.Says] = true
		}
	}
	require.Len(t, seen, len(reconcile.Sayings()), "each is tried")
}

// What people write, and what was cut, is nothing that the program says.
func TestOtherNotesAreNotRead(t *testing.T) {
	t.Parallel()
	const newer = "Case 7 was found later of the same payment."
	for _, text := range []string{
		"", "asked Indomaret", newer + " I called them.", "I see: " + newer, strings.TrimSuffix(newer, "."), newer + newer, "Case x was found later of the same payment.",
		"Ours: paid, Rp 70000, fee 500, store T001, journal rec", "Ours: none; Indomaret's: none; they differ in: .", " " + newer,
	} {
		require.Nil(t, reconcile.ReadNote(text), text)
	}
}
