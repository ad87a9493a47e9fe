package storetest

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

func contextDuties() []duty {
	return []duty{
		{"a caller who has hung up writes nothing", endedContextWritesNothing},
		{"a caller who hangs up does not stop the change", hangUpDoesNotStop},
		{"an engine has not failed", hasNotFailed},
		{"closing twice does no harm", closeTwice},
	}
}

func endedContextWritesNothing(t *testing.T, w *world) {
	c := w.charge()
	before := w.contents()
	ctx, hangUp := context.WithCancel(w.ctx)
	hangUp()
	_, err := w.service.Pay(ctx, w.payment(c.Code, "A1"))
	require.ErrorIs(t, err, ledger.ErrNotCommitted)
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, before, w.contents())
}

// watched is a context that tells when someone waits for its end.
type watched struct {
	context.Context
	waitedFor chan struct{}
}

func (c watched) Done() <-chan struct{} {
	close(c.waitedFor)
	return c.Context.Done()
}

func hangUpDoesNotStop(t *testing.T, w *world) {
	release := w.occupy(t)
	ctx, hangUp := context.WithCancel(w.ctx)
	caller := watched{ctx, make(chan struct{})}
	decided, outcome := make(chan struct{}), make(chan error, 1)
	begun := sync.OnceFunc(func() { close(decided) })
	go func() {
		outcome <- w.store.Apply(caller, ledger.Keys{}, func(ledger.State) (ledger.Change, error) {
			begun()
			return ledger.Change{At: w.clock, Entries: []ledger.Entry{{Event: ledger.Set{Key: "k", Value: []byte("v")}}}}, nil
		})
	}()
	<-caller.waitedFor
	hangUp()
	require.ErrorIs(t, <-outcome, ledger.ErrOutcomeUnknown)
	release()
	<-decided
	// A change that comes after sees it.
	var value []byte
	err := w.service.Alter(w.ctx, "k", "operator", func(v []byte) ([]byte, error) {
		value = v
		return v, nil
	})
	require.NoError(t, err)
	require.Equal(t, "v", string(value))
}

func hasNotFailed(t *testing.T, w *world) {
	w.buy("A1")
	select {
	case <-w.store.Failed():
		t.Fatal("the engine has failed")
	default:
	}
	require.NoError(t, w.store.Err())
}

func closeTwice(t *testing.T, w *world) {
	w.buy("A1")
	require.NoError(t, w.store.Close())
	require.NoError(t, w.store.Close())
}
