package notify_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/ledger"
	"paypoint/notify"
)

// run runs the service until the returned function has stopped it.
func (b *bundle) run(t *testing.T) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		b.service.Run(ctx)
	}()
	return func() {
		cancel()
		<-done
	}
}

// ours are the goroutines of this package and of HTTP clients.
func ours() []string {
	text := make([]byte, 4<<20)
	text = text[:runtime.Stack(text, true)]
	var found []string
	for _, stack := range strings.Split(string(text), "\n\n") {
		if strings.Contains(stack, "notify.(*Service)") || strings.Contains(stack, "notify.(*sender)") || strings.Contains(stack, "persistConn") {
			found = append(found, stack)
		}
	}
	return found
}

// TestRunLeavesNothingBehind is not parallel: it looks at all goroutines of the
// process, and the tests that are wait for it.
func TestRunLeavesNothingBehind(t *testing.T) {
	b := setup(t)
	var got sync.WaitGroup
	r := receive(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("ok"))
		got.Done()
	})
	b.notifyAt(t, access.SandboxMerchant, r.URL)
	stop := b.run(t)
	got.Add(100)
	for order := range 50 {
		b.pay(t, b.charge(t, fmt.Sprint(order)))
	}
	got.Wait()
	stop()
	require.Zero(t, b.outbox(t))
	require.NoError(t, b.faults())
	// The transport's goroutines end a moment after their connections.
	require.Eventually(t, func() bool { return len(ours()) == 0 }, 5*time.Second, time.Millisecond, "%v", ours())
}

// TestRunCutsOffWhatDoesNotEnd waits for the grace of a stop in real time.
func TestRunCutsOffWhatDoesNotEnd(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := receive(t, nil)
	g := closedGate(t)
	r.now(g.answer)
	b.notifyAt(t, access.SandboxMerchant, r.URL)
	c := b.charge(t, "A-1")
	b.charge(t, "A-2")
	stop := b.run(t)
	g.await(2)
	began := time.Now()
	stop()
	require.Less(t, time.Since(began), 10*time.Second)
	require.Equal(t, []ledger.NotificationState{ledger.NotificationWaiting}, b.states(t, c))
	require.Empty(t, b.of(t, c)[0].Attempts, "what came of it is not known")

	// The next start repeats it under the same id.
	r.now(nil)
	b.restart(t)
	b.step(t)
	require.Equal(t, []string{"active", "active"}, r.statuses("A-1"))
	ids := map[string]int{}
	for _, got := range r.all() {
		ids[got.header.Get("webhook-id")]++
	}
	require.Len(t, ids, 2)
	require.Equal(t, 2, ids[c.ID+"-active"])
	require.Zero(t, b.outbox(t))
}

func TestPausedDeliversNothing(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *notify.Config) { c.Paused = true })
	r := receive(t, nil)
	b.notifyAt(t, access.SandboxMerchant, r.URL)
	c := b.charge(t, "A-1")
	b.step(t)
	require.Empty(t, r.all())
	require.Equal(t, 1, b.outbox(t))
	attempts, err := b.service.Resend(t.Context(), b.of(t, c)[0].Notice)
	require.NoError(t, err)
	require.Len(t, attempts, 1)
	require.Zero(t, b.outbox(t))
}

func TestARestartGoesOnWithTheSchedule(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r, fine := receive(t, status(503)), receive(t, nil)
	b.notifyAt(t, access.SandboxMerchant, r.URL, fine.URL)
	c := b.charge(t, "A-1")
	b.step(t)
	for retry, minutes := range []time.Duration{2, 10, 30, 90} {
		b.restart(t)
		b.later(t, minutes*time.Minute-time.Second)
		require.Len(t, r.all(), retry+1, "not before its time")
		b.restart(t)
		b.later(t, time.Second)
		require.Len(t, r.all(), retry+2)
	}
	require.Equal(t, []ledger.NotificationState{ledger.NotificationFailed}, b.states(t, c))
	require.Len(t, fine.all(), 1, "who has it is not told again")
}

// TestTheLedgerIsToldLater: the history knows of a delivery before the ledger
// does, and after a crash between the two nothing is sent again.
func TestTheLedgerIsToldLater(t *testing.T) {
	t.Parallel()
	var deaf *deafLedger
	b := setup(t, func(c *notify.Config) {
		deaf = &deafLedger{Ledger: c.Ledger}
		c.Ledger = deaf
	})
	r := receive(t, nil)
	b.notifyAt(t, access.SandboxMerchant, r.URL)
	b.charge(t, "A-1")
	deaf.set(true)
	require.NoError(t, b.service.Step(t.Context()))
	b.service.Wait()
	require.ErrorIs(t, b.faults(), errDeaf)
	require.Len(t, r.all(), 1)
	require.Equal(t, 1, b.outbox(t))

	b.charge(t, "A-2")
	deaf.set(false)
	b.step(t)
	require.Zero(t, b.outbox(t), "told with the next step")

	b.charge(t, "A-3")
	deaf.set(true)
	require.NoError(t, b.service.Step(t.Context()))
	b.service.Wait()
	require.Error(t, b.faults())
	deaf.set(false)
	b.restart(t)
	b.step(t)
	require.Len(t, r.all(), 3)
	require.Zero(t, b.outbox(t))
}

var errDeaf = errors.New("the ledger is busy")

// deafLedger does not take outcomes for a while.
type deafLedger struct {
	notify.Ledger
	mu   sync.Mutex
	deaf bool
}

func (d *deafLedger) set(deaf bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.deaf = deaf
}

func (d *deafLedger) Notified(ctx context.Context, outcomes []ledger.NoticeOutcome) error {
	d.mu.Lock()
	deaf := d.deaf
	d.mu.Unlock()
	if deaf {
		return errDeaf
	}
	return d.Ledger.Notified(ctx, outcomes)
}
