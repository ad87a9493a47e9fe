package page

import (
	"fmt"
	"time"

	"paypoint/ledger"
)

// rupiah writes an amount as Indonesians do, in every language: "Rp1.234.567".
func rupiah(amount ledger.Rupiah) string {
	digits := amount.String()
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "." + digits[i:]
	}
	return "Rp" + digits
}

// moment is a time, to be read by people and by programs.
type moment struct {
	// Text is in words, with its zone; Machine is RFC 3339.
	Text, Machine string
}

// moment writes a time in WIB, in the words of the language: "Minggu,
// 22 November 2026 pukul 14.05 WIB". No time has no text.
func (w words) moment(t time.Time) moment {
	if t.IsZero() {
		return moment{}
	}
	local := t.In(ledger.WIB)
	day := fmt.Sprintf("%s, %d %s %d", w.Days[local.Weekday()], local.Day(), w.Months[local.Month()-1], local.Year())
	return moment{Text: day + local.Format(w.Clock) + "\u00a0WIB", Machine: local.Format(time.RFC3339)}
}
