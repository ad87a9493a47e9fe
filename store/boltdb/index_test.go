package boltdb

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	bolt "go.etcd.io/bbolt"

	"paypoint/ledger"
)

// chargeFrom gives out charges first to last in one change: of two merchants in
// turn, each order id three times.
func chargeFrom(t testing.TB, store *Store, first, last int) {
	err := store.Apply(context.Background(), ledger.Keys{}, func(ledger.State) (ledger.Change, error) {
		change := ledger.Change{At: noon().Add(time.Duration(first) * time.Second)}
		for n := first; n <= last; n++ {
			change.Entries = append(change.Entries, ledger.Entry{Event: ledger.Charged{
				Number: uint64(n), ID: fmt.Sprintf("id-%d", n), Merchant: fmt.Sprintf("G%d", n%2), Order: fmt.Sprintf("order-%d", n/6),
				Amount: 50_000, MinAmount: 50_000, Expires: noon().AddDate(0, 0, 1),
			}})
		}
		return change, nil
	})
	require.NoError(t, err)
}

// fill writes records that are no charges.
func fill(t testing.TB, store *Store, records int) {
	err := store.Apply(context.Background(), ledger.Keys{}, func(ledger.State) (ledger.Change, error) {
		entries := make([]ledger.Entry, records)
		for i := range entries {
			entries[i].Event = ledger.Set{Key: "k", Value: []byte(`"kind":"charged"`)}
		}
		return ledger.Change{At: noon(), Entries: entries}, nil
	})
	require.NoError(t, err)
}

// requireListed lists all of a merchant page by page, and one order id of it,
// and expects the charges from last down to the first.
func requireListed(t testing.TB, store *Store, last int) {
	var got, want []uint64
	for before := (ledger.Place{}); ; {
		page, err := store.Listed(context.Background(), "G1", "", before, 1000)
		require.NoError(t, err)
		if len(page) == 0 {
			break
		}
		for _, p := range page {
			got = append(got, p.Number)
		}
		before = page[len(page)-1]
	}
	for n := last; n > 0; n-- {
		if n%2 == 1 {
			want = append(want, uint64(n))
		}
	}
	require.True(t, slices.Equal(want, got), "%d of %d charges are listed", len(got), len(want))
	places, err := store.Listed(context.Background(), "G1", "order-1", ledger.Place{}, 10)
	require.NoError(t, err)
	require.Len(t, places, 3)
	for i, p := range places {
		require.Equal(t, uint64(11-2*i), p.Number)
	}
}

func openStore(t testing.TB, path string) *Store {
	store, err := Open(path, Options{})
	require.NoError(t, err)
	return store
}

// savedSeq is the journal number up to which the index's file has followed.
func savedSeq(t testing.TB, path string) uint64 {
	db, err := bolt.Open(indexPath(path), 0o600, &bolt.Options{ReadOnly: true, Timeout: time.Second})
	require.NoError(t, err)
	saved, err := readIndexState(db)
	require.NoError(t, err)
	require.NoError(t, db.Close())
	return saved.seq
}

// newIndexed makes a ledger with more charges than the index keeps in memory.
const indexedCharges = indexTail + indexStep + 100

func newIndexed(t testing.TB) string {
	path := filepath.Join(t.TempDir(), "ledger.db")
	store := openStore(t, path)
	chargeFrom(t, store, 1, indexedCharges)
	requireListed(t, store, indexedCharges)
	require.NoError(t, store.Close())
	require.Equal(t, uint64(indexedCharges), savedSeq(t, path))
	return path
}

func TestIndexListsFromFileAndMemory(t *testing.T) {
	t.Parallel()
	path := newIndexed(t)
	store := openStore(t, path)
	requireListed(t, store, indexedCharges)
	chargeFrom(t, store, indexedCharges+1, indexedCharges+7)
	requireListed(t, store, indexedCharges+7)
	require.Equal(t, 7, store.index.tail.count(), "a few charges wait for no disk")
	require.NoError(t, store.Close())
	require.Equal(t, uint64(indexedCharges+7), savedSeq(t, path))
}

// TestIndexFollowsByItself: a listing must not find a long journal to follow.
func TestIndexFollowsByItself(t *testing.T) {
	t.Parallel()
	store := openStore(t, filepath.Join(t.TempDir(), "ledger.db"))
	chargeFrom(t, store, 1, indexStep)
	require.Eventually(t, func() bool { return store.index.next.Load() > indexStep }, time.Minute, time.Millisecond)
	require.NoError(t, store.Close())
}

// TestIndexPassesOverOtherRecords, which change nothing in its file but, now
// and then, the place that it has come to.
func TestIndexPassesOverOtherRecords(t *testing.T) {
	t.Parallel()
	path := newIndexed(t)
	store := openStore(t, path)
	fill(t, store, 1000)
	requireListed(t, store, indexedCharges)
	require.NoError(t, store.Close())
	require.Equal(t, uint64(indexedCharges), savedSeq(t, path))

	store = openStore(t, path)
	fill(t, store, indexSkip)
	requireListed(t, store, indexedCharges)
	require.NoError(t, store.Close())
	require.Greater(t, savedSeq(t, path), uint64(indexedCharges))
}

// TestIndexIsBuiltAnew when its file is not what it should be.
func TestIndexIsBuiltAnew(t *testing.T) {
	t.Parallel()
	change := func(alter func(*bolt.Tx) error) func(*testing.T, string) {
		return func(t *testing.T, path string) { edit(t, path, alter) }
	}
	write := func(alter func([]byte) []byte) func(*testing.T, string) {
		return func(t *testing.T, path string) {
			whole, err := os.ReadFile(path)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(path, alter(whole), 0o600))
		}
	}
	for name, spoil := range map[string]func(*testing.T, string){
		"missing":   func(t *testing.T, path string) { require.NoError(t, os.Remove(path)) },
		"empty":     write(func([]byte) []byte { return nil }),
		"truncated": write(func(whole []byte) []byte { return whole[:len(whole)/4] }),
		"no bbolt file": write(func(whole []byte) []byte {
			return slices.Repeat([]byte("x"), len(whole))
		}),
		"that says another record": change(func(tx *bolt.Tx) error {
			return alterIndexState(tx, `"seq":8100`, `"seq":8900`)
		}),
		"another version":   change(func(tx *bolt.Tx) error { return tx.Bucket(bucketMeta).Put(metaKey, []byte(`{"version":0}`)) }),
		"without its state": change(func(tx *bolt.Tx) error { return tx.Bucket(bucketMeta).Delete(metaKey) }),
		"without a bucket":  change(func(tx *bolt.Tx) error { return tx.DeleteBucket(bucketMerchantOrders) }),
		"a ledger in its place": func(t *testing.T, path string) {
			require.NoError(t, os.Rename(newRich(t), path))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := newIndexed(t)
			spoil(t, indexPath(path))
			store := openStore(t, path)
			requireListed(t, store, indexedCharges)
			require.NoError(t, store.Close())
			require.Equal(t, uint64(indexedCharges), savedSeq(t, path))
		})
	}
}

// TestIndexIsBuiltAnewWhileItRuns: pages that bbolt panics on are met only when
// a listing comes by.
func TestIndexIsBuiltAnewWhileItRuns(t *testing.T) {
	t.Parallel()
	path := newIndexed(t)
	store := openStore(t, path)
	places, err := store.Listed(context.Background(), "nobody", "", ledger.Place{}, 1)
	require.NoError(t, err)
	require.Empty(t, places)
	spoilt := 0
	whole, err := os.ReadFile(indexPath(path))
	require.NoError(t, err)
	// A page's header has its flags behind its number: this is no page's.
	page := os.Getpagesize()
	for at := 2 * page; at < len(whole); at += page {
		copy(whole[at+8:], []byte{0xFF, 0xFF, 0xFF, 0xFF})
		spoilt++
	}
	require.Greater(t, spoilt, 10)
	require.NoError(t, os.WriteFile(indexPath(path), whole, 0o600))
	before, err := os.Stat(indexPath(path))
	require.NoError(t, err)
	requireListed(t, store, indexedCharges)
	after, err := os.Stat(indexPath(path))
	require.NoError(t, err)
	require.False(t, os.SameFile(before, after), "nothing was built anew")
	chargeFrom(t, store, indexedCharges+1, 2*indexedCharges)
	requireListed(t, store, 2*indexedCharges)
	require.NoError(t, store.Err(), "the ledger itself is sound")
	require.NoError(t, store.Close())
}

// TestIndexFaultStopsNoPayment: without a place for its file only listings fail.
func TestIndexFaultStopsNoPayment(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ledger.db")
	require.NoError(t, os.MkdirAll(filepath.Join(indexPath(path), "occupied"), 0o700))
	store := openStore(t, path)
	// So few that nothing follows by itself.
	const charges = 100
	chargeFrom(t, store, 1, charges)
	_, err := store.Listed(context.Background(), "G1", "", ledger.Place{}, 1)
	require.ErrorContains(t, err, "index of the journal "+indexPath(path))
	require.NoError(t, setOne(store, "on"))
	require.NoError(t, os.RemoveAll(indexPath(path)))
	requireListed(t, store, charges)
	require.NoError(t, store.Close())
}

func TestListingEndsWithItsCaller(t *testing.T) {
	t.Parallel()
	store := openStore(t, filepath.Join(t.TempDir(), "ledger.db"))
	chargeFrom(t, store, 1, 10)
	ctx, hangUp := context.WithCancel(context.Background())
	hangUp()
	_, err := store.Listed(ctx, "G1", "", ledger.Place{}, 1)
	require.ErrorIs(t, err, context.Canceled)

	// Another follows the journal.
	require.NoError(t, store.index.take(context.Background()))
	_, err = store.Listed(ctx, "G1", "", ledger.Place{}, 1)
	require.ErrorIs(t, err, context.Canceled)
	store.index.release()
	require.NoError(t, store.Close())
	_, err = store.Listed(context.Background(), "G1", "", ledger.Place{}, 1)
	require.Error(t, err)
}

// TestListingsShowEveryChargeBefore asks from many sides while charges are made.
func TestListingsShowEveryChargeBefore(t *testing.T) {
	t.Parallel()
	store := openStore(t, filepath.Join(t.TempDir(), "ledger.db"))
	service := ledger.NewService(store, testAgreement(), noon)
	var merchants sync.WaitGroup
	for m := range 4 {
		merchants.Go(func() {
			for i := range 50 {
				if err := chargeAndList(service, fmt.Sprintf("M%d", m), i); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	merchants.Wait()
	require.NoError(t, store.Close())
}

// chargeAndList makes a merchant's charge i, which must lead its listing.
func chargeAndList(service *ledger.Service, merchant string, i int) error {
	ctx := context.Background()
	charge, err := service.Charge(ctx, ledger.NewCharge{
		ID: fmt.Sprintf("id-%s-%d", merchant, i), Merchant: merchant, Prefix: "812", Order: fmt.Sprint(i),
		Amount: 50_000, MinAmount: 50_000, Expires: noon().AddDate(0, 0, 1),
	})
	if err != nil {
		return err
	}
	places, err := service.Reader().Listed(ctx, merchant, "", ledger.Place{}, 100)
	if err != nil {
		return err
	}
	if len(places) != i+1 || places[0].Number != charge.Number {
		return errors.New("the charge that was just made does not lead the listing")
	}
	return nil
}

// TestListingMeetsAnIndexThatIsGivenUp by another one, after it has found
// nothing to follow: it asks once more, unless the ledger is being closed.
func TestListingMeetsAnIndexThatIsGivenUp(t *testing.T) {
	t.Parallel()
	for name, closing := range map[string]bool{"of a ledger that is open": false, "of one that closes": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := openStore(t, filepath.Join(t.TempDir(), "ledger.db"))
			chargeFrom(t, store, 1, 10)
			_, err := store.Listed(context.Background(), "G1", "", ledger.Place{}, 1)
			require.NoError(t, err)
			x := store.index
			view, asked := x.view, 0
			// The first look at the journal's end is where the other one comes in: what
			// was followed is still known then, and a moment later the file is gone.
			x.view = func(read func(*bolt.Tx) error) error {
				err := view(read)
				switch asked++; asked {
				case 1:
					next := x.next.Load()
					x.giveUp(nil)
					x.next.Store(next)
				case 2:
					x.next.Store(0)
				}
				return err
			}
			if closing {
				x.stop()
			}
			places, err := store.Listed(context.Background(), "G1", "", ledger.Place{}, 10)
			if closing {
				require.ErrorIs(t, err, errIndexClosed)
				require.Equal(t, 1, asked)
			} else {
				require.NoError(t, err)
				require.Len(t, places, 5)
			}
			x.view = view
			require.NoError(t, store.Close())
		})
	}
}

func TestIndexPath(t *testing.T) {
	t.Parallel()
	require.Equal(t, filepath.Join("a", "ledger.index.db"), indexPath(filepath.Join("a", "ledger.db")))
	require.Equal(t, filepath.Join("a.b", "ledger.index"), indexPath(filepath.Join("a.b", "ledger")))
}
