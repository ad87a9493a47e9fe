package ledger_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

// codeSpace is how many charge numbers the tests' codes have: 12 of 16 digits.
const codeSpace = 1_000_000_000_000

func TestRecoveryBeginsAfterTheLastRecord(t *testing.T) {
	t.Parallel()
	for _, records := range []int{0, 1, 2, 3, 4, 7, 8, 9, 31} {
		w := setup(t)
		for range records {
			w.charge()
			w.pass(time.Second)
		}
		r := w.recover()
		want := ledger.Recovery{Seq: uint64(records), Until: w.now, By: "operator root"}
		gap := w.now.Sub(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
		if records > 0 {
			gap = time.Second
			want.Since = w.now.Add(-gap)
		}
		want.NumbersFrom = uint64(records) + 1 + codeSpace/1000 + uint64(gap/time.Second)*1000
		require.True(t, want.Since.Equal(r.Since), "%d records", records)
		require.True(t, want.Until.Equal(r.Until), "%d records", records)
		r.Since, r.Until, want.Since, want.Until = time.Time{}, time.Time{}, time.Time{}, time.Time{}
		require.Equal(t, want, r, "%d records", records)
		require.Equal(t, ledger.KindRecoveryBegun, w.kinds()[records])
	}
}

// begunFrom is where a restoration begins of a ledger that gave out number last at
// since.
func begunFrom(t *testing.T, space, last uint64, since, now time.Time) uint64 {
	t.Helper()
	begun, change, err := ledger.DecideBeginRecovery(ledger.State{LastNumber: last, CodeSpace: space}, ledger.Record{Seq: 1, At: since}, "operator root", now)
	require.NoError(t, err)
	require.Equal(t, begun, change.Entries[0].Event)
	return begun.NumbersFrom
}

func TestNumbersOfARestoration(t *testing.T) {
	t.Parallel()
	since := time.Date(2026, 3, 10, 10, 0, 0, 0, ledger.WIB)
	for name, c := range map[string]struct {
		space, last uint64
		gap         time.Duration
		want        uint64
	}{
		"codes of 16 digits":        {1e12, 41, time.Hour, 42 + 1e9 + 3600*1000},
		"parts of seconds":          {1e12, 41, 1900 * time.Millisecond, 42 + 1e9 + 1000},
		"codes of 12 digits":        {1e8, 41, time.Hour, 42 + 1e5 + 3600},
		"codes of 20 digits":        {1e16, 41, time.Hour, 42 + 1e13 + 3600*1e7},
		"a clock that was set back": {1e12, 41, -time.Hour, 42 + 1e9},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.want, begunFrom(t, c.space, c.last, since, since.Add(c.gap)))
		})
	}
}

// The same backup restored again and again gives no number out twice, however the
// restorations follow one another, as long as each gives out less than its rate.
func TestRestorationsOfOneBackupShareNoNumbers(t *testing.T) {
	t.Parallel()
	since := time.Date(2026, 3, 10, 10, 0, 0, 0, ledger.WIB)
	for _, space := range []uint64{1e8, 1e12, 1e16} {
		rate := max(1, space/1e9)
		reached := uint64(41) + space/1000 // the lost ledger's own
		now := since
		for _, pause := range []time.Duration{time.Minute, time.Second, time.Hour, time.Second, 30 * 24 * time.Hour} {
			now = now.Add(pause)
			from := begunFrom(t, space, 41, since, now)
			require.Greater(t, from, reached, "space %d", space)
			reached = from + rate - 1 // all of a second's, before the next disaster
		}
	}
}

// A restoration that has no codes left says so, rather than to let the first charge
// fail.
func TestNoNumbersForARestoration(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 10, 10, 0, 0, 0, ledger.WIB)
	begin := func(last uint64) error {
		_, change, err := ledger.DecideBeginRecovery(ledger.State{LastNumber: last, CodeSpace: 1e8}, ledger.Record{Seq: 1, At: at}, "operator root", at)
		require.Equal(t, err == nil, len(change.Entries) == 1)
		return err
	}
	require.NoError(t, begin(1e8-1e5-2))
	err := begin(1e8 - 1e5 - 1)
	require.ErrorIs(t, err, ledger.ErrCodesExhausted)
	require.ErrorContains(t, err, "go on at number 100000000, after what may have been given out since number 99899999")
}

// What was given out in the gap is never given out again.
func TestNumbersOfTheGapArePassedOver(t *testing.T) {
	t.Parallel()
	w := setup(t)
	before := w.charge()
	r := w.recover()
	w.endRecovery(t)
	after := w.charge()
	require.Equal(t, r.NumbersFrom, after.Number)
	require.GreaterOrEqual(t, after.Number, before.Number+codeSpace/1000)
	require.Equal(t, r.NumbersFrom+1, w.charge().Number)
}

// A ledger that was backed up in recovery still lacks what it lacked then.
func TestSecondRestorationKeepsTheFirstGap(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.charge()
	first := w.recover()
	w.proposeLost("siti")
	w.pass(time.Hour)
	second := w.recover()
	require.Equal(t, first.Seq, second.Seq)
	require.True(t, first.Since.Equal(second.Since))
	require.True(t, second.Until.Equal(w.now))
	require.Equal(t, []string{"siti"}, second.Hands)
	require.Greater(t, second.NumbersFrom, first.NumbersFrom)
}

func TestClockSetBackAtTheRestoration(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.charge()
	last := w.now
	w.pass(-time.Hour)
	require.True(t, w.recover().Until.Equal(last), "the gap ends after it began")
}

func TestRestorationNeedsAName(t *testing.T) {
	t.Parallel()
	w := setup(t)
	_, err := w.service.BeginRecovery(t.Context(), "")
	require.ErrorIs(t, err, ledger.ErrText)
	require.Empty(t, w.written())
}

// A message is hidden by the gap until no clock of Indomaret's can be before it.
func TestHides(t *testing.T) {
	t.Parallel()
	until := time.Date(2026, 3, 10, 10, 0, 0, 0, ledger.WIB)
	r := &ledger.Recovery{Until: until}
	for stamp, hidden := range map[time.Time]bool{
		until.Add(-24 * time.Hour): true, until: true, until.Add(10*time.Minute - 1): true, until.Add(10 * time.Minute): false,
	} {
		require.Equal(t, hidden, r.Hides(stamp, 10*time.Minute), stamp)
	}
	require.False(t, (*ledger.Recovery)(nil).Hides(until, time.Hour))
}

// Only what a till can be paid for is pending, now or later.
func TestPending(t *testing.T) {
	t.Parallel()
	w := setup(t)
	count := func() int {
		pending, err := w.service.Pending(t.Context())
		require.NoError(t, err)
		return pending
	}
	require.Zero(t, count())
	for range 300 { // more than one read
		w.charge()
	}
	w.charge(func(n *ledger.NewCharge) { n.ValidFrom = w.now.Add(time.Hour) })
	require.Equal(t, 301, count())
	held, cancelled := w.charge(), w.charge()
	w.pay(held.Code, "REF-1")
	_, err := w.service.Cancel(t.Context(), merchant, cancelled.Order)
	require.NoError(t, err)
	require.Equal(t, 301, count(), "one is held, one is over")
	w.recover()
	w.pass(lifetime)
	require.Zero(t, count(), "in recovery nothing expires, and yet no till can be paid")
}

// proposeLost lets a person propose to recover a payment that the ledger lacks.
func (w *world) proposeLost(by string) {
	found := ledger.NewCase{Class: "PLANTED", Day: w.today(), Code: unknownCode, Ref: "LOST", Store: store, Theirs: 50_000}
	_, err := w.service.OpenCases(context.Background(), "matcher", []ledger.NewCase{found})
	require.NoError(w.t, err)
	page, err := w.service.Cases(context.Background(), ledger.CaseQuery{Open: true, Limit: 10})
	require.NoError(w.t, err)
	_, err = w.service.Propose(context.Background(), page.Cases[0].ID, ledger.Proposal{Act: ledger.ActRefund, Amount: 50_000, Why: "it is in the file", By: by})
	require.NoError(w.t, err)
}

// endRecovery signs off as somebody who has done nothing else.
func (w *world) endRecovery(t *testing.T) {
	require.NoError(t, w.service.EndRecovery(t.Context(), "budi", "all files are in", nil))
}

func TestEndOfRecovery(t *testing.T) {
	t.Parallel()
	for name, try := range map[string]struct {
		by, why string
		err     error
	}{
		"by another":       {by: "budi", why: "all files are in"},
		"by a proposer":    {by: "siti", why: "all files are in", err: ledger.ErrSamePerson},
		"by who imported":  {by: "rudi", why: "all files are in", err: ledger.ErrSamePerson},
		"without a reason": {by: "budi", why: " ", err: ledger.ErrText},
		"by nobody":        {why: "all files are in", err: ledger.ErrText},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := setup(t)
			w.recover()
			w.proposeLost("siti")
			file := fileOf("2026-03-09", "ab")
			file.By = "rudi"
			_, _, err := w.service.TakeFile(t.Context(), file)
			require.NoError(t, err)
			w.written()
			err = w.service.EndRecovery(t.Context(), try.by, try.why, []ledger.Day{"2026-03-09"})
			require.ErrorIs(t, err, try.err)
			r, loadErr := w.service.Recovery(t.Context())
			require.NoError(t, loadErr)
			if try.err != nil {
				require.Empty(t, w.written())
				require.Equal(t, []string{"siti", "rudi"}, r.Hands)
				return
			}
			require.NoError(t, err)
			require.Nil(t, r)
			require.Equal(t, ledger.RecoveryEnded{By: "budi", Why: "all files are in", Accepted: []ledger.Day{"2026-03-09"}}, w.written()[0].Event)
		})
	}
}

// Who works outside of recovery is not remembered.
func TestHandsAreOfTheRecovery(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.proposeLost("siti")
	require.Empty(t, w.recover().Hands)
}

func TestEndWithoutRecovery(t *testing.T) {
	t.Parallel()
	w := setup(t)
	require.ErrorIs(t, w.service.EndRecovery(t.Context(), "budi", "why not", nil), ledger.ErrNoRecovery)
	require.Empty(t, w.written())
}

// After the sign-off everything goes on where it stood.
func TestServiceGoesOnAfterRecovery(t *testing.T) {
	t.Parallel()
	w := setup(t)
	c := w.charge()
	w.pay(c.Code, "REF-1")
	w.recover()
	w.pass(hold)
	swept, err := w.service.Sweep(t.Context())
	require.NoError(t, err)
	require.Zero(t, swept)
	require.Equal(t, ledger.StandingHeld, w.standing(c))
	w.endRecovery(t)
	w.sweep()
	require.Equal(t, ledger.StandingReleased, w.standing(c))
	require.Equal(t, ledger.ReasonApproved, w.pay(w.charge().Code, "REF-2").Reason)
}

// A day that may have been closed in the gap says in its file that another may be
// out; one whose time came later does not.
func TestDaysOfTheGapAreReprocessed(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.pay(w.charge().Code, "REF-1")
	first := w.today()
	w.pass(24 * time.Hour) // the first day could have been closed at 2 this morning
	w.recover()
	_, err := w.service.Close(t.Context(), first, false, "operator")
	require.ErrorIs(t, err, ledger.ErrRecovery)
	w.endRecovery(t)
	require.True(t, w.closeDay(first, false).Reprocessed)
	require.True(t, w.load(ledger.Keys{Day: first}).Batch.Reprocessed)
	require.False(t, w.closeDay(first.Next(), true).Reprocessed)
}

func TestOperatorCancelsNothingInRecovery(t *testing.T) {
	t.Parallel()
	w := setup(t)
	c := w.charge()
	w.recover()
	_, err := w.service.CancelOpen(t.Context(), merchant, func(int) {})
	require.ErrorIs(t, err, ledger.ErrRecovery)
	require.Empty(t, ledger.DecideCancelAll(w.load(ledger.Keys{Numbers: []uint64{c.Number}}), w.now).Entries)
}

// crowded is a store whose queue is full.
type crowded struct{ ledger.Store }

func (crowded) Apply(context.Context, ledger.Keys, func(ledger.State) (ledger.Change, error)) error {
	return ledger.ErrBusy
}

// Busy says that nothing is booked, which nobody knows of a payment from the gap.
func TestNoAnswerFromAFullQueueInRecovery(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.recover()
	busy := ledger.NewService(crowded{w.store}, standardAgreement(), func() time.Time { return w.now })
	_, err := busy.Pay(t.Context(), ledger.Payment{Code: unknownCode, Ref: "REF-1", TimeStamp: w.now})
	require.ErrorIs(t, err, ledger.ErrRecovery)
	later := ledger.Payment{Code: unknownCode, Ref: "REF-1", TimeStamp: w.now.Add(10 * time.Minute)}
	result, err := busy.Pay(t.Context(), later)
	require.NoError(t, err)
	require.Equal(t, ledger.ReasonBusy, result.Reason)
}
