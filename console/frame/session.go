package frame

import (
	"net/url"
	"path"
	"strings"

	"paypoint/access"
	"paypoint/access/login"
	"paypoint/locale"
)

// Token is that of the request's sign-in, whole or not; "" for a visitor. It is a
// secret.
func (c *Call) Token() string { return c.token }

// Login is the request's sign-in; zero for a visitor.
func (c *Call) Login() login.Login { return c.login }

// SignIn gives the browser the token of a sign-in, in place of what it had. The
// rest of the request is recorded as the person's.
func (c *Call) SignIn(token string, l login.Login, p access.Person) {
	c.token, c.login, c.person = token, l, p
	c.setCookie(loginCookie, token)
	// A visitor's forms are not those of a person (session fixation).
	c.setCookie(visitorCookie, "")
}

// SignOut ends the request's sign-in.
func (c *Call) SignOut() error {
	if err := c.frame.Logins.End(c.token); err != nil {
		return err
	}
	c.setCookie(loginCookie, "")
	c.token, c.login = "", login.Login{}
	return nil
}

// Preferences are what the person chose.
func (c *Call) Preferences() login.Preferences { return c.preferences }

// KeepLanguage has the browser keep a language for when nobody is signed in; none
// leaves it to the browser's own.
func (c *Call) KeepLanguage(l locale.Language) { c.setLanguageCookie(string(l)) }

// Leave answers with another page below /console, without a sentence.
func (c *Call) Leave(path string) error { return c.redirect(Root + path) }

// visit gives a visitor the cookie that their forms are tied to.
func (c *Call) visit() {
	if c.token != "" || c.cookie(visitorCookie) != "" || c.acts() {
		return
	}
	c.visitor = login.NewKey()
	c.setCookie(visitorCookie, c.visitor)
}

// Local is a page below /console that a link names, "" when it names anything
// else: nobody is led out of the console by a link that others made.
func Local(link string) string {
	parsed, err := url.Parse(link)
	if err != nil || !strings.HasPrefix(link, "/") || parsed.Host != "" || strings.ContainsAny(link, "\\\r\n\t") {
		return ""
	}
	if clean := path.Clean(parsed.Path); clean != strings.TrimSuffix(parsed.Path, "/") && clean != parsed.Path {
		return ""
	}
	parsed.Fragment = ""
	return parsed.String()
}
