package main

import (
	"crypto/sha256"
	"fmt"
	"path/filepath"

	"github.com/stretchr/testify/require"

	"paypoint/finance"
	"paypoint/ledger"
	"paypoint/reconcile/match"
	"paypoint/store/boltdb"
)

// check holds the server against what was answered before. What it shows must
// stand from now on, whether it was ever answered or not.
func (h *financeTorture) check() {
	h.t.Helper()
	shown := &financeTorture{
		t: h.t, random: h.random, days: h.days, files: h.files, url: h.url, tokens: h.tokens,
		facts: map[string]string{}, seals: map[string]string{},
	}
	shown.lookAtDays()
	shown.lookAtCases()
	shown.lookAtMoney()
	require.Empty(h.t, shown.faults)
	require.Subset(h.t, shown.facts, h.facts, "what was answered stands")
	require.Subset(h.t, shown.seals, h.seals)
	h.facts, h.seals = shown.facts, shown.seals
	h.balances()
}

// lookAtDays reads the days' files, and what was found of them as a whole.
func (h *financeTorture) lookAtDays() {
	h.t.Helper()
	for _, shown := range answered[[]finance.Day](h, "reconcile", "list") {
		require.LessOrEqual(h.t, len(shown.Files), 1, "a file is taken once")
		for _, file := range shown.Files {
			h.heardOfFile(file)
		}
		if shown.Outcome != nil {
			h.heardOfMatch(*shown.Outcome)
		}
	}
	for range financeLooks {
		h.lookAtFindings(h.days[h.random.IntN(len(h.days))])
	}
}

// lookAtFindings reads all findings of a day that was matched.
func (h *financeTorture) lookAtFindings(day ledger.Day) {
	h.t.Helper()
	shown := answered[finance.Day](h, "reconcile", "show", string(day))
	if shown.Outcome == nil {
		return
	}
	count := 0
	for _, class := range shown.Outcome.Classes {
		if class.Class != match.Matched {
			count += class.Findings
		}
	}
	require.Len(h.t, answered[[]any](h, "reconcile", "findings", string(day)), count, day)
}

// lookAtCases reads all cases: one is resolved with what it books, or not at all.
func (h *financeTorture) lookAtCases() {
	h.t.Helper()
	for _, one := range answered[[]finance.Case](h, "case", "list", "--all") {
		require.Equal(h.t, one.State != ledger.CaseOpen, one.Proposal != nil, one)
		require.Equal(h.t, one.State == ledger.CaseResolved, one.Booked != 0, one)
		if one.State == ledger.CaseResolved {
			h.heardOfCase(one)
		}
	}
}

// lookAtMoney reads statements with their files, payouts and transfers.
func (h *financeTorture) lookAtMoney() {
	h.t.Helper()
	for i, one := range answered[[]finance.Statement](h, "statement", "list") {
		require.EqualValues(h.t, i+1, one.No)
		file, done := h.do(sandboxFinanceToken, "statement", "export", one.Merchant, fmt.Sprint(one.No), "--format", "json")
		require.True(h.t, done, h.faults)
		require.Equal(h.t, one.SHA256, fmt.Sprintf("%x", sha256.Sum256([]byte(file))))
		h.heardOfStatement(one)
	}
	for _, p := range answered[[]ledger.Payout](h, "payout", "list") {
		h.heardOfPayout(p)
	}
	for _, t := range answered[[]ledger.Transfer](h, "transfer", "list") {
		h.heardOfTransfer(t)
	}
}

// balances are those of all accounts; on any day they add up to nothing.
func (h *financeTorture) balances() map[ledger.Account]ledger.Rupiah {
	h.t.Helper()
	for range financeLooks {
		day := h.days[h.random.IntN(len(h.days))]
		require.Zero(h.t, answered[finance.TrialBalance](h, "trial-balance", "--day", string(day)).Sum, day)
	}
	books := answered[finance.TrialBalance](h, "trial-balance")
	require.Zero(h.t, books.Sum)
	balances := map[ledger.Account]ledger.Rupiah{}
	for _, b := range books.Accounts {
		balances[b.Account] = b.Amount
	}
	return balances
}

// requireOnce counts in the journal what finance has done: nothing twice.
func (h *financeTorture) requireOnce() {
	h.t.Helper()
	store, err := boltdb.Open(filepath.Join(h.dir, "ledger.db"), boltdb.Options{})
	require.NoError(h.t, err)
	defer func() { require.NoError(h.t, store.Close()) }()
	records, err := store.Records(h.t.Context(), 0, 1_000_000)
	require.NoError(h.t, err)
	times := map[string]int{}
	for _, r := range records {
		if what := doneOnce(r.Event); what != "" {
			times[string(r.Event.Kind())+" "+what]++
		}
	}
	for what, count := range times {
		require.Equal(h.t, 1, count, what)
	}
	// Each day: a file, a transfer with its match, and at least the cases of three lines.
	require.Greater(h.t, len(times), 9*len(h.days))
}

// requireNoRests looks for what killed servers have left: all days' folders have
// one import and its last match.
func (h *financeTorture) requireNoRests() {
	h.t.Helper()
	require.Empty(h.t, namesIn(h.t, scratchFolder(h.dir)))
	folder := filepath.Join(h.dir, "reconcile")
	require.Len(h.t, namesIn(h.t, folder), len(h.days))
	for _, day := range h.days {
		names := namesIn(h.t, filepath.Join(folder, string(day)))
		require.Len(h.t, names, 4, "%s: %v", day, names)
	}
}

// doneOnce is what an event of finance's must be the only one of; empty of other
// events.
func doneOnce(event ledger.Event) string {
	switch e := event.(type) {
	case ledger.FileTaken:
		return string(e.Day)
	case ledger.CaseOpened:
		return fmt.Sprintf("%s %s %s/%s %d %d", e.Class, e.Day, e.Code, e.Ref, e.Ours, e.Theirs)
	case ledger.Proposed:
		return fmt.Sprint(e.Case)
	case ledger.Adjusted:
		return fmt.Sprint(e.Case)
	case ledger.Resolved:
		return fmt.Sprint(e.Case)
	case ledger.StatementClosed:
		return fmt.Sprint(e.Merchant, " ", e.No)
	case ledger.PaidOut:
		return e.Reference
	case ledger.Transferred:
		return e.Reference
	case ledger.TransferMatched:
		return e.Reference
	default:
		return ""
	}
}
