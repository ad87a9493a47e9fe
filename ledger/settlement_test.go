package ledger_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

// When the day 2026-03-10 may be closed.
func TestWhenADayCloses(t *testing.T) {
	t.Parallel()
	at := func(day, hour, minute, second int) time.Time {
		return time.Date(2026, 3, day, hour, minute, second, 0, ledger.WIB)
	}
	for _, c := range []struct {
		name   string
		cutOff time.Duration
		now    time.Time
		early  bool
		err    error
		marked bool
	}{
		{"not begun", 24 * time.Hour, at(9, 23, 59, 59), false, ledger.ErrDayAhead, false},
		{"not begun, though asked for early", 24 * time.Hour, at(9, 23, 59, 59), true, ledger.ErrDayAhead, false},
		{"just begun", 24 * time.Hour, at(10, 0, 0, 0), false, ledger.ErrDayOpen, false},
		{"just begun, early", 24 * time.Hour, at(10, 0, 0, 0), true, nil, true},
		{"over, but late messages may come", 24 * time.Hour, at(11, 1, 59, 59), false, ledger.ErrDayOpen, false},
		{"over, early", 24 * time.Hour, at(11, 1, 59, 59), true, nil, true},
		{"after the delay", 24 * time.Hour, at(11, 2, 0, 0), false, nil, false},
		{"after the delay, early asked for in vain", 24 * time.Hour, at(11, 2, 0, 0), true, nil, false},
		{"weeks later", 24 * time.Hour, at(31, 0, 0, 0), false, nil, false},
		{"cut-off 23:00, not begun", 23 * time.Hour, at(9, 22, 59, 59), true, ledger.ErrDayAhead, false},
		{"cut-off 23:00, begun the evening before", 23 * time.Hour, at(9, 23, 0, 0), true, nil, true},
		{"cut-off 23:00, just before", 23 * time.Hour, at(11, 0, 59, 59), false, ledger.ErrDayOpen, false},
		{"cut-off 23:00, after the delay", 23 * time.Hour, at(11, 1, 0, 0), false, nil, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := setup(t, func(a *ledger.Agreement) { a.CutOff = c.cutOff })
			w.now = c.now
			b, err := w.service.Close(t.Context(), "2026-03-10", c.early, "operator")
			require.ErrorIs(t, err, c.err)
			require.Equal(t, c.err == nil, b.Closed())
			if c.err != nil {
				require.Empty(t, w.written())
				return
			}
			require.NoError(t, err)
			require.Equal(t, ledger.Batch{Day: "2026-03-10", No: 1, ClosedAt: c.now, ClosedBy: "operator", Early: c.marked}, b)
		})
	}
}

// A batch counts what was booked in it, and never changes once it is closed.
func TestBatchTotals(t *testing.T) {
	t.Parallel()
	w := setup(t, func(a *ledger.Agreement) { a.FeeRemitted = true })
	codes := []ledger.PaymentCode{w.charge().Code, w.charge().Code, w.charge().Code}
	for i, ref := range []ledger.TrackingRef{"R1", "R2", "R3"} {
		w.pay(codes[i], ref)
	}
	w.reverse(codes[1], "R2")
	day := w.today()
	b := w.closeDay(day, true)
	require.Equal(t, ledger.Batch{
		Day: day, No: 1, ClosedAt: w.now, ClosedBy: "operator", Early: true, First: 4, Last: 6,
		Paid: 2, PaidAmount: 100_000, PaidFee: 5_000, RemittedFee: 5_000, Reversed: 1, ReversedAmount: 50_000,
	}, b)
	require.Equal(t, ledger.Rupiah(105_000), b.Net())

	w.reverse(codes[0], "R1")
	w.pay(codes[1], "R4")
	w.pass(time.Hour)
	require.Equal(t, b, w.closeDay(day, false), "closing again gives the same batch")
	require.Equal(t, day.Next(), w.lastPaid().Day, "the next payment goes to the next day")
}

// A fee that stays with Indomaret is counted but not owed.
func TestBatchNetWithoutRemittedFee(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.pay(w.charge().Code, "R1")
	b := w.closeDay(w.today(), true)
	require.Equal(t, ledger.Rupiah(2_500), b.PaidFee)
	require.Equal(t, ledger.Rupiah(50_000), b.Net())
}

func TestBatchNumbersFollowTheClosing(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.pass(5 * lifetime)
	for i, day := range []ledger.Day{"2026-03-11", "2026-03-10", "2026-03-12"} {
		require.Equal(t, uint64(i+1), w.closeDay(day, false).No, "a day without payments has a batch too")
	}
}

func TestSealChainsTheFiles(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.pass(5 * lifetime)
	hash := func(digit string) string { return strings.Repeat(digit, 64) }
	seal := func(day ledger.Day, sum string) error { return w.service.Seal(t.Context(), day, sum) }

	require.ErrorIs(t, seal("2026-03-10", hash("a")), ledger.ErrNotClosed)
	w.closeDay("2026-03-10", false)
	w.closeDay("2026-03-11", false)
	require.ErrorIs(t, seal("2026-03-11", hash("b")), ledger.ErrNotClosed, "the file before it has no hash")
	w.written()
	require.NoError(t, seal("2026-03-10", hash("a")))
	require.NoError(t, seal("2026-03-11", hash("b")))
	require.Equal(t, []ledger.Kind{ledger.KindSealed, ledger.KindSealed}, w.kinds())

	require.NoError(t, seal("2026-03-11", hash("b")))
	require.ErrorIs(t, seal("2026-03-11", hash("c")), ledger.ErrFinal, "the same day never has other bytes")
	require.Empty(t, w.written())

	second := w.load(ledger.Keys{Day: "2026-03-11"})
	require.Equal(t, hash("b"), second.Batch.SHA256)
	require.Equal(t, hash("a"), second.Batch.PreviousSHA256)
}
