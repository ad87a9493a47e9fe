package charge

import (
	"errors"
	"net/http"
	"time"

	"paypoint/access"
)

// authenticate finds the merchant by HTTP Basic authentication: the user is the
// server key and the password is empty.
func (h *handler) authenticate(r *http.Request) (access.Merchant, error) {
	// net/http reads the first header of a name; here the last one counts.
	single := http.Request{Header: http.Header{"Authorization": {lastValue(r.Header, "Authorization")}}}
	key, password, ok := single.BasicAuth()
	if !ok || key == "" || password != "" {
		return access.Merchant{}, errCredentials
	}
	if h.Lockout == nil {
		return h.Merchants.Authenticate(r.Context(), key)
	}
	if wait := h.Lockout.Admit(r, key); wait > 0 {
		return access.Merchant{}, tooMany(wholeSeconds(wait), "Too many wrong server keys. Try again in %v.", wait.Round(time.Second))
	}
	merchant, err := h.Merchants.Authenticate(r.Context(), key)
	// Another error is the ledger's, and says nothing of the key.
	if err == nil || errors.Is(err, access.ErrUnknownKey) {
		h.Lockout.Note(r, key, err == nil)
	}
	return merchant, err
}

// lastValue is the last value of a header that is not empty: SDKs repeat
// headers, the newest last, and send empty ones.
func lastValue(header http.Header, name string) string { return lastOf(header.Values(name)) }

// lastOf is the last of some values that is not empty; "" when none is.
func lastOf(values []string) string {
	last := ""
	for _, value := range values {
		if value != "" {
			last = value
		}
	}
	return last
}
