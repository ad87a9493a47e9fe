package browser_test

import (
	"os"
	"path/filepath"
	"strings"
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

// bankFile writes a CSV file as the bank's.
func bankFile(t *testing.T, rows ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "bank <b>& co.csv")
	require.NoError(t, os.WriteFile(path, []byte("reference,on,amount,note\r\n"+strings.Join(rows, "\r\n")+"\r\n"), 0o600))
	return path
}

// TestFlowImportTransfers gives the bank's file to the form, wrong at first, with a
// script and without.
func TestFlowImportTransfers(t *testing.T) {
	t.Parallel()
	s := open(t, play.Setup{})
	st := newStory(s)
	st.payMany(4)
	st.closeDay()
	b := s.as(t, finance)
	b.emulate(plain())
	b.visit("/money/transfers")
	b.follow("a[href$='/transfers/import']")
	b.check("import transfers")
	b.submit("form.upload button.primary")
	require.Equal(t, "errors", value[string](b, "document.activeElement.id"), "no file was chosen")
	b.check("no file of transfers chosen")
	b.attach("#field-file", bankFile(t, "TRF-1,"+st.Day+",40.600,", "TRF-1,"+st.Day+",1,", "TRF-2,yesterday,"+strings.Repeat("9", 300)+",x"))
	b.submit("form.upload button.primary")
	require.Equal(t, "The file was not taken", b.text("h1"))
	require.Contains(t, b.text("main [role=alert]"), "Nothing of the file was recorded: 2 lines are wrong.")
	require.Equal(t, "bank <b>& co.csv", b.text(".facts bdi"))
	require.Contains(t, b.text("tbody tr"), "without thousands separators")
	b.check("transfers not taken")
	refused := b.path()
	b.shoot("transfers-not-taken")
	b.attach("#field-file", bankFile(t, "TRF-1,"+st.Day+",40600,all of it"))
	b.submit("form.upload button.primary")
	require.Contains(t, b.text(".said"), "1 transfers read, 1 of them new.")
	b.check("transfers taken")
	taken := b.path()
	b.shoot("transfers-taken")
	b.follow("tbody th a")
	require.Contains(t, b.text("main"), "The marked days add up to it exactly.")
	b.emulate(look{screen: narrow, scheme: "dark", medium: "screen", language: "id"})
	for _, page := range []string{refused, taken, "/money/transfers", "/money/transfers/import"} {
		b.visit(page)
		require.Equal(t, "id", b.attribute("html", "lang"))
		b.check("in Indonesian " + page)
	}

	without := s.plainly(t, approver)
	without.visit("/money/transfers/import")
	without.attach("#field-file", bankFile(t, "TRF-1,"+st.Day+",40600,all of it", "TRF-2,"+st.Day+",-1,"))
	without.submit("form.upload button.primary")
	require.Contains(t, without.text(".said"), "2 transfers read, 1 of them new.")
	without.visit("/money/transfers/import")
	without.attach("#field-file", bankFile(t, "TRF-1,"+st.Day+",40601,"))
	without.submit("form.upload button.primary")
	require.Contains(t, without.text("tbody tr"), "recorded already, with another day or amount")
	without.visit("/money/transfers")
	require.Equal(t, 2, without.count("tbody tr"))
}
