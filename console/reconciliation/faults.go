package reconciliation

import (
	"context"
	"errors"

	"paypoint/ledger"
	"paypoint/reconcile"
	"paypoint/reconcile/partnerfile"
)

// wordUnknown says that the log knows more.
const wordUnknown = "reconciliation.error.unknown"

// wordOf is the sentence for what ended a work. Errors speak to programmers, and some
// of the machine: none of their text is shown.
func wordOf(err error) string {
	for _, known := range [...]struct {
		is   error
		word string
	}{
		{context.Canceled, "stopped"},
		{partnerfile.ErrTooLarge, "too_large"},
		{partnerfile.ErrTruncated, "truncated"},
		{partnerfile.ErrOtherDay, "other_day"},
		{partnerfile.ErrOtherPartner, "other_partner"},
		{partnerfile.ErrName, "name"},
		{partnerfile.ErrTrailer, "trailer"},
		{partnerfile.ErrProfile, "profile"},
		{reconcile.ErrNoDay, "no_day"},
		{ledger.ErrRepeated, "repeated"},
		{ledger.ErrTaken, "versions"},
		{ledger.ErrNotClosed, "not_closed"},
		{ledger.ErrNotFound, "no_batch"},
		{reconcile.ErrNoFile, "no_file"},
		{reconcile.ErrTooManyCases, "too_many_cases"},
		{reconcile.ErrDamaged, "damaged"},
		{ledger.ErrNoRecovery, "no_recovery"},
		{ledger.ErrSamePerson, "same_person"},
		{reconcile.ErrGap, "gap"},
		{ledger.ErrAct, "act"},
		{ledger.ErrBusy, "unavailable"},
		{ledger.ErrNotCommitted, "unavailable"},
		{ledger.ErrOutcomeUnknown, "unavailable"},
	} {
		if errors.Is(err, known.is) {
			return "reconciliation.error." + known.word
		}
	}
	return wordOfFile(err)
}

// wordOfFile is the sentence for a file that does not fit, in a line or as a whole.
func wordOfFile(err error) string {
	var line *partnerfile.LineError
	switch {
	case errors.As(err, &line):
		return "reconciliation.error.line"
	case errors.Is(err, partnerfile.ErrFormat):
		return "reconciliation.error.format"
	default:
		return wordUnknown
	}
}
