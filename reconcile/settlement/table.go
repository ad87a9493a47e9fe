package settlement

import (
	"encoding/csv"
	"io"
	"strings"
	"unicode/utf8"

	"paypoint/ledger"
)

// table writes CSV (RFC 4180: commas, CRLF, a header row).
type table struct{ out *csv.Writer }

func newTable(w io.Writer) *table {
	out := csv.NewWriter(w)
	out.UseCRLF = true
	// Its buffer takes the header row, and keeps any error for later.
	_ = out.Write(columns[:])
	return &table{out}
}

func (t *table) line(number int, l ledger.Line) error {
	cells := fields(number, l)
	for i := range cells {
		cells[i] = guard(cells[i])
	}
	return t.out.Write(cells[:])
}

func (t *table) finish(Totals) error {
	t.out.Flush()
	return t.out.Error()
}

// formula are the first characters that make a spreadsheet run a cell, and the
// apostrophe, so that the one which guard adds can be told from a value's own.
const formula = "=+-@'\t\r\n＝＋－＠"

// guard keeps a cell from being taken for a formula.
func guard(cell string) string {
	first, size := utf8.DecodeRuneInString(cell)
	if size > 0 && strings.ContainsRune(formula, first) {
		return "'" + cell
	}
	return cell
}
