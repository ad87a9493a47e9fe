package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"
	"text/tabwriter"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// printable is a text as a terminal may show it: what is no plain character is
// escaped as in Go's texts. Much of what commands print comes from others: an
// escape sequence in a store's id, or characters that turn the direction of
// writing, could show an approver something else than what is there.
func printable(text string) string {
	plain := func(r rune) bool { return r != utf8.RuneError && unicode.IsPrint(r) }
	if strings.IndexFunc(text, func(r rune) bool { return !plain(r) }) < 0 {
		return text
	}
	var shown strings.Builder
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		switch {
		case plain(r):
			shown.WriteRune(r)
		case r == utf8.RuneError && size == 1: // a byte that is no UTF-8
			fmt.Fprintf(&shown, `\x%02x`, text[0])
		default:
			quoted := strconv.QuoteRuneToASCII(r)
			shown.WriteString(quoted[1 : len(quoted)-1])
		}
		text = text[size:]
	}
	return shown.String()
}

// plural is a count of things as people say it.
func plural(count int, thing string) string {
	if count == 1 {
		return "1 " + thing
	}
	return strconv.Itoa(count) + " " + thing + "s"
}

// printableLines is printable, line by line.
func printableLines(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = printable(line)
	}
	return strings.Join(lines, "\n")
}

// printableValues are what a format takes, with its texts made printable. Tabs
// and newlines are the format's alone: a text with one could forge a row.
func printableValues(values []any) []any {
	shown := make([]any, len(values))
	for i, value := range values {
		shown[i] = value
		switch reflect.ValueOf(value).Kind() {
		case reflect.String, reflect.Struct, reflect.Pointer, reflect.Slice:
			shown[i] = printable(fmt.Sprint(value))
		}
	}
	return shown
}

// printf prints what was asked for. Every command prints through it or a table.
func (s *session) printf(format string, values ...any) {
	fmt.Fprintf(s.out, format, printableValues(values)...)
}

// table takes rows of columns that tabs divide.
type table struct{ rows io.Writer }

func (t table) printf(format string, values ...any) {
	fmt.Fprintf(t.rows, format, printableValues(values)...)
}

func (s *session) printTable(header string, rows func(table)) error {
	w := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, header)
	rows(table{w})
	return w.Flush()
}

// printJSON escapes in texts what is not printable, which is the same to a
// program that reads it.
func (s *session) printJSON(value any) error {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(value); err != nil {
		return err
	}
	_, err := io.WriteString(s.out, printableJSON(text.String()))
	return err
}

// printableJSON leaves the newlines between the values: within texts JSON has
// escaped them. So it has all that is below U+0020 (RFC 8259, 7).
func printableJSON(text string) string {
	var shown strings.Builder
	for _, r := range text {
		if r == '\n' || unicode.IsPrint(r) {
			shown.WriteRune(r)
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&shown, `\u%04x`, unit)
		}
	}
	return shown.String()
}
