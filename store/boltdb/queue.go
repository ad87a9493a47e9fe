package boltdb

import (
	"errors"
	"fmt"
	"sync"

	"paypoint/ledger"
)

// operation is one Apply that waits for its commit.
type operation struct {
	keys   ledger.Keys
	decide func(ledger.State) (ledger.Change, error)
	// lane is where it waits; a payment that is known waits with the reversals.
	lane ledger.Lane
	// done gets the outcome, once.
	done chan error
	err  error
}

// errFull reports a lane without a free place.
var errFull = errors.New("the lane is full")

// errClosed reports an engine that is shutting down.
var errClosed = errors.New("the ledger is closed")

// queue holds operations in the order of their arrival, whatever their lane,
// with a bound for each lane. An operation counts until its commit is over.
type queue struct {
	mu      sync.Mutex
	arrived *sync.Cond
	waiting []*operation
	closed  bool
	limits  map[ledger.Lane]int
	places  map[ledger.Lane]int
	// known counts the operations on each TrackingRef, whatever their code: the
	// history of a payment can be under another one.
	known map[ledger.TrackingRef]int
}

func newQueue(limits map[ledger.Lane]int) *queue {
	q := &queue{limits: limits, places: map[ledger.Lane]int{}, known: map[ledger.TrackingRef]int{}}
	q.arrived = sync.NewCond(&q.mu)
	return q
}

// push appends an operation, or reports errFull or errClosed.
func (q *queue) push(op *operation) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return errClosed
	}
	if q.places[op.lane] >= q.limits[op.lane] {
		return fmt.Errorf("%d wait: %w", q.limits[op.lane], errFull)
	}
	q.places[op.lane]++
	q.known[op.keys.Ref]++
	q.waiting = append(q.waiting, op)
	q.arrived.Signal()
	return nil
}

// holds says whether an operation on a TrackingRef waits or is being committed.
func (q *queue) holds(ref ledger.TrackingRef) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.known[ref] > 0
}

// take waits for operations and takes up to most of them. It returns none when
// the queue is closed and empty.
func (q *queue) take(most int) []*operation {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.waiting) == 0 && !q.closed {
		q.arrived.Wait()
	}
	group := q.waiting[:min(most, len(q.waiting))]
	q.waiting = q.waiting[len(group):]
	return group
}

// finish gives up the places of a group and sends each its outcome.
func (q *queue) finish(group []*operation) {
	q.mu.Lock()
	for _, op := range group {
		q.places[op.lane]--
		ref := op.keys.Ref
		if q.known[ref]--; q.known[ref] == 0 {
			delete(q.known, ref)
		}
	}
	for _, op := range group {
		// A retry that waits may yet be booked, so nobody can be told that the
		// payment is not. The cause is given as text: it must not match.
		if op.keys.Ref != "" && errors.Is(op.err, ledger.ErrNotCommitted) && q.known[op.keys.Ref] > 0 {
			op.err = fmt.Errorf("%w: the same payment waits again after: %v", ledger.ErrOutcomeUnknown, op.err)
		}
	}
	q.mu.Unlock()
	for _, op := range group {
		op.done <- op.err
	}
}

// close takes no more operations. Those that wait are still taken.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.arrived.Broadcast()
}

// length is how many wait in a lane or are being committed.
func (q *queue) length(lane ledger.Lane) int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.places[lane]
}
