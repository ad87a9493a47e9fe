package store_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
	"paypoint/store"
	"paypoint/store/boltdb"
	"paypoint/store/memory"
)

func TestOpenPicksTheEngine(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ledger.db")

	inMemory, err := store.Open("memory:", store.Options{})
	require.NoError(t, err)
	require.IsType(t, &memory.Store{}, inMemory)
	require.NoError(t, inMemory.Close())

	inFile, err := store.Open("bolt:"+path, store.Options{})
	require.NoError(t, err)
	require.IsType(t, &boltdb.Store{}, inFile)
	require.NoError(t, inFile.Close())
	require.FileExists(t, path)
}

func TestOpenGivesTheEngineItsOptions(t *testing.T) {
	t.Parallel()
	url := "bolt:" + filepath.Join(t.TempDir(), "with:colon.db")
	s, err := store.Open(url, store.Options{Bolt: boltdb.Options{CodeLength: 12}})
	require.NoError(t, err)
	state, err := s.Load(context.Background(), ledger.Keys{Prefix: "812"})
	require.NoError(t, err)
	require.Len(t, state.FreshCode, 12)
	require.NoError(t, s.Close())
}

func TestOpenRefusesWhatIsNoLedgersURL(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ url, rule string }{
		"empty":              {"", "it has no scheme"},
		"path alone":         {"/var/lib/paypoint/ledger.db", "it has no scheme"},
		"bolt without path":  {"bolt:", "needs the path of a file"},
		"memory with path":   {"memory:ledger", "takes no path"},
		"unknown scheme":     {"postgres://localhost/ledger", `unknown scheme "postgres"`},
		"scheme in capitals": {"BOLT:ledger.db", `unknown scheme "BOLT"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := store.Open(c.url, store.Options{})
			require.ErrorIs(t, err, store.ErrURL)
			require.ErrorContains(t, err, c.rule)
			require.Nil(t, s)
		})
	}
}

func TestOpenReportsTheEnginesErrors(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "notes.txt")
	require.NoError(t, os.WriteFile(path, []byte("not a ledger"), 0o600))
	s, err := store.Open("bolt:"+path, store.Options{})
	require.ErrorIs(t, err, boltdb.ErrForeign)
	require.Nil(t, s)
}
