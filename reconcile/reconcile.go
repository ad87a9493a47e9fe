package reconcile

import (
	"context"
	"errors"
	"sync"
	"time"

	"paypoint/ledger"
	"paypoint/reconcile/partnerfile"
	"paypoint/reconcile/settlement"
	"paypoint/reconcile/statement"
)

// What the work with Indomaret's files reports, beside the errors of partnerfile,
// match, the ledger and the disk.
var (
	// ErrNoFile: the day has no file of Indomaret's to be matched.
	ErrNoFile = errors.New("no file of Indomaret's has been taken for the day")
	// ErrNoDay: neither the caller nor the file says of which day it is.
	ErrNoDay = errors.New("the file does not say of which day it is: name the day")
	// ErrNotMatched: the day was never matched.
	ErrNotMatched = errors.New("the day has not been matched")
	// ErrTotals: what was kept does not add up to what the ledger recorded.
	ErrTotals = errors.New("the entries do not add up to the recorded totals")
	// ErrDamaged: a kept file is not as it was written.
	ErrDamaged = errors.New("the kept file is damaged")
	// ErrTooManyCases: so much differs that it is no matter of cases. The outcome
	// is kept, and no case was opened.
	ErrTooManyCases = errors.New("too many differences to open cases")
)

// Config is what a Service works with.
type Config struct {
	// Ledger is where cases, files, statements and cash are recorded.
	Ledger *ledger.Service
	// Settlement has the batches.
	Settlement *settlement.Service
	// Dir keeps files and outcomes; see the package's comment. It is made when
	// needed.
	Dir string
	// TempDir takes temporary files, of the size of the file that is imported, or
	// of both sides where days are matched; empty is the system's.
	TempDir string
	// Profile is the shape of Indomaret's files.
	Profile partnerfile.Profile
	// Issuer heads merchants' statements.
	Issuer statement.Party
	// DefaultTerms are those of merchants who have none of their own.
	DefaultTerms statement.Terms
	// Party is a merchant as statements print it.
	Party func(ctx context.Context, merchant string) (statement.Party, error)
	// Now is the clock.
	Now func() time.Time
}

// Progress is told now and then how much of something is done; total is 0 where
// it is not known. It may be nil.
type Progress func(done, total int)

// Service does finance's work. All its methods may be called at once; imports,
// matches, the closing of statements and changes of terms wait for each other.
type Service struct {
	config Config
	// turn has one place, for whichever of those is under way.
	turn chan struct{}
	// kept is held while outcomes and their findings change places.
	kept sync.RWMutex
}

// New makes the service. It does nothing by itself.
func New(c Config) *Service {
	return &Service{config: c, turn: make(chan struct{}, 1)}
}

// begin waits for its turn to change anything; end gives it back.
// Error: the context's.
func (s *Service) begin(ctx context.Context) (end func(), err error) {
	select {
	case s.turn <- struct{}{}:
		return func() { <-s.turn }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
