package notify_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/ledger"
	"paypoint/notify"
)

// outage lets so many charges meet a receiver that answers with a status.
func outage(t *testing.T, b *bundle, r *receiver, charges, code int) {
	t.Helper()
	r.now(status(code))
	b.notifyAt(t, access.SandboxMerchant, r.URL)
	for i := range charges {
		b.charge(t, fmt.Sprint("waits ", i))
	}
	b.step(t)
	require.Len(t, r.all(), charges)
}

// What waits for a receiver that was away is told as soon as it is seen alive,
// not when the schedule comes by.
func TestWhatWaitsIsToldOnceTheReceiverIsBack(t *testing.T) {
	t.Parallel()
	for _, code := range []int{http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout} {
		b := setup(t)
		r := receive(t, nil)
		outage(t, b, r, 5, code)
		r.now(nil)
		b.step(t)
		require.Len(t, r.all(), 5, "nobody knows that it is back")
		b.charge(t, "the sign of life")
		b.step(t)
		require.Len(t, r.all(), 11)
		require.Zero(t, b.outbox(t))
	}
}

func TestWhatWaitsIsToldAfterAResend(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := receive(t, nil)
	outage(t, b, r, 3, http.StatusServiceUnavailable)
	r.now(nil)
	rows, err := b.store.Outbox(t.Context(), 0, 1)
	require.NoError(t, err)
	_, err = b.service.Resend(t.Context(), rows[0])
	require.NoError(t, err)
	b.service.Wait()
	require.Len(t, r.all(), 6)
	require.Zero(t, b.outbox(t))
}

// A restart does not forget who was away.
func TestWhatWaitsIsToldAfterARestart(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := receive(t, nil)
	outage(t, b, r, 3, http.StatusServiceUnavailable)
	b.restart(t)
	b.step(t)
	require.Len(t, r.all(), 3)
	r.now(nil)
	b.charge(t, "the sign of life")
	b.step(t)
	require.Len(t, r.all(), 7)
	require.Zero(t, b.outbox(t))
}

// More than memory holds wait for a receiver: what is new gets through all the
// same once it is back.
func TestAnOutageBeyondMemoryEndsWithTheFirstSuccess(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *notify.Config) { c.MaxWaiting = 20 })
	r := receive(t, status(http.StatusServiceUnavailable))
	b.notifyAt(t, access.SandboxMerchant, r.URL)
	for i := range 12 {
		b.charge(t, fmt.Sprint(i))
	}
	b.step(t)
	require.Len(t, r.all(), 5, "a quarter is for one host")
	r.now(nil)
	b.later(t, 2*time.Minute)
	for range 3 { // each makes room for the next
		b.step(t)
	}
	require.Zero(t, b.outbox(t))
}

// A receiver that refuses some notices has seen them: they keep to the schedule.
func TestWhatWasRefusedKeepsToTheSchedule(t *testing.T) {
	t.Parallel()
	for _, code := range []int{http.StatusBadRequest, http.StatusNotFound, http.StatusInternalServerError, http.StatusTeapot} {
		b := setup(t)
		r := receive(t, nil)
		outage(t, b, r, 2, code)
		r.now(nil)
		b.charge(t, "the sign of life")
		b.step(t)
		require.Len(t, r.all(), 3)
		b.later(t, 2*time.Minute)
		require.Len(t, r.all(), 5)
	}
}

// A receiver that comes and goes uses up none of a notice's schedule.
func TestAFlappingReceiverDoesNotUseUpTheSchedule(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := receive(t, nil)
	b.notifyAt(t, access.SandboxMerchant, r.URL)
	r.now(status(http.StatusServiceUnavailable))
	waiting := b.charge(t, "waits")
	b.step(t)
	for i := range 5 {
		b.charge(t, fmt.Sprint("waits too ", i))
		b.step(t)
		sign := b.charge(t, fmt.Sprint("sign of life ", i))
		r.now(func(w http.ResponseWriter, q *http.Request) {
			if q.Header.Get("webhook-id") != sign.ID+"-active" {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
		})
		b.step(t)
	}
	require.Len(t, r.statuses("waits"), 2)
	require.Equal(t, []ledger.NotificationState{ledger.NotificationWaiting}, b.states(t, waiting))
}

// TestAnEarlyAttemptInVainLeavesTheScheduleAsItIs: the last retry is due in 90
// minutes; the receiver is back for a moment, but not for this notice.
func TestAnEarlyAttemptInVainLeavesTheScheduleAsItIs(t *testing.T) {
	t.Parallel()
	for name, between := range map[string]func(*testing.T, *bundle){
		"in one go":      func(*testing.T, *bundle) {},
		"with a restart": func(t *testing.T, b *bundle) { b.restart(t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			r := receive(t, status(http.StatusServiceUnavailable))
			b.notifyAt(t, access.SandboxMerchant, r.URL)
			waiting := b.charge(t, "waits")
			b.step(t)
			for _, minutes := range []time.Duration{2, 10, 30} {
				b.later(t, minutes*time.Minute)
			}
			require.Len(t, r.statuses("waits"), 4)
			r.now(func(w http.ResponseWriter, q *http.Request) {
				if q.Header.Get("webhook-id") == waiting.ID+"-active" {
					w.WriteHeader(http.StatusServiceUnavailable)
				}
			})
			b.charge(t, "the sign of life")
			b.later(t, time.Minute)
			require.Len(t, r.statuses("waits"), 5, "brought forward")
			require.Equal(t, []ledger.NotificationState{ledger.NotificationWaiting}, b.states(t, waiting))
			between(t, b)
			b.later(t, 88*time.Minute)
			require.Len(t, r.statuses("waits"), 5)
			b.later(t, time.Minute)
			require.Len(t, r.statuses("waits"), 6, "when the schedule has it")
			require.Equal(t, []ledger.NotificationState{ledger.NotificationFailed}, b.states(t, waiting))
		})
	}
}

// One merchant's recovery, or another host's, is not another's.
func TestRecoveryIsOfOneMerchantAndHost(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r, other := receive(t, nil), receive(t, nil)
	outage(t, b, r, 2, http.StatusServiceUnavailable)
	m := b.merchant(t, "Another", other.URL)
	b.chargeOf(t, m.ID, "one", ledger.Details{Salt: "5a"})
	own := b.charge(t, "own", other.URL)
	b.step(t)
	require.Len(t, other.all(), 2)
	require.Len(t, r.all(), 3, "the two that wait, and the new one")
	require.Equal(t, []ledger.NotificationState{ledger.NotificationWaiting}, b.states(t, own))
}

// A shop that is half up again refuses what was brought forward: that is no row
// of the schedule, and the next one still comes.
func TestWhatIsRefusedEarlyKeepsItsPlaceInTheSchedule(t *testing.T) {
	t.Parallel()
	for _, code := range []int{http.StatusInternalServerError, http.StatusNotFound, http.StatusMovedPermanently, http.StatusServiceUnavailable} {
		b := setup(t)
		r := receive(t, status(http.StatusBadGateway))
		b.notifyAt(t, access.SandboxMerchant, r.URL)
		waiting := b.charge(t, "waits")
		b.step(t)
		for _, wait := range []time.Duration{2, 10, 30, 90} {
			b.later(t, wait*time.Minute)
		}
		sign := b.charge(t, "the sign of life")
		r.now(func(w http.ResponseWriter, q *http.Request) {
			if q.Header.Get("webhook-id") != sign.ID+"-active" {
				w.WriteHeader(code)
			}
		})
		b.step(t)
		require.Equal(t, []ledger.NotificationState{ledger.NotificationWaiting}, b.states(t, waiting), "%d", code)
		r.now(nil)
		b.later(t, 210*time.Minute)
		require.Equal(t, []ledger.NotificationState{ledger.NotificationDelivered}, b.states(t, waiting), "%d", code)
	}
}

// One URL gave up and was served by hand, the other recovers: after a restart
// too, everybody has it.
func TestAllHaveItAfterAResendAndARestart(t *testing.T) {
	t.Parallel()
	b := setup(t)
	away, moved := receive(t, status(http.StatusBadGateway)), receive(t, status(http.StatusMovedPermanently))
	b.notifyAt(t, access.SandboxMerchant, away.URL, moved.URL)
	c := b.charge(t, "A")
	b.step(t)
	moved.now(nil)
	rows, err := b.store.Outbox(t.Context(), 0, 1)
	require.NoError(t, err)
	_, err = b.service.Resend(t.Context(), rows[0])
	require.NoError(t, err)
	b.service.Wait()
	b.restart(t)
	away.now(nil)
	b.later(t, 2*time.Minute)
	require.Equal(t, []ledger.NotificationState{ledger.NotificationDelivered}, b.states(t, c))
}
