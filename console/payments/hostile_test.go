package payments_test

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"paypoint/access"
	"paypoint/console/frame/frametest"
	"paypoint/ledger"
	"paypoint/soap"
)

// hostile are texts that are something else where they are not escaped.
func hostile() map[string]string {
	return map[string]string{
		"script":        `<script>alert(1)</script>`,
		"attribute":     `" onmouseover="alert(1)" x="`,
		"quotes":        `'"</textarea></title>`,
		"right to left": "\u202egnp.exe\u2066",
		"long":          strings.Repeat("x", 1000),
		"formula":       `=cmd|' /C calc'!A0`,
		"template":      `{{.Secret}}{count}`,
		"markup":        `<img src=x onerror=alert(1)>&lt;b&gt;`,
	}
}

// Whatever a merchant or a till writes is text, on every page and in every file.
func TestHostileTextsAreText(t *testing.T) {
	t.Parallel()
	for name, evil := range hostile() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := inMemory(t)
			d.told(d.mine)
			if name != "right to left" { // the directory takes no such name
				d.other = d.merchant(cut(evil, access.MaxName))
			}
			order := cut(evil, 50)
			store := cut(evil, 20)
			p := d.charge(d.other, 100_000, func(n *ledger.NewCharge) {
				n.Order = order
				n.Details = ledger.Details{
					Salt: "5a", Customer: evil, Desc: evil, Extra: [3]string{evil, evil, evil}, Fields: [3]string{evil, evil, evil},
					Metadata: fmt.Sprintf("{%q:%q}", evil, evil),
				}
			})
			p.Store, p.Receipt, p.Ref = store, store, ledger.TrackingRef(store)
			p = d.book(p)
			// The wire log shows no TrackingRef and no store that break their rules.
			plain := p
			plain.Ref, plain.Store = "TRX1", "T001"
			d.sent(soap.Reversal, plain, ledger.ReasonWrongAmount, &soap.ReversalAnswer{ResponseCode: "13"})
			client := d.site.As(access.RoleFinance)

			page := client.Get(p.path())
			requireInert(t, page)
			require.Equal(t, evil, fact(page, "Customer"))
			requireInert(t, client.Get("/payments?show_ref=1&show_receipt=1"))
			requireInert(t, client.Get("/payments?"+url.Values{"store": {store}}.Encode()))
			answer := searchFor(client, order)
			require.Contains(t, []int{http.StatusOK, http.StatusSeeOther}, answer.Status)
			requireInert(t, searchFor(client, store).Doc)
			requireFilesInert(t, client, order)
		})
	}
}

// cut takes the first characters of a text.
func cut(text string, n int) string {
	runes := []rune(text)
	return strings.TrimSpace(string(runes[:min(n, len(runes))]))
}

// requireInert wants no element and no attribute that a text has brought.
func requireInert(t *testing.T, page *goquery.Document) {
	t.Helper()
	if page.Find("html[lang]").Length() == 1 {
		frametest.CheckPage(t, page)
	}
	require.Zero(t, page.Find("main script, main img, [onerror], [onmouseover]").Length())
	require.Zero(t, page.Find("body > title, main title").Length())
}

// requireFilesInert wants the order in each file as text, which no spreadsheet
// takes for a formula.
func requireFilesInert(t *testing.T, client *frametest.Client, order string) {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(client.Try("/payments.csv").Body), "\ufeff"))).ReadAll()
	require.NoError(t, err)
	cell := rows[1][2]
	require.Contains(t, cell, order)
	require.NotContains(t, "=+-@\t\r", cell[:1], "a formula in %q", cell)
	book, err := excelize.OpenReader(strings.NewReader(string(client.Try("/payments.xlsx").Body)))
	require.NoError(t, err)
	defer book.Close()
	formula, err := book.GetCellFormula(book.GetSheetName(0), "C2")
	require.NoError(t, err)
	require.Empty(t, formula)
}

// A POST that does not come from our own page changes nothing.
func TestForgedFormsDoNothing(t *testing.T) {
	t.Parallel()
	d := setup(t)
	d.told(d.mine)
	p := d.released(d.mine, 100_000)
	client := d.site.As(access.RoleFinance)
	form := url.Values{"notice": noticesOf(client.Get(p.path()))[:1]}.Encode()
	header := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	before := len(client.Get(p.path()).Find(".timeline li").Nodes)
	for name, origin := range map[string]string{"no origin": "", "another's": "https://evil.example", "our own, no token": d.site.URL} {
		t.Run(name, func(t *testing.T) {
			h := header.Clone()
			if origin != "" {
				h.Set("Origin", origin)
			}
			answer := client.Do(http.MethodPost, p.path()+"/resend", strings.NewReader(form), h)
			require.Equal(t, http.StatusForbidden, answer.Status)
		})
	}
	require.Len(t, client.Get(p.path()).Find(".timeline li").Nodes, before)
}

// The same form twice tells the merchant once.
func TestAFormSentTwiceActsOnce(t *testing.T) {
	t.Parallel()
	d := setup(t)
	d.told(d.mine)
	p := d.released(d.mine, 100_000)
	client := d.site.As(access.RoleFinance)
	page := client.Get(p.path())
	form := `form[action$="/resend"]:has(input[value="` + noticeOf(page, "Paid") + `"])`
	first, second := client.PostFrom(page, form, nil), client.PostFrom(page, form, nil)
	require.Equal(t, http.StatusSeeOther, first.Status)
	require.Equal(t, http.StatusSeeOther, second.Status)
	again := client.Follow(second)
	require.Contains(t, text(again.Find(".said")), "Sent again: 1 of 1 URLs took it.")
	require.Equal(t, 1, strings.Count(text(again.Find(".timeline")), "Sent by hand."))
}
