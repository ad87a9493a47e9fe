package browser_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/torture/play"
)

// TestFlowStores goes from a store's figures to the messages that were refused
// there, and opens one.
func TestFlowStores(t *testing.T) {
	t.Parallel()
	s := open(t, play.Setup{})
	st := newStory(s)
	st.trade()
	b := s.as(t, finance)
	b.emulate(plain())
	// Messages are indexed aside of the answers, and found within seconds.
	row := `document.querySelector("tbody tr:has(a[href*='store=G002T001'])")`
	b.reload("/stores", row+` && `+row+`.querySelector("a[href*=refusals]")`)
	require.Equal(t, []string{"50.0%", "25.0%", "8", "4"}, b.texts("tbody tr:has(a[href*='store=G002T001']) td")[:4])
	b.check("stores")
	b.shoot("stores")

	b.follow("tbody tr:has(a[href*='store=G002T001']) a[href*=refusals]")
	require.Equal(t, 4, b.count("tbody tr"))
	require.Contains(t, b.text("tbody tr"), "unknown payment code")
	b.Do(b.click("tbody tr:first-child summary"))
	require.Contains(t, b.text("tbody tr:first-child details"), `"store_id": "G002T001"`)
	require.NotContains(t, b.text("tbody"), "8800000000000003", "no code in full")
	b.check("refusals of a store")
	b.shoot("refusals")

	// Of what nobody has signed no store is said to have sent it.
	b.visit("/stores/refusals?signed=no")
	require.Equal(t, 1, b.count("tbody tr"))
	require.Contains(t, b.text("tbody tr"), "Not signed")
	require.Contains(t, b.text("tbody tr"), "wrong signature")
	b.visit("/stores/refusals?reason=settled")
	require.Contains(t, b.text("main"), "No refused message fits these filters")
	b.check("no refusals")
	require.EqualValues(t, 422, b.try("/stores?from=2026-01-01&to=2026-12-31"))
	require.True(t, strings.HasPrefix(b.text("title"), "Error") || strings.Contains(b.text("main"), "31"))
	b.check("too many days")
}
