package partnerfile

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"

	"paypoint/ledger"
)

// timeToken is a part of a date format as profiles write it, and as package
// time does.
type timeToken struct{ token, layout string }

// timeTokens has the longer of two that begin alike first. SSS has no point of
// its own: package time knows fractions of a second by the point before them.
var timeTokens = [...]timeToken{
	{"yyyy", "2006"},
	{"yy", "06"},
	{"MMM", "Jan"},
	{"MM", "01"},
	{"dd", "02"},
	{"HH", "15"},
	{"mm", "04"},
	{"ss", "05"},
	{".SSS", ".000"},
	{",SSS", ",000"},
	{"XXX", "Z07:00"},
	{"T", "T"},
}

// timePunctuation may stand between tokens. No digits: package time would take
// them for a part of the date.
const timePunctuation = "-/.:, _"

// Which parts a format must have, each with its alternatives.
var (
	dateParts = [][]string{{"yyyy", "yy"}, {"MMM", "MM"}, {"dd"}}
	timeParts = [][]string{{"HH"}, {"mm"}}
)

// clock reads dates of one format.
type clock struct {
	layout string
	zoned  bool
	excel  bool
	// from1904 says that the workbook counts days as old Macs did.
	from1904 bool
}

// newClock compiles a date format, which must have the parts named and each of
// its tokens once.
func newClock(format string, parts ...[]string) (clock, error) {
	if format == ExcelDate {
		return clock{excel: true}, nil
	}
	var layout strings.Builder
	var found []string
	for rest := format; rest != ""; {
		i := slices.IndexFunc(timeTokens[:], func(t timeToken) bool { return strings.HasPrefix(rest, t.token) })
		switch {
		case i >= 0:
			token := timeTokens[i]
			if slices.Contains(found, token.token) {
				return clock{}, fmt.Errorf("%q has %s twice", format, token.token)
			}
			found = append(found, token.token)
			layout.WriteString(token.layout)
			rest = rest[len(token.token):]
		case strings.Contains(timePunctuation, rest[:1]):
			layout.WriteByte(rest[0])
			rest = rest[1:]
		default:
			return clock{}, fmt.Errorf("%q: %q is no part of a date: want yyyy yy MM MMM dd HH mm ss .SSS XXX T and any of %q", format, rest[:1], timePunctuation)
		}
	}
	for _, alternatives := range parts {
		if !slices.ContainsFunc(alternatives, func(a string) bool { return slices.Contains(found, a) }) {
			return clock{}, fmt.Errorf("%q lacks %s", format, strings.Join(alternatives, " or "))
		}
	}
	return clock{layout: layout.String(), zoned: slices.Contains(found, "XXX")}, nil
}

// parse reads a moment in WIB, and nothing that package time merely tolerates:
// "9:00" for HH:mm, or a second's fraction that the format does not have.
func (c clock) parse(text string) (time.Time, error) {
	if c.excel {
		return c.parseSerial(text)
	}
	t, err := time.ParseInLocation(c.layout, text, ledger.WIB)
	if err != nil {
		return time.Time{}, errors.New("not a date or time as the profile's format has it")
	}
	// With a zone the same moment can be written in two ways (Z, +00:00).
	if !c.zoned && !strings.EqualFold(t.Format(c.layout), text) {
		return time.Time{}, errors.New("not written exactly as the profile's format has it")
	}
	return t.In(ledger.WIB), nil
}

// maxSerial is the last day that spreadsheets know: 9999-12-31.
const maxSerial = 2_958_466

// parseSerial reads a cell's date: days since 1900 (or 1904), with the time as a
// fraction. Cells have no zone; what people see in them is WIB.
func (c clock) parseSerial(text string) (time.Time, error) {
	serial, err := strconv.ParseFloat(text, 64)
	if err != nil || !(serial >= 1 && serial < maxSerial) {
		return time.Time{}, errors.New("not a date cell")
	}
	t, err := excelize.ExcelDateToTime(serial, c.from1904)
	if err != nil {
		return time.Time{}, errors.New("not a date cell")
	}
	t = t.Round(time.Second) // the fraction of a day is seldom exact, and how excelize rounds it is its own affair
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, ledger.WIB), nil
}
