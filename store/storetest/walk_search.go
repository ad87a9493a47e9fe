package storetest

import (
	"context"
	"slices"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"paypoint/ledger"
)

// search asks both sides the same of their payments, and holds each side's answers
// against all of its payments, picked one by one.
func (w *walk) search(rt *rapid.T) {
	query, limit := w.drawQuery(rt), rapid.IntRange(1, 4).Draw(rt, "limit")
	w.both("search", func(s *side) (any, error) {
		page, err := s.service.SearchPayments(s.ctx, query(s))
		page.Scanned = 0
		return page, err
	})
	for _, s := range []*side{w.engine, w.model} {
		s.requireFound(query(s), limit)
	}
}

// drawQuery draws some of what a query can say; its code is the side's own.
func (w *walk) drawQuery(rt *rapid.T) func(*side) ledger.PaymentQuery {
	q, place := ledger.PaymentQuery{Limit: 3}, -1
	some := func(what string) bool { return rapid.IntRange(0, 4).Draw(rt, what) == 4 }
	moment := func() time.Time {
		return w.engine.clock.Add(-rapid.SampledFrom([]time.Duration{0, hold, time.Hour, 2 * lifetime}).Draw(rt, "back"))
	}
	for _, part := range []struct {
		what string
		set  func()
	}{
		{"from", func() { q.From = moment() }},
		{"to", func() { q.To = moment() }},
		{"taken back from", func() { q.ReversedFrom = moment() }},
		{"taken back to", func() { q.ReversedTo = moment() }},
		{"from day", func() { q.FromDay = w.day(rt) }},
		{"to day", func() { q.ToDay = w.day(rt) }},
		{"closed", func() { q.ClosedFrom = w.day(rt) }},
		{"closed to", func() { q.ClosedTo = w.day(rt) }},
		{"merchant", func() { q.Merchant = drawMerchant(rt) }},
		{"store", func() { q.Store = drawShop(rt) }},
		{"least", func() { q.MinAmount = drawAmount(rt) }},
		{"most", func() { q.MaxAmount = drawAmount(rt) }},
		{"state", func() {
			q.State = rapid.SampledFrom([]ledger.TxState{ledger.TxPaid, ledger.TxReversed, ledger.TxTakenBack, ledger.TxTombstone}).Draw(rt, "state")
		}},
		{"late", func() { late := rapid.Bool().Draw(rt, "is late"); q.Late = &late }},
		{"released", func() { q.ReleasedOnly = true }},
		{"code", func() { place = w.place(rt) }},
		{"ref", func() { q.Ref = w.drawPurchase(rt).ref }},
		{"order", func() { q.Order = drawOrder(rt) }},
		{"receipt", func() { q.Receipt = "R00000001" }},
		{"id", func() { q.ID = w.handle(rt) }},
	} {
		if some(part.what) {
			part.set()
		}
	}
	return func(s *side) ledger.PaymentQuery {
		of := q
		if place >= 0 {
			of.Code = s.codes[place]
		}
		return of
	}
}

// sums compares what both sides count.
func (w *walk) sums(rt *rapid.T) {
	of := rapid.SampledFrom([]string{"", merchant, otherMerchant, "G"}).Draw(rt, "of")
	from, to, at := w.day(rt), w.day(rt), drawShop(rt)
	since := w.engine.clock.Add(-rapid.SampledFrom([]time.Duration{hold, time.Hour, 3 * lifetime}).Draw(rt, "since"))
	w.both("hours", func(s *side) (any, error) {
		hours, err := s.service.Hours(s.ctx, of, since, s.clock.Add(time.Second))
		return hours, err
	})
	w.both("open codes", func(s *side) (any, error) { return s.service.OpenCodes(s.ctx, of) })
	if from <= to {
		w.both("stores", func(s *side) (any, error) { return s.service.StoreSums(s.ctx, from, to) })
		w.both("days of a store", func(s *side) (any, error) { return s.service.StoreDays(s.ctx, at, from, to) })
	}
}

// listHours holds the sums of each hour against the lists of what they count: the
// payments of the hour, and those that were taken back in it.
func (w *walk) listHours(rt *rapid.T) {
	of := rapid.SampledFrom([]string{"", merchant, otherMerchant}).Draw(rt, "of")
	for _, s := range []*side{w.engine, w.model} {
		to := s.clock.Truncate(time.Hour).Add(time.Hour)
		s.requireHours(of, to.Add(-3*lifetime), to)
	}
}

// requireHours holds the sums from one full hour to another against the lists.
func (w *world) requireHours(of string, from, to time.Time) {
	hours, err := w.service.Hours(w.ctx, of, from, to)
	require.NoError(w.t, err)
	var all ledger.HourSums
	for _, h := range hours {
		listed := w.listedBetween(of, h.Hour, h.Hour.Add(time.Hour))
		listed.Hour, listed.Charged, listed.Ended = h.Hour, h.Charged, h.Ended
		require.Equal(w.t, h, listed)
		all.Add(h)
	}
	// What the lists have is in some hour.
	listed := w.listedBetween(of, from, to)
	listed.Charged, listed.Ended = all.Charged, all.Ended
	require.Equal(w.t, all, listed)
}

// listedBetween sums up what the lists have of some time.
func (w *world) listedBetween(of string, from, to time.Time) (sums ledger.HourSums) {
	for row, err := range w.service.EachPayment(w.ctx, ledger.PaymentQuery{Merchant: of, From: from, To: to}) {
		require.NoError(w.t, err)
		sums.Add(ledger.HourSums{Paid: 1, Amount: row.Amount, Fee: row.Fee})
	}
	for row, err := range w.service.EachPayment(w.ctx, ledger.PaymentQuery{Merchant: of, ReversedFrom: from, ReversedTo: to}) {
		require.NoError(w.t, err)
		sums.Add(ledger.HourSums{Reversed: 1, ReversedAmount: row.Amount})
	}
	return sums
}

// findByKey finds things by texts that both sides have.
func (w *walk) findByKey(rt *rapid.T) {
	text := rapid.SampledFrom([]string{
		w.handle(rt), string(drawRef(rt)), drawShop(rt), drawMerchant(rt), "R00000001", "5", "#7", "none",
	}).Draw(rt, "text")
	of := rapid.SampledFrom([]string{"", merchant}).Draw(rt, "for")
	w.both("find by key", func(s *side) (any, error) { return s.service.FindByKey(s.ctx, text, of) })
	id := w.handle(rt)
	w.both("history", func(s *side) (any, error) {
		view, records, err := s.service.History(s.ctx, id)
		return []any{view, records}, err
	})
}

// requireFound holds every way to ask a query against all payments.
func (w *world) requireFound(q ledger.PaymentQuery, limit int) {
	want := w.picked(q)
	each := []ledger.PaymentRow{}
	for row, err := range w.service.EachPayment(w.ctx, q) {
		require.NoError(w.t, err)
		each = append(each, row)
	}
	require.Equal(w.t, canonical(w.t, want), canonical(w.t, each))
	var sums ledger.PaymentTotals
	for _, row := range want {
		sums.Add(row)
	}
	totals, err := w.service.PaymentTotals(w.ctx, q)
	require.NoError(w.t, err)
	sums.Exact, sums.Scanned = true, totals.Scanned
	require.Equal(w.t, sums, totals)
	q.Limit = limit
	w.requirePages(q, want)
}

// requirePages goes through all pages to the oldest, and back to the newest.
func (w *world) requirePages(q ledger.PaymentQuery, want []ledger.PaymentRow) {
	down, back := []ledger.PaymentRow{}, []ledger.PaymentRow{}
	page := w.page(q)
	require.Zero(w.t, page.Newer)
	for down = append(down, page.Rows...); page.Older != 0; down = append(down, page.Rows...) {
		q.Before = page.Older
		page = w.page(q)
		require.NotZero(w.t, page.Newer)
	}
	require.Equal(w.t, canonical(w.t, want), canonical(w.t, down))
	back = append(back, page.Rows...)
	for q.Before = 0; page.Newer != 0; back = append(slices.Clone(page.Rows), back...) {
		q.After = page.Newer
		page = w.page(q)
	}
	require.Equal(w.t, canonical(w.t, want), canonical(w.t, back))
}

func (w *world) page(q ledger.PaymentQuery) ledger.PaymentPage {
	page, err := w.service.SearchPayments(w.ctx, q)
	require.NoError(w.t, err)
	require.LessOrEqual(w.t, len(page.Rows), q.Limit)
	require.Zero(w.t, page.SearchedTo, "so few payments are all searched")
	return page
}

// picked are the payments that a query asks for, from the journal and the ledger's
// rows alone: the newest first.
func (w *world) picked(q ledger.PaymentQuery) []ledger.PaymentRow {
	told := w.toldOf()
	rows := []ledger.PaymentRow{}
	for _, r := range slices.Backward(w.records()) {
		line, ok := ledger.LineOf(r, nil, nil)
		if !ok || line.Adjustment != nil && line.Adjustment.Act != ledger.ActRecover {
			continue
		}
		row := w.bookedRow(r, line)
		of := told[paymentKey{row.Number, row.Ref}]
		row.Released, row.Told, row.ToldAs = row.Recovered || of.released, of.seq, of.as
		if w.asked(q, row) {
			rows = append(rows, row)
		}
	}
	return rows
}

// paymentKey names a payment, and toldPayment is what its merchant was told of it.
type (
	paymentKey struct {
		number uint64
		ref    ledger.TrackingRef
	}
	toldPayment struct {
		released bool
		seq      uint64
		as       ledger.Standing
	}
)

// toldOf is what merchants were told of their payments, from the journal.
func (w *world) toldOf() map[paymentKey]toldPayment {
	told := map[paymentKey]toldPayment{}
	for _, r := range w.records() {
		switch e := r.Event.(type) {
		case ledger.Released:
			told[paymentKey{e.Number, e.Ref}] = toldPayment{true, r.Seq, ledger.StandingReleased}
		case ledger.Reversed:
			if key := (paymentKey{e.Number, e.Ref}); e.Deny {
				told[key] = toldPayment{told[key].released, r.Seq, ledger.StandingDenied}
			}
		case ledger.Adjusted:
			switch key := (paymentKey{e.Number, e.Ref}); {
			case e.Act == ledger.ActRecover:
				told[key] = toldPayment{true, r.Seq, ledger.StandingReleased}
			case e.Act == ledger.ActReverse && e.Deny:
				told[key] = toldPayment{told[key].released, r.Seq, ledger.StandingDenied}
			}
		}
	}
	return told
}

// bookedRow is a payment as the ledger's rows have it.
func (w *world) bookedRow(r ledger.Record, line ledger.Line) ledger.PaymentRow {
	s := w.load(ledger.Keys{Code: line.Code, Ref: line.Ref})
	return ledger.PaymentRow{
		Seq: r.Seq, At: r.At, Number: s.Charge.Number, ID: s.Charge.ID, Merchant: s.Charge.Merchant, Order: s.Charge.Order,
		Code: line.Code, Ref: line.Ref, Receipt: s.Tx.Receipt, Store: s.Tx.Store,
		Amount: s.Tx.Amount, Fee: s.Tx.Fee, FeeRemitted: s.Tx.FeeRemitted, Day: s.Tx.Day, Late: line.Late,
		Recovered: s.Tx.Recovered, State: s.Tx.State, Reversed: s.Tx.Reversed,
	}
}

// asked says whether a query asks for a payment.
func (w *world) asked(q ledger.PaymentQuery, row ledger.PaymentRow) bool {
	batch := w.load(ledger.Keys{Day: row.Day}).Batch
	closed := ledger.Day("")
	if batch.Closed() {
		closed = ledger.BusinessDay(batch.ClosedAt, lifetime)
	}
	for _, fails := range []bool{
		row.At.Before(q.From), !q.To.IsZero() && !row.At.Before(q.To),
		!q.ReversedFrom.IsZero() && (row.State == ledger.TxPaid || row.Reversed.Before(q.ReversedFrom)),
		!q.ReversedTo.IsZero() && (row.State == ledger.TxPaid || !row.Reversed.Before(q.ReversedTo)),
		row.Day < q.FromDay, q.ToDay != "" && row.Day > q.ToDay,
		q.ClosedFrom != "" && (closed == "" || closed < q.ClosedFrom),
		q.ClosedTo != "" && (closed == "" || closed > q.ClosedTo),
		q.Merchant != "" && row.Merchant != q.Merchant, q.Store != "" && row.Store != q.Store,
		row.Amount < q.MinAmount, q.MaxAmount != 0 && row.Amount > q.MaxAmount,
		q.State != "" && row.State != q.State, q.Late != nil && *q.Late != row.Late, q.ReleasedOnly && !row.Released,
		q.Code != "" && row.Code != q.Code, q.Ref != "" && row.Ref != q.Ref, q.Order != "" && row.Order != q.Order,
		q.Receipt != "" && row.Receipt != q.Receipt, q.ID != "" && row.ID != q.ID,
	} {
		if fails {
			return false
		}
	}
	return true
}

// walkAll goes along a walk with few entries at a time, and returns all rows.
func (w *world) walkAll(walk ledger.PaymentWalk) (rows []ledger.PaymentRow, asked int) {
	for {
		found, err := w.store.Payments(context.Background(), walk)
		require.NoError(w.t, err)
		rows = append(rows, found.Rows...)
		if asked++; found.Ended {
			return rows, asked
		}
		require.NotZero(w.t, found.ReachedAt)
		if walk.Oldest {
			require.Greater(w.t, found.Reached, walk.Above)
			walk.Above = found.Reached
		} else {
			require.True(w.t, walk.Below == 0 || found.Reached < walk.Below, "it goes on")
			walk.Below = found.Reached
		}
	}
}
