package boltdb

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"io/fs"
	"maps"
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

// older is a ledger with rows of every kind, as the last program of an older
// layout wrote it. The lines of testdata/schemaN.txt are a bucket, a key in hex
// and a value in hex, but the metadata and the journal are in plain text; and
// the counter of the charges.
type older struct {
	schema int
	// records and cases are how many its journal has, where a case is no more than a
	// key, and charges those of G1.
	records, cases, charges int
}

func schema1() older { return older{schema: 1, records: 33, cases: 1, charges: 10} }

func schema2() older { return older{schema: 2, records: 31, cases: 2, charges: 7} }

func schema3() older { return older{schema: 3, records: 53, charges: 9} }

// eachOlder runs a test with the ledger of each layout.
func eachOlder(t *testing.T, test func(*testing.T, older)) {
	for _, o := range []older{schema1(), schema2(), schema3()} {
		t.Run(fmt.Sprintf("schema %d", o.schema), func(t *testing.T) {
			t.Parallel()
			test(t, o)
		})
	}
}

// kept is where an upgrade of the ledger at path keeps the old one.
func (o older) kept(path string) string { return keptPath(path, o.schema) }

// newFile makes the ledger's file.
func (o older) newFile(t testing.TB) string {
	path := filepath.Join(t.TempDir(), "ledger.db")
	text, err := os.ReadFile(fmt.Sprintf("testdata/schema%d.txt", o.schema))
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
func viewBoth(t *testing.T, path, kept string, read func(old, upgraded *bolt.Tx)) {
	view(t, kept, func(old *bolt.Tx) {
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
	eachOlder(t, func(t *testing.T, o older) {
		path, all := o.newFile(t), uint64(o.records)
		before, err := os.ReadFile(path)
		require.NoError(t, err)
		var told [][2]uint64
		reopen(t, path, Options{Upgrading: func(done, total uint64) { told = append(told, [2]uint64{done, total}) }})
		require.Equal(t, [][2]uint64{{all, all}}, told)

		require.Equal(t, []string{"ledger.db", filepath.Base(o.kept(path))}, filesIn(t, filepath.Dir(path)))
		kept, err := os.ReadFile(o.kept(path))
		require.NoError(t, err)
		require.True(t, bytes.Equal(before, kept), "the old file is kept as it was")
		info, err := os.Stat(path)
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm())

		report, err := Verify(path, t.TempDir(), nil)
		require.NoError(t, err)
		require.Equal(t, all, report.Records)
		viewBoth(t, path, o.kept(path), func(old, upgraded *bolt.Tx) { o.requireSameRows(t, old, upgraded) })
	})
}

// requireSameRows: Verify has derived the new ledger's other rows from its journal.
func (o older) requireSameRows(t *testing.T, old, upgraded *bolt.Tx) {
	for _, name := range append([][]byte{bucketJournal, bucketDetails}, rowsKept(o.schema)...) {
		require.NoError(t, compareBucket(name, upgraded.Bucket(name), old.Bucket(name)), string(name))
	}
	var was, is metadata
	require.NoError(t, was.read(old))
	require.NoError(t, is.read(upgraded))
	was.Schema = Schema
	require.Equal(t, was, is)
	if o.schema >= 3 {
		return // all its rows are kept
	}
	require.NoError(t, compareOldBalances(old.Bucket(bucketBalances), upgraded.Bucket(bucketBalances)))
	require.Greater(t, upgraded.Bucket(bucketBalances).Stats().KeyN, old.Bucket(bucketBalances).Stats().KeyN, "they are of two days")
	require.Equal(t, o.cases, old.Bucket(bucketCases).Stats().KeyN)
	require.Equal(t, 3*o.cases, upgraded.Bucket(bucketDocuments).Stats().KeyN)
	if o.schema < 2 {
		requireSameCharges(t, old, upgraded)
	}
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
	path := schema1().newFile(t)
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

// TestUpgradedCasesGoOn: a case that was no more than a mark can be resolved, and
// the reversal that made it opens none anew.
func TestUpgradedCasesGoOn(t *testing.T) {
	t.Parallel()
	eachOlder(t, func(t *testing.T, o older) {
		if o.cases == 0 {
			return // they were then what they are now
		}
		path := o.newFile(t)
		store, err := Open(path, Options{})
		require.NoError(t, err)
		ctx, clock := context.Background(), &richClock{noon().AddDate(0, 0, 2)}
		r := &rich{t: t, store: store, clock: clock}
		r.service = ledger.NewService(store, testAgreement(), clock.Now)
		page, err := r.service.Cases(ctx, ledger.CaseQuery{Open: true, Limit: 10})
		require.NoError(t, err)
		require.Len(t, page.Cases, o.cases)
		first := page.Cases[0]
		require.Equal(t, ledger.ReasonWrongAmount, first.Reason)
		for _, c := range page.Cases {
			err := r.service.RefuseReversal(ctx, ledger.MalformedReversal{
				Reversal: ledger.Reversal{Code: c.Code, Ref: c.Ref, Store: c.Store, Request: "cd"}, Unnamed: c.Ref == "",
			})
			require.NoError(t, err)
		}
		require.Equal(t, uint64(o.records), store.head.seq, "a case is known")
		proposed, err := r.service.Propose(ctx, first.ID, ledger.Proposal{Act: ledger.ActAccept, Why: "checked", By: "ani"})
		require.NoError(t, err)
		_, err = r.service.Approve(ctx, first.ID, ledger.Approval{Seq: proposed.Proposal.Seq, By: "budi"})
		require.NoError(t, err)
		lines, err := store.Booked(ctx, "G1", testDay(), 0, 10)
		require.NoError(t, err)
		require.Len(t, lines, 1)
		require.NoError(t, store.Close())
		_, err = Verify(path, t.TempDir(), nil)
		require.NoError(t, err)
	})
}

// TestUpgradeKeepsTheOldFileLocked: a program of before that waited for its
// lock would book in it, where nobody looks.
func TestUpgradeKeepsTheOldFileLocked(t *testing.T) {
	t.Parallel()
	path := schema2().newFile(t)
	store, err := Open(path, Options{})
	require.NoError(t, err)
	brief := bolt.Options{Timeout: 10 * time.Millisecond}
	_, err = openFile(schema2().kept(path), brief)
	require.ErrorIs(t, err, ErrLocked)
	require.NoError(t, store.Close())
	file, err := openFile(schema2().kept(path), brief)
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
	_, err := Verify(schema2().newFile(t), t.TempDir(), nil)
	require.ErrorIs(t, err, ErrOlder)
	require.ErrorContains(t, err, "its schema is 2, this program checks 4")
}

func TestUpgradeClearsWhatAKilledOneLeft(t *testing.T) {
	t.Parallel()
	path := schema2().newFile(t)
	require.NoError(t, os.WriteFile(unfinishedPath(path), []byte("half a ledger"), 0o600))
	require.NoError(t, os.Link(path, schema2().kept(path)))
	reopen(t, path, Options{})
	require.Equal(t, []string{"ledger.db", "ledger.db.schema2"}, filesIn(t, filepath.Dir(path)))
	_, err := Verify(path, t.TempDir(), nil)
	require.NoError(t, err)
}

func TestUpgradeReplacesNoOtherFile(t *testing.T) {
	t.Parallel()
	path := schema2().newFile(t)
	require.NoError(t, os.WriteFile(schema2().kept(path), []byte("a backup"), 0o600))
	_, err := Open(path, Options{})
	require.ErrorIs(t, err, fs.ErrExist)
	require.ErrorContains(t, err, schema2().kept(path))
	backup, err := os.ReadFile(schema2().kept(path))
	require.NoError(t, err)
	require.Equal(t, "a backup", string(backup))
}

// TestUpgradeRefusesADamagedLedger: what is derived from a damaged journal
// would look sound.
func TestUpgradeRefusesADamagedLedger(t *testing.T) {
	t.Parallel()
	eachOlder(t, func(t *testing.T, o older) {
		for name, damage := range o.damages() {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				path := o.newFile(t)
				edit(t, path, damage.change)
				before, err := os.ReadFile(path)
				require.NoError(t, err)
				_, err = Open(path, Options{})
				var difference *Difference
				require.ErrorAs(t, err, &difference)
				require.Contains(t, difference.Where, damage.where, difference.What)
				require.ErrorContains(t, err, fmt.Sprintf("upgrade ledger %s from schema %d", path, o.schema))
				requireUntouched(t, path, before)
			})
		}
	})
}

// damages are what an upgrade must find, and where.
func (o older) damages() map[string]corruption {
	damages := map[string]corruption{
		"a flipped byte": {change: alterFrame(paidRecord, func(f []byte) []byte { return flip(f, frameText+40) }), where: journalKey(paidRecord)},
		"a forged amount": {change: alterFrame(paidRecord, func(f []byte) []byte {
			return resum(bytes.Replace(f, []byte("50000"), []byte("50001"), 1))
		}), where: journalKey(paidRecord)},
		"a record gone":       {change: dropRecord(5), where: journalKey(6)},
		"an end that is lost": {change: shorten(4), where: "row"},
		"its last record broken": {
			change: alterFrame(uint64(o.records), func(f []byte) []byte { return flip(f, frameText) }), where: "journal",
		},
		"details gone":  {change: func(tx *bolt.Tx) error { return tx.Bucket(bucketDetails).Delete(numberKey(2)) }, where: "details of charge 2"},
		"counter ahead": {change: func(tx *bolt.Tx) error { return tx.Bucket(bucketCharges).SetSequence(99) }, where: "charges"},
		"another code key": {change: func(tx *bolt.Tx) error {
			key := []byte(`"code_key":"`)
			meta := clone(tx.Bucket(bucketMeta).Get(metaKey))
			meta[bytes.Index(meta, key)+len(key)] ^= 1
			return tx.Bucket(bucketMeta).Put(metaKey, meta)
		}, where: "charge 1"},
	}
	if o.schema < 3 {
		maps.Copy(damages, oldDamages())
	}
	return damages
}

// oldDamages are those of rows that schema 3 did away with.
func oldDamages() map[string]corruption {
	put := func(bucket, key, value []byte) func(*bolt.Tx) error {
		return func(tx *bolt.Tx) error { return tx.Bucket(bucket).Put(key, value) }
	}
	return map[string]corruption{
		"a balance altered":  {change: put(bucketBalances, []byte(ledger.Fees), numberKey(1)), where: "balances row"},
		"a balance too many": {change: put(bucketBalances, []byte(ledger.VAT), numberKey(0)), where: "balances row"},
		"a balance too few": {change: func(tx *bolt.Tx) error {
			return tx.Bucket(bucketBalances).Delete([]byte(ledger.Fees))
		}, where: "balances row"},
		"a balance that is no number": {change: put(bucketBalances, []byte(ledger.Fees), []byte("1")), where: "balances row"},
		"a case too many":             {change: put(bucketCases, pairKey("1", "A"), []byte{rowVersion}), where: "cases row"},
		"a case too few": {change: func(tx *bolt.Tx) error {
			return tx.Bucket(bucketCases).Delete(firstKey(tx, bucketCases, ""))
		}, where: "cases row"},
	}
}

// requireUntouched: a refused upgrade leaves the folder as it was.
func requireUntouched(t *testing.T, path string, before []byte) {
	after, err := os.ReadFile(path)
	require.NoError(t, err)
	require.True(t, bytes.Equal(before, after))
	require.Equal(t, []string{filepath.Base(path)}, filesIn(t, filepath.Dir(path)))
}
