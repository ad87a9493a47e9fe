package storetest

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

func atomicDuties() []duty {
	return []duty{
		{"a change that can't be projected writes nothing", func(t *testing.T, w *world) {
			refusedWhole(t, w, ledger.ErrMissingRow, ledger.Entry{Event: ledger.Released{Number: 999, Ref: "A1"}})
		}},
		{"a reversal of no payment writes nothing", func(t *testing.T, w *world) {
			refusedWhole(t, w, ledger.ErrMissingRow, ledger.Entry{Event: ledger.Reversed{Number: 1, Code: strayCode, Ref: "A1"}})
		}},
		{"an unbalanced entry writes nothing", func(t *testing.T, w *world) {
			refusedWhole(t, w, ledger.ErrUnbalanced, ledger.Entry{
				Event:    ledger.Set{Key: "half", Value: []byte("x")},
				Postings: []ledger.Posting{{Account: ledger.Suspense, Amount: 1}},
			})
		}},
		{"a faulty change harms no other of the same moment", faultHarmsNoOther},
		{"an error of decide writes nothing", decideErrorWritesNothing},
		{"an empty change writes nothing", emptyChangeWritesNothing},
	}
}

// refusedWhole writes entries that touch every table, and then a faulty one.
func refusedWhole(t *testing.T, w *world, want error, faulty ledger.Entry) {
	w.notified()
	c := w.buy("A1")
	w.set("kept", "before")
	before := w.contents()
	err := w.write(
		ledger.Entry{Event: ledger.Set{Key: "kept", Value: []byte("after")}},
		ledger.Entry{Event: ledger.Set{Key: "new", Value: []byte("x")}},
		ledger.Entry{Event: ledger.Charged{Number: c.Number + 1, ID: "id-x", Merchant: merchant, Order: "order-x", Expires: w.clock}},
		ledger.Entry{
			Event: ledger.Paid{Number: c.Number + 1, Code: strayCode, Ref: "X1", Store: shop, Amount: 1, Day: w.today()},
			Postings: []ledger.Posting{
				{Account: ledger.IndomaretReceivable, Amount: 1}, {Account: ledger.Suspense, Amount: -1},
			},
		},
		ledger.Entry{Event: ledger.CaseOpened{Code: strayCode, Ref: "X1"}},
		ledger.Entry{Event: ledger.Closed{Day: w.today(), No: 1}},
		faulty,
	)
	require.ErrorIs(t, err, ledger.ErrNotCommitted)
	require.ErrorIs(t, err, want)
	require.Equal(t, before, w.contents())

	state := w.load(ledger.Keys{
		Code: strayCode, Ref: "X1", Store: shop, Merchant: merchant, Order: "order-x", Prefix: prefix, Day: w.today(),
	})
	require.Nil(t, state.Tx)
	require.False(t, state.OtherStore)
	require.Nil(t, state.Elsewhere)
	require.False(t, state.Batch.Closed())
	require.Zero(t, state.LastBatch)
	require.Equal(t, c.Number+1, state.FreshNumber)
	require.NoError(t, w.store.Err())

	// The next change follows without a gap.
	require.Equal(t, c.Number+1, w.charge().Number)
	w.contents()
}

// faultHarmsNoOther queues good and faulty changes behind one that decides
// slowly, so that an engine that groups them takes them together.
func faultHarmsNoOther(t *testing.T, w *world) {
	release := w.occupy(t)
	var callers sync.WaitGroup
	outcomes := make([]error, crowd)
	for i := range crowd {
		callers.Go(func() {
			entries := []ledger.Entry{{Event: ledger.Set{Key: fmt.Sprintf("key/%02d", i), Value: []byte("x")}}}
			if i%16 == 7 {
				entries = append(entries, ledger.Entry{Event: ledger.Cancelled{Number: 999}})
			}
			outcomes[i] = w.write(entries...)
		})
	}
	release()
	callers.Wait()

	settings, err := w.store.Settings(w.ctx, "key/")
	require.NoError(t, err)
	for i, outcome := range outcomes {
		key := fmt.Sprintf("key/%02d", i)
		if i%16 == 7 {
			require.ErrorIs(t, outcome, ledger.ErrNotCommitted)
			require.NotContains(t, settings, key)
			continue
		}
		require.NoError(t, outcome)
		require.Contains(t, settings, key)
	}
	require.Equal(t, crowd-crowd/16, w.count(ledger.KindSet))
	w.contents()
}

// occupy keeps the engine deciding until release is called.
func (w *world) occupy(t *testing.T) (release func()) {
	deciding, released, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	// An engine may decide again.
	begun := sync.OnceFunc(func() { close(deciding) })
	go func() {
		ended <- w.store.Apply(w.ctx, ledger.Keys{}, func(ledger.State) (ledger.Change, error) {
			begun()
			<-released
			return ledger.Change{}, nil
		})
	}()
	<-deciding
	return func() {
		close(released)
		require.NoError(t, <-ended)
	}
}

func decideErrorWritesNothing(t *testing.T, w *world) {
	w.buy("A1")
	before := w.contents()
	refusal := errors.New("refused")
	err := w.store.Apply(w.ctx, ledger.Keys{}, func(ledger.State) (ledger.Change, error) {
		return ledger.Change{At: w.clock, Entries: []ledger.Entry{{Event: ledger.Set{Key: "k", Value: []byte("v")}}}}, refusal
	})
	require.ErrorIs(t, err, refusal)
	require.Equal(t, before, w.contents())
}

func emptyChangeWritesNothing(t *testing.T, w *world) {
	c := w.buy("A1")
	before := w.contents()
	called := false
	err := w.store.Apply(w.ctx, ledger.Keys{Number: c.Number}, func(s ledger.State) (ledger.Change, error) {
		called = s.Charge != nil
		return ledger.Change{At: w.clock}, nil
	})
	require.NoError(t, err)
	require.True(t, called)
	require.Equal(t, before, w.contents())
}
