package boltdb

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	bolt "go.etcd.io/bbolt"

	"paypoint/durable"
)

// What reading a backup reports.
var (
	// ErrNoBackup: the stream does not begin like a backup.
	ErrNoBackup = errors.New("this is not a paypoint backup")
	// ErrBackupDamaged: the backup is cut off, or its bytes were changed.
	ErrBackupDamaged = errors.New("the backup is damaged")
)

// maxBackupInfo bounds the line in which a backup tells of itself, in bytes.
const maxBackupInfo = 4 << 10

// Unpack makes a ledger file at path of a backup, whole and on the disk, or
// none: it appears under its name when the backup's hash is right and its file
// is the ledger that it says. No file is ever replaced.
// Errors: ErrNoBackup, ErrBackupDamaged, ErrNewer, fs.ErrExist, the reader's
// and the system's.
func Unpack(r io.Reader, path string) (BackupInfo, error) {
	info, err := unpack(r, path)
	if err != nil {
		return BackupInfo{}, fmt.Errorf("unpack a backup to %s: %w", path, err)
	}
	return info, nil
}

func unpack(r io.Reader, path string) (BackupInfo, error) {
	// Looked at first too, because a backup takes a while to read.
	if err := checkFree(path); err != nil {
		return BackupInfo{}, err
	}
	folder := filepath.Dir(path)
	made, err := os.CreateTemp(folder, filepath.Base(path)+".new-*")
	if err != nil {
		return BackupInfo{}, err
	}
	info, err := readBackup(r, made, nil)
	if err == nil {
		err = made.Sync()
	}
	if err = errors.Join(err, made.Close()); err == nil {
		err = checkUnpacked(made.Name(), info)
	}
	if err == nil {
		err = os.Link(made.Name(), path)
	}
	return info, errors.Join(err, os.Remove(made.Name()), durable.SyncFolder(folder))
}

// checkFree makes sure that there is no file yet.
func checkFree(path string) error {
	_, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err == nil:
		return fmt.Errorf("%s: %w", path, fs.ErrExist)
	}
	return err
}

// unpackUpgraded is Unpack, and upgrades what is of an older layout. The backup
// itself is the old file that an upgrade keeps.
func unpackUpgraded(r io.Reader, path string, progress Progress) (BackupInfo, error) {
	info, err := Unpack(r, path)
	if err != nil || info.Schema == Schema {
		return info, err
	}
	file, old, err := openCurrent(path, bolt.Options{Timeout: time.Second}, progress)
	if err != nil {
		return BackupInfo{}, err
	}
	return info, errors.Join(file.db.Close(), old.Close(), os.Remove(keptPath(path, info.Schema)))
}

// CheckBackup reads a backup to its end and checks that it is whole, as Unpack
// does; not, like Verify, whether the ledger in it is right. Progress, if any, is
// told how many of the ledger file's bytes are read.
// Errors: ErrNoBackup, ErrBackupDamaged, and the reader's.
func CheckBackup(r io.Reader, progress func(done, total int64)) (BackupInfo, error) {
	info, err := readBackup(r, io.Discard, progress)
	if err != nil {
		return BackupInfo{}, fmt.Errorf("check a backup: %w", err)
	}
	return info, nil
}

// readBackup checks a backup and writes the ledger file in it.
func readBackup(r io.Reader, to io.Writer, progress func(done, total int64)) (BackupInfo, error) {
	b := unpacking{from: bufio.NewReaderSize(r, 64<<10), sum: sha256.New()}
	info, err := b.header()
	if err != nil {
		return BackupInfo{}, err
	}
	told := &counter{total: info.Size, progress: progress}
	if _, err := io.CopyN(io.MultiWriter(to, b.sum, told), b.from, info.Size); err != nil {
		return BackupInfo{}, cutOff(err)
	}
	if err := b.trailer(); err != nil {
		return BackupInfo{}, err
	}
	info.SHA256 = hex.EncodeToString(b.sum.Sum(nil))
	return info, nil
}

// counter tells how much was written.
type counter struct {
	done, total int64
	progress    func(done, total int64)
}

// Write is io.Writer's.
func (c *counter) Write(p []byte) (int, error) {
	c.done += int64(len(p))
	if c.progress != nil {
		c.progress(c.done, c.total)
	}
	return len(p), nil
}

// unpacking is a backup that is being read.
type unpacking struct {
	from *bufio.Reader
	// sum is over all that was read so far.
	sum hash.Hash
}

// header reads the first two lines.
func (b *unpacking) header() (BackupInfo, error) {
	magic := make([]byte, len(backupMagic))
	_, err := io.ReadFull(b.from, magic)
	switch {
	case err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
		return BackupInfo{}, err
	case err != nil || string(magic) != backupMagic:
		return BackupInfo{}, ErrNoBackup
	}
	text, err := b.from.ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull), len(text) > maxBackupInfo:
		return BackupInfo{}, fmt.Errorf("%w: its second line is longer than %d bytes", ErrBackupDamaged, maxBackupInfo)
	case err != nil:
		return BackupInfo{}, cutOff(err)
	}
	var info BackupInfo
	if err := json.Unmarshal(text, &info); err != nil {
		return BackupInfo{}, fmt.Errorf("%w: its second line: %w", ErrBackupDamaged, err)
	}
	if info.Size < 0 {
		return BackupInfo{}, fmt.Errorf("%w: it says that its ledger file has %d bytes", ErrBackupDamaged, info.Size)
	}
	b.sum.Write(magic)
	b.sum.Write(text)
	return info, nil
}

// trailer reads the last line, and makes sure that it is the last.
func (b *unpacking) trailer() error {
	want := fmt.Sprintf("%x\n", b.sum.Sum(nil))
	line := make([]byte, len(want))
	if _, err := io.ReadFull(b.from, line); err != nil {
		return cutOff(err)
	}
	if string(line) != want {
		return fmt.Errorf("%w: its hash is not the one in its last line", ErrBackupDamaged)
	}
	b.sum.Write(line)
	switch _, err := b.from.ReadByte(); {
	case err == nil:
		return fmt.Errorf("%w: it goes on after its last line", ErrBackupDamaged)
	case !errors.Is(err, io.EOF):
		return err
	}
	return nil
}

// cutOff tells a backup that ends too early from a reader that fails.
func cutOff(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: it is cut off", ErrBackupDamaged)
	}
	return err
}

// checkUnpacked holds the file that was in a backup against what the backup
// says of it.
func checkUnpacked(path string, info BackupInfo) error {
	file, err := openWalked(path, bolt.Options{ReadOnly: true, Timeout: time.Second})
	if err != nil {
		return fmt.Errorf("the file in the backup: %w", err)
	}
	var there BackupInfo
	err = guard(func() error {
		return file.db.View(func(tx *bolt.Tx) (err error) {
			there, err = describe(tx)
			return err
		})
	})
	if err = errors.Join(err, file.db.Close()); err != nil {
		return fmt.Errorf("the file in the backup: %w", err)
	}
	if there.Schema != info.Schema || there.Records != info.Records || there.Head != info.Head {
		return fmt.Errorf("%w: it says that it has %d records, there are %d", ErrBackupDamaged, info.Records, there.Records)
	}
	return nil
}
