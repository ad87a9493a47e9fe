package model

import (
	"fmt"
	"slices"
)

// Roll is what tills were told of their payments, as on a till's journal roll. It
// knows no rule of the protocol but what a till relies on.
type Roll struct {
	sales []sale
}

// sale is what tills know of an ID.
type sale struct {
	ID

	// receipt is of the payment's 00; empty when none came.
	receipt string
	amount  int64
	// lost says that some answer to a payment never came, maybe that some answer
	// to a reversal did not.
	lost, maybe bool
	// gone says that a reversal was answered 00, or 14.
	gone bool
}

// inForce says that the till owes the money for sure.
func (s sale) inForce() bool { return s.receipt != "" && !s.gone && !s.maybe }

func (r *Roll) of(id ID) *sale {
	i := slices.IndexFunc(r.sales, func(s sale) bool { return s.ID == id })
	if i < 0 {
		i, r.sales = len(r.sales), append(r.sales, sale{ID: id})
	}
	return &r.sales[i]
}

// Payment writes down what a payment was answered. The error is the promise that
// the answer breaks.
func (r *Roll) Payment(m Message, said Answer) error {
	s := r.of(m.ID)
	switch {
	case said == Answer{}:
		s.lost = true
		return nil
	case said.Code != approved:
		if s.inForce() && (said.Code != duplicate || m.Amount == s.amount) {
			return fmt.Errorf("what is booked under %s is refused", s.receipt)
		}
		return nil
	case s.gone:
		return fmt.Errorf("confirmed after it was taken back")
	case s.receipt != "" && (said.Detail != s.receipt || m.Amount != s.amount):
		return fmt.Errorf("confirmed again under another receipt or amount: before it was %s, Rp %d", s.receipt, s.amount)
	}
	for _, other := range r.sales {
		if other.ID == m.ID {
			continue
		}
		if other.Code == m.Code && other.inForce() {
			return fmt.Errorf("confirmed, and so is that of %s: one code is paid twice", other.Ref)
		}
		if other.receipt == said.Detail {
			return fmt.Errorf("confirmed under the receipt of %s of %s", other.Ref, other.Code)
		}
	}
	s.receipt, s.amount = said.Detail, m.Amount
	return nil
}

// Reversal writes down what a reversal was answered.
func (r *Roll) Reversal(m Message, said Answer) error {
	s := r.of(m.ID)
	switch said.Code {
	case "":
		s.maybe = true
	case approved, unknownCode:
		s.gone = true
	case settled, wrongAmount:
		if s.gone {
			return fmt.Errorf("refused after it was done")
		}
	case notFound:
		if s.receipt != "" {
			return fmt.Errorf("not found, and it is booked under %s", s.receipt)
		}
	default:
		return fmt.Errorf("a reversal is never refused so")
	}
	return nil
}

// Booking is what a journal says of an ID.
type Booking struct {
	ID

	Receipt string
	Amount  int64
	// Paid, Reversed and Buried count its records.
	Paid, Reversed, Buried int
}

// Journal holds a whole journal against what the tills were told. The error is the
// first promise that it breaks.
func (r *Roll) Journal(bookings []Booking) error {
	paid := map[string]string{}
	for _, b := range bookings {
		if err := r.of(b.ID).agrees(b); err != nil {
			return fmt.Errorf("%s of %s: %w: journal %+v", b.Ref, b.Code, err, b)
		}
		if b.Paid > b.Reversed {
			if other, twice := paid[b.Code]; twice {
				return fmt.Errorf("%s is paid by %s and %s", b.Code, other, b.Ref)
			}
			paid[b.Code] = b.Ref
		}
	}
	for _, s := range r.sales {
		known := slices.ContainsFunc(bookings, func(b Booking) bool { return b.ID == s.ID })
		if !known && (s.receipt != "" || s.gone) {
			return fmt.Errorf("%s of %s: lost: the journal has no record of it", s.Ref, s.Code)
		}
	}
	return nil
}

// agrees says in what a journal is not as the till was told.
func (s sale) agrees(b Booking) error {
	switch {
	case b.Paid > 1, b.Reversed > b.Paid, b.Buried > 1, b.Buried == 1 && b.Paid == 1:
		return fmt.Errorf("booked more than once, or after it was taken back")
	case s.receipt != "" && (b.Paid != 1 || b.Receipt != s.receipt || b.Amount != s.amount):
		return fmt.Errorf("lost: it was confirmed under %s, Rp %d", s.receipt, s.amount)
	case s.inForce() && b.Reversed != 0:
		return fmt.Errorf("lost: it was confirmed, and nobody took it back")
	case s.gone && b.Reversed+b.Buried != 1:
		return fmt.Errorf("lost: its reversal was confirmed")
	case s.receipt == "" && !s.lost && b.Paid != 0:
		return fmt.Errorf("booked, and its till was told that it was not")
	case !s.gone && !s.maybe && b.Reversed+b.Buried != 0:
		return fmt.Errorf("taken back, and nobody asked for it")
	default:
		return nil
	}
}
