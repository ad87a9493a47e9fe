package access_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/access"
)

func TestAuthenticateRefuses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, key := b.add(t, access.NewMerchant{Name: "Shop"})
	clear := key.Reveal()
	for name, try := range map[string]string{
		"nothing":           "",
		"another key":       "paypoint-server-" + strings.Repeat("A", 43),
		"the start":         clear[:len(clear)-1],
		"one character on":  clear + "A",
		"another case":      strings.ToUpper(clear),
		"the SHA-256":       sha256Hex(clear),
		"a space before":    " " + clear,
		"longer than all":   strings.Repeat("x", 256),
		"the merchant's id": "G000000001",
		"the mask":          "(secret)",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := b.directory.Authenticate(t.Context(), try)
			require.ErrorIs(t, err, access.ErrUnknownKey)
		})
	}
}

func TestRotationKeepsTheOldKeyUntilTheNewOneIsUsed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	m, old := b.add(t, access.NewMerchant{Name: "Shop"})
	b.add(t, access.NewMerchant{Name: "Another"})
	rotated, fresh, err := b.directory.RotateKey(t.Context(), "tester", m.ID, inThreeDays())
	require.NoError(t, err)
	require.Len(t, rotated.Keys, 2)
	require.True(t, rotated.Keys[0].Signs)
	require.False(t, rotated.Keys[1].Signs)

	// Also after a restart, the old key opens and signs.
	b.restart(t)
	found, err := b.directory.Authenticate(t.Context(), old.Reveal())
	require.NoError(t, err)
	require.Equal(t, rotated, found)
	require.Equal(t, old.Reveal(), b.signingKey(t, m.ID))

	found, err = b.directory.Authenticate(t.Context(), fresh.Reveal())
	require.NoError(t, err)
	require.Equal(t, m.ID, found.ID)
	require.Len(t, found.Keys, 1)
	require.True(t, found.Keys[0].Signs)
	require.Equal(t, fresh.Reveal(), b.signingKey(t, m.ID))
	_, err = b.directory.Authenticate(t.Context(), old.Reveal())
	require.ErrorIs(t, err, access.ErrUnknownKey)

	b.restart(t)
	_, err = b.directory.Authenticate(t.Context(), old.Reveal())
	require.ErrorIs(t, err, access.ErrUnknownKey)
	_, err = b.directory.Authenticate(t.Context(), fresh.Reveal())
	require.NoError(t, err)
}

func (b *bundle) signingKey(t *testing.T, id string) string {
	t.Helper()
	key, err := b.directory.SigningKey(id)
	require.NoError(t, err)
	return key.Reveal()
}

func TestRotatingAgainReplacesTheUnusedKey(t *testing.T) {
	t.Parallel()
	b := setup(t)
	m, old := b.add(t, access.NewMerchant{Name: "Shop"})
	_, lost, err := b.directory.RotateKey(t.Context(), "tester", m.ID, inThreeDays())
	require.NoError(t, err)
	_, fresh, err := b.directory.RotateKey(t.Context(), "tester", m.ID, inThreeDays())
	require.NoError(t, err)

	_, err = b.directory.Authenticate(t.Context(), lost.Reveal())
	require.ErrorIs(t, err, access.ErrUnknownKey)
	_, err = b.directory.Authenticate(t.Context(), old.Reveal())
	require.NoError(t, err)
	_, err = b.directory.Authenticate(t.Context(), fresh.Reveal())
	require.NoError(t, err)
}

func TestFirstCallsWithANewKeyAtOnceRetireTheOldOneOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	m, old := b.add(t, access.NewMerchant{Name: "Shop"})
	_, fresh, err := b.directory.RotateKey(t.Context(), "tester", m.ID, inThreeDays())
	require.NoError(t, err)
	before := len(b.changes(t))

	errs := make([]error, 64)
	var group sync.WaitGroup
	for i := range errs {
		group.Go(func() { _, errs[i] = b.directory.Authenticate(t.Context(), fresh.Reveal()) })
	}
	group.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
	require.Len(t, b.changes(t), before+1)
	_, err = b.directory.Authenticate(t.Context(), old.Reveal())
	require.ErrorIs(t, err, access.ErrUnknownKey)
}

func TestACallerWhoHangsUpDoesNotStopTheRotation(t *testing.T) {
	t.Parallel()
	b := setup(t)
	m, old := b.add(t, access.NewMerchant{Name: "Shop"})
	gone, hangUp := context.WithCancel(t.Context())
	hangUp()
	_, fresh, err := b.directory.RotateKey(gone, "tester", m.ID, inThreeDays())
	require.NoError(t, err)
	_, err = b.directory.Authenticate(gone, fresh.Reveal())
	require.NoError(t, err)
	_, err = b.directory.Authenticate(t.Context(), old.Reveal())
	require.ErrorIs(t, err, access.ErrUnknownKey)
}

func TestUnknownMerchantsHaveNoKeys(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, _, err := b.directory.RotateKey(t.Context(), "tester", "G000000007", inThreeDays())
	require.ErrorIs(t, err, access.ErrUnknownMerchant)
	_, err = b.directory.SigningKey("G000000007")
	require.ErrorIs(t, err, access.ErrUnknownMerchant)
	_, err = b.directory.SetActive(t.Context(), "tester", "G000000007", false)
	require.ErrorIs(t, err, access.ErrUnknownMerchant)
}
