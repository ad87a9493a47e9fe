package statement

import (
	"fmt"

	"github.com/xuri/excelize/v2"

	"paypoint/ledger"
)

// headings name the columns of the lines, in the order of columns.
var headings = [len(columns)]label{
	lineColumn, statusColumn, timeColumn, dayColumn, ofColumn, lateColumn,
	orderColumn, codeColumn, refColumn, storeColumn,
	grossColumn, reversalColumn, adjustmentColumn, partnerFeeColumn, ownFeeColumn, netColumn, customerFeeColumn, noteColumn,
}

// firstAmount and lastAmount are the columns that hold money.
const firstAmount, lastAmount = 10, 16

// widths are those of the columns in characters.
var widths = [len(columns)]float64{8, 10, 20, 14, 12, 9, 26, 20, 22, 12, 18, 16, 16, 17, 16, 18, 18, 44}

// line adds a line, on a new sheet where the present one is full.
func (b *workbook) line(l line) error {
	if err := b.room(); err != nil {
		return err
	}
	return b.write(b.cells(l))
}

// room starts a new sheet where there is none yet or it is full.
func (b *workbook) room() error {
	if b.sheet != nil && b.row < b.sheetRows {
		return nil
	}
	return b.nextSheet()
}

// write adds a row to the sheet.
func (b *workbook) write(cells []any) error {
	b.row++
	return b.sheet.SetRow(fmt.Sprintf("A%d", b.row), cells)
}

// cells are the columns of a line, typed. Codes stay text: their leading zeros
// count. Text is never a formula here: it is an inline string.
func (b *workbook) cells(l line) []any {
	cells := []any{
		l.number, b.words.status(l.Status), b.styled(b.moment, wallClock(l.At)), b.dayCell(l.Day), b.dayCell(l.Of), nil,
	}
	if l.late {
		cells[5] = b.words.say(yesWord)
	}
	for _, text := range l.texts() {
		cells = append(cells, textCell(text))
	}
	for _, amount := range l.amounts() {
		cells = append(cells, b.figure(amount))
	}
	return append(cells, textCell(plain(l.Note)))
}

// dayCell is a date, or nothing.
func (b *workbook) dayCell(d ledger.Day) any {
	if d == "" {
		return nil
	}
	return b.styled(b.day, wallClock(d.End(0)))
}

// textCell is a text, or nothing.
func textCell(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// totalCells are the row below the lines: each column's sum over all sheets.
func (b *workbook) totalCells(t Totals) []any {
	cells := make([]any, len(columns))
	for i := range cells {
		cells[i] = b.styled(b.result, nil)
	}
	cells[0] = b.styled(b.result, b.words.say(totalLabel))
	for i, amount := range []ledger.Rupiah{
		t.Gross, t.Reversals, t.Adjustments, t.PartnerFee, t.OwnFee, t.Sales - t.PartnerFee - t.OwnFee, t.CustomerFee,
	} {
		cells[firstAmount+i] = b.styled(b.sum, int64(amount))
	}
	return cells
}

// nextSheet starts a sheet of lines with a header row that stays in view.
func (b *workbook) nextSheet() error {
	if err := b.endSheet(); err != nil {
		return err
	}
	b.sheets++
	name := b.words.say(detailsLabel)
	if b.sheets > 1 {
		name = fmt.Sprintf("%s %d", name, b.sheets)
	}
	if _, err := b.file.NewSheet(name); err != nil {
		return fmt.Errorf("add sheet %s: %w", name, err)
	}
	// The header is printed on every page.
	if err := b.file.SetDefinedName(&excelize.DefinedName{Name: "_xlnm.Print_Titles", RefersTo: "'" + name + "'!$1:$1", Scope: name}); err != nil {
		return fmt.Errorf("repeat header of sheet %s: %w", name, err)
	}
	sheet, err := b.start(name, "landscape")
	if err != nil {
		return err
	}
	b.sheet, b.row = sheet, 0
	if err := sheet.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return fmt.Errorf("freeze header of sheet %s: %w", name, err)
	}
	if err := widen(sheet, widths[:]); err != nil {
		return fmt.Errorf("widen sheet %s: %w", name, err)
	}
	return b.write(b.headingCells())
}

// headingCells name the columns, those of money at the right like their figures.
func (b *workbook) headingCells() []any {
	cells := make([]any, len(headings))
	for i, heading := range headings {
		style := b.head
		if i >= firstAmount && i <= lastAmount {
			style = b.headRight
		}
		cells[i] = b.styled(style, b.words.say(heading))
	}
	return cells
}

// endSheet writes what follows a sheet's rows.
func (b *workbook) endSheet() error {
	if b.sheet == nil {
		return nil
	}
	if err := b.sheet.Flush(); err != nil {
		return fmt.Errorf("end sheet of lines %d: %w", b.sheets, err)
	}
	return nil
}
