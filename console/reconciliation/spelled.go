package reconciliation

import (
	"strings"
	"time"

	"paypoint/ledger"
	"paypoint/locale"
)

// units are the Indonesian words for 0 to 11; those above are made of them.
func units() [12]string {
	return [12]string{"nol", "satu", "dua", "tiga", "empat", "lima", "enam", "tujuh", "delapan", "sembilan", "sepuluh", "sebelas"}
}

// Spelled is a number in Indonesian words, as minutes and receipts have it beside the
// figures: 1.250 is "seribu dua ratus lima puluh".
func Spelled(n int64) string {
	if n < 0 {
		return "minus " + spelled(uint64(-(n+1))+1) // #nosec G115 -- not below 0; the least number has no opposite
	}
	return spelled(uint64(n))
}

func spelled(n uint64) string {
	switch {
	case n < 12:
		return units()[n]
	case n < 20:
		return units()[n-10] + " belas"
	case n < 100:
		return groupOf(n, 10, "puluh")
	case n < 200:
		return with("seratus", n-100)
	case n < 1_000:
		return groupOf(n, 100, "ratus")
	case n < 2_000:
		return with("seribu", n-1_000)
	}
	for _, scale := range [...]struct {
		of   uint64
		name string
	}{{1_000_000_000_000_000, "kuadriliun"}, {1_000_000_000_000, "triliun"}, {1_000_000_000, "miliar"}, {1_000_000, "juta"}} {
		if n >= scale.of {
			return groupOf(n, scale.of, scale.name)
		}
	}
	return groupOf(n, 1_000, "ribu")
}

// groupOf spells how many of a scale there are, and what is left.
func groupOf(n, scale uint64, name string) string {
	return with(spelled(n/scale)+" "+name, n%scale)
}

// with adds what is left, which is not said when it is nothing.
func with(begin string, rest uint64) string {
	if rest == 0 {
		return begin
	}
	return begin + " " + spelled(rest)
}

// SpelledDate is a day as Indonesian deeds have it: "Minggu, tanggal dua puluh dua
// bulan November tahun dua ribu dua puluh enam (22-11-2026)". In English it is the
// long form.
func SpelledDate(l locale.Language, day ledger.Day) string {
	date, err := time.Parse(time.DateOnly, string(day))
	if err != nil || l != locale.Indonesian {
		return l.LongDay(day)
	}
	// LongDay is "Minggu, 22 November 2026", Month is "November 2026".
	weekday, _, _ := strings.Cut(l.LongDay(day), ",")
	month, _, _ := strings.Cut(l.Month(day), " ")
	return weekday + ", tanggal " + Spelled(int64(date.Day())) + " bulan " + month +
		" tahun " + Spelled(int64(date.Year())) + " (" + date.Format("02-01-2006") + ")"
}
