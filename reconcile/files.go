package reconcile

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"

	"paypoint/durable"
	"paypoint/ledger"
	"paypoint/reconcile/match"
	"paypoint/reconcile/partnerfile"
)

// FileIn is a file of Indomaret's to be imported.
type FileIn struct {
	// Day is the business day whose file is expected; empty where the file or its
	// name says it.
	Day ledger.Day
	// Name is the file's name without folders; empty where there is none.
	Name string
	// Body is the file as it came, packed or not; at most partnerfile.MaxFile bytes.
	Body io.Reader
	// By is who imports it.
	By string
}

// progressStep is how many lines pass between two reports of progress.
const progressStep = 10_000

// Import takes a file of Indomaret's as its day's next version. Nothing of it
// counts unless all of it is right. The same bytes again are no new version: the
// one that is there is returned, and taken is false. Counts says which one is
// matched by now. Progress is told the lines read.
//
// Errors: ledger.ErrRepeated (the same bytes are another day's version, which is
// returned), ErrNoDay, those of partnerfile.Read with a *partnerfile.LineError
// for a wrong line, those of Body, of the disk and of the store. After any of
// them nothing has changed, unless it is ledger.ErrOutcomeUnknown.
func (s *Service) Import(ctx context.Context, in FileIn, progress Progress) (file ledger.PartnerFile, taken bool, err error) {
	file, taken, err = s.receiveFile(ctx, in, progress)
	if err != nil {
		return file, false, fmt.Errorf("import Indomaret's file %.*q: %w", partnerfile.MaxName, in.Name, err)
	}
	return file, taken, nil
}

func (s *Service) receiveFile(ctx context.Context, in FileIn, progress Progress) (ledger.PartnerFile, bool, error) {
	// Before its turn: a sender who is slow keeps nobody else from working.
	body, err := receive(s.config.TempDir, in.Body)
	if err != nil {
		return ledger.PartnerFile{}, false, err
	}
	defer body.discard()
	end, err := s.begin(ctx)
	if err != nil {
		return ledger.PartnerFile{}, false, err
	}
	defer end()
	// First of all: a file that is known need not fit the profile of today.
	there, err := s.config.Ledger.FileBySHA256(ctx, body.sha256)
	switch {
	case errors.Is(err, ledger.ErrNotFound):
		return s.importFile(ctx, in, body, progress)
	case err != nil:
		return ledger.PartnerFile{}, false, err
	case in.Day != "" && in.Day != there.Day:
		return there, false, fmt.Errorf("it is version %d of %s: %w", there.Version, there.Day, ledger.ErrRepeated)
	case s.lost(there):
		return there, false, s.restoreFile(ctx, there, body, progress)
	default:
		return there, false, nil
	}
}

// importFile reads a file that is new, and takes it.
func (s *Service) importFile(ctx context.Context, in FileIn, body *body, progress Progress) (ledger.PartnerFile, bool, error) {
	staged, summary, err := s.stageFile(ctx, in, body, progress)
	defer func() { _ = os.RemoveAll(staged) }() // the next import tries again
	if err != nil {
		return ledger.PartnerFile{}, false, err
	}
	// The trailer has been read by now: nothing of the file is missing or wrong.
	if summary.Day == "" {
		return ledger.PartnerFile{}, false, ErrNoDay
	}
	return s.takeFile(ctx, staged, ledger.PartnerFile{
		Day: summary.Day, Name: in.Name, SHA256: body.sha256, Profile: summary.Profile,
		Lines: summary.Lines, Paid: summary.Paid, Reversed: summary.Reversed,
		Amount: summary.Amount, ReversedAmount: summary.ReversedAmount, Fee: summary.Fee,
		Sequence: summary.Sequence, By: in.By,
	})
}

// lost says that what was kept of a version is not there any more, or not whole
// at its beginning: the folder was restored from an older copy than the ledger.
func (s *Service) lost(file ledger.PartnerFile) bool {
	_, _, err := s.entriesOf(file)
	return err != nil
}

// restoreFile keeps a file again that the ledger has taken.
func (s *Service) restoreFile(ctx context.Context, file ledger.PartnerFile, body *body, progress Progress) error {
	staged, _, err := s.stageFile(ctx, FileIn{Day: file.Day, Name: file.Name}, body, progress)
	defer func() { _ = os.RemoveAll(staged) }() // the next import tries again
	if err != nil {
		return err
	}
	return s.place(staged, file.Day, file.Version)
}

// stageFile reads a file and puts what will be kept of it into a folder of its
// own, which the caller removes.
func (s *Service) stageFile(ctx context.Context, in FileIn, body *body, progress Progress) (string, partnerfile.Summary, error) {
	staged, err := s.stage()
	if err != nil {
		return staged, partnerfile.Summary{}, fmt.Errorf("make folder: %w", err)
	}
	summary, err := s.read(ctx, in, body, staged, progress)
	if err != nil {
		return staged, summary, err
	}
	if err := writeFile(filepath.Join(staged, rawSuffix), body.packTo); err != nil {
		return staged, summary, fmt.Errorf("keep the file as it came: %w", err)
	}
	return staged, summary, nil
}

// stage makes the folder of an import under way, and removes what earlier ones
// have left.
func (s *Service) stage() (string, error) {
	if err := makeFolder(s.config.Dir); err != nil {
		return "", err
	}
	if err := s.removeStale(); err != nil {
		return "", err
	}
	return os.MkdirTemp(s.config.Dir, stagingPrefix)
}

// takeFile puts the staged files in their places, and then has the ledger take
// the file. Files in those places belong to an import that never came to that.
// They are left there only where the ledger may have the file all the same.
func (s *Service) takeFile(ctx context.Context, staged string, file ledger.PartnerFile) (ledger.PartnerFile, bool, error) {
	files, err := s.config.Ledger.PartnerFiles(ctx, file.Day)
	if err != nil {
		return ledger.PartnerFile{}, false, err
	}
	version := len(files) + 1
	if err := s.place(staged, file.Day, version); err != nil {
		return ledger.PartnerFile{}, false, fmt.Errorf("keep version %d of %s: %w", version, file.Day, err)
	}
	there, taken, err := s.config.Ledger.TakeFile(ctx, file)
	if err == nil && there.Version != version {
		return there, false, fmt.Errorf("the ledger took it as version %d of %s, kept was %d: %w", there.Version, there.Day, version, ErrDamaged)
	}
	if err != nil && !errors.Is(err, ledger.ErrOutcomeUnknown) {
		err = errors.Join(err, s.unplace(file.Day, version))
	}
	return there, taken, err
}

// unplace removes a version's files, as far as they are there.
func (s *Service) unplace(day ledger.Day, version int) error {
	for _, suffix := range suffixes() {
		if err := os.Remove(s.versionPath(day, version, suffix)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

func (s *Service) place(staged string, day ledger.Day, version int) error {
	if err := makeFolder(s.folder(day)); err != nil {
		return err
	}
	if err := s.unplace(day, version); err != nil {
		return err
	}
	for _, suffix := range suffixes() {
		err := os.Rename(filepath.Join(staged, suffix), s.versionPath(day, version, suffix))
		if err != nil && !errors.Is(err, os.ErrNotExist) { // a file without phones has none
			return err
		}
	}
	return durable.SyncFolder(s.folder(day))
}

// entriesHead is the first record of a file of entries.
type entriesHead struct {
	// SHA256 is that of the file of which the entries are.
	SHA256 string `json:"sha256"`
	// WithoutFees says that the file has no column of fees.
	WithoutFees bool `json:"without_fees"`
}

// read reads a file by the profile, and stages its entries, sorted, and its
// phones.
func (s *Service) read(ctx context.Context, in FileIn, body *body, staged string, progress Progress) (partnerfile.Summary, error) {
	from, err := body.again()
	if err != nil {
		return partnerfile.Summary{}, err
	}
	r := &fileReading{phones: phoneWriter{path: filepath.Join(staged, phonesSuffix)}, progress: progress}
	options := partnerfile.Options{
		Day: in.Day, Name: in.Name, CutOff: s.config.Ledger.Agreement().CutOff, TempFolder: s.config.TempDir,
	}
	sorted, err := match.Sort(ctx, r.entries(ctx, from, s.config.Profile, options), match.SortOptions{Dir: s.config.TempDir, Memory: sortMemory(body.size)})
	if err == nil {
		defer func() { _ = sorted.Close() }() // only temporary files could be left
	}
	// What is wrong with the file is said as its reader said it, not as what it did to
	// the sorting.
	if err := errors.Join(cmp.Or(r.err, err), r.phones.close()); err != nil {
		return partnerfile.Summary{}, err
	}
	head, err := json.Marshal(entriesHead{SHA256: body.sha256, WithoutFees: s.config.Profile.Columns.Fee == nil})
	if err != nil {
		return partnerfile.Summary{}, err
	}
	return r.summary, writeSpool(filepath.Join(staged, entriesSuffix), func(w *spoolWriter) error {
		if err := w.add(head); err != nil {
			return err
		}
		return addEntries(w, sorted.All(ctx))
	})
}

// leastSort is the memory for sorting in bytes, however little there is.
const leastSort = 256 << 10

// sortMemory is the memory for sorting so many bytes of text or records: what a
// small day needs, and match.DefaultMemory at most.
func sortMemory(size int64) int {
	const spare = 4 // for the records' places, and what grows when it is unpacked
	return int(min(max(leastSort, spare*size), match.DefaultMemory))
}

func addEntries(w *spoolWriter, entries iter.Seq2[match.Entry, error]) error {
	var payload []byte
	for e, err := range entries {
		if err != nil {
			return err
		}
		payload = appendEntry(payload[:0], e)
		if err := w.add(payload); err != nil {
			return err
		}
	}
	return nil
}

// fileReading is a file on its way into entries.
type fileReading struct {
	phones   phoneWriter
	progress Progress
	summary  partnerfile.Summary
	lines    int
	// err is what is wrong with the file, as its reader said it.
	err error
}

// errEnough ends the reading when nobody wants its entries.
var errEnough = errors.New("no more entries are wanted")

// unknownDay stands in kept entries for their day, which is the folder's: it may
// be known only at the file's end.
const unknownDay ledger.Day = "0000-00-00"

// entries reads the file. An error is in r.err too.
func (r *fileReading) entries(ctx context.Context, from io.Reader, p partnerfile.Profile, o partnerfile.Options) iter.Seq2[match.Entry, error] {
	return func(yield func(match.Entry, error) bool) {
		summary, err := partnerfile.Read(ctx, from, p, o, func(line partnerfile.Line) error {
			if err := r.phones.add(line); err != nil {
				return fmt.Errorf("keep phone numbers: %w", err)
			}
			r.lines++
			if r.progress != nil && r.lines%progressStep == 0 {
				r.progress(r.lines, 0)
			}
			if !yield(entryOf(line), nil) {
				return errEnough
			}
			return nil
		})
		if errors.Is(err, errEnough) {
			return
		}
		if r.summary, r.err = summary, err; err != nil {
			yield(match.Entry{}, err)
		}
	}
}

// entryOf is a line without its time, which no class depends on, and without its
// phone number.
func entryOf(l partnerfile.Line) match.Entry {
	return match.Entry{
		Code: l.Code, Ref: l.Ref, Store: l.Store, Day: unknownDay,
		Amount: l.Amount, Fee: l.Fee, Reversed: l.Reversed, Line: uint64(l.Number), // #nosec G115 -- counts from 1
	}
}

// entriesOf is the head of a version's entries, and the entries in Compare's
// order.
func (s *Service) entriesOf(file ledger.PartnerFile) (entriesHead, iter.Seq2[match.Entry, error], error) {
	path := s.versionPath(file.Day, file.Version, entriesSuffix)
	var head entriesHead
	for payload, err := range payloads(path) {
		if err == nil {
			err = json.Unmarshal(payload, &head)
		}
		if err != nil {
			return head, nil, err
		}
		break
	}
	if head.SHA256 != file.SHA256 {
		return head, nil, fmt.Errorf("entries of version %d of %s are of file %q, want %q: %w",
			file.Version, file.Day, head.SHA256, file.SHA256, ErrDamaged)
	}
	return head, func(yield func(match.Entry, error) bool) {
		first := true
		for payload, err := range payloads(path) {
			if first && err == nil {
				first = false
				continue
			}
			e, err := readEntry(payload, err)
			e.Day = file.Day
			if !yield(e, err) {
				return
			}
		}
	}, nil
}

// readEntry reads a record, unless there was an error already.
func readEntry(payload []byte, err error) (match.Entry, error) {
	if err != nil {
		return match.Entry{}, err
	}
	f := fields{rest: payload}
	e := f.entry()
	return e, f.done()
}

// Files lists the versions of a day's file, oldest first. Errors are the store's.
func (s *Service) Files(ctx context.Context, day ledger.Day) ([]ledger.PartnerFile, error) {
	return s.config.Ledger.PartnerFiles(ctx, day)
}

// counting is the version of a day's file that counts. Error: ErrNoFile.
func (s *Service) counting(ctx context.Context, day ledger.Day) (ledger.PartnerFile, error) {
	files, err := s.Files(ctx, day)
	if err != nil {
		return ledger.PartnerFile{}, err
	}
	file, is := ledger.Counting(files)
	if !is {
		return ledger.PartnerFile{}, ErrNoFile
	}
	return file, nil
}

// Counts is the version of a day's file that is matched; see ledger.Counting. A
// file with a lower number of Indomaret's that comes late changes nothing about
// that, nor do an older version's bytes again. Errors: ErrNoFile, and the store's.
func (s *Service) Counts(ctx context.Context, day ledger.Day) (int, error) {
	file, err := s.counting(ctx, day)
	if err != nil {
		return 0, fmt.Errorf("version of %s that counts: %w", day, err)
	}
	return file.Version, nil
}

// FileClass is the class of what is wrong with a day's file as a whole, where an
// error of Import or Match says that.
func FileClass(err error) (match.Class, bool) {
	switch {
	case errors.Is(err, ErrNoFile):
		return match.FileMissing, true
	case errors.Is(err, ledger.ErrRepeated):
		return match.FileRepeated, true
	case errors.Is(err, partnerfile.ErrTrailer):
		return match.TotalsMismatch, true
	default:
		return "", false
	}
}
