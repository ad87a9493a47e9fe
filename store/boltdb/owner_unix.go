//go:build unix

package boltdb

import (
	"os"
	"syscall"
)

// keepOwner gives a new file the owner of the one whose place it takes: an
// operator may compact as root what the server opens as another user.
func keepOwner(path string, of os.FileInfo) error {
	owner, ok := of.Sys().(*syscall.Stat_t)
	if !ok || int(owner.Uid) == os.Getuid() && int(owner.Gid) == os.Getgid() {
		return nil
	}
	// Never what a link leads to: the folder is the other user's, and this may be root.
	return os.Lchown(path, int(owner.Uid), int(owner.Gid))
}
