package sheet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"unicode/utf8"
)

// progressStep is after how many rows progress is told.
const progressStep = 1000

// Write writes a table as it reads its rows. What it wrote is worth nothing when
// it returns an error.
//
// Each row has a value for each column, and may be reused by its source. totals,
// where there are any, have one too (nil for none): they are a row below a
// workbook's last. They are read after the last row, so that the rows' source may
// fill them in. CSV and JSON have none: a program that adds a column up would count
// them. progress may be nil; it is told the rows written so far, at the end too.
//
// Errors: ErrFormat, ErrTable, ErrCell (which name the row, counted from 1, and the
// column), the context's, those of rows, and those of w.
func Write(ctx context.Context, f Format, w io.Writer, tempDir, title string, columns []Column,
	rows iter.Seq2[[]any, error], totals []any, progress func(done int),
) error {
	t := table{title, columns, rows, totals, progress}
	if err := t.write(ctx, f, w, tempDir); err != nil {
		return fmt.Errorf("write table %.80q as %.20s: %w", title, f, err)
	}
	return nil
}

// table is what is written.
type table struct {
	title    string
	columns  []Column
	rows     iter.Seq2[[]any, error]
	totals   []any
	progress func(done int)
}

func (t table) write(ctx context.Context, f Format, w io.Writer, tempDir string) error {
	if err := t.check(); err != nil {
		return err
	}
	out, err := t.begin(f, w, tempDir)
	if err != nil {
		return err
	}
	defer out.discard()
	if err := t.fill(ctx, out); err != nil {
		return err
	}
	last, err := t.sums()
	if err != nil {
		return fmt.Errorf("totals: %w", err)
	}
	return out.finish(last)
}

// sums are the totals. Many rows come to more than a spreadsheet counts exactly:
// such a total is a text.
func (t table) sums() ([]any, error) {
	var cells []any
	for i, v := range t.totals {
		value, err := t.columns[i].value(v)
		if errors.Is(err, errTooLarge) && t.columns[i].Kind.isNumber() {
			value, err = fmt.Sprint(v), nil
		}
		if err != nil {
			return nil, fmt.Errorf("column %.80q: %w", t.columns[i].Name, err)
		}
		cells = append(cells, value)
	}
	return cells, nil
}

// check holds a table's form against what every format can have.
func (t table) check() error {
	// What Excel allows in the name of a sheet.
	if n := utf8.RuneCountInString(t.title); n == 0 || n > MaxTitle || strings.ContainsAny(t.title, `:\/?*[]'`) || Plain(t.title) != t.title {
		return fmt.Errorf(`title %.80q has to have 1 to %d characters, none of : \ / ? * [ ] ': %w`, t.title, MaxTitle, ErrTable)
	}
	if len(t.columns) == 0 || len(t.columns) > MaxColumns {
		return fmt.Errorf("%d columns, want 1 to %d: %w", len(t.columns), MaxColumns, ErrTable)
	}
	seen := map[string]bool{"": true}
	for i, c := range t.columns {
		if seen[c.Name] {
			return fmt.Errorf("column %d: name %.80q is empty or another's: %w", i+1, c.Name, ErrTable)
		}
		seen[c.Name] = true
	}
	if len(t.totals) > 0 && len(t.totals) != len(t.columns) {
		return fmt.Errorf("%d totals for %d columns: %w", len(t.totals), len(t.columns), ErrTable)
	}
	return nil
}

// begin chooses what makes the file.
func (t table) begin(f Format, w io.Writer, tempDir string) (output, error) {
	switch f {
	case CSV:
		var names []string
		for _, c := range t.columns {
			names = append(names, c.Name)
		}
		return csvOutput{NewCSVWriter(w, names...)}, nil
	case XLSX:
		return newBookOutput(w, tempDir, t.title, t.columns)
	case JSON:
		return newObjects(w, t.columns), nil
	default:
		return nil, ErrFormat
	}
}

// fill copies the rows.
func (t table) fill(ctx context.Context, out output) error {
	progress := t.progress
	if progress == nil {
		progress = func(int) {}
	}
	done := 0
	cells := make([]any, 0, len(t.columns))
	for row, err := range t.rows {
		if err == nil {
			err = ctx.Err()
		}
		if err == nil && len(row) != len(t.columns) {
			err = fmt.Errorf("%d values for %d columns: %w", len(row), len(t.columns), ErrCell)
		}
		if err == nil {
			cells, err = t.values(row, cells[:0])
		}
		if err == nil {
			err = out.row(cells)
		}
		if err != nil {
			return fmt.Errorf("row %d: %w", done+1, err)
		}
		if done++; done%progressStep == 0 {
			progress(done)
		}
	}
	progress(done)
	return nil
}

// values adds a row's values to cells, each as its column's kind.
func (t table) values(row, cells []any) ([]any, error) {
	for i, v := range row {
		value, err := t.columns[i].value(v)
		if err != nil {
			return nil, fmt.Errorf("column %.80q: %w", t.columns[i].Name, err)
		}
		cells = append(cells, value)
	}
	return cells, nil
}
