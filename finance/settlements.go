package finance

import (
	"context"
	"net/http"
	"time"

	"paypoint/ledger"
	"paypoint/reconcile/settlement"
)

// The values of Settlement.Status.
const (
	StatusOpen   = "open"
	StatusClosed = "closed"
)

// Settlement is a day's settlement as JSON. Counts and sums are named as in the
// file's T line.
type Settlement struct {
	BusinessDate ledger.Day `json:"business_date"`
	// Status is StatusOpen or StatusClosed.
	Status        string        `json:"status"`
	CountPaid     int           `json:"count_paid"`
	SumAmount     ledger.Rupiah `json:"sum_amount"`
	CountReversed int           `json:"count_reversed"`
	SumReversed   ledger.Rupiah `json:"sum_reversed"`
	SumFee        ledger.Rupiah `json:"sum_fee"`
	SumNet        ledger.Rupiah `json:"sum_net"`
	// CountAdjusted and SumAdjusted are the approved corrections, which SumNet has
	// in it.
	CountAdjusted int           `json:"count_adjusted"`
	SumAdjusted   ledger.Rupiah `json:"sum_adjusted"`
	// ClosesFrom is when an open day may be closed; times are RFC 3339 in WIB.
	ClosesFrom string `json:"closes_from,omitempty"`
	// BatchNo numbers the closed days from 1 on; it and the rest are of closed
	// days alone.
	BatchNo  uint64 `json:"batch_no,omitempty"`
	ClosedAt string `json:"closed_at,omitempty"`
	// ClosedBy is who closed it; it is left out where that was not kept yet.
	ClosedBy string `json:"closed_by,omitempty"`
	// Early says that the day was closed before ClosesFrom.
	Early bool `json:"early,omitempty"`
	// SHA256 is the text file's; without it the file is made when it is asked
	// for. PreviousSHA256 is that of the batch before.
	SHA256         string `json:"sha256,omitempty"`
	PreviousSHA256 string `json:"prev_sha256,omitempty"`
	// Transfer is the reference of the bank transfer that was matched to it.
	Transfer string `json:"transfer,omitempty"`
}

// view leaves out what an open day has not got, so that no zero hash or batch
// number is taken for a real one.
func (a *api) view(b ledger.Batch) Settlement {
	totals := settlement.TotalsOf(b)
	v := Settlement{
		BusinessDate: b.Day, Status: StatusOpen,
		CountPaid: totals.Paid, SumAmount: totals.Amount,
		CountReversed: totals.Reversed, SumReversed: totals.ReversedAmount,
		SumFee: totals.Fee, SumNet: totals.Net,
		CountAdjusted: totals.Adjustments, SumAdjusted: totals.Adjusted,
	}
	if !b.Closed() {
		v.ClosesFrom = wib(a.Settlement.ClosesFrom(b.Day))
		return v
	}
	v.Status, v.BatchNo, v.ClosedAt, v.Early = StatusClosed, b.No, wib(b.ClosedAt), b.Early
	v.ClosedBy = b.ClosedBy
	v.SHA256, v.PreviousSHA256, v.Transfer = b.SHA256, b.PreviousSHA256, b.Transfer
	return v
}

// wib is a moment as RFC 3339 in WIB.
func wib(t time.Time) string { return t.In(ledger.WIB).Format(time.RFC3339) }

// SettlementList is a page of settlements, in the order of the calendar.
type SettlementList struct {
	Settlements []Settlement `json:"settlements"`
	// NextCursor asks for the next page; without it this was the last.
	NextCursor ledger.Day `json:"next_cursor,omitempty"`
}

// listSettlements answers a page of days, in the order of the calendar.
func (a *api) listSettlements(c *call) error {
	from, limit, err := daysQuery(c, maxDays)
	if err != nil {
		return err
	}
	// One more than asked for tells whether another page follows.
	batches, err := a.Settlement.List(c.r.Context(), from, limit+1)
	if err != nil {
		return err
	}
	batches, next := pageOf(batches, limit, func(b ledger.Batch) ledger.Day { return b.Day })
	list := SettlementList{Settlements: []Settlement{}, NextCursor: next}
	for _, b := range batches {
		list.Settlements = append(list.Settlements, a.view(b))
	}
	return c.reply(http.StatusOK, list)
}

// daysQuery is the first day of the page that is asked for, and its length. A
// cursor is the day with which the page begins.
func daysQuery(c *call, most int) (from ledger.Day, limit int, err error) {
	values, err := c.parameters("from", "limit", "cursor")
	if err != nil {
		return "", 0, err
	}
	if from, err = dayOf(values, "from"); err != nil {
		return "", 0, err
	}
	cursor, err := dayOf(values, "cursor")
	if err != nil {
		return "", 0, err
	}
	limit, err = limitOf(values, usualDays, most)
	return max(from, cursor), limit, err
}

// getSettlement answers how a day stands, open or closed.
func (a *api) getSettlement(c *call) error {
	day, err := a.dayAlone(c)
	if err != nil {
		return err
	}
	batch, err := a.Settlement.Get(c.r.Context(), day)
	if err != nil {
		return a.aboutDay(day, err)
	}
	return c.reply(http.StatusOK, a.view(batch))
}

// Closing is the answer to a closing, the first and any later one.
type Closing struct {
	Settlement
	// BeyondReversal is how many payments can't be reversed any more.
	BeyondReversal int `json:"beyond_reversal"`
}

// closeSettlement closes a day for good.
func (a *api) closeSettlement(c *call) error {
	day, err := a.day(c)
	if err != nil {
		return err
	}
	values, err := c.parameters("early")
	if err != nil {
		return err
	}
	if c.act.Early, err = flagOf(values, "early"); err != nil {
		return err
	}
	// Making the file of a large day takes a while, longer than a server waits
	// for other answers. A caller who hangs up meanwhile leaves no work half done.
	c.answer.wait()
	batch, err := a.Settlement.Close(context.WithoutCancel(c.r.Context()), day, c.act.Early, c.act.Who)
	if err != nil {
		return a.aboutDay(day, err)
	}
	c.act.Payments = batch.Paid
	return c.reply(http.StatusOK, Closing{a.view(batch), batch.Paid})
}
