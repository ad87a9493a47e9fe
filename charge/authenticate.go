package charge

import (
	"net/http"

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
	return h.Merchants.Authenticate(r.Context(), key)
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
