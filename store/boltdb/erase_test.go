package boltdb

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	bolt "go.etcd.io/bbolt"

	"paypoint/ledger"
)

const (
	testRetention = 180 * 24 * time.Hour
	// erasedCharges are those of newErased without details: all of newRich.
	erasedCharges = 9
	// lastCharge is the one with details.
	lastCharge = erasedCharges + 1
	// erasedName is in the details of charge 3, and of no other.
	erasedName = "PEMBELI three"
)

// newErased makes newRich's ledger, ends its charges, erases their details when their
// time has come, and makes another charge.
func newErased(t testing.TB) string {
	path := newRich(t)
	store, err := Open(path, Options{})
	require.NoError(t, err)
	eraseAll(t, store)
	require.NoError(t, store.Close())
	return path
}

// eraseAll is what newErased does in newRich's ledger.
func eraseAll(t testing.TB, store *Store) {
	ctx, clock := context.Background(), &richClock{noon()}
	service := ledger.NewService(store, testAgreement(), clock.Now)
	for range 3 {
		clock.now = clock.now.AddDate(0, 0, 1)
		_, err := service.Sweep(ctx)
		require.NoError(t, err)
	}
	clock.now = clock.now.Add(testRetention)
	erased, err := service.EraseDetails(ctx, testRetention)
	require.NoError(t, err)
	require.Equal(t, erasedCharges, erased)
	_, err = service.Charge(ctx, ledger.NewCharge{
		ID: "id-ten", Merchant: "G1", Prefix: "812", Order: "ten", Amount: 50_000, MinAmount: 50_000,
		Expires: clock.now.Add(time.Hour), Details: ledger.Details{Salt: "5a17", Customer: "PEMBELI ten"},
	})
	require.NoError(t, err)
}

// requireErased: only the last charge of newErased has details.
func requireErased(t testing.TB, path string) {
	_, err := Verify(path, t.TempDir(), nil)
	require.NoError(t, err)
	view(t, path, func(tx *bolt.Tx) {
		var kept [][]byte
		require.NoError(t, tx.Bucket(bucketDetails).ForEach(func(key, _ []byte) error {
			kept = append(kept, clone(key))
			return nil
		}))
		require.Equal(t, [][]byte{numberKey(lastCharge)}, kept)
	})
}

func TestVerifyOfAnErasedLedger(t *testing.T) {
	t.Parallel()
	path := newErased(t)
	requireErased(t, path)
	report, err := Verify(path, t.TempDir(), nil)
	require.NoError(t, err)
	require.Equal(t, uint64(lastCharge), report.Charges)
}

// TestVerifyFindsWhatErasingMustLeave: the mark says of every charge whether its
// details may be missing, and the journal what the mark is.
func TestVerifyFindsWhatErasingMustLeave(t *testing.T) {
	t.Parallel()
	var old []byte
	view(t, newRich(t), func(tx *bolt.Tx) { old = clone(tx.Bucket(bucketDetails).Get(numberKey(3))) })
	mark := func(text string) func(*bolt.Tx) error {
		return func(tx *bolt.Tx) error {
			return tx.Bucket(bucketSettings).Put([]byte(ledger.SettingDetailsErased), []byte(text))
		}
	}
	drop := func(tx *bolt.Tx) error { return tx.Bucket(bucketDetails).Delete(numberKey(lastCharge)) }
	findsIn(t, newErased(t), []corruption{
		{"erased details that are still there", func(tx *bolt.Tx) error {
			return tx.Bucket(bucketDetails).Put(numberKey(3), old)
		}, "details of charge 3"},
		{"details that are gone", drop, "details of charge 10"},
		{"details of another", func(tx *bolt.Tx) error {
			return tx.Bucket(bucketDetails).Put(numberKey(lastCharge), old)
		}, "details of charge 10"},
		{"a mark that is behind", mark("8"), "details of charge 9"},
		{"a mark that is ahead", mark("10"), "details of charge 10"},
		{"a mark that is ahead, without the details", func(tx *bolt.Tx) error {
			if err := drop(tx); err != nil {
				return err
			}
			return mark("10")(tx)
		}, "settings row"},
		{"a mark beyond all charges", mark("11"), "details of charge 10"},
		{"a mark that is no number", mark("x"), "settings row"},
		{"no mark", func(tx *bolt.Tx) error {
			return tx.Bucket(bucketSettings).Delete([]byte(ledger.SettingDetailsErased))
		}, "details of charge 1"},
	})
}

// TestErasedDetailsLeaveTheFile once it is compacted: pages that came free hold what
// was in them until they are written again.
func TestErasedDetailsLeaveTheFile(t *testing.T) {
	t.Parallel()
	has := func(path string) bool {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		return bytes.Contains(text, []byte(erasedName))
	}
	require.True(t, has(newRich(t)))
	path := newErased(t)
	_, err := Compact(path, nil)
	require.NoError(t, err)
	require.False(t, has(path))
	requireErased(t, path)
}

// TestErasedLedgerIsCarriedOver by a backup, and by a folder that was begun when the
// details were erased already.
func TestErasedLedgerIsCarriedOver(t *testing.T) {
	t.Parallel()
	b := newShippingBook(t, true)
	require.NoError(t, os.Rename(newErased(t), b.path))
	text, _ := backUp(t, b.path)
	path := filepath.Join(t.TempDir(), "ledger.db")
	_, err := Restore(RestoreOptions{Backup: writeLedger(t, text), Path: path})
	require.NoError(t, err)
	requireSameLedger(t, path, b.path)
	_, _, err = VerifyBackup(bytes.NewReader(text), t.TempDir(), nil)
	require.NoError(t, err)

	b.run(0)
	done := b.restored()
	require.True(t, done.Complete)
	for _, name := range filesIn(t, b.folder) {
		shipped, err := os.ReadFile(filepath.Join(b.folder, name))
		require.NoError(t, err)
		require.False(t, bytes.Contains(shipped, []byte(erasedName)), name)
	}
}

// TestErasingIsShipped: the folder has the details, and then that they are erased.
// So it is with a backup from before, and the folder.
func TestErasingIsShipped(t *testing.T) {
	t.Parallel()
	b := newShippingBook(t, true)
	require.NoError(t, os.Rename(newRich(t), b.path))
	text, _ := backUp(t, b.path)
	b.open()
	eraseAll(t, b.store)
	b.close()
	require.True(t, b.restored().Complete)
	shipped, err := os.ReadFile(filepath.Join(b.folder, shipName(1)))
	require.NoError(t, err)
	require.True(t, bytes.Contains(shipped, []byte(erasedName)))

	path := filepath.Join(t.TempDir(), "ledger.db")
	done, err := Restore(RestoreOptions{Backup: writeLedger(t, text), Journal: b.folder, Path: path})
	require.NoError(t, err)
	require.Positive(t, done.FromJournal)
	requireSameLedger(t, path, b.path)
	requireErased(t, path)
}

// TestAFolderThatLacksTheErasing: one that was begun later and has not caught up has
// charges without details and nothing that says why. It is not taken for whole.
func TestAFolderThatLacksTheErasing(t *testing.T) {
	t.Parallel()
	b := newShippingBook(t, true)
	require.NoError(t, os.Rename(newErased(t), b.path))
	b.run(0)
	r, file, err := openShipped(shippedFile{filepath.Join(b.folder, shipName(1)), 1})
	require.NoError(t, err)
	text, err := newShipFile(r.header.Ledger, false, head{})
	require.NoError(t, err)
	var held []byte
	for record, err := r.record(); err == nil; record, err = r.record() {
		_, frame, _ := unframe(record.frame)
		if ledger.KindOf(frame) == ledger.KindDetailsErased {
			break
		}
		held, err = appendRecord(held, record.frame, record.details)
		require.NoError(t, err)
	}
	require.NoError(t, file.Close())
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, shipName(1)), appendEntry(text, held), 0o600))
	path := filepath.Join(t.TempDir(), "ledger.db")
	_, err = Restore(RestoreOptions{Journal: folder, Path: path})
	require.ErrorContains(t, err, "details of charge 1: missing")
	require.NoFileExists(t, path)
}
