package main

import (
	"context"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"paypoint/access"
	"paypoint/charge"
	"paypoint/ledger"
)

// event is the one line that the log gets of a request. The middleware puts it
// into the request's context and writes it when the request is over; whoever
// handles the request notes in it what it knows. A request is handled by one
// goroutine, so it needs no lock.
type event struct {
	fields []zap.Field
	// known says that the caller has shown a key, or is of the operators' socket.
	known bool
	// panicked is the field of a panic, if one ended the request.
	panicked []zap.Field
}

// eventKey is the context's key of the request's event.
type eventKey struct{}

// withEvent gives a request an event.
func withEvent(r *http.Request) (*http.Request, *event) {
	e := &event{}
	return r.WithContext(context.WithValue(r.Context(), eventKey{}, e)), e
}

// note adds fields to the event of a request; one that was noted before takes
// its new value. Where the handler writes an event of its own there is none, and
// nothing is noted.
func note(ctx context.Context, fields ...zap.Field) {
	e, ok := ctx.Value(eventKey{}).(*event)
	if !ok {
		return
	}
	for _, field := range fields {
		before := slices.IndexFunc(e.fields, func(f zap.Field) bool { return f.Key == field.Key })
		if before < 0 {
			e.fields = append(e.fields, field)
		} else {
			e.fields[before] = field
		}
	}
}

// noteCaller notes who calls, which is known now.
func noteCaller(ctx context.Context, who zap.Field) {
	if e, ok := ctx.Value(eventKey{}).(*event); ok {
		e.known = true
	}
	note(ctx, who)
}

// fits says whether the log has room for the line. A caller who is known may be
// above his rate, and then has no bound either.
func (e *event) fits(quota *logQuota, group string, status int) bool {
	if e.known && status != http.StatusTooManyRequests {
		return true
	}
	leftOut, fits := quota.take(group+" "+strconv.Itoa(status), time.Now())
	if leftOut > 0 {
		e.fields = append(e.fields, zap.Int("left_out", leftOut))
	}
	return fits
}

// write logs the request. What is our fault is an error.
func (e *event) write(log *zap.Logger, quota *logQuota, group string, r *http.Request, answer *statusRecorder, took time.Duration) {
	level, message := zapcore.InfoLevel, "request"
	if answer.status >= http.StatusInternalServerError || answer.status == 0 {
		level = zapcore.ErrorLevel
	}
	if e.panicked != nil {
		level, message = zapcore.ErrorLevel, "request panicked"
	}
	entry := log.Check(level, message)
	if entry == nil || !e.fits(quota, group, answer.status) {
		return
	}
	fields := []zap.Field{
		zap.String("group", group), zap.String("method", r.Method),
		// The query can hold what callers put there by mistake, so only the path.
		zap.String("path", loggableShort(r.URL.Path)), zap.Int("status", answer.status), zap.Int64("bytes", answer.bytes),
		zap.Duration("took", took), zap.String("caller", r.RemoteAddr),
	}
	entry.Write(append(append(fields, e.fields...), e.panicked...)...)
}

// noteRefusal notes why a merchant was refused.
func noteRefusal(ctx context.Context, f charge.Failure) {
	fields := []zap.Field{zap.String("id", f.ID), zap.String("status_code", f.Code)}
	if len(f.Faults) > 0 {
		fields = append(fields, zap.Strings("faults", f.Faults))
	}
	note(ctx, append(fields, zap.String("error", loggable(f.Err.Error())))...)
}

// Words are what a caller can put where an order id belongs. Of those, no log
// may show digits that can be a payment code, nor a server key, ours or the
// vendor's, nor a finance token, the sandbox's included. A case's number as the
// ledger keeps it has the digits of a code and is none: half of it is zeros.
var (
	word        = regexp.MustCompile(`[A-Za-z0-9._~-]+`)
	secretShape = regexp.MustCompile(`^[0-9]{12,}$|(?i:(mid|paypoint)-server-|ppf_|paypoint-(finance|approver)-token)`)
	caseNumber  = regexp.MustCompile(`^0{8}[0-9]{8}$`)
)

// maskKept is how much of a secret stays, enough to know what it was: a code's
// prefix, or the beginning of the word.
const maskKept = 3

// loggable is a text that holds what a caller wrote, fit for the log.
func loggable(text string) string {
	return word.ReplaceAllStringFunc(text, func(w string) string {
		if !secretShape.MatchString(w) || caseNumber.MatchString(w) {
			return w
		}
		return w[:maskKept] + strings.Repeat("*", len(w)-maskKept)
	})
}

// loggableShort is a loggable text cut to maxLoggedText. It is masked before: the
// beginning of a secret has not its shape.
func loggableShort(text string) string {
	text = loggable(text)
	if len(text) <= maxLoggedText {
		return text
	}
	return strings.ToValidUTF8(text[:maxLoggedText], "") + "…"
}

// notedMerchants notes which merchant calls.
type notedMerchants struct{ *access.Directory }

// Authenticate is access.Directory's.
func (m notedMerchants) Authenticate(ctx context.Context, key string) (access.Merchant, error) {
	merchant, err := m.Directory.Authenticate(ctx, key)
	if err == nil {
		noteCaller(ctx, zap.String("merchant", merchant.ID))
	}
	return merchant, err
}

// notedLedger notes which order a merchant's request is about, and how it
// stands then.
type notedLedger struct{ *ledger.Service }

// Charge is ledger.Service's.
func (l notedLedger) Charge(ctx context.Context, n ledger.NewCharge) (ledger.Charge, error) {
	note(ctx, zap.String("order", n.Order))
	charge, err := l.Service.Charge(ctx, n)
	if err == nil && charge.ID != n.ID { // the same request came before
		note(ctx, zap.Bool("replayed", true))
	}
	return charge, err
}

// Status is ledger.Service's.
func (l notedLedger) Status(ctx context.Context, merchant, handle string) (ledger.View, error) {
	return noteView(ctx, handle)(l.Service.Status(ctx, merchant, handle))
}

// Life is ledger.Service's.
func (l notedLedger) Life(ctx context.Context, merchant, handle string) (ledger.View, []ledger.LifeEvent, error) {
	view, life, err := l.Service.Life(ctx, merchant, handle)
	view, err = noteView(ctx, handle)(view, err)
	return view, life, err
}

// Lookup is ledger.Service's. The path has the handle.
func (l notedLedger) Lookup(ctx context.Context, id string) (ledger.View, error) {
	view, err := l.Service.Lookup(ctx, id)
	if err == nil {
		note(ctx, zap.String("merchant", view.Merchant), zap.String("order", view.Order), zap.String("standing", string(view.Standing)))
	}
	return view, err
}

// Cancel is ledger.Service's.
func (l notedLedger) Cancel(ctx context.Context, merchant, handle string) (ledger.View, error) {
	return noteView(ctx, handle)(l.Service.Cancel(ctx, merchant, handle))
}

// Expire is ledger.Service's.
func (l notedLedger) Expire(ctx context.Context, merchant, handle string) (ledger.View, error) {
	return noteView(ctx, handle)(l.Service.Expire(ctx, merchant, handle))
}

// noteView notes a charge that was asked for by a handle, which is its order id
// or its own.
func noteView(ctx context.Context, handle string) func(ledger.View, error) (ledger.View, error) {
	return func(v ledger.View, err error) (ledger.View, error) {
		if v.Order == "" { // it was not found, or could not be read
			note(ctx, zap.String("order", loggableShort(handle)))
			return v, err
		}
		note(ctx, zap.String("order", v.Order), zap.String("standing", string(v.Standing)))
		return v, err
	}
}
