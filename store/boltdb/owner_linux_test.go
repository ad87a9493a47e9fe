package boltdb

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// ownerOf is the user and the group that a file belongs to.
func ownerOf(t *testing.T, path string) [2]uint32 {
	info, err := os.Stat(path)
	require.NoError(t, err)
	owner := info.Sys().(*syscall.Stat_t)
	return [2]uint32{owner.Uid, owner.Gid}
}

// newForeignFolder makes a folder that belongs to the server's user. Who is not
// root can't give one away: it is a group's that we are in.
func newForeignFolder(t *testing.T) string {
	folder := t.TempDir()
	if os.Geteuid() == 0 {
		require.NoError(t, os.Chown(folder, 12345, 12346))
		return folder
	}
	groups, err := os.Getgroups()
	require.NoError(t, err)
	for _, group := range groups {
		if group != os.Getgid() {
			require.NoError(t, os.Chown(folder, -1, group))
		}
	}
	return folder
}

// TestARestoredLedgerBelongsToTheServer: root restores, and the server opens the
// ledger as another user, who also removes what a killed restore leaves.
func TestARestoredLedgerBelongsToTheServer(t *testing.T) {
	t.Parallel()
	text, _ := backUp(t, newRich(t))
	folder := newForeignFolder(t)
	path, want := filepath.Join(folder, "ledger.db"), ownerOf(t, folder)
	_, err := Restore(RestoreOptions{Backup: writeLedger(t, text), Path: path, Finish: func(string, Restored) error {
		require.Equal(t, want, ownerOf(t, restorePath(path)))
		require.Equal(t, want, ownerOf(t, filepath.Join(restorePath(path), lockName)))
		return nil
	}})
	require.NoError(t, err)
	require.Equal(t, want, ownerOf(t, path))
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}
