package cases_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"paypoint/ledger"
	"paypoint/reconcile/cases"
)

func at(t *testing.T, wire string) time.Time {
	t.Helper()
	moment, err := time.ParseInLocation(ledger.WireTime, wire, ledger.WIB)
	require.NoError(t, err)
	return moment
}

func TestAgeCountsBusinessDays(t *testing.T) {
	t.Parallel()
	// 2026-11-20 is a Friday; Wednesday the 25th is taken as a holiday.
	calendar := cases.Calendar{Holidays: []ledger.Day{"2026-12-25", "2026-11-25", "2026-11-29"}}
	tests := map[string]struct {
		opened, now string
		age         int
	}{
		"at once":                     {"2026-11-20 10:00:00", "2026-11-20 10:00:00", 0},
		"the same day's end":          {"2026-11-20 00:00:00", "2026-11-20 23:59:59", 0},
		"before it was opened":        {"2026-11-20 10:00:00", "2026-11-18 10:00:00", 0},
		"a minute later, another day": {"2026-11-19 23:59:59", "2026-11-20 00:00:00", 1},
		"on Saturday":                 {"2026-11-20 10:00:00", "2026-11-21 23:00:00", 0},
		"on Sunday":                   {"2026-11-20 10:00:00", "2026-11-22 23:00:00", 0},
		"on Monday":                   {"2026-11-20 10:00:00", "2026-11-23 00:00:00", 1},
		"opened on Saturday":          {"2026-11-21 10:00:00", "2026-11-23 10:00:00", 1},
		"before the holiday":          {"2026-11-20 10:00:00", "2026-11-24 10:00:00", 2},
		"on the holiday":              {"2026-11-20 10:00:00", "2026-11-25 10:00:00", 2},
		"after the holiday":           {"2026-11-20 10:00:00", "2026-11-26 10:00:00", 3},
		"opened on the holiday":       {"2026-11-25 10:00:00", "2026-11-26 10:00:00", 1},
		"holiday of a Sunday":         {"2026-11-27 10:00:00", "2026-11-30 10:00:00", 1},
		"four weeks, two holidays":    {"2026-11-20 10:00:00", "2026-12-18 10:00:00", 19},
		"a year later":                {"2026-11-20 10:00:00", "2027-11-19 10:00:00", 258},
	}
	for name, c := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.age, calendar.Age(at(t, c.opened), at(t, c.now)))
			require.Equal(t, c.age, calendar.Age(at(t, c.opened).UTC(), at(t, c.now).UTC()), "the zone of the moment does not matter")
		})
	}
}

// The sum over weeks is the same as counting the days one by one.
func TestAgeIsThatOfCounting(t *testing.T) {
	t.Parallel()
	begin := at(t, "2026-01-01 00:00:00")
	rapid.Check(t, func(t *rapid.T) {
		minutes := rapid.IntRange(0, 3*365*24*60)
		opened := begin.Add(time.Duration(minutes.Draw(t, "opened")) * time.Minute)
		now := begin.Add(time.Duration(minutes.Draw(t, "now")) * time.Minute)
		days := rapid.SliceOfNDistinct(rapid.IntRange(0, 3*365), 0, 60, rapid.ID).Draw(t, "holidays")
		holidays := map[string]bool{}
		var calendar cases.Calendar
		for _, day := range days {
			holiday := begin.AddDate(0, 0, day).Format(time.DateOnly)
			holidays[holiday] = true
			calendar.Holidays = append(calendar.Holidays, ledger.Day(holiday))
		}
		require.NoError(t, calendar.Check())
		count := 0
		for day := opened.AddDate(0, 0, 1); day.Format(time.DateOnly) <= now.Format(time.DateOnly); day = day.AddDate(0, 0, 1) {
			if day.Weekday() != time.Saturday && day.Weekday() != time.Sunday && !holidays[day.Format(time.DateOnly)] {
				count++
			}
		}
		require.Equal(t, count, calendar.Age(opened, now))
	})
}

func TestCheckRefusesABadCalendar(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		holidays []ledger.Day
		message  string
	}{
		"no day": {[]ledger.Day{"2026-12-25", "25-12-2026"}, `holiday 2: "25-12-2026" is not a day: want yyyy-mm-dd: bad holiday`},
		"twice":  {[]ledger.Day{"2026-12-25", "2026-12-26", "2026-12-25"}, "holiday 3: 2026-12-25 is there twice: bad holiday"},
		"many":   {make([]ledger.Day, cases.MaxHolidays+1), fmt.Sprintf("%d holidays, limit %d: bad holiday", cases.MaxHolidays+1, cases.MaxHolidays)},
	}
	for name, c := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := cases.Calendar{Holidays: c.holidays}.Check()
			require.ErrorIs(t, err, cases.ErrHoliday)
			require.EqualError(t, err, c.message)
		})
	}
	require.NoError(t, cases.Calendar{Holidays: []ledger.Day{"2026-12-25", "2026-12-24"}}.Check())
}

func TestBucketsHoldEveryAge(t *testing.T) {
	t.Parallel()
	tests := map[cases.Bucket][]int{
		cases.UpTo1: {0, 1}, cases.UpTo3: {2, 3}, cases.UpTo7: {4, 7}, cases.UpTo30: {8, 30}, cases.Over30: {31, 5000},
	}
	require.Len(t, cases.Buckets(), len(tests))
	for bucket, ages := range tests {
		require.Contains(t, cases.Buckets(), bucket)
		for _, age := range ages {
			require.Equal(t, bucket, cases.BucketOf(age), age)
		}
	}
}
