package boltdb

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	bolt "go.etcd.io/bbolt"

	"paypoint/ledger"
)

// shippingBook is a ledger and the folder that it ships into.
type shippingBook struct {
	t            testing.TB
	path, folder string
	wait         bool
	store        *Store
	failed       chan error
	charged      int
}

func newShippingBook(t testing.TB, wait bool) *shippingBook {
	b := &shippingBook{
		t: t, path: filepath.Join(t.TempDir(), "ledger.db"), folder: t.TempDir(), wait: wait, failed: make(chan error, 1000),
	}
	return b
}

func (b *shippingBook) options() Options {
	return Options{Ship: Shipping{Dir: b.folder, Wait: b.wait, Failed: func(err error) {
		select {
		case b.failed <- err:
		default:
		}
	}}}
}

func (b *shippingBook) open() {
	store, err := Open(b.path, b.options())
	require.NoError(b.t, err)
	b.store = store
}

func (b *shippingBook) close() { require.NoError(b.t, b.store.Close()) }

// book charges and pays, three records in two commits.
func (b *shippingBook) book() {
	b.charged++
	service := ledger.NewService(b.store, testAgreement(), noon)
	require.NoError(b.t, chargeAndPay(service, fmt.Sprintf("n%d", b.charged)))
}

// run opens the ledger, books, and closes it.
func (b *shippingBook) run(books int) {
	b.open()
	for range books {
		b.book()
	}
	b.close()
}

// shipped waits until all is shipped.
func (b *shippingBook) shipped() {
	require.Eventually(b.t, func() bool {
		state, on := b.store.Shipping()
		return on && state.Shipped == b.store.head.seq && state.Err == nil
	}, time.Minute, time.Millisecond)
}

// restored restores from the folder, and holds the journal against the ledger's.
func (b *shippingBook) restored() Restored {
	path := filepath.Join(b.t.TempDir(), "restored.db")
	done, err := Restore(RestoreOptions{Journal: b.folder, Path: path})
	require.NoError(b.t, err)
	requireSameLedger(b.t, path, b.path)
	return done
}

// requireSameLedger compares all rows but those that may run ahead.
func requireSameLedger(t testing.TB, path, want string) {
	view(t, path, func(is *bolt.Tx) {
		view(t, want, func(was *bolt.Tx) {
			for _, name := range append(derivedBuckets(), bucketMeta, bucketJournal, bucketDetails) {
				require.NoError(t, compareBucket(name, is.Bucket(name), was.Bucket(name)), string(name))
			}
		})
	})
}

func eachWait(t *testing.T, test func(*testing.T, *shippingBook)) {
	for _, wait := range []bool{false, true} {
		t.Run(fmt.Sprintf("wait %t", wait), func(t *testing.T) {
			t.Parallel()
			test(t, newShippingBook(t, wait))
		})
	}
}

func TestShippedJournalRestoresTheLedger(t *testing.T) {
	t.Parallel()
	eachWait(t, func(t *testing.T, b *shippingBook) {
		b.open()
		_, on := b.store.Shipping()
		require.True(t, on)
		for range 5 {
			b.book()
		}
		if b.wait {
			state, _ := b.store.Shipping()
			require.Equal(t, ShipState{Known: true, Head: b.store.head.seq, Shipped: b.store.head.seq}, state)
		}
		b.shipped()
		b.book()
		b.close()
		b.run(2)
		done := b.restored()
		require.Equal(t, b.wait, done.Complete)
		require.Equal(t, done.Records, done.FromJournal)
		require.Zero(t, done.FromBackup)
		require.Zero(t, done.Torn)
		require.Nil(t, done.Backup)
		require.True(t, done.Last.Equal(noon()), done.Last)
		names := filesIn(t, b.folder)
		require.Equal(t, []string{shipName(1), shipName(b.recordsBefore(2) + 1), lockName}, names)
	})
}

// recordsBefore is how many records there were before the last bookings.
func (b *shippingBook) recordsBefore(books int) uint64 {
	var last head
	view(b.t, b.path, func(tx *bolt.Tx) {
		var err error
		last, err = readHead(tx)
		require.NoError(b.t, err)
	})
	return last.seq / uint64(b.charged) * uint64(b.charged-books)
}

// A rich ledger has every kind of record, and one folder takes it all.
func TestARichLedgerIsShipped(t *testing.T) {
	t.Parallel()
	eachWait(t, func(t *testing.T, b *shippingBook) {
		require.NoError(t, os.Rename(newRich(t), b.path))
		b.run(0)
		done := b.restored()
		require.Equal(t, b.wait, done.Complete, "all that is there was waited for before the start was over")
	})
}

func TestAnUpgradedLedgerIsShipped(t *testing.T) {
	t.Parallel()
	eachOlder(t, func(t *testing.T, o older) {
		b := newShippingBook(t, true)
		require.NoError(t, os.Rename(o.newFile(t), b.path))
		b.run(0)
		require.Equal(t, uint64(o.records), b.restored().Records)
	})
}
