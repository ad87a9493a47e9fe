package ledger

import (
	"fmt"
	"time"
)

// WIB is Western Indonesian Time, UTC+7 the year round. All times on the wire
// are WIB; a fixed zone needs no zone data on the machine.
var WIB = time.FixedZone("WIB", 7*60*60)

// WireTime is how the partner and the merchants write a time, always in WIB.
const WireTime = "2006-01-02 15:04:05"

// Day is a business day, "2006-01-02". Days compare as strings.
type Day string

// ParseDay reads a business day written yyyy-mm-dd.
func ParseDay(s string) (Day, error) {
	if _, err := time.ParseInLocation(time.DateOnly, s, WIB); err != nil {
		return "", fmt.Errorf("%q is not a day: want yyyy-mm-dd", s)
	}
	return Day(s), nil
}

// BusinessDay is the day to which a moment belongs when days end at cutOff
// after midnight WIB. 24h gives calendar days; with 23h a payment at 23:10
// belongs to the next day.
func BusinessDay(t time.Time, cutOff time.Duration) Day {
	return Day(t.In(WIB).Add(24*time.Hour - cutOff).Format(time.DateOnly))
}

// CalendarDay is the calendar day (WIB) of a moment, whatever the cut-off.
func CalendarDay(t time.Time) Day { return BusinessDay(t, 24*time.Hour) }

// Next is the day after d.
func (d Day) Next() Day { return d.add(1) }

// Previous is the day before d.
func (d Day) Previous() Day { return d.add(-1) }

// End is the moment at which d is over when days end at cutOff after midnight.
func (d Day) End(cutOff time.Duration) time.Time { return d.Midnight().Add(cutOff) }

// Begin is the first moment of d when days end at cutOff after midnight.
func (d Day) Begin(cutOff time.Duration) time.Time { return d.End(cutOff).Add(-24 * time.Hour) }

func (d Day) add(days int) Day {
	return Day(d.Midnight().AddDate(0, 0, days).Format(time.DateOnly))
}

// Midnight is when the calendar day d begins, whatever the cut-off; it ends with
// the next day's Midnight. A Day comes from ParseDay or BusinessDay, so it always
// parses.
func (d Day) Midnight() time.Time {
	t, _ := time.ParseInLocation(time.DateOnly, string(d), WIB)
	return t
}
