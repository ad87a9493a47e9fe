package model

import (
	"slices"
	"time"
)

// Rules are what was agreed with Indomaret, as far as answers depend on it.
type Rules struct {
	// Grace is how long a payment is still taken after an inquiry that was answered
	// shortly before the code's end, and how long at least a reopened code lives.
	Grace time.Duration
	// RefWindow is how long a store's TrackingRef can't be used for another code.
	RefWindow time.Duration
	// CloseDelay is how long after its end a business day can be closed.
	CloseDelay time.Duration
}

// State is what a charge has come to. But for Held it is the transaction_status
// that its merchant sees.
type State string

// The states.
const (
	Pending State = "pending"
	// Held is paid, and its merchant is not told yet: to the merchant it is Pending.
	Held      State = "held"
	Settled   State = "settlement"
	Denied    State = "deny"
	Cancelled State = "cancel"
	Expired   State = "expire"
)

// Terms are what a merchant asks for. The same terms again are a retry.
type Terms struct {
	Merchant, Order string
	// Amount is the most and Least the least that may be paid; Fee comes on top at
	// the till and is no part of Amount.
	Amount, Least, Fee int64
	// Hold is how long the merchant is not told of a payment.
	Hold time.Duration
	// From is when it can be paid from, zero at once; Life is its time from then.
	From time.Time
	Life time.Duration
}

// Charge is a payment code with what became of it.
type Charge struct {
	Terms

	Code  string
	State State
	// Deadline is until when inquiries are answered, Grace until when payments are
	// taken besides, Release when the merchant is told of a held one.
	Deadline, Grace, Release time.Time
}

// ID is the identity of a payment: a cancelled transaction has "the same payment
// code and trackingref" (spec 1.0.14).
type ID struct{ Code, Ref string }

// Sale is what became of a payment.
type Sale string

// What became of it.
const (
	Booked   Sale = "booked"
	Reversed Sale = "reversed"
	// Buried was taken back before it came.
	Buried Sale = "buried"
)

// Payment is what is known of an ID.
type Payment struct {
	ID

	Sale        Sale
	Amount, Fee int64
	Store       string
	// Receipt is empty while no answer told it.
	Receipt string
	// Day is the batch in which it stands, and Late says that the day of its TimeStamp
	// was closed; At is when it was booked.
	Day  string
	Late bool
	At   time.Time
}

// Notice is a change of a charge that its merchant is told of.
type Notice struct {
	Merchant, Code string
	State          State
}

// World is all that a payment point knows at a moment.
type World struct {
	Rules Rules
	// Now is the clock. Skew is by how much it may be off: it counts when a time is
	// held against the clock, and is not in times that are kept.
	Now  time.Time
	Skew time.Duration
	// Maintenance refuses inquiries and payments.
	Maintenance bool
	// Charges are in the order in which they were made; so are the others.
	Charges  []Charge
	Payments []Payment
	Notices  []Notice
	Closed   []string
	// Cases are the reversals that were refused, each once: a person must look.
	Cases []ID
}

// clone is a world that shares nothing with w.
func (w World) clone() World {
	w.Charges, w.Payments = slices.Clone(w.Charges), slices.Clone(w.Payments)
	w.Notices, w.Closed, w.Cases = slices.Clone(w.Notices), slices.Clone(w.Closed), slices.Clone(w.Cases)
	return w
}

// equal says whether nothing tells two worlds apart.
func (w World) equal(o World) bool {
	return w.Skew == o.Skew && w.Maintenance == o.Maintenance && slices.Equal(w.Closed, o.Closed) && slices.Equal(w.Cases, o.Cases) &&
		slices.Equal(w.Charges, o.Charges) && slices.Equal(w.Payments, o.Payments) && slices.Equal(w.Notices, o.Notices)
}

// reached says whether a time is there. One that is not set always is.
func (w *World) reached(t time.Time) bool { return !w.Now.Add(w.Skew).Before(t) }

// charge finds a code; nil when none was given out.
func (w *World) charge(code string) *Charge {
	for i := range w.Charges {
		if w.Charges[i].Code == code {
			return &w.Charges[i]
		}
	}
	return nil
}

func (w *World) payment(id ID) *Payment {
	for i := range w.Payments {
		if w.Payments[i].ID == id {
			return &w.Payments[i]
		}
	}
	return nil
}

// over says whether a pending charge's time has run out, grace included.
func (w *World) over(c *Charge) bool { return w.reached(c.Deadline) && w.reached(c.Grace) }

// become changes a charge so that its merchant is told.
func (w *World) become(c *Charge, state State) {
	c.State = state
	w.Notices = append(w.Notices, Notice{c.Merchant, c.Code, state})
}

// Sweep does what the clock asks for: held payments whose hold is over are told,
// pending charges whose time has run out end.
func (w *World) Sweep() {
	for i := range w.Charges {
		c := &w.Charges[i]
		switch {
		case c.State == Held && w.reached(c.Release):
			w.become(c, Settled)
		case c.State == Pending && w.over(c):
			w.become(c, Expired)
		}
	}
}
