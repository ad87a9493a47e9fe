package boltdb

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	bolt "go.etcd.io/bbolt"

	"paypoint/ledger"
)

// alterIndexState changes the text in which an index's file tells how far it has
// followed.
func alterIndexState(tx *bolt.Tx, was, is string) error {
	text := tx.Bucket(bucketMeta).Get(metaKey)
	if !bytes.Contains(text, []byte(was)) {
		return fmt.Errorf("%s is not in %s", was, text)
	}
	return tx.Bucket(bucketMeta).Put(metaKey, bytes.Replace(text, []byte(was), []byte(is), 1))
}

// chargedMore lists charges of a ledger beyond what it has, so that the index
// beside it has followed them.
func chargedMore(t *testing.T, path string, first int) {
	store := openStore(t, path)
	chargeFrom(t, store, first, first+9)
	_, err := store.Listed(context.Background(), "G1", "", ledger.Place{}, 1)
	require.NoError(t, err)
	require.NoError(t, store.Close())
}

// TestOpenRefusesALedgerThatWentBack: an older file that is put back by hand
// would book payments again that it has lost.
func TestOpenRefusesALedgerThatWentBack(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(t *testing.T, path string)
		says  string
	}{
		"an older one was put back": {func(t *testing.T, path string) {
			before := copyOf(t, path)
			chargedMore(t, path, 11)
			require.NoError(t, os.Rename(before, path))
		}, "it lacks the records 11 to 20, which it had"},
		"an older one was put back and went on": {func(t *testing.T, path string) {
			before := copyOf(t, path)
			chargedMore(t, path, 11)
			require.NoError(t, os.Rename(before, path))
			aside := indexPath(path) + ".aside"
			require.NoError(t, os.Rename(indexPath(path), aside))
			chargedMore(t, path, 12)
			require.NoError(t, os.Rename(aside, indexPath(path)))
		}, "its record 20 is another than the one that it had"},
		"another one was put in its place": {func(t *testing.T, path string) {
			require.NoError(t, os.Rename(newRich(t), path))
		}, "its record 10 is another than the one that it had"},
		"an empty one was begun": {func(t *testing.T, path string) {
			require.NoError(t, os.Remove(path))
		}, "it lacks the records 1 to 10, which it had"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "ledger.db")
			chargedMore(t, path, 1)
			c.spoil(t, path)
			for range 2 { // it stays so
				_, err := Open(path, Options{})
				require.ErrorIs(t, err, ErrWentBack)
				require.ErrorContains(t, err, c.says)
				require.ErrorContains(t, err, indexPath(path))
			}
			// Whoever means it removes the witness.
			require.NoError(t, os.Remove(indexPath(path)))
			reopen(t, path, Options{})
		})
	}
}

// TestTheIndexFollowsOnlyWhatIsOnTheDisk: else it would accuse a ledger that has
// lost nothing but what was never answered.
func TestTheIndexFollowsOnlyWhatIsOnTheDisk(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ledger.db")
	store := openStore(t, path)
	chargeFrom(t, store, 1, 10)
	require.NoError(t, store.index.follow(context.Background()))
	// As when the pages of a commit are written, and the disk then fails.
	store.durable.Lock()
	tx, err := store.db.Begin(true)
	require.NoError(t, err)
	_, err = newAppender(tx, store.head).append(ledger.Record{At: noon(), Entry: ledger.Entry{Event: ledger.Set{Key: "k", Value: []byte("1")}}})
	require.NoError(t, err)
	require.NoError(t, tx.Commit())
	store.fail(errors.New("the disk has failed"))
	store.durable.Unlock()
	require.Error(t, store.index.follow(context.Background()))
	require.NoError(t, store.Close())
	followed, err := readIndexHead(indexPath(path))
	require.NoError(t, err)
	require.Equal(t, uint64(10), followed.seq)
	reopen(t, path, Options{})
}

func TestIndexHead(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ledger.db")
	_, err := readIndexHead(indexPath(path))
	require.ErrorIs(t, err, fs.ErrNotExist)
	chargedMore(t, path, 1)
	followed, err := readIndexHead(indexPath(path))
	require.NoError(t, err)
	_, info := backUp(t, path)
	require.Equal(t, uint64(10), followed.seq)
	require.Equal(t, info.Head, hex.EncodeToString(followed.hash[:]))
	edit(t, indexPath(path), func(tx *bolt.Tx) error { return alterIndexState(tx, `"seq":10`, `"seq":11`) })
	_, err = readIndexHead(indexPath(path))
	require.ErrorIs(t, err, errIndexFile)
	reopen(t, path, Options{})
}

// TestRestoreAsksTheIndex that the lost ledger has left: the folder was not
// shipped into to the end, whatever it says.
func TestRestoreAsksTheIndex(t *testing.T) {
	t.Parallel()
	for name, more := range map[string]bool{"that knows of more": true, "that knows of no more": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newShippingBook(t, true)
			b.run(2)
			store := openStore(t, b.path)
			if more {
				require.NoError(t, setOne(store, "not shipped"))
			}
			service := ledger.NewService(store, testAgreement(), noon)
			require.NoError(t, chargeAndPay(service, "more"), "listed, and so in the index")
			_, err := store.Listed(context.Background(), "G1", "", ledger.Place{}, 1)
			require.NoError(t, err)
			require.NoError(t, store.Close())
			if !more {
				b.run(0)
			}
			require.NoError(t, os.Remove(b.path))
			asked := false
			done, err := Restore(RestoreOptions{Journal: b.folder, Path: b.path, Finish: func(_ string, done Restored) error {
				asked = true
				require.Equal(t, !more, done.Complete)
				require.FileExists(t, indexPath(b.path), "killed by now, the next restore needs it")
				return nil
			}})
			require.NoError(t, err)
			require.True(t, asked)
			require.Equal(t, !more, done.Complete)
			if more {
				require.Greater(t, done.Indexed, uint64(6))
				require.NoFileExists(t, indexPath(b.path))
			} else {
				require.Zero(t, done.Indexed)
				require.FileExists(t, indexPath(b.path))
			}
			reopen(t, b.path, Options{})
		})
	}
}

// TestNoLedgerIsBegunWhereOneIsRestored: an empty one knows of no payment.
func TestNoLedgerIsBegunWhereOneIsRestored(t *testing.T) {
	t.Parallel()
	b, backup := newBackedUp(t)
	path := filepath.Join(t.TempDir(), "ledger.db")
	_, err := Restore(RestoreOptions{Backup: backup, Path: path, Finish: func(string, Restored) error {
		_, err := Open(path, Options{})
		require.ErrorIs(t, err, ErrLocked)
		require.ErrorContains(t, err, "a restore is at work")
		require.NoFileExists(t, path)
		return nil
	}})
	require.NoError(t, err)
	reopen(t, path, Options{})

	path = filepath.Join(t.TempDir(), "ledger.db")
	require.NoError(t, os.Mkdir(restorePath(path), 0o700)) // as a killed one leaves it
	_, err = Open(path, Options{})
	require.ErrorIs(t, err, ErrUnfinishedRestore)
	require.ErrorContains(t, err, "remove "+restorePath(path))
	require.NoFileExists(t, path)
	_, err = Restore(RestoreOptions{Backup: backup, Journal: b.folder, Path: path})
	require.NoError(t, err)
	reopen(t, path, Options{})
}

// TestOpenLeavesARestoreAlone that is at work beside a ledger; it finds by itself
// that its place is taken.
func TestOpenLeavesARestoreAlone(t *testing.T) {
	t.Parallel()
	path := newRich(t)
	lock, err := openRestoreFolder(restorePath(path))
	require.NoError(t, err)
	reopen(t, path, Options{})
	require.DirExists(t, restorePath(path))
	require.NoError(t, lock.Close())
	reopen(t, path, Options{})
	require.NoDirExists(t, restorePath(path))
}
