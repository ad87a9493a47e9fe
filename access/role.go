package access

import "slices"

// Role is what a person may do in finance. Each role has the rights of those
// before it in Roles.
type Role string

const (
	// RoleViewer reads and exports.
	RoleViewer Role = "viewer"
	// RoleFinance imports, matches, closes, notes, proposes, and records
	// transfers and payouts.
	RoleFinance Role = "finance"
	// RoleApprover approves what another person proposed.
	RoleApprover Role = "approver"
)

// Roles lists the roles from the fewest rights to the most.
func Roles() []Role { return []Role{RoleViewer, RoleFinance, RoleApprover} }

// known says whether it is one of Roles.
func (r Role) known() bool { return slices.Contains(Roles(), r) }

// Allows says whether a role has the rights of the one that is needed. A role
// that is not known allows nothing, and one that is not known is never allowed.
func (r Role) Allows(needed Role) bool {
	// The index of a role that is not known is -1, below all.
	return needed.known() && slices.Index(Roles(), r) >= slices.Index(Roles(), needed)
}
