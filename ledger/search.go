package ledger

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"time"
)

// Bounds of the work that one question about payments may take.
const (
	// MaxPaymentPage is the most payments on a page.
	MaxPaymentPage = 500
	// MaxCounted is the most payments that PaymentTotals counts.
	MaxCounted = 10_000
	// SearchBudget is how many entries of the index one question reads. Where they
	// are too few, the answer says how far it has searched.
	SearchBudget = 20_000
	// exportChunk is how many payments an export reads at once.
	exportChunk = 1_000
)

// PaymentQuery asks for booked payments. Empty members ask for all; all that are
// set must hold.
type PaymentQuery struct {
	// From and To bound when it was booked; To itself is left out.
	From, To time.Time
	// ReversedFrom and ReversedTo bound when it was taken back, by a reversal or an
	// adjustment; ReversedTo itself is left out, and so is what was not taken back.
	ReversedFrom, ReversedTo time.Time
	// FromDay and ToDay bound the batch in which it stands, both inclusive.
	FromDay, ToDay Day
	// ClosedFrom and ClosedTo bound the calendar day (WIB) on which that batch was
	// closed, both inclusive. Batches that are open are left out.
	ClosedFrom, ClosedTo Day
	Merchant, Store      string
	// MinAmount and MaxAmount bound the amount without the fee, both inclusive. 0
	// bounds nothing.
	MinAmount, MaxAmount Rupiah
	State                TxState
	// Late asks for payments whose own day was closed, or for the others; nil asks
	// for both.
	Late *bool
	// ReleasedOnly asks for what the merchant was told: neither a payment that is
	// held, nor one that was taken back before its release.
	ReleasedOnly bool

	// The exact keys. ID is a charge's.
	Code    PaymentCode
	Ref     TrackingRef
	Order   string
	Receipt string
	ID      string

	// Before asks for the payments below a journal number, the newest first; After
	// for those just above one. 0 begins at the newest. Where both are set, After
	// counts.
	Before, After uint64
	// Limit is the most rows on a page: 1 to MaxPaymentPage, other values stand for
	// the nearest of both.
	Limit int
}

// PaymentPage is a page of payments, the newest first.
type PaymentPage struct {
	Rows []PaymentRow
	// Older is the Before of the page that follows, and Newer the After of the one
	// before; 0 where there is none.
	Older, Newer uint64
	// Scanned is how many entries of the index were read.
	Scanned int
	// SearchedTo is where the search stopped because it had read SearchBudget
	// entries: it goes on from Older (or Newer). Zero: the page is whole.
	SearchedTo time.Time
}

// PaymentTotals are the sums of all payments of a query, whatever its page.
type PaymentTotals struct {
	// Count counts them. Exact says that it is all of them: otherwise there are
	// more, and the sums are of the newest Count.
	Count int
	Exact bool
	// Amount and Fee are gross: with what was taken back.
	Amount, Fee Rupiah
	// Reversed counts those that were taken back, with their sums.
	Reversed                    int
	ReversedAmount, ReversedFee Rupiah
	// Scanned is how many entries of the index were read.
	Scanned int
}

// Add counts one more payment.
func (t *PaymentTotals) Add(row PaymentRow) {
	t.Count++
	t.Amount += row.Amount
	t.Fee += row.Fee
	if row.State != TxPaid {
		t.Reversed++
		t.ReversedAmount += row.Amount
		t.ReversedFee += row.Fee
	}
}

// SearchPayments gives a page of booked payments. Errors are the store's.
func (s *Service) SearchPayments(ctx context.Context, q PaymentQuery) (PaymentPage, error) {
	limit := min(max(q.Limit, 1), MaxPaymentPage)
	walk, possible, err := s.paymentWalk(ctx, q)
	if err != nil || !possible {
		return PaymentPage{}, searchError(err)
	}
	// One row more tells whether there is another page.
	walk.Limit = limit + 1
	found, err := s.store.Payments(ctx, walk)
	if err != nil {
		return PaymentPage{}, searchError(err)
	}
	return pageOf(q, found, limit), nil
}

// PaymentTotals sums the payments of a query, whatever its page. Errors are the
// store's.
func (s *Service) PaymentTotals(ctx context.Context, q PaymentQuery) (PaymentTotals, error) {
	q.Before, q.After = 0, 0
	walk, possible, err := s.paymentWalk(ctx, q)
	if err != nil || !possible {
		return PaymentTotals{Exact: err == nil}, searchError(err)
	}
	walk.Limit, walk.Bare = MaxCounted+1, true
	found, err := s.store.Payments(ctx, walk)
	if err != nil {
		return PaymentTotals{}, searchError(err)
	}
	totals := PaymentTotals{Exact: found.Ended && len(found.Rows) <= MaxCounted, Scanned: found.Scanned}
	for _, row := range found.Rows[:min(len(found.Rows), MaxCounted)] {
		totals.Add(row)
	}
	return totals, nil
}

// EachPayment gives all payments of a query, whatever its page, the newest first,
// for exports: it reads as many as there are, a chunk at a time. An error ends it.
func (s *Service) EachPayment(ctx context.Context, q PaymentQuery) iter.Seq2[PaymentRow, error] {
	return func(yield func(PaymentRow, error) bool) {
		q.Before, q.After = 0, 0
		walk, possible, err := s.paymentWalk(ctx, q)
		walk.Limit = exportChunk
		for err == nil && possible {
			var found PaymentsFound
			if found, err = s.store.Payments(ctx, walk); err != nil {
				break
			}
			for _, row := range found.Rows {
				if !yield(row, nil) {
					return
				}
			}
			walk.Below, possible = found.Reached, !found.Ended
		}
		if err != nil {
			yield(PaymentRow{}, searchError(err))
		}
	}
}

func searchError(err error) error {
	if err != nil {
		return fmt.Errorf("search payments: %w", err)
	}
	return nil
}

// paymentWalk is the walk along the index that answers a query; false where no
// payment can match.
func (s *Service) paymentWalk(ctx context.Context, q PaymentQuery) (PaymentWalk, bool, error) {
	number, err := s.numberOf(ctx, q)
	if err != nil || number == 0 && (q.Code != "" || q.ID != "") {
		return PaymentWalk{}, false, err
	}
	days, above, below, err := s.daysOf(ctx, q)
	if err != nil || below == 0 && days != nil {
		return PaymentWalk{}, false, err
	}
	walk := PaymentWalk{
		Keys: q.keys(number), From: q.From, To: q.To, ReversedFrom: q.ReversedFrom, ReversedTo: q.ReversedTo, Above: above, Below: below,
		MinAmount: q.MinAmount, MaxAmount: q.MaxAmount, Budget: SearchBudget,
		Match: func(row PaymentRow) bool { return q.matches(row) && (days == nil || days[row.Day]) },
	}
	switch {
	case q.After != 0:
		walk.Oldest, walk.Above = true, max(walk.Above, q.After)
	case q.Before != 0 && walk.Below != 0:
		walk.Below = min(walk.Below, q.Before)
	case q.Before != 0:
		walk.Below = q.Before
	}
	return walk, true, nil
}

// numberOf is the charge that the query's code and ID name; 0 when there is none,
// or when they name two.
func (s *Service) numberOf(ctx context.Context, q PaymentQuery) (uint64, error) {
	var number uint64
	if q.Code != "" {
		state, err := s.store.Load(ctx, Keys{Code: q.Code})
		if err != nil || state.Charge == nil {
			return 0, err
		}
		number = state.Charge.Number
	}
	if q.ID == "" {
		return number, nil
	}
	named, err := s.byID(ctx, q.ID)
	if err != nil || number != 0 && named != number {
		return 0, err
	}
	return named, nil
}

// daysOf are the batches that the query's days name, nil where it names none, and
// the journal numbers between which their lines are; below is 0 where there is no
// such line.
func (s *Service) daysOf(ctx context.Context, q PaymentQuery) (days map[Day]bool, above, below uint64, err error) {
	if q.FromDay == "" && q.ToDay == "" && q.ClosedFrom == "" && q.ClosedTo == "" {
		return nil, 0, 0, nil
	}
	days = map[Day]bool{}
	for from := q.FromDay; ; {
		batches, err := s.store.Batches(ctx, from, documentPage)
		if err != nil {
			return nil, 0, 0, err
		}
		for _, b := range batches {
			if q.ToDay != "" && b.Day > q.ToDay {
				return days, above, below, nil
			}
			if b.First == 0 || !q.hasBatch(b) {
				continue
			}
			if len(days) == 0 {
				above = b.First - 1
			}
			days[b.Day] = true
			above, below = min(above, b.First-1), max(below, b.Last+1)
		}
		if len(batches) < documentPage {
			return days, above, below, nil
		}
		from = batches[len(batches)-1].Day.Next()
	}
}

// hasBatch holds a batch against the query's days but ToDay.
func (q PaymentQuery) hasBatch(b Batch) bool {
	if q.ClosedFrom == "" && q.ClosedTo == "" {
		return b.Day >= q.FromDay
	}
	closed := CalendarDay(b.ClosedAt)
	return b.Day >= q.FromDay && b.Closed() && closed >= q.ClosedFrom && (q.ClosedTo == "" || closed <= q.ClosedTo)
}

// keys are the query's exact keys: what the index lists payments by.
func (q PaymentQuery) keys(number uint64) []SearchKey {
	var keys []SearchKey
	add := func(set bool, key SearchKey) {
		if set {
			keys = append(keys, key)
		}
	}
	add(number != 0, ChargeKey(number))
	add(q.Ref != "", SearchKey{ByRef, string(q.Ref)})
	add(q.Receipt != "", SearchKey{ByReceipt, q.Receipt})
	add(q.Order != "", SearchKey{ByOrder, q.Order})
	add(q.Store != "", SearchKey{ByStore, q.Store})
	add(q.Merchant != "", SearchKey{ByMerchant, q.Merchant})
	add(q.State != "" && q.State != TxPaid, SearchKey{ByState, string(q.State)})
	add(q.Late != nil && *q.Late, SearchKey{ByLate, ""})
	return keys
}

// matches holds a payment against all that the query says but its exact charge
// and its days, which need the ledger.
func (q PaymentQuery) matches(row PaymentRow) bool {
	switch {
	case row.At.Before(q.From), !q.To.IsZero() && !row.At.Before(q.To),
		q.MinAmount != 0 && row.Amount < q.MinAmount, q.MaxAmount != 0 && row.Amount > q.MaxAmount,
		q.Late != nil && row.Late != *q.Late, q.ReleasedOnly && !row.Released,
		q.State != "" && row.State != q.State, !q.reversedThen(row):
		return false
	}
	for _, exact := range [][2]string{
		{q.Merchant, row.Merchant}, {q.Store, row.Store}, {string(q.Ref), string(row.Ref)},
		{q.Order, row.Order}, {q.Receipt, row.Receipt},
	} {
		if exact[0] != "" && exact[0] != exact[1] {
			return false
		}
	}
	return true
}

// reversedThen says whether a payment was taken back when the query asks.
func (q PaymentQuery) reversedThen(row PaymentRow) bool {
	if q.ReversedFrom.IsZero() && q.ReversedTo.IsZero() {
		return true
	}
	return row.State != TxPaid && !row.Reversed.Before(q.ReversedFrom) && (q.ReversedTo.IsZero() || row.Reversed.Before(q.ReversedTo))
}

// pageOf makes a page of what was found, which has one row more than limit where
// there is another page.
func pageOf(q PaymentQuery, found PaymentsFound, limit int) PaymentPage {
	page := PaymentPage{Rows: found.Rows[:min(limit, len(found.Rows))], Scanned: found.Scanned}
	more := uint64(0)
	switch {
	case len(found.Rows) > limit:
		more = page.Rows[limit-1].Seq
	case !found.Ended:
		more, page.SearchedTo = found.Reached, found.ReachedAt
	}
	if q.After != 0 {
		slices.Reverse(page.Rows)
		page.Newer, page.Older = more, q.After+1
		if len(page.Rows) > 0 {
			page.Older = page.Rows[len(page.Rows)-1].Seq
		}
		return page
	}
	page.Older = more
	if q.Before != 0 {
		page.Newer = q.Before - 1
		if len(page.Rows) > 0 {
			page.Newer = page.Rows[0].Seq
		}
	}
	return page
}
