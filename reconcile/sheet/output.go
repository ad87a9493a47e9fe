package sheet

import (
	"io"
	"time"
)

// totalLabel stands before the totals where their first column has none.
const totalLabel = "Total"

// output is a table being written in one format. Cells are what Column.value makes.
type output interface {
	row(cells []any) error
	// finish writes all that is left. It is called once, after the last row.
	finish(totals []any) error
	discard()
}

// csvOutput is a table in CSV.
type csvOutput struct{ *CSVWriter }

func (c csvOutput) row(cells []any) error { return c.Row(cells...) }
func (c csvOutput) finish([]any) error    { return c.Finish() }
func (csvOutput) discard()                {}

// bookOutput is a table in a workbook.
type bookOutput struct {
	*Book
	columns []Column
	out     io.Writer
}

func newBookOutput(w io.Writer, tempDir, title string, columns []Column) (output, error) {
	book, err := NewBook(BookOptions{TempDir: tempDir, Title: title})
	if err != nil {
		return nil, err
	}
	var headings []Heading
	for _, c := range columns {
		headings = append(headings, c.heading())
	}
	if err := book.List(title, headings); err != nil {
		book.Discard()
		return nil, err
	}
	return bookOutput{book, columns, w}, nil
}

func (b bookOutput) discard() { b.Discard() }

func (b bookOutput) row(cells []any) error {
	for i, cell := range cells {
		cells[i] = b.typed(b.columns[i].Kind, cell)
	}
	return b.Row(cells)
}

// typed is a cell of the value's own type.
func (b bookOutput) typed(kind Kind, value any) any {
	switch of := value.(type) {
	case string:
		return b.Text(of)
	case int64:
		if kind == Serial {
			return b.Cell(LookLeft, of)
		}
		return b.Number(of)
	case date:
		return b.Date(of.Time)
	case time.Time:
		return b.Moment(of)
	default:
		return nil
	}
}

// finish writes the totals below a line, and the workbook.
func (b bookOutput) finish(totals []any) error {
	if len(totals) > 0 {
		if err := b.Row(b.totalCells(totals)); err != nil {
			return err
		}
	}
	return b.Finish(b.out)
}

// totalCells are all cells of the last row, those without a total too: the line
// above them has no gaps.
func (b bookOutput) totalCells(totals []any) []any {
	cells := make([]any, len(totals))
	for i, total := range totals {
		switch of := total.(type) {
		case int64:
			cells[i] = b.Cell(LookSum, of)
		case string:
			cells[i] = b.Cell(LookResult, Plain(of))
		case date:
			cells[i] = b.Cell(LookResult, of.Format(time.DateOnly))
		case time.Time:
			cells[i] = b.Cell(LookResult, of.In(wib).Format(time.DateTime))
		default:
			cells[i] = b.Cell(LookResult, nil)
		}
	}
	if totals[0] == nil {
		cells[0] = b.Cell(LookResult, totalLabel)
	}
	return cells
}
