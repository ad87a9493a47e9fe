package frame

import (
	"errors"
	"fmt"
	"net/http"
)

// MaxURL bounds an address with its parameters, in bytes.
const MaxURL = 8 << 10

// policy lets pages load what the console itself serves and nothing else: no
// inline script or style, no frame around it, no HTML made by scripts.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"

// setHeaders sets what every answer has.
func setHeaders(h http.Header) {
	h.Set("Content-Security-Policy", policy)
	// Not no-referrer: browsers would then send "Origin: null" with our own forms.
	h.Set("Referrer-Policy", "same-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("X-Robots-Tag", "noindex, nofollow")
	h.Set("Cache-Control", "no-store")
}

// What is wrong with a form that is refused before it is read.
var (
	errOrigin = errors.New("the form does not come from a page of the console")
	errToken  = errors.New("the form's token is missing or another sign-in's")
)

// checkOrigin refuses what another site sent. Browsers tell the origin of every
// POST; http.CrossOriginProtection lets those pass that tell none, and those of
// plain http, so that it is asked for here.
func (c *Call) checkOrigin() error {
	if err := c.frame.origins.Check(c.R); err != nil {
		return fmt.Errorf("%w: %w", errOrigin, err)
	}
	origin := c.R.Header.Get("Origin")
	if origin == "https://"+c.R.Host || c.frame.Plain && origin == "http://"+c.R.Host {
		return nil
	}
	return errOrigin
}
