package access_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/access"
)

func TestARoleHasTheRightsOfThoseBeforeIt(t *testing.T) {
	t.Parallel()
	const viewer, finance, approver = access.RoleViewer, access.RoleFinance, access.RoleApprover
	require.Equal(t, []access.Role{viewer, finance, approver}, access.Roles())
	for _, c := range []struct {
		has, needed access.Role
		allowed     bool
	}{
		{viewer, viewer, true}, {viewer, finance, false}, {viewer, approver, false},
		{finance, viewer, true}, {finance, finance, true}, {finance, approver, false},
		{approver, viewer, true}, {approver, finance, true}, {approver, approver, true},
		// What is not known neither allows nor is allowed, itself included.
		{"", viewer, false}, {"", "", false}, {approver, "", false},
		{"root", viewer, false}, {approver, "root", false}, {"root", "root", false},
		{"Approver", viewer, false}, {"approver ", viewer, false},
	} {
		require.Equal(t, c.allowed, c.has.Allows(c.needed), "%q for %q", c.has, c.needed)
	}
}
