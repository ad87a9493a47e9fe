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

func TestStoreWalksWithMemory(t *testing.T) {
	t.Parallel()
	storetest.Walk(t, openEngine, func(*testing.T) ledger.Store { return memory.Open() })
}
