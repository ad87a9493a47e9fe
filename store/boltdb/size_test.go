package boltdb

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSize(t *testing.T) {
	t.Parallel()
	path := newLoose(t)
	store, err := Open(path, Options{})
	require.NoError(t, err)
	size, err := store.Size()
	require.NoError(t, err)
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, store.head.seq, size.Records)
	require.Equal(t, info.Size(), size.File)
	require.Greater(t, size.Free, int64(500*4000))
	require.Less(t, size.Free, size.File)
	require.NoError(t, store.Close())
	_, err = store.Size()
	require.Error(t, err)
}
