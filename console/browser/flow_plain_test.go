package browser_test

import (
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/stretchr/testify/require"

	"paypoint/torture/play"
)

// TestFlowWithoutScript works as people with a plain browser do: what matters
// needs no script.
func TestFlowWithoutScript(t *testing.T) {
	t.Parallel()
	s := open(t, play.Setup{})
	st := newStory(s)
	r := newReceiver(st)
	st.payMany(52)
	r.wait(104)
	b := s.open(t)
	b.emulate(plain())
	b.Do(command(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}))
	b.signIn(finance, password)
	require.Equal(t, "/today", b.path())
	require.False(t, value[bool](b, `document.querySelector(".live a").checkVisibility()`), "nothing that only a script can do is offered")
	require.Zero(t, value[int](b, `[...document.querySelectorAll("button[data-copy], button[data-print]")].filter((e) => e.checkVisibility()).length`))

	b.fill("#find", spaced(st.Codes["many-007"]))
	b.submit("form[role=search] button")
	require.Contains(t, b.text("h1"), "many-007")
	require.Zero(t, value[int](b, `[...document.querySelectorAll("button[data-copy]")].filter((e) => e.checkVisibility()).length`))
	told := len(r.heard())
	b.submit("[aria-labelledby=payments-notices] tbody tr:nth-child(2) form button")
	require.Contains(t, b.text(".said"), "Sent again: 1 of 1 URLs took it.")
	require.Equal(t, []string{"many-007 settlement"}, r.heard()[told:])

	b.visit("/payments")
	b.Do(b.click("form.filters summary"))
	b.fill("#field-max", "15.000")
	b.submit("form.filters button[type=submit]")
	require.Equal(t, "51", b.text("[data-total=count]"))
	seen := b.orders()
	b.follow("a[rel=next]")
	b.exports(append(seen, b.orders()...))
	b.submit("header form[action$=sign-out] button")
	require.EqualValues(t, 200, b.try("/payments"))
	require.True(t, b.has("input[type=password]"))
}
