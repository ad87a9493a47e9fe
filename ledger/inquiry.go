package ledger

import "time"

// Inquiry asks what a code is for (ReqInquiry).
type Inquiry struct {
	Code      PaymentCode
	Ref       TrackingRef
	Store     string
	Product   string
	TimeStamp time.Time
}

// InquiryResult is the answer to an inquiry.
type InquiryResult struct {
	Reason   Reason
	Warnings []Warning
	// Charge and Details are set when the reason is ReasonApproved.
	Charge  Charge
	Details Details
	// Amount and MinAmount are as the till must show them: with the fee where
	// the agreement says so.
	Amount, MinAmount Rupiah
}

// Keys are what deciding the inquiry needs.
func (q Inquiry) Keys() Keys { return Keys{Code: q.Code, Details: true} }

// DecideInquiry answers an inquiry. First that matches:
//
//	in recovery / message stale / in cut-off / maintenance / product    refused
//	charge     answer                 writes
//	unknown    unknown_code           -
//	future     not_yet_payable        -
//	paused     product_paused         -
//	active     approved               grace, if within Grace of the deadline
//	grace      expired                -
//	expired    expired                -
//	cancelled  cancelled              -
//	denied     denied                 -
//	held       already_paid           -
//	released   already_paid           -
func DecideInquiry(s State, q Inquiry, a Agreement, now time.Time) (InquiryResult, Change) {
	if reason := a.refusal(s, q.TimeStamp, q.Product, now); reason != "" {
		return InquiryResult{Reason: reason}, Change{}
	}
	standing := s.Charge.Standing(now)
	if reason := unpayable(standing, s.Paused); reason != "" {
		return InquiryResult{Reason: reason}, Change{}
	}
	if standing == StandingGrace {
		return InquiryResult{Reason: ReasonExpired}, Change{}
	}
	charge := *s.Charge
	result := InquiryResult{
		Reason:    ReasonApproved,
		Charge:    charge,
		Amount:    a.onWire(charge.Amount, charge.Fee),
		MinAmount: a.onWire(charge.MinAmount, charge.Fee),
		Warnings:  productWarning(q.Product, charge),
	}
	if s.Details != nil {
		result.Details = *s.Details
	}
	return result, graceChange(charge, q, a, now)
}

// graceChange keeps the charge payable for Grace when its deadline is nearer
// than that: the customer may be counting out the money.
func graceChange(c Charge, q Inquiry, a Agreement, now time.Time) Change {
	until := now.Add(a.Grace)
	if !until.After(c.Deadline) || !until.After(c.GraceUntil) {
		return Change{}
	}
	return change(now, Entry{Event: Inquired{Number: c.Number, Ref: q.Ref, Store: q.Store, GraceUntil: until}})
}

// unpayable is why a charge in some standing can't be paid, whatever the
// amount; empty when it can.
func unpayable(standing Standing, paused bool) Reason {
	switch standing {
	case StandingUnknown:
		return ReasonUnknownCode
	case StandingCancelled:
		return ReasonCancelled
	case StandingDenied:
		return ReasonDenied
	case StandingExpired:
		return ReasonExpired
	case StandingHeld, StandingReleased:
		return ReasonAlreadyPaid
	case StandingFuture:
		return ReasonNotYetPayable
	default:
		if paused {
			return ReasonProductPaused
		}
		return ""
	}
}

// productWarning reports a ProductCode that is allowed but not the charge's.
func productWarning(product string, c Charge) []Warning {
	if product == "" || product == c.Product {
		return nil
	}
	return []Warning{ProductDiffers}
}

func change(now time.Time, entries ...Entry) Change { return Change{At: now, Entries: entries} }
