package locale

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"paypoint/ledger"
)

// MaxInput is how long a typed amount or day may be, in bytes.
const MaxInput = 40

// What is wrong with a typed value.
var (
	// ErrAmount: it is no amount of whole rupiah.
	ErrAmount = errors.New("not an amount of whole rupiah: want 100000 or 100.000")
	// ErrUnclear: a comma where Indonesians write a dot, so it may be a hundred
	// thousand or a hundred.
	ErrUnclear = errors.New("unclear: a dot parts thousands, a comma only sen; want 100000 or 100.000")
	// ErrTooLarge: it is more than ledger.MaxRupiah.
	ErrTooLarge = errors.New("larger than any amount here can be")
	// ErrDay: it is no day.
	ErrDay = errors.New("not a day: want dd/mm/yyyy or yyyy-mm-dd")
)

// The shapes of an amount. Sen are written by banks, and are always none.
var (
	plainAmount   = regexp.MustCompile(`^([0-9]+)(,00)?$`)
	groupedAmount = regexp.MustCompile(`^([0-9]{1,3}(?:\.[0-9]{3})+)(,00)?$`)
	unclearAmount = regexp.MustCompile(`^[0-9.]+,[0-9,.]*$`)
)

// ParseRupiah reads an amount as people type it: "100000", "100.000",
// "Rp 100.000", "Rp100.000,00". "100,000" is refused as unclear, not guessed.
// Errors: ErrAmount, ErrUnclear, ErrTooLarge; none repeats what was typed.
func ParseRupiah(s string) (ledger.Rupiah, error) {
	if len(s) > MaxInput {
		return 0, fmt.Errorf("read amount of %d bytes: %w", len(s), ErrAmount)
	}
	digits := withoutCurrency(s)
	match := plainAmount.FindStringSubmatch(digits)
	if match == nil {
		match = groupedAmount.FindStringSubmatch(digits)
	}
	switch {
	case match == nil && unclearAmount.MatchString(digits):
		return 0, fmt.Errorf("read amount: %w", ErrUnclear)
	case match == nil:
		return 0, fmt.Errorf("read amount: %w", ErrAmount)
	}
	n, err := strconv.ParseInt(strings.ReplaceAll(match[1], ".", ""), 10, 64)
	if err != nil || ledger.Rupiah(n) > ledger.MaxRupiah {
		return 0, fmt.Errorf("read amount: at most %s: %w", Rupiah(ledger.MaxRupiah), ErrTooLarge)
	}
	return ledger.Rupiah(n), nil
}

// withoutCurrency takes "Rp" or "IDR" and blanks from the front, and blanks from
// the end.
func withoutCurrency(s string) string {
	s = strings.TrimSpace(s) // no-break spaces too: papers have them
	for _, sign := range []string{"rp", "idr"} {
		if len(s) >= len(sign) && strings.EqualFold(s[:len(sign)], sign) {
			return strings.TrimSpace(strings.TrimPrefix(s[len(sign):], "."))
		}
	}
	return s
}

// writtenDay is day, month, year in the order in which Indonesians write them.
var writtenDay = regexp.MustCompile(`^([0-9]{1,2})[/.-]([0-9]{1,2})[/.-]([0-9]{4})$`)

// ParseDay reads a day as people type it: "21/11/2026", "2026-11-21", "kemarin"
// or "yesterday", "hari ini" or "today". today is the day on which they do.
// Error: ErrDay.
func ParseDay(s string, today ledger.Day) (ledger.Day, error) {
	if len(s) > MaxInput {
		return "", fmt.Errorf("read day of %d bytes: %w", len(s), ErrDay)
	}
	text := strings.ToLower(strings.Join(strings.Fields(s), " "))
	switch text {
	case "kemarin", "yesterday":
		return today.Previous(), nil
	case "hari ini", "today":
		return today, nil
	}
	if parts := writtenDay.FindStringSubmatch(text); parts != nil {
		text = parts[3] + "-" + twoDigits(parts[2]) + "-" + twoDigits(parts[1])
	}
	t, err := time.ParseInLocation(time.DateOnly, text, ledger.WIB)
	// Year 0 has no day before its first.
	if err != nil || t.Year() < 1 {
		return "", fmt.Errorf("read day: %w", ErrDay)
	}
	return ledger.Day(text), nil
}

func twoDigits(s string) string {
	if len(s) == 1 {
		return "0" + s
	}
	return s
}
