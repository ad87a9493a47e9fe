package settlement

import (
	"bufio"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"strconv"
	"strings"

	"paypoint/ledger"
)

const (
	// paymentsLayout and adjustedLayout are the versions of the text file's fields:
	// the second has lines of adjustments, and their totals. A batch without any
	// keeps the first, in which the hashes of all earlier days were recorded.
	paymentsLayout, adjustedLayout = "1", "2"
	// textBuffer collects lines before they are written, in bytes.
	textBuffer = 64 << 10
)

// noHash stands for the hash of the file before the first.
var noHash = strings.Repeat("0", hex.EncodedLen(sha256.Size))

// layout is that of a batch's text file.
func layout(b ledger.Batch) string {
	if b.Adjustments > 0 {
		return adjustedLayout
	}
	return paymentsLayout
}

// previousHash is the hash of the file before a batch's.
func previousHash(b ledger.Batch) string {
	return cmp.Or(b.PreviousSHA256, noHash)
}

// version is seq and reprocessed: whether the day's first and only file is this,
// or another may be out.
func version(b ledger.Batch) (sequence, reprocessed string) {
	if b.Reprocessed {
		return "2", "Y"
	}
	return "1", "N"
}

// text writes H, D and T lines.
type text struct {
	out    *bufio.Writer
	header []string
	// recorded is the hash that the file must have; empty when it is made for
	// the first time.
	recorded string
	file     hash.Hash
	lines    hash.Hash
}

func newText(w io.Writer, b ledger.Batch) *text {
	sequence, reprocessed := version(b)
	return &text{
		out: bufio.NewWriterSize(w, textBuffer),
		header: []string{
			"H", layout(b), escape(b.Partner), string(b.Day), sequence,
			b.ClosedAt.In(ledger.WIB).Format(ledger.WireTime),
			reprocessed, strconv.FormatUint(b.No, 10), previousHash(b),
		},
		recorded: b.SHA256,
		file:     sha256.New(),
		lines:    sha256.New(),
	}
}

// put writes a line and returns it. Before the first it writes the H line, so
// that making the file can't fail.
func (t *text) put(fields ...string) (string, error) {
	if header := t.header; header != nil {
		t.header = nil
		if _, err := t.put(header...); err != nil {
			return "", err
		}
	}
	line := strings.Join(fields, "|") + "\n"
	_, _ = io.WriteString(t.file, line) // a hash never fails
	_, err := t.out.WriteString(line)
	return line, err
}

func (t *text) line(number int, l ledger.Line) error {
	values := fields(number, l)
	line, err := t.put(append([]string{"D"}, values[:]...)...)
	_, _ = io.WriteString(t.lines, line) // a hash never fails
	return err
}

func (t *text) finish(s Totals) error {
	trailer := []string{
		"T", strconv.Itoa(s.Paid), s.Amount.String(),
		strconv.Itoa(s.Reversed), s.ReversedAmount.String(),
		s.Fee.String(), s.Net.String(),
	}
	if s.Adjustments > 0 {
		trailer = append(trailer, strconv.Itoa(s.Adjustments), s.Adjusted.String())
	}
	if _, err := t.put(append(trailer, hex.EncodeToString(t.lines.Sum(nil)))...); err != nil {
		return err
	}
	// Checked before the buffer is flushed: of a wrong file the end is missing.
	if t.recorded != "" && t.recorded != t.sum() {
		return fmt.Errorf("it has %s, recorded is %s: %w", t.sum(), t.recorded, ErrHash)
	}
	return t.out.Flush()
}

// sum is the hex SHA-256 of all that was put.
func (t *text) sum() string { return hex.EncodeToString(t.file.Sum(nil)) }
