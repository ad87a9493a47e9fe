package boltdb

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// lockName is the file in a folder whose lock says that the folder is in use.
const lockName = "lock"

// lockFolder takes a folder for this process until the file is closed, or the
// process ends. Errors: busy when another process has it, and the system's.
func lockFolder(folder string, busy error) (*os.File, error) {
	file, err := os.OpenFile(filepath.Join(folder, lockName), os.O_RDWR|os.O_CREATE, 0o600) // #nosec G304 -- a fixed name in our own folder
	if err != nil {
		return nil, err
	}
	return locked(file, lockExclusively, busy)
}

// lockFolderForReading keeps those away who write in a folder. A copy of one,
// maybe on a medium that can't be written, has no file to lock: nil then.
func lockFolderForReading(folder string, busy error) (*os.File, error) {
	file, err := os.Open(filepath.Join(folder, lockName)) // #nosec G304 -- a fixed name in our own folder
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return locked(file, lockShared, busy)
}

// lockPatience is how long to wait for a process that is about to end.
const lockPatience = time.Second

func locked(file *os.File, lock func(*os.File) (bool, error), busy error) (*os.File, error) {
	until := time.Now().Add(lockPatience)
	taken, err := lock(file)
	for err == nil && taken && time.Now().Before(until) {
		time.Sleep(lockPatience / 20)
		taken, err = lock(file)
	}
	if taken {
		err = busy
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}
