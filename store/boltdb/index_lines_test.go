package boltdb

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	bolt "go.etcd.io/bbolt"

	"paypoint/ledger"
)

// payFrom books payments first to last in one change: of the charges that
// chargeFrom makes, on two days in turn, each pair of them.
func payFrom(t testing.TB, store *Store, first, last int) {
	err := store.Apply(context.Background(), ledger.Keys{}, func(ledger.State) (ledger.Change, error) {
		change := ledger.Change{At: noon()}
		for n := first; n <= last; n++ {
			change.Entries = append(change.Entries, ledger.Entry{Event: ledger.Paid{
				Number: uint64(n), Code: testCode(store, uint64(n)), Ref: ledger.TrackingRef(fmt.Sprint(n)), Store: "TA01",
				Amount: 50_000, Day: dayOf(n),
			}})
		}
		return change, nil
	})
	require.NoError(t, err)
}

// dayOf is the business day of payment n.
func dayOf(n int) ledger.Day {
	if n%4 < 2 {
		return testDay()
	}
	return testDay().Next()
}

// requireBooked lists all lines of G1 on testDay, page by page, and expects the
// payments up to the last.
func requireBooked(t testing.TB, store *Store, last int) {
	var got, want []uint64
	for after := uint64(0); ; {
		page, err := store.Booked(context.Background(), "G1", testDay(), after, 1000)
		require.NoError(t, err)
		if len(page) == 0 {
			break
		}
		for _, line := range page {
			require.Greater(t, line.Seq, after)
			require.Equal(t, "G1", line.Merchant)
			got, after = append(got, line.Number), line.Seq
		}
	}
	for n := 1; n <= last; n++ {
		if n%2 == 1 && dayOf(n) == testDay() {
			want = append(want, uint64(n))
		}
	}
	require.Equal(t, want, got)
}

// newBooked makes a ledger with more lines than the index keeps in memory.
const bookedLines = indexTail + 50

func newBooked(t testing.TB) string {
	path := filepath.Join(t.TempDir(), "ledger.db")
	store := openStore(t, path)
	chargeFrom(t, store, 1, bookedLines)
	payFrom(t, store, 1, bookedLines)
	requireBooked(t, store, bookedLines)
	require.NoError(t, store.Close())
	require.Equal(t, uint64(2*bookedLines), savedSeq(t, path))
	return path
}

func TestIndexListsLinesFromFileAndMemory(t *testing.T) {
	t.Parallel()
	path := newBooked(t)
	store := openStore(t, path)
	requireBooked(t, store, bookedLines)
	chargeFrom(t, store, bookedLines+1, bookedLines+7)
	payFrom(t, store, bookedLines+1, bookedLines+7)
	requireBooked(t, store, bookedLines+7)
	require.Equal(t, 14, store.index.tail.count(), "a few entries wait for no disk")
	// A page may begin in the file and end in memory.
	page, err := store.Booked(context.Background(), "G1", testDay(), 2*bookedLines-8, 100)
	require.NoError(t, err)
	require.Len(t, page, 4)
	page, err = store.Booked(context.Background(), "G1", testDay(), 2*bookedLines-8, 3)
	require.NoError(t, err)
	require.Len(t, page, 3)
	require.NoError(t, store.Close())
	store = openStore(t, path)
	requireBooked(t, store, bookedLines+7)
	require.NoError(t, store.Close())
}

// TestIndexOfLinesIsBuiltAnew when it leads to what is no line of the merchant's.
func TestIndexOfLinesIsBuiltAnew(t *testing.T) {
	t.Parallel()
	list := func(seq uint64) func(*bolt.Tx) error {
		return func(tx *bolt.Tx) error {
			return tx.Bucket(bucketMerchantLines).Put(indexedLine{"G1", testDay(), seq}.key(), nil)
		}
	}
	for name, spoil := range map[string]func(*bolt.Tx) error{
		"a record that is missing": list(3 * bookedLines),
		"a charge":                 list(1),
		"another merchant's":       list(bookedLines + 4),
		"another day's":            list(bookedLines + 3),
		"without its bucket":       func(tx *bolt.Tx) error { return tx.DeleteBucket(bucketMerchantLines) },
		"of the version before":    func(tx *bolt.Tx) error { return tx.Bucket(bucketMeta).Put(metaKey, []byte(`{"version":1}`)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := newBooked(t)
			edit(t, indexPath(path), spoil)
			store := openStore(t, path)
			requireBooked(t, store, bookedLines)
			requireListed(t, store, bookedLines)
			require.NoError(t, store.Close())
			require.Equal(t, uint64(2*bookedLines), savedSeq(t, path))
		})
	}
}

// TestBookedReportsDamage: what the ledger itself has lost is no fault of the
// index's, which is not built anew for it.
func TestBookedReportsDamage(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	path := newBooked(t)
	edit(t, path, alterFrame(bookedLines+1, func(f []byte) []byte { return flip(f, frameText+40) }))
	store := openStore(t, path)
	_, err := store.Booked(ctx, "G1", testDay(), 0, 10)
	require.ErrorIs(t, err, errFrame)
	require.ErrorContains(t, err, "lines of G1 on "+string(testDay()))
	page, err := store.Booked(ctx, "G1", testDay(), bookedLines+1, 10)
	require.NoError(t, err)
	require.Len(t, page, 10)
	require.NoError(t, store.Close())
}

func TestBookedEndsWithItsCaller(t *testing.T) {
	t.Parallel()
	store := openStore(t, filepath.Join(t.TempDir(), "ledger.db"))
	chargeFrom(t, store, 1, 10)
	payFrom(t, store, 1, 10)
	ctx, hangUp := context.WithCancel(context.Background())
	hangUp()
	_, err := store.Booked(ctx, "G1", testDay(), 0, 10)
	require.ErrorIs(t, err, context.Canceled)
	requireBooked(t, store, 10)
	require.NoError(t, store.Close())
	_, err = store.Booked(context.Background(), "G1", testDay(), 0, 10)
	require.Error(t, err)
}

// TestBookedShowsEveryLineBefore asks from many sides while payments are made.
func TestBookedShowsEveryLineBefore(t *testing.T) {
	t.Parallel()
	store := openStore(t, filepath.Join(t.TempDir(), "ledger.db"))
	service := ledger.NewService(store, testAgreement(), noon)
	var merchants sync.WaitGroup
	for m := range 4 {
		merchants.Go(func() {
			for i := range 50 {
				if err := payAndList(service, fmt.Sprintf("M%d", m), i); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	merchants.Wait()
	require.NoError(t, store.Close())
}

// payAndList makes a merchant's payment i, which must end its lines.
func payAndList(service *ledger.Service, merchant string, i int) error {
	ctx := context.Background()
	charge, err := service.Charge(ctx, ledger.NewCharge{
		ID: fmt.Sprintf("id-%s-%d", merchant, i), Merchant: merchant, Prefix: "812", Order: fmt.Sprint(i),
		Amount: 50_000, MinAmount: 50_000, Expires: noon().AddDate(0, 0, 1),
	})
	if err != nil {
		return err
	}
	ref := ledger.TrackingRef(fmt.Sprintf("%s-%d", merchant, i))
	_, err = service.Pay(ctx, ledger.Payment{Code: charge.Code, Ref: ref, Amount: 50_000, Store: "TA01", TimeStamp: noon(), Receipt: "R"})
	if err != nil {
		return err
	}
	lines, err := service.Reader().Booked(ctx, merchant, testDay(), 0, 100)
	if err != nil {
		return err
	}
	if len(lines) != i+1 || lines[i].Ref != ref {
		return errors.New("the payment that was just made does not end the merchant's lines")
	}
	return nil
}

// TestIndexFollowsPaymentsByItself: a listing of lines must not find many to read.
func TestIndexFollowsPaymentsByItself(t *testing.T) {
	t.Parallel()
	store := openStore(t, filepath.Join(t.TempDir(), "ledger.db"))
	chargeFrom(t, store, 1, indexStep/2)
	payFrom(t, store, 1, indexStep/2)
	require.Eventually(t, func() bool { return store.index.next.Load() > indexStep }, time.Minute, time.Millisecond)
	require.NoError(t, store.Close())
}
