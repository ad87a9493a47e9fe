// Package disklog makes the disks that a loss of power could have left.
//
// strace records what a process does to the files of a folder, and what it says
// on its sockets meanwhile (Strace, Read). The log is played onto a disk in
// memory, up to any point, and the power is cut there (Log.Cut): what was
// synchronised is on the image; each write since is there, is not, or is torn
// between sectors; each name that was made, changed or removed since is so or is
// not. A disk that lies, for the control, takes the synchronisations that it is
// told to for nothing.
//
// The model is harder than a disk with a journaling file system: writes and
// names last in any combination, not only in their order, and a file that is
// synchronised has no name until its folder is. A rename is there as a whole or
// not at all. Memory that is mapped for writing is not seen; no file of a ledger is.
package disklog
