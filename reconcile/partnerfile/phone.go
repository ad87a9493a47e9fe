package partnerfile

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// The lengths of a phone number in characters (E.164: at most 15 digits, and a
// plus sign), and how many of its last a mask shows.
const (
	minPhone   = 7
	maxPhone   = 16
	shownPhone = 3
)

// mask stands for what is not shown. Its length tells nothing.
const mask = "***"

// Phone is a customer's phone number, personal data. However it is printed or
// marshalled, all but the last three digits are masked. The zero Phone is that
// of a line without one.
type Phone struct {
	// A pointer: fmt prints the fields of a struct in an unexported field
	// without asking their methods, and then shows an address.
	number *string
}

var errPhone = errors.New("not a phone number: want 7 to 15 digits, a plus sign before them allowed; digits may be masked with *")

// ParsePhone reads a number; an empty text is the zero Phone. Blanks and hyphens in it are left out.
func ParsePhone(text string) (Phone, error) {
	number := strings.ReplaceAll(strings.ReplaceAll(text, " ", ""), "-", "")
	if number == "" {
		return Phone{}, nil
	}
	if len(number) < minPhone || len(number) > maxPhone {
		return Phone{}, errPhone
	}
	digits := strings.TrimPrefix(number, "+")
	// Partners that mask numbers themselves do so with asterisks.
	if strings.Trim(digits, "0123456789*") != "" {
		return Phone{}, errPhone
	}
	return Phone{number: &number}, nil
}

// Known reports whether the line has a phone number.
func (p Phone) Known() bool { return p.number != nil }

// Reveal is the number as the partner wrote it, without blanks and hyphens;
// empty where there is none. It is personal data: for storing and for those who
// may see it, never for a log, an error or a URL.
func (p Phone) Reveal() string {
	if p.number == nil {
		return ""
	}
	return *p.number
}

// String is the masked number, "***123"; empty where there is none.
func (p Phone) String() string {
	if p.number == nil {
		return ""
	}
	return maskNumber(*p.number)
}

// maskNumber leaves the last digits. Of text that is too short to hide the rest
// nothing is left.
func maskNumber(number string) string {
	if len(number) < minPhone {
		return mask
	}
	return mask + number[len(number)-shownPhone:]
}

// Format writes the masked number under every verb, %#v and %x included.
func (p Phone) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, p.String()) }

// MarshalText is the masked number, for JSON object keys, YAML and CSV.
func (p Phone) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// MarshalJSON is the masked number as a string.
func (p Phone) MarshalJSON() ([]byte, error) { return []byte(`"` + p.String() + `"`), nil }
