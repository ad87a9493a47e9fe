package frame

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"paypoint/access/audit"
)

// failure is an error that a person is told of: a status and a sentence.
type failure struct {
	status int
	// key and pairs are the sentence; without one the status has its own. field is
	// what it is about, where it is a field of a form.
	key   string
	pairs []any
	field string
	// cause is for the log alone.
	cause error
}

// Error is for the log.
func (f *failure) Error() string {
	text := fmt.Sprintf("%d %s", f.status, http.StatusText(f.status))
	if f.key != "" {
		text += ": " + f.key
	}
	if f.cause != nil {
		text += ": " + f.cause.Error()
	}
	return text
}

// Unwrap is the cause.
func (f *failure) Unwrap() error { return f.cause }

// NotFound is answered with 404: key's sentence says what is not there.
func NotFound(key string, pairs ...any) error {
	return &failure{status: http.StatusNotFound, key: key, pairs: pairs}
}

// Refused is answered with 409: as things stand it can't be done.
func Refused(key string, pairs ...any) error {
	return &failure{status: http.StatusConflict, key: key, pairs: pairs}
}

// Invalid is answered with 422: one field breaks a rule.
func Invalid(field, key string, pairs ...any) error {
	return &failure{status: http.StatusUnprocessableEntity, field: field, key: key, pairs: pairs}
}

// Forbidden is answered with 403, and recorded as refused.
func Forbidden() error { return &failure{status: http.StatusForbidden} }

// ForbiddenFor is Forbidden where another reason than the role forbids it.
func ForbiddenFor(key string, pairs ...any) error {
	return &failure{status: http.StatusForbidden, key: key, pairs: pairs}
}

// Unavailable is answered with 503: what it takes can't be used now. key's sentence
// says what, cause is for the log alone.
func Unavailable(cause error, key string, pairs ...any) error {
	return &failure{status: http.StatusServiceUnavailable, key: key, pairs: pairs, cause: cause}
}

// forged is answered with 403 to a form that did not come from a page of ours.
func forged(cause error) error {
	return &failure{status: http.StatusForbidden, key: "frame.fault.forged", cause: cause}
}

// Fault says what is wrong with a field, in the person's language.
type Fault struct{ Field, Text string }

// Faults are what is wrong with a form. Returned as an error they are answered
// with 422.
type Faults []Fault

// Error is for the log: the fields only, for texts may repeat what was typed.
func (f Faults) Error() string {
	fields := make([]string, len(f))
	for i, fault := range f {
		fields[i] = fault.Field
	}
	return "bad fields: " + strings.Join(fields, ", ")
}

// of is the first fault of a field, "" when there is none.
func (f Faults) of(field string) string {
	for _, fault := range f {
		if fault.Field == field {
			return fault.Text
		}
	}
	return ""
}

// answerTo says how an error is answered: the status, a heading, a sentence, and
// the faults. An error that is not the frame's is told to the log alone, but that the
// audit log can't be read.
func (t *tongue) answerTo(err error) (status int, sentence string, faults Faults) {
	var known *failure
	switch {
	case errors.As(err, &faults):
		return http.StatusUnprocessableEntity, t.text("frame.fault.422"), faults
	case errors.As(err, &known):
	case errors.Is(err, audit.ErrUnusable):
		return http.StatusServiceUnavailable, t.text("frame.fault.unreadable"), nil
	default:
		return http.StatusInternalServerError, t.text("frame.fault.500"), nil
	}
	sentence = t.text(fmt.Sprintf("frame.fault.%d", known.status))
	if known.key != "" {
		sentence = t.text(known.key, known.pairs...)
	}
	if known.field != "" {
		return known.status, t.text("frame.fault.422"), Faults{{known.field, sentence}}
	}
	return known.status, sentence, nil
}
