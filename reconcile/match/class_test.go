package match_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/reconcile/match"
)

func TestClassesAreListedOnce(t *testing.T) {
	t.Parallel()
	seen := map[match.Class]bool{}
	for _, class := range append(match.Classes(), match.FileClasses()...) {
		require.False(t, seen[class], class)
		seen[class] = true
		require.Equal(t, class == match.Matched || class == match.DateShift, class.Clean(), class)
	}
	require.Len(t, seen, 15)
}
