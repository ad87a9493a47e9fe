package ledger

import (
	"slices"
	"time"
)

// Agreement is what was agreed with the partner, as far as it decides money.
type Agreement struct {
	// PartnerID is how the partner knows us; settlement files are headed with it.
	PartnerID string
	// Tolerance is how far a TimeStamp may be from our clock; 0 accepts any.
	Tolerance time.Duration
	// RefWindow is how long a store's TrackingRef can't be used for another code.
	RefWindow time.Duration
	// Grace is how long a payment is still taken after an inquiry that was
	// answered shortly before the deadline, and how long at least a reopened
	// charge stays payable; 0 is off.
	Grace time.Duration
	// AmountIncludesFee: amounts on the wire contain the charge's fee.
	AmountIncludesFee bool
	// FeeRemitted: the partner pays us the fee with the amount.
	FeeRemitted bool
	// Products lists the ProductCodes allowed; empty allows any.
	Products []string
	// CutOff is when a business day ends, after midnight WIB; 24h is midnight.
	CutOff time.Duration
	// CloseDelay is how long after its end a day may be closed.
	CloseDelay time.Duration
	// RefuseFrom and RefuseTo bound the daily window (time of day, WIB) in
	// which inquiries and payments are refused. Equal means no window; one that
	// ends before it begins spans midnight.
	RefuseFrom, RefuseTo time.Duration
}

// stale says whether a TimeStamp is too far from now.
func (a Agreement) stale(stamp, now time.Time) bool {
	return a.Tolerance > 0 && now.Sub(stamp).Abs() > a.Tolerance
}

// allows says whether a message may carry a ProductCode. None is always fine:
// the field is conditional (spec 1.0.14, PaymentReq field 6).
func (a Agreement) allows(product string) bool {
	return product == "" || len(a.Products) == 0 || slices.Contains(a.Products, product)
}

// inCutOff says whether now lies in the daily window.
func (a Agreement) inCutOff(now time.Time) bool {
	local := now.In(WIB)
	clock := time.Duration(local.Hour())*time.Hour + time.Duration(local.Minute())*time.Minute + time.Duration(local.Second())*time.Second
	if a.RefuseFrom <= a.RefuseTo {
		return clock >= a.RefuseFrom && clock < a.RefuseTo
	}
	return clock >= a.RefuseFrom || clock < a.RefuseTo
}

// refusal is the reason that the message as such, whatever its code's state,
// can't be served now; empty when it can.
func (a Agreement) refusal(s State, stamp time.Time, product string, now time.Time) Reason {
	switch {
	case s.Recovery != nil:
		return ReasonRecovery
	case a.stale(stamp, now):
		return ReasonStaleTimeStamp
	case a.inCutOff(now):
		return ReasonCutOff
	case s.Maintenance:
		return ReasonMaintenance
	case !a.allows(product):
		return ReasonProductNotAllowed
	default:
		return ""
	}
}

// onWire is an amount of a charge as the partner writes it.
func (a Agreement) onWire(amount, fee Rupiah) Rupiah {
	if a.AmountIncludesFee {
		return amount + fee
	}
	return amount
}

// offWire is the amount without the fee of what the partner wrote.
func (a Agreement) offWire(amount, fee Rupiah) Rupiah {
	if a.AmountIncludesFee {
		return amount - fee
	}
	return amount
}
