package audit_test

import (
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/access/audit"
)

// Every act stands in one group, once, and so does every right: what a page is refused
// for is recorded under it.
func TestActsStandOnce(t *testing.T) {
	t.Parallel()
	shape, seen := regexp.MustCompile(`^[a-z]+(_[a-z]+)*(\.[a-z]+(_[a-z]+)*)?$`), map[string]bool{}
	for _, act := range audit.Acts() {
		require.Regexp(t, shape, act)
		require.False(t, seen[act], act)
		require.True(t, audit.IsAct(act))
		seen[act] = true
	}
	for _, action := range access.Actions() {
		require.True(t, seen[string(action)], action)
	}
	require.False(t, audit.IsAct("case.nothing"))
	var groups []string
	for _, group := range audit.Groups() {
		require.NotEmpty(t, group.Acts, group.Name)
		groups = append(groups, group.Name)
	}
	for _, names := range [][]string{groups, audit.Kinds()} {
		slices.Sort(names)
		require.Equal(t, names, slices.Compact(slices.Clone(names)))
	}
}
