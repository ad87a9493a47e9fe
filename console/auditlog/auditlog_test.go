package auditlog_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/access/audit"
	"paypoint/access/login"
	"paypoint/console/auditlog"
	"paypoint/console/frame"
	"paypoint/console/frame/frametest"
	"paypoint/locale"
)

// newSite has the area over the site's own log; heads are what is known from
// elsewhere.
func newSite(t *testing.T, heads ...audit.Head) *frametest.Site {
	t.Helper()
	return frametest.NewWith(t, frametest.Options{Areas: func(s *frametest.Site) []frame.Area {
		known := func(context.Context) ([]audit.Head, error) { return heads, nil }
		return []frame.Area{auditlog.New(auditlog.Config{Log: s.Audit, Heads: known, Now: s.Clock.Now})}
	}})
}

// story records a few acts of an hour ago.
func story(t *testing.T, site *frametest.Site) {
	t.Helper()
	for i, e := range []audit.Entry{
		{Who: "siti", Role: "finance", Act: "case.propose", Object: audit.Object{Kind: "case", ID: "12"}, Result: audit.Done, Status: 303, Reason: "paid twice"},
		{Who: "budi", Role: "approver", Act: "case.approve", Object: audit.Object{Kind: "case", ID: "12"}, Result: audit.Refused, Status: 409},
		{Who: "operator root", Role: audit.RoleOfMachine, Act: "backup", Result: audit.Done, Status: 200},
		{Act: "sign_in", Result: audit.Refused, Address: "203.0.113.9", Status: 401},
		{Who: "siti", Role: "finance", Act: "payments.export", Result: audit.Done, Status: 200, Filter: "from=2026-11-01", Rows: 1234},
	} {
		require.NoError(t, site.Audit.Record(t.Context(), e), i)
	}
}

func texts(page *goquery.Document, selector string) []string {
	return page.Find(selector).Map(func(_ int, found *goquery.Selection) string { return strings.TrimSpace(found.Text()) })
}

// actCells are where the list has what was done.
const actCells = "tbody td:nth-of-type(3) bdi"

func TestWords(t *testing.T) {
	t.Parallel()
	frametest.CheckWords(t, auditlog.New(auditlog.Config{}))
}

func TestTheListHasWhatWasAskedFor(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	story(t, site)
	admin := site.As(access.RoleAdmin)
	const proposed, approved, exported = "Proposed how to resolve a case", "Approved a proposal", "Exported payments"
	acts := func(path string) []string { return texts(admin.Get(path), actCells) }
	require.Equal(t, []string{exported, proposed}, acts("/audit?who=siti"))
	require.Equal(t, []string{approved, proposed}, acts("/audit?kind=case&object=12"))
	require.Equal(t, []string{approved}, acts("/audit?kind=case&result=refused"))
	require.Equal(t, []string{"Made a backup"}, acts("/audit?act=backup"))
	require.Equal(t, []string{proposed}, acts("/audit?act=case.propose&from=2026-11-22&to=2026-11-22"))
	require.Empty(t, acts("/audit?act=case.propose&from=2026-11-23"))
	require.Empty(t, acts("/audit?act=case.propose&to=2026-11-21"))
	page := admin.Get("/audit")
	require.Contains(t, texts(page, "tbody td"), "Not signed in")
	require.Contains(t, page.Find("tbody a").Map(func(_ int, a *goquery.Selection) string { return a.AttrOr("href", "") }), "/console/cases/12")
	for _, path := range []string{"/audit?object=12", "/audit?act=nothing", "/audit?kind=nothing", "/audit?result=maybe", "/audit?from=2026-11-22&to=2026-11-20", "/audit?what=1", "/audit?who=a&who=b"} {
		require.Equal(t, http.StatusUnprocessableEntity, admin.Try(path).Status, path)
	}
}

// Each act there is can be chosen once, each kind too, by words in both languages; and
// what was chosen is said in words.
func TestActsAndKindsAreWords(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	story(t, site)
	admin := site.As(access.RoleAdmin)
	for language, want := range map[locale.Language]string{locale.Indonesian: "Operator mesin", locale.English: "Operator of the machine"} {
		require.NoError(t, site.Logins.SetPreferences("admin", login.Preferences{Language: string(language)}))
		page := admin.Get("/audit?act=backup")
		require.Equal(t, want, texts(page, "tbody td.more")[0], "who acts by command has no role of a person")
		require.Contains(t, texts(admin.Get(strings.TrimPrefix(page.Find("tbody th a").AttrOr("href", ""), "/console")), "dd"), want)
	}
	for language, want := range map[locale.Language][]string{
		locale.Indonesian: {"Tindakan: Mengajukan penyelesaian kasus", "Jenis objek: Kasus", "Kasus 12"},
		locale.English:    {"Act: Proposed how to resolve a case", "Kind of object: Case", "Case 12"},
	} {
		require.NoError(t, site.Logins.SetPreferences("admin", login.Preferences{Language: string(language)}))
		page := admin.Get("/audit?act=case.propose&kind=case")
		require.Equal(t, append([]string{""}, audit.Acts()...), values(page, "#f-act option"))
		require.Equal(t, append([]string{""}, audit.Kinds()...), values(page, "#f-kind option"))
		for _, name := range append(texts(page, "#f-act option"), texts(page, "#f-kind option")...) {
			require.False(t, audit.IsAct(name) && strings.Contains(name, "."), name)
			require.NotContains(t, name, "auditlog.")
		}
		for _, label := range values(page, "optgroup") {
			require.NotContains(t, label, "auditlog.")
		}
		require.Equal(t, []string{"case.propose", "case"}, values(page, "#f-act option[selected], #f-kind option[selected]"))
		text := strings.Join(strings.Fields(page.Find("main").Text()), " ")
		for _, part := range want {
			require.Contains(t, text, part)
		}
		names := texts(page, "#f-act option")
		slices.Sort(names)
		require.Len(t, slices.Compact(names), len(audit.Acts())+1, "no two acts have the same name")
	}
}

// values are what options stand for.
func values(page *goquery.Document, selector string) []string {
	return page.Find(selector).Map(func(_ int, found *goquery.Selection) string { return found.AttrOr("value", found.AttrOr("label", "")) })
}

// What another version of the program has recorded is shown by its key.
func TestAnUnknownActIsShownByItsKey(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	require.NoError(t, site.Audit.Record(t.Context(), audit.Entry{
		Who: "siti", Act: "merchant.active", Object: audit.Object{Kind: "shop", ID: "7"}, Result: audit.Done,
	}))
	admin := site.As(access.RoleAdmin)
	page := admin.Get("/audit")
	require.Equal(t, []string{"merchant.active"}, texts(page, actCells))
	require.Contains(t, texts(page, "tbody td bdi"), "shop 7")
	require.Subset(t, texts(admin.Get("/audit/1"), "dd"), []string{"merchant.active", "shop 7"})
}

// A link leads to a page that there is, or is not there.
func TestObjectsLeadToTheirPages(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	for _, o := range []audit.Object{
		{Kind: "case", ID: "12"}, {Kind: "case", ID: "12 13"}, {Kind: "notification", ID: "7"}, {Kind: "notification", ID: "b1946ac9:released"},
		{Kind: "day", ID: "2026-11-21"}, {Kind: "user", ID: "../sign-out?x"}, {Kind: "store", ID: "T001"}, {Kind: "merchant"},
	} {
		require.NoError(t, site.Audit.Record(t.Context(), audit.Entry{Act: audit.ActCaseNote, Object: o, Result: audit.Done}))
	}
	links := site.As(access.RoleAdmin).Get("/audit?act=case.note").Find("tbody td a").Map(func(_ int, a *goquery.Selection) string { return a.AttrOr("href", "") })
	require.Equal(t, []string{
		"/console/people/..%2Fsign-out%3Fx", "/console/settlements/2026-11-21", "/console/notifications/7", "/console/cases/12",
	}, links)
}

func TestOneEntryShowsAllOfIt(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	story(t, site)
	admin := site.As(access.RoleAdmin)
	link := admin.Get("/audit?act=payments.export").Find("tbody th a").AttrOr("href", "")
	page := admin.Get(strings.TrimPrefix(link, frame.Root))
	require.Subset(t, texts(page, "dd"), []string{"siti", "Finance", "Exported payments", "Done", "from=2026-11-01", "1234", "200"})
	require.Equal(t, "payments.export", page.Find("p.lead code").Text())
	for _, path := range []string{"/audit/0", "/audit/999999", "/audit/x", "/audit/-1", "/audit/18446744073709551615"} {
		require.Equal(t, http.StatusNotFound, admin.Try(path).Status, path)
	}
}

// The export has the rows of the list, and is an act itself.
func TestTheExportIsTheListAndIsRecorded(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	story(t, site)
	admin := site.As(access.RoleAdmin)
	file := admin.Try("/audit.csv?who=siti")
	require.Equal(t, http.StatusOK, file.Status)
	lines := strings.Split(strings.TrimSpace(string(file.Body)), "\n")
	require.Len(t, lines, 3)
	require.Contains(t, lines[0], "time_wib")
	require.Contains(t, lines[1], "payments.export")
	all := site.Recorded()
	last := all[len(all)-1]
	require.Equal(t, "audit.export", last.Act)
	require.Equal(t, 2, last.Rows)
	require.Contains(t, last.Filter, "siti")
}

// Fifty to a page, each entry once, over all pages.
func TestPages(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	for i := range 120 {
		require.NoError(t, site.Audit.Record(t.Context(), audit.Entry{Who: "siti", Act: fmt.Sprint("act", i), Result: audit.Done}))
	}
	admin := site.As(access.RoleAdmin)
	var seen []string
	for path := "/audit?who=siti"; path != ""; {
		page := admin.Get(path)
		seen = append(seen, texts(page, actCells)...)
		path = strings.TrimPrefix(page.Find(".pager a[rel=next]").AttrOr("href", ""), frame.Root)
	}
	require.Len(t, seen, 120)
	require.Equal(t, "act119", seen[0])
	require.Equal(t, "act0", seen[119])
}

// What others wrote is shown as it is, and does nothing.
func TestHostileTexts(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	for _, text := range []string{`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, "\u202egnp.exe", strings.Repeat("x", 3000), "javascript:alert(1)"} {
		require.NoError(t, site.Audit.Record(t.Context(), audit.Entry{
			Who: text, Role: text, Act: text, Object: audit.Object{Kind: "case", ID: text}, Result: audit.Result(text), Reason: text, Address: text,
		}))
	}
	admin := site.As(access.RoleAdmin)
	page := admin.Get("/audit")
	require.Zero(t, page.Find("main script, main img").Length())
	require.Contains(t, texts(page, actCells), `<script>alert(1)</script>`)
	admin.Get("/audit/1")
	file := admin.Try("/audit.csv")
	require.Equal(t, http.StatusOK, file.Status)
}

func TestCheckNow(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	story(t, site)
	admin := site.As(access.RoleAdmin)
	answer := admin.PostFrom(admin.Get("/audit"), "#check", url.Values{})
	page := admin.Follow(answer)
	require.Equal(t, []string{"Whole: nothing was changed or removed"}, texts(page, ".tag.good"))
	state := admin.Do(http.MethodGet, answer.Location, nil, http.Header{"Accept": {"application/json"}})
	var said map[string]any
	require.NoError(t, json.Unmarshal(state.Body, &said))
	require.Equal(t, true, said["over"])
	require.Equal(t, http.StatusNotFound, admin.Try("/audit/check/AAAA").Status)
}

// A log that is not the one that was known before is told of.
func TestCheckNowFindsAnotherLog(t *testing.T) {
	t.Parallel()
	site := newSite(t, audit.Head{Seq: 2, Hash: strings.Repeat("0", 64)}, audit.Head{Seq: 1000, Hash: strings.Repeat("0", 64)})
	story(t, site)
	admin := site.As(access.RoleAdmin)
	page := admin.Follow(admin.PostFrom(admin.Get("/audit"), "#check", url.Values{}))
	require.Equal(t, []string{"Not whole"}, texts(page, ".tag.bad"))
	require.Equal(t, []string{"Another entry than was known before", "Missing"}, texts(page, "tbody td"))
}

// broken is a log whose disk fails.
type broken struct{ auditlog.Log }

var errDisk = errors.New("a disk of the test that fails")

func (broken) Check(context.Context, []audit.Head, func(done, total uint64)) (audit.Report, error) {
	return audit.Report{}, errDisk
}

func (broken) List(context.Context, audit.Query) (audit.Page, error) { return audit.Page{}, errDisk }

// What the disk says is for the log, not for the page.
func TestAFailingDisk(t *testing.T) {
	t.Parallel()
	site := frametest.New(t, auditlog.New(auditlog.Config{Log: broken{}, Now: func() time.Time { return frametest.Start() }}))
	admin := site.As(access.RoleAdmin)
	page := admin.Follow(admin.Post("/audit/check", url.Values{}))
	require.Equal(t, []string{"The log could not be read"}, texts(page, ".tag.bad"))
	answer := admin.Try("/audit")
	require.Equal(t, http.StatusInternalServerError, answer.Status)
	require.NotContains(t, string(answer.Body), errDisk.Error())
	require.NotEmpty(t, site.Errors())
}

func TestOthersAreRefused(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	for _, role := range access.Roles() {
		for _, path := range []string{"/audit", "/audit.csv", "/audit/1"} {
			allowed := site.As(role).Try(path).Status != http.StatusForbidden
			require.Equal(t, role == access.RoleAdmin, allowed, "%s %s", role, path)
		}
		if role != access.RoleAdmin {
			require.Equal(t, http.StatusForbidden, site.As(role).Post("/audit/check", url.Values{}).Status)
		}
	}
}
