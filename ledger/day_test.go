package ledger_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"paypoint/ledger"
)

func TestBusinessDay(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		moment string
		cutOff time.Duration
		want   ledger.Day
	}{
		{"midnight", "2026-03-10T00:00:00+07:00", 24 * time.Hour, "2026-03-10"},
		{"last second", "2026-03-10T23:59:59.999+07:00", 24 * time.Hour, "2026-03-10"},
		{"WIB, not UTC", "2026-03-09T17:00:00Z", 24 * time.Hour, "2026-03-10"},
		{"the evening in UTC is still before", "2026-03-09T16:59:59Z", 24 * time.Hour, "2026-03-09"},
		{"before 23:00", "2026-03-10T22:59:59+07:00", 23 * time.Hour, "2026-03-10"},
		{"at 23:00", "2026-03-10T23:00:00+07:00", 23 * time.Hour, "2026-03-11"},
		{"at 23:10, cut-off 23:00", "2026-03-10T23:10:00+07:00", 23 * time.Hour, "2026-03-11"},
		{"a cut-off with seconds", "2026-03-10T23:59:59+07:00", 24*time.Hour - time.Second, "2026-03-11"},
		{"end of the year", "2026-12-31T23:30:00+07:00", 23 * time.Hour, "2027-01-01"},
		{"leap day", "2028-02-28T23:30:00+07:00", 23 * time.Hour, "2028-02-29"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			moment, err := time.Parse(time.RFC3339Nano, c.moment)
			require.NoError(t, err)
			require.Equal(t, c.want, ledger.BusinessDay(moment, c.cutOff))
		})
	}
}

// Each moment lies within its day, and days follow each other without a gap.
func TestDaysCoverAllTime(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		cutOff := time.Duration(rapid.Int64Range(1, 24*3600).Draw(t, "cut-off")) * time.Second
		moment := time.UnixMilli(rapid.Int64Range(0, 4_000_000_000_000).Draw(t, "moment"))
		day := ledger.BusinessDay(moment, cutOff)
		require.False(t, moment.Before(day.Begin(cutOff)))
		require.True(t, moment.Before(day.End(cutOff)))
		require.Equal(t, day.End(cutOff), day.Next().Begin(cutOff))
		require.Equal(t, day, day.Next().Previous())
		require.Less(t, day, day.Next(), "days compare as text")
	})
}

func TestParseDay(t *testing.T) {
	t.Parallel()
	day, err := ledger.ParseDay("2028-02-29")
	require.NoError(t, err)
	require.Equal(t, ledger.Day("2028-03-01"), day.Next())
	for _, text := range []string{"", "2026-02-29", "2026-3-1", "20260301", "2026-03-01 ", "01-03-2026", "2026-13-01", "yesterday"} {
		_, err := ledger.ParseDay(text)
		require.ErrorContains(t, err, "want yyyy-mm-dd", text)
	}
}
