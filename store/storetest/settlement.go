package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

func lineDuties() []duty {
	return []duty{
		{"lines are a day's payments, page by page", linesPage},
		{"lines of two days that overlap", linesOverlap},
		{"lines of a day without payments", linesOfNothing},
	}
}

func batchDuties() []duty {
	return []duty{
		{"batches count payments and reversals", batchCounts},
		{"batches are listed by day", batchesByDay},
		{"a closed day passes its payments on", openDaySkips},
		{"closing numbers the batches and sealing chains them", closeAndSeal},
		{"a batch may close and be sealed in one change", closeAndSealAtOnce},
	}
}

func (w *world) lines(day ledger.Day, after uint64, limit int) []ledger.Line {
	lines, err := w.store.Lines(w.ctx, day, after, limit)
	require.NoError(w.t, err)
	return lines
}

func refsOf(lines []ledger.Line) []ledger.TrackingRef {
	var refs []ledger.TrackingRef
	for _, l := range lines {
		refs = append(refs, l.Ref)
	}
	return refs
}

// linesPage books payments with records of every other kind between them.
func linesPage(t *testing.T, w *world) {
	w.set("before", "x")
	for i := range 7 {
		c := w.buy(ledger.TrackingRef(fmt.Sprintf("A%d", i)))
		if i%3 == 1 {
			w.reverse(c.Code, ledger.TrackingRef(fmt.Sprintf("A%d", i)))
		}
		w.set("between", fmt.Sprint(i))
		w.reverse(strayCode, ledger.TrackingRef(fmt.Sprintf("S%d", i)))
	}
	var lines []ledger.Line
	for after := uint64(0); ; {
		page := w.lines(w.today(), after, 2)
		require.LessOrEqual(t, len(page), 2)
		if len(page) == 0 {
			break
		}
		lines = append(lines, page...)
		after = page[len(page)-1].Seq
	}
	require.Equal(t, []ledger.TrackingRef{"A0", "A1", "A2", "A3", "A4", "A5", "A6"}, refsOf(lines))
	records := w.records()
	for i, l := range lines {
		require.Equal(t, i%3 == 1, l.Reversed, l.Ref)
		require.Equal(t, canonical(t, records[l.Seq-1].Event), canonical(t, l.Paid))
	}
	require.Empty(t, w.lines(w.today(), 0, 0))
	require.Empty(t, w.lines(w.today(), lines[6].Seq, all))
	require.Empty(t, w.lines(w.today().Next(), 0, all))
}

// linesOverlap has payments of two days between each other: one day is closed
// while its late payments come, and tills' clocks differ about midnight.
func linesOverlap(t *testing.T, w *world) {
	today := w.today()
	tomorrow := func(p *ledger.Payment) { p.TimeStamp = today.Next().Begin(agreement().CutOff) }
	w.clock = today.End(agreement().CutOff).Add(-time.Second)
	w.buy("A1")
	w.buy("B1", tomorrow)
	w.buy("A2")
	w.buy("B2", tomorrow)
	w.closeDay(today)
	w.buy("A3")
	require.Equal(t, []ledger.TrackingRef{"A1", "A2"}, refsOf(w.lines(today, 0, all)))
	require.Equal(t, []ledger.TrackingRef{"B1", "B2", "A3"}, refsOf(w.lines(today.Next(), 0, all)))
	late := w.lines(today.Next(), 0, all)[2]
	require.True(t, late.Late)
}

func linesOfNothing(t *testing.T, w *world) {
	require.Empty(t, w.lines(w.today(), 0, all))
	w.closeDay(w.today())
	require.Empty(t, w.lines(w.today(), 0, all))
	w.buy("A1")
	require.Empty(t, w.lines(w.today(), 0, all))
}

func batchCounts(t *testing.T, w *world) {
	w.set("first", "x")
	c := w.buy("A1")
	w.buy("A2", func(p *ledger.Payment) { p.Amount = price })
	w.set("last", "x")
	batch := w.load(ledger.Keys{Day: w.today()}).Batch
	require.Equal(t, ledger.Batch{
		Day: w.today(), First: 3, Last: 5, Paid: 2, PaidAmount: 2 * price, PaidFee: 2 * fee, RemittedFee: 2 * fee,
	}, batch)
	w.reverse(c.Code, "A1")
	batch = w.load(ledger.Keys{Day: w.today()}).Batch
	require.Equal(t, ledger.Batch{
		Day: w.today(), First: 3, Last: 5, Paid: 1, PaidAmount: price, PaidFee: fee, RemittedFee: fee,
		Reversed: 1, ReversedAmount: price,
	}, batch)
}

func batchesByDay(t *testing.T, w *world) {
	var days []ledger.Day
	for range 4 {
		days = append(days, w.today())
		w.buy(ledger.TrackingRef(w.today()))
		w.pass(lifetime)
	}
	list := func(from ledger.Day, limit int) []ledger.Day {
		batches, err := w.store.Batches(w.ctx, from, limit)
		require.NoError(t, err)
		var found []ledger.Day
		for _, b := range batches {
			require.Equal(t, 1, b.Paid)
			found = append(found, b.Day)
		}
		return found
	}
	require.Equal(t, days, list("", all))
	require.Equal(t, days[1:3], list(days[1], 2))
	require.Equal(t, days[3:], list(days[2]+"x", all))
	require.Empty(t, list("2026-04-01", all))
	require.Empty(t, list("", 0))
}

func openDaySkips(t *testing.T, w *world) {
	first := w.today()
	require.Equal(t, first, w.load(ledger.Keys{Day: first}).OpenDay)
	w.pass(3 * lifetime)
	for _, day := range []ledger.Day{first.Next().Next(), first, first.Next()} {
		w.closeDay(day)
	}
	require.Equal(t, first.Previous(), w.load(ledger.Keys{Day: first.Previous()}).OpenDay)
	for _, day := range []ledger.Day{first, first.Next(), first.Next().Next()} {
		require.Equal(t, w.today(), w.load(ledger.Keys{Day: day}).OpenDay)
	}
}

func closeAndSeal(t *testing.T, w *world) {
	first := w.today()
	c := w.buy("A1")
	closed := w.closeDay(first)
	require.Equal(t, uint64(1), closed.No)
	require.Equal(t, 1, closed.Paid)
	require.Equal(t, ledger.ReasonSettled, w.reverse(c.Code, "A1").Reason)

	w.pass(lifetime)
	second := w.today()
	require.Equal(t, uint64(2), w.closeDay(second).No)
	require.Equal(t, uint64(2), w.closeDay(second).No, "closing again changes nothing")
	require.ErrorIs(t, w.service.Seal(w.ctx, second, "bb"), ledger.ErrNotClosed)
	require.NoError(t, w.service.Seal(w.ctx, first, "aa"))
	require.NoError(t, w.service.Seal(w.ctx, second, "bb"))

	state := w.load(ledger.Keys{Day: second})
	require.Equal(t, "bb", state.Batch.SHA256)
	require.Equal(t, "aa", state.Batch.PreviousSHA256)
	require.Equal(t, first, state.Before.Day)
	require.Equal(t, second, state.LastBatch.Day)
	require.True(t, w.clock.Equal(state.Batch.ClosedAt))
	// Numbers follow the order of closing, not that of the days.
	require.Equal(t, uint64(3), w.closeDay(first.Previous()).No)
	require.Equal(t, first.Previous(), w.load(ledger.Keys{Day: second}).LastBatch.Day)
}

func closeAndSealAtOnce(t *testing.T, w *world) {
	day := w.today()
	require.NoError(t, w.write(
		ledger.Entry{Event: ledger.Closed{Day: day, No: 1}},
		ledger.Entry{Event: ledger.Sealed{Day: day, SHA256: "aa"}},
		ledger.Entry{Event: ledger.Closed{Day: day.Next(), No: 2}},
	))
	state := w.load(ledger.Keys{Day: day.Next()})
	require.Equal(t, uint64(2), state.LastBatch.No)
	require.Equal(t, "aa", state.Before.SHA256)
}
