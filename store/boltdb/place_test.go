package boltdb

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

// setOne changes a setting.
func setOne(s *Store, key string) error {
	return s.Apply(context.Background(), ledger.Keys{Setting: key}, func(ledger.State) (ledger.Change, error) {
		return ledger.Change{At: noon(), Entries: []ledger.Entry{{Event: ledger.Set{Key: key, Value: []byte("on")}}}}, nil
	})
}

// A file that was taken away would take commits that no next start finds.
func TestStopsWhenItsFileIsNoLongerThere(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(t *testing.T, path string){
		"removed": func(t *testing.T, path string) { require.NoError(t, os.Remove(path)) },
		"replaced by a copy": func(t *testing.T, path string) {
			whole, err := os.ReadFile(path)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(path+".copy", whole, 0o600))
			require.NoError(t, os.Rename(path+".copy", path))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "ledger.db")
			s, err := Open(path, Options{})
			require.NoError(t, err)
			require.NoError(t, setOne(s, "before"))
			spoil(t, path)
			require.ErrorIs(t, setOne(s, "after"), ledger.ErrOutcomeUnknown)
			<-s.Failed()
			require.ErrorContains(t, s.Err(), "the ledger")
			require.NoError(t, s.Close())
		})
	}
}

// bbolt panics on pages that are none: nobody is answered, and the engine stops.
func TestStopsWhenACommitPanics(t *testing.T) {
	t.Parallel()
	s, err := Open(filepath.Join(t.TempDir(), "ledger.db"), Options{})
	require.NoError(t, err)
	err = s.Apply(context.Background(), ledger.Keys{}, func(ledger.State) (ledger.Change, error) { panic("page 7 already freed") })
	require.ErrorIs(t, err, ledger.ErrOutcomeUnknown)
	<-s.Failed()
	require.ErrorContains(t, s.Err(), "page 7 already freed")
	require.ErrorIs(t, setOne(s, "after"), ledger.ErrOutcomeUnknown)
	require.NoError(t, s.Close())
}

// What was committed is read back by the descriptor that bbolt has already.
func TestAFileIsOpenOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ledger.db")
	s, err := Open(path, Options{})
	require.NoError(t, err)
	for _, key := range []string{"first", "second", "third"} {
		require.NoError(t, setOne(s, key))
		require.Equal(t, 1, openTimes(t, path))
	}
	require.NoError(t, s.Close())
	require.Zero(t, openTimes(t, path))
}
