package page

import (
	"time"

	"paypoint/ledger"
	"paypoint/locale"
)

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
	day := locale.Language(w.Lang).LongDay(ledger.Day(local.Format(time.DateOnly)))
	return moment{Text: day + local.Format(w.Clock) + "\u00a0WIB", Machine: locale.Machine(t)}
}
