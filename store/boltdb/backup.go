package boltdb

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"time"

	bolt "go.etcd.io/bbolt"
)

// A backup is one stream:
//
//	the line "paypoint backup 1"
//	a line of JSON: BackupInfo, but for SHA256
//	the ledger file, Size bytes
//	a line with the hex SHA-256 of all before it
//
// It is on purpose no file that Open takes: a ledger goes back in time only
// through Restore.

// backupMagic is the first line of a backup.
const backupMagic = "paypoint backup 1\n"

// BackupInfo is what a backup says of itself.
type BackupInfo struct {
	// Schema is the layout of the ledger file in it.
	Schema int `json:"schema"`
	// Records is how many journal records it has, and Head the hex hash of the
	// last one, which stands for all before it.
	Records uint64 `json:"records"`
	Head    string `json:"head"`
	// Last is when the last record was decided; zero of an empty ledger.
	Last time.Time `json:"last"`
	// Taken is when the backup was made.
	Taken time.Time `json:"taken"`
	// Size is the length of the ledger file in it, in bytes.
	Size int64 `json:"size"`
	// SHA256 is that of the whole stream, in hex as sha256sum prints it. It is not
	// in the stream itself.
	SHA256 string `json:"sha256,omitempty"`
}

// Backup writes a backup of the ledger as it is now, while the store goes on.
// Progress, if any, is told how many of the ledger file's bytes are written.
//
// It reads within one transaction: until it is over the file reuses no page
// that comes free, and so grows with what is booked meanwhile. Close ends it, but
// waits while the writer hangs, which should have a deadline of its own.
// Errors: the store's, the writer's, and the system's; what was written until
// then is no backup.
func (s *Store) Backup(w io.Writer, taken time.Time, progress func(done, total int64)) (BackupInfo, error) {
	var info BackupInfo
	err := s.view(func(tx *bolt.Tx) (err error) {
		b := newBackup(w, progress)
		b.ended = s.stopped
		info, err = b.write(tx, taken)
		return err
	})
	if err != nil {
		return BackupInfo{}, fmt.Errorf("back the ledger up: %w", err)
	}
	return info, nil
}

// BackupFile writes a backup of a ledger file that no process writes, of
// whatever layout. Errors: what Open reports, the writer's, and the system's.
func BackupFile(path string, w io.Writer, taken time.Time, progress func(done, total int64)) (BackupInfo, error) {
	file, err := openFile(path, bolt.Options{ReadOnly: true, Timeout: time.Second})
	if err != nil {
		return BackupInfo{}, err
	}
	var info BackupInfo
	err = guard(func() error {
		return file.db.View(func(tx *bolt.Tx) (err error) {
			info, err = newBackup(w, progress).write(tx, taken)
			return err
		})
	})
	if err = errors.Join(err, file.db.Close()); err != nil {
		return BackupInfo{}, fmt.Errorf("back %s up: %w", path, err)
	}
	return info, nil
}

// backup is one that is being written.
type backup struct {
	to       io.Writer
	sum      hash.Hash
	progress func(done, total int64)
	// ended is closed when the store ends.
	ended <-chan struct{}
}

func newBackup(w io.Writer, progress func(done, total int64)) *backup {
	sum := sha256.New()
	return &backup{to: io.MultiWriter(w, sum), sum: sum, progress: progress}
}

func (b *backup) write(tx *bolt.Tx, taken time.Time) (BackupInfo, error) {
	info, err := describe(tx)
	if err != nil {
		return BackupInfo{}, err
	}
	info.Taken = taken.UTC()
	text, err := json.Marshal(info)
	if err != nil {
		return BackupInfo{}, err
	}
	if _, err := fmt.Fprintf(b.to, "%s%s\n", backupMagic, text); err != nil {
		return BackupInfo{}, err
	}
	told := &counter{total: info.Size, progress: b.progress}
	if err := copyFile(tx, io.MultiWriter(b.to, told), b.ended); err != nil {
		return BackupInfo{}, err
	}
	if _, err := fmt.Fprintf(b.to, "%x\n", b.sum.Sum(nil)); err != nil {
		return BackupInfo{}, err
	}
	info.SHA256 = hex.EncodeToString(b.sum.Sum(nil))
	return info, nil
}

// copyFile writes the ledger file as a transaction sees it, until ended is
// closed: the store's end waits for its readers. Errors: errClosed, the writer's,
// and the system's.
func copyFile(tx *bolt.Tx, to io.Writer, ended <-chan struct{}) error {
	copied := &endingWriter{to: to, ended: ended}
	if _, err := tx.WriteTo(copied); err != nil {
		// bbolt passes some of the writer's errors on as text only.
		return cmp.Or(copied.failed, err)
	}
	return nil
}

// endingWriter writes until ended is closed, and keeps why it failed.
type endingWriter struct {
	to     io.Writer
	ended  <-chan struct{}
	failed error
}

// Write is io.Writer's.
func (w *endingWriter) Write(p []byte) (n int, err error) {
	select {
	case <-w.ended:
		err = errClosed
	default:
		n, err = w.to.Write(p)
	}
	w.failed = err
	return n, err
}

// describe says what a ledger file holds.
func describe(tx *bolt.Tx) (BackupInfo, error) {
	var meta metadata
	if err := meta.read(tx); err != nil {
		return BackupInfo{}, err
	}
	last, err := readHead(tx)
	if err != nil {
		return BackupInfo{}, err
	}
	info := BackupInfo{Schema: meta.Schema, Records: last.seq, Head: hex.EncodeToString(last.hash[:]), Size: tx.Size()}
	if last.seq == 0 {
		return info, nil
	}
	key := numberKey(last.seq)
	record, err := readRecord(key, tx.Bucket(bucketJournal).Get(key))
	info.Last = record.At
	return info, err
}
