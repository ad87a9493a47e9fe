package frame_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/access/audit"
	"paypoint/access/login"
	"paypoint/console/frame/frametest"
)

// fields are those of a good form of a client.
func fields(client *frametest.Client) url.Values {
	return url.Values{"form-token": {login.FormToken(client.Token())}, "form-key": {login.NewKey()}, "name": {"x"}}
}

// post sends a form with headers of the test's own.
func post(client *frametest.Client, values url.Values, header http.Header) *frametest.Answer {
	all := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	for name, texts := range header {
		all[name] = texts
	}
	return client.Do(http.MethodPost, "/sample/form", strings.NewReader(values.Encode()), all)
}

func TestFormsThatAreNotOurs(t *testing.T) {
	t.Parallel()
	for name, try := range map[string]struct {
		alter  func(values url.Values)
		header func(site string) http.Header
	}{
		"no token":        {alter: func(v url.Values) { v.Del("form-token") }},
		"empty token":     {alter: func(v url.Values) { v.Set("form-token", "") }},
		"another's token": {alter: func(v url.Values) { v.Set("form-token", login.FormToken("another")) }},
		"no key":          {alter: func(v url.Values) { v.Del("form-key") }},
		"a made-up key":   {alter: func(v url.Values) { v.Set("form-key", "x") }},
		"no origin":       {header: func(string) http.Header { return http.Header{} }},
		"null origin":     {header: func(string) http.Header { return http.Header{"Origin": {"null"}} }},
		"another origin":  {header: func(string) http.Header { return http.Header{"Origin": {"https://example.com"}} }},
		"another port":    {header: func(site string) http.Header { return http.Header{"Origin": {site + "0"}} }},
		"cross-site": {header: func(site string) http.Header {
			return http.Header{"Origin": {site}, "Sec-Fetch-Site": {"cross-site"}}
		}},
		"same-site": {header: func(site string) http.Header {
			return http.Header{"Origin": {site}, "Sec-Fetch-Site": {"same-site"}}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			site := frametest.New(t, sample())
			client := site.As(access.RoleFinance)
			values, header := fields(client), http.Header{"Origin": {site.URL}}
			if try.alter != nil {
				try.alter(values)
			}
			if try.header != nil {
				header = try.header(site.URL)
			}
			answer := post(client, values, header)
			require.Equal(t, http.StatusForbidden, answer.Status)
			frametest.CheckPage(t, answer.Doc)
			require.Contains(t, answer.Doc.Find("main").Text(), "Nothing was changed.")
			entries := site.Recorded()
			require.Len(t, entries, 1)
			require.Equal(t, audit.Refused, entries[0].Result)
			require.Equal(t, "sample.act", entries[0].Act)
			require.Empty(t, entries[0].Object, "the handler was not asked")
		})
	}
}

func TestBodiesThatAreNoForms(t *testing.T) {
	t.Parallel()
	site := frametest.New(t, sample())
	client := site.As(access.RoleFinance)
	origin := http.Header{"Origin": {site.URL}}
	large := fields(client)
	large.Set("name", strings.Repeat("x", 64<<10))
	require.Equal(t, http.StatusRequestEntityTooLarge, post(client, large, origin).Status)
	many := fields(client)
	for range 3000 {
		many.Add("n", "1")
	}
	require.Equal(t, http.StatusRequestEntityTooLarge, post(client, many, origin).Status)
	other := http.Header{"Origin": {site.URL}, "Content-Type": {"text/plain"}}
	require.Equal(t, http.StatusUnsupportedMediaType, post(client, fields(client), other).Status)
	broken := client.Do(http.MethodPost, "/sample/form", strings.NewReader("a=%zz"), http.Header{"Origin": {site.URL}, "Content-Type": {"application/x-www-form-urlencoded"}})
	require.Equal(t, http.StatusBadRequest, broken.Status)
	require.Equal(t, http.StatusRequestURITooLong, client.Try("/sample?name="+strings.Repeat("x", 8<<10)).Status)
}

func TestAFormActsOnce(t *testing.T) {
	t.Parallel()
	site := frametest.New(t, sample())
	client := site.As(access.RoleFinance)
	values, origin := fields(client), http.Header{"Origin": {site.URL}}
	answers := make([]*frametest.Answer, 8)
	var group sync.WaitGroup
	for i := range answers {
		group.Go(func() { answers[i] = post(client, values, origin) })
	}
	group.Wait()
	for _, answer := range append(answers, post(client, values, origin)) {
		require.Equal(t, http.StatusSeeOther, answer.Status)
		require.Equal(t, "/sample/form", answer.Location)
	}
	require.Len(t, site.Recorded(), 1, "once in the audit log, too")
	require.Equal(t, "Done with x.", client.Get("/sample/form").Find(".said").Text())
}

func TestAFormThatDidNotActMayBeSentAgain(t *testing.T) {
	t.Parallel()
	site := frametest.New(t, sample())
	client := site.As(access.RoleFinance)
	values, origin := fields(client), http.Header{"Origin": {site.URL}}
	for name, want := range map[string]int{"": http.StatusUnprocessableEntity, "refused": http.StatusConflict} {
		values.Set("name", name)
		answer := post(client, values, origin)
		require.Equal(t, want, answer.Status)
		frametest.CheckPage(t, answer.Doc)
	}
	values.Set("name", "right")
	require.Equal(t, http.StatusSeeOther, post(client, values, origin).Status)
}

func TestEachClickOnAFormWithAMistakeShowsIt(t *testing.T) {
	t.Parallel()
	site := frametest.New(t, sample())
	client := site.As(access.RoleFinance)
	values, origin := fields(client), http.Header{"Origin": {site.URL}}
	values.Set("name", "")
	answers := make([]*frametest.Answer, 16)
	var group sync.WaitGroup
	for i := range answers {
		group.Go(func() { answers[i] = post(client, values, origin) })
	}
	group.Wait()
	for _, answer := range answers {
		require.Equal(t, http.StatusUnprocessableEntity, answer.Status, answer.Doc.Find("main").Text())
		require.Equal(t, 1, answer.Doc.Find("main [role=alert]").Length())
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	site := frametest.New(t, sample())
	client := site.As(access.RoleFinance)
	for _, path := range []string{"/sample", "/nowhere", "/sample.csv", "/sample/fail/inner"} {
		h := client.Try(path).Header
		require.Equal(t, "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "+
			"form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'", h.Get("Content-Security-Policy"))
		require.Equal(t, "same-origin", h.Get("Referrer-Policy"))
		require.Equal(t, "nosniff", h.Get("X-Content-Type-Options"))
		require.Equal(t, "no-store", h.Get("Cache-Control"), path)
	}
	require.Len(t, site.Errors(), 1)
}

func TestAssetsAreKept(t *testing.T) {
	t.Parallel()
	site := frametest.New(t, sample())
	visitor := site.Visitor()
	page := site.As(access.RoleViewer).Get("/sample")
	for _, link := range []string{
		page.Find("link[rel=stylesheet]").AttrOr("href", ""), page.Find("link[rel=icon]").AttrOr("href", ""), page.Find("script").AttrOr("src", ""),
	} {
		answer := visitor.Try(strings.TrimPrefix(link, "/console"))
		require.Equal(t, http.StatusOK, answer.Status, link)
		require.Equal(t, "public, max-age=31536000, immutable", answer.Header.Get("Cache-Control"))
		require.Less(t, len(answer.Body), 24<<10)
	}
	icon := visitor.Try("/favicon.ico")
	require.Equal(t, http.StatusOK, icon.Status)
	require.Equal(t, "public, max-age=86400", icon.Header.Get("Cache-Control"))
}
