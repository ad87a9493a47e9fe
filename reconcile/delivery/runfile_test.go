package delivery_test

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	bolt "go.etcd.io/bbolt"

	"paypoint/reconcile/delivery"
)

func TestOpenRuns(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), delivery.RunFile)
	openRuns(t, path)
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.EqualValues(t, 0o600, info.Mode().Perm())
	_, err = delivery.OpenRuns(path)
	require.ErrorIs(t, err, delivery.ErrLocked)
	_, err = delivery.OpenRuns(filepath.Join(t.TempDir(), "missing", delivery.RunFile))
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestOpenRunsOfAnotherLayout(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), delivery.RunFile)
	db, err := bolt.Open(path, 0o600, nil)
	require.NoError(t, err)
	require.NoError(t, db.Update(func(tx *bolt.Tx) error {
		meta, err := tx.CreateBucket([]byte("meta"))
		require.NoError(t, err)
		return meta.Put([]byte("schedule"), []byte("2"))
	}))
	require.NoError(t, db.Close())
	_, err = delivery.OpenRuns(path)
	require.ErrorIs(t, err, delivery.ErrDamaged)
	require.ErrorContains(t, err, `layout "2", this program knows 1`)
}

// Records that were damaged are refused, never taken for none: that would do
// all days again.
func TestDamagedRuns(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), delivery.RunFile)
	runs := openRuns(t, path)
	day := friday
	for range 200 {
		_, err := runs.Save(t.Context(), delivery.Run{Job: "settlement", Day: day, State: delivery.Done})
		require.NoError(t, err)
		day = day.Next()
	}
	require.NoError(t, runs.Close())
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	noise := make([]byte, 4096)
	dice := rand.NewChaCha8([32]byte{})
	_, _ = dice.Read(noise) // never fails
	damages := map[string][]byte{
		"noise from the first data page on": append(bytes.Clone(whole[:8192]), bytes.Repeat(noise, len(whole)/4096-2)...),
		"noise in place of it":              bytes.Repeat(noise, 16),
		"cut in the middle":                 whole[:len(whole)/2/4096*4096],
		"records that are no JSON":          bytes.ReplaceAll(whole, []byte(`{"job"`), []byte(`{"job:`)),
		"a record of another day":           bytes.ReplaceAll(whole, []byte(`"day":"20`), []byte(`"day":"21`)),
	}
	for title, damaged := range damages {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), delivery.RunFile)
			require.NoError(t, os.WriteFile(path, damaged, 0o600))
			runs, err := delivery.OpenRuns(path)
			if err == nil {
				_, err = runs.Last(t.Context(), "settlement")
			}
			require.ErrorIs(t, err, delivery.ErrDamaged)
		})
	}
}

// A file that was being made when the power failed is made anew.
func TestOpenRunsAfterAFileThatWasNeverMade(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), delivery.RunFile)
	require.NoError(t, os.WriteFile(path+".new", []byte("half a page"), 0o600))
	runs, err := delivery.OpenRuns(path)
	require.NoError(t, err)
	require.NoError(t, runs.Close())
	require.NoFileExists(t, path+".new")
	runs, err = delivery.OpenRuns(path)
	require.NoError(t, err)
	require.NoError(t, runs.Close())
}
