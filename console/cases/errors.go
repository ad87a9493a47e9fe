package cases

import (
	"errors"

	"paypoint/console/frame"
	"paypoint/ledger"
)

// told is an error as a person is told of it. What else the machine says goes to
// the log.
func told(err error) error {
	for _, known := range []struct {
		is     error
		answer error
	}{
		{ledger.ErrNotFound, frame.NotFound("cases.unknown")},
		{ledger.ErrSamePerson, frame.ForbiddenFor("cases.own_proposal")},
		{ledger.ErrCaseState, frame.Refused("cases.changed")},
		{ledger.ErrCaseGone, frame.Refused("cases.gone.refused")}, // an ErrAct too
		{ledger.ErrAct, frame.Refused("cases.impossible")},
		{ledger.ErrText, frame.Invalid("why", "cases.bad_text")},
		{ledger.ErrBusy, frame.Refused("cases.unconfirmed")},
		{ledger.ErrNotCommitted, frame.Refused("cases.unconfirmed")},
		{ledger.ErrOutcomeUnknown, frame.Refused("cases.unconfirmed")},
	} {
		if errors.Is(err, known.is) {
			return known.answer
		}
	}
	return err
}

// isAct says that an act can't be done as things stand.
func isAct(err error) bool { return errors.Is(err, ledger.ErrAct) }
