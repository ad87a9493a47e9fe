package settlement

import (
	"context"
	"fmt"
	"io"

	"paypoint/ledger"
	"paypoint/reconcile/sheet"
)

// Format is a format of the settlement file.
type Format string

// The formats.
const (
	// TXT is the record: H, D and T lines, hashed and chained.
	TXT Format = "txt"
	// CSV is a table of the lines for other programs (RFC 4180).
	CSV Format = "csv"
	// XLSX is a workbook for people: a summary, and the lines.
	XLSX Format = "xlsx"
)

// ParseFormat reads a format's name. Error: ErrFormat.
func ParseFormat(s string) (Format, error) {
	switch f := Format(s); f {
	case TXT, CSV, XLSX:
		return f, nil
	default:
		return "", fmt.Errorf("format %q: %w", s, ErrFormat)
	}
}

// ContentType is the format's media type.
func (f Format) ContentType() string {
	switch f {
	case CSV:
		return sheet.CSV.ContentType()
	case XLSX:
		return sheet.XLSX.ContentType()
	default:
		return "text/plain; charset=utf-8"
	}
}

// FileName is how a day's file is called.
func FileName(day ledger.Day, f Format) string {
	return fmt.Sprintf("settlement-%s.%s", day, f)
}

// Progress is told how many of a day's lines are written. It may be nil.
type Progress func(done, total int)

// page is how many lines are held in memory at once.
const page = 5000

// writer is a file being written in one format.
type writer interface {
	// line adds the line with a number, counted from 1.
	line(number int, l ledger.Line) error
	// finish writes all that is left. It is called once, after the last line.
	finish(Totals) error
}

// Export writes the file of a closed day. What it wrote is worth nothing when
// it returns an error: the hash and the totals are known only at the end.
//
// Errors: ledger.ErrNotFound, ledger.ErrNotClosed (an open day has no file),
// ErrFormat, ErrTotals, ErrHash, those of w, and the store's.
func (s *Service) Export(ctx context.Context, day ledger.Day, f Format, w io.Writer, progress Progress) error {
	if err := s.export(ctx, day, f, w, progress); err != nil {
		return fmt.Errorf("export settlement %s as %s: %w", day, f, err)
	}
	return nil
}

func (s *Service) export(ctx context.Context, day ledger.Day, f Format, w io.Writer, progress Progress) error {
	batch, err := s.Sealed(ctx, day)
	if err != nil {
		return err
	}
	switch f {
	case TXT:
		return s.write(ctx, batch, newText(w, batch), progress)
	case CSV:
		return s.write(ctx, batch, newTable(w), progress)
	case XLSX:
		return s.exportWorkbook(ctx, batch, w, progress)
	default:
		return ErrFormat
	}
}

func (s *Service) exportWorkbook(ctx context.Context, batch ledger.Batch, w io.Writer, progress Progress) error {
	book, err := newWorkbook(w, batch, s.tempDir, 0)
	if err != nil {
		return err
	}
	defer book.Discard()
	return s.write(ctx, batch, book, progress)
}

// write reads a batch's lines page by page into a file, and checks them
// against the batch's totals before the file is finished.
func (s *Service) write(ctx context.Context, b ledger.Batch, file writer, progress Progress) error {
	var totals Totals
	number, after, total := 0, uint64(0), b.Paid+b.Reversed+b.Adjustments
	for {
		// Engines may read a page without a look at ctx; a caller who hung up
		// wants no more of them.
		if err := ctx.Err(); err != nil {
			return err
		}
		lines, err := s.ledger.Reader().Lines(ctx, b.Day, after, page)
		if err != nil {
			return fmt.Errorf("read lines of %s after journal record %d: %w", b.Day, after, err)
		}
		if len(lines) == 0 {
			break
		}
		for _, l := range lines {
			number++
			totals.add(l)
			if err := file.line(number, l); err != nil {
				return fmt.Errorf("write line %d: %w", number, err)
			}
		}
		after = lines[len(lines)-1].Seq
		if progress != nil {
			progress(number, total)
		}
	}
	if want := TotalsOf(b); totals != want {
		return fmt.Errorf("the lines have %+v, the batch %+v: %w", totals, want, ErrTotals)
	}
	return file.finish(totals)
}
