package match

import "strings"

// Class says what a comparison found.
type Class string

// The classes of payments. Their values are part of reports.
const (
	// Matched: both sides agree on what is in force.
	Matched Class = "MATCHED"
	// DateShift: both agree, but one has it a day earlier.
	DateShift Class = "DATE_SHIFT"
	// Carried: one side has it alone, in the day compared. The next day tells.
	Carried Class = "CARRIED"
	// MissingAtPartner: Indomaret has it and we, the partner, do not.
	MissingAtPartner Class = "MISSING_AT_PARTNER"
	// MissingAtIndomaret: we have it and Indomaret does not.
	MissingAtIndomaret Class = "MISSING_AT_INDOMARET"
	// AmountMismatch: in force on both sides with different amounts.
	AmountMismatch Class = "AMOUNT_MISMATCH"
	// FeeMismatch: in force on both sides, only the fees differ.
	FeeMismatch Class = "FEE_MISMATCH"
	// ReversedButSettled: we took it back and Indomaret settles it.
	ReversedButSettled Class = "REVERSED_BUT_SETTLED"
	// PaidButReversedThere: Indomaret took it back; its reversal did not reach us.
	PaidButReversedThere Class = "PAID_BUT_REVERSED_THERE"
	// DuplicateInFile: Indomaret's line repeats one before, in this file or in
	// an earlier one. The first counts.
	DuplicateInFile Class = "DUPLICATE_IN_FILE"
	// DuplicatePayment: a second TrackingRef paid the same code.
	DuplicatePayment Class = "DUPLICATE_PAYMENT"
	// UnknownCode: Indomaret has it under a code that we never gave out.
	UnknownCode Class = "UNKNOWN_CODE"
)

// The classes of whole files. A file of any of them is not compared at all.
const (
	// TotalsMismatch: the file's own totals are not those of its lines.
	TotalsMismatch Class = "TOTALS_MISMATCH"
	// FileMissing: the day's file is due and has not come.
	FileMissing Class = "FILE_MISSING"
	// FileRepeated: the same file was taken before.
	FileRepeated Class = "FILE_REPEATED"
)

// Classes lists the classes of payments in the order of reports.
func Classes() []Class {
	return []Class{
		Matched, DateShift, Carried, MissingAtPartner, MissingAtIndomaret, AmountMismatch, FeeMismatch,
		ReversedButSettled, PaidButReversedThere, DuplicateInFile, DuplicatePayment, UnknownCode,
	}
}

// FileClasses lists the classes of whole files.
func FileClasses() []Class { return []Class{TotalsMismatch, FileMissing, FileRepeated} }

// Clean says whether the class needs nobody's attention: the sides agree.
func (c Class) Clean() bool { return c == Matched || c == DateShift }

// Notes say in what two entries differ, whatever the class: our entry and
// Indomaret's, or a repeated line and the first.
type Notes uint8

// The notes.
const (
	// NoteAmount: the amounts differ, though they may not count (a reversal).
	NoteAmount Notes = 1 << iota
	// NoteFee: the fees differ.
	NoteFee
	// NoteDay: they stand in different days.
	NoteDay
	// NoteStore: both name a store, and not the same.
	NoteStore
	// NoteState: one is in force and the other reversed.
	NoteState
)

// noteNames are the notes' texts, in the order of their bits.
var noteNames = [...]string{"amount", "fee", "day", "store", "state"}

// Has says whether all of wanted are noted.
func (n Notes) Has(wanted Notes) bool { return n&wanted == wanted }

// String lists the notes: "fee, store"; empty for none.
func (n Notes) String() string {
	var names []string
	for bit, name := range noteNames {
		if n.Has(1 << bit) {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

// differences notes in what two entries of one payment differ.
func differences(a, b *Entry) Notes {
	var n Notes
	for _, d := range [...]struct {
		note   Notes
		differ bool
	}{
		{NoteAmount, a.Amount != b.Amount},
		{NoteFee, a.Fee != b.Fee},
		{NoteDay, a.Day != b.Day},
		// A file without a store column contradicts nobody.
		{NoteStore, a.Store != b.Store && a.Store != "" && b.Store != ""},
		{NoteState, a.Reversed != b.Reversed},
	} {
		if d.differ {
			n |= d.note
		}
	}
	return n
}
