package page

import (
	"time"

	"paypoint/ledger"
)

// state is what the page says of a charge.
type state string

// The states, in the order of a charge's life.
const (
	// stateFuture can't be paid yet.
	stateFuture state = "future"
	// statePending can be paid, or was and may not be told yet.
	statePending state = "pending"
	// stateClosing is past its time; a till that asked before may still finish.
	stateClosing   state = "closing"
	statePaid      state = "paid"
	stateExpired   state = "expired"
	stateCancelled state = "cancelled"
	// stateDenied was paid and taken back.
	stateDenied state = "denied"
)

// stateOf is what the page says of a charge at a moment.
//
// Beyond its time a charge that a till has asked for stands in grace, one that
// is paid or was reopened is active. Who could tell these from each other would
// know of the payment, so all are closing.
func stateOf(view ledger.View, now time.Time) state {
	switch view.Standing {
	case ledger.StandingFuture:
		return stateFuture
	case ledger.StandingActive, ledger.StandingGrace:
		if now.Before(view.Expires) {
			return statePending
		}
		return stateClosing
	case ledger.StandingReleased:
		return statePaid
	case ledger.StandingCancelled:
		return stateCancelled
	case ledger.StandingDenied:
		return stateDenied
	default:
		return stateExpired
	}
}

// live is what the script needs to know, as the page's attributes and as the
// answer to its questions.
type live struct {
	// State is what the page says.
	State state `json:"state"`
	// Left is the time until the state ends by itself, in whole seconds; 0 when
	// it does not, or not yet known when.
	Left int64 `json:"left"`
	// Poll is when to ask again, in milliseconds; 0 is never.
	Poll int64 `json:"poll"`
}

// idle is how many times more rarely a page asks on which little can change.
const idle = 6

func (h *handler) live(view ledger.View, now time.Time) live {
	l := live{State: stateOf(view, now), Poll: h.Poll.Milliseconds()}
	switch l.State {
	case statePending:
		l.Left = secondsTo(view.Expires, now)
	case stateFuture:
		l.Left = secondsTo(view.ValidFrom, now)
		l.Poll *= idle
	case statePaid:
		// A till can still take the payment back.
		l.Poll *= idle
	case stateExpired, stateCancelled, stateDenied:
		l.Poll = 0
	}
	return l
}

// secondsTo is the time to a moment, rounded up so that it ends after it.
func secondsTo(moment, now time.Time) int64 {
	return int64((moment.Sub(now) + time.Second - 1) / time.Second)
}
