package ledger

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// ErrRepeated: the file was taken before, for another day.
var ErrRepeated = errors.New("the file was taken for another day")

// MaxFileVersions bounds the versions of one day's file.
const MaxFileVersions = 99

// PartnerFile is a file of Indomaret's that was read whole and without fault.
// The ledger holds that it came, and what it adds up to; its lines lie beside.
type PartnerFile struct {
	// Day is the business day that it is about, and Version counts the day's files
	// from 1: a corrected one stands beside the one before.
	Day     Day `json:"day"`
	Version int `json:"version"`
	// Sequence is the file's own number among those of its day; 0 where it has none.
	Sequence int `json:"sequence,omitempty"`
	// Name is the file's, SHA256 that of its bytes as they came (hex), Profile the
	// one by which it was read.
	Name    string `json:"name"`
	SHA256  string `json:"sha256"`
	Profile string `json:"profile"`
	// Lines, with the counts and sums of those in force and those reversed.
	Lines          int    `json:"lines"`
	Paid           int    `json:"paid"`
	Reversed       int    `json:"reversed"`
	Amount         Rupiah `json:"amount"`
	ReversedAmount Rupiah `json:"reversed_amount"`
	Fee            Rupiah `json:"fee"`
	// At is when it was taken, By by whom.
	At time.Time `json:"at,omitzero"`
	By string    `json:"by"`
}

// FileTaken takes a file of Indomaret's.
type FileTaken struct{ PartnerFile }

// Kind names the event.
func (FileTaken) Kind() Kind { return KindFile }

// Counting is the version of a day's file that counts: the one with Indomaret's
// highest number, and of several the last that came. False where there is none.
func Counting(versions []PartnerFile) (PartnerFile, bool) {
	if len(versions) == 0 {
		return PartnerFile{}, false
	}
	return slices.MaxFunc(versions, func(a, b PartnerFile) int {
		return cmp.Or(cmp.Compare(a.Sequence, b.Sequence), cmp.Compare(a.Version, b.Version))
	}), true
}

func filesKey(day Day) string { return prefixFile + string(day) + "/" }

func fileKey(day Day, version int) string { return fmt.Sprintf("%s%04d", filesKey(day), version) }

func newestFileKey(day Day) string { return prefixNewestFile + string(day) }

func fileHashKey(sha256 string) string { return prefixFileHash + sha256 }

// DecideTakeFile takes a file as its day's next version.
//
//	hash known, the same day     that version    -
//	hash known, another day      ErrRepeated     -
//	else                         the next one    taken
func DecideTakeFile(s State, f PartnerFile, now time.Time) (PartnerFile, Change, error) {
	if err := errors.Join(checkBy(f.By), checkHash(f.SHA256)); err != nil {
		return PartnerFile{}, Change{}, err
	}
	if _, err := ParseDay(string(f.Day)); err != nil {
		return PartnerFile{}, Change{}, fmt.Errorf("file %s: %w", f.Name, err)
	}
	there, err := stateDocument[PartnerFile](s, fileHashKey(f.SHA256))
	if err != nil {
		return PartnerFile{}, Change{}, err
	}
	newest, err := stateDocument[int](s, newestFileKey(f.Day))
	switch {
	case err != nil:
		return PartnerFile{}, Change{}, err
	case there != nil && there.Day == f.Day:
		return *there, Change{}, nil
	case there != nil:
		return *there, Change{}, fmt.Errorf("file %s is version %d of %s: %w", f.Name, there.Version, there.Day, ErrRepeated)
	case newest == nil:
		newest = new(int)
	case *newest >= MaxFileVersions:
		return PartnerFile{}, Change{}, fmt.Errorf("%s has %d versions: %w", f.Day, *newest, ErrTaken)
	}
	f.Version, f.At = *newest+1, time.Time{}
	event := FileTaken{f}
	f.At = now
	return f, change(now, Entry{Event: event}), nil
}

func projectFileTaken(rows Rows, e FileTaken, r Record) error {
	f := e.PartnerFile
	f.At = r.At
	if err := putDocument(rows, fileKey(f.Day, f.Version), f); err != nil {
		return err
	}
	if err := putDocument(rows, newestFileKey(f.Day), f.Version); err != nil {
		return err
	}
	return putDocument(rows, fileHashKey(f.SHA256), f)
}

// TakeFile takes a file as its day's next version. One that is there already is
// returned, with taken false. Errors: ErrRepeated, ErrTaken (too many versions),
// and the store's.
func (s *Service) TakeFile(ctx context.Context, f PartnerFile) (there PartnerFile, taken bool, err error) {
	keys := Keys{Documents: []string{fileHashKey(f.SHA256), newestFileKey(f.Day)}}
	err = s.store.Apply(ctx, keys, func(state State) (Change, error) {
		var change Change
		var err error
		there, change, err = DecideTakeFile(state, f, s.now())
		taken = !change.Empty()
		return change, err
	})
	if err != nil {
		return there, false, fmt.Errorf("take file of %s: %w", f.Day, err)
	}
	return there, taken, nil
}

// PartnerFiles lists the versions of a day's file, oldest first. Errors are the
// store's.
func (s *Service) PartnerFiles(ctx context.Context, day Day) ([]PartnerFile, error) {
	files, _, err := listDocuments[PartnerFile](ctx, s.store, filesKey(day), "", MaxFileVersions)
	return files, err
}

// FileBySHA256 is the file whose bytes have a hash. Error: ErrNotFound.
func (s *Service) FileBySHA256(ctx context.Context, sha256 string) (PartnerFile, error) {
	return loadDocument[PartnerFile](ctx, s.store, fileHashKey(sha256))
}
