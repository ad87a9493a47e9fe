package delivery

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path"
)

// fsyncExtension is OpenSSH's (PROTOCOL, 4.6 "fsync@openssh.com").
const fsyncExtension = "fsync@openssh.com"

// What Put refuses to do.
var (
	// ErrDiffers: another file has the name already. It is left as it is.
	ErrDiffers = errors.New("the server has another file of this name")
	// ErrShort: the server holds another number of bytes than it was sent.
	ErrShort = errors.New("the file did not arrive whole")
	// ErrChanged: the file changed while it was read.
	ErrChanged = errors.New("the file changed while it was read")
)

// Outcome is what Put found to do.
type Outcome string

// The outcomes. All of them mean: the file has been delivered, once.
const (
	// Delivered: the file was put there, or the last of it.
	Delivered Outcome = "delivered"
	// There: it and its checksum were there already.
	There Outcome = "there"
	// Collected: its checksum is there and the file is gone, so it was delivered
	// and has been taken away.
	Collected Outcome = "collected"
)

// Receipt says what lies on the server.
type Receipt struct {
	// Path is where, as it was given to Put.
	Path string
	// Size is in bytes.
	Size int64
	// SHA256 is the hash of the whole file, in hex.
	SHA256  string
	Outcome Outcome
	// Synced says that the server wrote it to its disk before it got its name.
	Synced bool
}

// Put brings a local file to a path on the server, with its checksum beside it
// as PATH.sha256 in the form of sha256sum(1). Called again after any failure it
// goes on from what it finds. The folder must exist, and the login must be
// allowed to read what it wrote there.
//
// A path is for one Put at a time: two at once would write to the same temporary
// file. A Job is done by one at a time, and its records are open in one process.
//
// Two things are the server's to keep: on one that has no fsync (Receipt.Synced)
// a loss of power may take a file back, and where its rename replaces, which
// SFTP's does not, another who writes the same name at the same moment is not
// noticed. A partner who takes a file away before its checksum is there, in the
// moment between the two renames, gets it again if the connection ends right then.
//
// Errors: ErrDiffers, ErrShort, ErrChanged, ErrHostKey, ErrName, those of Check,
// and those of the files, the network and the server.
func (s Server) Put(ctx context.Context, local, remote string) (Receipt, error) {
	receipt, err := s.put(ctx, local, remote)
	if err != nil {
		return Receipt{}, fmt.Errorf("put %s to %s: %w", remote, s.Address, because(ctx, err))
	}
	return receipt, nil
}

func (s Server) put(ctx context.Context, local, remote string) (Receipt, error) {
	if err := checkPath(remote); err != nil {
		return Receipt{}, err
	}
	file, err := os.Open(local) // #nosec G304 -- one of our own exports
	if err != nil {
		return Receipt{}, err
	}
	defer file.Close()
	// Before the connection, since a server may not be kept waiting.
	size, sum, err := weigh(file)
	if err != nil {
		return Receipt{}, err
	}
	session, err := s.open(ctx)
	if err != nil {
		return Receipt{}, err
	}
	defer session.close()
	receipt := Receipt{Path: remote, Size: size, SHA256: hex.EncodeToString(sum)}
	return session.deliver(file, receipt)
}

// weigh reads a file through for its size and SHA-256.
func weigh(file io.Reader) (int64, []byte, error) {
	digest := sha256.New()
	size, err := io.Copy(digest, file)
	return size, digest.Sum(nil), err
}

// standing is what lies under a name, beside what should.
type standing string

const (
	absent standing = "absent"
	same   standing = "same"
	other  standing = "other"
)

// todo is what is left of a delivery.
type todo struct {
	file, sum bool
	outcome   Outcome
}

// plan decides what is left to do. The checksum comes last, so that alone it
// tells of a file that was there.
//
//	file    checksum   to do
//	absent  absent     both
//	absent  same       nothing: collected
//	same    absent     the checksum
//	same    same       nothing: there
//	other   any        refuse
//	any     other      refuse
func plan(file, sum standing) (todo, error) {
	switch {
	case file == other || sum == other:
		return todo{}, ErrDiffers
	case file == absent && sum == same:
		return todo{outcome: Collected}, nil
	case file == same && sum == same:
		return todo{outcome: There}, nil
	default:
		return todo{file: file == absent, sum: true, outcome: Delivered}, nil
	}
}

func (s *session) deliver(file *os.File, receipt Receipt) (Receipt, error) {
	sumText := []byte(receipt.SHA256 + "  " + path.Base(receipt.Path) + "\n")
	sumDigest := sha256.Sum256(sumText)
	left, err := s.compare(receipt, sumDigest[:], int64(len(sumText)))
	if err != nil {
		return Receipt{}, err
	}
	receipt.Outcome = left.outcome
	// Both are on the disk before either gets its name, to keep short the time in
	// which one is there without the other.
	if left.file {
		if receipt.Synced, err = s.upload(receipt.Path+tempSuffix, file, receipt.Size, receipt.SHA256); err != nil {
			return Receipt{}, err
		}
	}
	sumPath := receipt.Path + sumSuffix
	if left.sum {
		_, err := s.upload(sumPath+tempSuffix, bytes.NewReader(sumText), int64(len(sumText)), hex.EncodeToString(sumDigest[:]))
		if err != nil {
			return Receipt{}, err
		}
	}
	if left.file {
		if err := s.appear(receipt.Path); err != nil {
			return Receipt{}, err
		}
	}
	if left.sum {
		if err := s.appear(sumPath); err != nil {
			return Receipt{}, err
		}
	}
	return receipt, nil
}

// compare looks at what is on the server.
func (s *session) compare(r Receipt, sumDigest []byte, sumSize int64) (todo, error) {
	want, err := hex.DecodeString(r.SHA256)
	if err != nil {
		return todo{}, err
	}
	file, err := s.standing(r.Path, r.Size, want)
	if err != nil {
		return todo{}, fmt.Errorf("compare with what is there: %w", err)
	}
	sum, err := s.standing(r.Path+sumSuffix, sumSize, sumDigest)
	if err != nil {
		return todo{}, fmt.Errorf("compare with the checksum there: %w", err)
	}
	return plan(file, sum)
}

// standing compares a remote file by its size first and then by its content.
func (s *session) standing(remote string, size int64, want []byte) (standing, error) {
	info, err := s.Lstat(remote)
	if errors.Is(err, fs.ErrNotExist) {
		return absent, nil
	}
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() || info.Size() != size {
		return other, nil
	}
	file, err := s.Open(remote)
	if err != nil {
		return "", err
	}
	defer file.Close()
	length, digest, err := weigh(file)
	if err != nil {
		return "", err
	}
	if length != size || !bytes.Equal(digest, want) {
		return other, nil
	}
	return same, nil
}

// upload writes a whole temporary file. One that an attempt before left is
// removed, not written over: a server that has not noticed yet that the other
// connection is gone may still be writing to it.
func (s *session) upload(temp string, content io.ReadSeeker, size int64, sum string) (synced bool, err error) {
	if err := s.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, fmt.Errorf("remove %s: %w", temp, err)
	}
	if _, err := content.Seek(0, io.SeekStart); err != nil {
		return false, err
	}
	synced, err = s.fill(temp, &measured{Reader: io.LimitReader(content, size), size: size, digest: sha256.New()}, sum)
	if err != nil {
		// Only tidiness: the next attempt removes it too.
		_ = s.Remove(temp)
		return false, fmt.Errorf("write %s: %w", temp, err)
	}
	return synced, nil
}

func (s *session) fill(temp string, content *measured, sum string) (synced bool, err error) {
	file, err := s.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL)
	if err != nil {
		return false, err
	}
	_, err = file.ReadFrom(content)
	if err == nil {
		// Some servers have no fsync; there the rename is all that can be had.
		if _, synced = s.HasExtension(fsyncExtension); synced {
			err = file.Sync()
		}
	}
	if err := errors.Join(err, file.Close()); err != nil {
		return false, err
	}
	info, err := s.Lstat(temp)
	if err != nil {
		return false, err
	}
	if hex.EncodeToString(content.digest.Sum(nil)) != sum {
		return false, ErrChanged
	}
	if info.Size() != content.size {
		return false, fmt.Errorf("%d bytes of %d: %w", info.Size(), content.size, ErrShort)
	}
	return synced, nil
}

// appear gives a temporary file its name. SFTP's own rename (draft-ietf-secsh-
// filexfer-02, 6.5) fails where the name is taken; posix-rename@openssh.com would replace.
func (s *session) appear(remote string) error {
	if err := s.Rename(remote+tempSuffix, remote); err != nil {
		return fmt.Errorf("rename %s: %w", remote+tempSuffix, err)
	}
	return nil
}

// measured hashes what is sent, and says how much it will be, so that writes go
// out side by side.
type measured struct {
	io.Reader
	size   int64
	digest hash.Hash
}

// Size is for sftp.File.ReadFrom.
func (m *measured) Size() int64 { return m.size }

func (m *measured) Read(p []byte) (int, error) {
	n, err := m.Reader.Read(p)
	_, _ = m.digest.Write(p[:n]) // a hash takes all
	return n, err
}
