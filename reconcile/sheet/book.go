package sheet

import (
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/xuri/excelize/v2"
)

// MaxSheetRows is how many rows a sheet of XLSX holds, with its header.
const MaxSheetRows = excelize.TotalRows

// How sheets lie on paper.
const portrait, landscape = "portrait", "landscape"

// Book writes a workbook: a front sheet where there is one, then the rows of one
// list, on as many sheets as they need. Rows go to temporary files and are packed
// at the end, so memory does not grow with them.
//
// Front, List, Row and Finish are called in this order, Discard last in any case.
type Book struct {
	file    *excelize.File
	archive *archive
	styles  [lookCount]int

	sheetRows int
	sheets    int // of any kind
	pages     int // of the list
	name      string
	headings  []Heading
	sheet     *excelize.StreamWriter
	row       int
}

// BookOptions are what a workbook is made with. The zero value is fine.
type BookOptions struct {
	// TempDir takes temporary files, about 1 KB a row; empty is the system's.
	TempDir string
	// Title names the workbook in its properties.
	Title string
	// At is when it was made, which its properties show.
	At time.Time
	// SheetRows is how many rows a sheet takes, with its header; 0 is MaxSheetRows.
	SheetRows int
}

// Heading is the head of a column.
type Heading struct {
	Name string
	// Width in characters.
	Width float64
	// Right says that figures stand in the column.
	Right bool
}

// NewBook begins a workbook, which has to be discarded in the end.
func NewBook(o BookOptions) (*Book, error) {
	packed, err := newArchive(o.TempDir)
	if err != nil {
		return nil, err
	}
	file := excelize.NewFile(excelize.Options{TmpDir: o.TempDir})
	file.SetZipWriter(func(io.Writer) excelize.ZipWriter { return packed })
	b := &Book{file: file, archive: packed, sheetRows: o.SheetRows}
	if b.sheetRows == 0 {
		b.sheetRows = MaxSheetRows
	}
	if err := b.begin(o); err != nil {
		b.Discard()
		return nil, err
	}
	return b, nil
}

// begin describes the workbook. One that is given no time has excelize's fixed one:
// else two would not be the same.
func (b *Book) begin(o BookOptions) error {
	about := excelize.DocProperties{Creator: "paypoint", LastModifiedBy: "paypoint", Title: o.Title}
	if !o.At.IsZero() {
		about.Created = o.At.UTC().Format(time.RFC3339)
		about.Modified = about.Created
	}
	if err := b.file.SetDocProps(&about); err != nil {
		return fmt.Errorf("describe workbook: %w", err)
	}
	return b.makeStyles()
}

// Discard removes the temporary files.
func (b *Book) Discard() {
	// What can't be removed is no concern of the caller's.
	_ = b.file.Close()
	b.archive.discard()
}

// Front writes the first sheet, with columns of the widths, in characters.
func (b *Book) Front(name string, widths []float64, rows [][]any) error {
	sheet, err := b.start(name, portrait)
	if err != nil {
		return err
	}
	if err := widen(sheet, widths); err != nil {
		return fmt.Errorf("widen sheet %s: %w", name, err)
	}
	for i, row := range rows {
		if err := sheet.SetRow(fmt.Sprintf("A%d", i+1), row); err != nil {
			return fmt.Errorf("write sheet %s: %w", name, err)
		}
	}
	return sheet.Flush()
}

// start adds a sheet that prints on A4, as wide as the paper.
func (b *Book) start(name, orientation string) (*excelize.StreamWriter, error) {
	if err := b.add(name); err != nil {
		return nil, fmt.Errorf("add sheet %s: %w", name, err)
	}
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

// add makes a sheet: of the first, which a new workbook has already, the name.
func (b *Book) add(name string) error {
	b.sheets++
	if b.sheets == 1 {
		return b.file.SetSheetName("Sheet1", name)
	}
	_, err := b.file.NewSheet(name)
	return err
}

// widen sets the widths of columns. From the last to the first, for excelize
// puts each before the others, and they have to ascend in the file (ECMA-376 part 1,
// 18.3.1.17): else programs ignore some, or call the file damaged.
func widen(sheet *excelize.StreamWriter, widths []float64) error {
	for i, width := range slices.Backward(widths) {
		if err := sheet.SetColWidth(i+1, i+1, width); err != nil {
			return err
		}
	}
	return nil
}

// Finish packs the sheets and writes the workbook. Nothing is written before.
func (b *Book) Finish(w io.Writer) error {
	if err := b.endPage(); err != nil {
		return err
	}
	// The archive stands in for the buffer that excelize fills otherwise.
	if err := b.file.Write(io.Discard); err != nil {
		return fmt.Errorf("pack workbook: %w", err)
	}
	return b.archive.copyTo(w)
}
