package cases_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/ledger"
)

func TestTakeTheNextOldest(t *testing.T) {
	t.Parallel()
	d := setup(t)
	first, second, third := d.missing(), d.missing(), d.missing()
	finance, approver := d.staffOf()
	d.propose(approver, second, ledger.ActAccept, 0)
	take := func() string {
		answer := finance.PostFrom(finance.Get("/cases?tab=unowned"), "form[action$='/next']", nil)
		finance.Follow(answer)
		return answer.Location
	}
	require.Equal(t, pathOf(first), take())
	require.Equal(t, pathOf(third), take(), "one that waits for approval needs nobody to propose")
	require.Equal(t, "/cases?tab=unowned", take())
	require.Equal(t, []string{"finance", "", "finance"}, []string{d.caseNow(first).Owner, d.caseNow(second).Owner, d.caseNow(third).Owner})
}

func TestAssign(t *testing.T) {
	t.Parallel()
	d := setup(t)
	id := d.missing()
	finance, _ := d.staffOf()
	page := finance.Get(pathOf(id))
	require.Equal(t, []string{"approver", "approver2", "finance"}, options(page.Find("#field-owner option").Map(value)), "who works on cases")
	finance.Follow(finance.PostFrom(page, "form[action$='/assign']:has(select)", url.Values{"owner": {"approver"}}))
	require.Equal(t, "approver", d.caseNow(id).Owner)
	finance.Follow(finance.PostFrom(finance.Get(pathOf(id)), "form[action$='/assign']:not(:has(select))", nil))
	require.Equal(t, "finance", d.caseNow(id).Owner)
	finance.Follow(finance.PostFrom(finance.Get(pathOf(id)), "form[action$='/assign']", url.Values{"owner": {""}}))
	require.Empty(t, d.caseNow(id).Owner)
	for _, nobody := range []string{"viewer", "merchant", "ghost", strings.Repeat("x", 51)} {
		answer := finance.PostFrom(finance.Get(pathOf(id)), "form[action$='/assign']:has(select)", url.Values{"owner": {nobody}})
		require.Equal(t, http.StatusUnprocessableEntity, answer.Status, nobody)
		require.Equal(t, 1, answer.Doc.Find("#field-owner[aria-invalid]").Length())
	}
	_, err := d.Staff.SetActive(t.Context(), "admin", "approver2", false)
	require.NoError(t, err)
	answer := finance.PostFrom(finance.Get(pathOf(id)), "form[action$='/assign']:has(select)", url.Values{"owner": {"approver2"}})
	require.Equal(t, http.StatusUnprocessableEntity, answer.Status, "who has left can't look into it")
}

// options leaves out nobody.
func options(all []string) []string {
	var some []string
	for _, one := range all {
		if one != "" {
			some = append(some, one)
		}
	}
	return some
}

// What people write stays text, wherever it is shown.
func TestHostileWordsStayWords(t *testing.T) {
	t.Parallel()
	d := setup(t)
	id := d.lost()
	finance, approver := d.staffOf()
	hostile := `<script>alert(1)</script>"'><img src=x onerror=alert(2)>`
	finance.Follow(finance.PostFrom(finance.Get(pathOf(id)), "form[action$='/note']", url.Values{"text": {hostile}}))
	confirm := finance.Get(pathOf(id, "/confirm?act=reverse"))
	finance.Follow(finance.PostFrom(confirm, "form[action$='/propose']", whyForm(hostile)))
	for _, path := range []string{"/cases?tab=open", pathOf(id), pathOf(id, "/approve"), "/cases/approve?case=" + ids(id)[0]} {
		page := approver.Get(path)
		require.Contains(t, page.Find("main").Text(), hostile, path)
		require.Zero(t, page.Find("main script, main img").Length(), path)
	}
	for _, turned := range []string{"a\u202eb", "a\x00b"} {
		answer := finance.PostFrom(finance.Get(pathOf(id)), "form[action$='/note']", url.Values{"text": {turned}})
		require.Equal(t, http.StatusUnprocessableEntity, answer.Status)
	}
}

func TestNoSuchCase(t *testing.T) {
	t.Parallel()
	d := setup(t)
	_, approver := d.staffOf()
	for _, path := range []string{"/cases/999", "/cases/0", "/cases/-1", "/cases/abc", "/cases/18446744073709551616", "/cases/999/approve", "/cases/999/propose", "/cases/999/confirm?act=accept", "/cases/propose?case=999"} {
		require.Equal(t, http.StatusNotFound, approver.Try(path).Status, path)
	}
	for _, path := range []string{"/cases/999/note", "/cases/999/assign", "/cases/999/withdraw", "/cases/999/deny", "/cases/999/approve"} {
		fields := url.Values{"text": {"x"}, "owner": {"finance"}, "why": {"x"}, "version": {"1"}, "shown": {"x"}}
		require.Equal(t, http.StatusNotFound, approver.Post(path, fields).Status, path)
	}
	require.Equal(t, http.StatusUnprocessableEntity, approver.Try("/cases/propose").Status)
}

// Both sides stand side by side, with a word for each line.
func TestBothSides(t *testing.T) {
	t.Parallel()
	d := setup(t)
	s := d.paid()
	theirs := d.theirs(remitted{s, 60_000, "T002"})
	d.matched(theirs)
	id := d.open()[0]
	page := d.As(access.RoleViewer).Get(pathOf(id))
	var lines []string
	for _, row := range page.Find("table:has(#fields-caption) tbody tr").EachIter() {
		lines = append(lines, strings.Join(strings.Fields(strings.Join(row.Children().Map(text), " | ")), " "))
	}
	require.Equal(t, []string{
		"Amount (Rp) | 50.000 | 60.000 | ≠ differs", "Fee (Rp) | 0 | 0 | = equal", "Together (Rp) | 50.000 | 60.000 | ≠ differs",
		"State | paid | paid | = equal", "Business day | 22 Nov 2026 | 22 Nov 2026 | = equal", "Store (till) | T001 | T002 | ≠ differs",
		lines[6],
	}, lines)
	require.Contains(t, lines[6], "Journal record")
	require.Equal(t, "/console/payments/"+s.ID, page.Find("main a[href^='/console/payments/']").First().AttrOr("href", ""))
	require.Contains(t, page.Find("main").Text(), "Paid: Rp50.000 at T001")
	require.Contains(t, page.Find("dl.facts").Text(), "***890")
	require.NotContains(t, page.Text(), "081234567890")
}
