package durable_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/durable"
)

func TestSyncFolder(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "a"), nil, 0o600))
	require.NoError(t, durable.SyncFolder(folder))
	require.ErrorIs(t, durable.SyncFolder(filepath.Join(folder, "none")), os.ErrNotExist)
}

func TestMakeFolder(t *testing.T) {
	t.Parallel()
	top := t.TempDir()
	deep := filepath.Join(top, "a", "b", "c")
	require.NoError(t, durable.MakeFolder(deep, 0o700))
	require.NoError(t, durable.MakeFolder(deep, 0o700), "it is there")
	info, err := os.Stat(deep)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o700), info.Mode().Perm())

	require.NoError(t, os.WriteFile(filepath.Join(top, "file"), nil, 0o600))
	require.Error(t, durable.MakeFolder(filepath.Join(top, "file", "a"), 0o700))
}
