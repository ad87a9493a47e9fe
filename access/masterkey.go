package access

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"paypoint/durable"
)

const (
	// masterKeySize is that of an AES-256 key, in bytes.
	masterKeySize = 32
	// maxMasterKeyFile leaves room for a line's end after the digits.
	maxMasterKeyFile = 2*masterKeySize + len("\r\n")
	// othersMayRead are the mode bits that a file with a secret must not have.
	othersMayRead fs.FileMode = 0o077
)

// What LoadMasterKey and CreateMasterKey report.
var (
	// ErrMasterKey: the file does not hold a master key.
	ErrMasterKey = errors.New("not a master key: want 64 hexadecimal digits")
	// ErrExposed: the file's mode lets others at it.
	ErrExposed = errors.New("the group or others may read or write it: want mode 0600")
)

// MasterKey opens every sealed secret of a ledger. It prints as a mask.
type MasterKey struct {
	masked
	bytes [masterKeySize]byte
}

// LoadMasterKey reads a master key from a file of 64 hexadecimal digits that
// nobody but its owner can read. Errors: ErrMasterKey, ErrExposed, and the
// system's.
func LoadMasterKey(path string) (MasterKey, error) {
	file, err := os.Open(path) // #nosec G304 -- the operator names the file
	if err != nil {
		return MasterKey{}, fmt.Errorf("load master key: %w", err)
	}
	defer file.Close()
	key, err := readMasterKey(file)
	if err != nil {
		return MasterKey{}, fmt.Errorf("load master key %s: %w", path, err)
	}
	return key, nil
}

func readMasterKey(file *os.File) (MasterKey, error) {
	info, err := file.Stat()
	if err != nil {
		return MasterKey{}, err
	}
	if info.Mode().Perm()&othersMayRead != 0 {
		return MasterKey{}, fmt.Errorf("mode %04o: %w", info.Mode().Perm(), ErrExposed)
	}
	// One byte more than fits, so that a longer file is not taken for its start.
	text, err := io.ReadAll(io.LimitReader(file, int64(maxMasterKeyFile)+1))
	if err != nil {
		return MasterKey{}, err
	}
	// The text never goes into an error: it may be a key with a slip in it.
	bytes, err := hex.DecodeString(strings.TrimRight(string(text), "\r\n"))
	if err != nil || len(bytes) != masterKeySize {
		return MasterKey{}, ErrMasterKey
	}
	return MasterKey{bytes: [masterKeySize]byte(bytes)}, nil
}

// Derive is a key for one purpose: 32 bytes that are the same after every
// start, tell nothing of the master key and differ from those of any other
// purpose.
func (k MasterKey) Derive(purpose string) []byte {
	// It fails for lengths beyond 255 hashes only.
	derived, _ := hkdf.Key(sha256.New, k.bytes[:], nil, purpose, masterKeySize)
	return derived
}

// CreateMasterKey makes a random master key and writes it to a new file of
// mode 0600. The file is there whole or not at all, and one that exists stays
// as it is: the error is then fs.ErrExist.
func CreateMasterKey(path string) (MasterKey, error) {
	var key MasterKey
	// crypto/rand.Read never fails (Go 1.24).
	_, _ = rand.Read(key.bytes[:])
	if err := writeNew(path, hex.EncodeToString(key.bytes[:])+"\n"); err != nil {
		return MasterKey{}, fmt.Errorf("create master key: %w", err)
	}
	return key, nil
}

// writeNew writes under a temporary name and links that to path: unlike a
// rename, a link does not replace what is there.
func writeNew(path, text string) error {
	folder := filepath.Dir(path)
	// os.CreateTemp makes files of mode 0600.
	temporary, err := os.CreateTemp(folder, ".master-key-*")
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name())
	_, err = temporary.WriteString(text)
	if err := errors.Join(err, temporary.Sync(), temporary.Close()); err != nil {
		return err
	}
	if err := os.Link(temporary.Name(), path); err != nil {
		return err
	}
	return durable.SyncFolder(folder)
}
