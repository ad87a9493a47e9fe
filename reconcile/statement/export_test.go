package statement

import (
	"context"
	"io"

	"paypoint/ledger"
)

// WriteSheets writes XLSX with so many rows on a sheet, for tests of what comes
// after the last row.
func WriteSheets(ctx context.Context, s Statement, items Items, w io.Writer, tempDir string, rows int) error {
	book, err := newWorkbook(w, s, tempDir, rows, words{english: true})
	if err != nil {
		return err
	}
	defer book.Discard()
	return fill(ctx, s, items, book, newRecord(io.Discard, s.Head), nil)
}

// Of is a rate's part of an amount, rounded.
func (p BasisPoints) Of(amount ledger.Rupiah) ledger.Rupiah { return p.of(amount) }

// Words are all labels of both languages.
func Words() [][2]string {
	var all [][2]string
	for _, l := range labels {
		all = append(all, [2]string{l.id, l.en})
	}
	return all
}
