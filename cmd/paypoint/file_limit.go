package main

import (
	"math"
	"syscall"

	"go.uber.org/zap"
)

// reservedFiles are the file descriptors kept for what is no caller's connection:
// the ledger and the other files, notifications under way, the listeners, commands.
const reservedFiles = 256

// openFiles is how many file descriptors the process may have. Go has raised the
// limit to the most that the system lets it have, before main.
func openFiles() (int, error) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 0, err
	}
	return int(min(limit.Cur, math.MaxInt32)), nil // #nosec G115 -- at most MaxInt32
}

// limitConnections sees to it that all listeners' connections fit into the file
// descriptors. Otherwise the callers of one, all of its places being taken, would
// shut out those of another, where places are free.
func (a *application) limitConnections(all endpoints) {
	files, err := openFiles()
	if err != nil {
		a.log.Warn("the limit of open files can't be read", zap.Error(err))
		return
	}
	wanted, left := all.fitInto(files)
	if left < wanted {
		a.log.Warn("too few open files for all connections: every listener takes fewer", zap.Int("files", files),
			zap.Int("connections", left), zap.Int("wanted", wanted), zap.Int("needed", wanted+reservedFiles))
	}
}

// fitInto gives every address its share of the connections for which there are
// files, and says how many they wanted and have. Each also holds one caller in
// hand, who waits for a place.
func (e endpoints) fitInto(files int) (wanted, left int) {
	for _, place := range e {
		wanted += place.connections + 1
	}
	// Where hardly any files are left, half of them are for callers all the same.
	room := max(files-reservedFiles, files/2)
	if wanted <= room {
		return wanted, wanted
	}
	for _, place := range e {
		place.connections = max(1, (place.connections+1)*room/wanted-1)
		left += place.connections + 1
	}
	return wanted, left
}
