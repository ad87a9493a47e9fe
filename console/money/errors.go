package money

import (
	"errors"

	"paypoint/console/frame"
	"paypoint/ledger"
)

// faultOf is what is wrong with what was typed; false where it is not that.
func faultOf(t func(string, ...any) string, err error) (frame.Fault, bool) {
	for _, known := range []struct {
		is         error
		field, key string
	}{
		{ledger.ErrTaken, "reference", "money.fault.taken"},
		{ledger.ErrText, "reference", "money.fault.text"},
		{ledger.ErrSum, "amount", "money.fault.sum"},
		{ledger.ErrPeriod, "on", "money.fault.period"},
		{ledger.ErrCaseState, "case", "money.fault.case"},
		{ledger.ErrNotFound, "for", "money.fault.unknown"},
	} {
		if errors.Is(err, known.is) {
			return frame.Fault{Field: known.field, Text: t(known.key)}, true
		}
	}
	return frame.Fault{}, false
}

// told is an error as a person is told of it. What else the machine says goes to
// the log.
func told(err error) error {
	for _, known := range []struct {
		is     error
		answer error
	}{
		{ledger.ErrNotFound, frame.NotFound("money.unknown")},
		{ledger.ErrTaken, frame.Refused("money.changed")},
		{ledger.ErrNotClosed, frame.Refused("money.changed")},
		{ledger.ErrBusy, frame.Refused("money.unconfirmed")},
		{ledger.ErrNotCommitted, frame.Refused("money.unconfirmed")},
		{ledger.ErrOutcomeUnknown, frame.Refused("money.unconfirmed")},
	} {
		if errors.Is(err, known.is) {
			return known.answer
		}
	}
	return err
}
