package locale_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
	"paypoint/locale"
)

func TestMonthsAreReadStrictly(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "2026", "2026-1", "2026-13", "2026-11-01", "26-11", "x"} {
		_, is := locale.ParseMonth(text)
		require.False(t, is, text)
	}
	m, is := locale.ParseMonth("2026-02")
	require.True(t, is)
	require.Len(t, m.Days(), 28)
}

func TestMonthsFollowOneAnother(t *testing.T) {
	t.Parallel()
	m := locale.MonthOf("2026-12-31")
	require.Equal(t, "2026-12", m.String())
	require.Equal(t, "2027-01", m.Next().String())
	require.Equal(t, m, m.Next().Previous())
	require.Equal(t, []ledger.Day{"2026-12-01", "2026-12-31"}, []ledger.Day{m.Days()[0], m.Days()[30]})
	require.Equal(t, 1, m.Ahead(), "1 December 2026 is a Tuesday")
	require.Equal(t, 6, locale.MonthOf("2026-11-01").Ahead(), "a Sunday")
}
