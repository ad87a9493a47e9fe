package match_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/reconcile/match"
)

// The walk: every set of facts there is, held against these tables. What both
// sides have, by the first difference that counts; "*" has its own table below:
const pairs = `
	ours      theirs    amount                  fee                     second                  day                     same
	in_force  in_force  AMOUNT_MISMATCH         FEE_MISMATCH            DUPLICATE_PAYMENT       DATE_SHIFT              MATCHED
	in_force  reversed  PAID_BUT_REVERSED_THERE PAID_BUT_REVERSED_THERE PAID_BUT_REVERSED_THERE PAID_BUT_REVERSED_THERE PAID_BUT_REVERSED_THERE
	reversed  in_force  REVERSED_BUT_SETTLED    REVERSED_BUT_SETTLED    REVERSED_BUT_SETTLED    REVERSED_BUT_SETTLED    REVERSED_BUT_SETTLED
	reversed  reversed  MATCHED                 MATCHED                 MATCHED                 MATCHED                 MATCHED`

// What one side has alone, by whether it is new or carried, and second or not.
const lone = `
	side    state     standing       new                     old                     new_second              old_second
	ours    in_force  any            CARRIED                 MISSING_AT_INDOMARET    CARRIED                 MISSING_AT_INDOMARET
	ours    reversed  any            MATCHED                 MATCHED                 MATCHED                 MATCHED
	theirs  in_force  never_seen     CARRIED                 MISSING_AT_PARTNER      DUPLICATE_PAYMENT       DUPLICATE_PAYMENT
	theirs  in_force  no_such_code   UNKNOWN_CODE            UNKNOWN_CODE            UNKNOWN_CODE            UNKNOWN_CODE
	theirs  in_force  paid_by_other  DUPLICATE_PAYMENT       DUPLICATE_PAYMENT       DUPLICATE_PAYMENT       DUPLICATE_PAYMENT
	theirs  in_force  buried         REVERSED_BUT_SETTLED    REVERSED_BUT_SETTLED    REVERSED_BUT_SETTLED    REVERSED_BUT_SETTLED
	theirs  in_force  awaited        CARRIED                 MISSING_AT_PARTNER      CARRIED                 MISSING_AT_PARTNER
	theirs  in_force  settled        DUPLICATE_IN_FILE       DUPLICATE_IN_FILE       DUPLICATE_IN_FILE       DUPLICATE_IN_FILE
	theirs  reversed  never_seen     MATCHED                 MATCHED                 MATCHED                 MATCHED
	theirs  reversed  no_such_code   UNKNOWN_CODE            UNKNOWN_CODE            UNKNOWN_CODE            UNKNOWN_CODE
	theirs  reversed  paid_by_other  MATCHED                 MATCHED                 MATCHED                 MATCHED
	theirs  reversed  buried         MATCHED                 MATCHED                 MATCHED                 MATCHED
	theirs  reversed  awaited        CARRIED                 PAID_BUT_REVERSED_THERE CARRIED                 PAID_BUT_REVERSED_THERE
	theirs  reversed  settled        PAID_BUT_REVERSED_THERE PAID_BUT_REVERSED_THERE PAID_BUT_REVERSED_THERE PAID_BUT_REVERSED_THERE`

// cells reads a table: its first keys columns name the row.
func cells(table string, keys int) map[string]match.Class {
	lines := strings.Split(strings.TrimSpace(table), "\n")
	columns := strings.Fields(lines[0])
	all := map[string]match.Class{}
	for _, l := range lines[1:] {
		words := strings.Fields(l)
		for i, word := range words[keys:] {
			all[strings.Join(words[:keys], " ")+" "+columns[keys+i]] = match.Class(word)
		}
	}
	return all
}

var (
	stateNames    = map[match.State]string{match.InForce: "in_force", match.TakenBack: "reversed"}
	standingNames = map[match.Standing]string{
		match.NeverSeen: "never_seen", match.NoSuchCode: "no_such_code", match.PaidByOther: "paid_by_other",
		match.Buried: "buried", match.Awaited: "awaited", match.Settled: "settled",
	}
)

// cell names the place of facts in the tables.
func cell(f match.Facts) string {
	if f.Ours != match.Absent && f.Theirs != match.Absent {
		return stateNames[f.Ours] + " " + stateNames[f.Theirs] + " " + firstDifference(f)
	}
	row := "ours " + stateNames[f.Ours] + " any"
	if f.Ours == match.Absent {
		row = "theirs " + stateNames[f.Theirs] + " " + standingNames[f.Standing]
	}
	column := map[bool]string{false: " new", true: " old"}[f.Old]
	return row + column + map[bool]string{true: "_second"}[f.Second]
}

func firstDifference(f match.Facts) string {
	switch {
	case f.Differ.Has(match.NoteAmount):
		return "amount"
	case f.Differ.Has(match.NoteFee):
		return "fee"
	case f.Second:
		return "second"
	case f.Differ.Has(match.NoteDay):
		return "day"
	default:
		return "same"
	}
}

// everyFacts calls each with all facts in which anybody has the payment.
func everyFacts(each func(match.Facts)) {
	states := []match.State{match.Absent, match.InForce, match.TakenBack}
	allNotes := match.NoteAmount | match.NoteFee | match.NoteDay | match.NoteStore | match.NoteState
	for _, ours := range states {
		for _, theirs := range states {
			if ours == match.Absent && theirs == match.Absent {
				continue
			}
			for standing := range standingNames {
				for flags := range 4 {
					for differ := range allNotes + 1 {
						each(match.Facts{
							Ours: ours, Theirs: theirs, Standing: standing, Old: flags&1 != 0, Second: flags&2 != 0, Differ: differ,
						})
					}
				}
			}
		}
	}
}

func TestDecideWalksTheTable(t *testing.T) {
	t.Parallel()
	table := cells(pairs, 2)
	for name, class := range cells(lone, 3) {
		table[name] = class
	}
	unused := map[string]bool{}
	for name := range table {
		unused[name] = true
	}
	everyFacts(func(f match.Facts) {
		want, ok := table[cell(f)]
		require.True(t, ok, "no cell %q for %+v", cell(f), f)
		require.Contains(t, match.Classes(), want)
		require.Equal(t, want, match.Decide(f), "%+v", f)
		delete(unused, cell(f))
		f.Repeated = true
		require.Equal(t, match.DuplicateInFile, match.Decide(f), "%+v", f)
	})
	require.Empty(t, unused, "cells that no facts lead to")
}

// Whatever the table says: nothing is carried twice, and sides that agree on
// nothing in force are never clean.
func TestDecideKeepsTheRules(t *testing.T) {
	t.Parallel()
	everyFacts(func(f match.Facts) {
		class := match.Decide(f)
		if f.Old {
			require.NotEqual(t, match.Carried, class, "%+v", f)
		}
		if class.Clean() {
			require.Equal(t, f.Ours == match.InForce, f.Theirs == match.InForce, "%+v", f)
		}
	})
}
