//go:build unix

package boltdb

import (
	"errors"
	"os"
	"syscall"
)

// lockExclusively takes the lock of an open file for as long as it is open;
// taken says that another process has it.
func lockExclusively(file *os.File) (taken bool, err error) {
	return tryLock(file, syscall.LOCK_EX)
}

// lockShared takes the lock beside others that share it.
func lockShared(file *os.File) (taken bool, err error) {
	return tryLock(file, syscall.LOCK_SH)
}

func tryLock(file *os.File, how int) (taken bool, err error) {
	err = syscall.Flock(int(file.Fd()), how|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return true, nil
	}
	return false, err
}
