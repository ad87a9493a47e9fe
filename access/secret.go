package access

import (
	"fmt"
	"io"
	"log/slog"
)

// mask stands for every secret, so that not even its length shows.
const mask = "(secret)"

// masked makes the type that embeds it print as a mask in text, logs, errors
// and listings.
type masked struct{}

// String is the mask.
func (masked) String() string { return mask }

// Format writes the mask under every verb, %#v and %x too.
func (masked) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, mask) }

// MarshalText is the mask for encoders of JSON, YAML and XML.
func (masked) MarshalText() ([]byte, error) { return []byte(mask), nil }

// LogValue is the mask for structured logs.
func (masked) LogValue() slog.Value { return slog.StringValue(mask) }

// ServerKey is a merchant's server key in the clear. It prints as a mask.
type ServerKey struct {
	masked
	text string
}

// Reveal is the key itself, to show it once or to sign with it.
func (k ServerKey) Reveal() string { return k.text }
