package reconciliation_test

import (
	"bytes"
	"encoding/csv"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/ledger"
	"paypoint/locale"
	"paypoint/reconcile/sheet"
)

// differing is an office whose Saturday has a payment of each of some classes.
func differing(t *testing.T) *office {
	t.Helper()
	o := setup(t)
	o.at(t, saturday, "10:00:00")
	paid := []payment{o.pay(t, 50_000, "T001"), o.pay(t, 70_000, "T002"), o.pay(t, 80_000, `<b>"T"`), o.pay(t, 90_000, "T004")}
	o.at(t, sunday, "08:00:00")
	_, err := o.settlement.Close(t.Context(), saturday, false, "operator")
	require.NoError(t, err)
	theirs := append([]payment{}, paid[:3]...)
	theirs[1].Amount = 69_000                          // AMOUNT_MISMATCH
	theirs[2].Reversed, theirs[2].Store = true, "T003" // PAID_BUT_REVERSED_THERE
	unknown := paid[0]                                 // UNKNOWN_CODE; the fourth is CARRIED
	unknown.Code, unknown.Ref = "8889999999999999", "T999999999"
	clerk := o.clerk()
	work := clerk.Follow(o.upload(t, clerk, "/reconciliation/upload", "a.txt", fileOf(saturday, 1, append(theirs, unknown)...)))
	require.Contains(t, text(work), "3 differences need a person", text(work))
	return o
}

func TestTheRunPageAddsUpAndEachClassOpensItsLines(t *testing.T) {
	t.Parallel()
	o := differing(t)
	clerk := o.clerk()
	page := clerk.Get("/reconciliation/2026-11-21")
	require.Equal(t, "differences", page.Find("main .tag").First().Text())
	bridge := page.Find("table.bridge")
	var sum ledger.Rupiah
	bridge.Find("tbody tr").Each(func(_ int, row *goquery.Selection) {
		sum += rupiah(t, row.Find("td").Eq(3).Text())
		link := row.Find("th a").AttrOr("href", "")
		if row.Find("th").Text() == "Matched" {
			require.Empty(t, link, "what is matched is only counted")
			return
		}
		lines := clerk.Get(strings.TrimPrefix(link, "/console"))
		require.Equal(t, row.Find("td").First().Text(), strconv.Itoa(lines.Find("tbody tr").Length()))
		require.Equal(t, row.Find("th").Text(), lines.Find("tbody tr td").First().Text())
	})
	require.Equal(t, 5, bridge.Find("tbody tr").Length())
	require.Equal(t, sum, rupiah(t, bridge.Find("tfoot td").Eq(3).Text()))
	require.Contains(t, text(page), "difference "+locale.Signed(sum))
	require.Equal(t, ledger.Rupiah(290_000-169_000), sum)
	require.Equal(t, 3, bridge.Find("tbody td a[href*='/cases?tab=open&from=2026-11-21']").Length())
}

// rupiah reads an amount as the page shows it.
func rupiah(t *testing.T, text string) ledger.Rupiah {
	t.Helper()
	n, err := strconv.ParseInt(strings.NewReplacer("Rp", "", ".", "", "+", "").Replace(text), 10, 64)
	require.NoError(t, err)
	return ledger.Rupiah(n)
}

func TestLinesOfAClassAreThoseOfItsExport(t *testing.T) {
	t.Parallel()
	o := differing(t)
	clerk := o.clerk()
	for _, query := range []string{"", "?class=AMOUNT_MISMATCH", "?class=CARRIED", "?class=DATE_SHIFT"} {
		page := clerk.Get("/reconciliation/2026-11-21/lines" + query)
		file := clerk.Try("/reconciliation/2026-11-21/lines.csv" + query)
		require.Equal(t, http.StatusOK, file.Status)
		rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(file.Body), "\ufeff"))).ReadAll()
		require.NoError(t, err)
		require.Len(t, rows, page.Find("tbody tr").Length()+1, query)
		page.Find("tbody tr").Each(func(i int, row *goquery.Selection) {
			require.Equal(t, rows[i+1][2], row.Find("th").Text())
			require.Equal(t, rows[i+1][16], strconv.FormatInt(int64(rupiah(t, row.Find("td").Eq(1).Text())), 10))
		})
		require.Zero(t, page.Find("main b").Length(), "a store's name is no HTML")
	}
	// The whole file is the finance API's, name by name.
	var documented bytes.Buffer
	require.NoError(t, o.finance.ExportFindings(t.Context(), "2026-11-21", sheet.CSV, &documented, nil))
	require.Equal(t, documented.String(), string(clerk.Try("/reconciliation/2026-11-21/lines.csv").Body))
	require.Equal(t, http.StatusUnprocessableEntity, clerk.Try("/reconciliation/2026-11-21/lines?class=MATCHED").Status)
	require.Equal(t, http.StatusNotFound, clerk.Try("/reconciliation/2026-11-20/lines").Status)
}

// What the ledger knows of a payment is said in the person's language.
func TestWhatIsKnownIsSaidInBothLanguages(t *testing.T) {
	t.Parallel()
	o := differing(t)
	clerk := o.clerk()
	path := "/reconciliation/2026-11-21/lines?class=UNKNOWN_CODE"
	require.Contains(t, text(clerk.Get(path)), "The code was never given out.")
	clerk.Header.Set("Accept-Language", "id")
	require.Contains(t, text(clerk.Get(path)), "Kode tidak pernah diterbitkan.")
}

func TestLinesArePaged(t *testing.T) {
	t.Parallel()
	o := setup(t)
	o.at(t, saturday, "10:00:00")
	for range 120 {
		o.pay(t, 10_000, "T001")
	}
	o.at(t, sunday, "08:00:00")
	_, err := o.settlement.Close(t.Context(), saturday, false, "operator")
	require.NoError(t, err)
	clerk := o.clerk()
	clerk.Follow(o.upload(t, clerk, "/reconciliation/upload", "a.txt", fileOf(saturday, 1)))
	seen := map[string]bool{}
	pages := 0
	for path := "/reconciliation/2026-11-21/lines?class=CARRIED"; path != ""; pages++ {
		page := clerk.Get(path)
		page.Find("tbody tr th").Each(func(_ int, code *goquery.Selection) { seen[code.Text()] = true })
		path = strings.TrimPrefix(page.Find("nav.pager a[rel=next]").AttrOr("href", ""), "/console")
	}
	require.Len(t, seen, 120)
	require.Equal(t, 3, pages)
}

func TestEveryDayIsListedAlsoThoseWithNothing(t *testing.T) {
	t.Parallel()
	o := differing(t)
	clerk := o.clerk()
	page := clerk.Get("/reconciliation?month=2026-11")
	require.Equal(t, 22, page.Find("tbody tr").Length(), "through today")
	require.Equal(t, "22 Nov 2026", page.Find("tbody tr th").First().Text())
	only := clerk.Get("/reconciliation?month=2026-11&state=differs")
	require.Equal(t, 1, only.Find("tbody tr").Length())
	require.Contains(t, text(only), "+Rp121.000")
	require.Zero(t, clerk.Get("/reconciliation?month=2027-01").Find("tbody tr").Length())
	require.Equal(t, http.StatusUnprocessableEntity, clerk.Try("/reconciliation?month=2026").Status)
	require.Contains(t, text(clerk.Get("/reconciliation/2026-11-05")), "Neither side has anything of this day.")
	require.Equal(t, http.StatusNotFound, clerk.Try("/reconciliation/2026-11-31").Status)
}

func TestRolesMayWhatTheTableSays(t *testing.T) {
	t.Parallel()
	o := differing(t)
	for _, role := range access.Roles() {
		client := o.As(role)
		for path, action := range map[string]access.Action{
			"/reconciliation": access.ActReconciliationRead, "/reconciliation/2026-11-21": access.ActReconciliationRead,
			"/reconciliation/2026-11-21/lines": access.ActReconciliationRead, "/reconciliation/2026-11-21/minutes": access.ActReconciliationRead,
			"/reconciliation/upload": access.ActFileImport, "/reconciliation/recovery": access.ActRecoveryRead,
		} {
			want := http.StatusForbidden
			if role.May(action) {
				want = http.StatusOK
			}
			require.Equal(t, want, client.Try(path).Status, "%s %s", role, path)
		}
		for path, action := range map[string]access.Action{
			"/reconciliation/2026-11-21/match": access.ActReconciliationMatch, "/reconciliation/recovery/sign-off": access.ActRecoveryApprove,
		} {
			if !role.May(action) {
				require.Equal(t, http.StatusForbidden, client.Post(path, nil).Status, "%s %s", role, path)
			}
		}
		if role.May(access.ActReconciliationRead) {
			page := client.Get("/reconciliation/2026-11-21")
			require.Equal(t, role.May(access.ActReconciliationMatch), page.Find("form[action$='/match']").Length() > 0, "%s", role)
			require.Equal(t, role.May(access.ActFileImport), page.Find("a[href*='/upload']").Length() > 0, "%s", role)
		}
	}
}
