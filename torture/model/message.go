package model

import (
	"fmt"
	"slices"
	"time"
)

// Message is what a till says.
type Message struct {
	ID

	Store string
	// Amount is not part of an inquiry.
	Amount int64
	// At is the TimeStamp.
	At time.Time
}

// Answer is what a message is answered.
type Answer struct {
	// Code is the response code or status code.
	Code string
	// Detail is what else the answer must say: a payment's receipt, an inquiry's
	// amounts, a charge's payment code.
	Detail string
}

// String is the answer in words.
func (a Answer) String() string {
	switch {
	case a == Answer{}:
		return "no answer"
	case a.Detail == "":
		return a.Code
	default:
		return a.Code + " (" + a.Detail + ")"
	}
}

// Response codes of the usual table (docs/partner.md), of which 00 alone confirms.
const (
	approved      = "00"
	settled       = "12"
	wrongAmount   = "13"
	unknownCode   = "14"
	cancelled     = "17"
	notFound      = "25"
	expired       = "54"
	alreadyPaid   = "88"
	notYetPayable = "89"
	maintenance   = "90"
	duplicate     = "94"
)

// Amounts is the detail of an inquiry's answer.
func Amounts(least, most int64) string { return fmt.Sprintf("Rp %d to %d", least, most) }

// unpayable is why a code can't be paid now, but for its grace; "" when it can.
func (w *World) unpayable(c *Charge) string {
	switch {
	case c == nil:
		return unknownCode
	case c.State == Held, c.State == Settled:
		return alreadyPaid
	case c.State == Cancelled, c.State == Denied:
		return cancelled
	case c.State == Expired:
		return expired
	case !w.reached(c.From):
		return notYetPayable
	case w.reached(c.Deadline):
		return expired
	default:
		return ""
	}
}

// Inquiry asks what a code is for. Shortly before the code's end it keeps the code
// payable for the time of grace: the customer is counting out the money.
func (w *World) Inquiry(m Message, _ Answer) Answer {
	if w.Maintenance {
		return Answer{Code: maintenance}
	}
	c := w.charge(m.Code)
	if refusal := w.unpayable(c); refusal != "" {
		return Answer{Code: refusal}
	}
	if until := w.Now.Add(w.Rules.Grace); until.After(c.Deadline) && until.After(c.Grace) {
		c.Grace = until
	}
	return Answer{approved, Amounts(c.Least, c.Amount)}
}

// Payment says that a till has taken money. What is known of its ID comes before
// everything else, so that a till which lost its answer gets it again. said is what
// the server answered: a receipt is its own choice, once.
func (w *World) Payment(m Message, said Answer) Answer {
	if p := w.payment(m.ID); p != nil {
		return p.again(m, said)
	}
	c := w.charge(m.Code)
	refusal := w.unpayable(c)
	switch {
	case w.usedElsewhere(m):
		return Answer{Code: duplicate}
	case w.Maintenance:
		return Answer{Code: maintenance}
	case refusal == expired && c.State == Pending && !w.reached(c.Grace):
		// the customer was told in time that it can be paid
	case refusal != "":
		return Answer{Code: refusal}
	}
	if m.Amount < c.Least || m.Amount > c.Amount {
		return Answer{Code: wrongAmount}
	}
	return w.book(c, m, said)
}

// again answers a payment whose ID is known: never as if it were new, and never 00
// for what was taken back.
func (p *Payment) again(m Message, said Answer) Answer {
	if p.Sale != Booked || p.Amount != m.Amount {
		return Answer{Code: duplicate}
	}
	if p.Receipt == "" { // the answer that told it was lost
		p.Receipt = said.Detail
	}
	return Answer{approved, p.Receipt}
}

// usedElsewhere says whether the store has lately booked the TrackingRef for another
// code: the document calls it the store's transaction id.
func (w *World) usedElsewhere(m Message) bool {
	for _, p := range w.Payments {
		if p.Sale != Buried && p.Ref == m.Ref && p.Code != m.Code && p.Store == m.Store && !w.reached(p.At.Add(w.Rules.RefWindow)) {
			return true
		}
	}
	return false
}

// newReceipt is what a payment's answer must name when it is booked just now.
const newReceipt = "a receipt that no other payment has"

func (w *World) book(c *Charge, m Message, said Answer) Answer {
	receipt := said.Detail
	for _, p := range w.Payments {
		if receipt != "" && p.Receipt == receipt {
			receipt = newReceipt
		}
	}
	if receipt == "" && said != (Answer{}) {
		receipt = newReceipt
	}
	day := w.openDay(DayOf(m.At))
	w.Payments = append(w.Payments, Payment{
		ID: m.ID, Sale: Booked, Amount: m.Amount, Fee: c.Fee, Store: m.Store,
		Receipt: receipt, Day: day, Late: day != DayOf(m.At), At: w.Now,
	})
	if c.Hold > 0 {
		c.State, c.Release = Held, w.Now.Add(c.Hold)
	} else {
		w.become(c, Settled)
	}
	return Answer{approved, receipt}
}

// Reversal takes a payment back, or makes sure that it will never be booked. A
// payment of the same code by another TrackingRef is none of its business. One that
// is refused opens a case, once.
func (w *World) Reversal(m Message, _ Answer) Answer {
	p := w.payment(m.ID)
	switch {
	case p == nil && w.usedElsewhere(m):
		return w.refuse(m, notFound)
	case p == nil:
		w.Payments = append(w.Payments, Payment{ID: m.ID, Sale: Buried, Amount: m.Amount, Store: m.Store})
		if w.charge(m.Code) == nil {
			return Answer{Code: unknownCode}
		}
		return Answer{Code: approved}
	case p.Sale != Booked:
		return Answer{Code: approved}
	case p.Amount != m.Amount:
		return w.refuse(m, wrongAmount)
	case w.isClosed(p.Day):
		return w.refuse(m, settled)
	}
	p.Sale = Reversed
	w.reopen(w.charge(m.Code))
	return Answer{Code: approved}
}

func (w *World) refuse(m Message, code string) Answer {
	if !slices.Contains(w.Cases, m.ID) {
		w.Cases = append(w.Cases, m.ID)
	}
	return Answer{Code: code}
}

// reopen lets a charge be paid again, if its merchant was not told of the payment; a
// merchant who was may have shipped, and is told that it is over.
func (w *World) reopen(c *Charge) {
	if c.State == Settled {
		w.become(c, Denied)
		return
	}
	c.State = Pending
	if until := w.Now.Add(w.Rules.Grace); until.After(c.Deadline) {
		c.Deadline = until
	}
}
