package locale_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
	"paypoint/locale"
)

// FuzzParseRupiah: what is read is an amount that can be, and is read the same
// when it is written; an error is one of those that are named.
func FuzzParseRupiah(f *testing.F) {
	for _, seed := range []string{"100000", "Rp 100.000,00", "100,000", "", "Rp", "idr 5", "999.999.999.999", "\u00a0Rp\u00a05"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		amount, err := locale.ParseRupiah(text)
		if err != nil {
			named := false
			for _, known := range []error{locale.ErrAmount, locale.ErrUnclear, locale.ErrTooLarge} {
				named = named || errors.Is(err, known)
			}
			require.True(t, named, err)
			return
		}
		require.True(t, amount >= 0 && amount <= ledger.MaxRupiah)
		again, err := locale.ParseRupiah(locale.Rupiah(amount))
		require.NoError(t, err)
		require.Equal(t, amount, again)
	})
}

// FuzzParseDay: what is read is a day of the calendar.
func FuzzParseDay(f *testing.F) {
	for _, seed := range []string{"21/11/2026", "2026-11-21", "kemarin", "hari ini", "31/2/2026", "", "9999-12-31", "0001-01-01"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		day, err := locale.ParseDay(text, "2026-11-22")
		if err != nil {
			require.ErrorIs(t, err, locale.ErrDay)
			return
		}
		_, err = time.Parse(time.DateOnly, string(day))
		require.NoError(t, err)
		again, err := locale.ParseDay(string(day), "2026-11-22")
		require.NoError(t, err)
		require.Equal(t, day, again)
	})
}
