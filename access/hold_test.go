package access_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/access"
)

func TestSetHoldLastsARestart(t *testing.T) {
	t.Parallel()
	b := setup(t)
	m, _ := b.add(t, access.NewMerchant{Name: "Shop", Hold: access.DefaultHold})
	for _, hold := range []time.Duration{0, access.MaxHold, 90 * time.Second} {
		changed, err := b.directory.SetHold(t.Context(), "tester", m.ID, hold)
		require.NoError(t, err)
		require.Equal(t, hold, changed.Hold)
		require.Equal(t, m.Keys, changed.Keys, "no key changes by it")
	}
	b.restart(t)
	kept, is := b.directory.Merchant(m.ID)
	require.True(t, is)
	require.Equal(t, 90*time.Second, kept.Hold)
}

func TestSetHoldRefuses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	m, _ := b.add(t, access.NewMerchant{Name: "Shop", Hold: access.DefaultHold})
	for name, hold := range map[string]time.Duration{"below 0": -1, "beyond a day": access.MaxHold + 1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := b.directory.SetHold(t.Context(), "tester", m.ID, hold)
			require.ErrorIs(t, err, access.ErrMerchant)
			require.ErrorContains(t, err, "hold")
			kept, _ := b.directory.Merchant(m.ID)
			require.Equal(t, access.DefaultHold, kept.Hold)
		})
	}
	_, err := b.directory.SetHold(t.Context(), "tester", "G999999999", 0)
	require.ErrorIs(t, err, access.ErrUnknownMerchant)
}

func TestSetHoldToTheSameWritesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	m, _ := b.add(t, access.NewMerchant{Name: "Shop", Hold: access.DefaultHold})
	before, err := b.store.Records(t.Context(), 0, 100)
	require.NoError(t, err)
	_, err = b.directory.SetHold(t.Context(), "tester", m.ID, access.DefaultHold)
	require.NoError(t, err)
	after, err := b.store.Records(t.Context(), 0, 100)
	require.NoError(t, err)
	require.Equal(t, before, after)
}
