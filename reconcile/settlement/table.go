package settlement

import (
	"io"

	"paypoint/ledger"
	"paypoint/reconcile/sheet"
)

// table writes CSV.
type table struct{ *sheet.CSVWriter }

func newTable(w io.Writer) table { return table{sheet.NewCSVWriter(w, columns[:]...)} }

func (t table) line(number int, l ledger.Line) error {
	cells := typed(number, l)
	return t.Row(cells[:]...)
}

// finish writes what is left. There is no row of totals: a program that adds a
// column up would count it too.
func (t table) finish(Totals) error { return t.Finish() }
