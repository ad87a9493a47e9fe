package statement

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"paypoint/ledger"
)

// columns are the fields of a line in CSV, and the order of the workbook's.
var columns = [...]string{
	"line", "status", "trx_time_wib", "business_date", "corrects_date", "late",
	"order_id", "payment_code", "tracking_ref", "store_id",
	"gross", "reversal", "adjustment", "partner_fee", "own_fee", "net_before_tax", "customer_fee", "note",
}

// amounts are a line's columns gross to customer_fee.
func (l line) amounts() [7]ledger.Rupiah {
	return [...]ledger.Rupiah{l.gross, l.reversal, l.adjustment, l.partnerFee, l.ownFee, l.net(), l.CustomerFee}
}

// texts are a line's columns from order_id to store_id.
func (l line) texts() [4]string {
	return [...]string{plain(l.Order), plain(string(l.Code)), plain(string(l.Ref)), plain(l.Store)}
}

// plain puts a space for each control character and line separator, which cells
// and pages can't show: the record has the text as it is.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

// table writes CSV (RFC 4180: commas, CRLF, a header row).
type table struct{ out *csv.Writer }

func newTable(w io.Writer) *table {
	out := csv.NewWriter(w)
	out.UseCRLF = true
	// Its buffer takes the header row, and keeps any error for later.
	_ = out.Write(columns[:])
	return &table{out}
}

// line writes a row: numbers and days as they are, all other text guarded.
func (t *table) line(l line) error {
	late := "N"
	if l.late {
		late = "Y"
	}
	cells := []string{strconv.Itoa(l.number), string(l.Status), l.At.In(ledger.WIB).Format(ledger.WireTime), string(l.Day), string(l.Of), late}
	for _, text := range l.texts() {
		cells = append(cells, guard(text))
	}
	// A negative number is no formula: programs read it as it is.
	for _, amount := range l.amounts() {
		cells = append(cells, amount.String())
	}
	return t.out.Write(append(cells, guard(plain(l.Note))))
}

// finish writes what is left. There is no row of totals: a program that adds a
// column up would count it too.
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
