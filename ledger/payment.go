package ledger

import "time"

// Payment says that a till has taken the money (ReqPayment).
type Payment struct {
	Code PaymentCode
	Ref  TrackingRef
	// Amount is as on the wire: with the fee where the agreement says so.
	Amount    Rupiah
	Store     string
	Product   string
	MessageID string
	TimeStamp time.Time
	// Receipt is the ReceiptCode to give if this message books the payment.
	Receipt string
	// Request is the hex SHA-256 of the message as it came.
	Request string
}

// PaymentResult is the answer to a payment.
type PaymentResult struct {
	Reason   Reason
	Warnings []Warning
	// Receipt is set when the reason is ReasonApproved, the same for every retry.
	Receipt string
	// Replayed says that the payment was booked by an earlier message.
	Replayed bool
	// Charge is the charge as it was before the message; zero when unknown.
	Charge Charge
}

// Keys are what deciding the payment needs.
func (p Payment) Keys(a Agreement) Keys {
	return Keys{
		Lane: LanePayment, Code: p.Code, Ref: p.Ref, Store: p.Store,
		Day: BusinessDay(p.TimeStamp, a.CutOff),
	}
}

// DecidePayment books a payment, or says why not. Every answer but
// ReasonApproved means that this message booked nothing; and a TrackingRef
// that is booked gets ReasonApproved or one of the 94 reasons, whatever the
// clock and the operators say, or no answer in recovery. First that matches:
//
//	history of code + ref        answer                     writes
//	paid, same amount, in recovery, TimeStamp from before the restoration
//	                             no answer                  -
//	paid, same amount            approved, same receipt     -
//	paid, other amount           tracking_ref_other_amount  -
//	reversed, taken back         tracking_ref_reversed      -
//	tombstone                    tracking_ref_reversed_before_payment
//	ref used by the same store for another code within RefWindow
//	                             tracking_ref_other_code    -
//	in recovery, TimeStamp from before the restoration
//	                             no answer                  -
//	in recovery / message stale / in cut-off / maintenance / product
//	                             refused                    -
//	charge     answer
//	unknown    unknown_code           -
//	future     not_yet_payable        -
//	paused     product_paused         -
//	expired    expired                -
//	cancelled  cancelled              -
//	denied     denied                 -
//	held       already_paid           -
//	released   already_paid           -
//	active, grace: amount outside MinAmount..Amount
//	           wrong_amount           -
//	active, grace
//	           approved               paid, and released where Hold is 0
func DecidePayment(s State, p Payment, a Agreement, now time.Time) (PaymentResult, Change) {
	hidden := s.Recovery.Hides(p.TimeStamp, a.Tolerance)
	if s.Tx != nil {
		result := replayPayment(s, p)
		// What is booked may have been reversed in the gap, after this message; what
		// was taken back before it can't be booked any more.
		if hidden && result.Reason == ReasonApproved {
			return PaymentResult{Reason: NoAnswer}, Change{}
		}
		return result, Change{}
	}
	result := PaymentResult{}
	if s.Charge != nil {
		result.Charge = *s.Charge
	}
	if refTaken(s, a, now) {
		result.Reason = ReasonRefOtherCode
		return result, Change{}
	}
	// A refusal says that nothing is booked, which the gap makes unknowable.
	if hidden {
		return PaymentResult{Reason: NoAnswer}, Change{}
	}
	if result.Reason = a.refusal(s, p.TimeStamp, p.Product, now); result.Reason != "" {
		return result, Change{}
	}
	standing := s.Charge.Standing(now)
	if result.Reason = unpayable(standing, s.Paused); result.Reason != "" {
		return result, Change{}
	}
	amount := a.offWire(p.Amount, s.Charge.Fee)
	if amount < s.Charge.MinAmount || amount > s.Charge.Amount {
		result.Reason = ReasonWrongAmount
		return result, Change{}
	}
	return bookPayment(s, p, a, standing, now)
}

// replayPayment answers a payment whose code and TrackingRef have a history.
func replayPayment(s State, p Payment) PaymentResult {
	result := PaymentResult{}
	if s.Charge != nil {
		result.Charge = *s.Charge
	}
	switch {
	case s.Tx.State == TxReversed, s.Tx.State == TxTakenBack:
		result.Reason = ReasonRefReversed
	case s.Tx.State == TxTombstone:
		result.Reason = ReasonRefBuried
	case p.Amount != s.Tx.onWire():
		result.Reason = ReasonRefOtherAmount
	default:
		result.Reason = ReasonApproved
		result.Receipt = s.Tx.Receipt
		result.Replayed = true
		result.Warnings = storeWarning(p.Store, *s.Tx)
	}
	return result
}

// refTaken says whether the same store has used the TrackingRef for another
// code so recently that it can't be a new one: the spec calls it the store's
// transaction id.
func refTaken(s State, a Agreement, now time.Time) bool {
	return s.Elsewhere != nil && now.Sub(s.Elsewhere.Booked) < a.RefWindow
}

func bookPayment(s State, p Payment, a Agreement, standing Standing, now time.Time) (PaymentResult, Change) {
	c := *s.Charge
	paid := Paid{
		Number: c.Number, Code: c.Code, Ref: p.Ref,
		Store: p.Store, Product: p.Product, MessageID: p.MessageID, TimeStamp: p.TimeStamp,
		Amount: a.offWire(p.Amount, c.Fee), Fee: c.Fee, FeeRemitted: a.FeeRemitted, FeeIncluded: a.AmountIncludesFee,
		Receipt: p.Receipt,
		Day:     s.OpenDay,
		Late:    s.OpenDay != BusinessDay(p.TimeStamp, a.CutOff),
		Grace:   standing == StandingGrace,
		Request: p.Request,
	}
	if c.Hold > 0 {
		paid.ReleaseAt = now.Add(c.Hold)
	}
	entries := []Entry{{paid, paymentPostings(c.Merchant, paid.Amount, paid.Fee, paid.FeeRemitted)}}
	if c.Hold <= 0 {
		entries = append(entries, Entry{Event: Released{Number: c.Number, Ref: p.Ref}})
	}
	result := PaymentResult{
		Reason: ReasonApproved, Receipt: p.Receipt, Charge: c,
		Warnings: paymentWarnings(s, p, paid),
	}
	return result, change(now, entries...)
}

func paymentWarnings(s State, p Payment, paid Paid) []Warning {
	warnings := productWarning(p.Product, *s.Charge)
	if s.Elsewhere != nil || s.OtherStore {
		warnings = append(warnings, RefSeenElsewhere)
	}
	if paid.Grace {
		warnings = append(warnings, BookedInGrace)
	}
	if paid.Late {
		warnings = append(warnings, BookedLate)
	}
	return warnings
}

// storeWarning reports a store that is not the one which paid. The spec's
// cancel rule names only the code and the TrackingRef, so it does not decide.
func storeWarning(store string, t Transaction) []Warning {
	if store == t.Store {
		return nil
	}
	return []Warning{StoreDiffers}
}
