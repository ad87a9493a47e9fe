package play

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
	"paypoint/store/boltdb"
)

// recordsAtOnce is how many records are read in one go.
const recordsAtOnce = 5_000

// Journal is the whole journal of a ledger that no process has open.
func Journal(t testing.TB, dir string) []ledger.Record {
	t.Helper()
	store, err := boltdb.Open(filepath.Join(dir, "ledger.db"), boltdb.Options{})
	require.NoError(t, err)
	defer func() { require.NoError(t, store.Close()) }()
	var all []ledger.Record
	for after := uint64(0); ; {
		records, err := store.Records(context.Background(), after, recordsAtOnce)
		require.NoError(t, err)
		if len(records) == 0 {
			return all
		}
		all = append(all, records...)
		after = records[len(records)-1].Seq
	}
}
