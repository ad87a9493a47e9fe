package page

import (
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
	"paypoint/locale"
)

// everyText calls found for each text in a value, by its place.
func everyText(place string, v reflect.Value, found func(place, text string)) {
	switch v.Kind() {
	case reflect.String:
		found(place, v.String())
	case reflect.Struct:
		for i := range v.NumField() {
			everyText(place+"."+v.Type().Field(i).Name, v.Field(i), found)
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			everyText(place+"."+key.String(), v.MapIndex(key), found)
		}
	default: // a list
		for i := range v.Len() {
			everyText(place+"["+string(rune('0'+i))+"]", v.Index(i), found)
		}
	}
}

func TestWordsAreCompleteInEveryLanguage(t *testing.T) {
	t.Parallel()
	texts := map[string]map[string]string{}
	for _, w := range newTongues().all {
		texts[w.Lang] = map[string]string{}
		everyText("", reflect.ValueOf(w), func(place, text string) {
			require.NotEmpty(t, strings.TrimSpace(text), "%s%s", w.Lang, place)
			texts[w.Lang][place] = text
		})
		require.Len(t, w.Steps, 5)
		require.Len(t, w.States, len(everyState))
		for _, s := range everyState {
			require.Contains(t, w.States, s)
		}
	}
	require.Len(t, texts, 2)
	require.Greater(t, len(texts["id"]), 60)
	require.Len(t, texts["en"], len(texts["id"]))
	for place, text := range texts["id"] {
		require.Contains(t, texts["en"], place)
		require.Equal(t, filled(text), filled(texts["en"][place]), place)
	}
}

var everyState = []state{stateFuture, statePending, stateClosing, statePaid, stateExpired, stateCancelled, stateDenied}

// filled are the places of a text that are filled in.
func filled(text string) map[string]bool {
	places := map[string]bool{}
	for _, place := range []string{"{shop}", "{from}", "{min}", "{max}"} {
		if strings.Contains(text, place) {
			places[place] = true
			text = strings.ReplaceAll(text, place, "")
		}
	}
	places["other"] = strings.ContainsAny(text, "{}%")
	return places
}

func TestLanguage(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ query, accept, want string }{
		"nothing said":            {"", "", "id"},
		"Indonesian":              {"", "id-ID,id;q=0.9,en;q=0.8", "id"},
		"English":                 {"", "en-GB,en;q=0.9", "en"},
		"English rather":          {"", "id;q=0.5,en", "en"},
		"neither":                 {"", "fr-FR, ja;q=0.7", "id"},
		"neither, but English":    {"", "nl, en;q=0.3", "en"},
		"unreadable":              {"", ";;q=x,,", "id"},
		"link over browser":       {"?lang=en", "id", "en"},
		"other link over browser": {"?lang=id", "en", "id"},
		"link of no language":     {"?lang=xx", "en", "en"},
		"hostile link":            {"?lang=%3Cscript%3E", "", "id"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest("GET", "/pay/x"+c.query, nil)
			r.Header.Set("Accept-Language", c.accept)
			require.Equal(t, c.want, newTongues().choose(r).Lang)
		})
	}
}

func TestRupiah(t *testing.T) {
	t.Parallel()
	for amount, want := range map[ledger.Rupiah]string{
		0: "Rp0", 7: "Rp7", 999: "Rp999", 1_000: "Rp1.000", 52_500: "Rp52.500", 100_000: "Rp100.000",
		1_234_567: "Rp1.234.567", ledger.MaxRupiah: "Rp999.999.999.999",
	} {
		require.Equal(t, want, locale.Rupiah(amount))
	}
}

func TestMoment(t *testing.T) {
	t.Parallel()
	// Still Saturday in UTC, already Sunday in WIB.
	at := time.Date(2026, time.August, 15, 17, 4, 59, 0, time.UTC)
	require.Equal(t, moment{"Minggu, 16 Agustus 2026 pukul\u00a000.04\u00a0WIB", "2026-08-16T00:04:59+07:00"}, indonesian().moment(at))
	require.Equal(t, moment{"Sunday, 16 August 2026, 00:04\u00a0WIB", "2026-08-16T00:04:59+07:00"}, english().moment(at))
	require.Equal(t, moment{}, english().moment(time.Time{}))
	for month := time.January; month <= time.December; month++ {
		at := time.Date(2026, month, 1, 12, 0, 0, 0, ledger.WIB)
		require.Contains(t, english().moment(at).Text, at.Format("Monday, 2 January 2006"))
	}
}

func TestGroups(t *testing.T) {
	t.Parallel()
	for code, want := range map[ledger.PaymentCode]string{
		"1001234567890123":     "1001 2345 6789 0123",
		"100123456789":         "1001 2345 6789",
		"00123456789012":       "0012 3456 7890 12",
		"10012345678901234567": "1001 2345 6789 0123 4567",
	} {
		require.Equal(t, want, strings.Join(groups(code), " "))
		require.Equal(t, string(code), strings.ReplaceAll(spoken(code), " ", ""))
	}
}

func TestIsolated(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, want string }{
		"ordinary":      {"Kopi & Roti", "Kopi & Roti"},
		"override":      {"A\u202ekatab\u202c", "Akatab"},
		"isolates":      {"\u2067A\u2069B\u2068", "AB"},
		"marks":         {"\u200eA\u200f\u061c", "A"},
		"control":       {"A\x00\n\x1bB\u0085", "AB"},
		"other writing": {"مقهى", "مقهى"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, "\u2068"+c.want+"\u2069", isolated(c.text))
		})
	}
	require.Empty(t, isolated(""))
	require.Empty(t, isolated("\u202e"))
}

// The bars of a 16-digit code: start, 8 pairs, check (11 modules each), stop
// (13), and the quiet zones on either side (ISO/IEC 15417, section 4).
func TestBarcodeMeasures(t *testing.T) {
	t.Parallel()
	b, err := newBarcode("1001234567890123")
	require.NoError(t, err)
	require.Equal(t, 123+2*10, b.Width)
	require.Equal(t, b.Width*2, b.Across)
	require.Len(t, b.Bars, 3*10+4)
	require.Equal(t, 10, b.Bars[0].X)
	end := 0
	for _, bar := range b.Bars {
		require.Greater(t, bar.X, end, "bars are parted")
		require.GreaterOrEqual(t, bar.Width, 1)
		require.LessOrEqual(t, bar.Width, 4)
		end = bar.X + bar.Width
	}
	require.Equal(t, b.Width-10, end)
}

func TestBarcodeOfWhatHasNone(t *testing.T) {
	t.Parallel()
	_, err := newBarcode("")
	require.ErrorContains(t, err, "barcode of code")
}
