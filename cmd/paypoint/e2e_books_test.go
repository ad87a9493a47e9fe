package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

// ledgerFile is the ledger's every byte.
func (s *stage) ledgerFile() []byte {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join(s.data, "ledger.db"))
	require.NoError(s.t, err)
	return text
}

// ledgerHash is the SHA-256 of the ledger's every byte: a file has 16 MB as soon as
// it grows, which some tests would compare hundreds of times.
func (s *stage) ledgerHash() string {
	s.t.Helper()
	file, err := os.Open(filepath.Join(s.data, "ledger.db"))
	require.NoError(s.t, err)
	hash := sha256.New()
	_, err = io.Copy(hash, file)
	require.NoError(s.t, errors.Join(err, file.Close()))
	return hex.EncodeToString(hash.Sum(nil))
}

// journal lists all records but those that tell of the audit log's end, which come
// when they come.
func (s *stage) journal() []ledger.Record {
	s.t.Helper()
	records, err := s.store.Records(context.Background(), 0, 1_000_000)
	require.NoError(s.t, err)
	return slices.DeleteFunc(records, func(r ledger.Record) bool {
		set, is := r.Event.(ledger.Set)
		return is && set.Key == auditSetting
	})
}

// written names the kinds of all records after the first so many.
func (s *stage) written(after int) string {
	s.t.Helper()
	var kinds []string
	for _, r := range s.journal()[after:] {
		kinds = append(kinds, string(r.Event.Kind()))
	}
	return strings.Join(kinds, " ")
}

// lastEvent is the newest event of a kind.
func lastEvent[E ledger.Event](s *stage) E {
	s.t.Helper()
	for _, r := range slices.Backward(s.journal()) {
		if event, is := r.Event.(E); is {
			return event
		}
	}
	require.Fail(s.t, "no such event")
	panic("unreachable")
}

// receivable is what Indomaret owes us.
func (s *stage) receivable() ledger.Rupiah {
	s.t.Helper()
	balance, sum := s.balances()
	require.Zero(s.t, sum)
	return balance[ledger.IndomaretReceivable]
}

func (s *stage) balances() (map[ledger.Account]ledger.Rupiah, ledger.Rupiah) {
	s.t.Helper()
	var books struct {
		Accounts []ledger.Balance `json:"accounts"`
		Sum      ledger.Rupiah    `json:"sum"`
	}
	require.NoError(s.t, json.Unmarshal(s.fetch(s.financeRequest(http.MethodGet, "/trial-balance")), &books))
	balances := map[ledger.Account]ledger.Rupiah{}
	for _, b := range books.Accounts {
		balances[b.Account] = b.Amount
	}
	return balances, books.Sum
}

// bookedLine is a line of a settlement as far as every test holds it.
type bookedLine struct {
	Day      ledger.Day
	Ref      ledger.TrackingRef
	Amount   ledger.Rupiah
	Reversed bool
}

// checkBooks derives the settlement's lines and the partner's debt from the
// journal's events, and compares them with what the program shows.
func (s *stage) checkBooks() {
	s.t.Helper()
	lines, owed := expectedBooks(s.journal())
	require.Equal(s.t, owed, s.receivable())
	var shown []bookedLine
	for _, day := range daysOf(lines) {
		listed, err := s.store.Lines(context.Background(), day, 0, 1_000_000)
		require.NoError(s.t, err)
		for _, l := range listed {
			shown = append(shown, bookedLine{l.Day, l.Ref, l.Amount, l.Reversed})
		}
	}
	require.ElementsMatch(s.t, lines, shown)
}

func expectedBooks(records []ledger.Record) (lines []bookedLine, owed ledger.Rupiah) {
	type payment struct {
		line int
		owed ledger.Rupiah
	}
	payments := map[string]payment{}
	for _, r := range records {
		switch e := r.Event.(type) {
		case ledger.Paid:
			p := payment{line: len(lines), owed: e.Amount}
			if e.FeeRemitted {
				p.owed += e.Fee
			}
			payments[string(e.Code)+" "+string(e.Ref)] = p
			lines = append(lines, bookedLine{e.Day, e.Ref, e.Amount, false})
			owed += p.owed
		case ledger.Reversed:
			p := payments[string(e.Code)+" "+string(e.Ref)]
			lines[p.line].Reversed = true
			owed -= p.owed
		}
	}
	return lines, owed
}

func daysOf(lines []bookedLine) []ledger.Day {
	var days []ledger.Day
	for _, l := range lines {
		if !slices.Contains(days, l.Day) {
			days = append(days, l.Day)
		}
	}
	return days
}
