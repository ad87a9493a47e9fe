package signin_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/access/audit"
	"paypoint/access/login"
	"paypoint/console/frame/frametest"
)

// code is what the person's app shows.
func code(t *testing.T, site *frametest.Site, secret string) string {
	t.Helper()
	code, err := totp.GenerateCode(secret, site.Clock.Now())
	require.NoError(t, err)
	return code
}

// setUpCodes sets one-time codes up as a person does, and returns the secret.
func setUpCodes(t *testing.T, site *frametest.Site, client *frametest.Client) string {
	t.Helper()
	page := client.Follow(client.PostFrom(client.Get("/codes"), "#begin", url.Values{"present": {password}}))
	secret := strings.ReplaceAll(page.Find("main code").Text(), " ", "")
	require.NotEmpty(t, secret)
	require.NotEmpty(t, page.Find("svg.qr path").AttrOr("d", ""))
	require.Zero(t, client.Get("/codes/confirm").Find("main code").Length(), "the secret is shown once")
	answer := client.PostFrom(page, "#confirm", url.Values{"code": {"000000"}})
	require.Equal(t, http.StatusUnprocessableEntity, answer.Status)
	page = client.Follow(client.PostFrom(page, "#confirm", url.Values{"code": {code(t, site, secret)}}))
	require.Equal(t, "One-time codes are on.", page.Find(".said").Text())
	site.Clock.Advance(time.Minute)
	return secret
}

func TestSignInWithACode(t *testing.T) {
	t.Parallel()
	site := setup(t, frametest.Options{})
	secret := setUpCodes(t, site, site.As(access.RoleFinance))
	visitor := site.Visitor()
	answer := signIn(t, visitor, "finance", password, "/sign-in?then=%2Fhome")
	require.Equal(t, "/sign-in/code?then=%2Fhome", answer.Location)
	requireOut(t, visitor)
	page := visitor.Follow(answer)
	require.Equal(t, http.StatusUnprocessableEntity, visitor.PostFrom(page, "#code", url.Values{"code": {"123"}}).Status)
	now := code(t, site, secret)
	answer = visitor.PostFrom(page, "#code", url.Values{"code": {now[:3] + " " + now[3:]}})
	require.Equal(t, "/home", answer.Location)
	requireIn(t, visitor, "finance")

	// The same code again is none.
	other := site.Visitor()
	page = other.Follow(signIn(t, other, "finance", password, "/sign-in"))
	answer = other.PostFrom(page, "#code", url.Values{"code": {now}})
	require.Equal(t, http.StatusUnprocessableEntity, answer.Status)
	requireOut(t, other)
	for _, path := range []string{"/password", "/codes", "/preferences"} {
		require.Contains(t, other.Try(path).Location, "/sign-in?", "half signed in")
	}
}

// A browser that was left signed in is not enough to set up codes, which would lock
// its person out; nor is the password guessed at that way.
func TestCodesAreSetUpByWhoKnowsThePassword(t *testing.T) {
	t.Parallel()
	site := setup(t, frametest.Options{})
	client := site.As(access.RoleFinance)
	page := client.Get("/codes")
	require.Contains(t, client.PostFrom(page, "#begin", nil).Doc.Find("#fault-present").Text(), "Fill this in.")
	for range login.FreeTries {
		answer := client.PostFrom(page, "#begin", url.Values{"present": {"wrong password"}})
		require.Equal(t, http.StatusUnprocessableEntity, answer.Status)
		frametest.CheckPage(t, answer.Doc)
		require.Contains(t, answer.Doc.Find("#fault-present").Text(), "This is not your present password.")
		require.NotContains(t, string(answer.Body), "wrong password")
	}
	answer := client.PostFrom(page, "#begin", url.Values{"present": {password}})
	require.Contains(t, answer.Doc.Find(".errors").Text(), "Too many tries.")
	require.Contains(t, signIn(t, site.Visitor(), "finance", password, "/sign-in").Doc.Find(".errors").Text(), "Too many tries.", "one count for all tries")
	for _, entry := range site.Recorded() {
		require.NotEqual(t, audit.Done, entry.Result, entry.Act)
	}
	answer = client.Post("/codes/confirm", url.Values{"code": {"000000"}})
	require.Contains(t, answer.Doc.Find("main").Text(), "Nothing was begun.", "no secret was made")

	site.Clock.Advance(login.MaxWait)
	client = site.As(access.RoleFinance)
	setUpCodes(t, site, client)
	require.Equal(t, "/sign-in/code", signIn(t, site.Visitor(), "finance", password, "/sign-in").Location, "the count has ended")
}

func TestTurnCodesOff(t *testing.T) {
	t.Parallel()
	site := setup(t, frametest.Options{})
	client := site.As(access.RoleFinance)
	secret := setUpCodes(t, site, client)
	other := site.As(access.RoleFinance)
	page := client.Get("/codes")
	for _, fields := range []url.Values{
		{"present": {"wrong password"}, "code": {code(t, site, secret)}},
		{"present": {password}, "code": {"000000"}},
		{"present": {password}},
	} {
		require.Equal(t, http.StatusUnprocessableEntity, client.PostFrom(page, "#off", fields).Status)
	}
	page = client.Follow(client.PostFrom(page, "#off", url.Values{"present": {password}, "code": {code(t, site, secret)}}))
	require.Equal(t, 1, page.Find("#begin").Length())
	requireOut(t, other)
}

// Somebody at a computer that was left signed in, who knows the password too, does
// not get at the codes by guessing, nor by putting others in their place.
func TestCodesAreNotGuessedAtNorReplaced(t *testing.T) {
	t.Parallel()
	site := setup(t, frametest.Options{})
	client := site.As(access.RoleFinance)
	setUpCodes(t, site, client)
	page := client.Get("/codes")
	for range login.FreeTries {
		answer := client.PostFrom(page, "#off", url.Values{"present": {password}, "code": {"000000"}})
		require.Contains(t, answer.Doc.Find(".errors").Text(), "The code is wrong")
	}
	answer := client.PostFrom(page, "#off", url.Values{"present": {password}, "code": {"000000"}})
	require.Contains(t, answer.Doc.Find(".errors").Text(), "Too many tries.")

	require.Equal(t, http.StatusConflict, client.Post("/codes/begin", nil).Status)
	require.Equal(t, "On", strings.TrimSpace(client.Get("/codes").Find("main .tag").Text()))
}

func TestChangePassword(t *testing.T) {
	t.Parallel()
	const fresh = "another good password"
	site := setup(t, frametest.Options{})
	client, other := site.As(access.RoleFinance), site.As(access.RoleFinance)
	page := client.Get("/password")
	for rule, fields := range map[string]url.Values{
		"This is not your present password.":  {"present": {"wrong password"}, "fresh": {fresh}, "again": {fresh}},
		"The two new passwords differ.":       {"present": {password}, "fresh": {fresh}, "again": {fresh + "x"}},
		"The password is too short.":          {"present": {password}, "fresh": {"short"}, "again": {"short"}},
		"This is the password that you have.": {"present": {password}, "fresh": {password}, "again": {password}},
		"Fill this in.":                       {"present": {password}},
	} {
		answer := client.PostFrom(page, "#password", fields)
		require.Equal(t, http.StatusUnprocessableEntity, answer.Status, rule)
		require.Contains(t, answer.Doc.Find(".errors").Text(), rule)
		require.NotContains(t, string(answer.Body), fresh, "no password is shown again")
		site.Clock.Advance(time.Minute) // beyond the slow-down
	}
	page = client.Follow(client.PostFrom(page, "#password", url.Values{"present": {password}, "fresh": {fresh}, "again": {fresh}}))
	require.Contains(t, page.Find(".said").Text(), "Your password was changed.")
	requireOut(t, other)
	require.Equal(t, http.StatusSeeOther, signIn(t, site.Visitor(), "finance", fresh, "/sign-in").Status)
}

func TestATemporaryPasswordMustBeChanged(t *testing.T) {
	t.Parallel()
	site := setup(t, frametest.Options{})
	temporary, err := site.Staff.TemporaryPassword(t.Context(), "admin", "viewer")
	require.NoError(t, err)
	visitor := site.Visitor()
	require.Equal(t, http.StatusSeeOther, signIn(t, visitor, "viewer", temporary, "/sign-in").Status)
	require.Equal(t, "/password", visitor.Try("/home").Location)
	page := visitor.Get("/password")
	require.Contains(t, page.Find("main").Text(), "Your password is a temporary one.")
	answer := visitor.PostFrom(page, "#password", url.Values{"present": {temporary}, "fresh": {password}, "again": {password}})
	require.Equal(t, http.StatusSeeOther, answer.Status)
	requireIn(t, visitor, "viewer")
}

func TestRolesThatNeedCodesSetThemUpFirst(t *testing.T) {
	t.Parallel()
	site := setup(t, frametest.Options{NeedTOTP: []access.Role{access.RoleFinance}})
	client := site.As(access.RoleFinance)
	require.Equal(t, "/codes", client.Try("/home").Location)
	setUpCodes(t, site, client)
	requireIn(t, client, "finance")
	requireIn(t, site.As(access.RoleViewer), "viewer")
}

func TestPreferences(t *testing.T) {
	t.Parallel()
	site := setup(t, frametest.Options{})
	client := site.As(access.RoleFinance)
	_, on := client.Get("/home").Find("body").Attr("data-shortcuts")
	require.True(t, on)
	answer := client.Post("/preferences", url.Values{"language": {"id"}, "theme": {"dark"}})
	page := client.Follow(answer)
	require.Equal(t, "id", page.Find("html").AttrOr("lang", ""))
	require.Equal(t, "dark", page.Find("html").AttrOr("data-theme", ""))
	_, on = page.Find("body").Attr("data-shortcuts")
	require.False(t, on)
	require.Zero(t, page.Find("dialog, [aria-keyshortcuts]").Length())
	require.Equal(t, "Preferensi", page.Find("h1").Text())
	// The choice stays in the browser when they have signed out.
	require.Contains(t, answer.Header.Values("Set-Cookie")[0], "paypoint-language=id")
	require.Equal(t, http.StatusUnprocessableEntity, client.Post("/preferences", url.Values{"language": {"de"}, "theme": {"dark"}}).Status)
}

func TestAVisitorChoosesALanguage(t *testing.T) {
	t.Parallel()
	site := setup(t, frametest.Options{})
	visitor := site.Visitor()
	visitor.Header.Set("Accept-Language", "id-ID,id;q=0.9,en;q=0.8")
	page := visitor.Get("/sign-in?then=%2Fhome")
	require.Equal(t, "id", page.Find("html").AttrOr("lang", ""))
	link := strings.TrimPrefix(page.Find("a[hreflang=en]").AttrOr("href", ""), "/console")
	answer := visitor.Try(link)
	require.Equal(t, "/sign-in?then=%2Fhome", answer.Location)
	require.Equal(t, "en", visitor.Follow(answer).Find("html").AttrOr("lang", ""))
	require.Equal(t, "/", visitor.Try("/language/en?then=//example.com").Location)
	require.Equal(t, http.StatusNotFound, visitor.Try("/language/de").Status)
}

func TestSavedViews(t *testing.T) {
	t.Parallel()
	site := setup(t, frametest.Options{})
	client := site.As(access.RoleFinance)
	page := client.Get("/home?name=kopi+%26+teh")
	name := `Kopi <script>"&`
	page = client.Follow(client.PostFrom(page, "details.views form", url.Values{"name": {name}}))
	link := page.Find("details.views li a").First()
	require.Equal(t, name, link.Text())
	require.Equal(t, "/console/home?name=kopi+%26+teh", link.AttrOr("href", ""))
	require.Zero(t, site.As(access.RoleViewer).Get("/home").Find("details.views li").Length(), "another's")
	for _, bad := range []string{"https://example.com", "//example.com/", `/\example.com`, "", "/../pay"} {
		require.Equal(t, http.StatusUnprocessableEntity, client.Post("/views", url.Values{"name": {"x"}, "url": {bad}}).Status, bad)
	}
	page = client.Follow(client.PostFrom(client.Get("/views"), "main li form", nil))
	require.Equal(t, 1, page.Find(".empty").Length())
}

// The longest view, of signs that take most room to be kept, is saved like any.
func TestTheLongestViewIsSaved(t *testing.T) {
	t.Parallel()
	site := setup(t, frametest.Options{})
	client := site.As(access.RoleFinance)
	address := "/home?" + strings.Repeat("&", login.MaxViewURL-len("/home?"))
	answer := client.Post("/views", url.Values{"name": {strings.Repeat("<", login.MaxViewName)}, "url": {address}})
	require.Equal(t, http.StatusSeeOther, answer.Status)
	require.Equal(t, address, answer.Location)
}
