package boltdb

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	bolt "go.etcd.io/bbolt"

	"paypoint/ledger"
)

// A group of records is synced as one: whatever a loss of power leaves of it, it
// was never answered, and is the torn end of the newest file.
func TestATornGroupIsTheEnd(t *testing.T) {
	t.Parallel()
	eachWait(t, func(t *testing.T, b *shippingBook) {
		b.run(2)
		store := openStore(t, b.path)
		fill(t, store, 5)
		require.NoError(t, store.Close())
		b.run(0) // ships the five at once
		newest := b.newest()
		if b.wait { // which then begins another file for what is waited for
			require.NoError(t, os.Remove(newest))
			newest = b.newest()
		}
		whole, err := os.ReadFile(newest)
		require.NoError(t, err)
		whole = bytes.TrimSuffix(whole, shipFollowed()) // that is written after the group is on the disk
		ends := entryEnds(t, whole)
		require.Len(t, ends, 2, "one entry")
		// Each sector of it may be missing, and those behind it be there.
		for at := ends[0]; at < ends[1]; at += 100 {
			alter(t, newest, func([]byte) []byte { return flip(whole, at) })
			end, err := readToEnd(shippedFile{newest, 7})
			require.NoError(t, err, "byte %d", at)
			require.Equal(t, uint64(6), end.last.seq)
			require.Equal(t, int64(ends[1]-ends[0]), end.torn)
		}
		done, err := Restore(RestoreOptions{Journal: b.folder, Path: filepath.Join(t.TempDir(), "ledger.db")})
		require.NoError(t, err)
		require.Equal(t, uint64(6), done.Records)
		require.False(t, done.Complete)
		b.run(1)
		require.Equal(t, b.wait, b.restored().Complete)
	})
}

// TestShippingBesideStopsALedgerThatLostRecords: that is seen only when the folder
// is there again, maybe long after the start.
func TestShippingBesideStopsALedgerThatLostRecords(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(*shippingBook)
		want  error
	}{
		"it is behind the folder": {func(*shippingBook) {}, ErrShippedAhead},
		"it went on another way": {func(b *shippingBook) {
			b.charged += 100
			folder := b.folder
			b.folder = b.t.TempDir()
			b.run(1)
			b.folder = folder
		}, ErrShippedOther},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newShippingBook(t, false)
			b.run(1)
			before := copyOf(t, b.path)
			b.run(1)
			b.path = before
			away := b.folder + ".away"
			require.NoError(t, os.Rename(b.folder, away))
			c.spoil(b)
			b.open()
			require.NoError(t, os.Rename(away, b.folder))
			<-b.store.Failed()
			require.ErrorIs(t, b.store.Err(), c.want)
			require.ErrorIs(t, setOne(b.store, "after"), ledger.ErrOutcomeUnknown)
			state, _ := b.store.Shipping()
			require.ErrorIs(t, state.Err, c.want)
			for told := error(nil); !errors.Is(told, c.want); {
				told = <-b.failed
			}
			b.close()
		})
	}
}

// stuck puts a pipe that nobody reads in the place of the file that is shipped
// into: writing does not return before the test ends it.
func (b *shippingBook) stuck() (end func()) {
	reader, writer, err := os.Pipe()
	require.NoError(b.t, err)
	require.NoError(b.t, writer.SetWriteDeadline(time.Now().Add(time.Second)))
	for err == nil {
		_, err = writer.Write(make([]byte, 4<<10))
	}
	require.NoError(b.t, writer.SetWriteDeadline(time.Time{}))
	folder := b.store.ship.out.folder
	require.NoError(b.t, folder.out.Close())
	folder.out = writer
	return func() { require.NoError(b.t, reader.Close()) }
}

// TestShippingWaitedForTellsOfAFolderThatHangs, as a mount of another host does.
func TestShippingWaitedForTellsOfAFolderThatHangs(t *testing.T) {
	t.Parallel()
	b := newShippingBook(t, true)
	b.open()
	b.book()
	b.store.ship.patience = 50 * time.Millisecond
	end := b.stuck()
	answered := make(chan error, 1)
	go func() { answered <- setOne(b.store, "waits") }()
	require.ErrorIs(t, <-b.failed, ErrShippedSlow)
	state, _ := b.store.Shipping()
	require.ErrorIs(t, state.Err, ErrShippedSlow)
	require.ErrorContains(t, state.Err, b.folder)
	require.Equal(t, uint64(4), state.Head)
	require.Equal(t, uint64(3), state.Shipped)
	require.True(t, state.Oldest.Equal(noon()))
	size, err := b.store.Size()
	require.NoError(t, err)
	require.Equal(t, uint64(3), size.Records, "what is not answered does not count yet")

	require.ErrorIs(t, b.store.Close(), ErrShippedSlow)
	require.Empty(t, answered)
	end()
	require.ErrorIs(t, <-answered, ledger.ErrOutcomeUnknown)
	<-b.store.stopped
	require.NoError(t, b.store.db.Close())
	b.run(0)
	require.Equal(t, uint64(4), b.restored().Records)
}

// A commit that the file does not have was not shipped either, and is not
// answered.
func TestACommitThatIsNotInTheFileStops(t *testing.T) {
	t.Parallel()
	b := newShippingBook(t, true)
	b.open()
	b.book()
	last := b.store.head
	require.NoError(t, b.store.checkCommitted(last))
	lost := head{seq: last.seq + 1}
	require.ErrorContains(t, b.store.checkCommitted(lost), "the file ends with record 3, and 4 was committed")
	require.ErrorContains(t, b.store.ship.committed(lost, noon()), "it ends with record 3, and 4 was committed")
	b.close()
}

// TestADamagedFolderStaysAsItIs while it has what the ledger lacks: it is the only
// place that has it.
func TestADamagedFolderStaysAsItIs(t *testing.T) {
	t.Parallel()
	for name, damage := range map[string]func(first, end int) int{
		"in the first record that the ledger lacks": func(first, _ int) int { return first + entryHead + 2 },
		"in the last one": func(_, end int) int { return end - 1 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachWait(t, func(t *testing.T, b *shippingBook) {
				b.open()
				b.book()
				before := filepath.Join(t.TempDir(), "ledger.db")
				require.NoError(t, b.store.Snapshot(before))
				b.shipped()
				info, err := os.Stat(b.newest())
				require.NoError(t, err)
				b.book()
				b.shipped()
				b.close()
				alter(t, b.newest(), func(text []byte) []byte { return flip(text, damage(int(info.Size()), len(text))) })
				damaged, err := os.ReadFile(b.newest())
				require.NoError(t, err)
				b.path = before
				_, err = Open(b.path, b.options())
				require.ErrorIs(t, err, ErrShippedAhead)
				after, err := os.ReadFile(b.newest())
				require.NoError(t, err)
				require.Equal(t, damaged, after)
			})
		})
	}
}

// TestShippingBesideStartsWhileTheFolderHangs: no payment waits for it.
func TestShippingBesideStartsWhileTheFolderHangs(t *testing.T) {
	t.Parallel()
	path := newRich(t)
	store := openStore(t, path)
	view, held := store.view, make(chan struct{})
	p := &shipping{
		out: &shipper{to: Shipping{Dir: t.TempDir()}}, patience: 10 * time.Millisecond, lost: store.fail,
		grew: make(chan struct{}, 1), closing: make(chan struct{}), stopped: make(chan struct{}),
		view: func(read func(*bolt.Tx) error) error {
			<-held
			return view(read)
		},
	}
	p.patient, p.giveUp = context.WithCancel(context.Background())
	require.NoError(t, p.startBeside())
	require.False(t, p.state().Known)
	close(held)
	p.start(store.head.seq)
	require.Eventually(t, func() bool { return p.state().Shipped == store.head.seq }, time.Minute, time.Millisecond)
	require.NoError(t, p.close())
	require.NoError(t, store.Close())
}
