package partnerfile

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// What is wrong with a file as a whole; ask with errors.Is.
var (
	// ErrProfile reports a profile that Check finds faults in.
	ErrProfile = errors.New("the profile is wrong")
	// ErrFormat reports a file that is not of its profile's format or encoding.
	ErrFormat = errors.New("the file does not fit its profile")
	// ErrTruncated reports a file that ends before its end.
	ErrTruncated = errors.New("the file is cut off")
	// ErrTooLarge reports a file beyond a limit, packed or unpacked.
	ErrTooLarge = errors.New("the file is too large")
	// ErrTrailer reports a trailer that does not agree with the lines.
	ErrTrailer = errors.New("the trailer does not agree with the lines")
	// ErrOtherDay reports a file of another business day.
	ErrOtherDay = errors.New("the file is another day's")
	// ErrOtherPartner reports a file that was made by or for somebody else.
	ErrOtherPartner = errors.New("the file is another partner's")
	// ErrName reports a file name that does not fit the template or the file.
	ErrName = errors.New("the file's name is wrong")
)

// LineError is what is wrong with one line. It stops the import as a whole.
type LineError struct {
	// Line is the line's number from 1 on, of a workbook the row's.
	Line int
	// Column is the profile's key of the value (columns.amount); empty where the
	// fault is the line's.
	Column string
	// Text is the value or line as it stands: cut to MaxText characters, without
	// control characters, phone numbers masked.
	Text string
	// Rule says what is wrong or wanted.
	Rule string

	kind error
}

// Error writes line 7, columns.amount "1.5": a fraction of a rupiah.
func (e *LineError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "line %d", e.Line)
	if e.Column != "" {
		b.WriteString(", " + e.Column)
	}
	if e.Text != "" {
		fmt.Fprintf(&b, " %q", e.Text)
	}
	return b.String() + ": " + e.Rule
}

// Unwrap is ErrTrailer and the like, where the fault is one of those.
func (e *LineError) Unwrap() error { return e.kind }

// Fault is one thing that is wrong with a profile.
type Fault struct {
	// Key is the path of the key in the profile: columns.amount.position.
	Key string
	// Problem says what is wrong and what is wanted.
	Problem string
}

// String writes columns.amount.position: 0: want 1 to 256.
func (f Fault) String() string { return f.Key + ": " + f.Problem }

// ProfileError is all that Check found; it is an ErrProfile.
type ProfileError struct{ Faults []Fault }

// Error writes one fault a line.
func (e *ProfileError) Error() string {
	lines := make([]string, len(e.Faults))
	for i, fault := range e.Faults {
		lines[i] = fault.String()
	}
	return ErrProfile.Error() + ":\n" + strings.Join(lines, "\n")
}

// Unwrap is ErrProfile.
func (e *ProfileError) Unwrap() error { return ErrProfile }

// phoneLike finds what may be a phone number: a plus sign and digits, or digits
// that begin as Indonesian mobile numbers do, 08, 628 or (where a spreadsheet
// took the zero for nothing) 8. Blanks and hyphens may stand in between.
var phoneLike = regexp.MustCompile(`(^|[^0-9])((?:\+[0-9]|0[ -]?8|62[ -]?8|8)[0-9 *-]{5,})`)

// digitRun finds digits that may be a phone number's, however it is written.
var digitRun = regexp.MustCompile(`[0-9][0-9 *-]{4,}[0-9]`)

// printable makes a value fit for an error: cut, on one line, without control
// characters.
func printable(text string) string {
	var b strings.Builder
	count := 0
	for _, r := range text {
		if count == MaxText {
			b.WriteRune('…')
			break
		}
		if !unicode.IsPrint(r) || r == utf8.RuneError {
			r = '·'
		}
		b.WriteRune(r)
		count++
	}
	return b.String()
}

// hidePhones masks what a value shows of a phone number. In a line that is
// wrong a number may stand in any column, so each is looked at.
func hidePhones(text string) string {
	return phoneLike.ReplaceAllStringFunc(text, func(found string) string {
		at := strings.IndexAny(found, "+0123456789")
		return found[:at] + maskNumber(found[at:])
	})
}

// hideDigits masks every long number of a whole line: in a line that is not
// even parted rightly nothing tells a phone number from a code.
func hideDigits(text string) string { return digitRun.ReplaceAllString(text, mask) }
