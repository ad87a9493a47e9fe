package frametest

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/access/login"
	"paypoint/console/frame"
)

// Client is a browser without script. It follows no redirects.
type Client struct {
	site *Site
	http *http.Client
	jar  *jar
	// Header is set on every request: Accept-Language is the one that tests need.
	Header http.Header
}

// As is a client that is signed in with a role, anew each time.
func (s *Site) As(role access.Role) *Client { return s.Person(string(role)) }

// Person is a client that is signed in as a person.
func (s *Site) Person(id string) *Client {
	s.t.Helper()
	person, is := s.Staff.Person(id)
	require.True(s.t, is, "person %s", id)
	token, _, err := s.Logins.Begin(person, true, "192.0.2.1")
	require.NoError(s.t, err)
	c := s.Visitor()
	c.jar.cookies[c.loginCookie()] = token
	return c
}

// Visitor is a client that is not signed in.
func (s *Site) Visitor() *Client {
	client := *s.server.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	c := &Client{site: s, http: &client, jar: &jar{cookies: map[string]string{}}, Header: http.Header{}}
	client.Jar = c.jar
	return c
}

// jar keeps all cookies, for there is one server.
type jar struct{ cookies map[string]string }

// SetCookies is http.CookieJar's.
func (j *jar) SetCookies(_ *url.URL, cookies []*http.Cookie) {
	for _, cookie := range cookies {
		j.cookies[cookie.Name] = cookie.Value
		if cookie.MaxAge < 0 {
			delete(j.cookies, cookie.Name)
		}
	}
}

// Cookies is http.CookieJar's.
func (j *jar) Cookies(*url.URL) []*http.Cookie {
	var all []*http.Cookie
	for name, value := range j.cookies {
		all = append(all, &http.Cookie{Name: name, Value: value}) // #nosec G124 -- a request's
	}
	return all
}

// Answer is what a client was answered.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
	// Location is where a redirect leads, below /console.
	Location string
	// Doc is the page, empty for what is none.
	Doc *goquery.Document
}

// Do sends a request to a path below /console.
func (c *Client) Do(method, path string, body io.Reader, header http.Header) *Answer {
	c.site.t.Helper()
	request, err := http.NewRequestWithContext(c.site.t.Context(), method, c.site.URL+frame.Root+path, body)
	require.NoError(c.site.t, err)
	for _, all := range []http.Header{c.Header, header} {
		for name, values := range all {
			request.Header[name] = values
		}
	}
	response, err := c.http.Do(request)
	require.NoError(c.site.t, err)
	defer response.Body.Close()
	answer := &Answer{Status: response.StatusCode, Header: response.Header}
	answer.Body, err = io.ReadAll(response.Body)
	require.NoError(c.site.t, err)
	answer.Location = strings.TrimPrefix(response.Header.Get("Location"), frame.Root)
	answer.Doc, err = goquery.NewDocumentFromReader(bytes.NewReader(answer.Body))
	require.NoError(c.site.t, err)
	return answer
}

// Token is that of the client's sign-in, "" for a visitor.
func (c *Client) Token() string { return c.jar.cookies[c.loginCookie()] }

func (c *Client) loginCookie() string {
	if strings.HasPrefix(c.site.URL, "https:") {
		return "__Host-paypoint-login"
	}
	return "paypoint-login"
}

// Try gets a path below /console, whatever is answered.
func (c *Client) Try(path string) *Answer {
	c.site.t.Helper()
	return c.Do(http.MethodGet, path, nil, nil)
}

// Get gets a page below /console, which must be there and pass CheckPage.
func (c *Client) Get(path string) *goquery.Document {
	c.site.t.Helper()
	answer := c.Try(path)
	require.Equal(c.site.t, http.StatusOK, answer.Status, "GET %s: %s%s", path, answer.Location, answer.Doc.Find("main").Text())
	CheckPage(c.site.t, answer.Doc)
	return answer.Doc
}

// Post sends a form with a good token and a new key to a path below /console.
func (c *Client) Post(path string, fields url.Values) *Answer {
	c.site.t.Helper()
	return c.send(path, c.signed(fields))
}

// signed are fields with the hidden ones that the frame wants.
func (c *Client) signed(fields url.Values) url.Values {
	all := url.Values{"form-token": {login.FormToken(c.Token())}, "form-key": {login.NewKey()}}
	for name, values := range fields {
		all[name] = values
	}
	return all
}

// PostFrom sends the form that a selector finds in a page, as a browser does: its
// own values, with some of them replaced.
func (c *Client) PostFrom(page *goquery.Document, selector string, fields url.Values) *Answer {
	c.site.t.Helper()
	form := page.Find(selector)
	require.Equal(c.site.t, 1, form.Length(), "forms that %q finds", selector)
	require.Equal(c.site.t, "post", strings.ToLower(form.AttrOr("method", "get")), "the method of %q", selector)
	values := Values(form)
	for name, texts := range fields {
		values[name] = texts
	}
	return c.send(strings.TrimPrefix(form.AttrOr("action", ""), frame.Root), values)
}

func (c *Client) send(path string, values url.Values) *Answer {
	c.site.t.Helper()
	header := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Origin": {c.site.URL}}
	return c.Do(http.MethodPost, path, strings.NewReader(values.Encode()), header)
}

// Follow gets the page that a form led to.
func (c *Client) Follow(answer *Answer) *goquery.Document {
	c.site.t.Helper()
	require.Equal(c.site.t, http.StatusSeeOther, answer.Status, "%s", answer.Doc.Find("main").Text())
	return c.Get(answer.Location)
}

// Values are what a browser would send of a form nobody touched.
func Values(form *goquery.Selection) url.Values {
	values := url.Values{}
	form.Find("input[name], textarea[name], select[name]").Each(func(_ int, field *goquery.Selection) {
		name := field.AttrOr("name", "")
		kind := field.AttrOr("type", "text")
		_, checked := field.Attr("checked")
		switch {
		case goquery.NodeName(field) == "textarea":
			values.Add(name, field.Text())
		case goquery.NodeName(field) == "select":
			values.Add(name, selected(field))
		case kind == "file" || (kind == "checkbox" || kind == "radio") && !checked:
		default:
			values.Add(name, field.AttrOr("value", ""))
		}
	})
	return values
}

// selected is the value of a select: its first option where none is marked.
func selected(field *goquery.Selection) string {
	option := field.Find("option[selected]").First()
	if option.Length() == 0 {
		option = field.Find("option").First()
	}
	return option.AttrOr("value", option.Text())
}
