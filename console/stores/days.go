package stores

import (
	"time"

	"paypoint/console/frame"
	"paypoint/ledger"
)

// The parameters that both lists have.
const (
	paramFrom  = "from"
	paramTo    = "to"
	paramStore = "store"
)

// values is what a list was asked for, read: frame.Query is one.
type values interface {
	Text(name string) string
	Choice(name string) string
	Day(name string) ledger.Day
	Before() string
	After() string
}

// days is a range of calendar days (WIB), both included.
type days struct{ From, To ledger.Day }

// lastDays is the range that ends with a day.
func lastDays(to ledger.Day, count int) days {
	d := days{to, to}
	for range count - 1 {
		d.From = d.From.Previous()
	}
	return d
}

// end is the moment at which the last day is over.
func (d days) end() time.Time { return d.To.Next().Midnight() }

// params are the range's parameters; without them it is d.
func (d days) params() []frame.Param {
	return []frame.Param{
		{Name: paramFrom, Kind: frame.DayOf, Word: "stores.filter.from", Default: string(d.From)},
		{Name: paramTo, Kind: frame.DayOf, Word: "stores.filter.to", Default: string(d.To)},
	}
}

// daysOf reads the range. One end alone stands for the day, none for today.
// Errors are frame's, of the parameter that breaks a rule.
func daysOf(q values, today ledger.Day) (days, error) {
	d := days{q.Day(paramFrom), q.Day(paramTo)}
	switch {
	case d.From == "" && d.To == "":
		d = days{today, today}
	case d.From == "":
		d.From = d.To
	case d.To == "":
		d.To = d.From
	}
	if d.From > d.To {
		return days{}, frame.Invalid(paramTo, "stores.filter.backwards")
	}
	if d.end().Sub(d.From.Midnight()) > ledger.MaxMessageDays*24*time.Hour {
		return days{}, frame.Invalid(paramTo, "stores.filter.too_long", "days", ledger.MaxMessageDays)
	}
	return d, nil
}
