package payments

import (
	"context"
	"iter"

	"paypoint/reconcile/sheet"
)

// exported is a column of the list's export, in the list's order.
type exported struct {
	sheet.Column
	cell func(row) any
}

// exportedColumns are the columns of what is seen: the usual ones and those that
// were chosen. Their names are the same in both languages, for other programs
// read them.
func (l *listing) exportedColumns(merchant string) []exported {
	list := []exported{
		{sheet.Column{Name: "paid_at_wib", Kind: sheet.Time}, func(r row) any { return r.At }},
		{sheet.Column{Name: "payment_code"}, func(r row) any { return r.Code }},
		{sheet.Column{Name: "order_id", Width: 30}, func(r row) any { return r.Order }},
		{sheet.Column{Name: "transaction_id", Width: 38}, func(r row) any { return r.ID }},
		{sheet.Column{Name: "merchant"}, func(r row) any { return r.Merchant }},
		{sheet.Column{Name: "store"}, func(r row) any { return r.Store }},
		{sheet.Column{Name: "amount", Kind: sheet.Rupiah}, func(r row) any { return r.Amount }},
		{sheet.Column{Name: "fee", Kind: sheet.Rupiah}, func(r row) any { return r.Fee }},
		{sheet.Column{Name: "status", Width: 14}, func(r row) any { return r.State }},
	}
	add := func(on bool, name string, kind sheet.Kind, cell func(row) any) {
		if on {
			list = append(list, exported{sheet.Column{Name: name, Kind: kind}, cell})
		}
	}
	add(l.shown.Reversed, "reversed_at_wib", sheet.Time, func(r row) any { return r.Reversed })
	add(merchant == "", "batch", sheet.Day, func(r row) any { return r.Day })
	add(l.shown.Ref, "tracking_ref", sheet.Text, func(r row) any { return r.Ref })
	add(l.shown.Receipt, "receipt", sheet.Text, func(r row) any { return r.Receipt })
	add(l.shown.Notification, "notification", sheet.Text, func(r row) any { return r.Notification })
	add(l.shown.Reconciled, "reconciliation", sheet.Text, func(r row) any { return r.Reconciled })
	return list
}

// columns are the columns as the file's writer wants them.
func (l *listing) columns(merchant string) []sheet.Column {
	var columns []sheet.Column
	for _, c := range l.exportedColumns(merchant) {
		columns = append(columns, c.Column)
	}
	return columns
}

// export is the rows of the export: all of the selection, on whatever page the
// list was.
func (l *listing) export(merchant string) func(ctx context.Context) iter.Seq2[[]any, error] {
	columns := l.exportedColumns(merchant)
	return func(ctx context.Context) iter.Seq2[[]any, error] {
		return func(yield func([]any, error) bool) {
			for r, err := range l.each(ctx) {
				if err != nil {
					yield(nil, err)
					return
				}
				if !l.chosen(r) {
					continue
				}
				cells := make([]any, len(columns))
				for i, c := range columns {
					cells[i] = c.cell(r)
				}
				if !yield(cells, nil) {
					return
				}
			}
		}
	}
}
