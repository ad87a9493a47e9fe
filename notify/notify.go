package notify

import (
	"context"
	"crypto/x509"
	"math/rand/v2"
	"sync"
	"time"

	"paypoint/access"
	"paypoint/ledger"
)

const (
	// DefaultMaxWaiting is how many deliveries of one merchant, each of a notice to
	// one URL, wait in memory, a quarter of them to one host; the rest waits in the
	// outbox.
	DefaultMaxWaiting = 10_000
	// MaxPerMerchant is how many attempts of one merchant run at once.
	MaxPerMerchant = 32
	// MaxPerHost is how many of them go to one host and port.
	MaxPerHost = 8
	// MaxResends is how many notices of one merchant are resent at once.
	MaxResends = 8
	// MaxWaitingResends is how many more wait for their turn; then ErrBusy.
	MaxWaitingResends = 32
	// pollInterval is how often the outbox is read.
	pollInterval = 200 * time.Millisecond
	// stopGrace is how long attempts under way may go on when the service stops.
	stopGrace = 3 * time.Second
)

// Ledger is what is asked of the ledger: ledger.Service.
type Ledger interface {
	// Reader reads the outbox.
	Reader() ledger.Reader
	// AsOf shows a charge as its merchant is told of it by a notice.
	AsOf(ctx context.Context, n ledger.Notice) (ledger.View, error)
	// Life tells a merchant's charge's changes. Error: ledger.ErrNotFound.
	Life(ctx context.Context, merchant, handle string) (ledger.View, []ledger.LifeEvent, error)
	// Notified records what became of notices.
	Notified(ctx context.Context, outcomes []ledger.NoticeOutcome) error
}

// Merchants is what is asked about merchants: access.Directory.
type Merchants interface {
	// NotificationURLs are a merchant's URLs as they are now.
	NotificationURLs(id string) []string
	// SigningKeys are a merchant's valid keys, the one that signs first.
	SigningKeys(id string) ([]access.ServerKey, error)
}

// Config says what a Service works with.
type Config struct {
	Ledger    Ledger
	Merchants Merchants
	// History keeps the attempts; its owner closes it after Run.
	History *History
	// Render writes the notification of a charge: its stable id and its body.
	Render func(view ledger.View, key access.ServerKey) (id string, body []byte)
	// Now is the clock.
	Now func() time.Time
	// Jitter picks the random shift of a retry, from 0 up to the interval that it
	// is given. nil picks evenly.
	Jitter func(interval time.Duration) time.Duration
	// AllowPrivate permits connections to addresses that are not public. It is
	// for the sandbox.
	AllowPrivate bool
	// RootCAs sign receivers' certificates; nil are the system's.
	RootCAs *x509.CertPool
	// Timeout is the time for one attempt; 0 is DefaultTimeout.
	Timeout time.Duration
	// MaxWaiting is how many deliveries of one merchant wait in memory, at most; 0
	// is DefaultMaxWaiting.
	MaxWaiting int
	// Retention is how long attempts and failed notices are kept; 0 keeps them.
	// It must be longer than the schedule of retries, which takes up to 12 hours.
	Retention time.Duration
	// Paused delivers nothing of the outbox; resends by hand go on.
	Paused bool
	// Report tells what happens, for logs and metrics.
	Report Report
}

// Report are callbacks; a nil one is not called. They are called by several
// goroutines and must not block. Nothing in them tells a secret of a merchant.
type Report struct {
	// Attempt is told of each attempt, once it is in the history.
	Attempt func(AttemptReport)
	// Outcome is told what became of a notice, once it is in the ledger.
	Outcome func(ledger.Notice, ledger.NoticeResult)
	// Error is told of what stands in the way on our side, again and again as
	// long as it lasts.
	Error func(error)
}

// AttemptReport is an attempt without what is the merchant's alone.
type AttemptReport struct {
	Notice ledger.Notice
	// Target is the URL, masked by MaskURL.
	Target string
	// Status is the HTTP status of the answer, 0 when none came.
	Status int
	// Reason is the class of how it ended.
	Reason ledger.AttemptReason
	Took   time.Duration
	// Next is when it is tried again; zero when it is not.
	Next time.Time
	// Manual says that a person asked for it.
	Manual bool
	// Lag is the time from the change to the end of the attempt.
	Lag time.Duration
}

// Stats is how much there is to do.
type Stats struct {
	// Waiting are the notices in memory, Running the attempts under way.
	Waiting, Running int
	// Lagging are the merchants with more in the outbox, for a host or for all,
	// than memory holds.
	Lagging int
}

// Service delivers the notices of the outbox. All its methods may be called at
// once.
type Service struct {
	config Config
	sender *sender
	// life ends when attempts under way are to be cut off.
	life context.Context
	cut  context.CancelFunc

	// stepping lets one Step run at a time. It guards cursor, which is the Seq up
	// to which the outbox was read, and expired.
	stepping sync.Mutex
	cursor   uint64
	expired  time.Time

	// flushing lets one at a time tell the ledger of outcomes.
	flushing sync.Mutex

	// mu guards everything below, and all merchants with what they hold.
	mu        sync.Mutex
	merchants map[string]*merchant
	shares    *shares
	// resends are those that wait or are under way, by Seq, and queues the
	// merchants' that have some.
	resends  map[uint64]*resend
	queues   map[string]*resendQueue
	ended    []endedAttempt
	outcomes []outcome
	// recording and telling say that a goroutine writes to the history, and to
	// the ledger.
	recording, telling bool
	// recorded is when the last group was begun, by the machine's own clock.
	recorded time.Time
	stopping bool
	// busy counts attempts and resends until they are recorded, idle is told of
	// its changes.
	busy int
	idle *sync.Cond
}

// New makes a Service. It starts nothing.
func New(c Config) *Service {
	if c.Timeout == 0 {
		c.Timeout = DefaultTimeout
	}
	if c.MaxWaiting == 0 {
		c.MaxWaiting = DefaultMaxWaiting
	}
	if c.Jitter == nil {
		c.Jitter = func(interval time.Duration) time.Duration { return rand.N(interval + 1) } // #nosec G404 -- spreads retries; no secret
	}
	s := &Service{
		config:    c,
		sender:    newSender(c.Timeout, c.AllowPrivate, c.RootCAs, allowedAddresses(c.AllowPrivate), nil),
		merchants: map[string]*merchant{}, shares: newShares(c.MaxWaiting),
		resends: map[uint64]*resend{}, queues: map[string]*resendQueue{},
	}
	s.idle = sync.NewCond(&s.mu)
	s.life, s.cut = context.WithCancel(context.Background())
	return s
}

// Run delivers until ctx ends. It returns when no attempt is under way any
// more: those that do not end soon are cut off, and repeated after the next
// start. A Service runs once.
func (s *Service) Run(ctx context.Context) {
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for ctx.Err() == nil {
		if err := s.Step(ctx); err != nil && ctx.Err() == nil {
			s.reportError(err)
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
		}
	}
	s.stop()
}

// stop lets nothing new begin, and waits for what is under way.
func (s *Service) stop() {
	s.mu.Lock()
	s.stopping = true
	s.mu.Unlock()
	defer time.AfterFunc(stopGrace, s.cut).Stop()
	s.Wait()
	s.cut()
}

// Step reads what is new in the outbox and starts what is due. It does not wait
// for the attempts. Errors are the ledger's and the history's.
func (s *Service) Step(ctx context.Context) error {
	if s.config.Paused {
		return nil
	}
	s.stepping.Lock()
	defer s.stepping.Unlock()
	s.followURLs()
	err := s.readOutbox(ctx)
	s.dispatchAll()
	if err != nil {
		return err
	}
	return s.expire(ctx)
}

// Wait waits until no attempt is under way and all that ended are recorded.
func (s *Service) Wait() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.busy > 0 || s.recording || s.telling {
		s.idle.Wait()
	}
}

// Stats counts what is in memory.
func (s *Service) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	var stats Stats
	for _, m := range s.merchants {
		stats.Waiting += len(m.notices)
		stats.Running += m.running
		if len(m.lags) > 0 {
			stats.Lagging++
		}
	}
	return stats
}

func (s *Service) reportError(err error) {
	if s.config.Report.Error != nil {
		s.config.Report.Error(err)
	}
}
