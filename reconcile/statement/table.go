package statement

import (
	"io"

	"paypoint/ledger"
	"paypoint/reconcile/sheet"
)

// columns are the fields of a line in CSV, and the order of the workbook's.
var columns = [...]string{
	"line", "status", "trx_time_wib", "business_date", "corrects_date", "late",
	"order_id", "payment_code", "tracking_ref", "store_id",
	"gross", "reversal", "adjustment", "partner_fee", "own_fee", "net_before_tax", "customer_fee", "note",
}

// amounts are a line's columns gross to customer_fee.
func (l line) amounts() [7]ledger.Rupiah {
	return [...]ledger.Rupiah{l.gross, l.reversal, l.adjustment, l.partnerFee, l.ownFee, l.net(), l.CustomerFee}
}

// texts are a line's columns from order_id to store_id.
func (l line) texts() [4]string {
	return [...]string{l.Order, string(l.Code), string(l.Ref), l.Store}
}

// table writes CSV.
type table struct{ *sheet.CSVWriter }

func newTable(w io.Writer) table { return table{sheet.NewCSVWriter(w, columns[:]...)} }

func (t table) line(l line) error {
	late := "N"
	if l.late {
		late = "Y"
	}
	cells := []any{l.number, l.Status, l.At, l.Day, l.Of, late}
	for _, text := range l.texts() {
		cells = append(cells, text)
	}
	for _, amount := range l.amounts() {
		cells = append(cells, amount)
	}
	return t.Row(append(cells, l.Note)...)
}

// finish writes what is left. There is no row of totals: a program that adds a
// column up would count it too.
func (t table) finish(Totals) error { return t.Finish() }
