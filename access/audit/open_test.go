package audit_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"

	"paypoint/access/audit"
	"paypoint/clocktest"
)

// page is the size of the file's pages, in bytes.
func page() int { return os.Getpagesize() }

// damages are what can happen to a file while nobody has it open.
func damages() map[string]func(whole []byte) []byte {
	garbage := func(length int) []byte { return bytes.Repeat([]byte("Dear customer,\n"), length/15+1)[:length] }
	over := func(whole []byte, from, length int) []byte {
		copy(whole[from:], garbage(length))
		return whole
	}
	return map[string]func(whole []byte) []byte{
		"zero length":              func([]byte) []byte { return nil },
		"garbage":                  func(whole []byte) []byte { return garbage(len(whole)) },
		"half a page":              func(whole []byte) []byte { return whole[:page()/2] },
		"two pages":                func(whole []byte) []byte { return whole[:2*page()] },
		"cut in the middle":        func(whole []byte) []byte { return whole[:len(whole)/2/page()*page()] },
		"both meta pages torn":     func(whole []byte) []byte { return over(over(whole, 40, 24), page()+40, 24) },
		"all but meta pages torn":  func(whole []byte) []byte { return over(whole, 2*page(), len(whole)-2*page()) },
		"all but meta pages zeros": func(whole []byte) []byte { return append(whole[:2*page()], make([]byte, len(whole)-2*page())...) },
	}
}

// A damaged file is not opened, and it stays as it is to the byte: it is evidence.
func TestADamagedFileIsNotOpenedAndNotTouched(t *testing.T) {
	t.Parallel()
	for name, damage := range damages() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "audit.db")
			a := &archive{path: path, Clock: clocktest.At(noon)}
			a.open(t)
			a.story(t, 300)
			require.NoError(t, a.log.Close())
			whole, err := os.ReadFile(path)
			require.NoError(t, err)
			damaged := damage(bytes.Clone(whole))
			require.NoError(t, os.WriteFile(path, damaged, 0o600))

			_, err = audit.Open(path, a.Now)
			require.ErrorIs(t, err, audit.ErrDamaged)
			require.ErrorIs(t, err, audit.ErrUnusable)
			require.ErrorContains(t, err, path)
			after, err := os.ReadFile(path)
			require.NoError(t, err)
			require.True(t, bytes.Equal(damaged, after), "the file was changed")
			entries, err := os.ReadDir(filepath.Dir(path))
			require.NoError(t, err)
			require.Len(t, entries, 1, "nothing is put beside it")
		})
	}
}

// What is no file of ours is not made one.
func TestAnotherFileIsNotOpened(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	_, err := audit.Open(folder, time.Now)
	require.Error(t, err)
	require.NotErrorIs(t, err, audit.ErrDamaged)

	path := filepath.Join(folder, "other.db")
	db, err := bbolt.Open(path, 0o600, nil)
	require.NoError(t, err)
	require.NoError(t, db.Update(func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucket([]byte("logins"))
		return err
	}))
	_, err = audit.Open(path, time.Now)
	require.ErrorContains(t, err, "timeout", "another process has it open")
	require.NoError(t, db.Close())
	_, err = audit.Open(path, time.Now)
	require.ErrorIs(t, err, audit.ErrDamaged)
	require.ErrorContains(t, err, "it has no entries")
}

// A log that was being made when the power failed is made again.
func TestALogThatWasNeverMadeIsMade(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "audit.db")
	require.NoError(t, os.WriteFile(path+".new", []byte("half a page"), 0o600))
	a := &archive{path: path, Clock: clocktest.At(noon)}
	a.open(t)
	a.record(t, audit.Entry{Who: "siti", Act: audit.ActCaseNote, Result: audit.Done})
	a.whole(t)
	require.NoError(t, a.log.Close())
	require.NoFileExists(t, path+".new")
}

// A log without a file says why, to everyone and every time, and keeps nobody waiting.
func TestAnUnusableLogSaysWhy(t *testing.T) {
	t.Parallel()
	cause := errors.New("the disk is gone")
	log := audit.Unusable(cause)
	for range 2 {
		_, listed := log.List(t.Context(), audit.Query{})
		_, checked := log.Check(t.Context(), nil, nil)
		_, head := log.Head()
		_, has := log.Has(audit.Head{Seq: 1})
		var each error
		for _, err := range log.Each(t.Context(), audit.Query{}) {
			each = err
		}
		recorded := log.Record(t.Context(), audit.Entry{Act: audit.ActCaseNote, Result: audit.Done})
		for _, err := range []error{listed, checked, head, has, each, recorded, log.Ready()} {
			require.ErrorIs(t, err, audit.ErrUnusable)
			require.ErrorIs(t, err, cause)
		}
	}
	require.NoError(t, log.Close())
	require.NoError(t, log.Close())
}

// Ready finds what happened to the file before anything is done that would not be
// recorded: it is the first to look.
func TestReadyFindsDamageBeforeAnAct(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		harm func(path string) error
		// mend takes that back, where it can be.
		mend func(path string) error
	}{
		"emptied":         {harm: func(path string) error { return os.Truncate(path, 0) }},
		"cut":             {harm: func(path string) error { return os.Truncate(path, int64(2*page())) }},
		"removed":         {harm: os.Remove},
		"moved, and back": {func(path string) error { return os.Rename(path, path+".aside") }, func(path string) error { return os.Rename(path+".aside", path) }},
		"replaced": {harm: func(path string) error {
			return errors.Join(os.Rename(path, path+".aside"), os.WriteFile(path, []byte("another"), 0o600))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := setup(t)
			d.story(t, 3)
			require.NoError(t, d.log.Ready())
			require.NoError(t, c.harm(d.path))
			for range 2 {
				require.ErrorIs(t, d.log.Ready(), audit.ErrUnusable)
			}
			if c.mend != nil {
				require.NoError(t, c.mend(d.path))
				require.NoError(t, d.log.Ready())
			}
		})
	}
}
