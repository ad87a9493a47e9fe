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
