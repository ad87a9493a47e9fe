package sheet

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"time"
)

// CSVWriter writes CSV a row at a time.
type CSVWriter struct {
	out   *csv.Writer
	cells []string // of the row being written, kept for the next one
}

// NewCSVWriter begins a table with its header row.
func NewCSVWriter(w io.Writer, names ...string) *CSVWriter {
	out := csv.NewWriter(w)
	out.UseCRLF = true
	// Its buffer takes the header row, and keeps any error for later.
	_ = out.Write(names)
	return &CSVWriter{out: out}
}

// Row adds a row of strings, integers, times and nil. Strings are guarded, and
// plain. Errors: ErrCell, and those of the output.
func (c *CSVWriter) Row(cells ...any) error {
	c.cells = c.cells[:0]
	for i, cell := range cells {
		text, err := bare(cell)
		if err != nil {
			return fmt.Errorf("cell %d: %w", i+1, err)
		}
		c.cells = append(c.cells, text)
	}
	return c.out.Write(c.cells)
}

// Finish writes what is left in the buffer.
func (c *CSVWriter) Finish() error {
	c.out.Flush()
	return c.out.Error()
}

// bare is a value without thousands marks or a zone.
func bare(v any) (string, error) {
	if day, is := v.(date); is {
		return day.Format(time.DateOnly), nil
	}
	simple, err := scalar(v)
	if err != nil {
		return "", err
	}
	switch of := simple.(type) {
	case string:
		return Guard(Plain(of)), nil
	case int64:
		// A negative number is no formula: programs read it as it is.
		return strconv.FormatInt(of, 10), nil
	case time.Time:
		return of.In(wib).Format(time.DateTime), nil
	default:
		return "", nil
	}
}
