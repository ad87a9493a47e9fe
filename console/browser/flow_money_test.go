package browser_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/torture/play"
)

// TestFlowTransfer records what the bank shows, and says which days it pays.
func TestFlowTransfer(t *testing.T) {
	t.Parallel()
	s := open(t, play.Setup{})
	st := newStory(s)
	st.payMany(4)
	st.closeDay()
	b := s.as(t, finance)
	b.emulate(plain())
	b.visit("/money/receivables")
	b.check("receivables")
	owed := b.text("tfoot td:last-child")
	require.Equal(t, "40.600", owed, "four payments")
	b.follow(".tabs a[href$='/transfers']")
	require.Contains(t, b.text("main"), "No transfer is recorded.")
	b.check("no transfers")
	b.follow("a[href$='/transfers/new']")
	b.check("record transfer")
	b.fill("#field-reference", "TRF 1/2026")
	b.fill("#field-amount", "40,600")
	b.submit("main form button[type=submit]")
	require.Equal(t, "errors", value[string](b, "document.activeElement.id"), "a comma is unclear")
	require.Equal(t, "TRF 1/2026", value[string](b, `document.querySelector("#field-reference").value`), "what was typed stays")
	b.check("unclear amount")
	b.fill("#field-amount", owed)
	b.submit("main form button[type=submit]")
	require.Contains(t, b.text(".said"), "TRF 1/2026 is recorded.")
	require.Contains(t, b.text("main"), "The marked days add up to it exactly.")
	b.check("match suggested")
	b.shoot("transfer-match")
	b.submit("form.match button[type=submit]")
	require.Contains(t, b.text(".said"), "TRF 1/2026 is matched, without a difference.")
	b.check("transfer matched")
	b.visit("/money/receivables")
	require.Equal(t, "0", b.text("tfoot td:last-child"))
	b.visit("/money")
	require.Contains(t, b.text("[aria-labelledby=owes-caption] tbody"), "In the bank, not paid out\t40.600")
	require.Equal(t, "0", b.text("[aria-labelledby=balance-caption] tfoot td"), "the books balance")
	b.check("position")

	// A match can be taken back.
	b.visit("/money/match?reference=TRF+1%2F2026")
	b.submit("form.back button")
	require.Contains(t, b.text(".said"), "pays no day any more")
	b.visit("/money/payouts")
	b.check("no payouts")
}
