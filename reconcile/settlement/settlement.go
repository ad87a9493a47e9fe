package settlement

import (
	"context"
	"errors"
	"fmt"
	"time"

	"paypoint/ledger"
)

// What the settlement reports, beside the ledger's ErrDayOpen, ErrDayAhead,
// ErrNotClosed, ErrNotFound and the store's errors.
var (
	// ErrNotSealed: the day is closed, but its file could not be made or its
	// hash not be recorded. Closing or exporting again tries again.
	ErrNotSealed = errors.New("the day is closed, but its file's hash is not recorded yet")
	// ErrTotals: the lines of a day do not add up to its batch.
	ErrTotals = errors.New("the payments and adjustments do not add up to the batch's totals")
	// ErrHash: the text file is not the one whose hash was recorded. Either the
	// ledger or the program is damaged.
	ErrHash = errors.New("the file's SHA-256 is not the recorded one")
	// ErrFormat: there is no such format.
	ErrFormat = errors.New("unknown format: want txt, csv or xlsx")
)

// MaxList is the most batches that List returns at once.
const MaxList = 1000

// Config is what a Service works with.
type Config struct {
	// Ledger is what is settled.
	Ledger *ledger.Service
	// TempDir takes the temporary files of XLSX exports, about 1 KB a payment;
	// empty is the system's.
	TempDir string
}

// Service settles business days. All its methods may be called at once.
type Service struct {
	ledger  *ledger.Service
	tempDir string
}

// New makes the settlement of a ledger.
func New(c Config) *Service {
	return &Service{ledger: c.Ledger, tempDir: c.TempDir}
}

// ClosesFrom is when a day may be closed without asking for it early.
func (s *Service) ClosesFrom(day ledger.Day) time.Time {
	a := s.ledger.Agreement()
	return day.End(a.CutOff).Add(a.CloseDelay)
}

// Today is the business day of now: at 23:10 with a cut-off of 23:00, the next
// calendar day.
func (s *Service) Today() ledger.Day { return s.ledger.Today() }

// Close closes a business day, for who asks, and records its file's hash. The batch's Paid is
// how many payments can't be reversed any more. A day that is closed already
// is returned as it is; a day without payments has a file too.
//
// Errors: ledger.ErrDayOpen (not over; early closes it all the same),
// ledger.ErrDayAhead, ErrNotSealed, and the store's.
func (s *Service) Close(ctx context.Context, day ledger.Day, early bool, by string) (ledger.Batch, error) {
	batch, err := s.ledger.Close(ctx, day, early, by)
	if err != nil {
		return batch, err
	}
	sealed, err := s.Sealed(ctx, day)
	if err != nil {
		return batch, fmt.Errorf("close %s: %w: %w", day, ErrNotSealed, err)
	}
	return sealed, nil
}

// List lists the batches that have payments or are closed, by day, from a day
// on; at most MaxList.
func (s *Service) List(ctx context.Context, from ledger.Day, limit int) ([]ledger.Batch, error) {
	batches, err := s.ledger.Reader().Batches(ctx, from, min(limit, MaxList))
	if err != nil {
		return nil, fmt.Errorf("list settlements from %s: %w", from, err)
	}
	return batches, nil
}

// Get is the batch of a day. Error: ledger.ErrNotFound for a day that has no
// payments and is not closed.
func (s *Service) Get(ctx context.Context, day ledger.Day) (ledger.Batch, error) {
	state, err := s.load(ctx, day)
	if err != nil {
		return ledger.Batch{}, err
	}
	if state.Batch.First == 0 && !state.Batch.Closed() {
		return ledger.Batch{}, fmt.Errorf("settlement %s: %w", day, ledger.ErrNotFound)
	}
	return state.Batch, nil
}

func (s *Service) load(ctx context.Context, day ledger.Day) (ledger.State, error) {
	state, err := s.ledger.Reader().Load(ctx, ledger.Keys{Day: day})
	if err != nil {
		return ledger.State{}, fmt.Errorf("settlement %s: %w", day, err)
	}
	return state, nil
}
