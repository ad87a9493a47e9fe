package statement

import (
	"strconv"
	"strings"

	"paypoint/ledger"
	"paypoint/reconcile/sheet"
)

// Heights of a line and of the note below it, in mm: some 55 lines to a page.
const (
	lineHeight = 4.6
	noteHeight = 3.6
)

// pageColumns are the columns of the lines on a page: the key by which people
// look a payment up, and what it adds. The others are in the other files.
var pageColumns = [...]struct {
	label
	width float64
	align string
}{
	{lineColumn, 10, "R"}, {timeColumn, 28, "L"}, {orderColumn, 27, "L"}, {codeColumn, 29, "L"},
	{amountColumn, 22, "R"}, {reversalColumn, 21, "R"}, {feesColumn, 21, "R"}, {netColumn, 22, "R"},
}

// pageAmounts is where the columns of money begin.
const pageAmounts = 4

// tableHead names the columns, at the top of each page.
func (d *document) tableHead() {
	d.font("B", smallSize, ink)
	d.pdf.SetFillColor(shade[0], shade[1], shade[2])
	d.pdf.Rect(margin, d.pdf.GetY(), textWidth, 5.6, "F")
	for _, column := range pageColumns {
		d.cell(column.width, 5.6, d.words.say(column.label), column.align)
	}
	d.pdf.Ln(6.2)
}

// line writes a line, with its note if it needs one; never on two pages.
func (d *document) line(l line) error {
	if !d.listed {
		return nil
	}
	note := d.note(l)
	height := lineHeight
	if note != "" {
		height += noteHeight
	}
	d.room(height)
	d.lineCells(l)
	if note != "" {
		d.font("", smallSize-0.5, grey)
		d.pdf.SetX(margin + pageColumns[0].width)
		d.cell(textWidth-pageColumns[0].width, noteHeight, note, "L")
		d.pdf.Ln(noteHeight)
	}
	return d.pdf.Error()
}

// lineCells writes the columns of a line. What was taken back is grey.
func (d *document) lineCells(l line) {
	colour := ink
	if l.Status == Reversed {
		colour = grey
	}
	d.font("", smallSize, colour)
	order := l.Order
	// An adjustment may correct no payment of the merchant's.
	if order == "" {
		order = d.words.status(l.Status)
	}
	for i, text := range []string{strconv.Itoa(l.number), d.words.clock(l.At), order, string(l.Code)} {
		d.cell(pageColumns[i].width, lineHeight, text, pageColumns[i].align)
	}
	d.amounts(lineHeight, figure(l.gross+l.adjustment), orBlank(-l.reversal), orBlank(-l.fees()), figure(l.net()))
}

// amounts writes the columns of money, and ends the row.
func (d *document) amounts(height float64, amounts ...string) {
	for i, amount := range amounts {
		d.figure(pageColumns[pageAmounts+i].width, height, amount)
	}
	d.pdf.Ln(height)
}

// note is what is written below a line that needs explaining.
func (d *document) note(l line) string {
	var parts []string
	if l.Status == Adjusted {
		parts = append(parts, d.words.status(l.Status))
	}
	if l.Of != "" {
		parts = append(parts, d.words.say(correctsWord, d.words.day(l.Of)))
	}
	if l.late {
		parts = append(parts, d.words.say(lateWord, d.words.day(l.Day)))
	}
	if l.Note != "" {
		parts = append(parts, sheet.Plain(l.Note))
	}
	return strings.Join(parts, " · ")
}

// tableEnd adds the columns up.
func (d *document) tableEnd(t Totals) {
	d.room(lineHeight + 2)
	d.rule(faint)
	d.font("B", smallSize, ink)
	keys := 0.0
	for _, column := range pageColumns[:pageAmounts] {
		keys += column.width
	}
	d.pdf.SetX(margin + pageColumns[0].width)
	d.cell(keys-pageColumns[0].width, lineHeight+1, d.words.say(totalLabel), "L")
	fees := t.PartnerFee + t.OwnFee
	d.amounts(lineHeight+1, figure(t.Gross+t.Adjustments), orBlank(-t.Reversals), orBlank(-fees), figure(t.Sales-fees))
}

// room turns the page where a row would not fit.
func (d *document) room(height float64) {
	if d.pdf.GetY()+height <= textBottom {
		return
	}
	d.pdf.AddPage()
	d.tableHead()
}

// orBlank is an amount, or nothing for 0.
func orBlank(amount ledger.Rupiah) string {
	if amount == 0 {
		return ""
	}
	return figure(amount)
}

// groups writes a count like an amount.
func groups(n int) string { return figure(ledger.Rupiah(n)) }
