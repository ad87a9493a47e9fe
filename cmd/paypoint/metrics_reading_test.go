package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
	"paypoint/store"
)

// slowRead is something to read that answers when it is let.
type slowRead struct {
	begun atomic.Int64
	let   chan error
}

func (s *slowRead) read(context.Context) (int64, error) {
	n := s.begun.Add(1)
	return n, <-s.let
}

// newSlowReading is a reading of an application that does not run.
func newSlowReading(t *testing.T) (*application, *slowRead, *reading[int64]) {
	t.Helper()
	a, slow := &application{metrics: newMetrics()}, &slowRead{let: make(chan error)}
	return a, slow, newReading(a, "test", slow.read)
}

// However many ask, what does not answer keeps one goroutine; what it says in the
// end is shown.
func TestReadingWaitsOnlyOnce(t *testing.T) {
	t.Parallel()
	a, slow, r := newSlowReading(t)
	a.metrics.gauge("test_number", "A number.", r.shows(func(n int64) float64 { return float64(n) }))
	var asking sync.WaitGroup
	for range 50 {
		asking.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			_, err := r.now(ctx)
			if err == nil {
				t.Error("nobody has answered")
			}
		})
	}
	asking.Wait()
	require.EqualValues(t, 1, slow.begun.Load())
	require.Contains(t, metricsText(t, a.metrics), "\ntest_number NaN\n")
	slow.let <- nil
	require.Eventually(t, func() bool { return r.last.Load().err == nil }, patience, time.Millisecond)
	require.Contains(t, metricsText(t, a.metrics), "\ntest_number 1\n")
}

// Whoever asks is told what is so by then, not what somebody else began to read before.
func TestReadingIsOfAfterTheQuestion(t *testing.T) {
	t.Parallel()
	_, slow, r := newSlowReading(t)
	ask := func() chan int64 {
		told := make(chan int64, 1)
		go func() {
			n, err := r.now(t.Context())
			if err != nil {
				t.Error(err)
			}
			told <- n
		}()
		return told
	}
	first := ask()
	require.Eventually(t, func() bool { return slow.begun.Load() == 1 }, patience, time.Millisecond)
	second := ask()
	slow.let <- nil
	require.EqualValues(t, 1, <-first)
	slow.let <- nil
	require.EqualValues(t, 2, <-second)
}

// What can't be read is unknown, and its age is that of what was read last.
func TestReadingThatFails(t *testing.T) {
	t.Parallel()
	_, slow, r := newSlowReading(t)
	shown := r.shows(func(n int64) float64 { return float64(n) })
	answer := func(err error) error {
		go func() { slow.let <- err }()
		_, got := r.now(t.Context())
		return got
	}
	require.NoError(t, answer(nil))
	good := r.last.Load().good
	require.InDelta(t, 1, shown(), 0)
	require.ErrorIs(t, answer(errDisk), errDisk)
	require.NotEqual(t, shown(), shown(), "NaN")
	require.Equal(t, good, r.last.Load().good)
	require.GreaterOrEqual(t, r.age(), time.Since(good)-time.Second)
	require.NoError(t, answer(nil))
	require.InDelta(t, 3, shown(), 0)
	require.True(t, r.last.Load().good.After(good))
}

// hungStore is a ledger whose readers wait while it is held, as they do for a commit
// that hangs.
type hungStore struct {
	ledger.Store
	held    sync.RWMutex
	waiting atomic.Int64
}

// Load is ledger.Reader's.
func (h *hungStore) Load(ctx context.Context, keys ledger.Keys) (ledger.State, error) {
	h.waiting.Add(1)
	defer h.waiting.Add(-1)
	h.held.RLock()
	defer h.held.RUnlock()
	return h.Store.Load(ctx, keys)
}

// probes are how many ask at once whether the server is ready.
const probes = 20

// areNotReady asks so often at once whether the server is ready, and is told each
// time that the ledger does not answer.
func (l *local) areNotReady(most int) {
	l.t.Helper()
	var asking sync.WaitGroup
	for range most {
		asking.Go(func() {
			answer := httptest.NewRecorder()
			l.app.ready(answer, httptest.NewRequest(http.MethodGet, "/readyz", nil))
			if answer.Code != http.StatusServiceUnavailable || answer.Body.String() != "the ledger does not answer\n" {
				l.t.Errorf("%d %s", answer.Code, answer.Body)
			}
		})
	}
	asking.Wait()
}

// A ledger that does not answer keeps neither monitoring nor who asks whether to
// send traffic, and gathers no goroutines.
func TestHungLedgerIsSeen(t *testing.T) {
	t.Parallel()
	hung := &hungStore{}
	l := serveHere(t, sandboxHere(t), 1, func(a *application) {
		a.openStore = func(url string, options store.Options) (_ ledger.Store, err error) {
			hung.Store, err = store.Open(url, options)
			return hung, err
		}
	})
	asked := func(path string) (int, string) {
		answer, err := http.Get(l.urls[0] + path)
		require.NoError(t, err)
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		return answer.StatusCode, string(text)
	}
	const age = `paypoint_state_age_seconds{of="ledger"}`
	hung.held.Lock()
	require.Eventually(t, func() bool {
		status, text := asked("/metrics")
		return status == http.StatusOK && metricValue(t, text, age) > (readInterval+time.Second).Seconds()
	}, patience, 50*time.Millisecond)
	l.areNotReady(probes)
	require.Less(t, hung.waiting.Load(), int64(probes), "one for them all, and those whose work needs the ledger")
	_, text := asked("/metrics")
	require.InDelta(t, 0, metricValue(t, text, "paypoint_recovery"), 0, "as it was")
	require.Less(t, metricValue(t, text, `paypoint_state_age_seconds{of="schedule"}`), metricValue(t, text, age))

	hung.held.Unlock()
	status, text := asked("/readyz")
	require.Equal(t, "ok\n", text)
	require.Equal(t, http.StatusOK, status)
	require.Less(t, l.shown(age), patience.Seconds())
	require.NoError(t, l.end())
}
