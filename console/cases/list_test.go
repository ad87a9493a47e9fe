package cases_test

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"paypoint/access"
	"paypoint/console/frame/frametest"
	"paypoint/ledger"
)

func TestTabs(t *testing.T) {
	t.Parallel()
	d := setup(t)
	finance, approver := d.staffOf()
	unowned, mine, proposed, own, closed := d.missing(), d.lost(), d.missing(), d.missing(), d.lost()
	for id, owner := range map[uint64]string{mine: "finance", closed: "finance"} {
		_, err := d.Ledger.AssignCase(t.Context(), id, "finance", owner)
		require.NoError(t, err)
	}
	d.propose(finance, proposed, ledger.ActRecover, 0)
	d.propose(approver, own, ledger.ActRecover, 0)
	d.propose(finance, closed, ledger.ActAccept, 0)
	approver.Follow(d.approve(approver, closed))

	viewer := d.As(access.RoleViewer)
	for name, c := range map[string]struct {
		by   *frametest.Client
		tab  string
		want []string
	}{
		"mine are owned or proposed by me":          {finance, "mine", ids(mine, proposed)},
		"an approver's are others":                  {approver, "mine", ids(own)},
		"unowned":                                   {finance, "unowned", ids(unowned, proposed, own)},
		"mine is never mine to approve":             {approver, "approval", ids(proposed)},
		"the second approver has both":              {d.Person(frametest.Second), "approval", ids(proposed, own)},
		"open":                                      {viewer, "open", ids(unowned, mine, proposed, own)},
		"closed":                                    {viewer, "closed", ids(closed)},
		"the first tab is chosen":                   {finance, "", ids(mine, proposed)},
		"the first tab of who reads is all of them": {viewer, "", ids(unowned, mine, proposed, own)},
	} {
		t.Run(name, func(t *testing.T) {
			path := "/cases"
			if c.tab != "" {
				path += "?tab=" + c.tab
			}
			require.Equal(t, c.want, rows(c.by.Get(path), "cases-caption"))
		})
	}
	require.Equal(t, http.StatusUnprocessableEntity, finance.Try("/cases?tab=approval").Status, "there is no such tab for who can't approve")
	require.Zero(t, viewer.Get("/cases").Find("form[method=post][action$='/next'], input[type=checkbox]").Length())
}

func TestFilters(t *testing.T) {
	t.Parallel()
	d := setup(t)
	old := d.missing()
	d.Clock.Advance(8 * 24 * time.Hour)
	other := d.lost()
	unknown := d.scene("UNKNOWN_CODE")
	refused := d.scene(ledger.ClassReversalRefused)
	finance := d.As(access.RoleFinance)
	_, err := d.Ledger.AssignCase(t.Context(), other, "finance", "approver")
	require.NoError(t, err)
	for query, want := range map[string][]string{
		"class=MISSING_AT_PARTNER":        ids(old),
		"age=4-7":                         ids(old),
		"age=0-1":                         ids(other, unknown, refused),
		"owner=approver":                  ids(other),
		"merchant=G000000001":             ids(old, other, refused),
		"merchant=G999":                   nil,
		"from=2026-11-21&to=2026-11-21":   ids(old, other, unknown),
		"from=2026-11-22":                 nil,
		"min=50.000":                      ids(old, other, unknown, refused),
		"min=50.001":                      nil,
		"max=49.999":                      nil,
		"class=UNKNOWN_CODE&max=Rp50.000": ids(unknown),
	} {
		page := finance.Get("/cases?tab=open&" + query)
		require.ElementsMatch(t, want, rows(page, "cases-caption"), query)
		require.Positive(t, page.Find(".chip").Length(), query)
	}
	for _, bad := range []string{"class=NONE", "age=5", "from=yesterdayish", "min=1,000", "colour=red", "owner=" + strings.Repeat("x", 51), "tab=open&tab=closed"} {
		require.Equal(t, http.StatusUnprocessableEntity, finance.Try("/cases?"+bad).Status, bad)
	}
}

// Page by page in both directions, each case is listed once.
func TestPages(t *testing.T) {
	t.Parallel()
	d := setup(t)
	var all []ledger.NewCase
	for i := range 130 {
		all = append(all, found("UNKNOWN_CODE", sale{Charge: ledger.Charge{Code: "8889999999999999"}, ref: ledger.TrackingRef(fmt.Sprint("R", i))}, 0, 1_000))
	}
	want := ids(d.open(all...)...)
	viewer := d.As(access.RoleViewer)
	page := viewer.Get("/cases?tab=open")
	require.Contains(t, page.Find(".pager p").Text(), "130")
	follow := func(page *goquery.Document, rel string) (*goquery.Document, bool) {
		link, is := page.Find(".pager a[rel=" + rel + "]").Attr("href")
		if !is {
			return nil, false
		}
		return viewer.Get(strings.TrimPrefix(link, "/console")), true
	}
	var got []string
	last := page
	for next, more := page, true; more; next, more = follow(next, "prev") {
		got = append(got, rows(next, "cases-caption")...)
		last = next
	}
	require.Equal(t, want, got)
	got = nil
	for next, more := last, true; more; next, more = follow(next, "next") {
		got = append(rows(next, "cases-caption"), got...)
	}
	require.Equal(t, want, got)
}

// More cases than a page looks at are all reached, page by page.
func TestPagesBeyondWhatIsLookedAt(t *testing.T) {
	t.Parallel()
	d := onDisk(t)
	var all []ledger.NewCase
	for i := range 2_600 {
		class := "UNKNOWN_CODE"
		if i%20 == 0 {
			class = "DUPLICATE_PAYMENT"
		}
		all = append(all, found(class, sale{Charge: ledger.Charge{Code: "8889999999999999"}, ref: ledger.TrackingRef(fmt.Sprint("R", i))}, 0, 1_000))
	}
	d.open(all...)
	viewer := d.As(access.RoleViewer)
	require.Contains(t, viewer.Get("/cases?tab=open").Find(".pager p").Text(), "more than 2.500")
	seen := map[string]bool{}
	for path := "/cases?tab=open&class=DUPLICATE_PAYMENT"; path != ""; {
		page := viewer.Get(path)
		for _, id := range rows(page, "cases-caption") {
			require.False(t, seen[id], "twice")
			seen[id] = true
		}
		path = strings.TrimPrefix(page.Find(".pager a[rel=prev]").AttrOr("href", ""), "/console")
	}
	require.Len(t, seen, 130)
}

// What is closed is listed newest first, over pages.
func TestPagesOfClosedCases(t *testing.T) {
	t.Parallel()
	d := setup(t)
	var all []ledger.NewCase
	for i := range 60 {
		all = append(all, found("UNKNOWN_CODE", sale{Charge: ledger.Charge{Code: "8889999999999999"}, ref: ledger.TrackingRef(fmt.Sprint("R", i))}, 0, 1_000))
	}
	opened := d.open(all...)
	var want []string
	for _, id := range opened {
		c, err := d.Ledger.Propose(t.Context(), id, ledger.Proposal{Act: ledger.ActAccept, Why: "x", By: "finance"})
		require.NoError(t, err)
		_, err = d.Ledger.Approve(t.Context(), id, ledger.Approval{Seq: c.Proposal.Seq, By: "approver"})
		require.NoError(t, err)
		want = append(ids(id), want...)
	}
	viewer := d.As(access.RoleViewer)
	page := viewer.Get("/cases?tab=closed")
	got := rows(page, "cases-caption")
	require.Len(t, got, 50)
	older, is := page.Find(".pager a[rel=next]").Attr("href")
	require.True(t, is)
	page = viewer.Get(strings.TrimPrefix(older, "/console"))
	require.Zero(t, page.Find(".pager a[rel=next]").Length())
	require.Equal(t, want, append(got, rows(page, "cases-caption")...))
}

// For random queries the export has the rows of all pages, and the total counts them.
func TestExportHasWhatIsSeen(t *testing.T) {
	t.Parallel()
	d := setup(t)
	for i := range 55 {
		class := []string{"UNKNOWN_CODE", "DUPLICATE_PAYMENT", "MISSING_AT_PARTNER"}[i%3]
		d.open(found(class, sale{Charge: ledger.Charge{Code: "8889999999999999"}, ref: ledger.TrackingRef(fmt.Sprint("R", i))}, 0, ledger.Rupiah(i*1_000)))
	}
	id := d.missing()
	_, err := d.Ledger.NoteCase(t.Context(), id, "finance", "=cmd|' /C calc'!A0")
	require.NoError(t, err)
	finance := d.As(access.RoleFinance)
	rapid.Check(t, func(r *rapid.T) {
		q := url.Values{"tab": {rapid.SampledFrom([]string{"open", "unowned", "mine", "closed"}).Draw(r, "tab")}}
		if class := rapid.SampledFrom([]string{"", "UNKNOWN_CODE", "MISSING_AT_PARTNER"}).Draw(r, "class"); class != "" {
			q.Set("class", class)
		}
		if least := rapid.IntRange(-1, 55).Draw(r, "min"); least >= 0 {
			q.Set("min", fmt.Sprint(least*1_000))
		}
		var seen []string
		for path := "/cases?" + q.Encode(); path != ""; {
			page := finance.Get(path)
			seen = append(seen, rows(page, "cases-caption")...)
			path = strings.TrimPrefix(page.Find(".pager a[rel=prev]").AttrOr("href", ""), "/console")
		}
		answer := finance.Try("/cases.csv?" + q.Encode())
		require.Equal(r, http.StatusOK, answer.Status)
		lines, err := csv.NewReader(strings.NewReader(string(answer.Body))).ReadAll()
		require.NoError(r, err)
		var exported []string
		for _, line := range lines[1:] {
			exported = append(exported, line[0])
		}
		require.Equal(r, seen, exported)
	})
	require.NotContains(t, string(finance.Try("/cases.csv?tab=open").Body), ",=cmd", "no spreadsheet takes a note for a formula")
}

// Nobody's page or file has more than the roles' table allows.
func TestEachRoleOnEachRoute(t *testing.T) {
	t.Parallel()
	d := setup(t)
	id := d.missing()
	d.propose(d.As(access.RoleFinance), id, ledger.ActRecover, 0)
	open := d.missing()
	for path, action := range map[string]access.Action{
		"GET /cases": access.ActCaseRead, "GET /cases.csv": access.ActCaseRead, "GET " + pathOf(id): access.ActCaseRead,
		"GET " + pathOf(open, "/propose"): access.ActCaseWork, "GET " + pathOf(open, "/confirm?act=recover"): access.ActCaseWork,
		"GET " + pathOf(id, "/approve"): access.ActCaseApprove, "GET /cases/propose?case=" + ids(open)[0]: access.ActCaseWork,
		"GET /cases/approve?case=" + ids(id)[0]: access.ActCaseApprove, "GET /cases/results": access.ActCaseWork,
		"POST /cases/next": access.ActCaseWork, "POST " + pathOf(open, "/note"): access.ActCaseWork, "POST " + pathOf(open, "/assign"): access.ActCaseWork,
		"POST " + pathOf(open, "/propose"): access.ActCaseWork, "POST " + pathOf(open, "/withdraw"): access.ActCaseWork,
		"POST " + pathOf(open, "/approve"): access.ActCaseApprove, "POST " + pathOf(open, "/deny"): access.ActCaseApprove,
		"POST /cases/propose": access.ActCaseWork, "POST /cases/approve": access.ActCaseApprove,
	} {
		method, target, _ := strings.Cut(path, " ")
		for _, role := range access.Roles() {
			status := 0
			if method == http.MethodGet {
				status = d.As(role).Try(target).Status
			} else if !role.May(action) {
				status = d.As(role).Post(target, nil).Status
			}
			switch {
			case !role.May(action):
				require.Equal(t, http.StatusForbidden, status, "%s as %s", path, role)
			case method == http.MethodGet:
				require.Equal(t, http.StatusOK, status, "%s as %s", path, role)
			}
		}
	}
	require.Equal(t, ledger.CaseProposed, d.caseNow(id).State)
	require.Equal(t, ledger.CaseOpen, d.caseNow(open).State)
	for _, role := range []access.Role{access.RoleViewer, access.RoleOperator, access.RoleAdmin} {
		require.Zero(t, d.As(role).Get(pathOf(open)).Find("main form[method=post], main a[href*='/propose'], main a[href*='/confirm']").Length(), role)
	}
}
