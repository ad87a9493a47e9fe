package main

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
	"paypoint/store"
)

// What waits for a person is read beside the pages: a ledger that hangs keeps none
// of them, and what is new is seen with the next reading.
func TestAttentionWaitsForNoDisk(t *testing.T) {
	t.Parallel()
	hung := &hungStore{}
	l := serveHere(t, sandboxHere(t), 1, func(a *application) {
		a.openStore = func(url string, options store.Options) (_ ledger.Store, err error) {
			hung.Store, err = store.Open(url, options)
			return hung, err
		}
	})
	before, err := l.app.Attention()
	require.NoError(t, err, "it is read before the first page is served")
	require.Zero(t, before.Cases.Open.Count)
	opened := []ledger.NewCase{{Class: "UNKNOWN_CODE", Ref: "A", Theirs: 1_000}, {Class: "UNKNOWN_CODE", Ref: "B", Theirs: 1_000}}
	_, err = l.app.ledger.OpenCases(t.Context(), "matcher", opened)
	require.NoError(t, err)
	cases, err := l.app.ledger.Cases(t.Context(), ledger.CaseQuery{Open: true, Limit: 1})
	require.NoError(t, err)
	_, err = l.app.ledger.Propose(t.Context(), cases.Cases[0].ID, ledger.Proposal{Act: ledger.ActAccept, Why: "x", By: "siti"})
	require.NoError(t, err)

	hung.held.Lock()
	again, err := l.app.Attention()
	require.NoError(t, err)
	require.Equal(t, before.Cases.Open, again.Cases.Open, "as it was last read")
	hung.held.Unlock()

	l.app.readState(context.Background())
	after, err := l.app.Attention()
	require.NoError(t, err)
	require.Equal(t, 2, after.Cases.Open.Count)
	require.WithinDuration(t, l.app.now(), after.Cases.Open.Since, time.Minute)
	require.Equal(t, 1, after.Cases.ToApprove("budi").Count)
	require.Zero(t, after.Cases.ToApprove("siti").Count, "nobody approves their own")
	require.NoError(t, l.end())
}

// Without a reading there is an error, no page that says that nothing waits.
func TestAttentionThatWasNotRead(t *testing.T) {
	t.Parallel()
	a := &application{metrics: newMetrics()}
	require.NoError(t, a.openAttention(t.Context()))
	_, err := a.Attention()
	require.ErrorIs(t, err, errSilent)
}
