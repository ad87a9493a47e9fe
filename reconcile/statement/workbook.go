package statement

import (
	"fmt"
	"io"
	"unicode/utf8"

	"paypoint/reconcile/sheet"
)

// summaryWidths are those of the first sheet's columns in characters, valueWidth
// that of the last two together.
var summaryWidths = [...]float64{62, 22, 26}

const valueWidth = 48

// workbook writes XLSX: a summary, and the lines.
type workbook struct {
	*sheet.Book
	out   io.Writer
	words words
}

// newWorkbook begins a workbook whose sheets have at most so many rows; 0 is as
// many as they can have.
func newWorkbook(w io.Writer, s Statement, tempDir string, sheetRows int, words words) (*workbook, error) {
	book, err := sheet.NewBook(sheet.BookOptions{
		TempDir: tempDir, Title: fmt.Sprintf("%s %d", words.say(titleLabel), s.No),
		// Two files of a statement would not be the same if they named their own time.
		At: s.ClosedAt, SheetRows: sheetRows,
	})
	if err != nil {
		return nil, err
	}
	b := &workbook{Book: book, out: w, words: words}
	if err := b.begin(s); err != nil {
		b.Discard()
		return nil, err
	}
	return b, nil
}

// begin writes the first sheet and the heads of the second. The totals stand there
// before the lines are read: where these differ, no workbook comes out.
func (b *workbook) begin(s Statement) error {
	if err := b.Front(b.words.say(summaryLabel), summaryWidths[:], b.summary(s)); err != nil {
		return err
	}
	return b.List(b.words.say(detailsLabel), b.headings())
}

// summary are the rows of the first sheet.
func (b *workbook) summary(s Statement) [][]any {
	w := b.words
	rows := append([][]any{{b.Cell(sheet.LookTitle, w.say(titleLabel))}, {}}, b.headRows(s.Head)...)
	rows = append(rows, []any{}, []any{
		b.Cell(sheet.LookHead, w.say(itemLabel)), b.Cell(sheet.LookHeadRight, w.say(paymentsLabel)), b.Cell(sheet.LookHeadRight, w.say(rupiahLabel)),
	})
	for _, r := range w.rows(s.Totals) {
		rows = append(rows, b.totalRow(r))
	}
	return append(rows,
		[]any{},
		[]any{w.say(customerFeeLabel), nil, b.Number(int64(s.CustomerFee))},
		[]any{b.Cell(sheet.LookRemark, w.say(roundingLabel))},
		[]any{},
		[]any{b.Cell(sheet.LookBold, w.say(hashLabel))}, []any{s.SHA256},
		[]any{b.Cell(sheet.LookBold, w.say(previousHashLabel))}, []any{b.Text(s.PreviousSHA256)},
	)
}

// headRows say whose statement it is, and for when.
func (b *workbook) headRows(h Head) [][]any {
	name := func(l label) any { return b.Cell(sheet.LookBold, b.words.say(l)) }
	rows := [][]any{
		{name(numberLabel), b.Cell(sheet.LookLeft, h.No)},
		{name(periodLabel), b.Date(h.From.Midnight()), b.Date(h.To.Midnight())},
		{name(closedLabel), b.Moment(h.ClosedAt), "WIB"},
		{name(issuerLabel), sheet.Plain(h.Issuer.Name)},
	}
	for _, p := range []struct {
		label
		text string
	}{
		{taxIDLabel, h.Issuer.TaxID}, {addressLabel, h.Issuer.Address},
		{merchantLabel, h.Merchant.Name + " (" + h.Merchant.ID + ")"},
		{taxIDLabel, h.Merchant.TaxID}, {addressLabel, h.Merchant.Address},
	} {
		first := name(p.label)
		for _, part := range wrap(sheet.Plain(p.text), MaxText, func(part string) bool { return utf8.RuneCountInString(part) <= valueWidth }) {
			rows, first = append(rows, []any{first, part}), nil
		}
	}
	return rows
}

// totalRow is a row of the totals; results are bold below a line.
func (b *workbook) totalRow(r row) []any {
	if r.result {
		return []any{b.Cell(sheet.LookResult, r.label), b.Cell(sheet.LookResult, nil), b.Cell(sheet.LookSum, int64(r.amount))}
	}
	count := any(nil)
	if r.count >= 0 {
		count = b.Number(int64(r.count))
	}
	return []any{r.label, count, b.Number(int64(r.amount))}
}

// finish writes the totals below the lines and packs the sheets.
func (b *workbook) finish(t Totals) error {
	if err := b.Row(b.totalCells(t)); err != nil {
		return err
	}
	return b.Finish(b.out)
}
