package charge

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxDepth is how deep objects and arrays may be nested.
const maxDepth = 32

// readBody reads a request's body into its members, with the faults found on
// the way. Nothing at all, null and {} are the same: SDKs send each of them for
// "no body". The error is a refusal.
func readBody(from io.Reader) (object, error) {
	text, err := readText(from)
	if err != nil {
		return object{}, err
	}
	if len(bytes.TrimSpace(text)) == 0 {
		text = []byte("null")
	}
	// encoding/json would replace bytes that are no text instead of refusing them.
	if !utf8.Valid(text) || !json.Valid(text) {
		return object{}, errNotJSON
	}
	r := &reader{decoder: json.NewDecoder(bytes.NewReader(text)), faults: &faults{}}
	r.decoder.UseNumber()
	value, err := r.value()
	if err != nil {
		return object{}, err
	}
	body := object{faults: r.faults}
	switch value := value.(type) {
	case nil:
	case map[string]any:
		body.members = value
	default:
		return object{}, invalid([]string{"the body must be an object"})
	}
	return body, nil
}

// readText reads a request's body as it is. The error is a refusal.
func readText(from io.Reader) ([]byte, error) {
	text, err := io.ReadAll(from)
	if large := (*http.MaxBytesError)(nil); errors.As(err, &large) {
		return nil, errTooLarge
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNotWhole, err)
	}
	return text, nil
}

// reader reads valid JSON into maps and slices. Unlike json.Unmarshal it sees a
// member that is given twice: of two amounts, which one counts must not depend
// on who reads.
type reader struct {
	decoder *json.Decoder
	path    []string
	faults  *faults
}

func (r *reader) value() (any, error) {
	token, err := r.decoder.Token()
	if err != nil {
		return nil, errNotJSON
	}
	switch token {
	case json.Delim('{'):
		return r.object()
	case json.Delim('['):
		return r.array()
	default:
		return token, nil
	}
}

func (r *reader) object() (any, error) {
	members := map[string]any{}
	for r.decoder.More() {
		token, err := r.decoder.Token()
		if err != nil {
			return nil, errNotJSON
		}
		name, _ := token.(string)
		value, err := r.member(name)
		if err != nil {
			return nil, err
		}
		if _, twice := members[name]; twice {
			r.faults.add(joined(append(slices.Clone(r.path), name)), "is given twice")
		}
		members[name] = value
	}
	return members, r.end()
}

// joined writes a path as merchants know it: item_details[0].name.
func joined(path []string) string {
	return strings.ReplaceAll(strings.Join(path, "."), ".[", "[")
}

func (r *reader) array() (any, error) {
	values := []any{}
	for r.decoder.More() {
		value, err := r.member(fmt.Sprintf("[%d]", len(values)))
		if err != nil {
			return nil, err
		}
		values = append(values, value)
	}
	return values, r.end()
}

// member reads the value under a name, one level deeper.
func (r *reader) member(name string) (any, error) {
	if len(r.path) == maxDepth {
		return nil, invalid([]string{fmt.Sprintf("the body must be nested at most %d levels deep", maxDepth)})
	}
	r.path = append(r.path, name)
	value, err := r.value()
	r.path = r.path[:len(r.path)-1]
	return value, err
}

// end takes the closing bracket.
func (r *reader) end() error {
	if _, err := r.decoder.Token(); err != nil {
		return errNotJSON
	}
	return nil
}
