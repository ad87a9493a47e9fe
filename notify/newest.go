package notify

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"

	bolt "go.etcd.io/bbolt"
)

// NewestNotice is the Seq of the newest notice that the history at path has an
// attempt for; 0 where it has none, or where there is no file. It tells how far
// a ledger had come that is lost. Errors: ErrHistoryLocked, and what is wrong with
// a file that can't be read, which stays as it is.
func NewestNotice(path string) (seq uint64, err error) {
	// Opening would make one.
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	db, err := openHistoryFile(path)
	if err == nil {
		err = guarded(func() error {
			return db.View(func(tx *bolt.Tx) error {
				if key, _ := tx.Bucket(bucketAttempts).Cursor().Last(); len(key) > numberSize {
					seq = binary.BigEndian.Uint64(key)
				}
				return nil
			})
		})
		if !errors.Is(err, errDamaged) { // else a transaction may hold its locks
			err = errors.Join(err, db.Close())
		}
	}
	if err != nil {
		return 0, fmt.Errorf("newest notice of %s: %w", path, err)
	}
	return seq, nil
}
