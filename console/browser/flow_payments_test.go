package browser_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/stretchr/testify/require"

	"paypoint/ledger"
	"paypoint/torture/play"
)

// find types into the search box without a mouse: the key, the text, Enter.
func (b *tab) find(text string) {
	b.t.Helper()
	b.strike("/")
	require.True(b.t, b.hasFocus("#find"))
	b.Do(command(input.InsertText, input.InsertTextParams{Text: text}))
	b.Arrive(strokes('\r')...)
}

// facts are the short lists of a page, by their labels.
func (b *tab) facts() map[string]string {
	b.t.Helper()
	return value[map[string]string](b, `Object.fromEntries([...document.querySelectorAll("dl.facts > div")].map((d) =>
		[d.querySelector("dt").innerText, (d.querySelector("bdi, time") || d.querySelector("dd")).innerText]))`)
}

// spaced writes a code in groups of four, as it is read out.
func spaced(code string) string {
	return strings.Join([]string{code[:4], code[4:8], code[8:12], code[12:]}, " ")
}

// dayBefore is the day that lies so many days before one.
func dayBefore(day string, days int) string {
	before := ledger.Day(day)
	for range days {
		before = before.Previous()
	}
	return string(before)
}

// TestFlowFindPayment opens one payment by each of its keys.
func TestFlowFindPayment(t *testing.T) {
	t.Parallel()
	s := open(t, play.Setup{})
	st := tellStory(s)
	b := s.as(t, finance)
	b.emulate(plain())
	b.find(st.Codes["order-1"])
	require.Contains(t, b.text("h1"), "order-1")
	page, facts := b.path(), b.facts()
	require.NotContains(t, page, st.Codes["order-1"], "no code in an address that is kept")
	for key, text := range map[string]string{
		"code with spaces": spaced(st.Codes["order-1"]),
		"code with dots":   strings.ReplaceAll(spaced(st.Codes["order-1"]), " ", "."),
		"TrackingRef":      facts["TrackingRef"],
		"order id":         "order-1",
		"transaction id":   facts["Transaction ID"],
		"receipt":          facts["Receipt"],
		"blanks around it": "  order-1 ",
	} {
		b.find(text)
		require.Equal(t, page, b.path(), "%s: %q", key, text)
	}
	b.visit("/cases?tab=open")
	_, number, _ := strings.Cut(b.attribute("tbody th a", "href"), "/cases/")
	month := "/payments?from=" + dayBefore(st.Day, 30)
	for key, c := range map[string]struct{ text, path string }{
		"store":             {"G002T001", month + "&store=G002T001&to=" + st.Day},
		"amount":            {"Rp 12.500", month + "&max=12500&min=12500&to=" + st.Day},
		"amount with dots":  {"37.500", month + "&max=37500&min=37500&to=" + st.Day},
		"date":              {st.Day, "/payments?from=" + st.Day + "&to=" + st.Day},
		"date of a caller":  {st.Day[8:] + "/" + st.Day[5:7] + "/" + st.Day[:4], "/payments?from=" + st.Day + "&to=" + st.Day},
		"yesterday":         {"kemarin", "/payments?from=" + dayBefore(st.Day, 1) + "&to=" + dayBefore(st.Day, 1)},
		"merchant":          {"G000000001", "/merchants/G000000001"},
		"case":              {"#" + number, "/cases/" + number},
		"case, as a number": {number, "/cases/" + number},
	} {
		b.find(c.text)
		require.Equal(t, c.path, b.path(), "%s: %q", key, c.text)
	}
	b.check("case found")
}

// TestFlowFindNothing says what was looked for, and what to do next.
func TestFlowFindNothing(t *testing.T) {
	t.Parallel()
	s := open(t, play.Setup{})
	st := newStory(s)
	st.trade()
	b := s.as(t, viewer)
	b.emulate(plain())
	b.visit("/payments")
	b.find("<b>nothing</b>")
	require.Contains(t, b.text("main"), "Nothing found")
	require.Contains(t, b.text("main"), "<b>nothing</b>")
	b.check("nothing found")
	b.find("100,000")
	require.Contains(t, b.text("main"), "write 100000 or 100.000")
	// An attempt at the till that booked nothing is found by the code all the same.
	b.reload("/search?q=8800000000000002", `document.querySelector("table")`)
	require.Contains(t, b.text("table"), "G002T001")
	b.check("refused attempt found")
	b.shoot("refused-attempt-found")
	// The code went into no address, and the page can be come back to.
	b.find("8800000000000002")
	require.Contains(t, b.text("table"), "G002T001")
	found := b.path()
	require.NotContains(t, found, "8800000000000002")
	require.Equal(t, "8800000000000002", value[string](b, `document.querySelector("#find").value`))
	b.check("looked for a code")
	b.follow(".menu a[href$='/payments']")
	b.visit(found)
	require.Contains(t, b.text("table"), "G002T001")
	b.find("RANDOM-REFERENCE-THAT-IS-LONGER-THAN-ANY-KEY-OF-THIS-LEDGER-AND-STILL-BELOW-THE-LIMIT")
	require.Contains(t, b.text("main"), "Nothing found")
}

// TestFlowFindUnknownHere: a customer has paid, Indomaret's file says so, and
// nothing is known here.
func TestFlowFindUnknownHere(t *testing.T) {
	t.Parallel()
	s := open(t, play.Setup{})
	st := newStory(s)
	st.trade()
	st.closeDay()
	planted := filepath.Join(t.TempDir(), "planted.jsonl")
	st.File = filepath.Join(t.TempDir(), "INDOMARET_"+strings.ReplaceAll(st.Day, "-", "")+".txt")
	st.indomaret("settlement", "--fee-remitted", "--date", st.Day, "--out", st.File, "--plant", "unknown_code=1", "--planted", planted)
	st.run("reconcile", "import", st.File)
	code, _, said := s.Run("reconcile", "match", st.Day)
	require.Equal(t, 4, code, said)
	var fault struct {
		Is struct {
			Code string `json:"payment_code"`
			Ref  string `json:"tracking_ref"`
		}
	}
	text, err := os.ReadFile(planted)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &fault))

	b := s.as(t, finance)
	b.emulate(plain())
	for _, key := range []string{fault.Is.Code, spaced(fault.Is.Code), fault.Is.Ref} {
		b.find(key)
		require.Contains(t, b.text("main"), "No payment here, but Indomaret's file", key)
		b.check("unknown here")
	}
	b.shoot("unknown-here")
	b.follow("main a[href*='/cases/']")
	require.Regexp(t, `^/cases/\d+$`, b.path())
	require.Contains(t, b.text("main"), fault.Is.Ref)
	b.check("case of it")
}
