package main

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestSignMatchesTheDocumentsSample(t *testing.T) {
	t.Parallel()
	s, err := newSigner(schemeAESECB, sampleKey, "0")
	require.NoError(t, err)
	// The sample's plaintext is 000000 G001T001 0000000000001012345678901234
	// 110511; where its 28 middle characters part into PaymentCode and
	// TrackingRef it does not show, nor does it matter.
	got := s.sign("G001T001", "0000000000001012", "345678901234", time.Date(2014, 8, 6, 11, 5, 11, 0, wib))
	require.Equal(t, "BB49486B420A7E7ADA619380CC37F45C52FF7A1F1A498679FC5775A3F3F6D25558F5193B959154544899554016F2F383", got)
}

func TestSign(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	sign := func(scheme, key, fill, code string, at time.Time) string {
		s, err := newSigner(scheme, key, fill)
		require.NoError(t, err)
		return s.sign("G001T001", code, "REF", at)
	}
	zero := sign(schemeAESECB, sampleKey, "0", "123", at)
	require.Len(t, zero, 64, "20 characters take two blocks")
	require.Equal(t, strings.ToUpper(zero), zero)
	require.Equal(t, zero, sign(schemeAESECB, sampleKey, "0", "123", at.In(wib)), "the clock is WIB wherever the time comes from")
	require.NotEqual(t, zero, sign(schemeAESECB, sampleKey, " ", "123", at), "the fill counts")
	require.NotEqual(t, zero, sign(schemeAESECB, sampleKey, "0", "123", at.Add(time.Second)), "the second counts")
	require.Equal(t, zero[32:], sign(schemeAESECB, sampleKey, " ", "123", at)[32:], "ECB: the fill changes only its own block")
	full := sign(schemeAESECB, sampleKey, "0", "123456789012345", at)
	require.Len(t, full, 64, "32 characters need no fill")
	require.Empty(t, sign(schemeNone, "", "0", "123", at))
}

func TestKeysAreFilledToAnAESLength(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, short, filled string }{
		{"1 of 16", "k", strings.Repeat(" ", 15) + "k"},
		{"17 of 24", "12345678901234567", strings.Repeat(" ", 7) + "12345678901234567"},
		{"25 of 32", "1234567890123456789012345", strings.Repeat(" ", 7) + "1234567890123456789012345"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			short, err := newSigner(schemeAESECB, c.short, "0")
			require.NoError(t, err)
			filled, err := newSigner(schemeAESECB, c.filled, "0")
			require.NoError(t, err)
			require.Equal(t, filled.sign("S", "C", "R", testNow), short.sign("S", "C", "R", testNow))
		})
	}
}

func TestBadKeysAreRefusedWithoutTellingThem(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"", strings.Repeat("secret", 6)} {
		_, err := newSigner(schemeAESECB, key, "0")
		require.ErrorContains(t, err, "key: must have 1 to 32 characters")
		require.NotContains(t, err.Error(), "secret")
	}
}
