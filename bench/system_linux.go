package main

import (
	"fmt"
	"os"
	"syscall"
)

// dieWithParent has the kernel end a child when this process is killed and can no
// longer do so itself.
func dieWithParent(attr *syscall.SysProcAttr) {
	attr.Pdeathsig = syscall.SIGINT
}

// inMemory says whether dir lies on a file system that has no disk below it.
func inMemory(dir string) (bool, error) {
	// TMPFS_MAGIC and RAMFS_MAGIC of linux/magic.h.
	const tmpfs, ramfs = 0x01021994, 0x858458f6
	var fs syscall.Statfs_t
	if err := syscall.Statfs(dir, &fs); err != nil {
		return false, fmt.Errorf("look at the file system of %s: %w", dir, err)
	}
	kind := uint32(fs.Type) // #nosec G115 -- a magic number has 32 bits
	return kind == tmpfs || kind == ramfs, nil
}

// syncData waits until a file's bytes are on the disk.
func syncData(file *os.File) error { return syscall.Fdatasync(int(file.Fd())) }
