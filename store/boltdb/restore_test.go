package boltdb

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	bolt "go.etcd.io/bbolt"

	"paypoint/ledger"
)

// newBackedUp makes a ledger that was backed up while it shipped its journal, and
// booked further, and the path of the backup.
func newBackedUp(t testing.TB) (*shippingBook, string) {
	b := newShippingBook(t, true)
	require.NoError(t, os.Rename(newRich(t), b.path))
	b.open()
	b.book()
	backup := filepath.Join(t.TempDir(), "ledger.ppbackup")
	var text bytes.Buffer
	_, err := b.store.Backup(&text, noon(), nil)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(backup, text.Bytes(), 0o600))
	b.book()
	b.close()
	b.run(1)
	return b, backup
}

// writeLedger makes a file of its own of a ledger's or a backup's bytes.
func writeLedger(t testing.TB, text []byte) string {
	path := filepath.Join(t.TempDir(), "ledger.db")
	require.NoError(t, os.WriteFile(path, text, 0o600))
	return path
}

func TestRestoreGoesOnFromABackup(t *testing.T) {
	t.Parallel()
	b, backup := newBackedUp(t)
	path := filepath.Join(t.TempDir(), "ledger.db")
	var told []uint64
	finished := ""
	done, err := Restore(RestoreOptions{
		Backup: backup, Journal: b.folder, Path: path,
		Progress: func(done, total uint64) { told = append(told, done, total) },
		Finish: func(made string, done Restored) error {
			finished = made
			require.True(t, done.Complete)
			require.Positive(t, done.Records)
			require.NoFileExists(t, path)
			requireSameLedger(t, made, b.path)
			store, err := Open(made, Options{})
			require.NoError(t, err)
			require.NoError(t, setOne(store, "finished"))
			return store.Close()
		},
	})
	require.NoError(t, err)
	const rich = 53
	require.Equal(t, uint64(rich+3), done.FromBackup)
	require.Equal(t, uint64(6), done.FromJournal)
	require.Equal(t, uint64(rich+9), done.Records)
	require.True(t, done.Complete)
	require.Equal(t, done.FromBackup, done.Backup.Records)
	require.Equal(t, []uint64{rich + 9, rich + 9, rich + 9, rich + 9}, told)
	require.NotEmpty(t, finished)
	require.Equal(t, []string{"ledger.db"}, filesIn(t, filepath.Dir(path)))
	report, err := Verify(path, t.TempDir(), nil)
	require.NoError(t, err)
	require.Equal(t, done.Records+1, report.Records)
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}

// TestRestoreOfABackupThatIsNewer: the folder was left alone since, so it proves
// nothing about the end.
func TestRestoreOfABackupThatIsNewer(t *testing.T) {
	t.Parallel()
	b, _ := newBackedUp(t)
	folder := b.folder
	b.folder = t.TempDir()
	b.run(1)
	text, info := backUp(t, b.path)
	path := filepath.Join(t.TempDir(), "ledger.db")
	done, err := Restore(RestoreOptions{Backup: writeLedger(t, text), Journal: folder, Path: path})
	require.NoError(t, err)
	require.Equal(t, info.Records, done.Records)
	require.Zero(t, done.FromJournal)
	require.False(t, done.Complete)
	requireSameLedger(t, path, b.path)
}

// TestRestoreFromACopyOfTheFolder needs no lock there.
func TestRestoreFromACopyOfTheFolder(t *testing.T) {
	t.Parallel()
	b, _ := newBackedUp(t)
	require.NoError(t, os.Remove(filepath.Join(b.folder, lockName)))
	require.True(t, b.restored().Complete)
	require.NoFileExists(t, filepath.Join(b.folder, lockName))
}

// restoreFault spoils what is given to a restore, and says how it is refused.
type restoreFault struct {
	spoil func(t *testing.T, g givenRestore)
	want  error
	says  string
}

type givenRestore struct {
	*RestoreOptions
	b *shippingBook
}

func TestRestoreRefuses(t *testing.T) {
	t.Parallel()
	for _, faults := range []map[string]restoreFault{wrongSources(), wrongFiles(), wrongRecords(), wrongPlaces()} {
		for name, c := range faults {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				b, backup := newBackedUp(t)
				o := RestoreOptions{Backup: backup, Journal: b.folder, Path: filepath.Join(t.TempDir(), "ledger.db")}
				c.spoil(t, givenRestore{&o, b})
				_, err := Restore(o)
				if c.want != nil {
					require.ErrorIs(t, err, c.want)
				}
				require.ErrorContains(t, err, c.says)
				require.ErrorContains(t, err, "restore ledger "+o.Path)
				if text, err := os.ReadFile(o.Path); err == nil {
					require.Equal(t, "there", string(text))
				}
				if !errors.Is(c.want, ErrLocked) {
					require.NoDirExists(t, restorePath(o.Path))
				}
			})
		}
	}
}

// TestRestoresAtOnceMakeOneLedger, and the others say why they do not.
func TestRestoresAtOnceMakeOneLedger(t *testing.T) {
	t.Parallel()
	text, _ := backUp(t, newRich(t))
	backup := writeLedger(t, text)
	for range 3 {
		path := filepath.Join(t.TempDir(), "ledger.db")
		outcomes := make(chan error, 4)
		for range cap(outcomes) {
			go func() {
				_, err := Restore(RestoreOptions{Backup: backup, Path: path})
				outcomes <- err
			}()
		}
		made := 0
		for range cap(outcomes) {
			if err := <-outcomes; err == nil {
				made++
			} else {
				require.True(t, errors.Is(err, ErrLocked) || errors.Is(err, fs.ErrExist), err)
			}
		}
		require.Equal(t, 1, made)
		require.Equal(t, []string{"ledger.db"}, filesIn(t, filepath.Dir(path)))
	}
}

func wrongSources() map[string]restoreFault {
	return map[string]restoreFault{
		"nothing":         {func(_ *testing.T, g givenRestore) { g.Backup, g.Journal = "", "" }, ErrNothingToRestore, ""},
		"an empty folder": {func(t *testing.T, g givenRestore) { g.Journal = t.TempDir() }, ErrNothingToRestore, ""},
		"no folder":       {func(_ *testing.T, g givenRestore) { g.Journal += ".none" }, fs.ErrNotExist, ""},
		"no backup":       {func(_ *testing.T, g givenRestore) { g.Backup += ".none" }, fs.ErrNotExist, ""},
		"a damaged backup": {func(t *testing.T, g givenRestore) {
			alter(t, g.Backup, func(text []byte) []byte { return flip(text, len(text)/2) })
		}, ErrBackupDamaged, ""},
		"a backup of another ledger": {func(t *testing.T, g givenRestore) {
			text, _ := backUp(t, newRich(t))
			g.Backup = writeLedger(t, text)
		}, ErrShippedOther, "of another one"},
		"a backup of another course": {func(t *testing.T, g givenRestore) {
			text, err := os.ReadFile(g.Backup)
			require.NoError(t, err)
			other := filepath.Join(t.TempDir(), "ledger.db")
			_, err = Unpack(bytes.NewReader(text), other)
			require.NoError(t, err)
			store, err := Open(other, Options{})
			require.NoError(t, err)
			require.NoError(t, setOne(store, "elsewhere"))
			require.NoError(t, store.Close())
			text, _ = backUp(t, other)
			g.Backup = writeLedger(t, text)
		}, ErrShippedOther, "its record 57 is another"},
	}
}

func wrongFiles() map[string]restoreFault {
	return map[string]restoreFault{
		"a file missing": {func(t *testing.T, g givenRestore) {
			g.Backup = ""
			require.NoError(t, os.Remove(filepath.Join(g.b.folder, shipName(54))))
		}, ErrShippedGap, "begins with record 60, the file before ends with 53"},
		"the first file missing": {func(t *testing.T, g givenRestore) {
			g.Backup = ""
			require.NoError(t, os.Remove(filepath.Join(g.b.folder, shipName(1))))
		}, ErrShippedGap, "it begins with record 54, and record 1 is needed"},
		"an earlier file cut off": {func(t *testing.T, g givenRestore) {
			alter(t, filepath.Join(g.b.folder, shipName(54)), func(text []byte) []byte { return text[:len(text)-len(shipFollowed())-1] })
		}, ErrShippedDamaged, "record 58 is broken"},
		"an earlier file that goes on after its end": {func(t *testing.T, g givenRestore) {
			alter(t, filepath.Join(g.b.folder, shipName(54)), func(text []byte) []byte { return append(text, 0) })
		}, ErrShippedDamaged, "the file was ended after record 59, and goes on"},
		"an earlier file cut short": {func(t *testing.T, g givenRestore) {
			alter(t, filepath.Join(g.b.folder, shipName(54)), func(text []byte) []byte {
				header, err := newShipFile(metadata{CodeKey: g.b.codeKey()}, true, head{seq: 53})
				require.NoError(t, err)
				return header
			})
		}, ErrShippedGap, ""},
		"a broken record with whole ones behind it": {func(t *testing.T, g givenRestore) {
			g.Backup = ""
			alter(t, filepath.Join(g.b.folder, shipName(54)), func(text []byte) []byte { return flip(text, entryEnds(t, text)[0]+50) })
		}, ErrShippedDamaged, "record 54 is broken, and whole ones follow it"},
		"a file of another ledger": {func(t *testing.T, g givenRestore) {
			alter(t, filepath.Join(g.b.folder, shipName(54)), func([]byte) []byte {
				header, err := newShipFile(metadata{CodeKey: []byte("another")}, true, head{seq: 53})
				require.NoError(t, err)
				return header
			})
		}, ErrShippedOther, "is of another one"},
	}
}

func wrongRecords() map[string]restoreFault {
	return map[string]restoreFault{
		"a record without its details": {func(t *testing.T, g givenRestore) {
			g.Backup, g.Journal = "", g.b.forged(t, func(frame, _ []byte) ([]byte, []byte) { return frame, nil })
		}, nil, "details of charge 1: missing"},
		"other details": {func(t *testing.T, g givenRestore) {
			row, err := encode(toDetailsRow(ledger.Details{Salt: "aa"}))
			require.NoError(t, err)
			g.Backup, g.Journal = "", g.b.forged(t, func(frame, _ []byte) ([]byte, []byte) { return frame, row })
		}, nil, "their hash is not the one in the journal"},
		"a forged record": {func(t *testing.T, g givenRestore) {
			g.Backup, g.Journal = "", g.b.forged(t, func(frame, details []byte) ([]byte, []byte) {
				return resum(bytes.Replace(frame, []byte("50000"), []byte("50001"), 1)), details
			})
		}, ErrShippedDamaged, "record 1: journal record is damaged: its hash does not follow"},
	}
}

func wrongPlaces() map[string]restoreFault {
	failing := errors.New("no room")
	return map[string]restoreFault{
		"a place that is taken": {func(t *testing.T, g givenRestore) {
			require.NoError(t, os.WriteFile(g.Path, []byte("there"), 0o600))
		}, fs.ErrExist, ""},
		"a place that is taken meanwhile": {func(t *testing.T, g givenRestore) {
			g.Finish = func(string, Restored) error { return os.WriteFile(g.Path, []byte("there"), 0o600) }
		}, fs.ErrExist, ""},
		"a place in no folder": {func(_ *testing.T, g givenRestore) { g.Path = filepath.Join(g.Path, "none", "ledger.db") }, fs.ErrNotExist, ""},
		"a place that another process restores to": {func(t *testing.T, g givenRestore) {
			lock, err := openRestoreFolder(restorePath(g.Path))
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, lock.Close()) })
		}, ErrLocked, ""},
		"what fails at the end": {func(_ *testing.T, g givenRestore) { g.Finish = func(string, Restored) error { return failing } }, failing, ""},
	}
}

func (b *shippingBook) codeKey() []byte {
	var meta metadata
	view(b.t, b.path, func(tx *bolt.Tx) { require.NoError(b.t, meta.read(tx)) })
	return meta.CodeKey
}

// forged is a folder with the first record, altered, in an entry that is right.
func (b *shippingBook) forged(t *testing.T, alter func(frame, details []byte) ([]byte, []byte)) string {
	r, file, err := openShipped(shippedFile{filepath.Join(b.folder, shipName(1)), 1})
	require.NoError(t, err)
	first, err := r.record()
	require.NoError(t, err)
	require.NoError(t, file.Close())
	text, err := newShipFile(r.header.Ledger, true, head{})
	require.NoError(t, err)
	frame, details := alter(first.frame, first.details)
	held, err := appendRecord(nil, frame, details)
	require.NoError(t, err)
	text = appendEntry(text, held)
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, shipName(1)), text, 0o600))
	return folder
}

// TestRestoreFromAFolderThatWasCutOff cuts the newest file at each byte: what
// comes out is a beginning of the journal, and is complete only where nothing is
// missing for certain.
func TestRestoreFromAFolderThatWasCutOff(t *testing.T) {
	t.Parallel()
	b := newShippingBook(t, true)
	b.run(2)
	newest := b.newest()
	whole, err := os.ReadFile(newest)
	require.NoError(t, err)
	ends := entryEnds(t, whole)
	for at := ends[0]; at <= len(whole); at += 7 {
		at = min(at, len(whole))
		require.NoError(t, os.WriteFile(newest, whole[:at], 0o600))
		end, err := readToEnd(shippedFile{newest, 1})
		require.NoError(t, err)
		require.Equal(t, slices.Contains(ends, at), end.torn == 0, "cut off at byte %d", at)
		require.Equal(t, int64(at), end.whole+end.torn)
	}
	// Restoring takes longer: once within an entry, once at its end.
	for _, at := range []int{ends[2], ends[2] + 20} {
		require.NoError(t, os.WriteFile(newest, whole[:at], 0o600))
		done, err := Restore(RestoreOptions{Journal: b.folder, Path: filepath.Join(t.TempDir(), "ledger.db")})
		require.NoError(t, err)
		require.Equal(t, uint64(3), done.Records)
		require.Equal(t, int64(at-ends[2]), done.Torn)
		require.Equal(t, at == ends[2], done.Complete)
	}
}

// entryEnds are where the header and each other entry of a shipped file end.
func entryEnds(t testing.TB, text []byte) []int {
	r, err := newShipReader(bytes.NewReader(text), int64(len(text)))
	require.NoError(t, err)
	var ends []int
	for err == nil {
		ends = append(ends, int(r.whole))
		err = r.readGroup()
	}
	require.ErrorIs(t, err, io.EOF)
	return ends
}

// TestAChangedByteInAShippedFileIsFound turns a bit of each byte.
func TestAChangedByteInAShippedFileIsFound(t *testing.T) {
	t.Parallel()
	b := newShippingBook(t, true)
	b.run(2)
	newest := b.newest()
	whole, err := os.ReadFile(newest)
	require.NoError(t, err)
	ends := entryEnds(t, whole)
	lastBegins := ends[len(ends)-2]
	for at := range whole {
		require.NoError(t, os.WriteFile(newest, flip(whole, at), 0o600))
		end, err := readToEnd(shippedFile{newest, 1})
		// The end of a file may be half written: it is not taken for complete then.
		if at >= lastBegins {
			require.NoError(t, err)
			require.Positive(t, end.torn, "byte %d", at)
			continue
		}
		require.ErrorIs(t, err, ErrShippedDamaged, "byte %d", at)
	}
}

// FuzzShippedFile: bytes that are taken for a shipped file are one, byte for byte,
// as far as they are whole.
func FuzzShippedFile(f *testing.F) {
	b := newShippingBook(f, true)
	b.run(1)
	text, err := os.ReadFile(b.newest())
	require.NoError(f, err)
	f.Add(text)
	f.Add(text[:len(text)-10])
	f.Add(flip(text, len(text)-10))
	f.Add(flip(text, len(text)/2))
	f.Add(append(clone(text), make([]byte, 100)...))
	f.Add(append(clone(text), shipFollowed()...))
	f.Add(append(append(clone(text), shipFollowed()...), 0))
	f.Add([]byte(shipMagic))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := newShipReader(bytes.NewReader(text), int64(len(text)))
		if err != nil {
			require.True(t, errors.Is(err, ErrShippedDamaged) || errors.Is(err, ErrNewer), err)
			return
		}
		again := clone(text[:r.whole])
		for {
			if err := r.readGroup(); err != nil {
				require.True(t, errors.Is(err, io.EOF) || errors.Is(err, errTorn) || errors.Is(err, ErrShippedDamaged), err)
				break
			}
			var held []byte
			for len(r.group) > 0 {
				record, err := r.record()
				require.NoError(t, err)
				held, err = appendRecord(held, record.frame, record.details)
				require.NoError(t, err)
			}
			again = appendEntry(again, held)
		}
		if r.followed {
			again = append(again, shipFollowed()...)
		}
		require.True(t, bytes.Equal(text[:r.whole], again))
	})
}
