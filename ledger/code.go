package ledger

import (
	"errors"
	"fmt"
	"strconv"
)

// PaymentCode is what the customer reads to the cashier: a string of digits,
// in which leading zeros count (spec 1.0.14, InquiryReq field 3: 1-20
// characters).
type PaymentCode string

// TrackingRef is the transaction id of an Indomaret store (InquiryReq field 4:
// 1-20 characters).
type TrackingRef string

// The shape of a code: a merchant's prefix, a permuted number, a Luhn digit.
const (
	// PrefixDigits is the length of a merchant's prefix.
	PrefixDigits = 3
	// DefaultCodeLength is the length of a new ledger's codes.
	DefaultCodeLength = 16
	// MinCodeLength keeps a scan of a million codes from finding one in use.
	MinCodeLength = 12
	// MaxCodeLength is the spec's limit for PaymentCode.
	MaxCodeLength = 20
	// CodeKeySize is the length of the key under which numbers are permuted.
	CodeKeySize = 32
)

// ErrCodesExhausted reports that every code of the ledger's length is given out.
var ErrCodesExhausted = errors.New("all payment codes of this length are given out")

// Codes turns the ledger's ascending charge numbers into payment codes and
// back. The same number gives another code under another prefix.
type Codes struct {
	permutation *permutation
	length      int
}

// NewCodes makes the codes of one ledger from its key (CodeKeySize bytes) and
// its code length (MinCodeLength to MaxCodeLength).
func NewCodes(key []byte, length int) (*Codes, error) {
	if len(key) != CodeKeySize {
		return nil, fmt.Errorf("code key has %d bytes: want %d", len(key), CodeKeySize)
	}
	if length < MinCodeLength || length > MaxCodeLength {
		return nil, fmt.Errorf("code length %d: want %d to %d", length, MinCodeLength, MaxCodeLength)
	}
	p, err := newPermutation(key, length-PrefixDigits-1)
	if err != nil {
		return nil, err
	}
	return &Codes{permutation: p, length: length}, nil
}

// Code is the payment code of a charge number under a merchant's prefix. Errors:
// ErrCodesExhausted, and a prefix that is not PrefixDigits digits: its codes
// would not lead back to their charges.
func (c *Codes) Code(prefix string, number uint64) (PaymentCode, error) {
	if len(prefix) != PrefixDigits || !allDigits(prefix) {
		return "", fmt.Errorf("code prefix %q: want %d digits", prefix, PrefixDigits)
	}
	digits := c.permutation.digits
	if number >= pow10(digits) {
		return "", ErrCodesExhausted
	}
	middle := strconv.FormatUint(c.permutation.forward(number, prefix), 10)
	body := make([]byte, 0, c.length)
	body = append(body, prefix...)
	for range digits - len(middle) {
		body = append(body, '0')
	}
	body = append(body, middle...)
	return PaymentCode(append(body, luhnDigit(body))), nil
}

// Space is how many charge numbers have codes: those below it.
func (c *Codes) Space() uint64 { return pow10(c.permutation.digits) }

// Number is the charge number that a code of this ledger's shape stands for.
// It is false for text that can't be a code of ours; true does not mean that
// the charge exists.
func (c *Codes) Number(code PaymentCode) (uint64, bool) {
	if len(code) != c.length || !allDigits(string(code)) {
		return 0, false
	}
	last := len(code) - 1
	if luhnDigit([]byte(code[:last])) != code[last] {
		return 0, false
	}
	middle, err := strconv.ParseUint(string(code[PrefixDigits:last]), 10, 64)
	if err != nil {
		return 0, false
	}
	return c.permutation.backward(middle, code.Prefix()), true
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// Prefix is the merchant's part of a code of this ledger's shape.
func (p PaymentCode) Prefix() string { return string(p[:min(PrefixDigits, len(p))]) }

// luhnDigit is the check digit (ISO/IEC 7812-1, annex B) that catches a
// mistyped or two swapped digits at the till.
func luhnDigit(digits []byte) byte {
	sum := 0
	for i := range digits {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 0 {
			d *= 2
			if d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return byte('0' + (10-sum%10)%10)
}
