package finance

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"paypoint/ledger"
	"paypoint/reconcile"
	"paypoint/reconcile/delivery"
	"paypoint/reconcile/partnerfile"
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
	// Line to Rule are of a wrong line in a file: its number, the profile's name of
	// the column, the text there, and what it should be.
	Line   int    `json:"line,omitempty"`
	Column string `json:"column,omitempty"`
	Text   string `json:"text,omitempty"`
	Rule   string `json:"rule,omitempty"`
	// header is a header field that goes with it, if any.
	header [2]string
}

// Error is the message.
func (f failure) Error() string { return f.Code + ": " + f.Message }

// because is the failure for the caller, with its whole reason for the log.
func (f failure) because(err error) error { return fmt.Errorf("%w: %w", f, err) }

// refuse answers with an error. What the machine says never leaves: it goes to
// the log.
func (c *call) refuse(err error) {
	f := failureOf(err)
	c.act.Code = f.Code
	if f.header[0] != "" {
		c.answer.Header().Set(f.header[0], f.header[1])
	}
	// A failure marshals, being strings and a number.
	_ = c.reply(f.status, map[string]failure{"error": f})
}

// failureOf is what a caller is told of an error.
func failureOf(err error) failure {
	var f failure
	if errors.As(err, &f) {
		return f
	}
	if errors.Is(err, ledger.ErrBusy) || errors.Is(err, ledger.ErrNotCommitted) || errors.Is(err, ledger.ErrOutcomeUnknown) {
		return failure{
			status: http.StatusServiceUnavailable, Code: "unavailable",
			Message: "the ledger could not confirm it now: ask again, nothing is done twice",
			header:  [2]string{"Retry-After", "5"},
		}
	}
	if errors.Is(err, delivery.ErrUnusable) {
		return failure{
			status: http.StatusServiceUnavailable, Code: "unavailable",
			Message: "the schedule's records can't be used, and no job is done before they are mended: the server's log says why",
		}
	}
	// What the disk has is for the log; what to do is for the caller.
	if errors.Is(err, reconcile.ErrDamaged) {
		return failure{
			status: http.StatusConflict, Code: "damaged",
			Message: "what was kept of the day is damaged: match the day again, or import its file again where that is refused so too",
		}
	}
	// Before the kinds of errors, of which a wrong line may be one too.
	if f, ok := badLine(err); ok {
		return f
	}
	// The first that fits: an error that is several has its most telling one first.
	for _, known := range refusals() {
		if errors.Is(err, known.sentinel) {
			return failure{status: known.status, Code: known.code, Message: words(err, known.sentinel), Field: known.field}
		}
	}
	return failure{
		status: http.StatusInternalServerError, Code: "internal",
		Message: "it failed on our side: the log says why",
	}
}

// badLine is what is wrong with one line of a file.
func badLine(err error) (failure, bool) {
	var line *partnerfile.LineError
	if !errors.As(err, &line) {
		return failure{}, false
	}
	return failure{
		status: http.StatusUnprocessableEntity, Code: "bad_file", Message: line.Error(),
		Line: line.Line, Column: line.Column, Text: line.Text, Rule: line.Rule,
	}, true
}

// words are what a refusal says: the text of the error that names its kind, which
// was written for people, and nothing of what stands around it.
func words(err, sentinel error) string {
	for {
		var inner error
		switch wrapper := err.(type) {
		case interface{ Unwrap() error }:
			inner = wrapper.Unwrap()
		case interface{ Unwrap() []error }:
			for _, branch := range wrapper.Unwrap() {
				if inner == nil && errors.Is(branch, sentinel) {
					inner = branch
				}
			}
		}
		if inner == nil || inner == sentinel {
			return err.Error()
		}
		err = inner
	}
}

// notFound names what there is none of, where the ledger says only that.
func notFound(err error, code, message string) error {
	if !errors.Is(err, ledger.ErrNotFound) {
		return err
	}
	return failure{status: http.StatusNotFound, Code: code, Message: message}.because(err)
}

// errUnrecordable refuses what nobody could tell afterwards. Its code is that of all
// that may be asked again.
func errUnrecordable() failure {
	return failure{
		status: http.StatusServiceUnavailable, Code: "unavailable",
		Message: "the audit log can't be written now, and nothing is done that it would lack: ask again once it can, the server's log says why",
		header:  [2]string{"Retry-After", "5"},
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
func wrongMethod(c *call, routes []route) error {
	allowed := strings.Join(methods(routes), ", ")
	return failure{
		status: http.StatusMethodNotAllowed, Code: "method_not_allowed",
		Message: fmt.Sprintf("%s takes %s", c.r.URL.Path, allowed),
		header:  [2]string{"Allow", allowed},
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
	return f.because(err)
}
