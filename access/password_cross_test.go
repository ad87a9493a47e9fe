package access

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
	"paypoint/store/memory"
)

// A change of their own that was under way when an admin shut somebody out by a
// temporary password does not write over it. Both places to hash are held, so that
// the change waits between its reading and its writing.
func TestAChangeUnderWayLosesAgainstTheAdmins(t *testing.T) {
	t.Parallel()
	engine := memory.Open()
	t.Cleanup(func() { require.NoError(t, engine.Close()) })
	key, err := CreateMasterKey(filepath.Join(t.TempDir(), "master.key"))
	require.NoError(t, err)
	sealer, err := NewSealer(key)
	require.NoError(t, err)
	service := ledger.NewService(engine, ledger.Agreement{CutOff: 24 * time.Hour}, time.Now)
	staff, err := OpenStaff(t.Context(), service, sealer, time.Now)
	require.NoError(t, err)
	_, err = staff.Add(t.Context(), "tester", NewPerson{ID: "siti", Name: "Siti", Role: RoleFinance})
	require.NoError(t, err)

	var release [maxHashing]func()
	for i := range release {
		release[i], err = staff.hashing.take(t.Context())
		require.NoError(t, err)
	}
	refused := make(chan error, 1)
	go func() {
		_, err := staff.SetPassword(t.Context(), "siti", "seribu angsa di danau")
		refused <- err
	}()
	require.Eventually(t, func() bool { return len(staff.hashing.waiting) > maxHashing }, time.Minute, time.Millisecond)
	_, err = staff.EndSignIns(t.Context(), "tester", "siti")
	require.NoError(t, err)
	for _, free := range release {
		free()
	}
	require.ErrorIs(t, <-refused, ErrPersonChanged)
	p, _ := staff.Person("siti")
	require.False(t, p.HasPassword)
	temporary, err := staff.TemporaryPassword(t.Context(), "tester", "siti")
	require.NoError(t, err)
	_, err = staff.CheckPassword(t.Context(), "siti", temporary)
	require.NoError(t, err)
}
