package partnerfile

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// row is a line of text or a row of a sheet. It is valid until the next.
type row struct {
	number int
	// cells are the fields; nil in a line of fixed width.
	cells []string
	// text is the line without its end; empty in a workbook and with quoting.
	text string
	// raw is the line with its end, for the trailer's hash.
	raw []byte
	// runes is the line in characters; nil where each is one byte.
	runes []rune
}

// String is the whole row, for an error.
func (r *row) String() string {
	if r.text != "" {
		return r.text
	}
	return strings.Join(r.cells, " ")
}

// begins reports whether a row is marked as a record of a kind.
func (r *row) begins(mark string) bool {
	if r.cells == nil {
		return strings.HasPrefix(r.text, mark)
	}
	return strings.TrimSpace(r.cells[0]) == mark
}

// rows hands out a file's rows in order; io.EOF after the last. Blank ones are
// left out.
type rows interface {
	next() (*row, error)
	// complete reports whether the last row was ended.
	complete() bool
}

// lines reads text without quoting: each line is a row.
type lines struct {
	in        *bufio.Reader
	delimiter string // empty where lines are of fixed width
	row       row
	ended     bool
}

// newLines has room for a line and its end, and for nothing longer.
func newLines(in io.Reader, delimiter string) *lines {
	return &lines{in: bufio.NewReaderSize(in, MaxLineBytes+2), delimiter: delimiter, ended: true}
}

// complete is what the last read line had.
func (l *lines) complete() bool { return l.ended }

// next takes one line. A blank one is left out, but counted: people find a line
// by its number in an editor.
func (l *lines) next() (*row, error) {
	for {
		raw, err := l.in.ReadSlice('\n')
		if len(raw) == 0 && err != nil {
			return nil, err
		}
		l.row.number++
		if errors.Is(err, bufio.ErrBufferFull) {
			return nil, &LineError{Line: l.row.number, Rule: fmt.Sprintf("longer than %d bytes", MaxLineBytes), kind: ErrTooLarge}
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		l.ended = err == nil
		text := bytes.TrimRight(bytes.TrimSuffix(raw, []byte("\n")), "\r")
		if len(text) == 0 {
			continue
		}
		return l.parse(raw, string(text))
	}
}

// parse parts a line into fields, which share the line's memory.
func (l *lines) parse(raw []byte, text string) (*row, error) {
	r := &l.row
	r.raw, r.text, r.runes = raw, text, nil
	if rule := unreadableLine(text); rule != "" {
		return nil, &LineError{Line: r.number, Text: printable(hideDigits(text)), Rule: rule, kind: ErrFormat}
	}
	if l.delimiter == "" {
		if utf8.RuneCountInString(text) != len(text) {
			r.runes = []rune(text)
		}
		return r, nil
	}
	if strings.Count(text, l.delimiter) >= MaxFields {
		return nil, &LineError{Line: r.number, Rule: fmt.Sprintf("more than %d fields", MaxFields), kind: ErrTooLarge}
	}
	r.cells = r.cells[:0]
	for field := range strings.SplitSeq(text, l.delimiter) {
		r.cells = append(r.cells, field)
	}
	return r, nil
}

// unreadableLine tells why text can't be a line's. A carriage return within one
// is the line end of another system: all of the file would be one line, its
// first, and a file of titles alone is a day without payments.
func unreadableLine(text string) string {
	if strings.IndexByte(text, '\r') >= 0 {
		return "a carriage return in the middle: want lines to end with a line feed, or with both"
	}
	return unreadable(text)
}

// unreadable tells why text can't be what its encoding says; empty when it can.
// U+FFFD is what the decoders write for bytes that stand for nothing.
func unreadable(text string) string {
	switch {
	case strings.IndexByte(text, 0) >= 0:
		return "a NUL character: is it UTF-16 without a byte order mark?"
	case !utf8.ValidString(text):
		return "not UTF-8: does the profile name the right encoding?"
	case strings.ContainsRune(text, utf8.RuneError):
		return "bytes that stand for no character in the profile's encoding"
	}
	return ""
}

// table reads quoted text (RFC 4180): a row may go over several lines.
type table struct {
	in    *csv.Reader
	guard *guard
	row   row
}

// newTable leaves the rules of quoting to encoding/csv, strictly: a quote that
// stands wrongly may have swallowed lines.
func newTable(in io.Reader, delimiter string) *table {
	g := newGuard(in)
	t := &table{in: csv.NewReader(g), guard: g}
	t.in.Comma, _ = utf8.DecodeRuneInString(delimiter)
	t.in.FieldsPerRecord = -1 // counted by the reader of records, with our error
	t.in.ReuseRecord = true
	return t
}

// complete goes by the last byte, which is a line end or is missing: what stands
// within quotes has been refused when its end is.
func (t *table) complete() bool { return t.guard.last == '\n' || t.guard.read == 0 }

// next takes one row, which may go over several lines; its number is that of the
// first.
func (t *table) next() (*row, error) {
	t.guard.allow(t.in.InputOffset())
	cells, err := t.in.Read()
	var wrong *csv.ParseError
	switch {
	case errors.As(err, &wrong):
		return nil, &LineError{Line: wrong.StartLine, Rule: fmt.Sprintf("quoted wrongly at its line %d, byte %d", wrong.Line-wrong.StartLine+1, wrong.Column), kind: ErrFormat}
	case errors.Is(err, errGuard):
		return nil, &LineError{Line: t.row.number + 1, Rule: fmt.Sprintf("a row longer than %d bytes, or a quote without its end", MaxLineBytes), kind: ErrTooLarge}
	case err != nil:
		return nil, err
	}
	t.row.cells = cells
	t.row.number, _ = t.in.FieldPos(0)
	if len(cells) > MaxFields {
		return nil, &LineError{Line: t.row.number, Rule: fmt.Sprintf("more than %d fields", MaxFields), kind: ErrTooLarge}
	}
	for _, cell := range cells {
		if rule := unreadableLine(cell); rule != "" {
			return nil, &LineError{Line: t.row.number, Text: printable(hideDigits(cell)), Rule: rule, kind: ErrFormat}
		}
	}
	return &t.row, nil
}

// errGuard reports a piece without an end.
var errGuard = fmt.Errorf("%w: a piece of it is longer than %d bytes", ErrTooLarge, MaxLineBytes)

// guard keeps a parser that gathers a row or a token, however long, from
// reading past what one may be.
type guard struct {
	in          io.Reader
	read, limit int64
	last        byte
}

// newGuard allows a first piece.
func newGuard(in io.Reader) *guard {
	g := &guard{in: in}
	g.allow(0)
	return g
}

// readAhead is what the parsers' own buffers take beyond what they need, in bytes.
const readAhead = 4096

// allow lets the parser, which is at offset, read one more piece.
func (g *guard) allow(offset int64) { g.limit = offset + MaxLineBytes + readAhead }

// Read gives no more than is allowed, then errGuard.
func (g *guard) Read(buffer []byte) (int, error) {
	if g.read >= g.limit {
		return 0, errGuard
	}
	n, err := g.in.Read(buffer[:min(int64(len(buffer)), g.limit-g.read)])
	g.read += int64(n)
	if n > 0 {
		g.last = buffer[n-1]
	}
	return n, err
}
