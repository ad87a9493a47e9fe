package reconcile

import (
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"paypoint/durable"
	"paypoint/ledger"
	"paypoint/reconcile/partnerfile"
)

// Only the owner may look: files hold payments in the clear, and phone numbers.
const (
	folderMode = 0o700
	fileMode   = 0o600
)

// The names in a day's folder; versions and runs stand before them.
const (
	entriesSuffix  = ".entries"
	rawSuffix      = ".raw.gz"
	phonesSuffix   = ".phones"
	findingsSuffix = ".findings"
	outcomeName    = "outcome.json"
	// damagedSuffix is added to an outcome that is set aside.
	damagedSuffix = ".damaged"
	// stagingPrefix begins the folder of an import under way.
	stagingPrefix = ".import-"
)

// suffixes are those of a version's files.
func suffixes() []string { return []string{entriesSuffix, rawSuffix, phonesSuffix} }

func (s *Service) folder(day ledger.Day) string { return filepath.Join(s.config.Dir, string(day)) }

func (s *Service) versionPath(day ledger.Day, version int, suffix string) string {
	return filepath.Join(s.folder(day), "v"+strconv.Itoa(version)+suffix)
}

func (s *Service) runPath(day ledger.Day, run int) string {
	return filepath.Join(s.folder(day), "run-"+strconv.Itoa(run)+findingsSuffix)
}

// days lists the days that have a folder, from one on, in order.
func (s *Service) days(from ledger.Day) ([]ledger.Day, error) {
	entries, err := os.ReadDir(s.config.Dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list days: %w", err)
	}
	var days []ledger.Day
	for _, entry := range entries { // sorted by name, and days sort as text
		if day, err := ledger.ParseDay(entry.Name()); err == nil && day >= from && entry.IsDir() {
			days = append(days, day)
		}
	}
	return days, nil
}

// makeFolder makes a folder, and its way there, to last.
func makeFolder(path string) error {
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	if err := os.MkdirAll(path, folderMode); err != nil {
		return err
	}
	// A new folder is an entry in the one above, which is what must reach the disk.
	return durable.SyncFolder(filepath.Dir(path))
}

// replaceFile writes a file whole or not at all, to last.
func replaceFile(path string, write func(io.Writer) error) error {
	// The bytes are on the disk before they have their name, and the name is before
	// anything is built on it: a loss of power leaves the old file or the new one.
	if err := writeFile(path+".tmp", write); err != nil {
		return errors.Join(err, os.Remove(path+".tmp"))
	}
	if err := os.Rename(path+".tmp", path); err != nil {
		return err
	}
	return durable.SyncFolder(filepath.Dir(path))
}

// writeFile writes a file and waits for the disk.
func writeFile(path string, write func(io.Writer) error) error {
	// #nosec G304 -- named by day and number, in our own folder
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, fileMode)
	if err != nil {
		return err
	}
	return errors.Join(write(file), file.Sync(), file.Close())
}

// writeSpool writes a file of records.
func writeSpool(path string, write func(*spoolWriter) error) error {
	return replaceFile(path, func(to io.Writer) error {
		w, err := newSpoolWriter(to)
		if err == nil {
			err = write(w)
		}
		if err != nil {
			return err
		}
		return w.finish()
	})
}

// openKept opens a file that must be there. Error: ErrDamaged, and the disk's.
func openKept(path string) (*os.File, error) {
	file, err := os.Open(path) // #nosec G304 -- named by day and number, in our own folder
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return file, err
}

// payloads reads the file of records at a path, naming it in errors. Errors:
// ErrDamaged, and those of reading.
func payloads(path string) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		file, err := openKept(path)
		if err != nil {
			yield(nil, err)
			return
		}
		defer func() { _ = file.Close() }() // it was only read
		for payload, err := range records(file) {
			if err != nil {
				err = fmt.Errorf("read %s of %s: %w", filepath.Base(path), filepath.Base(filepath.Dir(path)), err)
			}
			if !yield(payload, err) {
				return
			}
		}
	}
}

// records reads a file of records. Errors as for payloads.
func records(from io.Reader) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		r, err := newSpoolReader(from)
		for err == nil {
			var payload []byte
			payload, err = r.next()
			if err == nil && (payload == nil || !yield(payload, nil)) {
				return
			}
		}
		yield(nil, err)
	}
}

// body is a file as it came, kept aside while it is read.
type body struct {
	file   *os.File
	size   int64
	sha256 string
}

// receive takes a file to its end. Nothing of it stays when the program ends:
// its name is removed at once where the system allows that.
func receive(dir string, from io.Reader) (*body, error) {
	file, err := os.CreateTemp(dir, "paypoint-import-")
	if err != nil {
		return nil, fmt.Errorf("make temporary file: %w", err)
	}
	b := &body{file: file}
	// It may have phone numbers, which must not outlive a program that is killed.
	_ = os.Remove(file.Name())
	sum := sha256.New()
	// One byte more than is allowed tells a file of that size from a longer one.
	n, err := io.Copy(io.MultiWriter(file, sum), io.LimitReader(from, partnerfile.MaxFile+1))
	if err == nil && n > partnerfile.MaxFile {
		err = fmt.Errorf("more than %d bytes: %w", int64(partnerfile.MaxFile), partnerfile.ErrTooLarge)
	}
	if err != nil {
		b.discard()
		return nil, fmt.Errorf("receive the file: %w", err)
	}
	b.size, b.sha256 = n, hex.EncodeToString(sum.Sum(nil))
	return b, nil
}

// again is the file from its beginning.
func (b *body) again() (io.Reader, error) {
	_, err := b.file.Seek(0, io.SeekStart)
	return b.file, err
}

func (b *body) discard() {
	_ = b.file.Close()
	_ = os.Remove(b.file.Name()) // gone already, but where open files keep their names
}

// packTo writes the file, gzipped.
func (b *body) packTo(to io.Writer) error {
	from, err := b.again()
	if err != nil {
		return err
	}
	// Lines of a file are much alike: more effort takes four times as long and saves
	// little.
	packed, err := gzip.NewWriterLevel(to, gzip.BestSpeed)
	if err != nil {
		return err
	}
	if _, err := io.Copy(packed, from); err != nil {
		return err
	}
	return packed.Close()
}

// removeStale removes what an import that was killed has left. No other import
// is under way.
func (s *Service) removeStale() error {
	entries, err := os.ReadDir(s.config.Dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), stagingPrefix) {
			if err := os.RemoveAll(filepath.Join(s.config.Dir, entry.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}
