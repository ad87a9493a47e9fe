package login_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/access/login"
)

// damages are what can happen to a file, by name.
func damages() map[string]func(whole []byte) []byte {
	return map[string]func(whole []byte) []byte{
		"no database":       func(whole []byte) []byte { return make([]byte, len(whole)) },
		"a few bytes":       func([]byte) []byte { return []byte("console") },
		"cut short":         func(whole []byte) []byte { return whole[:len(whole)/2] },
		"pages overwritten": func(whole []byte) []byte { return append(whole[:2*4096:2*4096], make([]byte, len(whole)-2*4096)...) },
	}
}

// A damaged file signs everybody out, and does no more than that.
func TestADamagedFileIsPutAside(t *testing.T) {
	t.Parallel()
	for name, damage := range damages() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := setup(t)
			require.NoError(t, d.store.Damage())
			before := d.begin(t, "siti")
			require.NoError(t, d.store.Close())
			whole, err := os.ReadFile(d.path)
			require.NoError(t, err)
			damaged := damage(whole)
			require.NoError(t, os.WriteFile(d.path, damaged, 0o600))
			d.open(t)
			require.ErrorIs(t, d.store.Damage(), login.ErrDamaged)
			require.False(t, d.in(t, before))
			require.True(t, d.in(t, d.begin(t, "siti")))
			aside, err := os.ReadFile(d.path + ".damaged")
			require.NoError(t, err)
			require.Equal(t, damaged, aside)
			d.restart(t)
			require.NoError(t, d.store.Damage())
		})
	}
}

// What is damaged while the file is open fails, and does not end the process.
func TestDamageWhileItIsOpenIsAnError(t *testing.T) {
	t.Parallel()
	d := setup(t)
	token := d.begin(t, "siti")
	require.NoError(t, os.Truncate(d.path, 0))
	for range 2 {
		_, _, err := d.store.Find(token, d)
		require.ErrorIs(t, err, login.ErrDamaged)
	}
	d.restart(t)
	require.NoError(t, d.store.Damage(), "it was put aside by then")
	require.True(t, d.in(t, d.begin(t, "siti")))
}
