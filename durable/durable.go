// Package durable makes names in a folder last: a file that was made, renamed or
// removed is so after a loss of power only once its folder is on the disk.
package durable

import (
	"errors"
	"os"
)

// SyncFolder waits until a folder's entries are on the disk. Errors are the
// system's.
func SyncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
