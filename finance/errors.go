package finance

import (
	"errors"
	"fmt"
	"net/http"

	"paypoint/ledger"
	"paypoint/reconcile/settlement"
)

// failure is an error as the caller sees it.
type failure struct {
	status int
	// Code is for programs, Message for people, Field the part of the request
	// that it is about, if any.
	Code    string `json:"code"`
	Message string `json:"message"`
	Field   string `json:"field,omitempty"`
	// header is a header field that goes with it, if any.
	header [2]string
}

// Error is the message.
func (f failure) Error() string { return f.Code + ": " + f.Message }

// refuse answers with an error. What the ledger or the machine says never
// leaves: it goes to the log.
func (c *call) refuse(err error) {
	var f failure
	if !errors.As(err, &f) {
		f = unexpected(err)
	}
	if f.header[0] != "" {
		c.answer.Header().Set(f.header[0], f.header[1])
	}
	// A failure marshals, being strings.
	_ = c.reply(f.status, map[string]failure{"error": f})
}

// unexpected is what a caller is told of an error that is not the caller's.
func unexpected(err error) failure {
	if errors.Is(err, ledger.ErrBusy) || errors.Is(err, ledger.ErrNotCommitted) || errors.Is(err, ledger.ErrOutcomeUnknown) {
		return failure{
			status: http.StatusServiceUnavailable, Code: "unavailable",
			Message: "the ledger could not confirm it now: ask again, nothing is done twice",
			header:  [2]string{"Retry-After", "5"},
		}
	}
	return failure{
		status: http.StatusInternalServerError, Code: "internal",
		Message: "it failed on our side: the log says why",
	}
}

// errUnknownCaller asks for a token (RFC 6750, 3).
func errUnknownCaller(r *http.Request) failure {
	challenge := `Bearer realm="paypoint finance"`
	if r.Header.Get("Authorization") != "" {
		challenge += `, error="invalid_token"`
	}
	return failure{
		status: http.StatusUnauthorized, Code: "unauthorized",
		Message: "a valid bearer token is needed: Authorization: Bearer TOKEN",
		header:  [2]string{"WWW-Authenticate", challenge},
	}
}

// wrongMethod refuses what a path does not take (RFC 9110, 15.5.6: with Allow).
func wrongMethod(allowed string) func(*call) error {
	// What answers GET answers HEAD too.
	if allowed == http.MethodGet {
		allowed = "GET, HEAD"
	}
	return func(c *call) error {
		return failure{
			status: http.StatusMethodNotAllowed, Code: "method_not_allowed",
			Message: fmt.Sprintf("%s takes %s", c.r.URL.Path, allowed),
			header:  [2]string{"Allow", allowed},
		}
	}
}

// noSuchPath refuses what is no path of the API.
func noSuchPath(c *call) error {
	return failure{
		status: http.StatusNotFound, Code: "not_found",
		Message: fmt.Sprintf("there is no %s", c.r.URL.Path),
	}
}

// badParameter refuses a query, naming the parameter and the rule.
func badParameter(field, message string) failure {
	return failure{
		status: http.StatusUnprocessableEntity, Code: "bad_parameter",
		Message: field + ": " + message, Field: field,
	}
}

// aboutDay puts an error of the settlement into words, where it is the
// caller's; others come back as they are.
func (a *api) aboutDay(day ledger.Day, err error) error {
	f := failure{status: http.StatusConflict, Field: "day"}
	switch {
	case errors.Is(err, ledger.ErrDayOpen):
		f.Code = "day_open"
		f.Message = fmt.Sprintf("%s is not over: it closes from %s WIB on. Asking for it early (early=true, --early) closes it now; its payments can't be reversed then",
			day, a.Settlement.ClosesFrom(day).Format(ledger.WireTime))
	case errors.Is(err, ledger.ErrDayAhead):
		f.Code, f.Message = "day_ahead", fmt.Sprintf("%s has not begun", day)
	case errors.Is(err, settlement.ErrNotSealed):
		// The day is closed: that is no conflict, and the cause is ours.
		f.status, f.Code = http.StatusInternalServerError, "not_sealed"
		f.Message = fmt.Sprintf("%s is closed, but its file could not be made: close it again to try again; the log says why", day)
	case errors.Is(err, ledger.ErrNotClosed):
		f.Code, f.Message = "day_not_closed", fmt.Sprintf("%s is not closed: it has no file yet", day)
	case errors.Is(err, ledger.ErrNotFound):
		f.status, f.Code = http.StatusNotFound, "day_unknown"
		f.Message = fmt.Sprintf("%s has no payments and is not closed", day)
	default:
		return err
	}
	// The caller is told the first, the log gets both.
	return fmt.Errorf("%w: %w", f, err)
}
