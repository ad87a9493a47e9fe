package partnerfile

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

// writtenAmount is an amount as a file has it; rule says why it is refused.
type writtenAmount struct {
	form Amounts
	text string
	want ledger.Rupiah
	rule string
}

func requireAmounts(t *testing.T, cases map[string]writtenAmount) {
	t.Helper()
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := c.form.parse(c.text, amountDigits)
			if c.rule != "" {
				require.ErrorContains(t, err, c.rule)
			} else {
				require.NoError(t, err)
			}
			require.Equal(t, c.want, got)
		})
	}
}

func TestParsePlainAmount(t *testing.T) {
	t.Parallel()
	plain := Amounts{}
	requireAmounts(t, map[string]writtenAmount{
		"plain":                  {plain, "50000", 50_000, ""},
		"one decimal":            {plain, "50000.0", 50_000, ""},
		"two decimals":           {plain, "50000.00", 50_000, ""},
		"leading zeros":          {plain, "000000000050000", 50_000, ""},
		"nothing":                {plain, "0", 0, ""},
		"largest":                {plain, "999999999999", ledger.MaxRupiah, ""},
		"13 digits":              {plain, "1000000000000", 0, "more than 12 digits"},
		"thousands as decimals":  {plain, "50.000", 0, "are they thousands?"},
		"fraction":               {plain, "50000.50", 0, "a fraction"},
		"decimal point and none": {plain, "50000.", 0, "a fraction"},
		"only decimals":          {plain, ".00", 0, "not an amount"},
		"comma":                  {plain, "50,000", 0, "not an amount"},
		"minus":                  {plain, "-50000", 0, "a sign"},
		"minus behind":           {plain, "50000-", 0, "a sign"},
		"brackets":               {plain, "(50000)", 0, "a sign"},
		"plus":                   {plain, "+50000", 0, "a sign"},
		"exponent":               {plain, "5E4", 0, "not an amount"},
		"exponent with its sign": {plain, "5E+4", 0, "a sign"},
		"hexadecimal":            {plain, "0x10", 0, "not an amount"},
		"full-width digits":      {plain, "５００", 0, "not an amount"},
		"underscore":             {plain, "50_000", 0, "not an amount"},
		"currency not named":     {plain, "Rp50000", 0, "not an amount"},
	})
}

func TestParseAmountInOtherForms(t *testing.T) {
	t.Parallel()
	indonesian := Amounts{Prefix: "Rp", Thousands: ".", Decimal: ","}
	spaced := Amounts{Thousands: " "}
	implied := Amounts{ImpliedDecimals: 2}
	requireAmounts(t, map[string]writtenAmount{
		"grouped":                 {indonesian, "1.250.000", 1_250_000, ""},
		"grouped, decimals":       {indonesian, "Rp 1.250.000,00", 1_250_000, ""},
		"groups may be left out":  {indonesian, "1250000", 1_250_000, ""},
		"group too short":         {indonesian, "1.25.000", 0, "groups of three"},
		"group too long":          {indonesian, "1.2500.000", 0, "groups of three"},
		"first group too long":    {indonesian, "1250.000", 0, "groups of three"},
		"first group empty":       {indonesian, ".250", 0, "groups of three"},
		"grouped fraction":        {indonesian, "1.250,50", 0, "a fraction"},
		"three decimals":          {indonesian, "1,250", 0, "a fraction"},
		"grouped minus":           {indonesian, "Rp -1.250", 0, "a sign"},
		"blank as separator":      {spaced, "1 250 000.00", 1_250_000, ""},
		"implied decimals":        {implied, "5000000", 50_000, ""},
		"implied, zero":           {implied, "000", 0, ""},
		"implied fraction":        {implied, "5000050", 0, "a fraction"},
		"implied, too short":      {implied, "00", 0, "want more than 2 digits"},
		"implied and a point too": {implied, "50000.00", 0, `"." in an amount whose last 2 digits are decimals`},
		"implied and a comma":     {Amounts{Thousands: ".", ImpliedDecimals: 2}, "50.000,00", 0, `"," in an amount`},
	})
}

func TestClock(t *testing.T) {
	t.Parallel()
	at := func(s string) time.Time {
		moment, err := time.ParseInLocation("2006-01-02 15:04:05.000", s, ledger.WIB)
		require.NoError(t, err)
		return moment
	}
	cases := map[string]struct {
		format, text string
		want         time.Time // zero where it is refused
	}{
		"wire":                  {"yyyy-MM-dd HH:mm:ss", "2026-11-22 08:15:30", at("2026-11-22 08:15:30.000")},
		"digits only":           {"yyyyMMddHHmmss", "20261122081530", at("2026-11-22 08:15:30.000")},
		"day first":             {"ddMMyy HHmm", "221126 0815", at("2026-11-22 08:15:00.000")},
		"month by name":         {"dd-MMM-yyyy HH:mm", "15-May-2024 08:15", at("2024-05-15 08:15:00.000")},
		"month in capitals":     {"dd-MMM-yyyy HH:mm", "15-MAY-2024 08:15", at("2024-05-15 08:15:00.000")},
		"milliseconds":          {"yyyy-MM-dd HH:mm:ss.SSS", "2026-11-22 08:15:30.250", at("2026-11-22 08:15:30.250")},
		"zone":                  {"yyyy-MM-ddTHH:mm:ssXXX", "2026-11-22T01:15:30Z", at("2026-11-22 08:15:30.000")},
		"zone of its own":       {"yyyy-MM-ddTHH:mm:ssXXX", "2026-11-22T08:15:30+07:00", at("2026-11-22 08:15:30.000")},
		"fraction not asked":    {"yyyy-MM-dd HH:mm:ss", "2026-11-22 08:15:30.25", time.Time{}},
		"one digit for an hour": {"yyyy-MM-dd HH:mm", "2026-11-22 8:15", time.Time{}},
		"no such day":           {"yyyy-MM-dd HH:mm", "2026-02-29 08:15", time.Time{}},
		"more than a date":      {"yyyy-MM-dd HH:mm", "2026-11-22 08:15x", time.Time{}},
		"hour 24":               {"yyyy-MM-dd HH:mm", "2026-11-22 24:00", time.Time{}},
		"day and month changed": {"dd/MM/yyyy HH:mm", "11/22/2026 08:15", time.Time{}},
		"cell":                  {ExcelDate, "46348.34409722222", at("2026-11-22 08:15:30.000")},
		"cell of a day":         {ExcelDate, "46348", at("2026-11-22 00:00:00.000")},
		"cell below 1":          {ExcelDate, "0.5", time.Time{}},
		"cell beyond 9999":      {ExcelDate, "2958466", time.Time{}},
		"cell is no number":     {ExcelDate, "NaN", time.Time{}},
		"cell is text":          {ExcelDate, "2026-11-22", time.Time{}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clock, err := newClock(c.format, append(dateParts, timeParts...)...)
			require.NoError(t, err)
			got, err := clock.parse(c.text)
			require.Equal(t, c.want.IsZero(), err != nil, "%v", err)
			require.True(t, got.Equal(c.want), "%v", got)
		})
	}
}

// Each second of a day is read again from the 15 digits that spreadsheets keep.
func TestClockOfCellsIsExact(t *testing.T) {
	t.Parallel()
	midnight := time.Date(2026, 11, 22, 0, 0, 0, 0, ledger.WIB)
	for second := range 24 * 60 * 60 {
		cell := strconv.FormatFloat(46348+float64(second)/86_400, 'G', 15, 64)
		got, err := clock{excel: true}.parse(cell)
		require.NoError(t, err)
		if want := midnight.Add(time.Duration(second) * time.Second); !got.Equal(want) {
			require.Equal(t, want, got, cell)
		}
	}
}

// Old Macs counted days from 1904.
func TestClockFrom1904(t *testing.T) {
	t.Parallel()
	got, err := clock{excel: true, from1904: true}.parse("44886.5")
	require.NoError(t, err)
	require.Equal(t, time.Date(2026, 11, 22, 12, 0, 0, 0, ledger.WIB), got)
}

func TestClockFormats(t *testing.T) {
	t.Parallel()
	for format, says := range map[string]string{
		"yyyy-MM-dd hh:mm": `"h" is no part of a date`,
		"yyyy-MM-dd 15:04": `"1" is no part of a date`,
		"yyyy-yy-dd":       "lacks MMM or MM",
		"yyyy-MM-MM":       "has MM twice",
		"MM-dd":            "lacks yyyy or yy",
		"":                 "lacks yyyy or yy",
		"yyyy-MM-ddZ":      `"Z" is no part of a date`,
		"yyyy-MM-dd SSS":   `"S" is no part of a date`,
	} {
		_, err := newClock(format, dateParts...)
		require.ErrorContains(t, err, says, format)
	}
}

func TestParsePhone(t *testing.T) {
	t.Parallel()
	cases := map[string]string{
		"081234567890": "081234567890", "+62 812-3456-7890": "+6281234567890", "0812****890": "0812****890",
		"": "", " - ": "", "1234567": "1234567", "+123456789012345": "+123456789012345",
	}
	for text, want := range cases {
		phone, err := ParsePhone(text)
		require.NoError(t, err, text)
		require.Equal(t, want, phone.Reveal())
	}
	for _, text := range []string{"123456", "12345678901234567", "0812CALLME", "08+1234567", "(0812)34567", "٠٨١٢٣٤٥٦٧"} {
		_, err := ParsePhone(text)
		require.ErrorIs(t, err, errPhone, text)
		require.NotContains(t, err.Error(), text)
	}
}

// Of text that is too short to hide the rest nothing is left.
func TestMaskFailsClosed(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"": mask, "123": mask, "123456": mask, "1234567": mask + "567"} {
		require.Equal(t, want, maskNumber(text))
	}
}

func TestHidePhones(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"+6281234567890":       "***890",
		"tel. 0812-3456-7890":  "tel. ***890",
		"6281234567890":        "***890",
		"81234567890":          "***890",
		"0 812 3456 7890 x":    "***90 x",
		"0080000000000017":     "0080000000000017",
		"2026-11-22 08:15:30":  "2026-11-22 08:15:30",
		"50000":                "50000",
		"081234567890 1":       "***0 1",
		"a=0812345678,b=50000": "a=***678,b=50000",
	} {
		require.Equal(t, want, hidePhones(text), text)
	}
	require.Equal(t, "D|***|***:15:30|T001", hideDigits("D|081234567890|2026-11-22 08:15:30|T001"))
}

func TestPrintable(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"a\tb\x1b[31m\x00":      "a·b·[31m·",
		"right\u202eto left":    "right·to left",
		"TÖKO":                  "TÖKO",
		strings.Repeat("é", 61): strings.Repeat("é", MaxText) + "…",
		strings.Repeat("é", 60): strings.Repeat("é", MaxText),
	} {
		require.Equal(t, want, printable(text))
	}
}
