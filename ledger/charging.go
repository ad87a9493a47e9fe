package ledger

import (
	"errors"
	"fmt"
	"time"
)

// NewCharge asks for a payment code.
type NewCharge struct {
	// ID is the new charge's UUID.
	ID string
	// Merchant, with the Prefix of its codes and the Hold of its payments.
	Merchant string
	Prefix   string
	Hold     time.Duration
	// Order is the merchant's own id, free unless it is taken by an open charge.
	Order string
	// Amount, MinAmount and Fee are as in Charge.
	Amount, MinAmount, Fee Rupiah
	// Product is the ProductCode of the agreement, or empty.
	Product string
	// ValidFrom is when it can be paid from; zero is at once.
	ValidFrom time.Time
	// Expires is when it can't be paid any more.
	Expires time.Time
	// Details are what a till shows, with a salt of their own.
	Details Details
}

// What the decisions about charges report.
var (
	// ErrOrderTaken: the order id has a charge that can be paid, or was.
	ErrOrderTaken = errors.New("the order id has a charge already")
	// ErrFinal: the charge's state can't be changed any more.
	ErrFinal = errors.New("the charge's state can't be changed")
	// ErrTerms: the amounts or times of a new charge contradict each other.
	ErrTerms = errors.New("the charge's terms contradict each other")
)

// Keys are what deciding the charge needs.
func (n NewCharge) Keys() Keys {
	return Keys{Merchant: n.Merchant, Order: n.Order, Prefix: n.Prefix, Details: true}
}

// DecideCharge gives out a payment code.
//
//	newest charge of the order id            answer          writes
//	none, expired, cancelled, denied         the new charge  charged
//	time over but not swept yet              the new charge  expired, charged
//	future, active, grace, held: the same request again
//	                                         that charge     -
//	future, active, grace, held, released    ErrOrderTaken   -
//	the order id is the ID of a charge       ErrOrderTaken   -
//
// A held charge is pending to its merchant, whose retry must not show more.
// With ErrOrderTaken it returns the charge that has the order id, if one has. In
// recovery everything is ErrRecovery: the order may have a code from the gap.
func DecideCharge(s State, n NewCharge, now time.Time) (Charge, Change, error) {
	if s.Recovery != nil {
		return Charge{}, Change{}, ErrRecovery
	}
	if s.Charge.Open(now) {
		if s.retries(n) {
			return *s.Charge, Change{}, nil
		}
		return *s.Charge, Change{}, ErrOrderTaken
	}
	// Merchants name a charge by either, so one must not be the other.
	if s.OrderIsID {
		return Charge{}, Change{}, ErrOrderTaken
	}
	if err := n.check(now); err != nil {
		return Charge{}, Change{}, err
	}
	charged := Charged{
		Number: s.FreshNumber, Code: s.FreshCode, ID: n.ID, Merchant: n.Merchant, Order: n.Order,
		Amount: n.Amount, MinAmount: n.MinAmount, Fee: n.Fee, Product: n.Product, Hold: n.Hold,
		ValidFrom: n.ValidFrom, Expires: n.Expires, Details: n.Details.Hash(),
		Notify: len(n.Details.Targets) > 0,
	}
	entries := []Entry{{Event: charged}}
	if s.Charge != nil && s.Charge.Status == StatusPending {
		entries = []Entry{{Event: Expired{Number: s.Charge.Number}}, {Event: charged}}
	}
	c := change(now, entries...)
	c.Details = &n.Details
	return charged.charge(now), c, nil
}

// retries says whether a merchant asks again for the open charge, having got no
// answer.
func (s State) retries(n NewCharge) bool {
	return s.Charge.Status != StatusReleased && n.Details.Request != "" &&
		s.Details != nil && s.Details.Request == n.Details.Request
}

func (n NewCharge) check(now time.Time) error {
	switch {
	case n.Prefix == "":
		return fmt.Errorf("the merchant's codes have no prefix: %w", ErrTerms)
	case n.Amount <= 0 || n.Amount > MaxRupiah:
		return fmt.Errorf("amount %d is not within 1 to %d: %w", n.Amount, MaxRupiah, ErrTerms)
	case n.MinAmount <= 0 || n.MinAmount > n.Amount:
		return fmt.Errorf("min amount %d is not within 1 to the amount %d: %w", n.MinAmount, n.Amount, ErrTerms)
	case n.Fee < 0 || n.Fee > MaxRupiah-n.Amount:
		return fmt.Errorf("fee %d is not within 0 to %d: %w", n.Fee, MaxRupiah-n.Amount, ErrTerms)
	case !n.Expires.After(now) || !n.Expires.After(n.ValidFrom):
		return fmt.Errorf("it expires before it can be paid: %w", ErrTerms)
	default:
		return nil
	}
}

// charge is the row that the event makes.
func (e Charged) charge(at time.Time) Charge {
	return Charge{
		Number: e.Number, Code: e.Code, ID: e.ID, Merchant: e.Merchant, Order: e.Order,
		Amount: e.Amount, MinAmount: e.MinAmount, Fee: e.Fee, Product: e.Product, Hold: e.Hold,
		Created: at, ValidFrom: e.ValidFrom, Expires: e.Expires,
		Status: StatusPending, Deadline: e.Expires, Notify: e.Notify,
	}
}

// DecideCancel withdraws a charge.
//
//	any, in recovery         ErrRecovery
//	future, active, grace    cancelled, at once: a till gets 17
//	else                     ErrFinal
func DecideCancel(s State, now time.Time) (Change, error) {
	if err := endable(s, now); err != nil {
		return Change{}, err
	}
	return change(now, Entry{Event: Cancelled{Number: s.Charge.Number}}), nil
}

// DecideCancelAll withdraws, for an operator, those of several charges that can
// be withdrawn; none in recovery.
func DecideCancelAll(s State, now time.Time) Change {
	all := Change{At: now}
	for _, c := range s.Charges {
		if endable(State{Charge: c, Recovery: s.Recovery}, now) == nil {
			all.Entries = append(all.Entries, Entry{Event: Cancelled{Number: c.Number, ByOperator: true}})
		}
	}
	return all
}

// DecideExpire ends a charge at its merchant's wish.
//
//	any, in recovery         ErrRecovery
//	future, active, grace    expired, at once: a till gets 54
//	else                     ErrFinal
func DecideExpire(s State, now time.Time) (Change, error) {
	if err := endable(s, now); err != nil {
		return Change{}, err
	}
	return change(now, Entry{Event: Expired{Number: s.Charge.Number, ByMerchant: true}}), nil
}

func endable(s State, now time.Time) error {
	// It may have been paid in the gap.
	if s.Recovery != nil {
		return ErrRecovery
	}
	switch s.Charge.Standing(now) {
	case StandingUnknown:
		return ErrNotFound
	case StandingFuture, StandingActive, StandingGrace:
		return nil
	default:
		return ErrFinal
	}
}

// DecideSweep does what the clock asks of several charges, in their order. A
// charge that several rows lead to changes once. In recovery nothing is due: a payment
// may have been taken back in the gap, and a charge whose time is over paid.
func DecideSweep(s State, now time.Time) Change {
	if s.Recovery != nil {
		return Change{}
	}
	sweep := Change{At: now}
	changed := map[uint64]bool{}
	for _, d := range s.Due {
		c := DecideDue(State{Charge: d.Charge}, d.Due, now)
		sweep.Attended = append(sweep.Attended, c.Attended...)
		if len(c.Entries) > 0 && !changed[d.Number] {
			changed[d.Number] = true
			sweep.Entries = append(sweep.Entries, c.Entries...)
		}
	}
	return sweep
}

// DecideDue does what the clock asks of a charge, and attends to the row of
// the due index that led here.
//
//	held, its hold over          released
//	pending, its time over       expired
//	else                         -
//
// A row whose time a clock that was set back has not reached stays: no other
// may lead to the charge again.
func DecideDue(s State, due Due, now time.Time) Change {
	if now.Before(due.At) {
		return Change{}
	}
	c := Change{At: now, Attended: []Due{due}}
	if s.Charge == nil || s.Charge.Due().IsZero() || now.Before(s.Charge.Due()) {
		return c
	}
	switch s.Charge.Status {
	case StatusHeld:
		c.Entries = []Entry{{Event: Released{Number: s.Charge.Number, Ref: s.Charge.PaidBy}}}
	case StatusPending:
		c.Entries = []Entry{{Event: Expired{Number: s.Charge.Number}}}
	}
	return c
}
