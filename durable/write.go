package durable

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// WriteWhole writes a file that appears under its name whole and to last, or not
// at all; what lay there before is replaced then. It is written beside it under
// a temporary name that begins with a dot, which only a killed process leaves
// behind. Errors are write's and the system's.
func WriteWhole(path string, mode fs.FileMode, write func(io.Writer) error) error {
	return writeBeside(path, mode, write, os.Rename)
}

// WriteNew is WriteWhole where nothing may lie there: what has come meanwhile is
// never replaced. Error besides: fs.ErrExist.
func WriteNew(path string, mode fs.FileMode, write func(io.Writer) error) error {
	return writeBeside(path, mode, write, func(temporary, path string) error {
		// Unlike a rename, a link never replaces.
		if err := os.Link(temporary, path); err != nil {
			return err
		}
		return os.Remove(temporary)
	})
}

// writeBeside writes a file under a temporary name, and gives it its own.
func writeBeside(path string, mode fs.FileMode, write func(io.Writer) error, name func(temporary, path string) error) error {
	folder := filepath.Dir(path)
	file, err := os.CreateTemp(folder, "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	// The bytes are on the disk before they have their name: a loss of power
	// leaves the file of before or this one, and no beginning of it.
	err = errors.Join(write(file), file.Chmod(mode), file.Sync(), file.Close())
	if err == nil {
		err = name(file.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return SyncFolder(folder)
}
