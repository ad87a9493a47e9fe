package access_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/access"
)

// granted is who may what, written once more in another way than the program has
// it: by role, and as a whole.
func granted() map[access.Role]string {
	const (
		reads   = "payments.read notification.read settlement.read reconciliation.read case.read statement.read money.read merchant.read store.read schedule.read recovery.read"
		exports = " payments.export settlement.export"
		works   = " payments.unmask notification.resend settlement.close file.import reconciliation.match case.work statement.close money.record merchant.terms schedule.run recovery.work"
	)
	return map[access.Role]string{
		access.RoleViewer:   "own " + reads + exports,
		access.RoleFinance:  "own " + reads + exports + works,
		access.RoleApprover: "own " + reads + exports + works + " case.approve recovery.approve",
		access.RoleOperator: "own " + reads + " notification.resend merchant.write merchant.rotate_key system.read system.check system.maintain schedule.run",
		access.RoleMerchant: "own payments.read payments.export notification.read notification.resend merchant.read merchant.own_urls statement.read",
		access.RoleAdmin:    "own " + reads + " user.read user.write audit.read system.read merchant.write merchant.rotate_key",
	}
}

// Every role × every action.
func TestEachRoleMayWhatItsTableSaysAndNoMore(t *testing.T) {
	t.Parallel()
	want := granted()
	require.Len(t, want, len(access.Roles()))
	all := map[access.Action]bool{}
	for _, role := range access.Roles() {
		for _, name := range strings.Fields(want[role]) {
			all[access.Action(name)] = true
		}
		for _, action := range access.Actions() {
			expected := strings.Contains(" "+want[role]+" ", " "+string(action)+" ")
			require.Equal(t, expected, role.May(action), "%s, %s", role, action)
		}
	}
	require.Len(t, access.Actions(), len(all), "no action is in the table twice, nor is one of nobody's")
}

// What is not known neither may nor is allowed.
func TestAnUnknownRoleOrActionMayNothing(t *testing.T) {
	t.Parallel()
	for _, role := range []access.Role{"", "root", "Admin", "admin ", "approver\x00"} {
		for _, action := range append(access.Actions(), "") {
			require.False(t, role.May(action), "%q, %q", role, action)
		}
	}
	for _, role := range access.Roles() {
		for _, action := range []access.Action{"", "Own", "payments", "payments.*", "payments.read ", "*"} {
			require.False(t, role.May(action), "%q, %q", role, action)
		}
	}
}
