package boltdb

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

// TestSnapshotUnderLoadIsALedger copies a ledger while it books, and verifies
// each copy: it must be the ledger as it was at one moment.
func TestSnapshotUnderLoadIsALedger(t *testing.T) {
	t.Parallel()
	store, err := Open(newRich(t), Options{})
	require.NoError(t, err)
	before := store.head.seq
	r := &rich{t: t, store: store, clock: &richClock{noon()}}
	r.service = ledger.NewService(store, testAgreement(), r.clock.Now)

	ctx, stop := context.WithCancel(context.Background())
	var tills sync.WaitGroup
	for till := range 4 {
		tills.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				if err := chargeAndPay(r.service, fmt.Sprintf("%d-%d", till, i)); err != nil {
					t.Errorf("till %d: %v", till, err)
					return
				}
			}
		})
	}
	folder := t.TempDir()
	var last uint64
	for i := range 5 {
		path := filepath.Join(folder, fmt.Sprintf("copy%d.db", i))
		require.NoError(t, store.Snapshot(path))
		report, err := Verify(path, folder, nil)
		require.NoError(t, err)
		require.GreaterOrEqual(t, report.Records, max(last, before))
		last = report.Records
		info, err := os.Stat(path)
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	}
	stop()
	tills.Wait()
	require.Greater(t, last, before, "nothing was booked meanwhile")
	require.NoError(t, store.Close())
}

// chargeAndPay books one payment under a name of its own.
func chargeAndPay(service *ledger.Service, name string) error {
	ctx := context.Background()
	charge, err := service.Charge(ctx, ledger.NewCharge{
		ID: "id-" + name, Merchant: "G1", Prefix: "812", Order: "order-" + name,
		Amount: 50_000, MinAmount: 50_000, Expires: noon().AddDate(0, 0, 1),
	})
	if err != nil {
		return err
	}
	result, err := service.Pay(ctx, ledger.Payment{
		Code: charge.Code, Ref: ledger.TrackingRef(name), Amount: 50_000, Store: "TA01", TimeStamp: noon(), Receipt: "R" + name,
	})
	if err == nil && result.Reason != ledger.ReasonApproved {
		return fmt.Errorf("pay %s: %s", name, result.Reason)
	}
	return err
}

func TestSnapshotReportsItsError(t *testing.T) {
	t.Parallel()
	store, err := Open(filepath.Join(t.TempDir(), "ledger.db"), Options{})
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "missing", "copy.db")
	require.ErrorContains(t, store.Snapshot(path), "copy ledger to "+path)
	there := writeLedger(t, []byte("there"))
	require.ErrorIs(t, store.Snapshot(there), fs.ErrExist)
	requireUntouched(t, there, []byte("there"))
	require.NoError(t, store.Close())
}

// TestSnapshotEndsWithTheStore, whose Close would wait for it.
func TestSnapshotEndsWithTheStore(t *testing.T) {
	t.Parallel()
	store, err := Open(newRich(t), Options{})
	require.NoError(t, err)
	store.queue.close() // as Close begins
	<-store.stopped
	folder := t.TempDir()
	require.ErrorIs(t, store.Snapshot(filepath.Join(folder, "copy.db")), errClosed)
	require.Empty(t, filesIn(t, folder), "a beginning of a copy is none")
	require.NoError(t, store.Close())
}

// TestSnapshotsAtOnce: the nightly self-check and an operator's may meet.
func TestSnapshotsAtOnce(t *testing.T) {
	t.Parallel()
	path := newRich(t)
	store, err := Open(path, Options{})
	require.NoError(t, err)
	copies := make([]string, 4)
	var all sync.WaitGroup
	for i := range copies {
		copies[i] = filepath.Join(t.TempDir(), "copy.db")
		all.Go(func() {
			if err := store.Snapshot(copies[i]); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	require.NoError(t, store.Close())
	for _, copied := range copies {
		requireSameLedger(t, copied, path)
	}
}
