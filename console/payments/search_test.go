package payments_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/console/frame/frametest"
	"paypoint/ledger"
	"paypoint/soap"
)

// searchFor asks the search box.
func searchFor(c *frametest.Client, text string) *frametest.Answer {
	return c.Try("/search?" + url.Values{"q": {text}}.Encode())
}

// grouped writes a code as it is read out.
func grouped(code ledger.PaymentCode, by string) string {
	var parts []string
	for rest := string(code); rest != ""; {
		n := min(4, len(rest))
		parts, rest = append(parts, rest[:n]), rest[n:]
	}
	return strings.Join(parts, by)
}

func TestSearchOpensAPaymentByEachKey(t *testing.T) {
	t.Parallel()
	d := setup(t)
	p := d.released(d.mine, 100_000)
	d.released(d.other, 100_000)
	keys := map[string]string{
		"code": string(p.Code), "code in groups": grouped(p.Code, " "), "code with dots": grouped(p.Code, "."),
		"code with hyphens": grouped(p.Code, "-"), "code with no-break spaces": grouped(p.Code, "\u00a0"), "code in blanks": "  " + string(p.Code) + "\t",
		"ref": string(p.Ref), "order": p.Order, "transaction id": p.ID, "receipt": p.Receipt,
	}
	for _, role := range []access.Role{access.RoleViewer, access.RoleFinance, access.RoleOperator, access.RoleMerchant} {
		for name, key := range keys {
			t.Run(string(role)+" "+name, func(t *testing.T) {
				client := d.site.As(role)
				answer := searchFor(client, key)
				require.Equal(t, http.StatusSeeOther, answer.Status, text(answer.Doc.Find("main")))
				require.Equal(t, p.path(), answer.Location)
				require.NotContains(t, answer.Location, string(p.Code), "no code in an address")
				require.Equal(t, string(p.Code), fact(client.Get(answer.Location), "Payment code"))
			})
		}
	}
}

func TestSearchLeadsToLists(t *testing.T) {
	t.Parallel()
	d := setup(t)
	p := d.released(d.mine, 100_000)
	d.clock.Advance(-24 * time.Hour)
	yesterday := d.released(d.mine, 100_000)
	d.clock.Advance(24 * time.Hour)
	client := d.site.As(access.RoleViewer)
	for text, want := range map[string][]ledger.PaymentCode{
		"100000": {yesterday.Code, p.Code}, "100.000": {yesterday.Code, p.Code}, "Rp 100.000": {yesterday.Code, p.Code}, "Rp100.000,00": {yesterday.Code, p.Code},
		"kemarin": {yesterday.Code}, "21/11/2026": {yesterday.Code}, "2026-11-21": {yesterday.Code}, "today": {p.Code}, "T001": {yesterday.Code, p.Code},
	} {
		t.Run(text, func(t *testing.T) {
			answer := searchFor(client, text)
			require.Equal(t, http.StatusSeeOther, answer.Status, answer.Doc.Find("main").Text())
			var got []ledger.PaymentCode
			for _, code := range cells(client.Get(answer.Location), "Code") {
				got = append(got, ledger.PaymentCode(code))
			}
			require.ElementsMatch(t, want, got)
		})
	}
}

func TestSearchOpensWhatIsNoPayment(t *testing.T) {
	t.Parallel()
	d := setup(t)
	p := d.released(d.mine, 100_000)
	changed := p
	changed.Amount = 90_000
	d.compare(sunday, changed)
	page, err := d.ledger.Cases(t.Context(), ledger.CaseQuery{Limit: 10})
	require.NoError(t, err)
	require.Len(t, page.Cases, 1)
	client := d.site.As(access.RoleFinance)
	number := strings.TrimPrefix(casePath(page.Cases[0].ID), "/cases/")
	for text, want := range map[string]string{
		"#" + number: "/cases/" + number, number: "/cases/" + number, d.mine.ID: "/merchants/" + d.mine.ID, d.other.ID: "/merchants/" + d.other.ID,
		"warung": "/merchants/" + d.other.ID, "": "/payments", "   ": "/payments",
	} {
		answer := searchFor(client, text)
		require.Equal(t, http.StatusSeeOther, answer.Status, text)
		require.Equal(t, want, answer.Location, text)
	}
}

func TestSearchListsSeveral(t *testing.T) {
	t.Parallel()
	d := setup(t)
	same := func(n *ledger.NewCharge) { n.Order = "SAMA-1" }
	first, second := d.released(d.mine, 100_000, same), d.released(d.other, 200_000, same)
	page := searchFor(d.site.As(access.RoleViewer), "SAMA-1")
	require.Equal(t, http.StatusOK, page.Status)
	frametest.CheckPage(t, page.Doc)
	require.Equal(t, 2, page.Doc.Find(".hits a").Length())
	for _, p := range []paid{first, second} {
		require.Equal(t, 1, page.Doc.Find(`.hits a[href="/console`+p.path()+`"]`).Length())
	}
	require.Equal(t, first.path(), searchFor(d.site.As(access.RoleMerchant), "SAMA-1").Location, "a merchant has one of them")
}

// The code that Indomaret took money for, and we never gave out.
func TestSearchFindsWhatIndomaretAloneHas(t *testing.T) {
	t.Parallel()
	d := setup(t)
	ours := d.released(d.mine, 100_000)
	unknown := ours
	unknown.Code, unknown.Ref, unknown.Amount = "9990000000001236", "TRXUNKNOWN", 75_000
	unpaid := d.charge(d.mine, 60_000)
	unpaid.At = d.clock.Now()
	d.compare(sunday, ours, unknown, unpaid)
	client := d.site.As(access.RoleFinance)
	for name, key := range map[string]string{"ref": string(unknown.Ref), "code": string(unknown.Code), "code in groups": grouped(unknown.Code, " ")} {
		t.Run(name, func(t *testing.T) {
			answer := searchFor(client, key)
			require.Equal(t, http.StatusOK, answer.Status)
			frametest.CheckPage(t, answer.Doc)
			said := text(answer.Doc.Find("main"))
			require.Contains(t, said, "No payment here, but Indomaret's file of 22 Nov 2026 has this")
			require.Contains(t, said, "Rp75.000")
			c := caseOf(d, unknown)
			require.Equal(t, 1, answer.Doc.Find(`a[href="/console`+casePath(c.ID)+`"]`).Length())
		})
	}
	// The day's last line waits for the next day's file: it has no case yet.
	require.Contains(t, text(searchFor(client, string(unpaid.Ref)).Doc.Find("main")), "No payment here, but Indomaret's file of 22 Nov 2026 has this TrackingRef:")
	require.Contains(t, text(searchFor(d.site.As(access.RoleMerchant), string(unknown.Ref)).Doc.Find("main")), "Nothing found")
}

func caseOf(d *desk, p paid) ledger.Case {
	d.t.Helper()
	c, is, err := d.ledger.NewestCase(d.t.Context(), p.Code, p.Ref)
	require.NoError(d.t, err)
	require.True(d.t, is)
	return c
}

func TestSearchFindsWhatWasRefused(t *testing.T) {
	t.Parallel()
	d := setup(t)
	never := paid{Code: "1234567890123456", Ref: "TRXREFUSED", Store: "T009", Amount: 10_000}
	d.sent(soap.Payment, never, ledger.ReasonUnknownCode, &soap.PaymentAnswer{ResponseCode: "14"})
	client := d.site.As(access.RoleViewer)
	for _, key := range []string{string(never.Code), string(never.Ref), grouped(never.Code, "-")} {
		answer := searchFor(client, key)
		require.Equal(t, http.StatusOK, answer.Status)
		frametest.CheckPage(t, answer.Doc)
		rows := answer.Doc.Find("tbody tr")
		require.Equal(t, 1, rows.Length(), key)
		for _, part := range []string{"code 14", "unknown payment code", "T009", "TRXREFUSED"} {
			require.Contains(t, text(rows), part)
		}
		require.NotContains(t, text(rows), string(never.Code))
	}
	require.Zero(t, searchFor(d.site.As(access.RoleMerchant), string(never.Ref)).Doc.Find("tbody tr").Length())
}

func TestSearchSaysWhatItLookedFor(t *testing.T) {
	t.Parallel()
	d := setup(t)
	client := d.site.As(access.RoleViewer)
	for name, c := range map[string]struct{ text, says string }{
		"nothing":       {"NO-SUCH-ORDER", "Nothing found"},
		"unclear":       {"100,000", "A dot parts thousands"},
		"hostile":       {`<script>alert(1)</script>"'`, "Nothing found"},
		"right to left": {"\u202eINV-1", "Nothing found"},
	} {
		t.Run(name, func(t *testing.T) {
			answer := searchFor(client, c.text)
			require.Equal(t, http.StatusOK, answer.Status)
			frametest.CheckPage(t, answer.Doc)
			require.Contains(t, text(answer.Doc.Find("main")), c.says)
			require.Equal(t, c.text, answer.Doc.Find("main q bdi").Text(), "as it was typed")
			require.Equal(t, c.text, answer.Doc.Find("#find").AttrOr("value", ""))
			require.Equal(t, 1, answer.Doc.Find(`main a[href="/console/payments"]`).Length(), "the next step")
		})
	}
	require.Equal(t, http.StatusUnprocessableEntity, searchFor(client, strings.Repeat("9", 101)).Status)
	require.Empty(t, recorded(d, "/search"), "a search is no act")
}

// While messages can't be searched, the rest is.
func TestSearchWithoutMessages(t *testing.T) {
	t.Parallel()
	d := setup(t)
	p := d.released(d.mine, 100_000)
	require.NoError(t, d.wire.Close())
	client := d.site.As(access.RoleViewer)
	require.Contains(t, text(searchFor(client, "NO-SUCH").Doc.Find("main")), "Messages of the tills can't be searched at the moment.")
	require.Contains(t, text(client.Get(p.path()).Find("main")), "Messages of the tills can't be searched at the moment.")
}

func TestABuriedReversalIsFound(t *testing.T) {
	t.Parallel()
	d := setup(t)
	p := d.charge(d.mine, 100_000)
	require.Equal(t, ledger.ReasonApproved, d.reverse(p))
	answer := searchFor(d.site.As(access.RoleViewer), string(p.Ref))
	require.Equal(t, http.StatusOK, answer.Status, answer.Location)
	require.Contains(t, text(answer.Doc.Find(".hits")), "Reversal of a payment that never came")
}
