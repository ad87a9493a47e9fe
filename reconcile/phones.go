package reconcile

import (
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"

	"paypoint/durable"
	"paypoint/ledger"
	"paypoint/reconcile/match"
	"paypoint/reconcile/partnerfile"
)

// phoneWriter keeps the phone numbers of a file, a line of code, TrackingRef and
// number each. A file without numbers makes none.
type phoneWriter struct {
	path   string
	file   *os.File
	buffer *bufio.Writer
	lines  *csv.Writer
}

// add keeps the number of a line, if it has one.
func (w *phoneWriter) add(l partnerfile.Line) error {
	if !l.Phone.Known() {
		return nil
	}
	// Only now: a file of phones that is empty would keep the raw bytes from staying.
	if w.file == nil {
		file, err := os.OpenFile(w.path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
		if err != nil {
			return err
		}
		w.file, w.buffer = file, bufio.NewWriterSize(file, spoolBuffer)
		w.lines = csv.NewWriter(w.buffer)
	}
	return w.lines.Write([]string{string(l.Code), string(l.Ref), l.Phone.Reveal()})
}

// close waits for the disk.
func (w *phoneWriter) close() error {
	if w.file == nil {
		return nil
	}
	w.lines.Flush()
	err := errors.Join(w.lines.Error(), w.buffer.Flush(), w.file.Sync(), w.file.Close())
	if err != nil {
		return fmt.Errorf("keep phone numbers: %w", err)
	}
	return nil
}

// Phone is the phone number of a payment's customer, as the version that counts of a
// day's file has it; zero where none is kept, or its time is over. It prints
// masked: by its end a customer who calls is told from another.
func (s *Service) Phone(ctx context.Context, day ledger.Day, payment match.Key) (partnerfile.Phone, error) {
	phone, err := s.phone(ctx, day, payment)
	if err != nil {
		return partnerfile.Phone{}, fmt.Errorf("phone number of code %s ref %s in the file of %s: %w", payment.Code, payment.Ref, day, err)
	}
	return phone, nil
}

func (s *Service) phone(ctx context.Context, day ledger.Day, payment match.Key) (partnerfile.Phone, error) {
	file, err := s.counting(ctx, day)
	if errors.Is(err, ErrNoFile) {
		return partnerfile.Phone{}, nil
	}
	if err != nil {
		return partnerfile.Phone{}, err
	}
	phones, err := os.Open(s.versionPath(day, file.Version, phonesSuffix))
	if errors.Is(err, os.ErrNotExist) {
		return partnerfile.Phone{}, nil
	}
	if err != nil {
		return partnerfile.Phone{}, err
	}
	defer func() { _ = phones.Close() }() // it was only read
	lines := csv.NewReader(bufio.NewReaderSize(phones, spoolBuffer))
	lines.ReuseRecord, lines.FieldsPerRecord = true, 3
	for {
		line, err := lines.Read()
		if errors.Is(err, io.EOF) {
			return partnerfile.Phone{}, ctx.Err()
		}
		if err != nil {
			return partnerfile.Phone{}, errors.Join(ErrDamaged, err)
		}
		if line[0] == string(payment.Code) && line[1] == string(payment.Ref) {
			return partnerfile.ParsePhone(strings.Clone(line[2]))
		}
	}
}

// DropPhones removes the phone numbers of the files that were taken before a
// moment, and with them the bytes of those files as they came, which have the
// numbers too. It returns of how many files. The ledger keeps the files' hashes.
func (s *Service) DropPhones(ctx context.Context, before time.Time) (int, error) {
	end, err := s.begin(ctx)
	if err != nil {
		return 0, err
	}
	defer end()
	days, err := s.days("")
	if err != nil {
		return 0, err
	}
	dropped := 0
	for _, day := range days {
		n, err := s.dropPhones(ctx, day, before)
		dropped += n
		if err != nil {
			return dropped, fmt.Errorf("drop phone numbers of %s: %w", day, err)
		}
	}
	return dropped, nil
}

func (s *Service) dropPhones(ctx context.Context, day ledger.Day, before time.Time) (int, error) {
	versions, err := s.withPhones(day)
	if err != nil || len(versions) == 0 {
		return 0, err
	}
	files, err := s.Files(ctx, day)
	if err != nil {
		return 0, err
	}
	dropped := 0
	for _, version := range versions {
		taken, err := takenAt(s.versionPath(day, version, phonesSuffix), files, version)
		if err != nil {
			return dropped, err
		}
		if !taken.Before(before) {
			continue
		}
		// The phones last: as long as they are there, the next sweep tries again.
		for _, suffix := range []string{rawSuffix, phonesSuffix} {
			if err := os.Remove(s.versionPath(day, version, suffix)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return dropped, err
			}
		}
		dropped++
	}
	return dropped, durable.SyncFolder(s.folder(day))
}

// withPhones lists the versions of a day's file of which phone numbers are kept.
func (s *Service) withPhones(day ledger.Day) ([]int, error) {
	entries, err := os.ReadDir(s.folder(day))
	if err != nil {
		return nil, err
	}
	var versions []int
	for _, entry := range entries {
		number, phones := strings.CutSuffix(entry.Name(), phonesSuffix)
		version, err := strconv.Atoi(strings.TrimPrefix(number, "v"))
		if phones && err == nil {
			versions = append(versions, version)
		}
	}
	return versions, nil
}

// takenAt is when a version was taken. One that the ledger never took, because
// the program was killed before that, is as old as its file.
func takenAt(path string, files []ledger.PartnerFile, version int) (time.Time, error) {
	if version >= 1 && version <= len(files) {
		return files[version-1].At, nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return time.Time{}, err
	}
	return info.ModTime(), nil
}
