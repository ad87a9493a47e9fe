package finance

import (
	"net/http"
	"strings"
)

// Tokens knows callers by their bearer tokens.
type Tokens interface {
	// Check says whose token it is, in a time that does not depend on it.
	Check(token string) (name string, ok bool)
}

// BearerTokens authenticates by the header "Authorization: Bearer TOKEN"
// (RFC 6750, 2.1). Tokens in the URL or in a form are not looked at: they would
// end in logs.
func BearerTokens(t Tokens) func(*http.Request) (name string, ok bool) {
	return func(r *http.Request) (string, bool) {
		scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		// RFC 9110, 11.1: the scheme's case does not matter.
		if !strings.EqualFold(scheme, "Bearer") || token == "" {
			return "", false
		}
		return t.Check(strings.TrimSpace(token))
	}
}
