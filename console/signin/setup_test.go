package signin_test

import (
	"net/http"
	"net/url"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/console/frame"
	"paypoint/console/frame/frametest"
	"paypoint/console/signin"
)

// password is that of the person who signs in.
const password = "hujan pagi di kebun teh"

// setup serves the area with a page to be led to, and a person with a password.
func setup(t *testing.T, options frametest.Options) *frametest.Site {
	t.Helper()
	options.Areas = func(s *frametest.Site) []frame.Area {
		return []frame.Area{signin.New(signin.Config{Staff: s.Staff, Logins: s.Logins}), home()}
	}
	site := frametest.NewWith(t, options)
	_, err := site.Staff.SetPassword(t.Context(), "finance", password)
	require.NoError(t, err)
	return site
}

// home is where sign-ins lead.
func home() frame.Area {
	words := &fstest.MapFile{Data: []byte(`{"home.title": "Home"}`)}
	return frame.Area{
		Name: "home",
		Files: fstest.MapFS{
			"pages/home.html": {Data: []byte(`{{define "home/page"}}{{if .Query}}{{template "-views" .}}{{end}}{{end}}`)},
			"words/en.json":   words, "words/id.json": words,
		},
		Nav: &frame.NavItem{Path: "/home", Word: "home.title", Action: access.ActOwn},
		Routes: []frame.Route{{Pattern: "GET /home", Action: access.ActOwn, Handle: func(c *frame.Call) error {
			query, err := c.Query(frame.Param{Name: "name", Word: "home.title"})
			if err != nil {
				return err
			}
			return c.Page("home/page", frame.Page{Title: c.T("home.title"), Query: query})
		}}},
	}
}

// signIn signs a visitor in with a password, and returns the answer.
func signIn(t *testing.T, visitor *frametest.Client, id, password, path string) *frametest.Answer {
	t.Helper()
	page := visitor.Get(path)
	return visitor.PostFrom(page, "main form", url.Values{"person": {id}, "password": {password}})
}

// requireIn wants somebody to be signed in.
func requireIn(t *testing.T, client *frametest.Client, id string) {
	t.Helper()
	require.Contains(t, client.Get("/home").Find("header .self").Text(), "Person "+id)
}

// requireOut wants nobody to be.
func requireOut(t *testing.T, client *frametest.Client) {
	t.Helper()
	answer := client.Try("/home")
	require.Equal(t, http.StatusSeeOther, answer.Status)
	require.Equal(t, "/sign-in?then=%2Fhome", answer.Location)
}
