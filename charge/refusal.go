package charge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"strconv"

	"paypoint/access"
	"paypoint/ledger"
)

// refusal is an answer that is not what the merchant hoped for, as it goes
// over the wire. It is an error, so that whoever finds the fault can say it.
type refusal struct {
	// http is the HTTP status, code the body's status_code. They differ where
	// the SDKs need them to: some take a body's 400 over HTTP 200 for success,
	// and all take HTTP 407 for a failure, which it is not.
	http          int
	code, message string
	// faults are the validation_messages.
	faults []string
	// retryAfter is the header of that name, in seconds; 0 is none.
	retryAfter int
}

// Error names the refusal in the log.
func (r *refusal) Error() string { return fmt.Sprintf("refused with %s: %s", r.code, r.message) }

// The refusals that the API itself finds.
var (
	errCredentials = &refusal{http: http.StatusUnauthorized, code: "401", message: "The server key is missing or wrong. It is the user name of HTTP Basic authentication, with an empty password."}
	errFull        = &refusal{http: http.StatusServiceUnavailable, code: "503", message: "The service is busy. Nothing has changed; try again.", retryAfter: 1}
	errRoute       = &refusal{http: http.StatusNotFound, code: "404", message: "There is nothing at this path."}
	errMethod      = &refusal{http: http.StatusMethodNotAllowed, code: "405", message: "The path does not take this HTTP method."}
	errNotJSON     = &refusal{http: http.StatusBadRequest, code: "413", message: "The body is not one JSON value in UTF-8."}
	errNotWhole    = &refusal{http: http.StatusBadRequest, code: "413", message: "The body did not arrive whole."}
	errTooLarge    = &refusal{http: http.StatusRequestEntityTooLarge, code: "413", message: fmt.Sprintf("The body is longer than %d bytes.", MaxBody)}
	errPaymentType = &refusal{http: http.StatusOK, code: "402", message: "The payment type is not enabled for the merchant. Use cstore."}
	errNoReview    = &refusal{http: http.StatusOK, code: "412", message: "The transaction can't be approved or denied: cash at a store is not reviewed."}
	errNoRefund    = &refusal{http: http.StatusOK, code: "412", message: "The transaction can't be refunded: cash paid at a store is not given back through this API."}
)

// What the functions report that operators' commands share with the API.
var (
	// ErrNoNotification: there is no notification with this id.
	ErrNoNotification = errors.New("no such notification")
	// ErrNoTarget: neither the merchant nor the charge has a URL to notify.
	ErrNoTarget = errors.New("there is no URL to notify")
	// ErrInactive: the merchant is deactivated.
	ErrInactive = errors.New("the merchant is deactivated")
)

// codeGone is the code of a request whose caller went away before its answer.
// No standard has one; nginx's is widely known. Only the log shows it.
const codeGone = 499

// recoveryPause is how long a merchant waits before asking again, in seconds: filling
// the gap of a restored ledger takes hours.
const recoveryPause = 60

// invalid refuses a request for all its faults at once.
func invalid(faults []string) *refusal {
	return &refusal{http: http.StatusBadRequest, code: "400", message: "The request is not valid. See validation_messages.", faults: faults}
}

// business refuses a sound request for how things stand. It goes over HTTP 200.
func business(code, message string) *refusal {
	return &refusal{http: http.StatusOK, code: code, message: message}
}

// fault refuses a request for what is wrong with the service.
func fault(code, message string) *refusal {
	return &refusal{http: http.StatusInternalServerError, code: code, message: message}
}

// refusalOf is the one table between what goes wrong inside and what a
// merchant is told. Its last row tells nothing. ctx is the request's, which ends
// when the caller goes away.
func refusalOf(ctx context.Context, err error) *refusal {
	var own *refusal
	switch {
	case errors.As(err, &own):
		return own
	case errors.Is(err, access.ErrUnknownKey):
		return errCredentials
	case errors.Is(err, ErrInactive):
		return business("410", "The merchant is deactivated.")
	case errors.Is(err, ErrNoTarget):
		return business("412", "There is no URL to notify.")
	case errors.Is(err, ErrNoNotification):
		return business("404", "The merchant has no notification with this id.")
	case errors.Is(err, ledger.ErrNotFound):
		return business("404", "The merchant has no transaction with this id.")
	case errors.Is(err, ledger.ErrOrderTaken):
		return business("406", "The order_id has a transaction that can be paid, or was. Ask for its status.")
	case errors.Is(err, ledger.ErrFinal):
		return business("412", "The transaction's status can't be changed any more.")
	case errors.Is(err, ledger.ErrTerms):
		return invalid([]string{"transaction_details, cstore and custom_expiry contradict each other"})
	case errors.Is(err, ledger.ErrBusy), errors.Is(err, ledger.ErrNotCommitted):
		return errFull
	case errors.Is(err, ledger.ErrRecovery):
		return &refusal{http: http.StatusServiceUnavailable, code: "503", message: "The service is being restored. Nothing has changed; try again later.", retryAfter: recoveryPause}
	case errors.Is(err, ledger.ErrOutcomeUnknown):
		return fault("500", "It is not known whether the request took effect. Ask for the status.")
	case errors.Is(err, ledger.ErrCodesExhausted):
		return fault("505", "No payment code could be given out.")
	case ctx.Err() != nil && errors.Is(err, ctx.Err()):
		return &refusal{http: codeGone, code: strconv.Itoa(codeGone), message: "The caller went away before the answer."}
	default:
		return fault("500", "There is a fault in the service.")
	}
}

// errorBody is the body of a refusal, in the order of its members.
type errorBody struct {
	StatusCode    string   `json:"status_code"`
	StatusMessage string   `json:"status_message"`
	ID            string   `json:"id"`
	Faults        []string `json:"validation_messages,omitempty"`
}

// rateBody is the body of HTTP 429.
type rateBody struct {
	Message string `json:"message"`
}

// Failure is a refusal as the log may keep it.
type Failure struct {
	// ID is the UUID that the merchant was given, to name it to support.
	ID string
	// HTTP is the HTTP status and Code the body's status_code.
	HTTP int
	Code string
	// Faults are the validation messages, if any.
	Faults []string
	// Err is the cause. It may be told to operators only.
	Err error
}

// refuse is the only way by which a refusal leaves.
func (h *handler) refuse(w http.ResponseWriter, r *http.Request, err error) {
	is, id := refusalOf(r.Context(), err), h.NewID()
	h.report(r.Context(), Failure{ID: id, HTTP: is.http, Code: is.code, Faults: is.faults, Err: err})
	if is.retryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(is.retryAfter))
	}
	switch is.http {
	case http.StatusUnauthorized: // RFC 9110, section 11.6.1: a 401 names the scheme
		w.Header().Set("WWW-Authenticate", `Basic realm="paypoint"`)
	case http.StatusTooManyRequests:
		// The SDKs know this answer by its lack of a status_code.
		write(w, is.http, rateBody{is.message})
		return
	}
	write(w, is.http, errorBody{StatusCode: is.code, StatusMessage: is.message, ID: id, Faults: is.faults})
}

func (h *handler) report(ctx context.Context, f Failure) {
	if h.Report != nil {
		h.Report(ctx, f)
	}
}

// write sends a body. All bodies are structs of plain values, which always marshal;
// an error of the connection has nobody left to be told.
func write(w http.ResponseWriter, status int, body any) {
	text, _ := json.Marshal(body)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(text)
}

// panicError is a panic on its way to the log.
type panicError struct {
	cause any
	stack []byte
}

func newPanicError(cause any) error { return &panicError{cause: cause, stack: debug.Stack()} }

// Error names the cause and where it happened.
func (p *panicError) Error() string { return fmt.Sprintf("panic: %v\n%s", p.cause, p.stack) }
