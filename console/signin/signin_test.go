package signin_test

import (
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/access/audit"
	"paypoint/access/login"
	"paypoint/console/frame/frametest"
	"paypoint/console/signin"
)

func TestWords(t *testing.T) {
	t.Parallel()
	frametest.CheckWords(t, signin.New(signin.Config{}))
}

func TestSignInLeadsBack(t *testing.T) {
	t.Parallel()
	site := setup(t, frametest.Options{})
	visitor := site.Visitor()
	requireOut(t, visitor)
	answer := signIn(t, visitor, "finance", password, "/sign-in?then=%2Fhome%3Fname%3Dx")
	require.Equal(t, http.StatusSeeOther, answer.Status)
	require.Equal(t, "/home?name=x", answer.Location)
	requireIn(t, visitor, "finance")
	entries := site.Recorded()
	require.Len(t, entries, 1)
	require.Equal(t, "sign_in", entries[0].Act)
	require.Equal(t, "finance", entries[0].Who)
	require.Equal(t, audit.Object{Kind: "user", ID: "finance"}, entries[0].Object)
	require.Equal(t, audit.Done, entries[0].Result)
	require.Equal(t, "127.0.0.1", entries[0].Address)
}

func TestSignInLeadsNowhereElse(t *testing.T) {
	t.Parallel()
	site := setup(t, frametest.Options{})
	for _, then := range []string{"https://example.com/", "//example.com/", `/\example.com`, "/../pay/1", "javascript:alert(1)", "/a%0d%0aX:1", ""} {
		visitor := site.Visitor()
		answer := signIn(t, visitor, "finance", password, "/sign-in?then="+then)
		require.Equal(t, http.StatusSeeOther, answer.Status, then)
		require.Equal(t, "/", answer.Location, then)
	}
}

func TestSignInRefusesAlikeWhoIsUnknownAndWhoIsWrong(t *testing.T) {
	t.Parallel()
	site := setup(t, frametest.Options{})
	var said []string
	for _, id := range []string{"finance", "nobody", "admin"} {
		visitor := site.Visitor()
		answer := signIn(t, visitor, id, "wrong password", "/sign-in")
		require.Equal(t, http.StatusUnprocessableEntity, answer.Status)
		frametest.CheckPage(t, answer.Doc)
		said = append(said, answer.Doc.Find(".errors").Text())
		require.Equal(t, id, answer.Doc.Find("#field-person").AttrOr("value", ""))
		require.Empty(t, answer.Doc.Find("#field-password").AttrOr("value", ""))
		require.Contains(t, answer.Doc.Find("title").Text(), "Error:")
		requireOut(t, visitor)
	}
	require.Equal(t, said[0], said[1])
	require.Equal(t, said[0], said[2])
	// Nobody known is not named: what was typed may be a password.
	var objects []string
	for _, entry := range site.Recorded() {
		require.Equal(t, audit.Refused, entry.Result)
		require.Empty(t, entry.Who)
		objects = append(objects, entry.Object.ID)
	}
	require.Equal(t, []string{"finance", "", "admin"}, objects)
}

func TestSignInSlowsDown(t *testing.T) {
	t.Parallel()
	site := setup(t, frametest.Options{})
	visitor := site.Visitor()
	for range login.FreeTries {
		require.Equal(t, http.StatusUnprocessableEntity, signIn(t, visitor, "finance", "wrong password", "/sign-in").Status)
	}
	answer := signIn(t, visitor, "finance", password, "/sign-in")
	require.Equal(t, http.StatusTooManyRequests, answer.Status)
	require.NotEmpty(t, answer.Header.Get("Retry-After"))
	frametest.CheckPage(t, answer.Doc)
	requireOut(t, visitor)
	recorded := len(site.Recorded())
	require.Equal(t, login.FreeTries, recorded, "a flood of tries does not fill the audit log")

	site.Clock.Advance(login.MaxWait)
	require.Equal(t, http.StatusSeeOther, signIn(t, visitor, "finance", password, "/sign-in").Status)
	requireIn(t, visitor, "finance")
}

func TestSignInEnds(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(t *testing.T, site *frametest.Site){
		"idle": func(_ *testing.T, site *frametest.Site) { site.Clock.Advance(login.MaxIdle) },
		"password change": func(t *testing.T, site *frametest.Site) {
			_, err := site.Staff.SetPassword(t.Context(), "finance", "another good password")
			require.NoError(t, err)
		},
		"role change": func(t *testing.T, site *frametest.Site) {
			_, err := site.Staff.SetRole(t.Context(), "admin", "finance", "viewer", "")
			require.NoError(t, err)
		},
		"shut out": func(t *testing.T, site *frametest.Site) {
			_, err := site.Staff.SetActive(t.Context(), "admin", "finance", false)
			require.NoError(t, err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			site := setup(t, frametest.Options{})
			client := site.As("finance")
			requireIn(t, client, "finance")
			end(t, site)
			requireOut(t, client)
		})
	}
}

func TestSignInEndsAfterItsLife(t *testing.T) {
	t.Parallel()
	site := setup(t, frametest.Options{})
	client := site.As("finance")
	for range int(login.MaxLife / (20 * time.Minute)) {
		requireIn(t, client, "finance")
		site.Clock.Advance(20 * time.Minute)
	}
	requireOut(t, client)
}

func TestSignOut(t *testing.T) {
	t.Parallel()
	site := setup(t, frametest.Options{})
	visitor := site.Visitor()
	signIn(t, visitor, "finance", password, "/sign-in")
	page := visitor.Get("/home")
	answer := visitor.PostFrom(page, "header form[action='/console/sign-out']", nil)
	require.Equal(t, "/sign-in", answer.Location)
	requireOut(t, visitor)
	require.Equal(t, "sign_out", site.Recorded()[1].Act)
}

// Nobody signs in unrecorded, and who is in can still leave.
func TestSignOutWhileTheAuditLogIsDamaged(t *testing.T) {
	t.Parallel()
	site := setup(t, frametest.Options{})
	client := site.As("finance")
	require.NoError(t, os.Truncate(site.AuditFile, 0))
	require.Error(t, site.Audit.Record(t.Context(), audit.Entry{Act: audit.ActSignIn, Result: audit.Done}))
	require.Equal(t, http.StatusServiceUnavailable, signIn(t, site.Visitor(), "finance", password, "/sign-in").Status)
	answer := client.PostFrom(client.Get("/home"), "header form[action='/console/sign-out']", nil)
	require.Equal(t, "/sign-in", answer.Location)
	requireOut(t, client)
	require.NotEmpty(t, site.Errors(), "the program's log says what was not recorded")
}

func TestCookiesOfProduction(t *testing.T) {
	t.Parallel()
	site := setup(t, frametest.Options{TLS: true})
	visitor := site.Visitor()
	answer := signIn(t, visitor, "finance", password, "/sign-in")
	require.Equal(t, http.StatusSeeOther, answer.Status)
	found := false
	for _, cookie := range (&http.Response{Header: answer.Header}).Cookies() {
		require.True(t, cookie.Secure && cookie.HttpOnly, cookie.Name)
		require.Equal(t, http.SameSiteLaxMode, cookie.SameSite, cookie.Name)
		require.Equal(t, "/", cookie.Path)
		require.Empty(t, cookie.Domain)
		found = found || cookie.Name == "__Host-paypoint-login" && cookie.Value != ""
	}
	require.True(t, found)
	requireIn(t, visitor, "finance")
}

// Anyone can send what is here; none of it is a try, and none fills the audit log.
func TestWhatStrangersSendIsNotRecorded(t *testing.T) {
	t.Parallel()
	site := setup(t, frametest.Options{})
	visitor := site.Visitor()
	page := visitor.Get("/sign-in")
	require.Equal(t, http.StatusUnprocessableEntity, visitor.PostFrom(page, "main form", nil).Status)
	hidden := frametest.Values(page.Find("main form"))
	require.Equal(t, http.StatusSeeOther, visitor.Post("/sign-out", hidden).Status)
	require.Equal(t, http.StatusSeeOther, visitor.Post("/sign-in/code", hidden).Status)
	origin := http.Header{"Origin": {site.URL}}
	require.Equal(t, http.StatusUnsupportedMediaType, visitor.Do(http.MethodPost, "/sign-in", strings.NewReader("{}"), origin).Status)
	origin.Set("Content-Type", "application/x-www-form-urlencoded")
	require.Equal(t, http.StatusBadRequest, visitor.Do(http.MethodPost, "/sign-in", strings.NewReader("%zz"), origin).Status)
	require.Equal(t, http.StatusRequestEntityTooLarge, visitor.Do(http.MethodPost, "/sign-in", strings.NewReader(strings.Repeat("a", 70_000)), origin).Status)
	require.Empty(t, site.Recorded())
	require.Equal(t, http.StatusUnprocessableEntity, signIn(t, visitor, "finance", "wrong password", "/sign-in").Status)
	require.Len(t, site.Recorded(), 1, "a try is")
}

// Who signs in where somebody is signed in ends that: nobody else could.
func TestSigningInEndsTheSignInThatWas(t *testing.T) {
	t.Parallel()
	site := setup(t, frametest.Options{})
	visitor := site.Visitor()
	page := visitor.Get("/sign-in")
	signIn(t, visitor, "finance", password, "/sign-in")
	before := visitor.Token()
	fields := frametest.Values(page.Find("main form"))
	fields.Set("person", "finance")
	fields.Set("password", password)
	fields.Set("form-token", login.FormToken(before))
	require.Equal(t, http.StatusSeeOther, visitor.Post("/sign-in", fields).Status)
	requireIn(t, visitor, "finance")
	require.NotEqual(t, before, visitor.Token())
	_, _, err := site.Logins.Find(before, site.Staff)
	require.ErrorIs(t, err, login.ErrNoLogin)
}

// A proxy with TLS in front of a loopback address, which the configuration does not
// name: the sign-in's cookie does not go over plain http all the same.
func TestTheCookieOfAPageOverTLSIsForTLS(t *testing.T) {
	t.Parallel()
	site := setup(t, frametest.Options{})
	for scheme, secure := range map[string]bool{"http": false, "https": true} {
		visitor := site.Visitor()
		fields := frametest.Values(visitor.Get("/sign-in").Find("main form"))
		fields.Set("person", "finance")
		fields.Set("password", password)
		header := http.Header{
			"Content-Type": {"application/x-www-form-urlencoded"}, "Origin": {scheme + strings.TrimPrefix(site.URL, "http")},
		}
		answer := visitor.Do(http.MethodPost, "/sign-in", strings.NewReader(fields.Encode()), header)
		require.Equal(t, http.StatusSeeOther, answer.Status)
		cookies := (&http.Response{Header: answer.Header}).Cookies()
		require.Equal(t, "paypoint-login", cookies[0].Name)
		require.Equal(t, secure, cookies[0].Secure, scheme)
	}
}
