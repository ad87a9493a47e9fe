package frame

import (
	"net/http"
	"strings"
	"time"
)

// The cookies, without the prefix that they have over https.
const (
	loginCookie    = "paypoint-login"
	visitorCookie  = "paypoint-visitor"
	languageCookie = "paypoint-language"
)

// languageKept is how long a browser keeps the language that was chosen in it.
const languageKept = 365 * 24 * time.Hour

// cookieName has the prefix with which browsers take a cookie from this host
// over https alone (RFC 6265bis, 4.1.3.2).
func (f *Frame) cookieName(name string) string {
	if f.Plain {
		return name
	}
	return "__Host-" + name
}

// cookie is the value of a cookie, "" for none.
func (c *Call) cookie(name string) string {
	cookie, err := c.R.Cookie(c.frame.cookieName(name))
	if err != nil {
		return ""
	}
	return cookie.Value
}

// setCookie gives the browser a cookie until it is closed; "" takes it away. The
// server ends logins, not the cookie.
func (c *Call) setCookie(name, value string) {
	cookie := &http.Cookie{
		Name: c.frame.cookieName(name), Value: value, Path: "/",
		HttpOnly: true, Secure: c.secure(), SameSite: http.SameSiteLaxMode,
	}
	if value == "" {
		cookie.MaxAge = -1
	}
	http.SetCookie(c.W, cookie)
}

// secure says that a cookie is for https alone: always where plain http is not
// allowed, and where the browser's own page came over https, through a proxy that
// the configuration does not name.
func (c *Call) secure() bool {
	return !c.frame.Plain || strings.HasPrefix(c.R.Header.Get("Origin"), "https://")
}

// setLanguageCookie keeps a language for those who are not signed in.
func (c *Call) setLanguageCookie(value string) {
	http.SetCookie(c.W, &http.Cookie{
		Name: languageCookie, Value: value, Path: "/", MaxAge: int(languageKept.Seconds()),
		HttpOnly: true, Secure: !c.frame.Plain, SameSite: http.SameSiteLaxMode,
	})
}
