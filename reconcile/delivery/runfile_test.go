package delivery_test

import (
	"bytes"
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	bolt "go.etcd.io/bbolt"

	"paypoint/ledger"
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
		"nothing":                           nil,
		"half a page":                       whole[:2048],
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
			require.ErrorIs(t, err, delivery.ErrUnusable)
			if runs != nil {
				require.NoError(t, runs.Close())
			}
		})
	}
}

// Records that are damaged while they are open fail every time, and at once: whoever
// waited for them would keep the console, and the end of the program, waiting too.
func TestRunsDamagedWhileOpen(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), delivery.RunFile)
	runs := openRuns(t, path)
	day := delivery.Run{Job: "settlement", Day: friday, State: delivery.Done}
	_, err := runs.Save(t.Context(), day)
	require.NoError(t, err)
	require.NoError(t, os.Truncate(path, 0))
	requireUnusable(t, runs, delivery.ErrDamaged)
}

// Records without a file say why, to everyone and every time; no job is done by them.
func TestUnusableRunsSayWhy(t *testing.T) {
	t.Parallel()
	_, cause := delivery.OpenRuns(t.TempDir())
	require.Error(t, cause)
	runs := delivery.UnusableRuns(cause)
	requireUnusable(t, runs, cause)
	schedule, err := delivery.NewSchedule(delivery.ScheduleConfig{
		Jobs: []delivery.Job{{
			Name: "settlement", First: friday, CutOff: 24 * time.Hour, Retry: delivery.DefaultRetry(),
			Steps: []delivery.Step{{Name: "close", Do: func(context.Context, ledger.Day) error { panic("it is done") }}},
		}},
		Runs: runs, Now: func() time.Time { return wib(t, "2026-11-21 02:00:00") },
	})
	require.NoError(t, err)
	_, err = schedule.Advance(t.Context(), "settlement")
	require.ErrorIs(t, err, delivery.ErrUnusable)
	_, err = schedule.RunNow(t.Context(), "settlement", friday)
	require.ErrorIs(t, err, delivery.ErrUnusable)
	_, err = schedule.Standings(t.Context())
	require.ErrorIs(t, err, delivery.ErrUnusable)
}

// requireUnusable asks records all that can be asked, twice.
func requireUnusable(t *testing.T, runs *delivery.FileRuns, cause error) {
	t.Helper()
	for range 2 {
		_, last := runs.Last(t.Context(), "settlement")
		_, open := runs.Open(t.Context(), "settlement")
		_, get := runs.Get(t.Context(), "settlement", friday)
		_, list := runs.List(t.Context(), "settlement", "", 10)
		_, saved := runs.Save(t.Context(), delivery.Run{Job: "settlement", Day: friday.Next(), State: delivery.Done})
		for _, err := range []error{last, open, get, list, saved} {
			require.ErrorIs(t, err, delivery.ErrUnusable)
			require.ErrorIs(t, err, cause)
		}
	}
	require.NoError(t, runs.Close())
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
