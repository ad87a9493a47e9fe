package notifications_test

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/console/frame/frametest"
	"paypoint/notify/notifytest"
)

func TestWords(t *testing.T) {
	t.Parallel()
	frametest.CheckWords(t, setup(t).area)
}

// orders are the order ids of a list's rows.
func orders(page *goquery.Document) []string {
	var all []string
	page.Find("tbody th[scope=row]").Each(func(_ int, cell *goquery.Selection) { all = append(all, strings.TrimSpace(cell.Text())) })
	return all
}

func TestTheListShowsWhatIsNotDelivered(t *testing.T) {
	t.Parallel()
	b := setup(t)
	moody, gone, fine := notifytest.Receive(t, notifytest.Status(503)), notifytest.Receive(t, redirectTo("https://shop.example/new?token=s3cret")), notifytest.Receive(t, nil)
	first, second := b.merchant(t, "Moody", moody.URL), b.merchant(t, "Gone", gone.URL)
	b.notifyAt(t, frametest.Merchant, fine.URL)
	b.charge(t, frametest.Merchant, "F-1")
	b.charge(t, first.ID, "M-1")
	b.charge(t, second.ID, "G-1")
	b.deliver(t)
	viewer := b.As(access.RoleViewer)
	page := viewer.Get("/notifications")
	require.Equal(t, []string{"G-1", "M-1"}, orders(page), "the newest first, without what is delivered")
	row := page.Find("tbody tr").First().Text()
	require.Contains(t, row, "Redirected to https://shop.example/… (302), not followed")
	require.NotContains(t, page.Text(), "s3cret", "a URL's query may be a secret")
	require.Contains(t, row, "Failed")
	row = page.Find("tbody tr").Last().Text()
	require.Contains(t, row, "Answered 503")
	require.Contains(t, row, "22 Nov 2026, 14:07", "when it is tried again")
	require.Zero(t, page.Find("input[type=checkbox]").Length(), "a viewer resends nothing")

	for query, want := range map[string][]string{
		"?state=failed":                             {"G-1"},
		"?state=waiting":                            {"M-1"},
		"?state=delivered":                          {"F-1"},
		"?state=all":                                {"G-1", "M-1", "F-1"},
		"?state=not_sent":                           nil,
		"?answer=redirect":                          {"G-1"},
		"?answer=server":                            {"M-1"},
		"?answer=timeout":                           nil,
		"?state=all&answer=delivered":               {"F-1"},
		"?state=all&event=active":                   {"G-1", "M-1", "F-1"},
		"?state=all&event=released":                 nil,
		"?merchant=" + first.ID:                     {"M-1"},
		"?state=all&merchant=" + frametest.Merchant: {"F-1"},
		"?state=all&from=22/11/2026&to=22/11/2026":  {"G-1", "M-1", "F-1"},
		"?state=all&from=2026-11-23":                nil,
		"?state=all&to=2026-11-21":                  nil,
	} {
		require.Equal(t, want, orders(viewer.Get("/notifications"+query)), query)
	}
	require.Contains(t, b.As(access.RoleFinance).Get("/notifications").Text(), "Select G-1")
}

func redirectTo(where string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, where, http.StatusFound) }
}

func TestPagesHaveEveryRowOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.notifyAt(t, frametest.Merchant, notifytest.Receive(t, notifytest.Status(503)).URL)
	fine := b.merchant(t, "Fine", notifytest.Receive(t, nil).URL)
	var want []string
	for i := range 120 {
		order := fmt.Sprintf("A-%03d", i)
		b.charge(t, frametest.Merchant, order)
		b.charge(t, fine.ID, "B"+order)
		want = append([]string{order}, want...)
	}
	b.deliver(t)
	viewer := b.As(access.RoleViewer)
	for _, query := range []string{"?state=undelivered", "?state=all&merchant=" + frametest.Merchant} {
		var back []string
		path := "/notifications" + query
		for path != "" {
			page := viewer.Get(path)
			got := orders(page)
			back = append(back, got...)
			path = below(page.Find("a[rel=next]").AttrOr("href", ""))
			if path == "" && len(back) > 50 { // and forward again, from the last page
				newer := below(page.Find("a[rel=prev]").AttrOr("href", ""))
				require.NotEmpty(t, newer, query)
				require.Equal(t, want[len(want)-len(got)-50:len(want)-len(got)], orders(viewer.Get(newer)), query)
			}
		}
		require.Equal(t, want, back, query)
	}
	require.Contains(t, viewer.Get("/notifications").Find(".pager").Text(), "120")
}

// below is a link's path below /console.
func below(href string) string { return strings.TrimPrefix(href, "/console") }

func TestTheExportIsWhatTheListShows(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.notifyAt(t, frametest.Merchant, notifytest.Receive(t, notifytest.Status(404)).URL)
	for i := range 60 {
		b.charge(t, frametest.Merchant, fmt.Sprintf("=cmd(%d)", i))
		b.Clock.Advance(time.Second)
	}
	b.deliver(t)
	finance := b.As(access.RoleFinance)
	answer := finance.Try("/notifications.csv?answer=refused")
	require.Equal(t, http.StatusOK, answer.Status)
	rows, err := csv.NewReader(strings.NewReader(string(answer.Body))).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 61)
	require.Equal(t, "event_time (WIB)", strings.TrimPrefix(rows[0][0], "\ufeff"))
	require.Equal(t, "2026-11-22 14:06:08", rows[1][0], "the newest first")
	require.Equal(t, "'=cmd(59)", rows[1][2], "no formula")
	require.Equal(t, "Answered 404", rows[1][8])
	answer = finance.Try("/notifications.json?answer=timeout")
	var none []any
	require.NoError(t, json.Unmarshal(answer.Body, &none))
	require.Empty(t, none)
	entries := b.Recorded()
	last := entries[len(entries)-1]
	require.Equal(t, "finance", last.Who)
	require.Contains(t, last.Filter, "No answer in time")
}

func TestAListOfAQuietDayReadsNoWholeJournal(t *testing.T) {
	t.Parallel()
	b := setup(t)
	busy := b.merchant(t, "Busy", notifytest.Receive(t, nil).URL)
	b.notifyAt(t, frametest.Merchant, notifytest.Receive(t, notifytest.Status(500)).URL)
	_, old := b.charge(t, frametest.Merchant, "OLD")
	b.Clock.Advance(48 * time.Hour)
	for i := range 700 {
		b.charge(t, busy.ID, fmt.Sprint(i))
	}
	b.deliver(t)
	viewer := b.As(access.RoleViewer)
	page := viewer.Get("/notifications?state=failed")
	require.Empty(t, orders(page))
	// Of the delivered ones a page looks at no more than it may, and says so.
	page = viewer.Get("/notifications?state=waiting")
	require.Equal(t, []string{"OLD"}, orders(page))
	page = viewer.Get("/notifications?state=all&answer=server")
	require.Empty(t, orders(page))
	require.Contains(t, page.Text(), "Searched back to 24 Nov 2026")
	page = viewer.Get(below(page.Find("a[rel=next]").AttrOr("href", "")))
	require.Equal(t, []string{"OLD"}, orders(page))
	require.Equal(t, []string{"OLD"}, orders(viewer.Get("/notifications?state=all&to=2026-11-23")))
	require.Contains(t, viewer.Get(pageOf(old)).Text(), "Answered 500")
}

func TestAMerchantSeesItsOwnAlone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	other := b.merchant(t, "Other", notifytest.Receive(t, notifytest.Status(500)).URL)
	b.notifyAt(t, frametest.Merchant, notifytest.Receive(t, notifytest.Status(500)).URL)
	_, mine := b.charge(t, frametest.Merchant, "MINE")
	_, theirs := b.charge(t, other.ID, "THEIRS")
	b.deliver(t)
	merchant := b.As(access.RoleMerchant)
	for _, path := range []string{"/notifications", "/notifications?state=all"} {
		page := merchant.Get(path)
		require.Equal(t, []string{"MINE"}, orders(page))
		require.NotContains(t, page.Text(), "THEIRS")
	}
	require.Equal(t, http.StatusUnprocessableEntity, merchant.Try("/notifications?merchant="+other.ID).Status, "there is no such filter for it")
	require.NotContains(t, string(merchant.Try("/notifications.csv?state=all").Body), "THEIRS")
	merchant.Get(pageOf(mine))
	for _, path := range []string{pageOf(theirs), fmt.Sprintf("/notifications/resend?n=%d&n=%d", mine, theirs), "/notifications/999999", "/notifications/x", "/notifications/0"} {
		require.Equal(t, http.StatusNotFound, merchant.Try(path).Status, path)
	}
	answer := merchant.Post("/notifications/resend", map[string][]string{"n": {fmt.Sprint(theirs)}})
	require.Equal(t, http.StatusNotFound, answer.Status)
}

func TestBadParametersAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	viewer := b.As(access.RoleViewer)
	for _, query := range []string{"?state=x", "?answer=x", "?event=held", "?from=32/13/2026", "?nonsense=1", "?state=all&state=failed"} {
		require.Equal(t, http.StatusUnprocessableEntity, viewer.Try("/notifications"+query).Status, query)
	}
}
