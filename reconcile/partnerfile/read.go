package partnerfile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"paypoint/ledger"
)

// Options is what the reader expects of a file besides its profile.
type Options struct {
	// Day is the business day whose file is expected; any when empty.
	Day ledger.Day
	// Name is the file's name without folders, held against the profile's
	// template; not looked at when empty.
	Name string
	// CutOff is when a business day ends, after midnight WIB; 24h when 0.
	CutOff time.Duration
	// TempFolder takes a workbook's temporary files; the system's when empty.
	TempFolder string
}

// Read reads a partner's file and hands each payment out in the file's order.
// What each received counts only when Read returns no error: the trailer, which
// proves that nothing is missing, comes last.
//
// Errors: *ProfileError, *LineError for what concerns one line; ErrFormat,
// ErrTruncated, ErrTooLarge, ErrTrailer, ErrOtherDay, ErrOtherPartner, ErrName;
// the reader's own, each's and the context's.
func Read(ctx context.Context, in io.Reader, p Profile, o Options, each func(Line) error) (Summary, error) {
	if faults := p.Check(); len(faults) > 0 {
		return Summary{}, &ProfileError{faults}
	}
	r := &reading{
		profile: p, options: o, each: each,
		wrong: func(faults []*LineError) error { return faults[0] },
	}
	summary, err := r.run(ctx, in)
	if err != nil {
		return Summary{}, fmt.Errorf("read the partner's file by profile %q: %w", p.Name, err)
	}
	return summary, nil
}

// reading is one file on its way through.
type reading struct {
	profile Profile
	options Options
	each    func(Line) error
	// wrong takes what is wrong with one row; its error ends the reading.
	wrong func([]*LineError) error

	source  *source
	rows    rows
	places  places
	details *details
	tally   *tally
	summary Summary
	named   NamedFile
	// fields is how many each line has; 0 until it is known.
	fields int
	// What has been seen of the file: any row at all, and its records.
	begun, header, titles, trailer bool
	// spoilt tells that a line was wrong and is missing in the sums.
	spoilt bool
}

// run reads the whole file.
func (r *reading) run(ctx context.Context, in io.Reader) (_ Summary, err error) {
	if r.options.CutOff == 0 {
		r.options.CutOff = midnight
	}
	r.summary.Profile = r.profile.Name
	r.source = newSource(ctx, in)
	if err := r.name(); err != nil {
		return r.summary, err
	}
	from1904, closeRows, err := r.open()
	if err != nil {
		return r.summary, err
	}
	defer func() { err = errors.Join(err, closeRows()) }()
	r.places, r.tally = newPlaces(r.profile), newTally(r.profile.Trailer)
	if r.details, err = newDetails(r.profile, r.places, r.options.CutOff, from1904); err != nil {
		return r.summary, err
	}
	r.aroundDay()
	if err := r.records(ctx); err != nil {
		return r.summary, err
	}
	if err := r.finish(); err != nil {
		return r.summary, err
	}
	r.summary.Bytes, r.summary.SHA256 = r.source.bytes, r.source.digest()
	return r.summary, nil
}

// name takes from the file's name what it tells.
func (r *reading) name() error {
	if r.options.Name != "" && r.profile.FileName.Template != "" {
		named, err := r.profile.MatchName(r.options.Name)
		if err != nil {
			return err
		}
		r.named = named
		r.summary.Sequence = named.Sequence
	}
	if p := r.profile; p.DayTolerance > 0 && r.options.Name == "" && !p.datedHeader() {
		return fmt.Errorf("%w: it is missing, and nothing else in the profile tells the file's day", ErrName)
	}
	return r.setDay(r.named.Day, "the name")
}

// setDay holds a day that the file gives against those known before.
func (r *reading) setDay(day ledger.Day, whose string) error {
	if r.summary.Day == "" {
		r.summary.Day = r.options.Day
	}
	if day == "" {
		return nil
	}
	if known := r.summary.Day; known != "" && known != day {
		return fmt.Errorf("%w: %s says %s, want %s", ErrOtherDay, whose, day, known)
	}
	r.summary.Day = day
	return nil
}

// aroundDay bounds the lines' days once the file's is known.
func (r *reading) aroundDay() {
	if r.summary.Day != "" {
		r.details.around(r.summary.Day, r.profile.DayTolerance)
	}
}

// open makes rows of the bytes by the profile's format.
func (r *reading) open() (from1904 bool, closeRows func() error, err error) {
	nothing := func() error { return nil }
	in, err := unpack(r.source)
	if err != nil {
		return false, nothing, err
	}
	if r.profile.Format == XLSX {
		first, err := in.Peek(len(zipMagic))
		if err != nil && !errors.Is(err, io.EOF) {
			return false, nothing, err
		}
		if string(first) != string(zipMagic) {
			return false, nothing, fmt.Errorf("%w: not a workbook, the profile says xlsx", ErrFormat)
		}
		book, err := openWorkbook(in, r.profile.Sheet, r.options.TempFolder)
		if err != nil {
			return false, nothing, err
		}
		r.rows = book
		return book.from1904, book.close, nil
	}
	text, err := decode(in, r.profile.Encoding)
	if err != nil {
		return false, nothing, err
	}
	if r.profile.Quoting == RFC4180 {
		r.rows = newTable(text, r.profile.Delimiter)
	} else {
		r.rows = newLines(text, r.profile.Delimiter)
	}
	return false, nothing, nil
}

// records reads rows to the end.
func (r *reading) records(ctx context.Context) error {
	for n := 1; ; n++ {
		if n%cancelEvery == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		row, err := r.rows.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		r.begun = true
		if row.number <= r.profile.Skip {
			continue
		}
		if err := r.record(row); err != nil {
			return err
		}
	}
}

// record takes a row for what it is: the header is the first, then come the
// titles, then payments, then the trailer.
func (r *reading) record(row *row) error {
	p := r.profile
	switch {
	case r.trailer:
		return r.misplaced(row, "stands after the trailer")
	case p.Header != nil && !r.header:
		return r.readHeader(row)
	case p.Titles && !r.titles:
		return r.readTitles(row)
	case p.Trailer != nil && row.begins(p.Trailer.Mark):
		return r.readTrailer(row)
	case p.Header != nil && p.Header.Mark != "" && row.begins(p.Header.Mark):
		return r.misplaced(row, "a second header")
	case p.Detail != "" && !row.begins(p.Detail):
		return r.misplaced(row, fmt.Sprintf("not marked as a payment (%q) or another record of the profile", p.Detail))
	}
	return r.readDetail(row)
}

// misplaced reports a row that should not be there.
func (r *reading) misplaced(row *row, rule string) error {
	return r.report([]*LineError{{Line: row.number, Text: printable(hideDigits(row.String())), Rule: rule, kind: ErrFormat}})
}

// report hands faults on.
func (r *reading) report(faults []*LineError) error {
	if len(faults) == 0 {
		return nil
	}
	r.spoilt = true
	return r.wrong(faults)
}

// readHeader says first whose file it is and of which day: another's should not
// be refused for its thousandth line.
func (r *reading) readHeader(row *row) error {
	h := r.profile.Header
	r.header = true
	if h.Mark != "" && !row.begins(h.Mark) {
		return r.misplaced(row, fmt.Sprintf("want the header, marked %q", h.Mark))
	}
	v := &values{places: r.places, row: row}
	v.text("header.layout")  // held against its constant
	v.text("header.partner") // likewise
	if text := v.text("header.sequence"); text != "" {
		n, err := strconv.Atoi(text)
		switch {
		case err != nil || n < 1:
			v.fault("header.sequence", text, "want a number from 1 on", nil)
		case r.named.Sequence != 0 && r.named.Sequence != n:
			v.fault("header.sequence", text, fmt.Sprintf("the file's name says %d", r.named.Sequence), ErrName)
		}
		r.summary.Sequence = n
	}
	if text := v.text("header.date"); text != "" {
		r.readHeaderDate(v, text)
	}
	r.aroundDay()
	// With titles, columns have no place yet.
	if len(v.faults) == 0 && h.Mark == "" && !r.profile.Titles {
		return r.likePayment(row, "the header")
	}
	return r.report(v.faults)
}

// readHeaderDate holds the header's day against the name's and the expected one.
func (r *reading) readHeaderDate(v *values, text string) {
	h := r.profile.Header
	c, err := newClock(h.DateFormat)
	c.from1904 = r.details.at.from1904
	var date time.Time
	if err == nil {
		date, err = c.parse(text)
	}
	if err != nil {
		v.fault("header.date", text, err.Error(), nil)
		return
	}
	if err := r.setDay(h.DateMeaning.day(ledger.CalendarDay(date)), "the header"); err != nil {
		v.fault("header.date", text, err.Error(), ErrOtherDay)
	}
}

// likePayment finds a row that is no payment by its place alone and yet reads as
// one: the profile knows of a record that the file does not have, and a payment
// would be lost.
func (r *reading) likePayment(row *row, what string) error {
	if r.profile.Detail != "" && !row.begins(r.profile.Detail) {
		return nil
	}
	if r.details.read(row, 1); len(r.details.faults) > 0 {
		return nil
	}
	return r.misplaced(row, fmt.Sprintf("reads as a payment: want %s", what))
}

// readTitles can't be done without: where a title is missing, reading ends.
func (r *reading) readTitles(row *row) error {
	r.titles = true
	if r.profile.Format == Delimited && r.profile.Fields == 0 {
		r.fields = len(row.cells)
	}
	faults := r.places.title(row)
	if len(faults) == 0 {
		return r.likePayment(row, "the titles")
	}
	if err := r.report(faults); err != nil {
		return err
	}
	return faults[0]
}

// readTrailer holds what the file says of itself against its lines.
func (r *reading) readTrailer(row *row) error {
	r.trailer = true
	if r.spoilt {
		return nil // sums without the lines that are wrong can't agree
	}
	v := &values{places: r.places, row: row}
	r.tally.check(v, r.profile.Amounts)
	return r.report(v.faults)
}

// readDetail takes a payment. The hash is of all lines, those that are wrong
// included: it tells whether the file came over whole.
func (r *reading) readDetail(row *row) error {
	if fault := r.countFields(row); fault != nil {
		return r.report([]*LineError{fault})
	}
	if r.summary.Lines >= MaxLines {
		return fmt.Errorf("%w: more than %d payments", ErrTooLarge, MaxLines)
	}
	line, w := r.details.read(row, r.summary.Lines+1)
	if r.tally.lines != nil {
		r.tally.lines.Write(row.raw)
	}
	if faults := r.details.faults; len(faults) > 0 {
		r.summary.Lines++
		return r.report(faults)
	}
	r.tally.add(w)
	r.summary.add(line)
	return r.each(line)
}

// countFields finds lines with a field too many or too few, where every value
// after it would be taken for another's.
func (r *reading) countFields(row *row) *LineError {
	if r.profile.Format != Delimited {
		return nil
	}
	if r.fields == 0 {
		r.fields = r.profile.Fields
	}
	if r.fields == 0 {
		r.fields = len(row.cells)
	}
	if len(row.cells) == r.fields {
		return nil
	}
	rule := fmt.Sprintf("%d fields: want %d", len(row.cells), r.fields)
	return &LineError{Line: row.number, Text: printable(hideDigits(row.String())), Rule: rule, kind: ErrFormat}
}

// finish asks whether the end of the file is there.
func (r *reading) finish() error {
	p := r.profile
	switch {
	case r.source.bytes == 0:
		return fmt.Errorf("%w: it is empty", ErrTruncated)
	case p.Header != nil && !r.header:
		return fmt.Errorf("%w: it has no header", ErrTruncated)
	case p.Titles && !r.titles:
		return fmt.Errorf("%w: it has no titles", ErrTruncated)
	case p.Trailer != nil && !r.trailer:
		return fmt.Errorf("%w: after %d payments there is no trailer", ErrTruncated, r.summary.Lines)
	case p.NewlineAtEnd && !r.rows.complete():
		return fmt.Errorf("%w: its last line has no end", ErrTruncated)
	case !r.begun:
		return fmt.Errorf("%w: it has no line at all", ErrTruncated)
	}
	return nil
}
