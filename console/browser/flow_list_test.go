package browser_test

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"paypoint/browsertest"
	"paypoint/ledger"
	"paypoint/locale"
	"paypoint/torture/play"
)

// payMany has so many codes made, and paid at stores by turns.
func (st *story) payMany(n int) {
	st.site.t.Helper()
	for i := range n {
		order := fmt.Sprintf("many-%03d", i)
		st.charge(order, int64(10_000+100*i))
		answer, err := st.till.Payment(st.site.t.Context(), play.Message{
			Code: st.Codes[order], Ref: fmt.Sprintf("M%09d", i), Store: fmt.Sprintf("G00%dT001", i%4+1), Amount: int64(10_000 + 100*i), At: st.site.now(),
		})
		require.NoError(st.site.t, err)
		require.Equal(st.site.t, "00", answer.Code(), answer.Values)
	}
}

// download clicks what leads to a file, and returns the file as it was saved.
func (b *tab) download(selector string) []byte {
	b.t.Helper()
	folder := b.t.TempDir()
	_, err := chromedp.CallBrowser(b.Context(), browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{
		Behavior: browser.SetDownloadBehaviorBehaviorAllow, DownloadPath: folder,
		BrowserContextID: chromedp.FromContext(b.Context()).BrowserContextID,
	})
	require.NoError(b.t, err)
	b.Do(b.click(selector))
	var files []string
	require.Eventually(b.t, func() bool {
		files, err = filepath.Glob(filepath.Join(folder, "*"))
		return err == nil && len(files) == 1 && !strings.HasSuffix(files[0], ".crdownload")
	}, browsertest.Patience, 20*time.Millisecond, "a file of %s", selector)
	content, err := os.ReadFile(files[0])
	require.NoError(b.t, err)
	return content
}

// records are the rows of a CSV, by the names of their columns.
func records(t *testing.T, text []byte) []map[string]string {
	t.Helper()
	lines, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(text), "\ufeff"))).ReadAll()
	require.NoError(t, err)
	require.NotEmpty(t, lines)
	var rows []map[string]string
	for _, line := range lines[1:] {
		row := map[string]string{}
		for i, name := range lines[0] {
			row[name] = line[i]
		}
		rows = append(rows, row)
	}
	return rows
}

// orders are the order ids of the payments that a list shows.
func (b *tab) orders() []string {
	b.t.Helper()
	return b.texts("tr:has(a[href*='/payments/']) td:nth-of-type(2)")
}

// TestFlowListOfPayments filters, takes filters away, goes to the older ones and
// back; what is exported on any page is all that the filters find.
func TestFlowListOfPayments(t *testing.T) {
	t.Parallel()
	s := open(t, play.Setup{})
	newStory(s).payMany(60)
	b := s.as(t, viewer)
	b.emulate(plain())
	b.visit("/payments")
	require.Equal(t, "60", b.text("[data-total=count]"))
	b.Do(b.click("form.filters summary"))
	b.fill("#field-min", "Rp 10.100")
	b.fill("#field-store", "G002T001")
	b.submit("form.filters button[type=submit]")
	require.Equal(t, "15", b.text("[data-total=count]"))
	require.Equal(t, 15, b.count("tbody tr"))
	require.Contains(t, b.text(".chips"), "G002T001")
	b.check("filtered")
	b.shoot("payments-filtered")
	b.follow(".chips a[href]:has(+ a):not([href*='store='])")
	require.NotContains(t, b.text(".chips"), "G002T001")
	require.Equal(t, "59", b.text("[data-total=count]"), "one filter less, the other stays")
	require.Equal(t, 50, b.count("tbody tr"))

	first := b.orders()
	require.Equal(t, "many-059", first[0], "newest first")
	require.False(t, b.has("a[rel=prev]"))
	b.follow("a[rel=next]")
	b.check("last page")
	require.False(t, b.has("a[rel=next]"))
	require.Equal(t, "59", b.text("[data-total=count]"), "the sums are of all pages")
	seen := append(first, b.orders()...)
	b.exports(seen)
	b.follow("a[rel=prev]")
	require.Equal(t, first, b.orders())
	require.False(t, b.has("a[rel=prev]"))
	b.visit("/payments?store=nobody")
	require.Contains(t, b.text("main"), "No payment matches these filters")
	b.check("no payments")
	require.EqualValues(t, 422, b.try("/payments?from=2026-01-01&to=2026-12-31"))
	b.check("too many days")
	require.EqualValues(t, 422, b.try("/payments?min=100%2C000"))
	b.check("unclear amount")
}

// exports holds the CSV of a list of payments against the orders and the sum that
// are seen.
func (b *tab) exports(orders []string) {
	b.t.Helper()
	var exported []string
	gross := 0
	for _, row := range records(b.t, b.download(".export a[href*='.csv']")) {
		exported = append(exported, row["order_id"])
		amount, err := strconv.Atoi(row["amount"])
		require.NoError(b.t, err)
		gross += amount
	}
	require.Equal(b.t, orders, exported, "the export is what was seen")
	require.Equal(b.t, locale.Rupiah(ledger.Rupiah(gross)), b.text("[data-total=gross]"))
}
