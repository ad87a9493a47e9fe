package ledger_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

// What was written off of a transfer counts, whatever it was matched to: all of
// its cases together come out at the difference of now.
func TestTransferFlips(t *testing.T) {
	t.Parallel()
	const (
		first, second ledger.Day = "2026-03-10", "2026-03-11"
	)
	for _, c := range []struct {
		name   string
		amount ledger.Rupiah
		// days are the matches, each of one day or none. What remains after each is
		// a case, and is written off.
		days []ledger.Day
		// rests are what each match leaves to be written off.
		rests []ledger.Rupiah
	}{
		{"to another day", 49_000, []ledger.Day{first, second}, []ledger.Rupiah{-1_000, -50_000}},
		{"taken back between", 49_000, []ledger.Day{first, "", second}, []ledger.Rupiah{-1_000, 0, -50_000}},
		{"and back again", 49_000, []ledger.Day{first, second, first}, []ledger.Rupiah{-1_000, -50_000, 50_000}},
		{"again and again", 49_000, []ledger.Day{first, second, first, second}, []ledger.Rupiah{-1_000, -50_000, 50_000, -50_000}},
		{"to one that fits", 100_000, []ledger.Day{first, second}, []ledger.Rupiah{50_000, -50_000}},
		{"the same again", 49_000, []ledger.Day{first, first}, []ledger.Rupiah{-1_000, 0}},
		{"the same after a break", 49_000, []ledger.Day{first, "", first}, []ledger.Rupiah{-1_000, 0, 0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := tradedDays(t)
			w.transfer(t, "TRF-1", c.amount)
			for i, day := range c.days {
				var days []ledger.Day
				if day != "" {
					days = []ledger.Day{day}
				}
				before := len(w.cases())
				got, err := w.service.MatchTransfer(t.Context(), "TRF-1", days, proposer)
				require.NoError(t, err)
				cases := w.cases()
				if c.rests[i] == 0 {
					require.Len(t, cases, before, "match %d leaves nothing", i)
					continue
				}
				require.Len(t, cases, before+1, "match %d leaves %d", i, c.rests[i])
				rest := cases[before]
				require.Equal(t, c.rests[i], rest.Surplus())
				for _, old := range cases[:before] {
					_, err := w.propose(old.ID, ledger.ActWriteOff, c.rests[i])
					require.ErrorIs(t, err, ledger.ErrCaseState)
				}
				for _, wrong := range []ledger.Rupiah{c.rests[i] + c.rests[i]/1_000, -c.rests[i]} {
					_, err = w.propose(rest.ID, ledger.ActWriteOff, wrong)
					require.ErrorIs(t, err, ledger.ErrAct)
				}
				w.settle(rest, ledger.ActWriteOff, c.rests[i])
				require.Equal(t, -got.Difference, w.balances()[ledger.WriteOffs], "written off is what it differs by")
				there, err := w.service.Transfer(t.Context(), "TRF-1")
				require.NoError(t, err)
				require.Equal(t, got.Difference, there.WrittenOff)
			}
		})
	}
}

// Two cases of one transfer, both open, are one difference: it is written off
// once.
func TestTwoCasesOfOneTransfer(t *testing.T) {
	t.Parallel()
	w := tradedDays(t)
	w.transfer(t, "TRF-1", 49_000)
	for _, day := range []ledger.Day{"2026-03-10", "2026-03-11"} {
		_, err := w.service.MatchTransfer(t.Context(), "TRF-1", []ledger.Day{day}, proposer)
		require.NoError(t, err)
	}
	cases := w.cases()
	require.Len(t, cases, 2)
	stale, err := w.propose(cases[0].ID, ledger.ActWriteOff, -1_000)
	if err != nil {
		require.ErrorIs(t, err, ledger.ErrAct)
	}
	w.settle(cases[1], ledger.ActWriteOff, -51_000)
	if err == nil {
		_, err = w.approve(stale)
		require.ErrorIs(t, err, ledger.ErrAct)
	}
	require.Equal(t, ledger.Rupiah(51_000), w.balances()[ledger.WriteOffs])
}

// A slip of the pen in a value date would stand in the books for ever.
func TestValueDates(t *testing.T) {
	t.Parallel()
	for day, fine := range map[ledger.Day]bool{
		"2026-03-10": true, "2026-03-11": true, "2026-03-12": false, "9999-12-31": false,
		"2026-03-09": true, "2025-02-03": true, "2025-02-02": false, "0001-01-01": false,
	} {
		w := setup(t)
		transfer := transferOf("TRF-1", 50_000)
		transfer.On = day
		_, err := w.service.RecordTransfer(t.Context(), transfer)
		c := w.resolve(ledger.NewCase{Class: planted, Code: unknownCode, Ref: "R1", Theirs: 1}, ledger.ActRefund, 1)
		w.written()
		_, payoutErr := w.service.RecordPayout(t.Context(), ledger.Payout{Reference: "OUT-1", Case: c.ID, Amount: 1, On: day, By: proposer})
		if fine {
			require.NoError(t, err, "%s", day)
			require.NoError(t, payoutErr, "%s", day)
			continue
		}
		require.ErrorIs(t, err, ledger.ErrPeriod, "%s", day)
		require.ErrorIs(t, payoutErr, ledger.ErrPeriod, "%s", day)
		require.ErrorContains(t, err, string(day))
		require.Empty(t, w.written())
	}
}

// A transfer is told again on any later day: it was in time when it was new.
func TestOldTransferIsToldAgain(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.transfer(t, "TRF-1", 50_000)
	w.pass((ledger.MaxValueAge + 2) * lifetime)
	w.written()
	_, err := w.service.RecordTransfer(t.Context(), transferOf("TRF-1", 50_000))
	require.NoError(t, err)
	require.Empty(t, w.written())
}

// As many transfers as there may be in a year can't carry an account past what
// it can hold.
func TestBankAmountsLeaveRoom(t *testing.T) {
	t.Parallel()
	const most = 900_000
	w := setup(t)
	require.Positive(t, ledger.MaxBankAmount*most, "no overflow")
	w.transfer(t, "TRF-1", ledger.MaxBankAmount)
	require.Equal(t, ledger.MaxBankAmount, w.balances()[ledger.Bank])
}
