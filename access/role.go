package access

import "slices"

// Role is what a person does in the company; the table in action.go says what
// each may.
type Role string

const (
	// RoleViewer reads and exports.
	RoleViewer Role = "viewer"
	// RoleFinance imports, matches, closes, notes, proposes, and records
	// transfers and payouts.
	RoleFinance Role = "finance"
	// RoleApprover does what finance does, and approves what another person
	// proposed.
	RoleApprover Role = "approver"
	// RoleOperator keeps merchants, notifications and the daily jobs going.
	RoleOperator Role = "operator"
	// RoleMerchant is a person of one merchant, who sees that merchant's alone.
	RoleMerchant Role = "merchant"
	// RoleAdmin keeps the persons and reads the audit log.
	RoleAdmin Role = "admin"
)

// Roles lists the roles.
func Roles() []Role {
	return []Role{RoleViewer, RoleFinance, RoleApprover, RoleOperator, RoleMerchant, RoleAdmin}
}

// known says whether it is one of Roles.
func (r Role) known() bool { return slices.Contains(Roles(), r) }

// May says whether a role may do something. A role or an action that is not in
// the table may not.
func (r Role) May(a Action) bool {
	for _, right := range rights() {
		if right.action == a {
			return right.roles&r.bit() != 0
		}
	}
	return false
}

// bit is the role's place in a set of roles; none for one that is not known.
func (r Role) bit() roles {
	if i := slices.Index(Roles(), r); i >= 0 {
		return 1 << i
	}
	return 0
}
