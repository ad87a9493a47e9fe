package frame_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/console/frame"
)

// An id may be any text that somebody asked for: it stays within its path.
func TestPathsKeepIDsApart(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]string{
		"abc": "/payments/abc", "a/../b": "/payments/a%2F..%2Fb", "a?b=c#d": "/payments/a%3Fb=c%23d", "a%2Fb": "/payments/a%252Fb",
	} {
		require.Equal(t, want, frame.PaymentPath(id))
	}
	require.Equal(t, "/cases/12", frame.CasePath(12))
	require.Equal(t, "/settlements/2026-11-22", frame.SettlementPath("2026-11-22"))
}

func TestFiltered(t *testing.T) {
	t.Parallel()
	require.Equal(t, "/cases", frame.Filtered("/cases"))
	require.Equal(t, "/cases", frame.Filtered("/cases", "tab", ""))
	require.Equal(t, "/cases?class=A%26B&tab=open", frame.Filtered("/cases", "tab", "open", "class", "A&B", "owner", ""))
}
