package boltdb_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
	"paypoint/store/boltdb"
	"paypoint/store/memory"
	"paypoint/store/storetest"
)

// ledgerPath is where a test's ledger will be made.
func ledgerPath(t testing.TB) string { return filepath.Join(t.TempDir(), "ledger.db") }

func openAt(t testing.TB, path string, options boltdb.Options) *boltdb.Store {
	s, err := boltdb.Open(path, options)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func openEngine(t *testing.T) ledger.Store { return openAt(t, ledgerPath(t), boltdb.Options{}) }

func TestStoreDoesItsDuties(t *testing.T) {
	t.Parallel()
	storetest.Run(t, openEngine)
}

// TestStoreWalksWithMemory also derives anew, from its journal, all that each
// walk has left.
func TestStoreWalksWithMemory(t *testing.T) {
	t.Parallel()
	storetest.Walk(t, openVerified, func(*testing.T) ledger.Store { return memory.Open() })
}

// openVerified opens a ledger that is verified when the test is over.
func openVerified(t *testing.T) ledger.Store {
	path := ledgerPath(t)
	t.Cleanup(func() {
		_, err := boltdb.Verify(path, t.TempDir(), nil)
		require.NoError(t, err)
	})
	return openAt(t, path, boltdb.Options{})
}
