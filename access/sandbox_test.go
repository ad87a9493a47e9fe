package access_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/access"
)

func TestEnsureSandboxPutsInItsMerchantOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	require.False(t, b.directory.HasSandbox())
	for range 2 {
		m, err := b.directory.EnsureSandbox(t.Context())
		require.NoError(t, err)
		require.Equal(t, "G000000001", m.ID)
		require.Equal(t, "Sandbox Shop", m.Name)
		require.Zero(t, m.Hold)
		require.True(t, m.Active)
		require.True(t, b.directory.HasSandbox())
		b.restart(t)
	}
	require.Len(t, b.changes(t), 1)
	m, err := b.directory.Authenticate(t.Context(), "SB-paypoint-server-key")
	require.NoError(t, err)
	require.Equal(t, "G000000001", m.ID)
	require.Equal(t, "SB-paypoint-server-key", b.signingKey(t, m.ID))
	second, _ := b.add(t, access.NewMerchant{Name: "Second"})
	require.Equal(t, "G000000002", second.ID)
	require.Equal(t, "101", second.Prefix)
}

func TestEnsureSandboxSparesARealLedger(t *testing.T) {
	t.Parallel()
	b := setup(t)
	real, _ := b.add(t, access.NewMerchant{Name: "Real Shop"})
	_, err := b.directory.EnsureSandbox(t.Context())
	require.ErrorIs(t, err, access.ErrNotSandbox)
	require.ErrorContains(t, err, real.ID)
	_, err = b.directory.Authenticate(t.Context(), "SB-paypoint-server-key")
	require.ErrorIs(t, err, access.ErrUnknownKey)
	require.False(t, b.directory.HasSandbox())
}

func TestEnsureSandboxPutsInItsPersonsOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	require.False(t, b.staff.HasSandbox())
	for range 2 {
		require.NoError(t, b.staff.EnsureSandbox(t.Context()))
		require.True(t, b.staff.HasSandbox())
		for token, id := range map[string]string{
			"SB-paypoint-finance-token": "sandbox-finance", "SB-paypoint-approver-token": "sandbox-approver",
		} {
			p, ok := b.staff.Check(token)
			require.True(t, ok)
			require.Equal(t, id, p.ID)
			require.Equal(t, access.RoleApprover, p.Role, "each can approve what the other proposes")
			require.True(t, p.Sandbox)
		}
		b.restart(t)
	}
	var who []string
	for _, change := range b.changes(t) {
		who = append(who, change.By+" "+change.Key)
	}
	require.Equal(t, []string{
		"sandbox person/sandbox-finance", "sandbox person/sandbox-approver", "sandbox person/sandbox-viewer",
		"sandbox person/sandbox-operator", "sandbox person/sandbox-admin", "sandbox person/sandbox-merchant",
	}, who)
}

func TestEnsureSandboxLeavesItsPersonsAsTheyAre(t *testing.T) {
	t.Parallel()
	b := setup(t)
	require.NoError(t, b.staff.EnsureSandbox(t.Context()))
	b.hire(t, "siti", access.RoleViewer)
	_, err := b.staff.SetRole(t.Context(), "tester", access.SandboxFinance, access.RoleFinance, "")
	require.NoError(t, err)
	p, _ := b.staff.Person(access.SandboxFinance)
	_, err = b.staff.RevokeToken(t.Context(), "tester", access.SandboxFinance, p.Tokens[0].ID)
	require.NoError(t, err)
	before := b.staff.List()
	b.restart(t)
	require.NoError(t, b.staff.EnsureSandbox(t.Context()))
	require.Equal(t, before, b.staff.List())
	_, ok := b.staff.Check(access.SandboxFinanceToken)
	require.False(t, ok, "a revoked token stays so")
}

func TestEnsureSandboxGoesOnWhereItWasCutShort(t *testing.T) {
	t.Parallel()
	b := setup(t)
	require.NoError(t, b.staff.EnsureSandbox(t.Context()))
	want := b.staff.List()
	require.NoError(t, b.service.Alter(t.Context(), "person/sandbox-approver", "tester", func([]byte) ([]byte, error) { return nil, nil }))
	b.restart(t)
	require.Len(t, b.staff.List(), len(want)-1)
	require.NoError(t, b.staff.EnsureSandbox(t.Context()))
	require.Equal(t, want, b.staff.List())
}

// A sandbox of a program that knew no passwords gets them, and the rest stays.
func TestEnsureSandboxGivesPasswordsToAnOlderSandbox(t *testing.T) {
	t.Parallel()
	b := setup(t)
	require.NoError(t, b.staff.EnsureSandbox(t.Context()))
	want := b.staff.List()
	b.alter(t, "person/sandbox-finance", func(s map[string]any) { delete(s, "password"); s["v"] = 1 })
	b.restart(t)
	_, err := b.staff.CheckPassword(t.Context(), access.SandboxFinance, access.SandboxPassword)
	require.ErrorIs(t, err, access.ErrCredentials)
	require.NoError(t, b.staff.EnsureSandbox(t.Context()))
	require.Equal(t, want, b.staff.List())
	_, err = b.staff.CheckPassword(t.Context(), access.SandboxFinance, access.SandboxPassword)
	require.NoError(t, err)
}

// There is a person of each role, and one password lets all of them in.
func TestTheSandboxHasAPersonOfEachRole(t *testing.T) {
	t.Parallel()
	b := setup(t)
	require.NoError(t, b.staff.EnsureSandbox(t.Context()))
	roles := map[access.Role]bool{}
	for _, p := range b.staff.List() {
		signedIn, err := b.staff.CheckPassword(t.Context(), p.ID, access.SandboxPassword)
		require.NoError(t, err)
		require.Equal(t, p, signedIn)
		require.False(t, p.MustChange)
		roles[p.Role] = true
	}
	delete(roles, access.RoleApprover)
	require.Equal(t, map[access.Role]bool{
		access.RoleViewer: true, access.RoleOperator: true, access.RoleMerchant: true, access.RoleAdmin: true,
	}, roles)
	shopkeeper, _ := b.staff.Person(access.SandboxShopkeeper)
	require.Equal(t, access.SandboxMerchant, shopkeeper.Merchant)
}

func TestEnsureSandboxSparesRealPersons(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"siti", access.SandboxFinance} {
		b := setup(t)
		b.hire(t, id, access.RoleViewer)
		err := b.staff.EnsureSandbox(t.Context())
		require.ErrorIs(t, err, access.ErrNotSandbox)
		require.ErrorContains(t, err, id)
		require.False(t, b.staff.HasSandbox())
		require.Len(t, b.staff.List(), 1)
		_, ok := b.staff.Check(access.SandboxFinanceToken)
		require.False(t, ok)
	}
}

func TestEnsureSandboxTellsThatItCanNot(t *testing.T) {
	t.Parallel()
	b := setup(t)
	staff, err := access.OpenStaff(t.Context(), &stubborn{Settings: b.service, refusal: errRefused}, b.sealer, clock)
	require.NoError(t, err)
	require.ErrorIs(t, staff.EnsureSandbox(t.Context()), errRefused)
	require.False(t, staff.HasSandbox())
}
