package boltdb

import (
	"bytes"
	"context"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	bolt "go.etcd.io/bbolt"

	"paypoint/ledger"
)

// schema4 is newErased as the first program of today's layout wrote it, with charges
// whose details were erased, and one that had its own.
func schema4() older { return older{schema: 4, records: 60, charges: 11} }

// TestTheFirstLedgerOfTodaysLayout: a later program of the same layout opens it as
// it is, derives the same rows from its journal, and goes on in it.
func TestTheFirstLedgerOfTodaysLayout(t *testing.T) {
	t.Parallel()
	require.Equal(t, schema4().schema, Schema, "there is a newer layout: test this one's upgrade")
	path, as := schema4().newFile(t), schema4().newFile(t)
	report, err := Verify(path, t.TempDir(), nil)
	require.NoError(t, err)
	require.Equal(t, uint64(schema4().records), report.Records)
	reopen(t, path, Options{Upgrading: func(uint64, uint64) { t.Error("it is upgraded") }})
	requireSameLedger(t, path, as)
	require.Equal(t, []string{"ledger.db"}, filesIn(t, filepath.Dir(path)))

	store, err := Open(path, Options{})
	require.NoError(t, err)
	ctx := context.Background()
	r := &rich{t: t, store: store, clock: &richClock{noon()}}
	r.service = ledger.NewService(store, testAgreement(), r.clock.Now)
	view, err := r.service.Status(ctx, "G1", "ten")
	require.NoError(t, err)
	r.pay(view.Charge, "N", "TA01")
	require.NoError(t, chargeAndPay(r.service, "new"))
	places, err := store.Listed(ctx, "G1", "", ledger.Place{}, 100)
	require.NoError(t, err)
	require.Len(t, places, schema4().charges)
	require.NoError(t, store.Close())
	_, err = Verify(path, t.TempDir(), nil)
	require.NoError(t, err)
}

// TestTheFirstLedgerOfTodaysLayoutIsCarriedOver: its journal passes through a
// backup, a shipped journal and a compaction byte for byte.
func TestTheFirstLedgerOfTodaysLayoutIsCarriedOver(t *testing.T) {
	t.Parallel()
	b := newShippingBook(t, true)
	b.path = schema4().newFile(t)
	as := schema4().newFile(t)
	text, _ := backUp(t, b.path)
	b.run(0)
	b.restored()
	_, err := Compact(b.path, nil)
	require.NoError(t, err)
	requireSameLedger(t, b.path, as)
	unpacked := filepath.Join(t.TempDir(), "ledger.db")
	_, err = Unpack(bytes.NewReader(text), unpacked)
	require.NoError(t, err)
	requireSameLedger(t, unpacked, as)
	view(t, as, func(tx *bolt.Tx) {
		require.Equal(t, schema4().records, tx.Bucket(bucketJournal).Stats().KeyN)
	})
}
