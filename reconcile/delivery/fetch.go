package delivery

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const (
	// maxListed bounds the entries of a remote folder.
	maxListed = 100_000
	// MaxFetch bounds a fetched file, in bytes: no more than what is read of one.
	MaxFetch = 1 << 30
	// maxSum bounds a checksum file, in bytes: a hash, a name, and a margin.
	maxSum = 1024
	// tempFetch begins the names of temporary files in the local folder.
	tempFetch = ".fetch-"
	// leftAfter is the age from which such a file is no transfer's any more.
	leftAfter = 24 * time.Hour
)

// What Fetch reports.
var (
	// ErrNoFile: no file fits the pattern.
	ErrNoFile = errors.New("the server has no such file")
	// ErrChecksum: a file is not what its checksum says.
	ErrChecksum = errors.New("the file does not match its checksum")
	// ErrGrowing: a file changed while it was fetched. Try again later.
	ErrGrowing = errors.New("the file changed while it was fetched")
	// ErrTooLong: a file or folder is beyond its limit.
	ErrTooLong = errors.New("too long")
)

// Fetched is a file that lies whole in the local folder.
type Fetched struct {
	// Name is the file's on the server, Path where it lies here.
	Name, Path string
	// Size is in bytes.
	Size int64
	// SHA256 is in hex.
	SHA256 string
	// Modified is the server's time of it.
	Modified time.Time
	// Known says that it lay here already.
	Known bool
	// Summed says that a checksum lay beside it and matched.
	Summed bool
}

// Fetch loads the files of a remote folder whose names fit a pattern (path.Match)
// into a local folder, in the order of their names. Temporary files, checksums
// and what is no regular file are passed by. A file keeps its name; where
// another content has that name here, it becomes NAME.v2, NAME.v3 and so on:
// a corrected file never replaces the old one.
//
// A file that fails ends the call; those before it are whole and are returned
// beside the error. Errors: ErrNoFile, ErrChecksum, ErrGrowing, ErrTooLong,
// ErrName, ErrHostKey, those of Check, and those of the disk, the network and
// the server.
func (s Server) Fetch(ctx context.Context, folder, pattern, into string) ([]Fetched, error) {
	all, err := s.fetch(ctx, folder, pattern, into)
	if err != nil {
		return all, fmt.Errorf("fetch %s from %s: %w", path.Join(folder, pattern), s.Address, because(ctx, err))
	}
	return all, nil
}

func (s Server) fetch(ctx context.Context, folder, pattern, into string) ([]Fetched, error) {
	if _, err := path.Match(pattern, ""); err != nil {
		return nil, fmt.Errorf("pattern %q: %w", pattern, err)
	}
	if err := sweep(into, time.Now().Add(-leftAfter)); err != nil {
		return nil, err
	}
	session, err := s.open(ctx)
	if err != nil {
		return nil, err
	}
	defer session.close()
	names, err := session.matching(ctx, folder, pattern)
	if err != nil {
		return nil, err
	}
	var all []Fetched
	for _, name := range names {
		one, err := session.fetchOne(ctx, path.Join(folder, name), into, s.Quiet)
		if err != nil {
			return all, fmt.Errorf("%s: %w", name, err)
		}
		all = append(all, one)
	}
	return all, nil
}

// sweep removes the temporary files that a killed process left before a time.
func sweep(folder string, before time.Time) error {
	left, err := filepath.Glob(filepath.Join(folder, tempFetch+"*"))
	if err != nil {
		return err
	}
	for _, name := range left {
		info, err := os.Lstat(name)
		if err != nil || !info.Mode().IsRegular() || !info.ModTime().Before(before) {
			continue
		}
		if err := os.Remove(name); err != nil {
			return err
		}
	}
	return nil
}

// matching are the names of the files to fetch, sorted.
func (s *session) matching(ctx context.Context, folder, pattern string) ([]string, error) {
	entries, err := s.ReadDirContext(ctx, cmp.Or(folder, "."))
	if err != nil {
		return nil, fmt.Errorf("list folder: %w", err)
	}
	if len(entries) > maxListed {
		return nil, fmt.Errorf("folder has %d entries, the limit is %d: %w", len(entries), maxListed, ErrTooLong)
	}
	var names []string
	for _, entry := range entries {
		name := entry.Name()
		if fits, _ := path.Match(pattern, name); !fits || !entry.Mode().IsRegular() ||
			strings.HasSuffix(name, tempSuffix) || strings.HasSuffix(name, sumSuffix) {
			continue
		}
		if err := checkName(name); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	if len(names) == 0 {
		return nil, ErrNoFile
	}
	slices.Sort(names)
	return names, nil
}

func (s *session) fetchOne(ctx context.Context, remote, into string, quiet time.Duration) (Fetched, error) {
	before, err := s.Lstat(remote)
	if err != nil {
		return Fetched{}, err
	}
	if before.Size() > MaxFetch {
		return Fetched{}, fmt.Errorf("%d bytes, the limit is %d: %w", before.Size(), int64(MaxFetch), ErrTooLong)
	}
	want, err := s.checksum(remote + sumSuffix)
	if err != nil {
		return Fetched{}, err
	}
	temp, err := os.CreateTemp(into, tempFetch+"*")
	if err != nil {
		return Fetched{}, err
	}
	defer os.Remove(temp.Name())
	defer temp.Close()
	sum, err := s.download(remote, temp, before.Size())
	if err != nil {
		return Fetched{}, err
	}
	if err := s.settled(ctx, remote, before, want, sum, quiet); err != nil {
		return Fetched{}, err
	}
	kept, known, err := keep(temp, filepath.Join(into, path.Base(remote)), sum)
	if err != nil {
		return Fetched{}, err
	}
	return Fetched{
		Name: path.Base(remote), Path: kept, Size: before.Size(), SHA256: hex.EncodeToString(sum),
		Modified: before.ModTime(), Known: known, Summed: want != nil,
	}, nil
}

// checksum reads the hash in a checksum file; nil where there is none.
func (s *session) checksum(remote string) ([]byte, error) {
	file, err := s.Open(remote)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("open checksum: %w", err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxSum))
	if err != nil {
		return nil, fmt.Errorf("read checksum: %w", err)
	}
	// The hash alone, or as sha256sum(1) writes it, before a name.
	word, _, _ := strings.Cut(strings.TrimSpace(string(text)), " ")
	sum, err := hex.DecodeString(word)
	if err != nil || len(sum) != sha256.Size {
		return nil, fmt.Errorf("checksum file holds no SHA-256: %w", ErrChecksum)
	}
	return sum, nil
}

// download copies a remote file and hashes it, no more of it than was announced.
func (s *session) download(remote string, temp *os.File, size int64) ([]byte, error) {
	file, err := s.Open(remote)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	digest := sha256.New()
	out := &bounded{w: io.MultiWriter(temp, digest), room: size}
	// WriteTo asks for many parts of the file at once; io.Copy would for one.
	n, err := file.WriteTo(out)
	if err != nil {
		return nil, fmt.Errorf("read: %w", err)
	}
	if n != size {
		return nil, fmt.Errorf("%d bytes of %d: %w", n, size, ErrGrowing)
	}
	return digest.Sum(nil), temp.Sync()
}

// bounded fails beyond its room, whatever a server sends.
type bounded struct {
	w    io.Writer
	room int64
}

func (b *bounded) Write(p []byte) (int, error) {
	if int64(len(p)) > b.room {
		return 0, ErrGrowing
	}
	b.room -= int64(len(p))
	return b.w.Write(p)
}

// settled checks that a file that was loaded is the whole one.
func (s *session) settled(ctx context.Context, remote string, before fs.FileInfo, want, sum []byte, quiet time.Duration) error {
	if want != nil {
		if !bytes.Equal(want, sum) {
			return fmt.Errorf("it says %x, the file has %x: %w", want, sum, ErrChecksum)
		}
		return nil
	}
	select {
	case <-time.After(quiet):
	case <-ctx.Done():
		return ctx.Err()
	}
	after, err := s.Lstat(remote)
	if err != nil {
		return err
	}
	if after.Size() != before.Size() || !after.ModTime().Equal(before.ModTime()) {
		return ErrGrowing
	}
	return nil
}
