package finance

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	// MaxBody bounds a body of JSON, in bytes: a list of some ten thousand
	// merchants fits.
	MaxBody = 256 << 10
	// maxDepth is how deep its objects and lists may be nested.
	maxDepth = 8
)

// badBody refuses a body, naming the member and the rule.
func badBody(field, message string) failure {
	f := failure{status: http.StatusUnprocessableEntity, Code: "bad_body", Message: message, Field: field}
	if field != "" {
		f.Message = field + ": " + message
	}
	return f
}

// badDay refuses a member that is no day.
func badDay(field string) failure { return badBody(field, "want a day as yyyy-mm-dd") }

// body reads a request's body into a struct, by its JSON tags. All members that
// are not optional (omitempty or omitzero) must be there.
func (c *call) body(into any) error {
	text, err := io.ReadAll(http.MaxBytesReader(c.answer, c.r.Body, MaxBody))
	if large := (*http.MaxBytesError)(nil); errors.As(err, &large) {
		return failure{
			status: http.StatusRequestEntityTooLarge, Code: "too_large",
			Message: fmt.Sprintf("the body has more than %d bytes", MaxBody),
		}
	}
	if err != nil {
		return brokenOff(err)
	}
	return readJSON(text, into)
}

// bodyAlone reads the body of a request without parameters.
func bodyAlone(c *call, into any) error {
	if _, err := c.parameters(); err != nil {
		return err
	}
	return c.body(into)
}

// readJSON reads strictly what encoding/json would read kindly.
func readJSON(text []byte, into any) error {
	// It would put U+FFFD for bytes that are no text.
	if !utf8.Valid(text) || !json.Valid(text) {
		return badBody("", "the body must be one object of JSON in UTF-8")
	}
	s := &shape{decoder: json.NewDecoder(bytes.NewReader(text))}
	if err := s.value(reflect.TypeOf(into).Elem()); err != nil {
		return err
	}
	// What is left to find are values of a wrong kind or out of range.
	if err := json.Unmarshal(text, into); err != nil {
		return badValue(err)
	}
	return nil
}

// badValue refuses a value that does not fit its member.
func badValue(err error) error {
	var wrong *json.UnmarshalTypeError
	if !errors.As(err, &wrong) {
		return badBody("", "the body can't be read").because(err)
	}
	want := "another value"
	switch wrong.Type.Kind() {
	case reflect.String:
		want = "a text"
	case reflect.Int, reflect.Int64, reflect.Uint64:
		want = "a whole number, without a fraction or an exponent, in its range"
	case reflect.Slice:
		want = "a list"
	case reflect.Struct:
		want = "an object"
	}
	return badBody(wrong.Field, "want "+want)
}

// shape holds the members of a JSON text against a type, before it is read:
// json.Unmarshal takes "Amount" for "amount", the last of two, and null for
// nothing given.
type shape struct {
	decoder *json.Decoder
	path    []string
}

// value reads a value that is meant for a type.
func (s *shape) value(t reflect.Type) error {
	token, err := s.decoder.Token()
	if err != nil {
		return badBody("", "the body must be one object of JSON in UTF-8").because(err)
	}
	switch token {
	case nil:
		return badBody(s.at(), "null: leave it out instead")
	case json.Delim('{'):
		return s.object(t)
	case json.Delim('['):
		return s.list(t)
	default:
		if len(s.path) == 0 {
			return badBody("", "the body must be an object")
		}
		return nil
	}
}

func (s *shape) object(t reflect.Type) error {
	if t.Kind() != reflect.Struct {
		return badBody(s.at(), "an object is not wanted here")
	}
	// Names are compared byte by byte: encoding/json would fold their case.
	known := members(t)
	seen := map[string]bool{}
	for s.decoder.More() {
		token, err := s.decoder.Token()
		if err != nil {
			return err
		}
		name, _ := token.(string)
		member, ok := known[name]
		switch {
		case !ok:
			return s.inside(shown(name), func() error { return badBody(s.at(), "unknown; known: "+listed(names(known))) })
		case seen[name]:
			return s.inside(name, func() error { return badBody(s.at(), "given twice") })
		}
		seen[name] = true
		if err := s.inside(name, func() error { return s.value(member.of) }); err != nil {
			return err
		}
	}
	for _, name := range names(known) {
		if known[name].needed && !seen[name] {
			return s.inside(name, func() error { return badBody(s.at(), "missing") })
		}
	}
	_, err := s.decoder.Token()
	return err
}

func (s *shape) list(t reflect.Type) error {
	if t.Kind() != reflect.Slice || len(s.path) == 0 {
		return badBody(s.at(), "a list is not wanted here")
	}
	for i := 0; s.decoder.More(); i++ {
		if err := s.inside(fmt.Sprintf("[%d]", i), func() error { return s.value(t.Elem()) }); err != nil {
			return err
		}
	}
	_, err := s.decoder.Token()
	return err
}

// inside does something one level deeper.
func (s *shape) inside(name string, do func() error) error {
	if len(s.path) == maxDepth {
		return badBody(s.at(), fmt.Sprintf("nested more than %d levels deep", maxDepth))
	}
	s.path = append(s.path, name)
	defer func() { s.path = s.path[:len(s.path)-1] }()
	return do()
}

// at is the place that was reached, as people write it: rates[0].from.
func (s *shape) at() string { return strings.ReplaceAll(strings.Join(s.path, "."), ".[", "[") }

// shown is an unknown name, cut so that an answer does not grow with a request.
func shown(name string) string { return fmt.Sprintf("%.40s", strings.ToValidUTF8(name, "?")) }

// member is a field of a struct that a body is read into.
type member struct {
	of reflect.Type
	// needed says that it has to be there: it is neither omitempty nor omitzero.
	needed bool
}

// members are those of a struct by their names in JSON. Embedded structs have
// none of their own: bodies are plain.
func members(t reflect.Type) map[string]member {
	known := map[string]member{}
	for _, field := range reflect.VisibleFields(t) {
		name, options, tagged := strings.Cut(field.Tag.Get("json"), ",")
		if name == "" || name == "-" {
			continue
		}
		known[name] = member{of: field.Type, needed: !tagged || !strings.HasPrefix(options, "omit")}
	}
	return known
}

func names(known map[string]member) []string {
	var all []string
	for name := range known {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}
