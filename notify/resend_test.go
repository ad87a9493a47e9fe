package notify_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"paypoint/access"
	"paypoint/ledger"
	"paypoint/notify"
)

// resend sends the last notice of a charge again.
func (b *bundle) resend(t *testing.T, c ledger.Charge) []ledger.Attempt {
	t.Helper()
	list := b.of(t, c)
	attempts, err := b.service.Resend(t.Context(), list[len(list)-1].Notice)
	require.NoError(t, err)
	require.NoError(t, b.faults())
	return attempts
}

func TestResendOfWhatWasDelivered(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r, second := receive(t, nil), receive(t, nil)
	b.notifyAt(t, access.SandboxMerchant, r.URL, second.URL)
	c := b.charge(t, "A-1")
	b.step(t)
	b.clock.Advance(time.Hour)
	attempts := b.resend(t, c)
	require.Len(t, attempts, 2)
	for i, target := range []string{r.URL, second.URL} {
		require.Equal(t, ledger.Attempt{At: noon.Add(time.Hour), Target: target, Status: 200, Reason: ledger.AttemptDelivered, Delivered: true, Manual: true}, attempts[i])
	}
	require.Equal(t, r.all()[0].header.Get("webhook-id"), r.all()[1].header.Get("webhook-id"))
	require.NotEqual(t, r.all()[0].header.Get("webhook-timestamp"), r.all()[1].header.Get("webhook-timestamp"))
	require.Len(t, b.of(t, c)[0].Attempts, 4)
	require.True(t, b.lastReport(t).Manual)
	require.Zero(t, b.outbox(t))
}

func TestResendOfWhatFailed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	fine, moody := receive(t, nil), receive(t, status(301))
	b.notifyAt(t, access.SandboxMerchant, fine.URL, moody.URL)
	c := b.charge(t, "A-1")
	b.step(t)
	require.Equal(t, []ledger.NotificationState{ledger.NotificationFailed}, b.states(t, c))

	attempts := b.resend(t, c)
	require.True(t, attempts[0].Delivered)
	require.False(t, attempts[1].Delivered)
	require.Zero(t, attempts[1].Next, "a resend is not repeated by itself")
	require.Equal(t, []ledger.NotificationState{ledger.NotificationFailed}, b.states(t, c))

	// Now the one takes it; the other need not take it once more.
	moody.now(nil)
	fine.now(status(500))
	b.resend(t, c)
	require.Equal(t, []ledger.NotificationState{ledger.NotificationDelivered}, b.states(t, c))
	require.Zero(t, b.outbox(t))
}

func TestResendOfWhatWaits(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := receive(t, status(503))
	b.notifyAt(t, access.SandboxMerchant, r.URL)
	c := b.charge(t, "A-1")
	b.step(t)
	next := b.of(t, c)[0].Attempts[0].Next

	// In vain: the schedule stays as it is.
	b.clock.Advance(time.Minute)
	b.resend(t, c)
	require.Equal(t, []ledger.NotificationState{ledger.NotificationWaiting}, b.states(t, c))
	b.later(t, next.Sub(b.clock.Now())-time.Second)
	require.Len(t, r.all(), 2)
	b.later(t, time.Second)
	require.Len(t, r.all(), 3)
	require.Equal(t, b.clock.Now().Add(10*time.Minute), b.of(t, c)[0].Attempts[2].Next.In(ledger.WIB), "the second of the schedule")

	// With success: it is delivered, and what waits behind it goes at once.
	first := b.of(t, c)[0].Notice
	_, err := b.ledger.Cancel(t.Context(), c.Merchant, c.ID)
	require.NoError(t, err)
	b.step(t)
	require.Len(t, r.all(), 3)
	r.now(nil)
	_, err = b.service.Resend(t.Context(), first)
	require.NoError(t, err)
	b.service.Wait()
	require.Equal(t, []string{"active", "active", "active", "active", "cancelled"}, r.statuses("A-1"))
	require.Zero(t, b.outbox(t))
	b.later(t, 1000*time.Hour)
	require.Len(t, r.all(), 5)
}

// TestResendBeyondMemory: the notice waits in the outbox alone.
func TestResendBeyondMemory(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *notify.Config) { c.MaxWaiting = 1 })
	r := receive(t, status(503))
	b.notifyAt(t, access.SandboxMerchant, r.URL)
	b.charge(t, "A-1")
	c := b.charge(t, "A-2")
	b.step(t)
	require.Empty(t, r.statuses("A-2"))
	r.now(nil)
	b.resend(t, c)
	require.Equal(t, []ledger.NotificationState{ledger.NotificationDelivered}, b.states(t, c))
	b.later(t, 2*time.Minute)
	b.step(t)
	require.Equal(t, []string{"active", "active"}, r.statuses("A-1"))
	require.Equal(t, []string{"active"}, r.statuses("A-2"))
	require.Zero(t, b.outbox(t))
}

// TestAResendDoesNotLetTheNextOvertake: while an attempt of the schedule is
// under way, what waits behind it waits, even if a resend was faster.
func TestAResendDoesNotLetTheNextOvertake(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := receive(t, nil)
	g := closedGate(t)
	r.now(g.answer)
	b.notifyAt(t, access.SandboxMerchant, r.URL)
	c := b.charge(t, "A-1")
	first := b.of(t, c)[0].Notice
	_, err := b.ledger.Cancel(t.Context(), c.Merchant, c.ID)
	require.NoError(t, err)
	require.NoError(t, b.service.Step(t.Context()))
	g.await(1)
	r.now(nil)
	_, err = b.service.Resend(t.Context(), first)
	require.NoError(t, err)
	require.NoError(t, b.service.Step(t.Context()))
	require.Equal(t, 1, b.service.Stats().Running)
	require.Equal(t, []string{"active", "active"}, r.statuses("A-1"))
	g.open()
	b.service.Wait()
	require.Equal(t, []string{"active", "active", "cancelled"}, r.statuses("A-1"))
	require.Zero(t, b.outbox(t))
}

func TestResendsOfOneNoticeAtOnceAreOne(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := receive(t, nil)
	b.notifyAt(t, access.SandboxMerchant, r.URL)
	c := b.charge(t, "A-1")
	b.step(t)
	g := closedGate(t)
	var running, most atomic.Int64
	r.now(func(w http.ResponseWriter, q *http.Request) {
		most.Store(max(most.Load(), running.Add(1)))
		g.answer(w, q)
		running.Add(-1)
	})
	notice := b.of(t, c)[0].Notice

	// One who gives up does not stop it for the others.
	ctx, cancel := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() {
		_, err := b.service.Resend(ctx, notice)
		left <- err
	}()
	g.await(1)
	cancel()
	require.ErrorIs(t, <-left, context.Canceled)
	var all errgroup.Group
	joined := make(chan []ledger.Attempt, 10)
	for range 10 {
		all.Go(func() error {
			attempts, err := b.service.Resend(t.Context(), notice)
			joined <- attempts
			return err
		})
	}
	g.open()
	require.NoError(t, all.Wait())
	b.service.Wait()
	for range 10 {
		require.Len(t, <-joined, 1)
	}
	// Whoever came after an answer began anew, but there were never two at once.
	require.EqualValues(t, 1, most.Load())
}

func TestResendsOfAMerchantTakeTurns(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *notify.Config) { c.Paused = true })
	r := receive(t, nil)
	g := closedGate(t)
	r.now(g.answer)
	b.notifyAt(t, access.SandboxMerchant, r.URL)
	var all errgroup.Group
	for order := range 3 * notify.MaxResends {
		notice := b.of(t, b.charge(t, fmt.Sprint(order)))[0].Notice
		all.Go(func() error {
			_, err := b.service.Resend(t.Context(), notice)
			return err
		})
	}
	g.await(notify.MaxResends)
	require.Len(t, r.all(), notify.MaxResends)
	g.open()
	require.NoError(t, all.Wait())
	require.Len(t, r.all(), 3*notify.MaxResends)
	require.Zero(t, b.outbox(t))
}

// TestResendsDoNotPileUp: those who have gone leave nothing behind, and beyond
// the bound nobody is taken.
func TestResendsDoNotPileUp(t *testing.T) {
	t.Parallel()
	const orders = notify.MaxResends + notify.MaxWaitingResends
	b := setup(t, func(c *notify.Config) { c.Paused = true })
	r, other := receive(t, nil), receive(t, nil)
	g := closedGate(t)
	r.now(g.answer)
	b.notifyAt(t, access.SandboxMerchant, r.URL)
	m := b.merchant(t, "Other", other.URL)
	notices := make([]ledger.Notice, orders+1)
	for i := range notices {
		notices[i] = b.of(t, b.charge(t, fmt.Sprint(i)))[0].Notice
	}
	ctx, hangUp := context.WithCancel(t.Context())
	left := make(chan error, orders)
	for _, n := range notices[:orders] {
		go func() {
			_, err := b.service.Resend(ctx, n)
			left <- err
		}()
	}
	g.await(notify.MaxResends)
	late, cancel := context.WithCancel(t.Context())
	cancel()
	require.Eventually(t, func() bool {
		_, err := b.service.Resend(late, notices[orders])
		return errors.Is(err, notify.ErrBusy)
	}, 10*time.Second, time.Millisecond)
	_, err := b.service.Resend(t.Context(), notices[orders])
	require.ErrorIs(t, err, notify.ErrBusy)
	require.ErrorIs(t, err, ledger.ErrBusy, "as those who import no notify know it")
	require.ErrorContains(t, err, "32 resends of the merchant wait")
	_, err = b.service.Resend(t.Context(), b.of(t, b.chargeOf(t, m.ID, "other", ledger.Details{Salt: "5a"}))[0].Notice)
	require.NoError(t, err, "another merchant is not touched")

	// They hang up: their places are free before the receiver answers.
	hangUp()
	for range orders {
		require.ErrorIs(t, <-left, context.Canceled)
	}
	for range 3000 {
		_, err := b.service.Resend(ctx, notices[orders])
		require.ErrorIs(t, err, context.Canceled)
	}
	require.Len(t, r.all(), notify.MaxResends)
	g.open()
	b.service.Wait()
	require.Len(t, r.all(), notify.MaxResends, "nobody waits for the others any more")
	_, err = b.service.Resend(t.Context(), notices[orders])
	require.NoError(t, err)
}

func TestResendToNobody(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.charge(t, "A-1")
	require.Empty(t, b.resend(t, c))
	_, err := b.service.Resend(t.Context(), ledger.Notice{Seq: 1, Number: 99, Merchant: access.SandboxMerchant, Standing: ledger.StandingActive})
	require.ErrorIs(t, err, ledger.ErrMissingRow)
}
