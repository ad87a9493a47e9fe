package sheet

import (
	"errors"
	"fmt"
)

// Format is a format of tables.
type Format string

// The formats.
const (
	// CSV is for other programs (RFC 4180).
	CSV Format = "csv"
	// XLSX is a workbook for people.
	XLSX Format = "xlsx"
	// JSON is an array of objects for other programs.
	JSON Format = "json"
)

// What is reported, beside the errors of rows and of the output.
var (
	// ErrFormat: there is no such format.
	ErrFormat = errors.New("unknown format: want csv, xlsx or json")
	// ErrTable: the title or the columns are not such as a table can have.
	ErrTable = errors.New("not a table")
	// ErrCell: a value is none of its column's kind, or beyond a limit.
	ErrCell = errors.New("not a value of this column")
)

// ParseFormat reads a format's name. Error: ErrFormat.
func ParseFormat(s string) (Format, error) {
	switch f := Format(s); f {
	case CSV, XLSX, JSON:
		return f, nil
	default:
		return "", fmt.Errorf("format %.20q: %w", s, ErrFormat)
	}
}

// ContentType is the format's media type.
func (f Format) ContentType() string {
	switch f {
	case CSV:
		// RFC 4180, 3: header=present says that the first row names the columns.
		return "text/csv; charset=utf-8; header=present"
	case XLSX:
		return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	default:
		return "application/json"
	}
}
