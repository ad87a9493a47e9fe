package browser_test

import (
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"

	"paypoint/torture/play"
)

// strike presses keys as a keyboard does: what a key would type is typed, unless
// the page takes the key for something else. chromedp.KeyEvent types it either way.
func (b *tab) strike(keys string) {
	b.t.Helper()
	for _, r := range keys {
		b.Do(strokes(r)...)
	}
}

// strokes are a key going down and up again, with the text that it types.
func strokes(r rune) []chromedp.Action[chromedp.Void] {
	events := kb.Encode(r)
	down, up := *events[0], *events[len(events)-1]
	if len(events) > 2 {
		down.Text, down.UnmodifiedText = events[1].Text, events[1].UnmodifiedText
	}
	return []chromedp.Action[chromedp.Void]{command(input.DispatchKeyEvent, down), command(input.DispatchKeyEvent, up)}
}

// hasFocus says whether the element that a selector finds has the focus, and
// whether that shows: an outline of 2 px or more (WCAG 2.2, 2.4.7).
func (b *tab) hasFocus(selector string) bool {
	b.t.Helper()
	return value[bool](b, quote(`document.activeElement.matches(%s)`, selector)) &&
		value[bool](b, `((s) => s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2)(getComputedStyle(document.activeElement))`)
}

// TestFlowKeyboard goes from signing in to a payment without a mouse.
func TestFlowKeyboard(t *testing.T) {
	t.Parallel()
	s := open(t, play.Setup{})
	newStory(s).trade()
	b := s.open(t)
	b.emulate(plain())
	b.visit("/")
	b.Do(chromedp.Focus(chromedp.CSS("input[name=person]")))
	b.strike(finance + "\t" + password)
	b.Arrive(strokes('\r')...)
	require.Equal(t, "/today", b.path())

	b.strike("\t")
	require.True(t, b.hasFocus("a.skip"), "the first stop is the way past the menu")
	b.strike("\r")
	b.Until(`location.hash === "#main"`)
	b.strike("\t")
	require.True(t, value[bool](b, `document.activeElement.closest("main") !== null`), "the next stop is in the content")

	b.strike("?")
	b.Until(`document.querySelector("#help").open`)
	require.Contains(t, b.text("#help"), "Next and previous row")
	b.check("keys")
	b.strike(kb.Escape)
	b.Until(`!document.querySelector("#help").open`)

	b.strike("g")
	b.Arrive(strokes('p')...)
	require.Equal(t, "/payments", b.path())
	b.strike("j")
	require.True(t, b.hasFocus("tbody tr:first-child th a"))
	b.strike("jk")
	require.True(t, b.hasFocus("tbody tr:first-child th a"))
	b.strike("j")
	want := b.attribute("tbody tr:nth-child(2) th a", "href")
	b.Arrive(strokes('\r')...)
	require.Equal(t, want, "/console"+b.path(), "Enter opens the row")

	b.strike("/")
	require.True(t, b.hasFocus("#find"))
	require.Empty(t, value[string](b, `document.querySelector("#find").value`), "the key itself is not typed")
	b.strike("gp?j")
	require.Equal(t, "gp?j", value[string](b, `document.querySelector("#find").value`), "in a field keys are letters")
	require.False(t, value[bool](b, `document.querySelector("#help").open`))
}

// stops are the elements of a page that the keyboard must reach, and stop is the
// place among them of what has the focus: -1 for none.
const (
	stops = `[...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']")]
		.filter((e) => e.checkVisibility({visibilityProperty: true}) && !e.disabled)`
	stop = stops + `.indexOf(document.activeElement)`
)

// TestFlowEveryStopShows walks through pages with the Tab key: all that can be
// worked is reached, in its order, and shows that it has the focus.
func TestFlowEveryStopShows(t *testing.T) {
	t.Parallel()
	s := open(t, play.Setup{})
	newStory(s).trade()
	b := s.as(t, finance)
	b.emulate(plain())
	for _, page := range []string{"/today", "/payments", "/notifications?state=all"} {
		b.visit(page)
		reached := 0
		b.strike("\t")
		for at := value[int](b, stop); at >= 0; at = value[int](b, stop) {
			require.Contains(t, []int{reached, reached - 1}, at, "%s: the order of the focus", page)
			require.True(t, b.hasFocus("*"), "%s: focus on %s", page, value[string](b, "document.activeElement.outerHTML"))
			reached = at + 1
			b.strike("\t") // a field of a date has several stops
		}
		require.Equal(t, value[int](b, stops+".length"), reached, page)
		require.Greater(t, reached, 20, page)
	}
}

// TestFlowKeysOff: who turns the keys off can still do all by links (WCAG 2.2,
// 2.1.4).
func TestFlowKeysOff(t *testing.T) {
	t.Parallel()
	s := open(t, play.Setup{})
	b := s.as(t, viewer)
	b.visit("/preferences")
	b.Do(b.click("input[name=shortcuts]"))
	b.submit("#preferences button")
	b.visit("/payments")
	b.strike("?gt/j")
	require.Equal(t, "/payments", b.path())
	require.Equal(t, "BODY", value[string](b, "document.activeElement.tagName"))
	require.False(t, b.has("#help"))
	b.follow(".more-help a")
	require.Contains(t, b.text("main"), "The keys are off.")
	b.check("keys off")
}
