package settlement

import (
	"io"
	"time"

	"paypoint/ledger"
	"paypoint/reconcile/sheet"
)

// The names of the sheets; a second one of payments and adjustments is called
// "Payments 2".
const (
	summarySheet  = "Summary"
	paymentsSheet = "Payments"
)

// summaryWidths are those of the first sheet's columns in characters; a hash takes
// the last two.
var summaryWidths = [...]float64{20, 24, 46}

// widths are those of the columns of lines in characters.
var widths = [len(columns)]float64{9, 20, 12, 22, 20, 14, 17, 14, 17, 11, 16, 38, 7, 16}

// workbook writes XLSX: a summary, and the lines.
type workbook struct {
	*sheet.Book
	out io.Writer
}

// newWorkbook begins a workbook whose sheets have at most so many rows; 0 is as
// many as they can have.
func newWorkbook(w io.Writer, batch ledger.Batch, tempDir string, sheetRows int) (*workbook, error) {
	book, err := sheet.NewBook(sheet.BookOptions{
		TempDir: tempDir, Title: "Settlement " + string(batch.Day),
		// A workbook names when it was made: that is the closing, or two exports
		// would not be the same.
		At: batch.ClosedAt, SheetRows: sheetRows,
	})
	if err != nil {
		return nil, err
	}
	b := &workbook{book, w}
	if err := b.begin(batch); err != nil {
		b.Discard()
		return nil, err
	}
	return b, nil
}

// begin writes the first sheet and the heads of the second. The batch's totals
// stand there before the payments are read: where these differ, no workbook comes
// out.
func (b *workbook) begin(batch ledger.Batch) error {
	if err := b.Front(summarySheet, summaryWidths[:], b.summary(batch)); err != nil {
		return err
	}
	var headings []sheet.Heading
	for i, column := range columns {
		headings = append(headings, sheet.Heading{Name: column, Width: widths[i], Right: i >= firstAmount && i <= lastAmount})
	}
	return b.List(paymentsSheet, headings)
}

// summary are the rows of the first sheet, named as in the text file's H and T.
func (b *workbook) summary(batch ledger.Batch) [][]any {
	totals := TotalsOf(batch)
	name := func(s string) any { return b.Cell(sheet.LookBold, s) }
	return [][]any{
		{name("partner"), b.Text(batch.Partner)},
		{name("business_date"), b.Date(batch.Day.Midnight())},
		{name("batch_no"), b.Cell(sheet.LookLeft, batch.No)},
		{name("closed_at_wib"), b.Moment(batch.ClosedAt)},
		{name("closed_early"), flag(batch.Early)},
		{name("count_paid"), b.Number(int64(totals.Paid))},
		{name("sum_amount"), b.Number(int64(totals.Amount))},
		{name("count_reversed"), b.Number(int64(totals.Reversed))},
		{name("sum_reversed"), b.Number(int64(totals.ReversedAmount))},
		{name("sum_fee"), b.Number(int64(totals.Fee))},
		{name("sum_net"), b.Number(int64(totals.Net))},
		{name("count_adjusted"), b.Number(int64(totals.Adjustments))},
		{name("sum_adjusted"), b.Number(int64(totals.Adjusted))},
		{name("txt_sha256"), batch.SHA256},
		{name("prev_sha256"), previousHash(batch)},
	}
}

func (b *workbook) line(number int, l ledger.Line) error {
	cells := typed(number, l)
	cells[0] = b.Cell(sheet.LookLeft, number)
	for i, cell := range cells {
		switch of := cell.(type) {
		case string:
			cells[i] = b.Text(of)
		case time.Time:
			cells[i] = b.Moment(of)
		case ledger.Rupiah:
			cells[i] = b.Number(int64(of))
		}
	}
	return b.Row(cells[:])
}

// finish packs the sheets. A day without payments has an empty sheet of them.
func (b *workbook) finish(Totals) error { return b.Finish(b.out) }
