package boltdb

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	bolt "go.etcd.io/bbolt"

	"paypoint/ledger"
)

// newest is the path of the folder's newest file.
func (b *shippingBook) newest() string {
	files, err := shippedFiles(b.folder)
	require.NoError(b.t, err)
	return files[len(files)-1].path
}

// alter changes a shipped file.
func alter(t testing.TB, path string, change func([]byte) []byte) {
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, change(text), 0o600))
}

// copyOf is the path of a copy of a file.
func copyOf(t testing.TB, path string) string {
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return writeLedger(t, text)
}

func TestShippingRefusesAFolder(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(*shippingBook)
		want  error
		says  string
	}{
		"that is not there": {func(b *shippingBook) { b.folder += "/none" }, fs.ErrNotExist, "ship the journal to"},
		"of another ledger": {func(b *shippingBook) { b.path = newRich(b.t) }, ErrShippedOther, "name another folder"},
		"ahead of the ledger": {func(b *shippingBook) {
			before := copyOf(b.t, b.path)
			b.run(1)
			b.path = before
		}, ErrShippedAhead, "it has the records 7 to 9, which the ledger lacks and which may have been answered: restore with the journal"},
		"of another course of the ledger": {func(b *shippingBook) {
			before := copyOf(b.t, b.path)
			b.run(1)
			b.path = before
			folder := b.folder
			b.folder = b.t.TempDir()
			b.charged += 100
			b.run(2)
			b.folder = folder
		}, ErrShippedOther, "its record 9 is another"},
		"whose newest header is damaged": {func(b *shippingBook) {
			alter(b.t, b.newest(), func(text []byte) []byte { return flip(text, 40) })
		}, ErrShippedDamaged, "its header is not whole"},
		"whose newest file is none": {func(b *shippingBook) {
			alter(b.t, b.newest(), func([]byte) []byte { return nil })
		}, ErrShippedDamaged, "it does not begin with"},
		"with a renamed file": {func(b *shippingBook) {
			require.NoError(b.t, os.Rename(b.newest(), filepath.Join(b.folder, shipName(500))))
		}, ErrShippedDamaged, "it begins with record"},
		"of a newer program": {func(b *shippingBook) {
			alter(b.t, b.newest(), func([]byte) []byte {
				text, err := newShipFile(metadata{Schema: Schema + 1}, true, head{})
				require.NoError(b.t, err)
				return text
			})
		}, ErrNewer, "its schema is 5"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachWait(t, func(t *testing.T, b *shippingBook) {
				b.run(2)
				c.spoil(b)
				store, err := Open(b.path, b.options())
				if !b.wait && !errors.Is(c.want, ErrShippedAhead) && !errors.Is(c.want, ErrShippedOther) {
					// Nobody waits for the folder: what is wrong with it is told.
					require.NoError(t, err)
					err = <-b.failed
					require.NoError(t, store.Close())
				}
				require.ErrorIs(t, err, c.want)
				require.ErrorContains(t, err, c.says)
				reopen(t, b.path, Options{})
			})
		})
	}
}

func TestShippingTakesAFolderForItself(t *testing.T) {
	t.Parallel()
	b := newShippingBook(t, true)
	b.open()
	_, err := Open(newRich(t), b.options())
	require.ErrorIs(t, err, ErrShippedLocked)
	_, err = Restore(RestoreOptions{Journal: b.folder, Path: filepath.Join(t.TempDir(), "ledger.db")})
	require.ErrorIs(t, err, ErrShippedLocked)
	b.close()
}

// A torn end, or a broken record with whole ones behind it, is cut off at the
// start, and what the ledger still has is shipped again.
func TestShippingMendsTheNewestFile(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func([]byte) []byte{
		"half an entry":           func(text []byte) []byte { return text[:len(text)-10] },
		"three bytes of an entry": func(text []byte) []byte { return append(text, 0, 0, 1) },
		"zeros at the end":        func(text []byte) []byte { return append(text, make([]byte, 5000)...) },
		"a flipped last byte":     func(text []byte) []byte { return flip(text, len(text)-1) },
		"a flipped byte within":   func(text []byte) []byte { return flip(text, len(text)/2) },
		"all records gone":        func(text []byte) []byte { return text[:bytes.Index(text, []byte("\"v\":1"))-50] },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachWait(t, func(t *testing.T, b *shippingBook) {
				b.run(3)
				alter(t, b.newest(), change)
				require.NoError(t, os.WriteFile(filepath.Join(b.folder, shipName(99)+shipBegun), []byte("begun"), 0o600))
				b.run(1)
				require.Equal(t, b.wait, b.restored().Complete)
				require.NotContains(t, filesIn(t, b.folder), shipName(99)+shipBegun)
			})
		})
	}
}

func TestShippingGoesOnInAPrunedFolder(t *testing.T) {
	t.Parallel()
	eachWait(t, func(t *testing.T, b *shippingBook) {
		b.run(2)
		backup, _ := backUp(t, b.path)
		b.run(2)
		require.NoError(t, os.Remove(filepath.Join(b.folder, shipName(1))))
		b.run(1)
		require.NoFileExists(t, filepath.Join(b.folder, shipName(1)))
		path := filepath.Join(t.TempDir(), "ledger.db")
		_, err := Restore(RestoreOptions{Journal: b.folder, Path: path})
		require.ErrorIs(t, err, ErrShippedGap)
		require.ErrorContains(t, err, "it begins with record 7, and record 1 is needed")
		done, err := Restore(RestoreOptions{Journal: b.folder, Backup: writeLedger(t, backup), Path: path})
		require.NoError(t, err)
		require.Equal(t, uint64(6), done.FromBackup)
		require.Equal(t, uint64(9), done.FromJournal)
		requireSameLedger(t, path, b.path)
	})
}

func TestShippingBeginsAnotherFileInTime(t *testing.T) {
	t.Parallel()
	eachWait(t, func(t *testing.T, b *shippingBook) {
		b.open()
		b.store.ship.out.folder.most = 1500
		for range 6 {
			b.book()
			b.shipped()
		}
		b.close()
		files, err := shippedFiles(b.folder)
		require.NoError(t, err)
		require.Greater(t, len(files), 2)
		require.Equal(t, b.wait, b.restored().Complete)
	})
}

// TestShippingTellsOfFilesThatAreGone: a folder that lacks its newest files, by a
// start's or by their length, is never taken for complete.
func TestShippingTellsOfFilesThatAreGone(t *testing.T) {
	t.Parallel()
	eachWait(t, func(t *testing.T, b *shippingBook) {
		b.open()
		b.store.ship.out.folder.most = 1500
		for range 3 {
			b.book()
			b.shipped()
		}
		b.close()
		b.run(2)
		done := b.restored()
		require.Equal(t, b.wait, done.Complete)
		require.False(t, done.Lacking)
		for files := len(filesIn(t, b.folder)) - len([]string{lockName}); files > 1; files-- {
			require.NoError(t, os.Remove(b.newest()))
			done, err := Restore(RestoreOptions{Journal: b.folder, Path: filepath.Join(t.TempDir(), "ledger.db")})
			require.NoError(t, err)
			require.True(t, done.Lacking, "%d files are left", files-1)
			require.False(t, done.Complete)
		}
	})
}

// TestShippingEndsAFileOnce: one that was left without a follower, by a process
// that died between both or by an earlier version, is followed like any other.
func TestShippingEndsAFileOnce(t *testing.T) {
	t.Parallel()
	for name, leave := range map[string]func([]byte) []byte{
		"ended, without a follower": func(text []byte) []byte { return append(text, shipFollowed()...) },
		"half ended":                func(text []byte) []byte { return append(text, shipFollowed()[:5]...) },
		"not ended":                 func(text []byte) []byte { return text },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newShippingBook(t, true)
			b.run(2)
			before := b.newest()
			alter(t, before, leave)
			b.run(2)
			text, err := os.ReadFile(before)
			require.NoError(t, err)
			require.Equal(t, 1, bytes.Count(text, shipFollowed()))
			require.True(t, bytes.HasSuffix(text, shipFollowed()))
			done := b.restored()
			require.True(t, done.Complete)
			require.False(t, done.Lacking)
		})
	}
}

// A folder that lacks all of a large ledger is caught up in groups.
func TestShippingCatchesUpInGroups(t *testing.T) {
	t.Parallel()
	eachWait(t, func(t *testing.T, b *shippingBook) {
		b.open()
		b.close()
		require.NoError(t, os.RemoveAll(b.folder))
		require.NoError(t, os.Mkdir(b.folder, 0o700))
		store, err := Open(b.path, Options{})
		require.NoError(t, err)
		for i := range 12 {
			key := fmt.Sprintf("large-%d", i)
			require.NoError(t, store.Apply(context.Background(), ledger.Keys{Setting: key}, func(ledger.State) (ledger.Change, error) {
				return ledger.Change{At: noon(), Entries: []ledger.Entry{{Event: ledger.Set{Key: key, Value: make([]byte, 400<<10)}}}}, nil
			}))
		}
		var group shipped
		require.NoError(t, store.view(func(tx *bolt.Tx) error {
			group, err = readShipGroup(tx, head{})
			return err
		}))
		require.True(t, group.more)
		require.Less(t, len(group.records), 2*shipGroup)
		require.NoError(t, store.Close())
		b.run(0)
		require.Equal(t, b.wait, b.restored().Complete)
	})
}

// Without waiting, a folder that fails stops nobody; it is tried again, and when
// it is there again all that it lacks is shipped.
func TestShippingBesideGoesOnWhenTheFolderIsBack(t *testing.T) {
	t.Parallel()
	b := newShippingBook(t, false)
	b.open()
	b.book()
	b.shipped()
	away := b.folder + ".away"
	require.NoError(t, os.Rename(b.folder, away))
	b.book()
	require.Error(t, <-b.failed)
	state, _ := b.store.Shipping()
	require.Equal(t, uint64(6), state.Head)
	require.Equal(t, uint64(3), state.Shipped)
	require.True(t, state.Oldest.Equal(noon()))
	require.ErrorContains(t, state.Err, "ship the journal to "+b.folder)
	require.NoError(t, os.Rename(away, b.folder))
	b.shipped()
	// A new and empty one is filled from the first record.
	require.NoError(t, os.RemoveAll(b.folder))
	b.book()
	require.Error(t, <-b.failed)
	require.NoError(t, os.Mkdir(b.folder, 0o700))
	b.shipped()
	b.close()
	require.Equal(t, uint64(9), b.restored().Records)
}

// TestShippingBesideStartsWithoutTheFolder: a disk that payments do not wait for
// may come later.
func TestShippingBesideStartsWithoutTheFolder(t *testing.T) {
	t.Parallel()
	b := newShippingBook(t, false)
	b.run(1)
	away := b.folder + ".away"
	require.NoError(t, os.Rename(b.folder, away))
	b.open()
	b.book()
	require.ErrorIs(t, <-b.failed, fs.ErrNotExist)
	state, on := b.store.Shipping()
	require.True(t, on)
	require.False(t, state.Known)
	require.Zero(t, state.Shipped)
	require.Zero(t, state.Oldest, "what is not known is no lag")
	require.ErrorIs(t, state.Err, fs.ErrNotExist)
	require.NoError(t, os.Rename(away, b.folder))
	b.shipped()
	b.close()
	require.Equal(t, uint64(6), b.restored().Records)
}

func TestShippingWaitedForStopsWhenTheFolderIsGone(t *testing.T) {
	t.Parallel()
	b := newShippingBook(t, true)
	b.open()
	b.book()
	require.NoError(t, os.Rename(b.folder, b.folder+".away"))
	require.ErrorIs(t, setOne(b.store, "after"), ledger.ErrOutcomeUnknown)
	<-b.store.Failed()
	require.ErrorContains(t, b.store.Err(), "the shipped journal file is gone")
	state, _ := b.store.Shipping()
	require.Error(t, state.Err)
	b.close()
	require.NoError(t, os.Rename(b.folder+".away", b.folder))
	b.run(0)
	require.Equal(t, uint64(4), b.restored().Records, "what was not answered is in the ledger, and shipped at the next start")
}

// A folder, or who is told of its failures, that does not answer keeps Close for a
// while only.
func TestCloseDoesNotWaitForEver(t *testing.T) {
	t.Parallel()
	b := newShippingBook(t, false)
	failing, held := make(chan struct{}), make(chan struct{})
	var err error
	b.store, err = Open(b.path, Options{Ship: Shipping{Dir: b.folder, Failed: func(error) {
		close(failing)
		<-held
	}}})
	require.NoError(t, err)
	require.NoError(t, os.RemoveAll(b.folder))
	b.book()
	<-failing
	closed := make(chan error, 1)
	go func() { closed <- b.store.Close() }()
	<-b.store.stopped
	// As after shipClosing.
	b.store.ship.giveUp()
	require.NoError(t, <-closed)
	close(held)
	<-b.store.ship.stopped
}

func TestThePausesGrow(t *testing.T) {
	t.Parallel()
	fault := errors.New("no")
	require.Equal(t, shipPause, nextPause(time.Hour, nil))
	require.Equal(t, shipRetry, nextPause(shipPause, fault))
	require.Equal(t, 2*shipRetry, nextPause(shipRetry, fault))
	require.Equal(t, shipRetryMost, nextPause(shipRetryMost-time.Second, fault))
}
