package ledger_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"paypoint/ledger"
)

func TestParseRupiahAccepts(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]ledger.Rupiah{
		"50000":           50_000,
		"50000.0":         50_000,
		"50000.00":        50_000,
		"0":               0,
		"0.00":            0,
		"1":               1,
		"00050000":        50_000,
		"000000000000":    0,
		"999999999999":    ledger.MaxRupiah,
		"999999999999.00": ledger.MaxRupiah,
	} {
		got, err := ledger.ParseRupiah(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
}

// refusedAmounts are named for what is wrong with each.
func refusedAmounts() map[string]string {
	return map[string]string{
		"empty":                     "",
		"sign":                      "-1",
		"plus":                      "+1",
		"minus nothing":             "-0",
		"exponent":                  "1e5",
		"capital exponent":          "1E5",
		"separator":                 "50.000",
		"two separators":            "1.000.000",
		"comma":                     "5,0",
		"separated by commas":       "50,000.00",
		"fraction":                  "50000.5",
		"fraction of two":           "50000.01",
		"fraction of three noughts": "50000.000",
		"point at the end":          "50000.",
		"point at the beginning":    ".00",
		"point alone":               ".",
		"two points":                "50000.0.0",
		"not a number":              "NaN",
		"infinity":                  "Inf",
		"hexadecimal":               "0x10",
		"underscore":                "50_000",
		"13 digits":                 "1000000000000",
		"13 digits, leading nought": "0000000050000",
		"20 digits":                 "99999999999999999999",
		"overflow of 64 bits":       "9223372036854775808",
		"space before":              " 50000",
		"space after":               "50000 ",
		"line end":                  "50000\n",
		"nought byte":               "50000\x00",
		"currency":                  "Rp50000",
		"Arabic digits":             "٥٠٠٠٠",
		"fullwidth digits":          "５００００",
		"fullwidth point":           "50000．00",
		"Devanagari digits":         "५०",
		"broken UTF-8":              "5\xff",
	}
}

func TestParseRupiahRefuses(t *testing.T) {
	t.Parallel()
	for name, text := range refusedAmounts() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := ledger.ParseRupiah(text)
			require.ErrorIs(t, err, ledger.ErrAmount)
			require.Zero(t, got)
		})
	}
}

func TestRupiahReadsBackAsWritten(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		amount := ledger.Rupiah(rapid.Int64Range(0, int64(ledger.MaxRupiah)).Draw(t, "amount"))
		ending := rapid.SampledFrom([]string{"", ".0", ".00"}).Draw(t, "ending")
		got, err := ledger.ParseRupiah(amount.String() + ending)
		require.NoError(t, err)
		require.Equal(t, amount, got)
	})
}

// amountPattern is the rule of the spec's field, said another way.
var amountPattern = regexp.MustCompile(`^[0-9]{1,12}(\.0|\.00)?$`)

func FuzzParseRupiah(f *testing.F) {
	for _, text := range refusedAmounts() {
		f.Add(text)
	}
	for _, text := range []string{"50000", "50000.0", "50000.00", "000000000001", "999999999999"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := ledger.ParseRupiah(text)
		fits := amountPattern.MatchString(text) && !strings.HasSuffix(text, "\n")
		require.Equal(t, fits, err == nil, "%q", text)
		if err != nil {
			return
		}
		whole, _, _ := strings.Cut(text, ".")
		shortest := strings.TrimLeft(whole, "0")
		if shortest == "" {
			shortest = "0"
		}
		require.Equal(t, shortest, got.String())
	})
}
