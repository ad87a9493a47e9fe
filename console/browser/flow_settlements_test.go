package browser_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/torture/play"
)

// TestFlowCloseDay closes a day before its time, downloads it in each form, has its
// chain checked, closes the merchants' statements, and prints all of it.
func TestFlowCloseDay(t *testing.T) {
	t.Parallel()
	s := open(t, play.Setup{})
	st := newStory(s)
	st.trade()
	b := s.as(t, finance)
	b.emulate(plain())
	b.visit("/settlements")
	b.check("month with an open day")
	b.follow("table.calendar a[href$='" + st.Day + "']")
	require.Contains(t, b.text("main"), "open")
	b.check("open day")
	b.follow(".actions a.primary")
	require.Contains(t, b.text("table tfoot"), "562.500", "what is being closed")
	b.check("close asked for")

	b.fill("#reason", " ")
	b.submit("main form button.primary")
	require.Equal(t, "errors", value[string](b, "document.activeElement.id"), "no reason, no early close")
	b.check("close without a reason")
	b.fill("#reason", "stock-taking tonight")
	b.submit("main form button.primary")
	require.Equal(t, "/settlements/"+st.Day, b.path())
	require.Contains(t, b.text("main dl.facts"), finance)
	b.check("closed day")
	b.shoot("closed-day")
	require.EqualValues(t, 409, b.try("/settlements/"+st.Day+"/close"), "it is closed once")
	b.check("close refused")

	b.visit("/settlements/" + st.Day)
	st.downloadsDay(b)
	b.submit("form[action$='/check'] button")
	require.Contains(t, b.text(".said"), "as recorded")
	require.Contains(t, b.text("main"), "Last checked at (WIB)")
	b.check("chain checked")
	sheets := b.print("settlement").sheets
	require.Contains(t, sheets[0], "Settlement of")
	require.Contains(t, sheets[len(sheets)-1], finance, "who has printed it")

	b.visit("/settlements")
	b.submit("form[action$='/settlements/check'] button")
	require.Contains(t, b.text(".said"), "1 file was made again")
	b.check("month checked")
	b.print("month")
	st.closesStatements(b)
}

// downloadsDay requires that each file of the day is, byte for byte, what the page
// says and what the command exports.
func (st *story) downloadsDay(b *tab) {
	b.t.Helper()
	for row, format := range []string{"txt", "csv", "xlsx"} {
		hash := b.text(fmt.Sprintf("table:has(#files-caption) tbody tr:nth-child(%d) code.hash", row+1))
		content := b.download("tbody a[href$='/file/" + format + "']")
		sum := sha256.Sum256(content)
		require.Equal(b.t, hash, hex.EncodeToString(sum[:]), "%s as it was downloaded", format)
		code, out, said := st.site.Run("settlement", "export", st.Day, "--format", format)
		require.Zero(b.t, code, said)
		require.Equal(b.t, out, string(content), "%s as the command exports it", format)
	}
}

// closesStatements closes the merchants' statements up to the day, and prints one.
func (st *story) closesStatements(b *tab) {
	b.t.Helper()
	b.visit("/statements")
	b.check("no statements")
	b.follow("a[href$='/statements/close']")
	b.check("statements to be closed")
	b.fill("#to", st.Day)
	b.submit("main form button.primary")
	b.check("statements")
	b.follow("tbody th a")
	b.check("statement")
	b.print("statement")
	content := b.download("ul.downloads a[href$='/file/pdf?language=id']")
	require.Equal(b.t, "%PDF-", string(content[:5]))
}

// TestFlowPrintLongList prints a list that is longer than a sheet: each sheet has
// the table's head.
func TestFlowPrintLongList(t *testing.T) {
	t.Parallel()
	s := open(t, play.Setup{})
	st := newStory(s)
	st.payMany(45)
	b := s.as(t, finance)
	b.emulate(plain())
	b.visit("/payments")
	require.Equal(t, 45, b.count("tbody tr[data-row]"))
	sheets := b.print("payments").sheets
	require.Greater(t, len(sheets), 1)
	head := squeezed(b.texts("thead th")[0])
	for n, sheet := range sheets {
		if strings.Contains(sheet, "many-") { // the last may have what follows the table only
			require.Equal(t, 1, strings.Count(squeezed(sheet), head), "the head on sheet %d", n+1)
		}
	}
	require.Contains(t, sheets[len(sheets)-1], "Filter", "what was asked for, at the end")
}

// TestFlowCloseDayWithoutScript: nothing of it needs one.
func TestFlowCloseDayWithoutScript(t *testing.T) {
	t.Parallel()
	s := open(t, play.Setup{})
	st := newStory(s)
	st.trade()
	b := s.plainly(t, finance)
	b.visit("/settlements/" + st.Day + "/close")
	b.fill("#reason", "stock-taking tonight")
	b.submit("main form button.primary")
	require.Contains(t, b.text("main dl.facts"), finance)
	st.downloadsDay(b)
	b.submit("form[action$='/check'] button")
	require.Contains(t, b.text(".said"), "as recorded")
}
