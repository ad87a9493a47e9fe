package ledger

import (
	"errors"
	"strconv"
	"strings"
)

// Rupiah is a whole number of Indonesian rupiah. There is no smaller unit in
// use, so money is never a fraction and never a float.
type Rupiah int64

// MaxRupiah is the largest amount that a message can carry: 12 digits
// (spec 1.0.14, PaymentReq field 4).
const MaxRupiah Rupiah = 999_999_999_999

// ErrAmount reports text that is no amount of whole rupiah.
var ErrAmount = errors.New("not an amount of whole rupiah: want 1 to 12 digits, optionally followed by .0 or .00")

// ParseRupiah reads an amount as partners write it. The spec calls the format
// "double", so "50000", "50000.0" and "50000.00" are the same amount; signs,
// exponents, separators and fractions of a rupiah are refused, not rounded.
func ParseRupiah(s string) (Rupiah, error) {
	whole, fraction, dotted := strings.Cut(s, ".")
	if dotted && fraction != "0" && fraction != "00" {
		return 0, ErrAmount
	}
	if whole == "" || len(whole) > 12 || !allDigits(whole) {
		return 0, ErrAmount
	}
	n, err := strconv.ParseInt(whole, 10, 64)
	if err != nil {
		return 0, ErrAmount
	}
	return Rupiah(n), nil
}

// String writes the amount in plain digits, as the spec's samples do: "50000".
func (r Rupiah) String() string { return strconv.FormatInt(int64(r), 10) }
