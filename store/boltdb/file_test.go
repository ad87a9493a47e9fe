package boltdb

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	bolt "go.etcd.io/bbolt"

	"paypoint/ledger"
)

// edit changes a ledger file behind the engine's back.
func edit(t testing.TB, path string, change func(*bolt.Tx) error) {
	db, err := bolt.Open(path, 0o600, &bolt.Options{Timeout: time.Second})
	require.NoError(t, err)
	require.NoError(t, db.Update(change))
	require.NoError(t, db.Close())
}

// editMetadata changes what a ledger file says of itself.
func editMetadata(t testing.TB, path string, change func(*metadata)) {
	edit(t, path, func(tx *bolt.Tx) error {
		var meta metadata
		if err := json.Unmarshal(tx.Bucket(bucketMeta).Get(metaKey), &meta); err != nil {
			return err
		}
		change(&meta)
		text, err := json.Marshal(meta)
		if err != nil {
			return err
		}
		return tx.Bucket(bucketMeta).Put(metaKey, text)
	})
}

func TestOpenMakesALedgerOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ledger.db")
	fresh := func() ledger.PaymentCode {
		store, err := Open(path, Options{})
		require.NoError(t, err)
		state, err := store.Load(context.Background(), ledger.Keys{Prefix: "812"})
		require.NoError(t, err)
		require.NoError(t, store.Close())
		return state.FreshCode
	}
	require.Equal(t, fresh(), fresh(), "the code key lasts")
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), "who reads it can read every code")
	files, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	require.Len(t, files, 1, "nothing is left over from making it")
}

// TestOpenAtOnceMakesOneLedger: whoever comes second must not replace a ledger
// in which the first may have booked.
func TestOpenAtOnceMakesOneLedger(t *testing.T) {
	t.Parallel()
	for range 10 {
		path := filepath.Join(t.TempDir(), "ledger.db")
		var makers sync.WaitGroup
		start := make(chan struct{})
		errs := make([]error, 8)
		for i := range errs {
			makers.Go(func() {
				<-start
				errs[i] = create(path, 0, noon())
			})
		}
		close(start)
		makers.Wait()
		for _, err := range errs {
			require.NoError(t, err)
		}
		store, err := Open(path, Options{})
		require.NoError(t, err)
		opened, err := os.Stat(path)
		require.NoError(t, err)
		require.NoError(t, create(path, 0, noon()))
		after, err := os.Stat(path)
		require.NoError(t, err)
		require.True(t, os.SameFile(opened, after), "a ledger in use was replaced")
		require.NoError(t, store.Close())
		files, err := os.ReadDir(filepath.Dir(path))
		require.NoError(t, err)
		require.Len(t, files, 1)
	}
}

func TestOpenRefusesALockedFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ledger.db")
	store, err := Open(path, Options{})
	require.NoError(t, err)
	_, err = Open(path, Options{LockTimeout: 10 * time.Millisecond})
	require.ErrorIs(t, err, ErrLocked)
	require.ErrorContains(t, err, path)
	_, err = Verify(path, t.TempDir(), nil)
	require.ErrorIs(t, err, ErrLocked)
	require.NoError(t, store.Close())
	store, err = Open(path, Options{})
	require.NoError(t, err)
	require.NoError(t, store.Close())
}

func TestOpenRefusesATruncatedFile(t *testing.T) {
	t.Parallel()
	path := newRich(t)
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	var used int
	edit(t, path, func(tx *bolt.Tx) error {
		used = int(tx.Size())
		return nil
	})
	page := pageSize
	sizes := []int{0, 1, 100, page - 1, page, page + 1, 2 * page, 2*page + 1, used / 2, used/2 + 17, used - page, used - 1}
	for size := 3 * page; size < used; size += page {
		sizes = append(sizes, size)
	}
	for _, size := range sizes {
		short := filepath.Join(t.TempDir(), "short.db")
		require.NoError(t, os.WriteFile(short, whole[:size], 0o600))
		for name, open := range map[string]func() error{
			"open":   func() error { _, err := Open(short, Options{}); return err },
			"verify": func() error { _, err := Verify(short, t.TempDir(), nil); return err },
		} {
			err := open()
			require.Error(t, err, "%s %d bytes", name, size)
			if !errors.Is(err, ErrForeign) || size >= 2*page {
				require.ErrorIs(t, err, ErrTruncated, "%s %d bytes", name, size)
			}
		}
		after, err := os.ReadFile(short)
		require.NoError(t, err)
		require.Equal(t, whole[:size], after, "a refused file is left as it was")
	}
}

func TestOpenRefusesANewerFile(t *testing.T) {
	t.Parallel()
	path := newRich(t)
	editMetadata(t, path, func(m *metadata) { m.Schema = Schema + 1 })
	_, err := Open(path, Options{})
	require.ErrorIs(t, err, ErrNewer)
	require.ErrorContains(t, err, "its schema is 5, this program reads up to 4")
	_, err = Verify(path, t.TempDir(), nil)
	require.ErrorIs(t, err, ErrNewer)
}

func TestOpenRefusesAForeignFile(t *testing.T) {
	t.Parallel()
	noise := func(size int) func(*testing.T, string) {
		return func(t *testing.T, path string) {
			text := make([]byte, size)
			_, _ = rand.Read(text)
			require.NoError(t, os.WriteFile(path, text, 0o600))
		}
	}
	edited := func(change func(*bolt.Tx) error) func(*testing.T, string) {
		return func(t *testing.T, path string) {
			require.NoError(t, os.Rename(newRich(t), path))
			edit(t, path, change)
		}
	}
	for name, spoil := range map[string]func(*testing.T, string){
		"10 random bytes":      noise(10),
		"4096 random bytes":    noise(4096),
		"100 000 random bytes": noise(100_000),
		"a text": func(t *testing.T, path string) {
			require.NoError(t, os.WriteFile(path, []byte("SQLite format 3\x00"), 0o600))
		},
		"another program's bbolt file": func(t *testing.T, path string) {
			edit(t, path, func(tx *bolt.Tx) error { _, err := tx.CreateBucket([]byte("x")); return err })
		},
		"no metadata": edited(func(tx *bolt.Tx) error { return tx.Bucket(bucketMeta).Delete(metaKey) }),
		"metadata that are no JSON": edited(func(tx *bolt.Tx) error {
			return tx.Bucket(bucketMeta).Put(metaKey, []byte("{"))
		}),
		"metadata without a schema": edited(func(tx *bolt.Tx) error {
			return tx.Bucket(bucketMeta).Put(metaKey, []byte("{}"))
		}),
		"no journal": edited(func(tx *bolt.Tx) error { return tx.DeleteBucket(bucketJournal) }),
		"no charges": edited(func(tx *bolt.Tx) error { return tx.DeleteBucket(bucketCharges) }),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "ledger.db")
			spoil(t, path)
			_, err := Open(path, Options{})
			require.ErrorIs(t, err, ErrForeign)
			require.ErrorContains(t, err, path)
			_, err = Verify(path, t.TempDir(), nil)
			require.ErrorIs(t, err, ErrForeign)
		})
	}
}

func TestOpenRefusesWhatTheSystemRefuses(t *testing.T) {
	t.Parallel()
	_, err := Open(filepath.Join(t.TempDir(), "missing", "ledger.db"), Options{})
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = Open(t.TempDir(), Options{})
	require.Error(t, err)
	_, err = Verify(filepath.Join(t.TempDir(), "ledger.db"), t.TempDir(), nil)
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestOpenHoldsTheCodeLength(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ledger.db")
	_, err := Open(path, Options{CodeLength: ledger.MaxCodeLength + 1})
	require.ErrorContains(t, err, "code length 21: want 12 to 20")
	require.NoFileExists(t, path)

	store, err := Open(path, Options{CodeLength: 14})
	require.NoError(t, err)
	require.NoError(t, store.Close())
	_, err = Open(path, Options{CodeLength: 16})
	require.ErrorContains(t, err, "its codes have 14 digits, the configuration wants 16")
	for _, length := range []int{0, 14} {
		store, err = Open(path, Options{CodeLength: length})
		require.NoError(t, err)
		state, err := store.Load(context.Background(), ledger.Keys{Prefix: "812"})
		require.NoError(t, err)
		require.Len(t, state.FreshCode, 14)
		require.NoError(t, store.Close())
	}
}

// TestOpenRefusesADamagedJournalEnd: a store that went on from it would chain
// its records to nothing.
func TestOpenRefusesADamagedJournalEnd(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*bolt.Bucket) error{
		"a flipped byte": func(b *bolt.Bucket) error {
			key, value := b.Cursor().Last()
			return b.Put(clone(key), flip(value, len(value)-2))
		},
		"a short key": func(b *bolt.Bucket) error { return b.Put([]byte("zzz"), []byte("x")) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := newRich(t)
			edit(t, path, func(tx *bolt.Tx) error { return change(tx.Bucket(bucketJournal)) })
			_, err := Open(path, Options{})
			require.ErrorContains(t, err, "read journal record")
		})
	}
}

func clone(b []byte) []byte { return append([]byte(nil), b...) }

// flip is a copy with one bit of one byte turned.
func flip(b []byte, at int) []byte {
	b = clone(b)
	b[at] ^= 1
	return b
}
