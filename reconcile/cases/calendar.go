package cases

import (
	"errors"
	"fmt"
	"time"

	"paypoint/ledger"
)

// MaxHolidays bounds a calendar: more than 20 years of Indonesia's holidays.
const MaxHolidays = 1000

// ErrHoliday reports a calendar that has a day that is none, or one twice.
var ErrHoliday = errors.New("bad holiday")

// Calendar tells business days from others.
type Calendar struct {
	// Holidays are the days off besides Saturdays and Sundays, in any order, each
	// once; see Check.
	Holidays []ledger.Day
}

// Check refuses a calendar that would count wrongly. Error: ErrHoliday, with the
// place in the list, counted from 1.
func (c Calendar) Check() error {
	if len(c.Holidays) > MaxHolidays {
		return fmt.Errorf("%d holidays, limit %d: %w", len(c.Holidays), MaxHolidays, ErrHoliday)
	}
	seen := map[ledger.Day]bool{}
	for i, day := range c.Holidays {
		if _, err := ledger.ParseDay(string(day)); err != nil {
			return fmt.Errorf("holiday %d: %w: %w", i+1, err, ErrHoliday)
		}
		if seen[day] {
			return fmt.Errorf("holiday %d: %s is there twice: %w", i+1, day, ErrHoliday)
		}
		seen[day] = true
	}
	return nil
}

// Age is how many business days have begun since the day of opened, that of now
// included. It is 0 on the day itself, and before it.
func (c Calendar) Age(opened, now time.Time) int {
	from, to := ledger.CalendarDay(opened), ledger.CalendarDay(now)
	if from >= to {
		return 0
	}
	age := weekdays(from.Midnight(), to.Midnight())
	for _, day := range c.Holidays {
		// Days compare as texts.
		if day > from && day <= to && !weekend(day) {
			age--
		}
	}
	return age
}

// weekdays counts Mondays to Fridays after first, up to last.
func weekdays(first, last time.Time) int {
	// WIB has no summer time: each day has 24 hours.
	const day, week = 24 * time.Hour, 7 * 24 * time.Hour
	weeks := last.Sub(first) / week
	count := int(weeks) * 5
	for at := first.Add(weeks * week); at.Before(last); {
		at = at.Add(day)
		if !isWeekend(at) {
			count++
		}
	}
	return count
}

// weekend says whether a day that parses is a Saturday or a Sunday.
func weekend(day ledger.Day) bool { return isWeekend(day.Midnight()) }

func isWeekend(t time.Time) bool {
	return t.Weekday() == time.Saturday || t.Weekday() == time.Sunday
}
