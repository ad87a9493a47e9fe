package boltdb

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"
	bolt "go.etcd.io/bbolt"

	"paypoint/ledger"
)

// backUp is the backup of a ledger file.
func backUp(t testing.TB, path string) ([]byte, BackupInfo) {
	var text bytes.Buffer
	info, err := BackupFile(path, &text, noon(), nil)
	require.NoError(t, err)
	return text.Bytes(), info
}

func TestBackupIsTheLedger(t *testing.T) {
	t.Parallel()
	path := newRich(t)
	text, info := backUp(t, path)
	require.Equal(t, fmt.Sprintf("%x", sha256.Sum256(text)), info.SHA256)
	require.Equal(t, Schema, info.Schema)
	require.True(t, info.Taken.Equal(noon()))
	require.True(t, info.Last.Equal(noon().Add(24*60*60*1e9-60*1e9)), info.Last)
	report, err := Verify(path, t.TempDir(), nil)
	require.NoError(t, err)
	require.Equal(t, report.Records, info.Records)
	require.Equal(t, report.Head, info.Head)
	require.True(t, strings.HasPrefix(string(text), "paypoint backup 1\n{\"schema\":4,\"records\":"), string(text[:100]))

	told := int64(0)
	checked, err := CheckBackup(bytes.NewReader(text), func(done, total int64) {
		require.Equal(t, info.Size, total)
		told = done
	})
	require.NoError(t, err)
	require.Equal(t, info, checked)
	require.Equal(t, info.Size, told)

	unpacked := filepath.Join(t.TempDir(), "ledger.db")
	again, err := Unpack(iotest.OneByteReader(bytes.NewReader(text)), unpacked)
	require.NoError(t, err)
	require.Equal(t, info, again)
	requireSameLedger(t, unpacked, path)
	require.Equal(t, []string{"ledger.db"}, filesIn(t, filepath.Dir(unpacked)))
	stat, err := os.Stat(unpacked)
	require.NoError(t, err)
	require.Equal(t, info.Size, stat.Size())
	require.Equal(t, os.FileMode(0o600), stat.Mode().Perm())
}

// A backup is no ledger: it can't be put in the place of one by hand.
func TestBackupIsNoLedgerFile(t *testing.T) {
	t.Parallel()
	text, _ := backUp(t, newRich(t))
	_, err := Open(writeLedger(t, text), Options{})
	require.ErrorIs(t, err, ErrForeign)
}

func TestBackupOfANewLedger(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ledger.db")
	require.NoError(t, create(path, 0, noon()))
	text, info := backUp(t, path)
	require.Zero(t, info.Records)
	require.Zero(t, info.Last)
	done, err := Restore(RestoreOptions{Backup: writeLedger(t, text), Path: filepath.Join(t.TempDir(), "ledger.db")})
	require.NoError(t, err)
	require.Zero(t, done.Records)
}

// TestBackupOfAnOlderLayout: an operator backs up before the upgrade.
func TestBackupOfAnOlderLayout(t *testing.T) {
	t.Parallel()
	eachOlder(t, func(t *testing.T, o older) {
		text, info := backUp(t, o.newFile(t))
		require.Equal(t, o.schema, info.Schema)
		path := filepath.Join(t.TempDir(), "ledger.db")
		done, err := Restore(RestoreOptions{Backup: writeLedger(t, text), Path: path})
		require.NoError(t, err)
		require.Equal(t, uint64(o.records), done.FromBackup)
		require.Equal(t, uint64(o.records), done.Records)
		require.Equal(t, []string{"ledger.db"}, filesIn(t, filepath.Dir(path)))
	})
}

// TestVerifyBackup: one of an older layout is as good as one of today's.
func TestVerifyBackup(t *testing.T) {
	t.Parallel()
	for name, path := range map[string]string{
		"today's": newRich(t), "schema 1": schema1().newFile(t), "schema 2": schema2().newFile(t), "schema 3": schema3().newFile(t),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, info := backUp(t, path)
			scratch := t.TempDir()
			seen, report, err := VerifyBackup(bytes.NewReader(text), scratch, nil)
			require.NoError(t, err)
			require.Equal(t, info, seen)
			require.Equal(t, info.Records, report.Records)
			require.Equal(t, info.Head, report.Head)
			require.Empty(t, filesIn(t, scratch))

			_, _, err = VerifyBackup(bytes.NewReader(flip(text, len(text)/2)), scratch, nil)
			require.ErrorIs(t, err, ErrBackupDamaged)
			edit(t, path, func(tx *bolt.Tx) error { return tx.Bucket(bucketOrders).Delete(firstKey(tx, bucketOrders, "")) })
			text, _ = backUp(t, path)
			_, _, err = VerifyBackup(bytes.NewReader(text), scratch, nil)
			var difference *Difference
			require.ErrorAs(t, err, &difference)
			require.Contains(t, difference.Where, "orders")
			require.Empty(t, filesIn(t, scratch))
		})
	}
	_, _, err := VerifyBackup(strings.NewReader("Dear Sir"), t.TempDir(), nil)
	require.ErrorIs(t, err, ErrNoBackup)
}

// TestBackupUnderLoad backs a ledger up while it books, and restores each backup:
// it must be the ledger as it was at one moment.
func TestBackupUnderLoad(t *testing.T) {
	t.Parallel()
	store, err := Open(newRich(t), Options{})
	require.NoError(t, err)
	service := ledger.NewService(store, testAgreement(), noon)
	ctx, stop := context.WithCancel(context.Background())
	var tills sync.WaitGroup
	for till := range 4 {
		tills.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				if err := chargeAndPay(service, fmt.Sprintf("%d-%d", till, i)); err != nil {
					t.Errorf("till %d: %v", till, err)
					return
				}
			}
		})
	}
	var last uint64
	for range 4 {
		require.Eventually(t, func() bool {
			head, err := store.Head(ctx)
			return err == nil && head > last
		}, time.Minute, time.Millisecond, "the tills come to something")
		var text bytes.Buffer
		told := int64(0)
		info, err := store.Backup(&text, noon(), func(done, total int64) {
			require.Greater(t, done, told)
			require.LessOrEqual(t, done, total)
			told = done
		})
		require.NoError(t, err)
		require.Equal(t, info.Size, told)
		require.Greater(t, info.Records, last, "nothing was booked meanwhile")
		last = info.Records
		done, err := Restore(RestoreOptions{Backup: writeLedger(t, text.Bytes()), Path: filepath.Join(t.TempDir(), "ledger.db")})
		require.NoError(t, err)
		require.Equal(t, info, *done.Backup)
		require.Equal(t, info.Head, done.Head)
		require.True(t, info.Last.Equal(done.Last))
		require.False(t, done.Complete)
	}
	stop()
	tills.Wait()
	require.NoError(t, store.Close())
}

// shortWriter takes so many bytes and no more, like a full disk.
type shortWriter struct{ left int }

func (w *shortWriter) Write(p []byte) (int, error) {
	n := min(len(p), w.left)
	w.left -= n
	if n < len(p) {
		return n, io.ErrShortWrite
	}
	return n, nil
}

func TestBackupReportsItsError(t *testing.T) {
	t.Parallel()
	path := newRich(t)
	text, _ := backUp(t, path)
	store, err := Open(path, Options{})
	require.NoError(t, err)
	for _, room := range []int{0, 10, 1000, len(text) / 2, len(text) - 66, len(text) - 1} {
		_, err := store.Backup(&shortWriter{room}, noon(), nil)
		require.ErrorIs(t, err, io.ErrShortWrite, "room for %d bytes", room)
	}
	_, err = BackupFile(path, io.Discard, noon(), nil)
	require.ErrorIs(t, err, ErrLocked)
	require.NoError(t, store.Close())
	_, err = BackupFile(path, &shortWriter{1000}, noon(), nil)
	require.ErrorIs(t, err, io.ErrShortWrite)
	_, err = BackupFile(path+".none", io.Discard, noon(), nil)
	require.ErrorIs(t, err, fs.ErrNotExist)
}

// TestCloseEndsABackup, so that a client that reads slowly does not keep it.
func TestCloseEndsABackup(t *testing.T) {
	t.Parallel()
	store, err := Open(newRich(t), Options{})
	require.NoError(t, err)
	closed := make(chan error, 1)
	_, err = store.Backup(io.Discard, noon(), func(done, total int64) {
		if done < total && len(closed) == 0 {
			go func() { closed <- store.Close() }()
			<-store.stopped
		}
	})
	require.ErrorIs(t, err, errClosed)
	require.NoError(t, <-closed)
}

// unpackInto tries a backup, of which nothing may be left when it is refused.
func unpackInto(t testing.TB, folder string, r io.Reader) error {
	_, err := Unpack(r, filepath.Join(folder, "ledger.db"))
	require.Error(t, err)
	require.Empty(t, filesIn(t, folder))
	return err
}

func TestUnpackRefusesABackupThatIsCutOff(t *testing.T) {
	t.Parallel()
	text, _ := backUp(t, newRich(t))
	folder, header := t.TempDir(), bytes.IndexByte(text[len(backupMagic):], '\n')+len(backupMagic)+1
	for at := 0; at < len(text); at++ {
		// Within the ledger file every byte is like the others.
		if at > header+20 && at < len(text)-100 {
			at += 5_003
		}
		want := ErrBackupDamaged
		if at < len(backupMagic) {
			want = ErrNoBackup
		}
		require.ErrorIs(t, unpackInto(t, folder, bytes.NewReader(text[:min(at, len(text)-1)])), want, "cut off at byte %d", at)
	}
}

func TestUnpackRefusesAChangedByte(t *testing.T) {
	t.Parallel()
	text, _ := backUp(t, newRich(t))
	folder, header := t.TempDir(), bytes.IndexByte(text[len(backupMagic):], '\n')+len(backupMagic)+1
	for at := 0; at < len(text); at++ {
		if at > header+20 && at < len(text)-100 {
			at += 5_003
		}
		at := min(at, len(text)-1)
		err := unpackInto(t, folder, bytes.NewReader(flip(text, at)))
		require.True(t, errors.Is(err, ErrBackupDamaged) || errors.Is(err, ErrNoBackup), "byte %d: %v", at, err)
	}
}

func TestUnpackRefuses(t *testing.T) {
	t.Parallel()
	text, _ := backUp(t, newRich(t))
	// resealed changes a backup and gives it the hash that fits.
	resealed := func(old, by string) []byte {
		body := bytes.Replace(text[:len(text)-65], []byte(old), []byte(by), 1)
		return fmt.Appendf(body, "%x\n", sha256.Sum256(body))
	}
	failing := errors.New("the line is down")
	for name, c := range map[string]struct {
		from io.Reader
		want error
	}{
		"nothing":                   {strings.NewReader(""), ErrNoBackup},
		"a ledger file":             {bytes.NewReader(text[300:]), ErrNoBackup},
		"another version":           {bytes.NewReader(resealed("backup 1", "backup 2")), ErrNoBackup},
		"bytes after its end":       {bytes.NewReader(append(clone(text), '\n')), ErrBackupDamaged},
		"no JSON":                   {bytes.NewReader(resealed(`{"schema"`, `["schema"`)), ErrBackupDamaged},
		"a long second line":        {strings.NewReader(backupMagic + strings.Repeat(" ", maxBackupInfo) + "\n"), ErrBackupDamaged},
		"an endless second line":    {strings.NewReader(backupMagic + strings.Repeat(" ", 100<<10)), ErrBackupDamaged},
		"a size below zero":         {bytes.NewReader(resealed(`"size":`, `"size":-`)), ErrBackupDamaged},
		"another size":              {bytes.NewReader(resealed(`"size":`, `"size":1`)), ErrBackupDamaged},
		"other records":             {bytes.NewReader(resealed(`"records":`, `"records":1`)), ErrBackupDamaged},
		"another head":              {bytes.NewReader(resealed(`"head":"`, `"head":"0`)), ErrBackupDamaged},
		"no ledger in it":           {strings.NewReader(sealed(`{"schema":3,"size":5}` + "\nhello")), ErrForeign},
		"an empty file in it":       {strings.NewReader(sealed(`{"schema":3,"size":0}` + "\n")), ErrTruncated},
		"a reader that fails":       {io.MultiReader(bytes.NewReader(text[:5000]), iotest.ErrReader(failing)), failing},
		"one that fails at once":    {iotest.ErrReader(failing), failing},
		"one that fails at the end": {io.MultiReader(bytes.NewReader(text), iotest.ErrReader(failing)), failing},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.ErrorIs(t, unpackInto(t, t.TempDir(), c.from), c.want)
		})
	}
	t.Run("where a file is", func(t *testing.T) {
		t.Parallel()
		path := writeLedger(t, []byte("there"))
		_, err := Unpack(bytes.NewReader(text), path)
		require.ErrorIs(t, err, fs.ErrExist)
		requireUntouched(t, path, []byte("there"))
	})
	t.Run("into no folder", func(t *testing.T) {
		t.Parallel()
		_, err := Unpack(bytes.NewReader(text), filepath.Join(t.TempDir(), "none", "ledger.db"))
		require.ErrorIs(t, err, fs.ErrNotExist)
	})
}

// sealed is a backup with a right hash.
func sealed(rest string) string {
	body := backupMagic + rest
	return fmt.Sprintf("%s%x\n", body, sha256.Sum256([]byte(body)))
}

// FuzzUnpack: what is taken for a backup is one, byte for byte.
func FuzzUnpack(f *testing.F) {
	path := filepath.Join(f.TempDir(), "ledger.db")
	require.NoError(f, create(path, 0, noon()))
	text, _ := backUp(f, path)
	f.Add(text)
	f.Add(text[:len(text)/2])
	f.Add(flip(text, 30))
	f.Add([]byte(backupMagic))
	f.Add([]byte(sealed(`{"schema":3,"size":5}` + "\nhello")))
	f.Fuzz(func(t *testing.T, text []byte) {
		var file bytes.Buffer
		info, err := readBackup(bytes.NewReader(text), &file, nil)
		if err != nil {
			require.True(t, errors.Is(err, ErrNoBackup) || errors.Is(err, ErrBackupDamaged), err)
			return
		}
		require.Equal(t, fmt.Sprintf("%x", sha256.Sum256(text)), info.SHA256)
		require.Equal(t, int64(file.Len()), info.Size)
		require.True(t, bytes.Contains(text, file.Bytes()))
		_, err = CheckBackup(bytes.NewReader(flip(text, len(text)/2)), nil)
		require.Error(t, err)
	})
}
