package sheet

import (
	"fmt"

	"github.com/xuri/excelize/v2"
)

// List begins the list: each of its sheets has the header row, which stays in
// view. The first is called name, a second one "name 2".
func (b *Book) List(name string, headings []Heading) error {
	b.name, b.headings = name, headings
	return b.nextPage()
}

// Row adds a row to the list, on a new sheet where the present one is full. Cells
// are what Cell, Number, Moment, Date and Text make, integers, or nil.
func (b *Book) Row(cells []any) error {
	if b.row == b.sheetRows {
		if err := b.nextPage(); err != nil {
			return err
		}
	}
	return b.write(cells)
}

// write adds a row to the sheet.
func (b *Book) write(cells []any) error {
	b.row++
	return b.sheet.SetRow(fmt.Sprintf("A%d", b.row), cells)
}

// nextPage starts a sheet of the list.
func (b *Book) nextPage() error {
	if err := b.endPage(); err != nil {
		return err
	}
	b.pages++
	name := b.name
	if b.pages > 1 {
		name = fmt.Sprintf("%s %d", name, b.pages)
	}
	sheet, err := b.start(name, landscape)
	if err != nil {
		return err
	}
	b.sheet, b.row = sheet, 0
	// The header is printed on every page.
	if err := b.file.SetDefinedName(&excelize.DefinedName{Name: "_xlnm.Print_Titles", RefersTo: "'" + name + "'!$1:$1", Scope: name}); err != nil {
		return fmt.Errorf("repeat header of sheet %s: %w", name, err)
	}
	if err := sheet.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return fmt.Errorf("freeze header of sheet %s: %w", name, err)
	}
	var widths []float64
	for _, heading := range b.headings {
		widths = append(widths, heading.Width)
	}
	if err := widen(sheet, widths); err != nil {
		return fmt.Errorf("widen sheet %s: %w", name, err)
	}
	return b.write(b.headingCells())
}

// headingCells name the columns, those of figures at the right like them.
func (b *Book) headingCells() []any {
	cells := make([]any, len(b.headings))
	for i, heading := range b.headings {
		look := LookHead
		if heading.Right {
			look = LookHeadRight
		}
		cells[i] = b.Cell(look, Plain(heading.Name))
	}
	return cells
}

// endPage writes what follows a sheet's rows.
func (b *Book) endPage() error {
	if b.sheet == nil {
		return nil
	}
	if err := b.sheet.Flush(); err != nil {
		return fmt.Errorf("end sheet %s %d: %w", b.name, b.pages, err)
	}
	return nil
}
