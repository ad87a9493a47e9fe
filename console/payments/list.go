package payments

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"time"

	"paypoint/console/frame"
	"paypoint/ledger"
)

const (
	// pageRows is how many payments a page shows.
	pageRows = 50
	// maxExamined is how many payments are looked up one by one for a page, where
	// they are chosen by what the index has not: each takes a fraction of a
	// millisecond, and a page must not take longer than a person notices.
	maxExamined = 200
)

// row is a payment of the list.
type row struct {
	ledger.PaymentRow
	// MerchantName is what the merchant is called.
	MerchantName string
	// StateKind is the shape of its tag.
	StateKind string
	// Notification and Reconciled are looked up where they are shown or asked for.
	Notification, Reconciled string
	// Case is the number of its newest case, 0 for none.
	Case uint64
}

// stateKind is the shape of a payment's tag.
func stateKind(state ledger.TxState) string {
	if state == ledger.TxPaid {
		return kindGood
	}
	return kindOff
}

// totals are what a selection brought.
type totals struct {
	Count int
	// Exact is false where there are more than are counted: the sums are of those
	// that were counted.
	Exact bool
	// Gross is all that was paid, Reversed what of it was taken back, and Net what
	// is left, without fees. Fee is what customers paid on top of Net.
	Gross, Reversed, Fee, Net ledger.Rupiah
	PaymentsReversed          int
}

// totalsOf sums up what is in force: what was taken back brought nothing.
func totalsOf(t ledger.PaymentTotals) totals {
	return totals{
		Count: t.Count, Exact: t.Exact, Gross: t.Amount, Fee: t.Fee - t.ReversedFee,
		Reversed: t.ReversedAmount, PaymentsReversed: t.Reversed, Net: t.Amount - t.ReversedAmount,
	}
}

// listView is the list's page.
type listView struct {
	Selection selection
	// DateWord is the key of what its date is called.
	DateWord string
	Presets  []preset
	Rows     []row
	Totals   totals
	// Columns says which columns are shown beside the usual ones.
	Shown shown
	// SearchedTo is where a search that read enough has stopped; zero for none.
	SearchedTo time.Time
	// Detailed says that a filter is set, or a column shown, that is folded away.
	Detailed bool
	// Merchant is the one whose person looks; empty of staff.
	Merchant string
	// The choices of the filter.
	Dates, States, Hours, NotificationStates, ReconciledStates []string
}

// shown is which columns are shown beside the usual ones: when a payment was taken
// back in a list by that date, the others where they are asked for.
//
// The last two are looked up for every row that is shown, so they are off unless
// somebody asks.
type shown struct{ Reversed, Ref, Receipt, Notification, Reconciled bool }

// shownOf reads which columns are shown. Reconciliation is not a merchant's
// business.
func shownOf(q values, merchant string) shown {
	return shown{
		Reversed: q.Choice(paramDate) == byReversed,
		Ref:      q.Flag(paramShowRef), Receipt: q.Flag(paramShowReceipt), Notification: q.Flag(paramShowNotified),
		Reconciled: merchant == "" && q.Flag(paramShowMatched),
	}
}

// detailed says whether anything is asked for that the filter folds away.
func detailed(q *frame.Query) bool {
	folded := []string{
		paramFromHour, paramToHour, paramMin, paramMax, paramNotification, paramReconciled, paramLate,
		paramShowRef, paramShowReceipt, paramShowNotified, paramShowMatched,
	}
	return slices.ContainsFunc(folded, func(name string) bool { return q.Value(name) != "" })
}

// list answers the list of payments, or exports it.
func (a *area) list(c *frame.Call) error {
	merchant, _ := c.Scope()
	today := ledger.CalendarDay(c.Now())
	if err := a.complete(c.Context(), merchant); err != nil {
		return err
	}
	q, err := c.Query(params(merchant != "", today)...)
	if err != nil {
		return err
	}
	s, err := selectionOf(q, today, merchant)
	if err != nil {
		return err
	}
	l := &listing{area: a, lookup: a.lookup(), selection: s, shown: shownOf(q, merchant)}
	return c.List(c.T("payments.list.title"), frame.List{
		Page: "payments/list", Name: "payments", Query: q, Columns: l.columns(merchant), Rows: l.export(merchant),
		View: func(ctx context.Context) (any, error) { return l.view(ctx, q, today, merchant) },
	})
}

// listing is one request for a list.
type listing struct {
	*area
	lookup    *lookup
	selection selection
	shown     shown
}

// view reads the page: the rows, and the totals of all pages.
func (l *listing) view(ctx context.Context, q *frame.Query, today ledger.Day, merchant string) (listView, error) {
	v := listView{
		Selection: l.selection, DateWord: "payments.date." + l.selection.By, Presets: presets(today, l.selection, q.URL()), Shown: l.shown, Merchant: merchant,
		Detailed: detailed(q),
		Dates:    dates(merchant != ""), States: states(), Hours: hours(),
		NotificationStates: notificationStates(), ReconciledStates: reconciledStates(),
	}
	before, after, err := q.Numbers()
	if err != nil {
		return listView{}, err
	}
	page, err := l.page(ctx, before, after)
	if err != nil {
		return listView{}, fmt.Errorf("list payments: %w", err)
	}
	if v.Totals, err = l.totals(ctx); err != nil {
		return listView{}, fmt.Errorf("total of payments: %w", err)
	}
	v.Rows, v.SearchedTo = page.rows, page.searchedTo
	if page.older != 0 {
		q.Next(strconv.FormatUint(page.older, 10))
	}
	if page.newer != 0 {
		q.Previous(strconv.FormatUint(page.newer, 10))
	}
	q.Shown(len(v.Rows))
	q.Total(v.Totals.Exact, v.Totals.Count)
	return v, nil
}

// listed is a page of rows.
type listed struct {
	rows         []row
	older, newer uint64
	searchedTo   time.Time
}

// page reads a page of the selection.
func (l *listing) page(ctx context.Context, before, after uint64) (listed, error) {
	if l.selection.Derived() {
		return l.examine(ctx, before)
	}
	asked := l.selection.Asked
	asked.Before, asked.After, asked.Limit = before, after, pageRows
	found, err := l.Ledger.SearchPayments(ctx, asked)
	if err != nil {
		return listed{}, err
	}
	page := listed{older: found.Older, newer: found.Newer, searchedTo: found.SearchedTo}
	for r, err := range l.rows(ctx, found.Rows) {
		if err != nil {
			return listed{}, err
		}
		page.rows = append(page.rows, r)
	}
	return page, nil
}

// examine reads a page of payments that are chosen one by one: it stops when it
// is full, or when enough were looked at.
func (l *listing) examine(ctx context.Context, before uint64) (listed, error) {
	asked := l.selection.Asked
	asked.Before, asked.Limit = before, maxExamined
	found, err := l.Ledger.SearchPayments(ctx, asked)
	if err != nil {
		return listed{}, err
	}
	page := listed{older: found.Older, searchedTo: found.SearchedTo}
	for r, err := range l.rows(ctx, found.Rows) {
		if err != nil {
			return listed{}, err
		}
		if l.chosen(r) {
			page.rows = append(page.rows, r)
		}
		last := r.Seq == found.Rows[len(found.Rows)-1].Seq
		if len(page.rows) == pageRows && (!last || found.Older != 0) {
			page.older, page.searchedTo = r.Seq, time.Time{}
			return page, nil
		}
	}
	if page.older != 0 && page.searchedTo.IsZero() {
		page.searchedTo = found.Rows[len(found.Rows)-1].At
	}
	return page, nil
}

// chosen holds a row against what the index has not.
func (l *listing) chosen(r row) bool {
	s := l.selection
	return (s.Notification == "" || s.Notification == r.Notification) && (s.Reconciled == "" || s.Reconciled == r.Reconciled)
}

// rows looks up what the rows of some payments show, or are chosen by, beyond the
// index: what merchants were told of all at once, the rest as far as it is asked
// for.
func (l *listing) rows(ctx context.Context, payments []ledger.PaymentRow) iter.Seq2[row, error] {
	return func(yield func(row, error) bool) {
		var told map[uint64]ledger.NotificationState
		var err error
		if l.shown.Notification || l.selection.Notification != "" {
			told, err = l.notified(ctx, payments)
		}
		if err != nil {
			yield(row{}, err)
			return
		}
		for _, p := range payments {
			r, err := l.row(ctx, p)
			r.Notification = string(told[p.Told])
			if !yield(r, err) || err != nil {
				return
			}
		}
	}
}

// row looks up how a payment was compared.
func (l *listing) row(ctx context.Context, p ledger.PaymentRow) (row, error) {
	r := row{PaymentRow: p, StateKind: stateKind(p.State), MerchantName: l.merchantName(p.Merchant)}
	if l.shown.Reconciled || l.selection.Reconciled != "" {
		state, c, err := l.lookup.reconciled(ctx, p)
		if err != nil {
			return row{}, err
		}
		r.Reconciled = state
		if c != nil {
			r.Case = c.ID
		}
	}
	return r, nil
}

// merchantName is what a merchant is called; its id where it is not known.
func (a *area) merchantName(id string) string {
	if m, known := a.Merchants.Merchant(id); known {
		return m.Name
	}
	return id
}

// each is all rows of the selection, the newest first, those too that are not
// chosen. They are looked up in chunks.
func (l *listing) each(ctx context.Context) iter.Seq2[row, error] {
	return func(yield func(row, error) bool) {
		chunk := make([]ledger.PaymentRow, 0, maxExamined)
		flush := func() bool {
			for r, err := range l.rows(ctx, chunk) {
				if !yield(r, err) || err != nil {
					return false
				}
			}
			chunk = chunk[:0]
			return true
		}
		for p, err := range l.Ledger.EachPayment(ctx, l.selection.Asked) {
			if err != nil {
				yield(row{}, err)
				return
			}
			if chunk = append(chunk, p); len(chunk) == maxExamined && !flush() {
				return
			}
		}
		flush()
	}
}

// totals are those of the whole selection. Where payments are looked up one by
// one they are of those that a page may look at.
func (l *listing) totals(ctx context.Context) (totals, error) {
	if !l.selection.Derived() {
		t, err := l.Ledger.PaymentTotals(ctx, l.selection.Asked)
		return totalsOf(t), err
	}
	sum := ledger.PaymentTotals{Exact: true}
	examined := 0
	for r, err := range l.each(ctx) {
		if err != nil {
			return totals{}, err
		}
		if examined++; examined > maxExamined {
			sum.Exact = false
			break
		}
		if l.chosen(r) {
			sum.Add(r.PaymentRow)
		}
	}
	return totalsOf(sum), nil
}
