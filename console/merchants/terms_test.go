package merchants_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/console/frame/frametest"
	"paypoint/ledger"
	"paypoint/reconcile/statement"
)

func TestRatesAreAddedFromADay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	finance := b.As(access.RoleFinance)
	page := finance.Get(mine + "/terms")
	require.Contains(t, page.Text(), "Rp1.500 + 0.5\u00a0%")
	const add = "form[action$='/terms']"
	page = finance.Follow(finance.PostFrom(page, add, url.Values{
		"from": {"01/12/2026"}, "partner_fixed": {"Rp 2.500"}, "own_share": {"0,75"}, "vat": {"11"}, "withheld": {"2 %"},
	}))
	terms, err := b.books.Terms(t.Context(), frametest.Merchant)
	require.NoError(t, err)
	require.Equal(t, statement.Terms{
		{From: "2026-01-01", Own: statement.Tariff{Fixed: 1_500, Share: 50}, VAT: 1_100},
		{From: "2026-12-01", Partner: statement.Tariff{Fixed: 2_500}, Own: statement.Tariff{Share: 75}, VAT: 1_100, Withheld: 200},
	}, terms.Rates, "until then the configuration's go on")
	finance.Header.Set("Accept-Language", "id")
	require.Contains(t, finance.Get(mine).Text(), "Rp0 + 0,75\u00a0%")
	finance.Header.Del("Accept-Language")

	for name, fields := range map[string]url.Values{
		"no day":      {"vat": {"11"}},
		"a bad day":   {"from": {"31/02/2026"}},
		"101 percent": {"from": {"2027-01-01"}, "vat": {"101"}},
		"a word":      {"from": {"2027-01-01"}, "own_share": {"half"}},
		"an unclear":  {"from": {"2027-01-01"}, "own_fixed": {"1,000"}},
	} {
		answer := finance.PostFrom(page, add, fields)
		require.Equal(t, http.StatusUnprocessableEntity, answer.Status, name)
		frametest.CheckPage(t, answer.Doc)
	}
	finance.Follow(finance.PostFrom(finance.Get(mine+"/terms"), "form[action$='/terms/remove']", url.Values{"from": {"2026-12-01"}}))
	terms, err = b.books.Terms(t.Context(), frametest.Merchant)
	require.NoError(t, err)
	require.Len(t, terms.Rates, 1)
}

func TestThePartyOnStatements(t *testing.T) {
	t.Parallel()
	b := setup(t)
	finance := b.As(access.RoleFinance)
	const form = "form[action$='/party']"
	answer := finance.PostFrom(finance.Get(mine+"/terms"), form, url.Values{"party_name": {""}, "tax_id": {"01.234"}})
	require.Equal(t, http.StatusUnprocessableEntity, answer.Status)
	finance.Follow(finance.PostFrom(finance.Get(mine+"/terms"), form, url.Values{"party_name": {"<b>PT</b>"}, "tax_id": {"01.234"}}))
	terms, err := b.books.Terms(t.Context(), frametest.Merchant)
	require.NoError(t, err)
	require.Equal(t, "<b>PT</b>", terms.Party.Name)
	require.False(t, terms.OwnRates, "the rates stay the configuration's")
	require.Zero(t, b.As(access.RoleViewer).Get(mine).Find("main b").Length())
}

func TestClosedStatementsKeepTheirRates(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.pay(t, b.charge(t, frametest.Merchant, "A-1"), "R1")
	b.Clock.Advance(24 * time.Hour)
	_, err := b.Ledger.Close(t.Context(), "2026-11-22", false, "tester")
	require.NoError(t, err)
	b.closeStatements(t, "2026-11-22")
	merchant := b.As(access.RoleMerchant)
	page := merchant.Get(mine)
	require.Contains(t, page.Find("#statements").Parent().Text(), "22 Nov 2026")
	require.Equal(t, 1, page.Find("a[href$='/statements/G000000001/1/file/pdf']").Length())
	require.Contains(t, merchant.Get(mine+"/statements").Text(), "22 Nov 2026")
	require.Equal(t, http.StatusUnprocessableEntity, merchant.Try(mine+"/statements?before=x").Status)

	finance := b.As(access.RoleFinance)
	answer := finance.PostFrom(finance.Get(mine+"/terms"), "form[action$='/terms']", url.Values{"from": {"2026-11-01"}, "vat": {"12"}})
	require.Equal(t, http.StatusConflict, answer.Status)
	require.Contains(t, answer.Doc.Text(), "Add rates that begin later")
}

// closeStatements settles with the merchants up to a day.
func (b *bundle) closeStatements(t *testing.T, through ledger.Day) {
	t.Helper()
	_, err := b.books.CloseStatements(t.Context(), through, []string{frametest.Merchant}, "tester", nil)
	require.NoError(t, err)
}
