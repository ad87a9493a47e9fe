package statement

import (
	"context"
	"fmt"
	"io"

	"paypoint/reconcile/sheet"
)

// Format is how a statement is written.
type Format string

// The formats of a statement. JSON is the record, whose hash is the statement's.
const (
	JSON Format = "json"
	CSV  Format = "csv"
	XLSX Format = "xlsx"
	PDF  Format = "pdf"
)

// Formats are all there are.
func Formats() []Format { return []Format{JSON, CSV, XLSX, PDF} }

// ContentType is the format's media type.
func (f Format) ContentType() string {
	switch f {
	case JSON:
		return sheet.JSON.ContentType()
	case CSV:
		return sheet.CSV.ContentType()
	case XLSX:
		return sheet.XLSX.ContentType()
	default:
		return "application/pdf"
	}
}

// FileName is how a statement's file is called: names sort by merchant and number.
func FileName(h Head, f Format) string {
	return fmt.Sprintf("statement-%s-%04d-%s-%s.%s", h.Merchant.ID, h.No, h.From, h.To, f)
}

// Progress is told how many lines are written. It may be nil.
type Progress func(done int)

// tell is nothing where nobody listens.
func (p Progress) tell(done int) {
	if p != nil {
		p(done)
	}
}

// Options are what a file may differ in. The zero value is fine.
type Options struct {
	// Language of XLSX and PDF; empty is Indonesian. JSON and CSV have names for
	// programs.
	Language Language
	// TempDir takes the temporary files of XLSX, about 1 KB a line; empty is the
	// system's.
	TempDir  string
	Progress Progress
}

// lineWriter takes lines.
type lineWriter interface{ line(line) error }

// writer is a file being written in one format.
type writer interface {
	lineWriter
	// finish writes all that is left. It is called once, after the last line.
	finish(Totals) error
}

// Write makes the file of a closed statement from the items that were sealed.
// What it wrote is worth nothing when it returns an error: the hash is known only
// at the end. Memory does not grow with the lines, but for PDF, which lists
// MaxPDFLines at most.
//
// Errors: ErrHead, ErrHash, ErrFormat, ErrLanguage, those of Seal, and those of w.
func Write(ctx context.Context, s Statement, items Items, f Format, w io.Writer, o Options) error {
	if err := write(ctx, s, items, f, w, o); err != nil {
		return fmt.Errorf("write statement %d of merchant %.80q as %.20s: %w", s.No, s.Merchant.ID, f, err)
	}
	return nil
}

// write chooses what makes the file. Each format but JSON has the record beside it,
// which is hashed and thrown away.
func write(ctx context.Context, s Statement, items Items, f Format, w io.Writer, o Options) error {
	words, err := wordsOf(o.Language)
	if err != nil {
		return err
	}
	if err := s.check(); err != nil {
		return err
	}
	switch f {
	case JSON:
		return fill(ctx, s, items, nil, newRecord(w, s.Head), o.Progress)
	case CSV:
		return fill(ctx, s, items, newTable(w), newRecord(io.Discard, s.Head), o.Progress)
	case XLSX:
		book, err := newWorkbook(w, s, o.TempDir, 0, words)
		if err != nil {
			return err
		}
		defer book.Discard()
		return fill(ctx, s, items, book, newRecord(io.Discard, s.Head), o.Progress)
	case PDF:
		pages, err := newDocument(w, s, words)
		if err != nil {
			return err
		}
		return fill(ctx, s, items, pages, newRecord(io.Discard, s.Head), o.Progress)
	default:
		return ErrFormat
	}
}

// fill writes the lines into a file, beside the record, whose hash must be the
// closed statement's before the file is finished. JSON is its own record.
func fill(ctx context.Context, s Statement, items Items, file writer, r *record, progress Progress) error {
	to := lineWriters{r}
	if file != nil {
		to = append(to, file)
	}
	totals, err := run(ctx, s.Head, items, to, progress)
	if err != nil {
		return err
	}
	r.recorded = s.SHA256
	if err := r.finish(totals); err != nil {
		return err
	}
	if file == nil {
		return nil
	}
	return file.finish(totals)
}

// lineWriters hands each line to all.
type lineWriters []lineWriter

// line stops at the first that fails.
func (all lineWriters) line(l line) error {
	for _, w := range all {
		if err := w.line(l); err != nil {
			return err
		}
	}
	return nil
}
