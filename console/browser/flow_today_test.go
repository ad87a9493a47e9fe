package browser_test

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/torture/play"
)

// TestFlowTodayLive has a payment come in while somebody looks: nothing moves
// under their eyes until they ask for it.
func TestFlowTodayLive(t *testing.T) {
	t.Parallel()
	s := open(t, play.Setup{})
	st := newStory(s)
	st.payMany(2)
	b := s.as(t, viewer)
	b.emulate(plain())
	b.visit("/today")
	require.Equal(t, []string{"many-001", "many-000"}, b.orders())
	require.False(t, value[bool](b, `document.querySelector(".live a").checkVisibility()`))
	st.charge("new-1", 45_000)
	st.pay("new-1", "G003T001")
	b.Until(`document.querySelector(".live a").checkVisibility()`)
	require.Equal(t, "1 new, show", b.text(".live a"))
	require.Equal(t, "1 new, show", b.text(".live [aria-live=polite]"), "it is read out")
	require.Equal(t, []string{"many-001", "many-000"}, b.orders(), "no row has moved")
	b.check("one is new")
	b.shoot("today-one-is-new")
	b.follow(".live a")
	require.Equal(t, []string{"new-1", "many-001", "many-000"}, b.orders())
	require.Equal(t, "3", b.texts(".figures li strong")[1])
	b.follow("tbody tr:first-child th a[href*='/payments/']")
	require.Contains(t, b.text("h1"), "new-1")
}

// TestFlowTodayNeeds leads from each thing that waits for a person to it.
func TestFlowTodayNeeds(t *testing.T) {
	t.Parallel()
	s := open(t, play.Setup{})
	tellStory(s)
	b := s.as(t, approver)
	b.emulate(plain())
	b.reload("/today", needsRead)
	require.True(t, b.has(".needs a.primary"), "the first of them is the page's main action")
	counted := b.text(".needs a[href*='/cases']")
	b.follow(".needs a[href*='/cases']")
	require.Regexp(t, fmt.Sprintf(`^%d open cases?$`, b.count("tbody tr")), counted)
	b.visit("/today")
	// Each figure leads to what it counts.
	for place, want := range map[int]string{2: "/payments", 3: "/payments", 4: "/stores/refusals"} {
		figure := fmt.Sprintf(".figures li:nth-child(%d) ", place)
		shown := b.text(figure + "strong")
		// It looks like the link that it is before anybody points at it (WCAG 1.4.1).
		require.Equal(t, "underline", value[string](b, quote(`getComputedStyle(document.querySelector(%s)).textDecorationLine`, figure+"a")))
		require.Equal(t, value[string](b, `getComputedStyle(document.querySelector(".needs li:last-child a")).color`),
			value[string](b, quote(`getComputedStyle(document.querySelector(%s)).color`, figure+"a span")))
		b.follow(figure + "a")
		require.Contains(t, b.path(), want)
		listed := b.text("[data-total=count]")
		if listed == "" {
			listed = strconv.Itoa(b.count("tbody tr"))
		}
		require.Equal(t, listed, shown, "as many as were counted")
		b.visit("/today")
	}
}
