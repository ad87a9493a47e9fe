package delivery

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

const (
	// maxSecret bounds a file that holds a key or password, in bytes. An RSA key
	// of 16,384 bits takes 13 KB.
	maxSecret = 64 << 10
	// othersMayUse are the mode bits that a secret's file must not have.
	othersMayUse fs.FileMode = 0o077
)

// What is wrong with a file that holds a secret.
var (
	// ErrExposed: others could read or replace the secret.
	ErrExposed = errors.New("the group or others may read or write it: want mode 0600")
	// ErrSecret: the file is empty or too long.
	ErrSecret = errors.New("want 1 to 65536 bytes")
)

// readSecret reads a key or password. One line end after it is no part of it.
// What it held is never in an error.
func readSecret(path string) ([]byte, error) {
	file, err := os.Open(path) // #nosec G304 -- the operator names the file
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&othersMayUse != 0 {
		return nil, fmt.Errorf("%s has mode %04o: %w", path, info.Mode().Perm(), ErrExposed)
	}
	text, err := io.ReadAll(io.LimitReader(file, maxSecret+1))
	if err != nil {
		return nil, err
	}
	text = bytes.TrimSuffix(bytes.TrimSuffix(text, []byte("\n")), []byte("\r"))
	if len(text) == 0 || len(text) > maxSecret {
		return nil, fmt.Errorf("%s: %w", path, ErrSecret)
	}
	return text, nil
}
