package sheet

import (
	"cmp"
	"fmt"
	"reflect"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"
)

// Kind is what a column holds.
type Kind int

// The kinds.
const (
	// Text is any string.
	Text Kind = iota
	// Rupiah is an integer of whole rupiah, of either sign.
	Rupiah
	// Count is how many there are of something.
	Count
	// Serial is a number that names something, shown without thousands marks.
	Serial
	// Day is a calendar day as a string, yyyy-mm-dd.
	Day
	// Time is a moment, shown in WIB to the second.
	Time
)

// Limits of a table.
const (
	// MaxColumns is how many columns it has at most.
	MaxColumns = 200
	// MaxTitle is how long its title is at most, in characters: sheets are named
	// so, with a number after it, and a name takes 31 (Excel's limit).
	MaxTitle = 25
	// MaxText is the longest text in a cell, in UTF-16 units (Excel's limit).
	MaxText = 32_767
	// MaxNumber is the largest number of either sign: 15 digits, for spreadsheets
	// show zeros for those that follow.
	MaxNumber = 999_999_999_999_999
)

// Column is a column of a table.
type Column struct {
	// Name is its heading, and its member's name in JSON.
	Name string
	Kind Kind
	// Width is that in a workbook, in characters; 0 is what the kind and the name
	// need.
	Width float64
}

// defaultWidths hold the longest value of a kind; texts of 20 characters.
var defaultWidths = map[Kind]float64{Text: 20, Rupiah: 18, Count: 12, Serial: 12, Day: 12, Time: 20}

// heading is how the column looks in a workbook: figures and their name stand at
// the right.
func (c Column) heading() Heading {
	// Bold letters are wider than the figures that widths are counted in.
	const bold, margin = 1.2, 1
	named := bold*float64(utf8.RuneCountInString(c.Name)) + margin
	width := cmp.Or(c.Width, max(defaultWidths[c.Kind], named))
	return Heading{Name: c.Name, Width: min(width, excelize.MaxColumnWidth), Right: c.Kind == Rupiah || c.Kind == Count}
}

// wib is the zone of all times: Waktu Indonesia Barat, UTC+7, without a summer time.
var wib = time.FixedZone("WIB", 7*60*60)

// date is the value of a day, its midnight in WIB.
type date struct{ time.Time }

// value reads a cell as its column's kind: nil, string, int64, date or time.Time.
func (c Column) value(v any) (any, error) {
	simple, err := scalar(v)
	if err != nil || simple == nil {
		return nil, err
	}
	switch of := simple.(type) {
	case string:
		switch c.Kind {
		case Text:
			return of, checkText(of)
		case Day:
			return parseDay(of)
		}
	case int64:
		if c.Kind.isNumber() {
			return of, nil
		}
	case time.Time:
		if c.Kind == Time {
			return of, nil
		}
	}
	return nil, fmt.Errorf("%T in a column of kind %s: %w", v, c.Kind, ErrCell)
}

func (k Kind) isNumber() bool { return k == Rupiah || k == Count || k == Serial }

// String is the kind's name.
func (k Kind) String() string {
	names := [...]string{"text", "rupiah", "count", "serial", "day", "time"}
	if k < 0 || int(k) >= len(names) {
		return fmt.Sprintf("kind %d", int(k))
	}
	return names[k] // #nosec G602 -- k is held under its length above
}

// scalar brings a value of any named type to nil, string, int64 or time.Time.
func scalar(v any) (any, error) {
	switch v := v.(type) {
	case nil:
		return nil, nil
	case time.Time:
		if v.IsZero() {
			return nil, nil
		}
		return v, nil
	}
	switch of := reflect.ValueOf(v); {
	case of.Kind() == reflect.String:
		return of.String(), nil
	case of.CanInt():
		return number(of.Int())
	case of.CanUint():
		// Above the limit any number is as good as the next one.
		return number(int64(min(of.Uint(), MaxNumber+1))) // #nosec G115 -- min leaves 16 digits
	default:
		return nil, fmt.Errorf("%T: %w", v, ErrCell)
	}
}

// number holds a number under its limit.
func number(n int64) (any, error) {
	if n > MaxNumber || n < -MaxNumber {
		return nil, errTooLarge
	}
	return n, nil
}

// errTooLarge reports a number that spreadsheets do not keep exactly.
var errTooLarge = fmt.Errorf("a number of more than 15 digits: %w", ErrCell)

// checkText holds a text under its limit.
func checkText(s string) error {
	// No text has more UTF-16 units than bytes.
	if len(s) <= MaxText {
		return nil
	}
	if n := len(utf16.Encode([]rune(s))); n > MaxText {
		return fmt.Errorf("a text of %d characters, more than %d: %w", n, MaxText, ErrCell)
	}
	return nil
}

// parseDay reads a day; an empty one is nil.
func parseDay(s string) (any, error) {
	if s == "" {
		return nil, nil
	}
	midnight, err := time.ParseInLocation(time.DateOnly, s, wib)
	if err != nil {
		return nil, fmt.Errorf("day %.20q is no yyyy-mm-dd: %w", s, ErrCell)
	}
	return date{midnight}, nil
}
