package money

import (
	"context"
	"iter"

	"paypoint/console/frame"
	"paypoint/ledger"
	"paypoint/reconcile"
	"paypoint/reconcile/sheet"
)

// receivablesView is what Indomaret owes by batch.
type receivablesView struct {
	Rows   []reconcile.Receivable
	Unpaid ledger.Rupiah
}

// firstShown is from when on batches are shown where no day is named: 31 days back.
const firstShown = 31

// receivables answers GET /money/receivables, the oldest batch first.
func (a *area) receivables(c *frame.Call) error {
	q, err := c.Query(frame.Param{Name: "from", Kind: frame.DayOf, Word: "money.from", Default: string(a.daysBack(firstShown))})
	if err != nil {
		return err
	}
	return c.List(c.T("money.receivables"), frame.List{
		Page: "money/receivables", Name: "receivables", Query: q,
		Columns: []sheet.Column{
			{Name: "day", Kind: sheet.Day}, {Name: "batch", Kind: sheet.Serial}, {Name: "amount", Kind: sheet.Rupiah}, {Name: "fee", Kind: sheet.Rupiah},
			{Name: "adjusted", Kind: sheet.Rupiah}, {Name: "net", Kind: sheet.Rupiah}, {Name: "paid_by", Width: 24}, {Name: "unpaid", Kind: sheet.Rupiah},
		},
		Rows: func(ctx context.Context) iter.Seq2[[]any, error] { return a.receivableRows(ctx, q.Day("from")) },
		View: func(ctx context.Context) (any, error) {
			from := q.Day("from")
			if after := q.After(); after != "" {
				if from, err = ledger.ParseDay(after); err != nil {
					return nil, q.NoPlace()
				}
			}
			return a.receivablesView(ctx, q, from)
		},
	})
}

// daysBack is the calendar day so many days ago, in WIB.
func (a *area) daysBack(days int) ledger.Day {
	return ledger.Day(a.Now().In(ledger.WIB).AddDate(0, 0, -days).Format("2006-01-02"))
}

// receivablesView is a page of batches from a day on. One more than is shown tells
// whether any follow.
func (a *area) receivablesView(ctx context.Context, q *frame.Query, from ledger.Day) (receivablesView, error) {
	rows, err := a.Cash.Receivables(ctx, from, rowsPerPage+1)
	if err != nil {
		return receivablesView{}, err
	}
	if len(rows) > rowsPerPage {
		q.Previous(string(rows[rowsPerPage].Day))
		rows = rows[:rowsPerPage]
	}
	q.Shown(len(rows))
	v := receivablesView{Rows: rows}
	for _, r := range rows {
		v.Unpaid += r.Unpaid
	}
	return v, nil
}

// receivableRows are all batches from a day on.
func (a *area) receivableRows(ctx context.Context, from ledger.Day) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		for {
			rows, err := a.Cash.Receivables(ctx, from, rowsAtOnce)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, r := range rows {
				if !yield([]any{r.Day, r.No, r.Amount, r.Fee, r.Adjusted, r.Net, r.Transfer, r.Unpaid}, nil) {
					return
				}
			}
			if len(rows) < rowsAtOnce {
				return
			}
			from = rows[len(rows)-1].Day.Next()
		}
	}
}
