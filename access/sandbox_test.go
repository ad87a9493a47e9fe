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
