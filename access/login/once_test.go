package login_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"

	"paypoint/access/login"
	"paypoint/clocktest"
)

// result is work that answers with a text.
func result(text string) func() ([]byte, error) {
	return func() ([]byte, error) { return []byte(text), nil }
}

// never is work that must not be done.
func never(t *testing.T) func() ([]byte, error) {
	return func() ([]byte, error) { t.Error("done again"); return nil, nil }
}

func TestAFormActsOnce(t *testing.T) {
	t.Parallel()
	d := setup(t)
	key := login.NewKey()
	got, first, err := d.store.Once(t.Context(), "siti", key, result("done"))
	require.NoError(t, err)
	require.True(t, first)
	require.Equal(t, "done", string(got))
	for range 2 {
		got, first, err = d.store.Once(t.Context(), "siti", key, never(t))
		require.NoError(t, err)
		require.False(t, first)
		require.Equal(t, "done", string(got))
		d.Advance(login.MaxLife)
		d.restart(t)
	}
	got, first, err = d.store.Once(t.Context(), "budi", key, result("another's"))
	require.NoError(t, err)
	require.True(t, first, "a key is of its person")
	require.Equal(t, "another's", string(got))
}

// Of many at once one acts, and all have its answer.
func TestAFormActsOnceForManyAtOnce(t *testing.T) {
	t.Parallel()
	d := setup(t)
	key := login.NewKey()
	var acts, firsts atomic.Int32
	answers := make([]string, 20)
	var group sync.WaitGroup
	for i := range answers {
		group.Go(func() {
			got, first, err := d.store.Once(t.Context(), "siti", key, func() ([]byte, error) {
				return fmt.Appendf(nil, "act %d", acts.Add(1)), nil
			})
			require.NoError(t, err)
			if first {
				firsts.Add(1)
			}
			answers[i] = string(got)
		})
	}
	group.Wait()
	require.EqualValues(t, 1, acts.Load())
	require.EqualValues(t, 1, firsts.Load())
	for _, answer := range answers {
		require.Equal(t, "act 1", answer)
	}
}

// The second waits for the first, and goes when its caller does.
func TestTheSecondWaits(t *testing.T) {
	t.Parallel()
	d := setup(t)
	key, begun, finish := login.NewKey(), make(chan struct{}), make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() {
		_, first, err := d.store.Once(t.Context(), "siti", key, func() ([]byte, error) {
			close(begun)
			<-finish
			return []byte("done"), nil
		})
		require.NoError(t, err)
		require.True(t, first)
	})
	<-begun
	gone, leave := context.WithCancel(t.Context())
	leave()
	_, _, err := d.store.Once(gone, "siti", key, never(t))
	require.ErrorIs(t, err, context.Canceled)
	group.Go(func() {
		got, first, err := d.store.Once(t.Context(), "siti", key, never(t))
		require.NoError(t, err)
		require.False(t, first)
		require.Equal(t, "done", string(got))
	})
	_, first, err := d.store.Once(t.Context(), "siti", login.NewKey(), result("other"))
	require.NoError(t, err)
	require.True(t, first, "other forms do not wait")
	close(finish)
	group.Wait()
}

func TestWorkThatFailsMayBeSentAgain(t *testing.T) {
	t.Parallel()
	d := setup(t)
	key, refused := login.NewKey(), errors.New("refused by the test")
	_, first, err := d.store.Once(t.Context(), "siti", key, func() ([]byte, error) { return nil, refused })
	require.ErrorIs(t, err, refused)
	require.True(t, first)
	got, first, err := d.store.Once(t.Context(), "siti", key, result("done"))
	require.NoError(t, err)
	require.True(t, first)
	require.Equal(t, "done", string(got))
}

// Work that was cut short by a panic, or by the end of the process, is not done
// again: nobody knows how far it came.
func TestWorkThatWasCutShort(t *testing.T) {
	t.Parallel()
	d := setup(t)
	key := login.NewKey()
	require.Panics(t, func() {
		_, _, _ = d.store.Once(t.Context(), "siti", key, func() ([]byte, error) { panic("broken") })
	})
	for range 2 {
		_, _, err := d.store.Once(t.Context(), "siti", key, never(t))
		require.ErrorIs(t, err, login.ErrUnfinished)
		d.restart(t)
	}
}

func TestKeysThatAreNone(t *testing.T) {
	t.Parallel()
	d := setup(t)
	good := login.NewKey()
	for _, key := range []string{"", good[1:], good + "A", strings.ToLower(good), good[:25] + "\x00", strings.Repeat("A", 1<<16)} {
		_, _, err := d.store.Once(t.Context(), "siti", key, never(t))
		require.ErrorIs(t, err, login.ErrKey)
	}
}

// What is over is forgotten, and what a result may hold is bounded.
func TestFormsAreForgotten(t *testing.T) {
	t.Parallel()
	d := setup(t)
	key := login.NewKey()
	got, _, err := d.store.Once(t.Context(), "siti", key, func() ([]byte, error) { return bytes.Repeat([]byte("x"), login.MaxResult+1), nil })
	require.NoError(t, err)
	require.Len(t, got, login.MaxResult)
	d.Advance(login.MaxLife + time.Hour)
	_, first, err := d.store.Once(t.Context(), "siti", login.NewKey(), result("a later one"))
	require.NoError(t, err)
	require.True(t, first)
	_, first, err = d.store.Once(t.Context(), "siti", key, result("again"))
	require.NoError(t, err)
	require.True(t, first, "no sign-in lasts as long as the key was kept")
}

// keep puts forms of siti into the file as programs did that knew no order by time,
// and opens it. It returns their keys.
func (d *desk) keep(t testing.TB, forms int, begun time.Time) []string {
	t.Helper()
	require.NoError(t, d.store.Close())
	file, err := bbolt.Open(d.path, 0o600, nil)
	require.NoError(t, err)
	keys := make([]string, forms)
	require.NoError(t, file.Update(func(tx *bbolt.Tx) error {
		if tx.Bucket([]byte("form times")) != nil {
			require.NoError(t, tx.DeleteBucket([]byte("form times")))
		}
		for i := range keys {
			keys[i] = login.NewKey()
			value, err := json.Marshal(map[string]any{"begun": begun, "ended": true, "result": fmt.Appendf(nil, "/payments/%026d, done", i)})
			require.NoError(t, err)
			require.NoError(t, tx.Bucket([]byte("form keys")).Put([]byte("siti\x00"+keys[i]), value))
		}
		return nil
	}))
	require.NoError(t, file.Close())
	d.store, err = login.Open(d.path, d.Now)
	require.NoError(t, err)
	return keys
}

// kept counts the forms that the file has, by key and by time.
func (d *desk) kept(t *testing.T) (keys, times int) {
	t.Helper()
	require.NoError(t, d.store.Close())
	file, err := bbolt.Open(d.path, 0o600, &bbolt.Options{ReadOnly: true})
	require.NoError(t, err)
	require.NoError(t, file.View(func(tx *bbolt.Tx) error {
		keys = tx.Bucket([]byte("form keys")).Stats().KeyN
		return tx.Bucket([]byte("form times")).ForEachBucket(func(person []byte) error {
			times += tx.Bucket([]byte("form times")).Bucket(person).Stats().KeyN
			return nil
		})
	}))
	require.NoError(t, file.Close())
	d.open(t)
	return keys, times
}

// Nobody fills the file: a person's forms are counted, those that failed are not,
// and those that are over make room. Forms of before there was an order by time count
// like all others.
func TestAPersonsFormsAreBounded(t *testing.T) {
	t.Parallel()
	d := setup(t)
	keys := d.keep(t, login.MaxKeys-2, noon)
	d.Advance(time.Minute)
	refused := errors.New("refused by the test")
	for range 3 {
		_, _, err := d.store.Once(t.Context(), "siti", login.NewKey(), func() ([]byte, error) { return nil, refused })
		require.ErrorIs(t, err, refused)
	}
	for range 2 {
		_, _, err := d.store.Once(t.Context(), "siti", login.NewKey(), result("done"))
		require.NoError(t, err)
	}
	_, _, err := d.store.Once(t.Context(), "siti", login.NewKey(), never(t))
	require.ErrorIs(t, err, login.ErrTooManyForms)
	got, first, err := d.store.Once(t.Context(), "siti", keys[7], never(t))
	require.NoError(t, err)
	require.False(t, first)
	require.Equal(t, "/payments/00000000000000000000000007, done", string(got), "what was done stays done")
	_, _, err = d.store.Once(t.Context(), "budi", login.NewKey(), result("another's"))
	require.NoError(t, err)

	// All but the two of a minute later are over.
	d.Advance(login.MaxLife + time.Hour - time.Minute)
	_, _, err = d.store.Once(t.Context(), "siti", login.NewKey(), result("done"))
	require.NoError(t, err)
	byKey, byTime := d.kept(t)
	require.Equal(t, 4, byKey, "three of hers and one of his")
	require.Equal(t, 4, byTime)
}

// A form among many costs what one alone does.
func BenchmarkOnceAmongMany(b *testing.B) {
	for _, forms := range []int{0, login.MaxKeys - 1} {
		b.Run(fmt.Sprint(forms), func(b *testing.B) {
			d := &desk{path: b.TempDir() + "/console.db", Clock: clocktest.At(noon)}
			var err error
			d.store, err = login.Open(d.path, d.Now)
			require.NoError(b, err)
			d.keep(b, forms, noon)
			refused := errors.New("refused by the benchmark")
			for b.Loop() {
				// One that fails is forgotten, so that there are always as many.
				_, _, err := d.store.Once(b.Context(), "siti", login.NewKey(), func() ([]byte, error) { return nil, refused })
				require.ErrorIs(b, err, refused)
			}
			require.NoError(b, d.store.Close())
		})
	}
}
