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

// tiny leaves room for 3 deliveries to a host.
func tiny(c *notify.Config) { c.MaxWaiting = 12 }

// settle steps until the outbox has so many rows left, and nothing moves any
// more.
func (b *bundle) settle(t *testing.T, rows int) {
	t.Helper()
	for steps, before := 0, -1; b.outbox(t) != rows || before != b.attempts(); steps++ {
		require.Less(t, steps, 200, "%d rows, not %d", b.outbox(t), rows)
		before = b.attempts()
		b.step(t)
	}
}

// delivered counts a receiver's notifications that it has taken, by id.
func (r *receiver) delivered() map[string]int {
	taken := map[string]int{}
	for _, got := range r.all() {
		taken[got.header.Get("webhook-id")]++
	}
	return taken
}

// once makes sure that a receiver has got each of so many notifications once.
func (r *receiver) once(t *testing.T, count int) {
	t.Helper()
	require.Len(t, r.all(), count)
	require.Len(t, r.delivered(), count)
}

// TestADeadURLLeavesTheOthersAlone: many more notices than fit into memory wait
// for one URL; a second one has all at once. The rows stay until the first is
// back, and it gets all then, each once and in order.
func TestADeadURLLeavesTheOthersAlone(t *testing.T) {
	t.Parallel()
	const orders = 30
	for name, between := range map[string]func(*testing.T, *bundle){
		"in one go":         func(*testing.T, *bundle) {},
		"with a restart":    func(t *testing.T, b *bundle) { b.restart(t) },
		"and its schedule":  func(t *testing.T, b *bundle) { b.later(t, 13*time.Minute) },
		"a restart, a wait": func(t *testing.T, b *bundle) { b.restart(t); b.later(t, 13*time.Minute) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, tiny)
			dead, alive := receive(t, status(http.StatusBadGateway)), receive(t, nil)
			b.notifyAt(t, access.SandboxMerchant, dead.URL, alive.URL)
			for i := range orders {
				b.pay(t, b.charge(t, fmt.Sprint(i)))
			}
			b.settle(t, 2*orders)
			alive.once(t, 2*orders)
			require.Equal(t, 1, b.service.Stats().Lagging)
			require.LessOrEqual(t, b.service.Stats().Waiting, 3)
			between(t, b)
			b.charge(t, "new")
			b.settle(t, 2*orders+1)
			alive.once(t, 2*orders+1)

			before := len(dead.all())
			dead.now(nil)
			b.clock.Advance(2 * time.Hour)
			b.settle(t, 0)
			alive.once(t, 2*orders+1)
			taken := dead.all()[before:]
			require.Len(t, taken, 2*orders+1, "each once")
			for i := range orders {
				var got []string
				for _, r := range taken {
					if r.told.Order == fmt.Sprint(i) {
						got = append(got, r.told.Status)
					}
				}
				require.Equal(t, []string{"active", "released"}, got)
			}
			require.Zero(t, b.service.Stats())
		})
	}
}

// TestADeadURLOfSomeCharges: the charges name it themselves.
func TestADeadURLOfSomeCharges(t *testing.T) {
	t.Parallel()
	b := setup(t, tiny)
	dead, alive, own := receive(t, status(http.StatusBadGateway)), receive(t, nil), receive(t, nil)
	b.notifyAt(t, access.SandboxMerchant, alive.URL)
	for i := range 20 {
		b.charge(t, fmt.Sprint("dead ", i), dead.URL)
		b.charge(t, fmt.Sprint("own ", i), own.URL)
		b.charge(t, fmt.Sprint("plain ", i))
	}
	b.settle(t, 20)
	alive.once(t, 60)
	own.once(t, 20)
	before := len(dead.all())
	dead.now(nil)
	b.clock.Advance(2 * time.Minute)
	b.settle(t, 0)
	require.Len(t, dead.all(), before+20)
	alive.once(t, 60)
	own.once(t, 20)
}

// With more dead hosts than may lag, the merchant lags as a whole, in bounded
// memory; and all comes right once they are back. Another merchant is not
// touched.
func TestManyDeadHostsOfAMerchant(t *testing.T) {
	t.Parallel()
	const hosts, each = 24, 8
	b := setup(t, tiny)
	fine := receive(t, nil)
	m := b.merchant(t, "Fine", fine.URL)
	var receivers []*receiver
	for i := range hosts {
		r := receive(t, status(http.StatusBadGateway))
		receivers = append(receivers, r)
		for order := range each {
			b.charge(t, fmt.Sprint(i, " ", order), r.URL)
		}
	}
	b.chargeOf(t, m.ID, "fine", ledger.Details{Salt: "5a"})
	b.settle(t, hosts*each)
	fine.once(t, 1)
	require.LessOrEqual(t, b.service.Stats().Waiting, 24)

	before := map[*receiver]int{}
	for _, r := range receivers {
		before[r] = len(r.all())
		r.now(nil)
	}
	b.clock.Advance(2 * time.Minute)
	b.settle(t, 0)
	for _, r := range receivers {
		require.Len(t, r.all(), before[r]+each)
		require.Len(t, r.delivered(), each)
	}
	require.Zero(t, b.service.Stats())
}

// A host that lags is followed to its new URL.
func TestAURLThatLagsIsChanged(t *testing.T) {
	t.Parallel()
	b := setup(t, tiny)
	dead, alive, instead := receive(t, status(http.StatusBadGateway)), receive(t, nil), receive(t, nil)
	b.notifyAt(t, access.SandboxMerchant, dead.URL, alive.URL)
	for i := range 20 {
		b.charge(t, fmt.Sprint(i))
	}
	b.settle(t, 20)
	b.notifyAt(t, access.SandboxMerchant, alive.URL, instead.URL)
	before := len(dead.all())
	b.settle(t, 0)
	alive.once(t, 20)
	instead.once(t, 20)
	require.Len(t, dead.all(), before)
}

// What is left out can be resent; it is not sent once more when its host
// catches up. What was given up elsewhere stays failed.
func TestResendOfWhatIsLeftOut(t *testing.T) {
	t.Parallel()
	b := setup(t, tiny)
	dead, gone := receive(t, status(http.StatusBadGateway)), receive(t, status(http.StatusMovedPermanently))
	b.notifyAt(t, access.SandboxMerchant, dead.URL, gone.URL)
	var charges []ledger.Charge
	for i := range 10 {
		charges = append(charges, b.charge(t, fmt.Sprint(i)))
	}
	b.settle(t, 10)
	require.Len(t, gone.all(), 10)
	last := charges[9]
	dead.now(nil)
	b.resend(t, last)
	require.Equal(t, []ledger.NotificationState{ledger.NotificationWaiting}, b.states(t, last), "its host has not caught up")
	b.clock.Advance(2 * time.Minute)
	b.settle(t, 10)
	require.Equal(t, 1, len(dead.statuses("9")))
	for _, c := range charges {
		require.Equal(t, []ledger.NotificationState{ledger.NotificationFailed}, b.states(t, c))
	}
	gone.now(nil)
	b.resend(t, last)
	require.Equal(t, []ledger.NotificationState{ledger.NotificationDelivered}, b.states(t, last))
}

// Where the history can't be written, merchants are told all the same: by the
// schedule in memory, and what must be read anew is told again rather than never.
func TestWithoutAHistoryAllAreTold(t *testing.T) {
	t.Parallel()
	b := setup(t, tiny)
	dead, alive := receive(t, status(http.StatusBadGateway)), receive(t, nil)
	b.notifyAt(t, access.SandboxMerchant, dead.URL, alive.URL)
	var charges []ledger.Charge
	for i := range 10 {
		charges = append(charges, b.charge(t, fmt.Sprint(i)))
	}
	require.NoError(t, b.history.Close())
	// quiet steps, whatever is reported.
	quiet := func() {
		require.NoError(t, b.service.Step(t.Context()))
		b.service.Wait()
	}
	for range 10 {
		quiet()
	}
	require.Error(t, b.faults())
	require.Len(t, alive.delivered(), 10)
	require.Len(t, dead.delivered(), 3)
	dead.now(nil)
	b.clock.Advance(2 * time.Minute)
	for range 10 {
		quiet()
	}
	require.Error(t, b.faults())
	require.Len(t, dead.delivered(), len(charges))
	require.Zero(t, b.outbox(t))
}
