package statement

import (
	"fmt"
	"io"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"

	"paypoint/ledger"
)

// maxSheetRows is how many rows a sheet of XLSX holds.
const maxSheetRows = excelize.TotalRows

// summaryWidths are those of the first sheet's columns in characters, valueWidth
// that of the last two together.
var summaryWidths = [...]float64{62, 22, 26}

const valueWidth = 48

// workbook writes XLSX: a summary, and the lines on as many sheets as they need.
// The rows go to temporary files, the sheets are packed at the end.
type workbook struct {
	out       io.Writer
	file      *excelize.File
	archive   *archive
	words     words
	sheetRows int

	sheets int
	sheet  *excelize.StreamWriter
	row    int

	styles
}

// styles are how cells look.
type styles struct {
	title, bold, head, headRight, result, moment, day, number, sum, remark, left int
}

// newWorkbook begins a workbook whose sheets have at most so many rows.
func newWorkbook(w io.Writer, tempDir string, sheetRows int, words words) (*workbook, error) {
	packed, err := newArchive(tempDir)
	if err != nil {
		return nil, err
	}
	file := excelize.NewFile(excelize.Options{TmpDir: tempDir})
	file.SetZipWriter(func(io.Writer) excelize.ZipWriter { return packed })
	b := &workbook{out: w, file: file, archive: packed, words: words, sheetRows: sheetRows}
	if err := b.makeStyles(); err != nil {
		b.discard()
		return nil, err
	}
	return b, nil
}

// discard removes the temporary files.
func (b *workbook) discard() {
	// What can't be removed is no concern of the caller's.
	_ = b.file.Close()
	b.archive.discard()
}

// makeStyles registers how cells look, in a fixed order: their numbers are part
// of the file.
func (b *workbook) makeStyles() error {
	const thousands = 3 // "#,##0", ECMA-376 part 1, 18.8.30
	moment, day := "yyyy-mm-dd hh:mm:ss", "yyyy-mm-dd"
	// Without a family a bold font would be another one than the default.
	const family, size = "Calibri", 11
	bold := &excelize.Font{Bold: true, Family: family, Size: size}
	// The colours are those of the pages, so that both look like one house's.
	shade := excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"E6ECF2"}}
	above := []excelize.Border{{Type: "top", Style: 1, Color: "5A6673"}}
	left := &excelize.Alignment{Horizontal: "left"}
	right := &excelize.Alignment{Horizontal: "right"}
	for _, style := range []struct {
		id   *int
		look excelize.Style
	}{
		{&b.title, excelize.Style{Font: &excelize.Font{Bold: true, Family: family, Size: 16}}},
		{&b.bold, excelize.Style{Font: bold}},
		{&b.head, excelize.Style{Font: bold, Fill: shade}},
		{&b.headRight, excelize.Style{Font: bold, Fill: shade, Alignment: right}},
		{&b.result, excelize.Style{Font: bold, Border: above}},
		{&b.moment, excelize.Style{CustomNumFmt: &moment, Alignment: left}},
		{&b.day, excelize.Style{CustomNumFmt: &day, Alignment: left}},
		{&b.number, excelize.Style{NumFmt: thousands}},
		{&b.sum, excelize.Style{NumFmt: thousands, Font: bold, Border: above}},
		{&b.remark, excelize.Style{Font: &excelize.Font{Color: "5A6673", Italic: true, Family: family, Size: size}}},
		{&b.left, excelize.Style{Alignment: left}},
	} {
		id, err := b.file.NewStyle(&style.look)
		if err != nil {
			return fmt.Errorf("make cell style: %w", err)
		}
		*style.id = id
	}
	return nil
}

// summarise writes the first sheet. The totals stand there before the lines are
// read: where these differ, no workbook comes out.
func (b *workbook) summarise(s Statement) error {
	closed := s.ClosedAt.UTC().Format(time.RFC3339)
	// A workbook names when it was made: that is the closing, or two would not
	// be the same.
	err := b.file.SetDocProps(&excelize.DocProperties{
		Creator: "paypoint", LastModifiedBy: "paypoint", Created: closed, Modified: closed,
		Title: fmt.Sprintf("%s %d", b.words.say(titleLabel), s.No),
	})
	if err != nil {
		return fmt.Errorf("describe workbook: %w", err)
	}
	name := b.words.say(summaryLabel)
	if err := b.file.SetSheetName("Sheet1", name); err != nil {
		return fmt.Errorf("name sheet %s: %w", name, err)
	}
	sheet, err := b.start(name, "portrait")
	if err != nil {
		return err
	}
	if err := widen(sheet, summaryWidths[:]); err != nil {
		return fmt.Errorf("widen sheet %s: %w", name, err)
	}
	for i, row := range b.summary(s) {
		if err := sheet.SetRow(fmt.Sprintf("A%d", i+1), row); err != nil {
			return fmt.Errorf("write sheet %s: %w", name, err)
		}
	}
	return sheet.Flush()
}

// start begins a sheet that prints on A4, as wide as the paper.
func (b *workbook) start(name, orientation string) (*excelize.StreamWriter, error) {
	const a4 = 9 // ECMA-376 part 1, 18.3.1.63, paperSize
	size, wide, fit, endless := a4, 1, true, 0
	if err := b.file.SetPageLayout(name, &excelize.PageLayoutOptions{
		Size: &size, Orientation: &orientation, FitToWidth: &wide, FitToHeight: &endless,
	}); err != nil {
		return nil, fmt.Errorf("lay out sheet %s: %w", name, err)
	}
	if err := b.file.SetSheetProps(name, &excelize.SheetPropsOptions{FitToPage: &fit}); err != nil {
		return nil, fmt.Errorf("lay out sheet %s: %w", name, err)
	}
	sheet, err := b.file.NewStreamWriter(name)
	if err != nil {
		return nil, fmt.Errorf("start sheet %s: %w", name, err)
	}
	return sheet, nil
}

// widen sets the widths of columns. From the last to the first, for excelize
// puts each before the others, and they have to ascend in the file.
func widen(sheet *excelize.StreamWriter, widths []float64) error {
	for i, width := range slices.Backward(widths) {
		if err := sheet.SetColWidth(i+1, i+1, width); err != nil {
			return err
		}
	}
	return nil
}

// summary are the rows of the first sheet.
func (b *workbook) summary(s Statement) [][]any {
	w := b.words
	rows := append([][]any{{b.styled(b.title, w.say(titleLabel))}, {}}, b.headRows(s.Head)...)
	rows = append(rows, []any{}, []any{
		b.styled(b.head, w.say(itemLabel)), b.styled(b.headRight, w.say(paymentsLabel)), b.styled(b.headRight, w.say(rupiahLabel)),
	})
	for _, r := range w.rows(s.Totals) {
		rows = append(rows, b.totalRow(r))
	}
	return append(rows,
		[]any{},
		[]any{w.say(customerFeeLabel), nil, b.figure(s.CustomerFee)},
		[]any{b.styled(b.remark, w.say(roundingLabel))},
		[]any{},
		[]any{b.styled(b.bold, w.say(hashLabel))}, []any{s.SHA256},
		[]any{b.styled(b.bold, w.say(previousHashLabel))}, []any{textCell(s.PreviousSHA256)},
	)
}

// headRows say whose statement it is, and for when.
func (b *workbook) headRows(h Head) [][]any {
	name := func(l label) excelize.Cell { return b.styled(b.bold, b.words.say(l)) }
	rows := [][]any{
		{name(numberLabel), b.styled(b.left, h.No)},
		{name(periodLabel), b.styled(b.day, wallClock(h.From.End(0))), b.styled(b.day, wallClock(h.To.End(0)))},
		{name(closedLabel), b.styled(b.moment, wallClock(h.ClosedAt)), "WIB"},
		{name(issuerLabel), plain(h.Issuer.Name)},
	}
	for _, p := range []struct {
		label
		text string
	}{
		{taxIDLabel, h.Issuer.TaxID}, {addressLabel, h.Issuer.Address},
		{merchantLabel, h.Merchant.Name + " (" + h.Merchant.ID + ")"},
		{taxIDLabel, h.Merchant.TaxID}, {addressLabel, h.Merchant.Address},
	} {
		first := any(name(p.label))
		for _, part := range wrap(plain(p.text), MaxText, func(part string) bool { return utf8.RuneCountInString(part) <= valueWidth }) {
			rows, first = append(rows, []any{first, part}), nil
		}
	}
	return rows
}

// totalRow is a row of the totals; results are bold below a line.
func (b *workbook) totalRow(r row) []any {
	name, count, amount := any(r.label), any(nil), b.figure(r.amount)
	if r.count >= 0 {
		count = excelize.Cell{StyleID: b.number, Value: r.count}
	}
	if r.result {
		name, count, amount.StyleID = b.styled(b.result, r.label), b.styled(b.result, nil), b.sum
	}
	return []any{name, count, amount}
}

// styled is a cell that looks like one of the styles.
func (*workbook) styled(style int, value any) excelize.Cell {
	return excelize.Cell{StyleID: style, Value: value}
}

// figure is a cell with a whole number, its thousands parted.
func (b *workbook) figure(n ledger.Rupiah) excelize.Cell { return b.styled(b.number, int64(n)) }

// wallClock is a moment as WIB clocks show it: cells know no zones.
func wallClock(t time.Time) time.Time {
	_, offset := t.In(ledger.WIB).Zone()
	return t.UTC().Add(time.Duration(offset) * time.Second)
}

// finish writes the totals below the lines and packs the sheets.
func (b *workbook) finish(t Totals) error {
	if err := b.room(); err != nil {
		return err
	}
	if err := b.write(b.totalCells(t)); err != nil {
		return err
	}
	if err := b.endSheet(); err != nil {
		return err
	}
	// The archive stands in for the buffer that excelize fills otherwise.
	if err := b.file.Write(io.Discard); err != nil {
		return fmt.Errorf("pack workbook: %w", err)
	}
	return b.archive.copyTo(b.out)
}
