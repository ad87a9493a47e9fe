package delivery

import (
	"errors"
	"fmt"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// tempSuffix marks a file that is not whole yet.
	tempSuffix = ".tmp"
	// sumSuffix names the checksum beside a file.
	sumSuffix = ".sha256"
	// maxName bounds a file's name, in bytes, so that NAME.sha256.tmp still fits
	// the 255 of common file systems.
	maxName = 255 - len(sumSuffix) - len(tempSuffix)
	// maxPath bounds a remote path, in bytes: Linux's PATH_MAX.
	maxPath = 4096
)

// ErrName: a file's name can't be used.
var ErrName = errors.New("bad file name")

// checkName accepts a plain file name that is neither a temporary file's nor a
// checksum's.
func checkName(name string) error {
	if name == "" || len(name) > maxName || strings.HasPrefix(name, ".") || strings.Contains(name, "/") {
		return fmt.Errorf("%q: want 1 to %d bytes without / and without a dot in front: %w", name, maxName, ErrName)
	}
	if unprintable(name) {
		return fmt.Errorf("%q: want printable UTF-8: %w", name, ErrName)
	}
	if strings.HasSuffix(name, tempSuffix) || strings.HasSuffix(name, sumSuffix) {
		return fmt.Errorf("%q: %s and %s have their own meaning: %w", name, tempSuffix, sumSuffix, ErrName)
	}
	return nil
}

// checkPath accepts the path of a file on a server, absolute or from the folder
// in which the login begins.
func checkPath(remote string) error {
	if len(remote) > maxPath || remote != path.Clean(remote) || strings.HasPrefix(remote, "../") {
		return fmt.Errorf("%.100q: want a path of up to %d bytes without . and ..: %w", remote, maxPath, ErrName)
	}
	if unprintable(remote) {
		return fmt.Errorf("%.100q: want printable UTF-8: %w", remote, ErrName)
	}
	return checkName(path.Base(remote))
}

func unprintable(s string) bool {
	return !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}
