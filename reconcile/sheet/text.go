package sheet

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// formula are the first characters that make a spreadsheet run a cell, and the
// apostrophe, so that the one which Guard adds can be told from a value's own.
const formula = "=+-@'\t\r\n＝＋－＠"

// Guard keeps a text from being taken for a formula.
func Guard(cell string) string {
	first, size := utf8.DecodeRuneInString(cell)
	if size > 0 && strings.ContainsRune(formula, first) {
		return "'" + cell
	}
	return cell
}

// Plain puts a space for each control character and line separator, which cells
// and pages can't show, and U+FFFD for bytes that are no UTF-8.
func Plain(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}
