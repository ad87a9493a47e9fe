package audit_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"

	"paypoint/access/audit"
)

// tamper alters the file behind the program's back.
func (a *archive) tamper(t *testing.T, alter func(tx *bbolt.Tx) error) {
	t.Helper()
	require.NoError(t, a.log.Close())
	db, err := bbolt.Open(a.path, 0o600, nil)
	require.NoError(t, err)
	require.NoError(t, db.Update(alter))
	require.NoError(t, db.Close())
	a.open(t)
}

func key(seq uint64) []byte { return binary.BigEndian.AppendUint64(nil, seq) }

func TestAWholeLogChecks(t *testing.T) {
	t.Parallel()
	a := setup(t)
	require.Zero(t, a.whole(t))
	a.story(t, 2500)
	known, err := a.log.Head()
	require.NoError(t, err)
	require.EqualValues(t, 2500, known.Seq)
	require.Len(t, known.Hash, 64)
	a.record(t, audit.Entry{Who: "siti", Act: "sign_in", Result: audit.Done})
	var steps [][2]uint64
	report, err := a.log.Check(t.Context(), []audit.Head{known}, func(done, total uint64) { steps = append(steps, [2]uint64{done, total}) })
	require.NoError(t, err)
	require.Empty(t, report.Faults)
	require.EqualValues(t, 2501, report.Entries)
	require.Equal(t, [][2]uint64{{1000, 2501}, {2000, 2501}, {2501, 2501}}, steps)
	last, err := a.log.Head()
	require.NoError(t, err)
	require.Equal(t, last, report.Head)
	gone, leave := context.WithCancel(t.Context())
	leave()
	_, err = a.log.Check(gone, nil, nil)
	require.ErrorIs(t, err, context.Canceled)
}

func TestCheckFindsWhatWasTamperedWith(t *testing.T) {
	t.Parallel()
	entries, index := []byte("entries"), []byte("index")
	for name, try := range map[string]struct {
		alter func(tx *bbolt.Tx) error
		want  []audit.Fault
	}{
		"an entry changed": {func(tx *bbolt.Tx) error {
			value := bytes.Replace(tx.Bucket(entries).Get(key(5)), []byte(`"sign_in"`), []byte(`"sign_on"`), 1)
			value = bytes.Replace(value, []byte(`"case.note"`), []byte(`"case.vote"`), 1)
			return tx.Bucket(entries).Put(key(5), value)
		}, []audit.Fault{{Seq: 5, Problem: audit.Changed}}},
		"a number changed": {func(tx *bbolt.Tx) error {
			return tx.Bucket(entries).Put(key(5), bytes.Clone(tx.Bucket(entries).Get(key(4))))
		}, []audit.Fault{{Seq: 5, Problem: audit.Changed}, {Seq: 6, Problem: audit.Changed}}},
		"a hash changed": {func(tx *bbolt.Tx) error {
			value := bytes.Clone(tx.Bucket(entries).Get(key(5)))
			value[0]++
			return tx.Bucket(entries).Put(key(5), value)
		}, []audit.Fault{{Seq: 5, Problem: audit.Changed}, {Seq: 6, Problem: audit.Changed}}},
		"not an entry": {func(tx *bbolt.Tx) error { return tx.Bucket(entries).Put(key(5), []byte("x")) }, []audit.Fault{
			{Seq: 5, Problem: audit.Changed}, {Seq: 6, Problem: audit.Changed},
		}},
		"one removed":   {func(tx *bbolt.Tx) error { return tx.Bucket(entries).Delete(key(5)) }, []audit.Fault{{Seq: 5, Problem: audit.Missing}}},
		"first removed": {func(tx *bbolt.Tx) error { return tx.Bucket(entries).Delete(key(1)) }, []audit.Fault{{Seq: 1, Problem: audit.Missing}}},
		"cut off": {func(tx *bbolt.Tx) error {
			for seq := uint64(9); seq <= 10; seq++ {
				if err := tx.Bucket(entries).Delete(key(seq)); err != nil {
					return err
				}
			}
			return nil
		}, []audit.Fault{{Seq: 9, Problem: audit.Missing}, {Seq: 10, Problem: audit.Missing}}},
		"one added": {func(tx *bbolt.Tx) error {
			return tx.Bucket(entries).Put(key(11), bytes.Clone(tx.Bucket(entries).Get(key(10))))
		}, []audit.Fault{{Seq: 11, Problem: audit.Added}}},
		"one hidden": {func(tx *bbolt.Tx) error {
			return tx.Bucket(index).Delete(append([]byte("wsiti\x00"), key(4)...))
		}, []audit.Fault{{Seq: 4, Problem: audit.Hidden}}},
		"hidden by its hour": {func(tx *bbolt.Tx) error {
			hours := tx.Bucket([]byte("hours"))
			hour, _ := hours.Cursor().First()
			return hours.Put(hour, append(key(2), key(10)...))
		}, []audit.Fault{{Seq: 1, Problem: audit.Hidden}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := setup(t)
			a.story(t, 10)
			a.tamper(t, try.alter)
			report, err := a.log.Check(t.Context(), nil, nil)
			require.NoError(t, err)
			require.Equal(t, try.want, report.Faults)
		})
	}
}

// Who rewrites the end of the log with all its hashes is found out by a head that
// was kept elsewhere.
func TestCheckFindsALogThatWasMadeAnew(t *testing.T) {
	t.Parallel()
	a := setup(t)
	a.story(t, 10)
	known, err := a.log.Head()
	require.NoError(t, err)

	shorter := setup(t)
	shorter.story(t, 9)
	report, err := shorter.log.Check(t.Context(), []audit.Head{known}, nil)
	require.NoError(t, err)
	require.Equal(t, []audit.Fault{{Seq: 10, Problem: audit.Missing}}, report.Faults)

	shorter.Advance(time.Second)
	shorter.record(t, audit.Entry{Who: "siti", Act: "nothing of note", Result: audit.Done})
	report, err = shorter.log.Check(t.Context(), []audit.Head{known}, nil)
	require.NoError(t, err)
	require.Equal(t, []audit.Fault{{Seq: 10, Problem: audit.Replaced}}, report.Faults)
	a.whole(t, known)
}

// Faults are bounded, however much is wrong.
func TestFaultsAreBounded(t *testing.T) {
	t.Parallel()
	a := setup(t)
	a.story(t, 300)
	a.tamper(t, func(tx *bbolt.Tx) error {
		for seq := range uint64(299) {
			if err := tx.Bucket([]byte("entries")).Delete(key(seq + 1)); err != nil {
				return err
			}
		}
		return nil
	})
	report, err := a.log.Check(t.Context(), nil, nil)
	require.NoError(t, err)
	require.Len(t, report.Faults, audit.MaxFaults)
}

// Whatever bytes of the file are overwritten, a check tells of it, or the file does
// not open: it never passes, and never ends the program.
func TestCheckSurvivesADamagedFile(t *testing.T) {
	t.Parallel()
	a := setup(t)
	a.story(t, 100)
	require.NoError(t, a.log.Close())
	whole, err := os.ReadFile(a.path)
	require.NoError(t, err)
	// A file that broke off in the midst of its pages may keep its locks: each has a
	// place of its own.
	folder, said := t.TempDir(), 0
	for at := 0; at < len(whole); at += len(whole)/60 + 1 {
		damaged := bytes.Clone(whole)
		for i := at; i < min(at+16, len(damaged)); i++ {
			damaged[i] ^= 0x55
		}
		path := filepath.Join(folder, fmt.Sprint(at))
		require.NoError(t, os.WriteFile(path, damaged, 0o600))
		log, err := audit.Open(path, a.Now)
		if err != nil {
			said++
			continue
		}
		report, err := log.Check(t.Context(), nil, nil)
		if err != nil || len(report.Faults) > 0 {
			said++
		} else {
			require.EqualValues(t, 100, report.Entries, "the place was not used")
		}
		_, _ = log.List(t.Context(), audit.Query{})
	}
	require.Greater(t, said, 10)
	a.open(t)
	a.whole(t)
}
