package ledger

import (
	"context"
	"errors"
	"time"
)

// Store keeps the ledger. An engine owes its callers:
//
//   - Apply is atomic: all of a Change is written, or nothing.
//   - Apply is durable: when it returns nil, the change and everything that
//     decide was shown survive a loss of power.
//   - Changes happen one after the other: decide sees all that was decided before.
//   - Keys' Code and Ref that wait or are written are never refused as busy.
//
// decide may be called more than once, so it has no side effects beyond
// setting the caller's result, all of it, each time. Apply does not stop a
// change that is under way when ctx ends: it returns ErrOutcomeUnknown.
type Store interface {
	Reader
	// Apply loads what keys name, calls decide and writes its change.
	//
	// Errors: ErrBusy, ErrNotCommitted, ErrOutcomeUnknown, and whatever decide
	// returns, with nothing written.
	Apply(ctx context.Context, keys Keys, decide func(State) (Change, error)) error
	// Failed is closed when the engine can't go on: the process must end and
	// start again. Err then says why.
	Failed() <-chan struct{}
	// Err is what made the engine fail, or nil.
	Err() error
	// Close waits for what is queued and releases the ledger.
	Close() error
}

// Reader reads the ledger without changing it. What it returns is durable: a
// merchant who is told of a payment may ship.
type Reader interface {
	// Load loads what keys name.
	Load(ctx context.Context, keys Keys) (State, error)
	// Find is the number of a merchant's charge by its ID or its order id (the
	// newest); of any merchant's by its ID where merchant is empty. Error:
	// ErrNotFound.
	Find(ctx context.Context, merchant, handle string) (uint64, error)
	// Records lists the journal after a number.
	Records(ctx context.Context, after uint64, limit int) ([]Record, error)
	// Head is the number of the journal's newest record, 0 of an empty one.
	Head(ctx context.Context) (uint64, error)
	// Lines lists the payments and adjustments of a batch whose journal numbers
	// follow after.
	Lines(ctx context.Context, day Day, after uint64, limit int) ([]Line, error)
	// Booked lists those of one merchant. It shows every line that was answered
	// before it was asked.
	Booked(ctx context.Context, merchant string, day Day, after uint64, limit int) ([]Line, error)
	// Batches lists batches by day, from a day on.
	Batches(ctx context.Context, from Day, limit int) ([]Batch, error)
	// Settings lists the settings whose keys begin with prefix.
	Settings(ctx context.Context, prefix string) (map[string][]byte, error)
	// Due lists charges to look at, until a moment.
	Due(ctx context.Context, until time.Time, limit int) ([]Due, error)
	// Listed lists the places of a merchant's charges (of one order id unless it
	// is empty) that follow a place in the listing: the newest first. It shows
	// every charge that was answered before it was asked.
	Listed(ctx context.Context, merchant, order string, before Place, limit int) ([]Place, error)
	// Outbox lists the notices whose Seq follows after, in its order.
	Outbox(ctx context.Context, after uint64, limit int) ([]Notice, error)
	// Notice is the one with a Seq, or nil when it is not in the outbox.
	Notice(ctx context.Context, seq uint64) (*Notice, error)
	// Documents lists documents by their keys, those that begin with prefix and
	// follow after.
	Documents(ctx context.Context, prefix, after string, limit int) ([]Document, error)
	// Balances lists every account that was posted to, with its balance at the end
	// of a day; of now where through is empty.
	Balances(ctx context.Context, through Day) ([]Balance, error)
	Searcher
}

// Searcher answers questions about payments from an index of the journal. It
// shows all that was answered before it was asked.
type Searcher interface {
	// Payments walks along the payments under some keys.
	Payments(ctx context.Context, walk PaymentWalk) (PaymentsFound, error)
	// Indexed lists the journal numbers of the other records under a key, the newest
	// first. It may list a record of another value: look at it.
	Indexed(ctx context.Context, key SearchKey, limit int) ([]uint64, error)
	// Hours lists the sums of the hours that begin from a moment on and before
	// another: one merchant's, or all where merchant is empty.
	Hours(ctx context.Context, merchant string, from, to time.Time) ([]HourSums, error)
	// OpenCodes counts a merchant's codes that wait to be paid, or all.
	OpenCodes(ctx context.Context, merchant string) (int, error)
	// StoreSums lists the sums of each store over calendar days, both inclusive, the
	// store with most payments first, then by name.
	StoreSums(ctx context.Context, from, to Day) ([]StoreSum, error)
	// StoreDays lists the sums of one store by calendar day.
	StoreDays(ctx context.Context, store string, from, to Day) ([]StoreDay, error)
}

// What a store reports.
var (
	// ErrBusy: the queue is full, and neither it nor the ledger knows the
	// keys' Code and Ref. Nothing was written.
	ErrBusy = errors.New("the ledger's queue is full")
	// ErrNotCommitted: the change was given up before its commit. Nothing was
	// written.
	ErrNotCommitted = errors.New("not committed")
	// ErrOutcomeUnknown: the change may or may not have been written.
	ErrOutcomeUnknown = errors.New("outcome unknown")
	// ErrNotFound: the ledger has no such thing.
	ErrNotFound = errors.New("not found")
)
