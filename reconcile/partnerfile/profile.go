package partnerfile

import (
	"bytes"
	"fmt"

	"github.com/goccy/go-yaml"
)

// Format is how a file parts its values.
type Format string

// The formats.
const (
	// Delimited parts the fields of a line by a character.
	Delimited Format = "delimited"
	// Fixed gives each field its place and length in the line, in characters.
	Fixed Format = "fixed"
	// XLSX is a workbook, one row for each line.
	XLSX Format = "xlsx"
)

// Quoting is whether a delimited field may be quoted.
type Quoting string

// The ways of quoting.
const (
	// NoQuoting takes quotation marks for text. It is the default.
	NoQuoting Quoting = "none"
	// RFC4180 lets a field stand in double quotes, with delimiters and line ends
	// in it.
	RFC4180 Quoting = "rfc4180"
)

// Encoding is how the bytes of a text file stand for characters.
type Encoding string

// The encodings. A file that begins with a byte order mark of UTF-16 is read
// as such under UTF8 too.
const (
	// UTF8 is the default; ASCII is part of it.
	UTF8 Encoding = "utf-8"
	// UTF16 needs a byte order mark.
	UTF16 Encoding = "utf-16"
	// Windows1252 is Western European Windows.
	Windows1252 Encoding = "windows-1252"
	// Latin1 is ISO 8859-1.
	Latin1 Encoding = "latin1"
)

// DateMeaning is what the date in a name or header says.
type DateMeaning string

// The meanings of a date.
const (
	// TransactionDay is the business day of the payments. It is the default.
	TransactionDay DateMeaning = "transaction_day"
	// NextDay is the day after: when the file was made.
	NextDay DateMeaning = "next_day"
)

// ExcelDate as a date format says that cells of a workbook hold real dates.
const ExcelDate = "excel"

// maxDayTolerance bounds Profile.DayTolerance.
const maxDayTolerance = 31

// Profile describes a partner's file. The zero values of its optional keys are
// said with each.
type Profile struct {
	// Name is what the profile is called: 1 to 60 characters.
	Name string `yaml:"name"`
	// Format is delimited, fixed or xlsx.
	Format Format `yaml:"format"`
	// Delimiter parts the fields of a delimited file: "|", ";", "," or a tab.
	Delimiter string `yaml:"delimiter,omitempty"`
	// Quoting is none (also when empty) or rfc4180; delimited files only.
	Quoting Quoting `yaml:"quoting,omitempty"`
	// Encoding of a text file: utf-8 (also when empty), utf-16, windows-1252 or latin1.
	Encoding Encoding `yaml:"encoding,omitempty"`
	// Sheet is the name of a workbook's sheet; the first when empty.
	Sheet string `yaml:"sheet,omitempty"`
	// Skip is how many lines (of a workbook: rows) stand before the file proper.
	Skip int `yaml:"skip,omitempty"`
	// Titles says that a line of column titles stands before the lines.
	Titles bool `yaml:"titles,omitempty"`
	// Fields is how many fields each line has. At 0 all must have as many as the
	// titles, or the first of them. It is not for fixed and xlsx.
	Fields int `yaml:"fields,omitempty"`
	// Detail is the mark of a payment's line: its first field, or how a fixed
	// line begins. Empty: every line that is neither header nor trailer.
	Detail string `yaml:"detail,omitempty"`
	// NewlineAtEnd says that the last line is ended too: a file that stops in
	// the middle of a line is then known as cut off even without a trailer.
	NewlineAtEnd bool `yaml:"newline_at_end,omitempty"`

	Header   *Header  `yaml:"header,omitempty"`
	Trailer  *Trailer `yaml:"trailer,omitempty"`
	Columns  Columns  `yaml:"columns"`
	Status   Status   `yaml:"status,omitempty"`
	Amounts  Amounts  `yaml:"amounts,omitempty"`
	FileName FileName `yaml:"file_name,omitempty"`

	// AtFormat, DateFormat and TimeFormat say how the columns at, date and time
	// are written, in WIB unless the format has a zone: yyyy yy MM MMM dd HH mm
	// ss SSS XXX (zone as +07:00), T and punctuation; or excel in a workbook.
	AtFormat   string `yaml:"at_format,omitempty"`
	DateFormat string `yaml:"date_format,omitempty"`
	TimeFormat string `yaml:"time_format,omitempty"`
	// DayTolerance is how many days a line's business day may lie from the
	// file's; 0 to 31. At 0 every line must be of the file's day; at 1 a payment
	// that slipped into the next day's file is read, and left to the matcher. The
	// file must then say its day itself, in its header or name: by its lines
	// yesterday's would pass for today's.
	DayTolerance int `yaml:"day_tolerance,omitempty"`
}

// datedHeader reports whether the file says its day by itself.
func (p Profile) datedHeader() bool {
	return p.Header != nil && p.Header.Date != nil && !p.Header.Date.Optional
}

// Field says where a value stands. Exactly one of Name, Position and Offset is
// given.
type Field struct {
	// Name is the column's title (any case); needs Profile.Titles.
	Name string `yaml:"name,omitempty"`
	// Position is the field's number in its line from 1 on, the mark included.
	Position int `yaml:"position,omitempty"`
	// Offset is where the field begins in a fixed line, from 1 on, in characters.
	Offset int `yaml:"offset,omitempty"`
	// Length is the field's length in a fixed line. Elsewhere, where given, the
	// value must have that many characters: a code that lost its leading zeros
	// in a spreadsheet has fewer.
	Length int `yaml:"length,omitempty"`
	// Value is what the field must hold; not checked when empty.
	Value string `yaml:"value,omitempty"`
	// Optional says that the field may be empty. A phone always may.
	Optional bool `yaml:"optional,omitempty"`
}

// Columns are the fields of a payment's line. Code, Ref, Amount, and At or Date
// are needed.
type Columns struct {
	// Line is the line's number, counted from 1 without a gap.
	Line *Field `yaml:"line,omitempty"`
	// Partner must hold Value: whose file it is.
	Partner *Field `yaml:"partner,omitempty"`
	Code    *Field `yaml:"code,omitempty"`
	Ref     *Field `yaml:"ref,omitempty"`
	Store   *Field `yaml:"store,omitempty"`
	// At is the time of the payment with its date; else Date, with Time or
	// without.
	At     *Field `yaml:"at,omitempty"`
	Date   *Field `yaml:"date,omitempty"`
	Time   *Field `yaml:"time,omitempty"`
	Amount *Field `yaml:"amount,omitempty"`
	Fee    *Field `yaml:"fee,omitempty"`
	// Net is what the partner remits; read for the trailer's sum of it.
	Net    *Field `yaml:"net,omitempty"`
	Status *Field `yaml:"status,omitempty"`
	Phone  *Field `yaml:"phone,omitempty"`
}

// Header is the first record of a file (after Skip).
type Header struct {
	// Mark is the first field, or how a fixed line begins; empty: whatever
	// stands first is the header.
	Mark string `yaml:"mark,omitempty"`
	// Layout and Partner hold a constant, their Value.
	Layout  *Field `yaml:"layout,omitempty"`
	Partner *Field `yaml:"partner,omitempty"`
	// Date is the file's date, written in DateFormat; DateMeaning says of what.
	Date        *Field      `yaml:"date,omitempty"`
	DateFormat  string      `yaml:"date_format,omitempty"`
	DateMeaning DateMeaning `yaml:"date_meaning,omitempty"`
	// Sequence is the file's number among those of its day.
	Sequence *Field `yaml:"sequence,omitempty"`
}

// Trailer is the last record. Each of its fields is held against the lines;
// sums are of the columns as the file has them.
type Trailer struct {
	// Mark is the first field, or how a fixed line begins; needed.
	Mark string `yaml:"mark,omitempty"`
	// Count counts all lines, CountPaid and CountReversed those of a status.
	Count         *Field `yaml:"count,omitempty"`
	CountPaid     *Field `yaml:"count_paid,omitempty"`
	CountReversed *Field `yaml:"count_reversed,omitempty"`
	// Sum adds up the amounts of all lines, SumReversed those of reversed ones;
	// SumAmount, SumFee and SumNet are of paid ones.
	Sum         *Field `yaml:"sum,omitempty"`
	SumAmount   *Field `yaml:"sum_amount,omitempty"`
	SumReversed *Field `yaml:"sum_reversed,omitempty"`
	SumFee      *Field `yaml:"sum_fee,omitempty"`
	SumNet      *Field `yaml:"sum_net,omitempty"`
	// SHA256 is the hex hash of the payments' lines with their line ends; only
	// of UTF-8 text without quoting.
	SHA256 *Field `yaml:"sha256,omitempty"`
}

// Status holds the words of the status column, matched exactly. Without that
// column every line is paid.
type Status struct {
	Paid     []string `yaml:"paid,omitempty"`
	Reversed []string `yaml:"reversed,omitempty"`
}

// FileName is how files are called.
type FileName struct {
	// Template is text with {date:FORMAT}, {time:FORMAT}, {seq} or {seq:DIGITS}:
	// INDOMARET_{date:yyyyMMdd}_{seq:2}.txt. Empty: names are not looked at.
	Template string `yaml:"template,omitempty"`
	// DateMeaning is transaction_day (also when empty) or next_day.
	DateMeaning DateMeaning `yaml:"date_meaning,omitempty"`
}

// ParseProfile reads a profile written in YAML, strictly: unknown keys are
// refused. Errors: ErrProfile with the place in the text, or a *ProfileError
// with all that Check finds.
func ParseProfile(text []byte) (Profile, error) {
	var p Profile
	decoder := yaml.NewDecoder(bytes.NewReader(text), yaml.Strict())
	if err := decoder.Decode(&p); err != nil {
		return Profile{}, fmt.Errorf("%w: %w", ErrProfile, err)
	}
	if faults := p.Check(); len(faults) > 0 {
		return Profile{}, &ProfileError{faults}
	}
	return p, nil
}

// Simulated is the profile of the file that "indomaret settlement" writes, for
// the sandbox and as a sample.
func Simulated() Profile {
	at := func(position int) *Field { return &Field{Position: position} }
	optional := func(position int) *Field { return &Field{Position: position, Optional: true} }
	return Profile{
		Name: "simulated-indomaret", Format: Delimited, Delimiter: "|", Fields: 14, Detail: "D", NewlineAtEnd: true,
		Header: &Header{
			Mark: "H", Layout: &Field{Position: 2, Value: "1"}, Partner: &Field{Position: 3, Value: "INDOMARET"},
			Date: at(4), DateFormat: "yyyy-MM-dd", Sequence: at(5),
		},
		Columns: Columns{
			Line: at(2), At: at(3), Store: at(4), Ref: at(5), Code: at(6), Amount: at(8), Fee: at(9), Net: at(10),
			Status: at(11), Phone: optional(14),
		},
		AtFormat: "yyyy-MM-dd HH:mm:ss", DayTolerance: 1,
		Status: Status{Paid: []string{"PAID"}, Reversed: []string{"REVERSED"}},
		Trailer: &Trailer{
			Mark: "T", CountPaid: at(2), SumAmount: at(3), CountReversed: at(4), SumReversed: at(5),
			SumFee: at(6), SumNet: at(7), SHA256: at(8),
		},
	}
}
