package delivery

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"paypoint/durable"
)

// maxVersions bounds how many contents of one name are kept.
const maxVersions = 99

// keep gives a temporary file, synced and with a known hash, its name: wanted,
// or the next version of it that is free. It is known where a version has the
// same content.
func keep(temp *os.File, wanted string, sum []byte) (kept string, known bool, err error) {
	for version := 1; version <= maxVersions; version++ {
		name := wanted
		if version > 1 {
			name = fmt.Sprintf("%s.v%d", wanted, version)
		}
		// A link fails where the name is taken; a rename would replace.
		err := os.Link(temp.Name(), name)
		if err == nil {
			return name, false, durable.SyncFolder(filepath.Dir(name))
		}
		if !errors.Is(err, fs.ErrExist) {
			return "", false, err
		}
		if known, err := holds(name, sum); err != nil || known {
			return name, known, err
		}
	}
	return "", false, fmt.Errorf("%s has %d versions: %w", wanted, maxVersions, ErrTooLong)
}

// holds says whether a file has this hash.
func holds(name string, sum []byte) (bool, error) {
	file, err := os.Open(name) // #nosec G304 -- one of our own exports
	if err != nil {
		return false, err
	}
	defer file.Close()
	_, digest, err := weigh(file)
	return bytes.Equal(digest, sum), err
}
