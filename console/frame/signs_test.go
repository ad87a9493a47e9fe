package frame

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A character that turns the direction of a text has it read as another.
func TestUnwritable(t *testing.T) {
	t.Parallel()
	for _, r := range "\x00\x1b\u007f\u202a\u202e\u2066\u2069\u200e\u061c" {
		require.True(t, unwritable(r), "%U", r)
	}
	for _, r := range "a é\n\t日=م👍" {
		require.False(t, unwritable(r), "%U", r)
	}
}
