package settlement

import (
	"fmt"
	"io"
	"time"

	"github.com/xuri/excelize/v2"

	"paypoint/ledger"
)

// maxSheetRows is how many rows a sheet of XLSX holds. With every field at its
// longest such a sheet stays below 4 GiB, the limit of a plain zip entry.
const maxSheetRows = excelize.TotalRows

// The names of the sheets; a second one of payments is called "Payments 2".
const (
	summarySheet  = "Summary"
	paymentsSheet = "Payments"
)

// workbook writes XLSX: a summary, and the payments on as many sheets as they
// need. The rows go to temporary files, the sheets are packed at the end.
type workbook struct {
	out       io.Writer
	file      *excelize.File
	archive   *archive
	sheetRows int

	sheets int
	sheet  *excelize.StreamWriter
	row    int

	bold, moment, day, number int
}

func newWorkbook(w io.Writer, tempDir string, sheetRows int) (*workbook, error) {
	packed, err := newArchive(tempDir)
	if err != nil {
		return nil, err
	}
	file := excelize.NewFile(excelize.Options{TmpDir: tempDir})
	file.SetZipWriter(func(io.Writer) excelize.ZipWriter { return packed })
	b := &workbook{out: w, file: file, archive: packed, sheetRows: sheetRows}
	if err := b.makeStyles(); err != nil {
		b.discard()
		return nil, err
	}
	return b, nil
}

// discard removes the temporary files.
func (b *workbook) discard() {
	// What can't be removed is no concern of the export's.
	_ = b.file.Close()
	b.archive.discard()
}

// makeStyles registers how cells look, in a fixed order: their numbers are part
// of the file.
func (b *workbook) makeStyles() error {
	const thousands = 3 // "#,##0", ECMA-376 part 1, 18.8.30
	moment, day := "yyyy-mm-dd hh:mm:ss", "yyyy-mm-dd"
	for _, style := range []struct {
		id   *int
		look excelize.Style
	}{
		{&b.bold, excelize.Style{Font: &excelize.Font{Bold: true}}},
		{&b.moment, excelize.Style{CustomNumFmt: &moment}},
		{&b.day, excelize.Style{CustomNumFmt: &day}},
		{&b.number, excelize.Style{NumFmt: thousands}},
	} {
		id, err := b.file.NewStyle(&style.look)
		if err != nil {
			return fmt.Errorf("make cell style: %w", err)
		}
		*style.id = id
	}
	return nil
}

// summarise writes the first sheet. The batch's totals stand there before the
// payments are read: where these differ, no workbook comes out.
func (b *workbook) summarise(batch ledger.Batch) error {
	closed := batch.ClosedAt.In(ledger.WIB)
	// A workbook names when it was made: that is the closing, or two exports
	// would not be the same.
	err := b.file.SetDocProps(&excelize.DocProperties{
		Creator: "paypoint", LastModifiedBy: "paypoint", Title: "Settlement " + string(batch.Day),
		Created: closed.UTC().Format(time.RFC3339), Modified: closed.UTC().Format(time.RFC3339),
	})
	if err != nil {
		return fmt.Errorf("describe workbook: %w", err)
	}
	if err := b.file.SetSheetName("Sheet1", summarySheet); err != nil {
		return fmt.Errorf("name sheet %s: %w", summarySheet, err)
	}
	sheet, err := b.file.NewStreamWriter(summarySheet)
	if err != nil {
		return fmt.Errorf("start sheet %s: %w", summarySheet, err)
	}
	if err := sheet.SetColWidth(1, 1, 20); err != nil {
		return fmt.Errorf("widen sheet %s: %w", summarySheet, err)
	}
	if err := sheet.SetColWidth(2, 2, 70); err != nil {
		return fmt.Errorf("widen sheet %s: %w", summarySheet, err)
	}
	for i, row := range b.summary(batch) {
		if err := sheet.SetRow(fmt.Sprintf("A%d", i+1), row); err != nil {
			return fmt.Errorf("write sheet %s: %w", summarySheet, err)
		}
	}
	return sheet.Flush()
}

// summary are the rows of the first sheet, named as in the text file's H and T.
func (b *workbook) summary(batch ledger.Batch) [][]any {
	totals := TotalsOf(batch)
	name := func(s string) excelize.Cell { return excelize.Cell{StyleID: b.bold, Value: s} }
	return [][]any{
		{name("partner"), batch.Partner},
		// End(0) is the calendar day's midnight, whatever the cut-off.
		{name("business_date"), excelize.Cell{StyleID: b.day, Value: wallClock(batch.Day.End(0))}},
		{name("batch_no"), batch.No},
		{name("closed_at_wib"), excelize.Cell{StyleID: b.moment, Value: wallClock(batch.ClosedAt)}},
		{name("closed_early"), flag(batch.Early)},
		{name("count_paid"), b.whole(int64(totals.Paid))},
		{name("sum_amount"), b.whole(int64(totals.Amount))},
		{name("count_reversed"), b.whole(int64(totals.Reversed))},
		{name("sum_reversed"), b.whole(int64(totals.ReversedAmount))},
		{name("sum_fee"), b.whole(int64(totals.Fee))},
		{name("sum_net"), b.whole(int64(totals.Net))},
		{name("txt_sha256"), batch.SHA256},
		{name("prev_sha256"), previousHash(batch)},
	}
}

// whole is a cell with a whole number, its thousands parted.
func (b *workbook) whole(n int64) excelize.Cell {
	return excelize.Cell{StyleID: b.number, Value: n}
}

// wallClock is a moment as WIB clocks show it: cells know no zones.
func wallClock(t time.Time) time.Time {
	_, offset := t.In(ledger.WIB).Zone()
	return t.UTC().Add(time.Duration(offset) * time.Second)
}

// line starts a new sheet where the present one is full.
func (b *workbook) line(number int, l ledger.Line) error {
	if b.sheet == nil || b.row == b.sheetRows {
		if err := b.nextSheet(); err != nil {
			return err
		}
	}
	b.row++
	return b.sheet.SetRow(fmt.Sprintf("A%d", b.row), b.cells(number, l))
}

// cells are the columns of a payment, typed. Codes stay text: their leading
// zeros count.
func (b *workbook) cells(number int, l ledger.Line) []any {
	cells := make([]any, len(columns))
	for i, text := range fields(number, l) {
		if text != "" {
			cells[i] = text
		}
	}
	cells[0] = number
	cells[1] = excelize.Cell{StyleID: b.moment, Value: wallClock(l.TimeStamp)}
	cells[6], cells[7], cells[8] = b.whole(int64(l.Amount)), b.whole(int64(l.Fee)), b.whole(int64(net(l)))
	return cells
}

// nextSheet starts a sheet of payments with a header row that stays in view.
func (b *workbook) nextSheet() error {
	if err := b.endSheet(); err != nil {
		return err
	}
	b.sheets++
	name := paymentsSheet
	if b.sheets > 1 {
		name = fmt.Sprintf("%s %d", paymentsSheet, b.sheets)
	}
	if _, err := b.file.NewSheet(name); err != nil {
		return fmt.Errorf("add sheet %s: %w", name, err)
	}
	sheet, err := b.file.NewStreamWriter(name)
	if err != nil {
		return fmt.Errorf("start sheet %s: %w", name, err)
	}
	b.sheet, b.row = sheet, 1
	if err := sheet.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return fmt.Errorf("freeze header of sheet %s: %w", name, err)
	}
	if err := sheet.SetColWidth(1, len(columns), 18); err != nil {
		return fmt.Errorf("widen sheet %s: %w", name, err)
	}
	header := make([]any, len(columns))
	for i, column := range columns {
		header[i] = excelize.Cell{StyleID: b.bold, Value: column}
	}
	return sheet.SetRow("A1", header)
}

// endSheet writes what follows a sheet's rows.
func (b *workbook) endSheet() error {
	if b.sheet == nil {
		return nil
	}
	if err := b.sheet.Flush(); err != nil {
		return fmt.Errorf("end sheet of payments %d: %w", b.sheets, err)
	}
	return nil
}

// finish packs the sheets. A day without payments has an empty sheet of them.
func (b *workbook) finish(Totals) error {
	if b.sheet == nil {
		if err := b.nextSheet(); err != nil {
			return err
		}
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
