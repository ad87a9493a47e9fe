package boltdb

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	bolt "go.etcd.io/bbolt"

	"paypoint/ledger"
)

// noon is the moment of every change in these tests.
func noon() time.Time { return time.Date(2026, 3, 10, 12, 0, 0, 0, ledger.WIB) }

// busy is a store whose committer decides one operation until release is
// called, so that the others wait in the queue.
type busy struct {
	*Store
	t       *testing.T
	release func()
	// decided lists the operations in the order in which they were decided.
	// Only the committer writes it.
	decided []string
}

func openBusy(t *testing.T, options Options) *busy {
	return openBusyAt(t, filepath.Join(t.TempDir(), "ledger.db"), options)
}

func openBusyAt(t *testing.T, path string, options Options) *busy {
	store, err := Open(path, options)
	require.NoError(t, err)
	b := &busy{Store: store, t: t}
	deciding, released := make(chan struct{}), make(chan struct{})
	first := &operation{done: make(chan error, 1), decide: func(ledger.State) (ledger.Change, error) {
		close(deciding)
		<-released
		return ledger.Change{}, nil
	}}
	require.NoError(t, store.enqueue(first))
	<-deciding
	b.release = sync.OnceFunc(func() { close(released) })
	t.Cleanup(func() {
		b.release()
		require.NoError(t, store.Close())
	})
	return b
}

// ask queues an operation that sets a setting of its own.
func (b *busy) ask(keys ledger.Keys) (*operation, error) {
	name := fmt.Sprintf("%d/%s/%s", keys.Lane, keys.Code, keys.Ref)
	op := &operation{keys: keys, lane: keys.Lane, done: make(chan error, 1)}
	op.decide = func(ledger.State) (ledger.Change, error) {
		b.decided = append(b.decided, name)
		return ledger.Change{At: noon(), Entries: []ledger.Entry{{Event: ledger.Set{Key: name, Value: []byte("x")}}}}, nil
	}
	return op, b.enqueue(op)
}

// mustAsk queues an operation that there must be a place for.
func (b *busy) mustAsk(keys ledger.Keys) *operation {
	op, err := b.ask(keys)
	require.NoError(b.t, err)
	return op
}

func payment(code ledger.PaymentCode, ref ledger.TrackingRef) ledger.Keys {
	return ledger.Keys{Lane: ledger.LanePayment, Code: code, Ref: ref}
}

func reversal(code ledger.PaymentCode, ref ledger.TrackingRef) ledger.Keys {
	return ledger.Keys{Lane: ledger.LaneReversal, Code: code, Ref: ref}
}

func TestQueueBoundsEachLane(t *testing.T) {
	t.Parallel()
	b := openBusy(t, Options{MaxPayments: 2, MaxReversals: 1})
	b.mustAsk(payment("1", "A"))
	b.mustAsk(payment("2", "A"))
	_, err := b.ask(payment("3", "B"))
	require.ErrorIs(t, err, ledger.ErrBusy)
	require.Equal(t, 2, b.Waiting(ledger.LanePayment))

	// Reversals and other work have places of their own.
	b.mustAsk(reversal("3", "A"))
	_, err = b.ask(reversal("4", "A"))
	require.ErrorIs(t, err, ledger.ErrOutcomeUnknown, "a reversal is never refused as busy")
	require.NotErrorIs(t, err, ledger.ErrBusy)
	// The operation under way counts too.
	b.mustAsk(ledger.Keys{Number: 1})
	_, err = b.ask(ledger.Keys{Number: 1})
	require.ErrorIs(t, err, ledger.ErrBusy)
	require.Equal(t, 2, b.Waiting(ledger.LaneWork))
	require.Equal(t, 1, b.Waiting(ledger.LaneReversal))
}

func TestQueueGivesPlacesBackAfterTheCommit(t *testing.T) {
	t.Parallel()
	b := openBusy(t, Options{MaxPayments: 2, MaxReversals: 1})
	waiting := []*operation{b.mustAsk(payment("1", "A")), b.mustAsk(payment("2", "A")), b.mustAsk(reversal("3", "A"))}
	b.release()
	for _, op := range waiting {
		require.NoError(t, <-op.done)
	}
	for _, lane := range []ledger.Lane{ledger.LaneWork, ledger.LanePayment, ledger.LaneReversal} {
		require.Zero(t, b.Waiting(lane))
	}
	require.Empty(t, b.queue.known)
	require.NoError(t, <-b.mustAsk(payment("3", "A")).done)
}

func TestFullLaneTakesAPaymentThatWaits(t *testing.T) {
	t.Parallel()
	b := openBusy(t, Options{MaxPayments: 1, MaxReversals: 1})
	b.mustAsk(payment("1", "A"))
	retry := b.mustAsk(payment("1", "A"))
	require.Equal(t, ledger.LaneReversal, retry.lane)
	require.Equal(t, 1, b.Waiting(ledger.LaneReversal))

	_, err := b.ask(payment("1", "A"))
	require.ErrorIs(t, err, ledger.ErrOutcomeUnknown, "a known payment is never refused as busy")
	require.NotErrorIs(t, err, ledger.ErrBusy)
	_, err = b.ask(payment("1", "B"))
	require.ErrorIs(t, err, ledger.ErrBusy)
}

// The history of a TrackingRef can be under another code: 94, never busy.
func TestFullLaneTakesATrackingRefOfAnotherCode(t *testing.T) {
	t.Parallel()
	b := openBusy(t, Options{MaxPayments: 1, MaxReversals: 1})
	b.mustAsk(payment("1", "A"))
	require.Equal(t, ledger.LaneReversal, b.mustAsk(payment("2", "A")).lane, "it waits")

	path := filepath.Join(t.TempDir(), "ledger.db")
	store, err := Open(path, Options{})
	require.NoError(t, err)
	require.NoError(t, store.db.Update(func(tx *bolt.Tx) error {
		return newRows(tx, store.codes).PutRefUse("R", ledger.RefUse{Code: "7", Store: "S", Booked: noon()})
	}))
	require.NoError(t, store.Close())
	full := openBusyAt(t, path, Options{MaxPayments: 1, MaxReversals: 1})
	full.mustAsk(payment("1", "A"))
	keys := payment("8", "R")
	keys.Store = "S"
	require.Equal(t, ledger.LaneReversal, full.mustAsk(keys).lane, "it is booked")
	keys.Ref, keys.Store = "R", "T"
	_, err = full.ask(keys)
	require.ErrorIs(t, err, ledger.ErrOutcomeUnknown, "it waits by now")
}

func TestFullLaneTakesAPaymentWhoseReversalWaits(t *testing.T) {
	t.Parallel()
	b := openBusy(t, Options{MaxPayments: 1, MaxReversals: 2})
	b.mustAsk(payment("1", "A"))
	b.mustAsk(reversal("2", "A"))
	require.Equal(t, ledger.LaneReversal, b.mustAsk(payment("2", "A")).lane)
}

func TestFullLaneTakesAPaymentThatIsWritten(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ledger.db")
	store, err := Open(path, Options{})
	require.NoError(t, err)
	err = store.Apply(context.Background(), reversal("7", "written"), func(ledger.State) (ledger.Change, error) {
		return ledger.Change{At: noon(), Entries: []ledger.Entry{{Event: ledger.Buried{Code: "7", Ref: "written"}}}}, nil
	})
	require.NoError(t, err)
	require.NoError(t, store.Close())
	b := openBusyAt(t, path, Options{MaxPayments: 1, MaxReversals: 1})
	b.mustAsk(payment("1", "A"))
	require.Equal(t, ledger.LaneReversal, b.mustAsk(payment("7", "written")).lane)
}

func TestQueueKeepsTheOrderOfArrivalAcrossLanes(t *testing.T) {
	t.Parallel()
	b := openBusy(t, Options{})
	var want []string
	var last *operation
	for i := range 30 {
		lane := []ledger.Lane{ledger.LanePayment, ledger.LaneReversal, ledger.LaneWork}[i*7%3]
		ref := ledger.TrackingRef(fmt.Sprint(i))
		last = b.mustAsk(ledger.Keys{Lane: lane, Code: "1", Ref: ref})
		want = append(want, fmt.Sprintf("%d/1/%s", lane, ref))
	}
	b.release()
	require.NoError(t, <-last.done)
	require.Equal(t, want, b.decided)
	records, err := b.Records(context.Background(), 0, 100)
	require.NoError(t, err)
	for i, r := range records {
		require.Equal(t, want[i], r.Event.(ledger.Set).Key)
	}
}

func TestCloseWaitsForWhatIsQueued(t *testing.T) {
	t.Parallel()
	b := openBusy(t, Options{})
	var waiting []*operation
	for i := range 10 {
		waiting = append(waiting, b.mustAsk(payment("1", ledger.TrackingRef(fmt.Sprint(i)))))
	}
	b.queue.close()
	_, err := b.ask(payment("2", "A"))
	require.ErrorIs(t, err, ledger.ErrOutcomeUnknown)
	require.ErrorIs(t, err, errClosed)
	b.release()
	require.NoError(t, b.Close())
	for _, op := range waiting {
		require.NoError(t, <-op.done)
	}
	require.Len(t, b.decided, 10)
}

func TestWaitingOperationsShareACommit(t *testing.T) {
	t.Parallel()
	var commits []int
	b := openBusy(t, Options{MaxPayments: 2 * maxGroup, Committed: func(changes int, took time.Duration) {
		commits = append(commits, changes)
		if took <= 0 {
			commits = nil
		}
	}})
	var last *operation
	for i := range maxGroup + 76 {
		last = b.mustAsk(payment("1", ledger.TrackingRef(fmt.Sprint(i))))
	}
	b.release()
	require.NoError(t, <-last.done)
	// The first operation wrote nothing, so there was no commit for it.
	require.Equal(t, []int{maxGroup, 76}, commits)
}

func TestLoneOperationsWaitForNobody(t *testing.T) {
	t.Parallel()
	var commits []int
	b := openBusy(t, Options{Committed: func(changes int, _ time.Duration) { commits = append(commits, changes) }})
	b.release()
	for i := range 3 {
		require.NoError(t, <-b.mustAsk(payment("1", ledger.TrackingRef(fmt.Sprint(i)))).done)
	}
	require.Equal(t, []int{1, 1, 1}, commits)
}

// Nobody is told that a payment is not booked while a retry of it may yet be.
func TestNotCommittedIsUnknownWhileTheSamePaymentWaits(t *testing.T) {
	t.Parallel()
	q := newQueue(map[ledger.Lane]int{ledger.LanePayment: 4})
	keys := payment("1000", "R1")
	failed := &operation{keys: keys, lane: keys.Lane, done: make(chan error, 1)}
	retry := &operation{keys: keys, lane: keys.Lane, done: make(chan error, 1)}
	alone := &operation{keys: payment("1000", "R2"), lane: keys.Lane, done: make(chan error, 1)}
	for _, op := range []*operation{failed, alone, retry} {
		require.NoError(t, q.push(op))
	}
	group := q.take(2)
	refuse(group, ledger.ErrNotCommitted)
	q.finish(group)
	err := <-failed.done
	require.ErrorIs(t, err, ledger.ErrOutcomeUnknown)
	require.NotErrorIs(t, err, ledger.ErrNotCommitted)
	require.ErrorIs(t, <-alone.done, ledger.ErrNotCommitted)
}
