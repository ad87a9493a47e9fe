//go:build !linux

package main

import (
	"os"
	"syscall"
)

// dieWithParent does nothing where the kernel has no such service.
func dieWithParent(*syscall.SysProcAttr) {}

// inMemory is not known here.
func inMemory(string) (bool, error) { return false, nil }

// syncData waits until a file's bytes are on the disk.
func syncData(file *os.File) error { return file.Sync() }
