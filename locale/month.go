package locale

import (
	"time"

	"paypoint/ledger"
)

// MonthLength is the length of a month in an address: yyyy-mm.
const MonthLength = len("2006-01")

// Month is a month of business days, by its first.
type Month struct{ First ledger.Day }

// MonthOf is the month of a day.
func MonthOf(day ledger.Day) Month { return Month{day[:MonthLength] + "-01"} }

// ParseMonth reads yyyy-mm; false where it is none.
func ParseMonth(text string) (Month, bool) {
	day, err := ledger.ParseDay(text + "-01")
	return Month{day}, err == nil && len(text) == MonthLength
}

// String is the month as addresses have it.
func (m Month) String() string { return string(m.First[:MonthLength]) }

// Next is the month after.
func (m Month) Next() Month { return m.plus(1) }

// Previous is the month before.
func (m Month) Previous() Month { return m.plus(-1) }

func (m Month) plus(months int) Month {
	return Month{ledger.Day(m.date().AddDate(0, months, 0).Format(time.DateOnly))}
}

// date is the month's first; its text was read as a day.
func (m Month) date() time.Time {
	date, _ := time.Parse(time.DateOnly, string(m.First))
	return date
}

// Days are the month's, in order.
func (m Month) Days() []ledger.Day {
	var days []ledger.Day
	for day, end := m.First, m.Next().First; day < end; day = day.Next() {
		days = append(days, day)
	}
	return days
}

// daysOfWeek is how many days a week has.
const daysOfWeek = 7

// Ahead is how many days of its first week are of the month before, where weeks
// begin with Monday, as calendars in Indonesia have them.
func (m Month) Ahead() int { return (int(m.date().Weekday()) + daysOfWeek - 1) % daysOfWeek }
