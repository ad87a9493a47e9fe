package ledger_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

// statementOf is a merchant's statement over 100.000 of sales, of which 3.110
// are fees with their tax, of which 20 are withheld, and 500 are collected.
func statementOf(no uint64, from, to ledger.Day) ledger.Statement {
	s := ledger.Statement{
		Merchant: merchant, No: no, From: from, To: to, Through: 7, SHA256: hashOf(no), Head: json.RawMessage(`{"v":1}`),
		Sales: 100_000, PartnerFee: 2_000, OwnFee: 1_000, VAT: 110, Withheld: 20, Collected: 500, NetPayable: 96_410, By: proposer,
	}
	if no > 1 {
		s.PreviousSHA256 = hashOf(no - 1)
	}
	return s
}

func hashOf(no uint64) string { return strings.Repeat(fmt.Sprintf("%02x", no), 32) }

func (w *world) closeStatement(t *testing.T, s ledger.Statement) {
	t.Helper()
	require.NoError(t, w.service.CloseStatement(t.Context(), s))
}

// closedDays is a world whose first ten days of March are closed.
func closedDays(t *testing.T) *world {
	t.Helper()
	w := setup(t)
	w.pass(2 * lifetime)
	for day := ledger.Day("2026-03-01"); day <= "2026-03-10"; day = day.Next() {
		w.closeDay(day, false)
	}
	w.written()
	return w
}

func TestStatementIsClosedOnce(t *testing.T) {
	t.Parallel()
	w := closedDays(t)
	closing := statementOf(1, "2026-03-01", "2026-03-05")
	closing.PaidOut, closing.At = 5, w.now.Add(-lifetime)
	w.closeStatement(t, closing)
	records := w.written()
	require.Len(t, records, 1)
	require.Equal(t, w.today(), records[0].Event.(ledger.StatementClosed).Day)
	require.Equal(t, map[ledger.Account]ledger.Rupiah{
		ledger.MerchantPayable(merchant): 3_590, ledger.IndomaretFees: -2_000, ledger.OwnFees: -1_000,
		ledger.VAT: -110, ledger.Withholding: -480,
	}, w.balances(), "the fees leave what the merchant is owed")

	got, err := w.service.Statement(t.Context(), merchant, 1)
	require.NoError(t, err)
	require.WithinDuration(t, w.now, got.At, 0, "when it was closed, not what was said")
	require.Equal(t, ledger.Rupiah(96_410), got.Outstanding(), "nothing is paid yet, whatever was said")
	want := statementOf(1, "2026-03-01", "2026-03-05")
	want.At = got.At
	require.Equal(t, want, got)

	w.closeStatement(t, closing)
	other := closing
	other.SHA256 = hashOf(9)
	require.ErrorIs(t, w.service.CloseStatement(t.Context(), other), ledger.ErrTaken)
	require.Empty(t, w.written(), "closed once")
}

// What a statement must be to be closed.
func TestStatementIsRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		edit func(*ledger.Statement)
		err  error
		says string
	}{
		{"fine", func(*ledger.Statement) {}, nil, ""},
		{"one day", func(s *ledger.Statement) { s.To = s.From }, nil, ""},
		{"no net", func(s *ledger.Statement) { s.NetPayable++ }, ledger.ErrUnbalanced, ""},
		{"a fee too little", func(s *ledger.Statement) { s.OwnFee-- }, ledger.ErrUnbalanced, ""},
		{"below zero", func(s *ledger.Statement) { s.Sales, s.NetPayable = -1_000, -4_590 }, nil, ""},
		{"all zero", func(s *ledger.Statement) {
			s.Sales, s.PartnerFee, s.OwnFee, s.VAT, s.Withheld, s.Collected, s.NetPayable = 0, 0, 0, 0, 0, 0, 0
		}, nil, ""},
		{"a day is open", func(s *ledger.Statement) { s.To = "2026-03-11" }, ledger.ErrNotClosed, "2026-03-11"},
		{"days before the first", func(s *ledger.Statement) { s.From = "2026-02-28" }, ledger.ErrNotClosed, "2026-02-28"},
		{"it ends before it begins", func(s *ledger.Statement) { s.From, s.To = s.To, s.From }, ledger.ErrPeriod, "no day"},
		{"too long", func(s *ledger.Statement) { s.From = "2024-03-10" }, ledger.ErrPeriod, "more than 400 days"},
		{"no number", func(s *ledger.Statement) { s.No = 0 }, ledger.ErrPeriod, "begin with 1"},
		{"the one before is missing", func(s *ledger.Statement) { s.No, s.PreviousSHA256 = 2, hashOf(1) }, ledger.ErrPeriod, "number 1 is missing"},
		{"no first day", func(s *ledger.Statement) { s.From = "" }, ledger.ErrPeriod, ""},
		{"no last day", func(s *ledger.Statement) { s.To = "" }, ledger.ErrPeriod, ""},
		{"a last day that is none", func(s *ledger.Statement) { s.To = "2026-03-05x" }, ledger.ErrPeriod, ""},
		{"no merchant", func(s *ledger.Statement) { s.Merchant = "" }, ledger.ErrText, ""},
		{"no hash", func(s *ledger.Statement) { s.SHA256 = "" }, ledger.ErrText, ""},
		{"nobody", func(s *ledger.Statement) { s.By = "" }, ledger.ErrText, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := closedDays(t)
			closing := statementOf(1, "2026-03-01", "2026-03-05")
			c.edit(&closing)
			err := w.service.CloseStatement(t.Context(), closing)
			if c.err == nil {
				require.NoError(t, err)
				require.Len(t, w.written(), 1)
				return
			}
			require.ErrorIs(t, err, c.err)
			require.ErrorContains(t, err, c.says)
			require.Empty(t, w.written())
		})
	}
}

// Statements follow each other without a gap, each naming the one before.
func TestStatementsFollowEachOther(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		edit func(*ledger.Statement)
		fine bool
	}{
		{"on the next day", func(*ledger.Statement) {}, true},
		{"a day later", func(s *ledger.Statement) { s.From = "2026-03-07" }, false},
		{"on the same day", func(s *ledger.Statement) { s.From = "2026-03-05" }, false},
		{"another hash before", func(s *ledger.Statement) { s.PreviousSHA256 = hashOf(9) }, false},
		{"no hash before", func(s *ledger.Statement) { s.PreviousSHA256 = "" }, false},
		{"a number left out", func(s *ledger.Statement) { s.No = 3 }, false},
		{"another merchant's first", func(s *ledger.Statement) { s.Merchant, s.No, s.PreviousSHA256 = "G000000002", 1, "" }, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := closedDays(t)
			w.closeStatement(t, statementOf(1, "2026-03-01", "2026-03-05"))
			w.written()
			next := statementOf(2, "2026-03-06", "2026-03-10")
			c.edit(&next)
			err := w.service.CloseStatement(t.Context(), next)
			if c.fine {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, ledger.ErrPeriod)
			require.Empty(t, w.written())
		})
	}
}

// A first statement has none before it.
func TestFirstStatementFollowsNone(t *testing.T) {
	t.Parallel()
	w := closedDays(t)
	first := statementOf(1, "2026-03-01", "2026-03-05")
	first.PreviousSHA256 = hashOf(9)
	require.ErrorIs(t, w.service.CloseStatement(t.Context(), first), ledger.ErrPeriod)
}

// A closed statement never changes, but for what is paid of it.
func TestClosedStatementStays(t *testing.T) {
	t.Parallel()
	w := closedDays(t)
	w.closeStatement(t, statementOf(1, "2026-03-01", "2026-03-05"))
	before, err := w.service.Statement(t.Context(), merchant, 1)
	require.NoError(t, err)
	w.closeStatement(t, statementOf(2, "2026-03-06", "2026-03-10"))
	w.pay(w.charge(noHold).Code, "R1")
	_, err = w.service.RecordPayout(t.Context(), payoutOf("OUT-1", 1, 410))
	require.NoError(t, err)
	after, err := w.service.Statement(t.Context(), merchant, 1)
	require.NoError(t, err)
	require.Equal(t, ledger.Rupiah(96_000), after.Outstanding())
	after.PaidOut = 0
	require.Equal(t, before, after)
}

func TestListingOfStatements(t *testing.T) {
	t.Parallel()
	w := closedDays(t)
	day, count := ledger.Day("2026-03-01"), uint64(10)
	for no := uint64(1); no <= count; no, day = no+1, day.Next() {
		for _, name := range []string{"G000000002", merchant, "G0000000010"} {
			s := statementOf(no, day, day)
			s.Merchant = name
			w.closeStatement(t, s)
		}
	}
	for name, want := range map[string]int{"": 30, merchant: 10, "G000000002": 10, "G00000000": 0} {
		for _, limit := range []int{1, 7, 10, 100} {
			got := []ledger.Statement{}
			for after, more := "", true; more; more = after != "" {
				page, next, err := w.service.Statements(t.Context(), name, after, limit)
				require.NoError(t, err)
				got = append(got, page...)
				after = next
			}
			require.Len(t, got, want)
			for i := 1; i < len(got); i++ {
				before, s := got[i-1], got[i]
				require.True(t, before.Merchant < s.Merchant || before.Merchant == s.Merchant && before.No+1 == s.No)
			}
		}
	}
	last, there, err := w.service.LastStatement(t.Context(), merchant)
	require.NoError(t, err)
	require.True(t, there)
	require.Equal(t, count, last.No)
	_, there, err = w.service.LastStatement(t.Context(), "G000000003")
	require.NoError(t, err)
	require.False(t, there)
	_, err = w.service.Statement(t.Context(), merchant, count+1)
	require.ErrorIs(t, err, ledger.ErrNotFound)
}

func TestStatementWhenTheStoreFails(t *testing.T) {
	t.Parallel()
	w := closedDays(t)
	err := w.breakStore(ledger.ErrOutcomeUnknown, true).CloseStatement(t.Context(), statementOf(1, "2026-03-01", "2026-03-05"))
	require.ErrorIs(t, err, ledger.ErrOutcomeUnknown)
	require.ErrorContains(t, err, "statement 1 of "+merchant)
}
