package ledger

import "time"

// Reversal says that a till got no answer to its payment, so that the money
// went back to the customer (ReqReversal).
type Reversal struct {
	Code PaymentCode
	Ref  TrackingRef
	// Amount is as on the wire: with the fee where the agreement says so.
	Amount    Rupiah
	Store     string
	MessageID string
	// TimeStamp is zero when the message had none that could be read.
	TimeStamp time.Time
	// Request is the hex SHA-256 of the message as it came.
	Request string
}

// ReversalResult is the answer to a reversal.
type ReversalResult struct {
	Reason   Reason
	Warnings []Warning
	// Replayed says that it was in force already.
	Replayed bool
	// Reversed is the payment that this message took back; zero when none was.
	Reversed Transaction
}

// Keys are what deciding the reversal needs.
func (r Reversal) Keys() Keys {
	return Keys{
		Lane: LaneReversal, Code: r.Code, Ref: r.Ref, Store: r.Store,
		Documents: []string{r.refused("").name()},
	}
}

// DecideReversal takes a payment back, or makes sure that it will never be
// booked. It looks at no clock but for how long a reopened charge stays
// payable: a till may send its reversal hours later. First that matches:
//
//	history of code + ref         answer              writes
//	any, in recovery              no answer           -
//	reversed, taken back          approved            -
//	tombstone                     approved            -
//	paid, other amount            wrong_amount        case
//	paid, batch closed            settled             case
//	paid, corrected by finance    settled             case
//	paid, merchant was told       approved            reversed; charge denied
//	paid, merchant not told       approved            reversed; charge pending
//	none, and the ref was used by the same store for another code within
//	RefWindow                     original_not_found  case
//	none, code unknown            unknown_code        tombstone
//	none                          approved            tombstone
//
// A code that another TrackingRef has paid is none of the reversal's
// business: that payment stands.
func DecideReversal(s State, r Reversal, a Agreement, now time.Time) (ReversalResult, Change) {
	if s.Recovery != nil {
		return ReversalResult{Reason: NoAnswer}, Change{}
	}
	if s.Tx == nil {
		return reverseNothing(s, r, a, now)
	}
	result := ReversalResult{Reason: ReasonApproved, Warnings: storeWarning(r.Store, *s.Tx)}
	switch {
	case s.Tx.State != TxPaid:
		result.Replayed = true
		return result, Change{}
	case r.Amount != s.Tx.onWire():
		result.Reason = ReasonWrongAmount
		return result, openCase(s, r.refused(result.Reason), now)
	case s.TxSettled, s.Tx.Corrected():
		result.Reason = ReasonSettled
		return result, openCase(s, r.refused(result.Reason), now)
	default:
		result.Reversed = *s.Tx
		return result, reversePayment(s, r, a, now)
	}
}

func reverseNothing(s State, r Reversal, a Agreement, now time.Time) (ReversalResult, Change) {
	if refTaken(s, a, now) {
		return ReversalResult{Reason: ReasonOriginalNotFound}, openCase(s, r.refused(ReasonOriginalNotFound), now)
	}
	buried := change(now, Entry{Event: Buried{
		Code: r.Code, Ref: r.Ref, Store: r.Store, Amount: r.Amount,
		MessageID: r.MessageID, TimeStamp: r.TimeStamp, Request: r.Request,
	}})
	if s.Charge == nil {
		return ReversalResult{Reason: ReasonUnknownCode}, buried
	}
	return ReversalResult{Reason: ReasonApproved}, buried
}

// reversePayment takes back a payment that is in an open batch. A merchant who
// was told may have shipped: the charge ends as denied. One who was not told
// never hears of it: the customer, still at the counter, may try again.
func reversePayment(s State, r Reversal, a Agreement, now time.Time) Change {
	reversed := Reversed{
		Number: s.Charge.Number, Code: r.Code, Ref: r.Ref, Store: r.Store,
		MessageID: r.MessageID, TimeStamp: r.TimeStamp,
		Day: s.Tx.Day, Request: r.Request,
		Deny: s.Charge.Status == StatusReleased,
	}
	if !reversed.Deny {
		reversed.Deadline = reopened(*s.Charge, a, now)
	}
	return change(now, Entry{reversed, reversalPostings(s.Charge.Merchant, *s.Tx)})
}

// reopened is the deadline of a charge that can be paid again.
func reopened(c Charge, a Agreement, now time.Time) time.Time {
	if atLeast := now.Add(a.Grace); atLeast.After(c.Deadline) {
		return atLeast
	}
	return c.Deadline
}

// MalformedReversal is a signed reversal with a field that breaks the spec.
// Indomaret will not hear that it succeeded, so a person must look.
type MalformedReversal struct {
	Reversal
	// Unnamed says that its code and TrackingRef do not tell it from others:
	// one is missing, or was cut to the spec's length.
	Unnamed bool
}

// Keys are what deciding the reversal needs.
func (r MalformedReversal) Keys() Keys {
	keys := r.Reversal.Keys()
	keys.Documents = []string{r.refused().name()}
	return keys
}

// refused is its case.
func (r MalformedReversal) refused() CaseOpened {
	opened := r.Reversal.refused(ReasonBadFormat)
	opened.Unnamed = r.Unnamed
	return opened
}

// DecideMalformedReversal opens a case for a reversal that is refused as
// ReasonBadFormat. Error: ErrRecovery, where there must be no answer.
func DecideMalformedReversal(s State, r MalformedReversal, now time.Time) (Change, error) {
	if s.Recovery != nil {
		return Change{}, ErrRecovery
	}
	return openCase(s, r.refused(), now), nil
}

// openCase asks a person to look at a refused reversal, once however often it is
// repeated: it is known by its code and TrackingRef, or by its text where those
// do not name it.
func openCase(s State, opened CaseOpened, now time.Time) Change {
	if s.Documents[opened.name()] != nil {
		return Change{}
	}
	return change(now, Entry{Event: opened})
}

// refused is the case of a reversal that the ledger refuses.
func (r Reversal) refused(reason Reason) CaseOpened {
	return CaseOpened{Code: r.Code, Ref: r.Ref, Store: r.Store, Amount: r.Amount, Reason: reason, Request: r.Request}
}
