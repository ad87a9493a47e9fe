package model

import (
	"slices"
	"time"
)

// wib is the zone of all times on the wire.
var wib = time.FixedZone("WIB", 7*60*60)

// DayOf is the business day of a TimeStamp: days end at midnight WIB.
func DayOf(t time.Time) string { return t.In(wib).Format(time.DateOnly) }

// begin is a day's first moment.
func begin(day string) time.Time {
	t, _ := time.ParseInLocation(time.DateOnly, day, wib) // days come from DayOf
	return t
}

func (w *World) isClosed(day string) bool { return slices.Contains(w.Closed, day) }

// openDay is the batch of a payment of a day: the day's own while that is open, else
// the next open one.
func (w *World) openDay(day string) string {
	for w.isClosed(day) {
		day = DayOf(begin(day).AddDate(0, 0, 1))
	}
	return day
}

// Close closes a day's batch, before its time only when early is asked.
func (w *World) Close(day string, early bool) Answer {
	switch over := begin(day).AddDate(0, 0, 1).Add(w.Rules.CloseDelay); {
	case w.isClosed(day):
	case !w.reached(begin(day)):
		return Answer{Code: "day_ahead"}
	case !w.reached(over) && !early:
		return Answer{Code: "day_open"}
	default:
		w.Closed = append(w.Closed, day)
	}
	return Answer{Code: "closed"}
}

// Totals are a day's.
type Totals struct {
	Day    string
	Closed bool
	// Paid counts the payments in force with their sums, Reversed the others.
	Paid           int
	Amount, Fee    int64
	Reversed       int
	ReversedAmount int64
}

// Days are the totals of all days that have a payment or are closed, by the calendar.
func (w *World) Days() []Totals {
	var days []Totals
	of := func(day string) *Totals {
		i := slices.IndexFunc(days, func(d Totals) bool { return d.Day == day })
		if i < 0 {
			i, days = len(days), append(days, Totals{Day: day, Closed: w.isClosed(day)})
		}
		return &days[i]
	}
	for _, day := range w.Closed {
		of(day)
	}
	for _, p := range w.Payments {
		switch p.Sale {
		case Booked:
			day := of(p.Day)
			day.Paid, day.Amount, day.Fee = day.Paid+1, day.Amount+p.Amount, day.Fee+p.Fee
		case Reversed:
			day := of(p.Day)
			day.Reversed, day.ReversedAmount = day.Reversed+1, day.ReversedAmount+p.Amount
		}
	}
	slices.SortFunc(days, func(a, b Totals) int { return begin(a.Day).Compare(begin(b.Day)) })
	return days
}

// Owed is what Indomaret owes, and Payable what is owed to a merchant: the payments
// in force. The customer's fee stays with the store.
func (w *World) Owed() int64 { return w.inForce(func(*Charge) bool { return true }) }

// Payable is what is owed to a merchant.
func (w *World) Payable(merchant string) int64 {
	return w.inForce(func(c *Charge) bool { return c.Merchant == merchant })
}

func (w *World) inForce(of func(*Charge) bool) int64 {
	var sum int64
	for _, p := range w.Payments {
		if p.Sale == Booked && of(w.charge(p.Code)) {
			sum += p.Amount
		}
	}
	return sum
}
