package locale_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"paypoint/ledger"
	"paypoint/locale"
)

func TestRupiah(t *testing.T) {
	t.Parallel()
	for amount, want := range map[ledger.Rupiah][3]string{
		0:                {"Rp0", "Rp0", "0"},
		1:                {"Rp1", "+Rp1", "1"},
		999:              {"Rp999", "+Rp999", "999"},
		1000:             {"Rp1.000", "+Rp1.000", "1.000"},
		1_234_567:        {"Rp1.234.567", "+Rp1.234.567", "1.234.567"},
		-1_234_567:       {"-Rp1.234.567", "-Rp1.234.567", "-1.234.567"},
		-100:             {"-Rp100", "-Rp100", "-100"},
		ledger.MaxRupiah: {"Rp999.999.999.999", "+Rp999.999.999.999", "999.999.999.999"},
		math.MinInt64:    {"-Rp9.223.372.036.854.775.808", "-Rp9.223.372.036.854.775.808", "-9.223.372.036.854.775.808"},
	} {
		require.Equal(t, want, [3]string{locale.Rupiah(amount), locale.Signed(amount), locale.Bare(amount)})
	}
	require.Equal(t, "10.000", locale.Count(10_000))
}

func TestMoments(t *testing.T) {
	t.Parallel()
	// 07:05:09 UTC is 14:05:09 in WIB; 18:00 UTC is the next day there.
	at := time.Date(2026, 8, 21, 7, 5, 9, 0, time.UTC)
	for name, try := range map[string]struct{ have, want string }{
		"moment id":      {locale.Indonesian.Moment(at), "21 Agu 2026 14.05 WIB"},
		"moment en":      {locale.English.Moment(at), "21 Aug 2026, 14:05 WIB"},
		"second id":      {locale.Indonesian.Second(at), "21 Agu 2026 14.05.09 WIB"},
		"second en":      {locale.English.Second(at), "21 Aug 2026, 14:05:09 WIB"},
		"bare id":        {locale.Indonesian.BareMoment(at), "21 Agu 2026 14.05"},
		"bare second en": {locale.English.BareSecond(at), "21 Aug 2026, 14:05:09"},
		"clock id":       {locale.Indonesian.Clock(at), "14.05"},
		"clock en":       {locale.English.Clock(at), "14:05"},
		"over midnight":  {locale.English.Moment(at.Add(11 * time.Hour)), "22 Aug 2026, 01:05 WIB"},
		"day id":         {locale.Indonesian.Day("2026-05-01"), "1 Mei 2026"},
		"day en":         {locale.English.Day("2026-05-01"), "1 May 2026"},
		"long day id":    {locale.Indonesian.LongDay("2026-11-21"), "Sabtu, 21 November 2026"},
		"long day en":    {locale.English.LongDay("2026-11-21"), "Saturday, 21 November 2026"},
		"month id":       {locale.Indonesian.Month("2026-10-21"), "Oktober 2026"},
		"weekday id":     {locale.Indonesian.Weekday(time.Sunday), "Min"},
		"weekday en":     {locale.English.Weekday(time.Saturday), "Sat"},
		"no time":        {locale.English.Moment(time.Time{}) + locale.English.Second(time.Time{}) + locale.Indonesian.Clock(time.Time{}), ""},
		"no day":         {locale.English.Day("x") + locale.English.LongDay("2026-02-30"), "x2026-02-30"},
		"machine":        {locale.Machine(at), "2026-08-21T14:05:09+07:00"},
	} {
		require.Equal(t, try.want, try.have, name)
	}
}

func TestAge(t *testing.T) {
	t.Parallel()
	for age, want := range map[time.Duration][2]string{
		-time.Hour:             {"less than 1 minute", "kurang dari 1 menit"},
		59 * time.Second:       {"less than 1 minute", "kurang dari 1 menit"},
		time.Minute:            {"1 minute", "1 menit"},
		119 * time.Minute:      {"1 hour", "1 jam"},
		47 * time.Hour:         {"1 day", "1 hari"},
		1500 * 24 * time.Hour:  {"1.500 days", "1.500 hari"},
		5*time.Minute + 999:    {"5 minutes", "5 menit"},
		23*time.Hour + 59*1e10: {"23 hours", "23 jam"},
	} {
		require.Equal(t, want, [2]string{locale.English.Age(age), locale.Indonesian.Age(age)}, age)
	}
}

func TestChoose(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]locale.Language{
		"":                         locale.English,
		"id":                       locale.Indonesian,
		"id-ID,id;q=0.9,en;q=0.8":  locale.Indonesian,
		"en-US,id;q=0.5":           locale.English,
		"de-DE,fr;q=0.9":           locale.English,
		"de, id;q=0.1":             locale.Indonesian,
		"in":                       locale.Indonesian, // the old tag of Indonesian
		"*":                        locale.English,
		";;;":                      locale.English,
		strings.Repeat("x,", 5000): locale.English,
	} {
		require.Equal(t, want, locale.Choose(header), "%.40s", header)
	}
	for _, l := range locale.Languages() {
		require.True(t, l.Known())
		require.NotEmpty(t, l.Name())
		require.Equal(t, l, locale.Choose(string(l)))
	}
	require.False(t, locale.Language("de").Known())
}

func TestParseRupiah(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]ledger.Rupiah{
		"100000": 100_000, "100.000": 100_000, "Rp 100.000": 100_000, "Rp100.000,00": 100_000, "rp100000": 100_000,
		"Rp. 100.000": 100_000, "IDR 1.234.567": 1_234_567, " 5 ": 5, "0": 0, "Rp\u00a05.000": 5000, "100,00": 100,
		"999.999.999.999": ledger.MaxRupiah,
	} {
		have, err := locale.ParseRupiah(text)
		require.NoError(t, err, text)
		require.Equal(t, want, have, text)
	}
	for text, want := range map[string]error{
		"100,000": locale.ErrUnclear, "1,5": locale.ErrUnclear, "100.000,50": locale.ErrUnclear, "1.000,000": locale.ErrUnclear,
		"": locale.ErrAmount, "Rp": locale.ErrAmount, "-5": locale.ErrAmount, "+5": locale.ErrAmount, "1e5": locale.ErrAmount,
		"10.00": locale.ErrAmount, "1.0000": locale.ErrAmount, "1000.000": locale.ErrAmount, "100 000": locale.ErrAmount, "٣": locale.ErrAmount,
		"1.000.000.000.000": locale.ErrTooLarge, strings.Repeat("9", 30): locale.ErrTooLarge, strings.Repeat("9", 41): locale.ErrAmount,
	} {
		_, err := locale.ParseRupiah(text)
		require.ErrorIs(t, err, want, text)
	}
}

func TestParseDay(t *testing.T) {
	t.Parallel()
	const today = ledger.Day("2026-11-22")
	for text, want := range map[string]ledger.Day{
		"21/11/2026": "2026-11-21", "2026-11-21": "2026-11-21", "1/2/2026": "2026-02-01", "01-02-2026": "2026-02-01", "1.2.2026": "2026-02-01",
		"kemarin": "2026-11-21", "Yesterday": "2026-11-21", " hari  ini ": today, "TODAY": today, "29/2/2028": "2028-02-29",
	} {
		have, err := locale.ParseDay(text, today)
		require.NoError(t, err, text)
		require.Equal(t, want, have, text)
	}
	for _, text := range []string{"", "x", "31/2/2026", "29/2/2027", "11/21/2026", "2026-11-1", "0000-01-01", "21/11/26", "besok", strings.Repeat("1", 41)} {
		_, err := locale.ParseDay(text, today)
		require.ErrorIs(t, err, locale.ErrDay, text)
	}
}

// What is written can be typed again.
func TestWhatIsWrittenIsRead(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		amount := ledger.Rupiah(rapid.Int64Range(0, int64(ledger.MaxRupiah)).Draw(t, "amount"))
		for _, text := range []string{locale.Rupiah(amount), locale.Bare(amount), amount.String(), locale.Rupiah(amount) + ",00"} {
			have, err := locale.ParseRupiah(text)
			if err != nil || have != amount {
				t.Fatalf("%q is read as %d, %v", text, have, err)
			}
		}
	})
}
