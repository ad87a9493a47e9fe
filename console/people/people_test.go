package people_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/access/audit"
	"paypoint/console/frame"
	"paypoint/console/frame/frametest"
	"paypoint/console/people"
)

func newSite(t *testing.T) *frametest.Site {
	t.Helper()
	return frametest.NewWith(t, frametest.Options{Areas: func(s *frametest.Site) []frame.Area {
		return []frame.Area{people.New(people.Config{Staff: s.Staff, Logins: s.Logins})}
	}})
}

// texts are the texts of what a selector finds.
func texts(page *goquery.Document, selector string) []string {
	return page.Find(selector).Map(func(_ int, found *goquery.Selection) string { return strings.TrimSpace(found.Text()) })
}

// act does what the page of an act has a form for.
func act(t *testing.T, admin *frametest.Client, id, name string, fields url.Values) *frametest.Answer {
	t.Helper()
	page := admin.Get("/people/" + id + "/" + name)
	fields.Set("reason", "asked for on paper")
	return admin.PostFrom(page, "#act", fields)
}

func last(t *testing.T, site *frametest.Site) audit.Entry {
	t.Helper()
	all := site.Recorded()
	require.NotEmpty(t, all)
	return all[len(all)-1]
}

func TestWords(t *testing.T) {
	t.Parallel()
	frametest.CheckWords(t, people.New(people.Config{}))
}

func TestTheListHasEverybody(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	page := site.As(access.RoleAdmin).Get("/people")
	require.Equal(t, []string{"admin", "approver", "approver2", "finance", "merchant", "operator", "viewer"}, texts(page, "tbody th"))
	page = site.As(access.RoleAdmin).Get("/people?role=approver")
	require.Equal(t, []string{"approver", "approver2"}, texts(page, "tbody th"))
	page = site.As(access.RoleAdmin).Get("/people?q=G0000")
	require.Equal(t, []string{"merchant"}, texts(page, "tbody th"))
	page = site.As(access.RoleAdmin).Get("/people?q=nobody")
	require.Empty(t, texts(page, "tbody th"))
	require.NotEmpty(t, texts(page, ".empty"))
}

// Pages of fifty lead on and back, and the export has all.
func TestManyPersonsArePaged(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	for i := range 120 {
		id := "x" + string(rune('a'+i/26)) + string(rune('a'+i%26))
		_, err := site.Staff.Add(t.Context(), "tester", access.NewPerson{ID: id, Name: "Name " + id, Role: access.RoleViewer})
		require.NoError(t, err)
	}
	admin := site.As(access.RoleAdmin)
	var seen []string
	path := "/people?q=x"
	for pages := 1; ; pages++ {
		page := admin.Get(path)
		seen = append(seen, texts(page, "tbody th")...)
		next, is := page.Find(".pager a[rel=next]").Attr("href")
		if !is {
			require.Equal(t, 3, pages)
			back, _ := page.Find(".pager a[rel=prev]").Attr("href")
			require.Equal(t, seen[50:100], texts(admin.Get(strings.TrimPrefix(back, frame.Root)), "tbody th"))
			break
		}
		path = strings.TrimPrefix(next, frame.Root)
	}
	require.Len(t, seen, 120)
	require.IsIncreasing(t, seen)
	file := admin.Try("/people.csv?q=x")
	require.Equal(t, http.StatusOK, file.Status)
	require.Equal(t, 121, strings.Count(string(file.Body), "\n"))
	require.Equal(t, 120, last(t, site).Rows)
}

func TestAPersonIsAddedWithAPasswordShownOnce(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	admin := site.As(access.RoleAdmin)
	answer := admin.PostFrom(admin.Get("/people/add"), "#add", url.Values{"id": {"siti"}, "name": {"Siti Rahayu"}, "role": {"finance"}})
	page := admin.Follow(answer)
	password := strings.TrimSpace(page.Find("[data-once] code").Text())
	p, err := site.Staff.CheckPassword(t.Context(), "siti", password)
	require.NoError(t, err)
	require.True(t, p.MustChange)
	require.Equal(t, access.RoleFinance, p.Role)
	// Who leaves the page empties what is data-once: nothing else has the password.
	page.Find("[data-once]").Remove()
	rest, err := page.Html()
	require.NoError(t, err)
	require.NotContains(t, rest, password)
	require.Empty(t, texts(admin.Get("/people/siti"), "[data-once]"), "not on reload")
	entry := last(t, site)
	require.Equal(t, "user.add", entry.Act)
	require.Equal(t, audit.Object{Kind: "user", ID: "siti"}, entry.Object)
	require.Equal(t, "finance", entry.After)
	for _, e := range site.Recorded() {
		require.NotContains(t, e.Before+e.After+e.Reason+e.Filter+e.Act, password)
	}
}

func TestAPersonIsRefusedWithTheFieldAtFault(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	admin := site.As(access.RoleAdmin)
	for name, try := range map[string]struct{ id, person, role, merchant, field string }{
		"no id":              {"", "Siti", "viewer", "", "id"},
		"a bad id":           {"Siti!", "Siti", "viewer", "", "id"},
		"a taken id":         {"admin", "Siti", "viewer", "", "id"},
		"no name":            {"siti", "", "viewer", "", "name"},
		"a hidden name":      {"siti", "a\u202eb", "viewer", "", "name"},
		"another role":       {"siti", "Siti", "root", "", "role"},
		"no merchant":        {"siti", "Siti", "merchant", "", "merchant"},
		"another merchant":   {"siti", "Siti", "merchant", "G999999999", "merchant"},
		"a needless one":     {"siti", "Siti", "finance", frametest.Merchant, "merchant"},
		"a script for an id": {"<script>", "<script>alert(1)</script>", "viewer", "", "id"},
	} {
		t.Run(name, func(t *testing.T) {
			answer := admin.PostFrom(admin.Get("/people/add"), "#add",
				url.Values{"id": {try.id}, "name": {try.person}, "role": {try.role}, "merchant": {try.merchant}})
			require.Equal(t, http.StatusUnprocessableEntity, answer.Status)
			require.Equal(t, 1, answer.Doc.Find("#fault-"+try.field).Length())
			require.Equal(t, try.person, answer.Doc.Find("#field-name").AttrOr("value", ""), "what was typed is kept")
		})
	}
	require.Len(t, site.Staff.List(), 7)
}

// Names are other people's words: they are shown as they are, and do nothing.
func TestHostileNames(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	admin := site.As(access.RoleAdmin)
	for i, name := range []string{`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `=cmd()`, `'`, `{{.}}`, strings.Repeat("x", access.MaxName)} {
		id := "hostile" + string(rune('a'+i))
		_, err := site.Staff.Add(t.Context(), "tester", access.NewPerson{ID: id, Name: name, Role: access.RoleViewer})
		require.NoError(t, err)
		require.Equal(t, name, strings.TrimSpace(admin.Get("/people/"+id).Find("h1").Text()))
	}
	page := admin.Get("/people?q=hostile")
	require.Contains(t, texts(page, "td"), `<script>alert(1)</script>`)
	require.Zero(t, page.Find("main script, main img").Length())
}

func TestActs(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	admin := site.As(access.RoleAdmin)
	of := func(id string) access.Person { p, _ := site.Staff.Person(id); return p }

	admin.Follow(act(t, admin, "viewer", "role", url.Values{"role": {"finance"}}))
	require.Equal(t, access.RoleFinance, of("viewer").Role)
	entry := last(t, site)
	require.Equal(t, []string{"user.role", "viewer", "finance", "asked for on paper"}, []string{entry.Act, entry.Before, entry.After, entry.Reason})

	page := admin.Follow(act(t, admin, "viewer", "password", url.Values{}))
	_, err := site.Staff.CheckPassword(t.Context(), "viewer", strings.TrimSpace(page.Find("[data-once] code").Text()))
	require.NoError(t, err)

	stamp := of("viewer").Stamp
	admin.Follow(act(t, admin, "viewer", "sign-out", url.Values{}))
	require.NotEqual(t, stamp, of("viewer").Stamp)

	page = admin.Follow(act(t, admin, "viewer", "shut-out", url.Values{}))
	require.False(t, of("viewer").Active)
	require.Equal(t, "user.deactivate", last(t, site).Act)
	require.Contains(t, texts(page, ".acts a"), "Let in again")
	admin.Follow(act(t, admin, "viewer", "let-in", url.Values{}))
	require.True(t, of("viewer").Active)
}

// Nothing is done without a reason, twice, to oneself, or to what is not there.
func TestActsAreRefused(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	admin := site.As(access.RoleAdmin)
	page := admin.Get("/people/viewer/shut-out")
	require.Equal(t, http.StatusUnprocessableEntity, admin.PostFrom(page, "#act", url.Values{"reason": {"  "}}).Status)
	require.Equal(t, http.StatusUnprocessableEntity, act(t, admin, "viewer", "role", url.Values{"role": {"viewer"}}).Status, "no change")
	for path, status := range map[string]int{
		"/people/admin/shut-out": http.StatusConflict, "/people/admin/password": http.StatusConflict, "/people/admin/role": http.StatusConflict,
		"/people/viewer/let-in": http.StatusConflict, "/people/viewer/drop-totp": http.StatusConflict,
		"/people/nobody/role": http.StatusNotFound, "/people/nobody": http.StatusNotFound, "/people/viewer/delete": http.StatusNotFound,
	} {
		require.Equal(t, status, admin.Try(path).Status, path)
		if path != "/people/nobody" {
			answer := admin.Post(path, url.Values{"reason": {"just so"}, "role": {"viewer"}})
			require.Contains(t, []int{status, http.StatusMethodNotAllowed}, answer.Status, path)
		}
	}
	admin.Follow(act(t, admin, frametest.Second, "shut-out", url.Values{}))
	require.Equal(t, http.StatusConflict, act(t, admin, "approver", "shut-out", url.Values{}).Status, "the last approver")
	p, _ := site.Staff.Person("approver")
	require.True(t, p.Active)
	require.Empty(t, texts(admin.Get("/people/admin"), ".acts a"), "what is refused is absent")
}

// A form that is sent twice acts once.
func TestAnActThatIsSentTwiceActsOnce(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	admin := site.As(access.RoleAdmin)
	page := admin.Get("/people/viewer/password")
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			answer := admin.PostFrom(page, "#act", url.Values{"reason": {"lost it"}})
			require.Equal(t, http.StatusSeeOther, answer.Status)
		})
	}
	group.Wait()
	p, _ := site.Staff.Person("viewer")
	require.EqualValues(t, 1, p.Stamp, "one password was made")
}

// Each page and each act is the admins' alone.
func TestOthersAreRefused(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	for _, role := range access.Roles() {
		for _, path := range []string{"/people", "/people.csv", "/people/add", "/people/viewer", "/people/viewer/role"} {
			want := http.StatusOK
			if role != access.RoleAdmin {
				want = http.StatusForbidden
			}
			require.Equal(t, want, site.As(role).Try(path).Status, "%s %s", role, path)
		}
		if role == access.RoleAdmin {
			continue
		}
		answer := site.As(role).Post("/people/viewer/shut-out", url.Values{"reason": {"just so"}})
		require.Equal(t, http.StatusForbidden, answer.Status)
		require.Equal(t, audit.Refused, last(t, site).Result)
	}
	p, _ := site.Staff.Person("viewer")
	require.True(t, p.Active)
}
