package boltdb

import (
	"bytes"
	"context"
	"encoding/hex"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	bolt "go.etcd.io/bbolt"

	"paypoint/ledger"
)

// schema1Records is how many journal records testdata/schema1.txt has.
const schema1Records = 33

// newSchema1 makes the file that testdata/schema1.txt describes: a ledger with
// rows of every kind, as the last program of that layout wrote it. Its lines
// are a bucket, a key in hex and a value in hex, but the metadata and the
// journal are in plain text; and the counter of the charges.
func newSchema1(t testing.TB) string {
	path := filepath.Join(t.TempDir(), "ledger.db")
	text, err := os.ReadFile("testdata/schema1.txt")
	require.NoError(t, err)
	db, err := bolt.Open(path, 0o600, &bolt.Options{PageSize: pageSize})
	require.NoError(t, err)
	require.NoError(t, db.Update(func(tx *bolt.Tx) error {
		var last ledger.Hash
		for line := range strings.Lines(string(text)) {
			if err := putLine(tx, strings.TrimSuffix(line, "\n"), &last); err != nil {
				return err
			}
		}
		return nil
	}))
	require.NoError(t, db.Close())
	return path
}

func putLine(tx *bolt.Tx, line string, last *ledger.Hash) error {
	words := strings.SplitN(line, " ", 3)
	bucket, err := tx.CreateBucketIfNotExists([]byte(words[0]))
	if err != nil {
		return err
	}
	if words[1] == "sequence" {
		number, err := strconv.ParseUint(words[2], 10, 64)
		if err != nil {
			return err
		}
		return bucket.SetSequence(number)
	}
	key, err := hex.DecodeString(words[1])
	if err != nil {
		return err
	}
	value := []byte(words[2])
	switch words[0] {
	case string(bucketMeta):
	case string(bucketJournal):
		*last = ledger.Chain(*last, value)
		value = frame(*last, value)
	default:
		if value, err = hex.DecodeString(words[2]); err != nil {
			return err
		}
	}
	return bucket.Put(key, value)
}

// viewBoth reads an upgraded ledger beside the old one.
func viewBoth(t *testing.T, path string, read func(old, upgraded *bolt.Tx)) {
	view(t, keptPath(path, 1), func(old *bolt.Tx) {
		view(t, path, func(upgraded *bolt.Tx) { read(old, upgraded) })
	})
}

func view(t testing.TB, path string, read func(*bolt.Tx)) {
	db, err := bolt.Open(path, 0o600, &bolt.Options{ReadOnly: true, Timeout: time.Second})
	require.NoError(t, err)
	require.NoError(t, db.View(func(tx *bolt.Tx) error {
		read(tx)
		return nil
	}))
	require.NoError(t, db.Close())
}

// reopen opens a ledger and closes it, so that it is upgraded.
func reopen(t testing.TB, path string, options Options) {
	store, err := Open(path, options)
	require.NoError(t, err)
	require.NoError(t, store.Close())
}

func filesIn(t testing.TB, folder string) []string {
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

func TestUpgradeLosesNothing(t *testing.T) {
	t.Parallel()
	path := newSchema1(t)
	before, err := os.ReadFile(path)
	require.NoError(t, err)
	var told [][2]uint64
	reopen(t, path, Options{Upgrading: func(done, total uint64) { told = append(told, [2]uint64{done, total}) }})
	require.Equal(t, [][2]uint64{{schema1Records, schema1Records}}, told)

	require.Equal(t, []string{"ledger.db", "ledger.db.schema1"}, filesIn(t, filepath.Dir(path)))
	kept, err := os.ReadFile(keptPath(path, 1))
	require.NoError(t, err)
	require.True(t, bytes.Equal(before, kept), "the old file is kept as it was")
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())

	report, err := Verify(path, t.TempDir(), nil)
	require.NoError(t, err)
	require.Equal(t, uint64(schema1Records), report.Records)
	viewBoth(t, path, func(old, upgraded *bolt.Tx) {
		// Verify has derived the new one's other rows from its journal.
		for _, name := range append([][]byte{bucketJournal, bucketDetails}, rowsKept(1)...) {
			require.NoError(t, compareBucket(name, upgraded.Bucket(name), old.Bucket(name)), string(name))
		}
		var was, is metadata
		require.NoError(t, was.read(old))
		require.NoError(t, is.read(upgraded))
		was.Schema = Schema
		require.Equal(t, was, is)
		requireSameCharges(t, old, upgraded)
	})
}

// requireSameCharges compares all rows of charges and transactions. Only what
// the older layout did not have may differ.
func requireSameCharges(t *testing.T, old, upgraded *bolt.Tx) {
	rows := 0
	require.NoError(t, old.Bucket(bucketCharges).ForEach(func(key, value []byte) error {
		rows++
		there := upgraded.Bucket(bucketCharges).Get(key)
		if key[0] == partStray || key[8] == partTransaction {
			require.Equal(t, value, there)
			return nil
		}
		was, err := decode[chargeRow](value)
		require.NoError(t, err)
		is, err := decode[chargeRow](there)
		require.NoError(t, err)
		require.Positive(t, is.Last)
		is.Last = 0
		require.Equal(t, was, is)
		return nil
	}))
	require.Equal(t, rows, upgraded.Bucket(bucketCharges).Stats().KeyN)
}

// TestUpgradedLedgerGoesOn books on the old charges, and opens it again.
func TestUpgradedLedgerGoesOn(t *testing.T) {
	t.Parallel()
	path := newSchema1(t)
	store, err := Open(path, Options{})
	require.NoError(t, err)
	ctx := context.Background()
	clock := &richClock{noon().Add(time.Hour)}
	r := &rich{t: t, store: store, clock: clock}
	r.service = ledger.NewService(store, testAgreement(), clock.Now)
	view, err := r.service.Status(ctx, "G1", "six")
	require.NoError(t, err)
	r.pay(view.Charge, "N", "TA01")
	due, err := store.Due(ctx, clock.now.AddDate(1, 0, 0), 100)
	require.NoError(t, err)
	for _, d := range due {
		state, err := store.Load(ctx, ledger.Keys{Number: d.Number})
		require.NoError(t, err)
		if d.Number != view.Number {
			require.Equal(t, d.At, state.Charge.Due(), "a row that was attended to is back")
		}
	}
	clock.now = clock.now.AddDate(0, 0, 2)
	_, err = r.service.Sweep(ctx)
	require.NoError(t, err)
	_, life, err := r.service.Life(ctx, "G1", "six")
	require.NoError(t, err)
	require.Equal(t, []ledger.Standing{ledger.StandingActive, ledger.StandingReleased}, []ledger.Standing{life[0].Standing, life[1].Standing})
	places, err := store.Listed(ctx, "G1", "", ledger.Place{}, 100)
	require.NoError(t, err)
	require.Len(t, places, 10)
	require.NoError(t, store.Close())

	reopen(t, path, Options{Upgrading: func(uint64, uint64) { t.Error("upgraded again") }})
	_, err = Verify(path, t.TempDir(), nil)
	require.NoError(t, err)
}

// TestUpgradeKeepsTheOldFileLocked: a program of before that waited for its
// lock would book in it, where nobody looks.
func TestUpgradeKeepsTheOldFileLocked(t *testing.T) {
	t.Parallel()
	path := newSchema1(t)
	store, err := Open(path, Options{})
	require.NoError(t, err)
	brief := bolt.Options{Timeout: 10 * time.Millisecond}
	_, err = openFile(keptPath(path, 1), brief)
	require.ErrorIs(t, err, ErrLocked)
	require.NoError(t, store.Close())
	file, err := openFile(keptPath(path, 1), brief)
	require.NoError(t, err)
	require.NoError(t, file.db.Close())
}

// TestOpenNoticesAnUpgradeByAnother opens a ledger while it is exchanged.
func TestOpenNoticesAnUpgradeByAnother(t *testing.T) {
	t.Parallel()
	path, other := newRich(t), newRich(t)
	// The old file's readers keep a writer waiting.
	held, err := bolt.Open(path, 0o600, &bolt.Options{ReadOnly: true})
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
	require.NoError(t, os.Rename(other, path))
	require.NoError(t, held.Close())
	file := <-opened
	there, err := os.Stat(path)
	require.NoError(t, err)
	require.True(t, os.SameFile(there, file.info))
	require.NoError(t, file.db.Close())
}

// openTimes counts this process's open files with a path.
func openTimes(t *testing.T, path string) int {
	count := 0
	for _, name := range filesIn(t, "/proc/self/fd") {
		if to, err := os.Readlink("/proc/self/fd/" + name); err == nil && to == path {
			count++
		}
	}
	return count
}

func TestVerifyOfAnOlderFileSaysWhatToDo(t *testing.T) {
	t.Parallel()
	_, err := Verify(newSchema1(t), t.TempDir(), nil)
	require.ErrorIs(t, err, ErrOlder)
	require.ErrorContains(t, err, "its schema is 1, this program checks 2")
}

func TestUpgradeClearsWhatAKilledOneLeft(t *testing.T) {
	t.Parallel()
	path := newSchema1(t)
	require.NoError(t, os.WriteFile(unfinishedPath(path), []byte("half a ledger"), 0o600))
	require.NoError(t, os.Link(path, keptPath(path, 1)))
	reopen(t, path, Options{})
	require.Equal(t, []string{"ledger.db", "ledger.db.schema1"}, filesIn(t, filepath.Dir(path)))
	_, err := Verify(path, t.TempDir(), nil)
	require.NoError(t, err)
}

func TestUpgradeReplacesNoOtherFile(t *testing.T) {
	t.Parallel()
	path := newSchema1(t)
	require.NoError(t, os.WriteFile(keptPath(path, 1), []byte("a backup"), 0o600))
	_, err := Open(path, Options{})
	require.ErrorIs(t, err, fs.ErrExist)
	require.ErrorContains(t, err, keptPath(path, 1))
	backup, err := os.ReadFile(keptPath(path, 1))
	require.NoError(t, err)
	require.Equal(t, "a backup", string(backup))
}

// TestUpgradeRefusesADamagedLedger: what is derived from a damaged journal
// would look sound.
func TestUpgradeRefusesADamagedLedger(t *testing.T) {
	t.Parallel()
	for name, damage := range map[string]struct {
		change func(*bolt.Tx) error
		where  string
	}{
		"a flipped byte":         {alterFrame(paidRecord, func(f []byte) []byte { return flip(f, frameText+40) }), journalKey(paidRecord)},
		"a forged amount":        {alterFrame(paidRecord, func(f []byte) []byte { return resum(bytes.Replace(f, []byte("50000"), []byte("50001"), 1)) }), journalKey(paidRecord)},
		"a record gone":          {dropRecord(5), journalKey(6)},
		"an end that is lost":    {shorten(4), "row"},
		"its last record broken": {alterFrame(schema1Records, func(f []byte) []byte { return flip(f, frameText) }), "journal"},
		"a balance altered": {func(tx *bolt.Tx) error {
			return tx.Bucket(bucketBalances).Put([]byte(ledger.Fees), numberKey(1))
		}, "balances row"},
		"details gone":  {func(tx *bolt.Tx) error { return tx.Bucket(bucketDetails).Delete(numberKey(2)) }, "details of charge 2"},
		"counter ahead": {func(tx *bolt.Tx) error { return tx.Bucket(bucketCharges).SetSequence(99) }, "charges"},
		"another code key": {func(tx *bolt.Tx) error {
			meta := bytes.Replace(tx.Bucket(bucketMeta).Get(metaKey), []byte(`"code_key":"h`), []byte(`"code_key":"i`), 1)
			return tx.Bucket(bucketMeta).Put(metaKey, meta)
		}, "charge 1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := newSchema1(t)
			edit(t, path, damage.change)
			before, err := os.ReadFile(path)
			require.NoError(t, err)
			_, err = Open(path, Options{})
			var difference *Difference
			require.ErrorAs(t, err, &difference)
			require.Contains(t, difference.Where, damage.where, difference.What)
			require.ErrorContains(t, err, "upgrade ledger "+path+" from schema 1")
			requireUntouched(t, path, before)
		})
	}
}

// requireUntouched: a refused upgrade leaves the folder as it was.
func requireUntouched(t *testing.T, path string, before []byte) {
	after, err := os.ReadFile(path)
	require.NoError(t, err)
	require.True(t, bytes.Equal(before, after))
	require.Equal(t, []string{filepath.Base(path)}, filesIn(t, filepath.Dir(path)))
}
