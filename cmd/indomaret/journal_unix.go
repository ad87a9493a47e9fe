//go:build unix

package main

import (
	"os"
	"syscall"
)

// lockFile takes the exclusive lock of file for as long as it is open, and fails
// at once when another process has it.
func lockFile(file *os.File) error {
	return syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
}
