package match

import (
	"cmp"
	"errors"
	"fmt"

	"paypoint/ledger"
)

// What is wrong with a stream of entries.
var (
	// ErrEntry: a field of an entry is beyond its limits.
	ErrEntry = errors.New("bad entry")
	// ErrUnsorted: an entry comes before one that it follows in Compare's order.
	ErrUnsorted = errors.New("entries are not sorted")
	// ErrRepeated: our side has a payment twice. The ledger has each once, for
	// ever, so the stream is put together wrongly.
	ErrRepeated = errors.New("our side has the same payment twice")
	// ErrTooMany: more entries than MaxEntries on a side, or than MaxPerCode.
	ErrTooMany = errors.New("too many entries")
)

const (
	// MaxText is the most bytes in an entry's code, TrackingRef or store. The
	// spec's 1-20 characters (1.0.14, PaymentReq) take up to 80 bytes.
	MaxText = 255
	// MaxEntries is the most entries of one side in one Match: as many amounts
	// of ledger.MaxRupiah still add up without overflow.
	MaxEntries = 9_000_000
	// MaxPerCode is the most entries of one side under one payment code. They
	// are held in memory together, because a code's payments decide about each
	// other.
	MaxPerCode = 10_000
)

// Key names a payment on both sides.
type Key struct {
	Code ledger.PaymentCode
	Ref  ledger.TrackingRef
}

// Entry is one payment as one side has it: in a batch of ours, or on a line of
// Indomaret's file.
type Entry struct {
	Code ledger.PaymentCode
	Ref  ledger.TrackingRef
	// Store is Indomaret's; empty where a file does not name it.
	Store string
	// Day is the day of the batch or of the file in which the entry stands, not
	// that of its time.
	Day ledger.Day
	// Amount is without the fee. Both are 0 to ledger.MaxRupiah.
	Amount ledger.Rupiah
	Fee    ledger.Rupiah
	// Reversed says that the payment is taken back on this side.
	Reversed bool
	// Line is its place: the line in the file, or the journal record of ours.
	Line uint64
}

// Key is the payment's name on both sides.
func (e Entry) Key() Key { return Key{Code: e.Code, Ref: e.Ref} }

// Compare is the order of streams: code, TrackingRef, then day and line, so
// that of two lines with the same payment the first in the file comes first.
func Compare(a, b Entry) int {
	if c := cmp.Compare(a.Code, b.Code); c != 0 {
		return c
	}
	if c := cmp.Compare(a.Ref, b.Ref); c != 0 {
		return c
	}
	return comparePlace(a, b)
}

// comparePlace is the order in which a side came to have its entries.
func comparePlace(a, b Entry) int {
	if c := cmp.Compare(a.Day, b.Day); c != 0 {
		return c
	}
	return cmp.Compare(a.Line, b.Line)
}

// check holds an entry against the limits of this package. Error: ErrEntry.
func (e Entry) check() error {
	texts := [...]struct{ name, text string }{
		{"payment code", string(e.Code)}, {"tracking ref", string(e.Ref)}, {"store", e.Store},
	}
	for _, t := range texts {
		if len(t.text) > MaxText {
			return fmt.Errorf("line %d of %q: %s has %d bytes, at most %d are allowed: %w",
				e.Line, e.Day, t.name, len(t.text), MaxText, ErrEntry)
		}
	}
	if e.Code == "" || e.Ref == "" {
		return fmt.Errorf("line %d of %q: payment code and tracking ref must not be empty: %w", e.Line, e.Day, ErrEntry)
	}
	if len(e.Day) != len("2006-01-02") {
		return fmt.Errorf("line %d: day has %d bytes: want yyyy-mm-dd: %w", e.Line, len(e.Day), ErrEntry)
	}
	for _, m := range [...]struct {
		name string
		sum  ledger.Rupiah
	}{{"amount", e.Amount}, {"fee", e.Fee}} {
		if m.sum < 0 || m.sum > ledger.MaxRupiah {
			return fmt.Errorf("line %d of %s: %s is %d: want 0 to %d: %w", e.Line, e.Day, m.name, m.sum, ledger.MaxRupiah, ErrEntry)
		}
	}
	return nil
}
