package boltdb

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	bolt "go.etcd.io/bbolt"

	"paypoint/ledger"
)

// newLoose makes a ledger with an index, free pages, and pages that are half
// empty, like one that has been booked in for long.
func newLoose(t testing.TB) string {
	path := newRich(t)
	store, err := Open(path, Options{})
	require.NoError(t, err)
	service := ledger.NewService(store, testAgreement(), noon)
	for i := range 60 {
		require.NoError(t, chargeAndPay(service, fmt.Sprintf("loose-%d", i)))
	}
	_, err = store.Listed(context.Background(), "G1", "", ledger.Place{}, 1)
	require.NoError(t, err)
	require.NoError(t, store.Close())
	// Pages come free in numbers only where much is deleted.
	edit(t, path, func(tx *bolt.Tx) error {
		b, err := tx.CreateBucket([]byte("filler"))
		for i := uint64(0); err == nil && i < 500; i++ {
			err = b.Put(numberKey(i), make([]byte, 4000))
		}
		return err
	})
	edit(t, path, func(tx *bolt.Tx) error { return tx.DeleteBucket([]byte("filler")) })
	return path
}

func TestCompactKeepsEveryRow(t *testing.T) {
	t.Parallel()
	path := newLoose(t)
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(compactPath(path), []byte("left over"), 0o600))
	index, err := os.ReadFile(indexPath(path))
	require.NoError(t, err)
	var told [][2]int64
	done, err := Compact(path, func(done, total int64) { told = append(told, [2]int64{done, total}) })
	require.NoError(t, err)
	require.Equal(t, int64(len(whole)), done.Before)
	require.Less(t, done.After, done.Before/4)
	require.Len(t, told, 1)
	require.Equal(t, told[0][0], told[0][1])
	require.Positive(t, told[0][1])
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, done.After, info.Size())
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	require.Equal(t, []string{"ledger.db", "ledger.index.db"}, filesIn(t, filepath.Dir(path)))

	old := filepath.Join(t.TempDir(), "old.db")
	require.NoError(t, os.WriteFile(old, whole, 0o600))
	requireSameLedger(t, path, old)
	after, err := os.ReadFile(indexPath(path))
	require.NoError(t, err)
	require.Equal(t, index, after)
	_, err = Verify(path, t.TempDir(), nil)
	require.NoError(t, err)
}

// TestACompactedLedgerGoesOn also holds that its index was not built anew, and
// what the layout of its pages is.
func TestACompactedLedgerGoesOn(t *testing.T) {
	t.Parallel()
	path := newLoose(t)
	_, err := Compact(path, nil)
	require.NoError(t, err)
	view(t, path, func(tx *bolt.Tx) {
		stats := tx.Bucket(bucketJournal).Stats()
		require.Greater(t, stats.LeafInuse*100/stats.LeafAlloc, 80, "the journal's pages are packed")
	})
	indexBefore, err := os.Stat(indexPath(path))
	require.NoError(t, err)
	store, err := Open(path, Options{})
	require.NoError(t, err)
	require.LessOrEqual(t, store.db.Stats().FreePageN, 4)
	service := ledger.NewService(store, testAgreement(), noon)
	for i := range 20 {
		require.NoError(t, chargeAndPay(service, fmt.Sprintf("after-%d", i)))
	}
	places, err := store.Listed(context.Background(), "G1", "", ledger.Place{}, 1000)
	require.NoError(t, err)
	require.Len(t, places, 9+60+20)
	require.NoError(t, store.Close())
	indexAfter, err := os.Stat(indexPath(path))
	require.NoError(t, err)
	require.True(t, os.SameFile(indexBefore, indexAfter))
	_, err = Verify(path, t.TempDir(), nil)
	require.NoError(t, err)
}

func TestCompactRefuses(t *testing.T) {
	t.Parallel()
	t.Run("a ledger that a process has open", func(t *testing.T) {
		t.Parallel()
		path := newRich(t)
		store, err := Open(path, Options{})
		require.NoError(t, err)
		_, err = Compact(path, nil)
		require.ErrorIs(t, err, ErrLocked)
		require.NoError(t, store.Close())
		_, err = Compact(path, nil)
		require.NoError(t, err)
	})
	t.Run("an older layout", func(t *testing.T) {
		t.Parallel()
		path := schema2().newFile(t)
		before, err := os.ReadFile(path)
		require.NoError(t, err)
		_, err = Compact(path, nil)
		require.ErrorIs(t, err, ErrOlder)
		requireUntouched(t, path, before)
	})
	t.Run("what is not there", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "ledger.db")
		_, err := Compact(path, nil)
		require.ErrorIs(t, err, os.ErrNotExist)
		require.NoFileExists(t, path)
	})
	for name, change := range map[string]func(*bolt.Tx) error{
		"a flipped byte in the journal": alterFrame(paidRecord, func(f []byte) []byte { return flip(f, frameText+40) }),
		"a forged record": alterFrame(paidRecord, func(f []byte) []byte {
			return resum(append(f[:len(f)-1], ' ', '}'))
		}),
		"a record gone": dropRecord(5),
		"a short key":   func(tx *bolt.Tx) error { return tx.Bucket(bucketJournal).Put([]byte{0, 0}, []byte("x")) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := newRich(t)
			edit(t, path, change)
			before, err := os.ReadFile(path)
			require.NoError(t, err)
			_, err = Compact(path, nil)
			var difference *Difference
			require.ErrorAs(t, err, &difference)
			require.True(t, strings.HasPrefix(difference.Where, "journal"), difference.Where)
			requireUntouched(t, path, before)
		})
	}
}

// TestOpenNoticesACompactionByAnother: who waits for the lock of the old file
// gets the new one.
func TestOpenNoticesACompactionByAnother(t *testing.T) {
	t.Parallel()
	path := newRich(t)
	held, err := openFile(path, bolt.Options{})
	require.NoError(t, err)
	opened := make(chan openedFile, 1)
	go func() {
		file, err := openFile(path, bolt.Options{Timeout: time.Minute})
		if err != nil {
			t.Error(err)
		}
		opened <- file
	}()
	require.Eventually(t, func() bool { return openTimes(t, path) > 1 }, time.Minute, time.Millisecond)
	_, err = compact(path, held, func(int64, int64) {})
	require.NoError(t, err)
	require.NoError(t, held.db.Close())
	file := <-opened
	there, err := os.Stat(path)
	require.NoError(t, err)
	require.True(t, os.SameFile(there, file.info))
	require.False(t, os.SameFile(held.info, file.info))
	require.NoError(t, file.db.Close())
}

// TestALargeLedgerIsCompactedInGroups has more rows than one transaction takes.
func TestALargeLedgerIsCompactedInGroups(t *testing.T) {
	t.Parallel()
	path := newRich(t)
	store, err := Open(path, Options{})
	require.NoError(t, err)
	for i := range 20 {
		key := fmt.Sprintf("large-%d", i)
		require.NoError(t, store.Apply(context.Background(), ledger.Keys{Setting: key}, func(ledger.State) (ledger.Change, error) {
			return ledger.Change{At: noon(), Entries: []ledger.Entry{{Event: ledger.Set{Key: key, Value: make([]byte, 400<<10)}}}}, nil
		}))
	}
	require.NoError(t, store.Close())
	told := int64(0)
	_, err = Compact(path, func(done, total int64) {
		require.GreaterOrEqual(t, done, told)
		require.LessOrEqual(t, done, total)
		told = done
	})
	require.NoError(t, err)
	require.Positive(t, told)
	_, err = Verify(path, t.TempDir(), nil)
	require.NoError(t, err)
}
