package statement

import (
	"paypoint/ledger"
	"paypoint/reconcile/sheet"
)

// headingLabels name the columns of the lines, in the order of columns.
var headingLabels = [len(columns)]label{
	lineColumn, statusColumn, timeColumn, dayColumn, ofColumn, lateColumn,
	orderColumn, codeColumn, refColumn, storeColumn,
	grossColumn, reversalColumn, adjustmentColumn, partnerFeeColumn, ownFeeColumn, netColumn, customerFeeColumn, noteColumn,
}

// firstAmount and lastAmount are the columns that hold money.
const firstAmount, lastAmount = 10, 16

// widths are those of the columns in characters.
var widths = [len(columns)]float64{8, 10, 20, 14, 12, 9, 26, 20, 22, 12, 18, 16, 16, 17, 16, 18, 18, 44}

// headings are the heads of the columns.
func (b *workbook) headings() []sheet.Heading {
	var headings []sheet.Heading
	for i, l := range headingLabels {
		headings = append(headings, sheet.Heading{Name: b.words.say(l), Width: widths[i], Right: i >= firstAmount && i <= lastAmount})
	}
	return headings
}

// line adds a line.
func (b *workbook) line(l line) error { return b.Row(b.cells(l)) }

// cells are the columns of a line, typed. Codes stay text: their leading zeros
// count. Text is never a formula here: it is an inline string.
func (b *workbook) cells(l line) []any {
	cells := []any{
		b.Cell(sheet.LookLeft, l.number), b.words.status(l.Status), b.Moment(l.At), b.dayCell(l.Day), b.dayCell(l.Of), nil,
	}
	if l.late {
		cells[5] = b.words.say(yesWord)
	}
	for _, text := range l.texts() {
		cells = append(cells, b.Text(text))
	}
	for _, amount := range l.amounts() {
		cells = append(cells, b.Number(int64(amount)))
	}
	return append(cells, b.Text(l.Note))
}

// dayCell is a date, or nothing.
func (b *workbook) dayCell(d ledger.Day) any {
	if d == "" {
		return nil
	}
	return b.Date(d.End(0))
}

// totalCells are the row below the lines: each column's sum over all sheets.
func (b *workbook) totalCells(t Totals) []any {
	cells := make([]any, len(columns))
	for i := range cells {
		cells[i] = b.Cell(sheet.LookResult, nil)
	}
	cells[0] = b.Cell(sheet.LookResult, b.words.say(totalLabel))
	for i, amount := range []ledger.Rupiah{
		t.Gross, t.Reversals, t.Adjustments, t.PartnerFee, t.OwnFee, t.Sales - t.PartnerFee - t.OwnFee, t.CustomerFee,
	} {
		cells[firstAmount+i] = b.Cell(sheet.LookSum, int64(amount))
	}
	return cells
}
