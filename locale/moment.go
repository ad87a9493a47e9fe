package locale

import (
	"fmt"
	"time"

	"paypoint/ledger"
)

// calendar are the names of a language. Days begin with Sunday, months with
// January, as Go's do.
type calendar struct {
	days, shortDays     [7]string
	months, shortMonths [12]string
	// between stands between a day and a time of day; clock and second are how Go
	// writes the time of day.
	between, clock, second string
}

func indonesian() calendar {
	return calendar{
		days:      [7]string{"Minggu", "Senin", "Selasa", "Rabu", "Kamis", "Jumat", "Sabtu"},
		shortDays: [7]string{"Min", "Sen", "Sel", "Rab", "Kam", "Jum", "Sab"},
		months: [12]string{
			"Januari", "Februari", "Maret", "April", "Mei", "Juni",
			"Juli", "Agustus", "September", "Oktober", "November", "Desember",
		},
		shortMonths: [12]string{"Jan", "Feb", "Mar", "Apr", "Mei", "Jun", "Jul", "Agu", "Sep", "Okt", "Nov", "Des"},
		between:     " ", clock: "15.04", second: "15.04.05",
	}
}

func english() calendar {
	return calendar{
		days:      [7]string{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"},
		shortDays: [7]string{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"},
		months: [12]string{
			"January", "February", "March", "April", "May", "June",
			"July", "August", "September", "October", "November", "December",
		},
		shortMonths: [12]string{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"},
		between:     ", ", clock: "15:04", second: "15:04:05",
	}
}

func (l Language) calendar() calendar {
	if l == Indonesian {
		return indonesian()
	}
	return english()
}

// Moment writes a time to the minute with its zone: "21 Nov 2026 14.05 WIB",
// "21 Nov 2026, 14:05 WIB". No time has no text.
func (l Language) Moment(t time.Time) string { return zoned(l.BareMoment(t)) }

// Second is Moment to the second.
func (l Language) Second(t time.Time) string { return zoned(l.BareSecond(t)) }

// BareMoment is Moment for a cell whose column names the zone.
func (l Language) BareMoment(t time.Time) string { return l.at(t, l.calendar().clock) }

// BareSecond is Second for a cell whose column names the zone.
func (l Language) BareSecond(t time.Time) string { return l.at(t, l.calendar().second) }

// zoned names the zone.
func zoned(text string) string {
	if text == "" {
		return ""
	}
	return text + " WIB"
}

func (l Language) at(t time.Time, clock string) string {
	if t.IsZero() {
		return ""
	}
	local := t.In(ledger.WIB)
	return l.date(local) + l.calendar().between + local.Format(clock)
}

// Clock writes the time of day: "14.05", "14:05". No time has no text.
func (l Language) Clock(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(ledger.WIB).Format(l.calendar().clock)
}

// Day writes a day: "21 Nov 2026". A text that is no day stays as it is.
func (l Language) Day(d ledger.Day) string { return dated(d, l.date) }

// LongDay writes a day in full: "Sabtu, 21 November 2026". A text that is no day
// stays as it is.
func (l Language) LongDay(d ledger.Day) string {
	return dated(d, func(t time.Time) string {
		return fmt.Sprintf("%s, %d %s %d", l.calendar().days[t.Weekday()], t.Day(), l.calendar().months[t.Month()-1], t.Year())
	})
}

// Month writes the month of a day: "November 2026". A text that is no day stays
// as it is.
func (l Language) Month(d ledger.Day) string {
	return dated(d, func(t time.Time) string {
		return fmt.Sprintf("%s %d", l.calendar().months[t.Month()-1], t.Year())
	})
}

// Weekday writes a day of the week in three letters: "Sen", "Mon".
func (l Language) Weekday(w time.Weekday) string { return l.calendar().shortDays[w%7] }

func (l Language) date(t time.Time) string {
	return fmt.Sprintf("%d %s %d", t.Day(), l.calendar().shortMonths[t.Month()-1], t.Year())
}

// dated writes what is a day.
func dated(d ledger.Day, write func(time.Time) string) string {
	t, err := time.ParseInLocation(time.DateOnly, string(d), ledger.WIB)
	if err != nil {
		return string(d)
	}
	return write(t)
}

// Machine writes a time for programs, in WIB: RFC 3339, to the second.
func Machine(t time.Time) string { return t.In(ledger.WIB).Format(time.RFC3339) }

// Age writes for how long something has been so, in its largest whole unit:
// "5 menit", "2 days". What is shorter than a minute, or lies in the future, is
// "kurang dari 1 menit".
func (l Language) Age(d time.Duration) string {
	switch {
	case d >= 24*time.Hour:
		return l.units(int64(d/(24*time.Hour)), "day", "hari")
	case d >= time.Hour:
		return l.units(int64(d/time.Hour), "hour", "jam")
	case d >= time.Minute:
		return l.units(int64(d/time.Minute), "minute", "menit")
	case l == Indonesian:
		return "kurang dari 1 menit"
	default:
		return "less than 1 minute"
	}
}

// units counts in a unit. Indonesian has no plural forms.
func (l Language) units(n int64, english, indonesian string) string {
	if l == Indonesian {
		return Count(n) + " " + indonesian
	}
	if n != 1 {
		english += "s"
	}
	return Count(n) + " " + english
}
