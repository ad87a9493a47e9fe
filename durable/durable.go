// Package durable makes names in a folder last: a file that was made, renamed or
// removed is so after a loss of power only once its folder is on the disk.
package durable

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// SyncFolder waits until a folder's entries are on the disk. Errors are the
// system's.
func SyncFolder(path string) error {
	folder, err := os.Open(path) // #nosec G304 -- the folder is only synced
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// MakeFolder makes a folder, and those above it that are missing, to last. One
// that was there may have been made just before a kill, so its name is waited for
// too, where we may read the folder above. Errors are the system's.
func MakeFolder(path string, mode fs.FileMode) error {
	made := missing(path)
	if err := os.MkdirAll(path, mode); err != nil {
		return err
	}
	if len(made) == 0 {
		if err := SyncFolder(filepath.Dir(path)); !errors.Is(err, fs.ErrPermission) {
			return err
		}
		return nil
	}
	for _, folder := range made {
		if err := SyncFolder(filepath.Dir(folder)); err != nil {
			return err
		}
	}
	return nil
}

// missing are the folders of a path that are not there.
func missing(path string) []string {
	var all []string
	for {
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			return all
		}
		all = append(all, path)
		path = filepath.Dir(path)
	}
}
