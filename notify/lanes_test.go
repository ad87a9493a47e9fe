package notify_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/ledger"
	"paypoint/notify"
)

// gate is a receiver's answer that waits until the gate opens.
type gate struct {
	arrived chan struct{}
	opened  chan struct{}
	once    sync.Once
}

func newGate() *gate {
	return &gate{arrived: make(chan struct{}, 100_000), opened: make(chan struct{})}
}

func (g *gate) answer(http.ResponseWriter, *http.Request) {
	g.arrived <- struct{}{}
	<-g.opened
}

func (g *gate) open() { g.once.Do(func() { close(g.opened) }) }

// await waits for so many arrivals.
func (g *gate) await(count int) {
	for range count {
		<-g.arrived
	}
}

// closed is a gate that opens at the test's end at the latest, before its
// receivers are closed: create those first.
func closedGate(t *testing.T) *gate {
	t.Helper()
	g := newGate()
	t.Cleanup(g.open)
	return g
}

func TestOneDeadMerchantOfTenSlowsNoOther(t *testing.T) {
	t.Parallel()
	const orders = 50
	b := setup(t)
	var got sync.WaitGroup
	dead := receive(t, nil)
	stuck := closedGate(t)
	dead.now(stuck.answer)
	lively := make([]*receiver, 9)
	merchants := []access.Merchant{b.merchant(t, "Dead", dead.URL)}
	for i := range lively {
		lively[i] = receive(t, func(http.ResponseWriter, *http.Request) { got.Done() })
		merchants = append(merchants, b.merchant(t, fmt.Sprint("Lively ", i), lively[i].URL))
	}
	for order := range orders {
		for _, m := range merchants {
			b.pay(t, b.chargeOf(t, m.ID, fmt.Sprint(order), ledger.Details{Salt: "5a"}))
		}
	}
	got.Add(9 * orders * 2)
	began := time.Now()
	require.NoError(t, b.service.Step(t.Context()))
	got.Wait()
	t.Logf("9 merchants had %d notifications in %s", 9*orders*2, time.Since(began))

	require.Len(t, dead.all(), notify.MaxPerHost, "a dead host holds its own places, and no more")
	for i, r := range lively {
		for order := range orders {
			require.Equal(t, []string{"active", "released"}, r.statuses(fmt.Sprint(order)))
		}
		for _, got := range r.all() {
			require.Equal(t, merchants[i+1].ID, got.told.Merchant)
		}
	}
	// Back to life, it gets all as well.
	stuck.open()
	b.service.Wait()
	require.Len(t, dead.all(), orders*2)
	require.NoError(t, b.faults())
	require.Zero(t, b.outbox(t))
}

func TestPlacesOfAMerchantAndOfAHost(t *testing.T) {
	t.Parallel()
	b := setup(t)
	hosts := make([]*receiver, 6)
	for i := range hosts {
		hosts[i] = receive(t, nil)
	}
	g := closedGate(t)
	for i, r := range hosts {
		r.now(g.answer)
		for order := range 20 {
			b.charge(t, fmt.Sprintf("A-%d-%d", i, order), r.URL)
		}
	}
	require.NoError(t, b.service.Step(t.Context()))
	g.await(notify.MaxPerMerchant)
	require.Equal(t, notify.Stats{Waiting: 120, Running: notify.MaxPerMerchant}, b.service.Stats())
	running := 0
	for _, r := range hosts {
		require.LessOrEqual(t, len(r.all()), notify.MaxPerHost)
		running += len(r.all())
	}
	require.Equal(t, notify.MaxPerMerchant, running)
	g.open()
	b.service.Wait()
	for _, r := range hosts {
		require.Len(t, r.all(), 20)
	}
	require.Equal(t, notify.Stats{}, b.service.Stats())
}

// TestOrderUnderConcurrencyAndFailures: with room for all, and with room for
// next to nothing and restarts at any time.
func TestOrderUnderConcurrencyAndFailures(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		bound    int
		restarts bool
	}{
		"with room for all": {notify.DefaultMaxWaiting, false},
		"room for two":      {8, false},
		"and restarts":      {8, true},
		"room for five":     {20, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			orderUnderFailures(t, c.bound, c.restarts)
		})
	}
}

func orderUnderFailures(t *testing.T, bound int, restarts bool) {
	t.Helper()
	const orders = 40
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	dice := rand.New(rand.NewPCG(seed, 0))
	var mu sync.Mutex
	flaky := func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if dice.IntN(3) == 0 {
			w.WriteHeader(http.StatusBadGateway)
		}
	}
	b := setup(t, func(c *notify.Config) { c.MaxWaiting = bound })
	receivers := []*receiver{receive(t, flaky), receive(t, flaky), receive(t, flaky)}
	b.notifyAt(t, access.SandboxMerchant, receivers[0].URL, receivers[1].URL)
	charges := make([]ledger.Charge, orders)
	for i := range charges {
		charges[i] = b.charge(t, fmt.Sprint(i), receivers[2].URL)
		b.pay(t, charges[i])
	}
	b.step(t)
	for _, c := range charges {
		b.reverse(t, c)
	}
	b.step(t)
	for steps := 0; b.service.Stats() != (notify.Stats{}); steps++ {
		require.Less(t, steps, 1000)
		if restarts && steps%3 == 2 { // between attempts: the clock, not the dice, says when
			b.restart(t)
		}
		b.later(t, time.Hour)
	}
	life := []string{"active", "released", "denied"}
	for _, r := range receivers {
		for i := range charges {
			got := r.statuses(fmt.Sprint(i))
			require.True(t, slices.IsSortedFunc(got, func(a, b string) int { return slices.Index(life, a) - slices.Index(life, b) }), "order %d: %v", i, got)
			require.Equal(t, life, slices.Compact(got))
		}
	}
}

func TestNoticesBeyondTheBoundStayInTheOutbox(t *testing.T) {
	t.Parallel()
	const bound, orders = 20, 100
	b := setup(t, func(c *notify.Config) { c.MaxWaiting = 4 * bound })
	crowded, fine := receive(t, nil), receive(t, nil)
	g := closedGate(t)
	crowded.now(g.answer)
	m := b.merchant(t, "Crowded", crowded.URL)
	b.notifyAt(t, access.SandboxMerchant, fine.URL)
	for order := range orders {
		c := b.chargeOf(t, m.ID, fmt.Sprint(order), ledger.Details{Salt: "5a"})
		b.pay(t, c)
		if order%10 == 0 {
			b.charge(t, fmt.Sprint(order))
		}
	}
	require.NoError(t, b.service.Step(t.Context()))
	g.await(notify.MaxPerHost)
	stats := b.service.Stats()
	require.Equal(t, 1, stats.Lagging)
	require.LessOrEqual(t, stats.Waiting, bound+10)

	// More comes in, by both.
	b.chargeOf(t, m.ID, "last", ledger.Details{Salt: "5a"})
	b.charge(t, "last")
	require.NoError(t, b.service.Step(t.Context()))
	require.LessOrEqual(t, b.service.Stats().Waiting, bound+11)

	g.open()
	steps := 0
	for ; b.outbox(t) > 0; steps++ {
		require.Less(t, steps, 100)
		b.service.Wait()
		b.step(t)
	}
	require.Greater(t, steps, orders*2/bound/2, "it was read in parts")
	require.Len(t, fine.all(), orders/10+1)
	require.Len(t, crowded.all(), orders*2+1)
	for order := range orders {
		require.Equal(t, []string{"active", "released"}, crowded.statuses(fmt.Sprint(order)))
	}
	b.step(t)
	require.Zero(t, b.service.Stats())
}

// A notice whose charge can't be read stops its own merchant alone, and goes on
// once it can.
func TestAnUnreadableNoticeIsReadAgain(t *testing.T) {
	t.Parallel()
	var broken *unreadable
	b := setup(t, func(c *notify.Config) {
		broken = &unreadable{Ledger: c.Ledger}
		c.Ledger = broken
	})
	r, other := receive(t, nil), receive(t, nil)
	b.notifyAt(t, access.SandboxMerchant, r.URL)
	m := b.merchant(t, "Other", other.URL)
	first := b.charge(t, "A-1")
	b.charge(t, "A-2")
	b.chargeOf(t, m.ID, "B-1", ledger.Details{Salt: "5a"})
	broken.set(first.Number)
	for range 2 {
		require.NoError(t, b.service.Step(t.Context()))
		b.service.Wait()
		require.ErrorIs(t, b.faults(), errLost)
	}
	require.Empty(t, r.all())
	require.Len(t, other.all(), 1)
	broken.set(0)
	b.step(t)
	require.Len(t, r.all(), 2)
	require.Len(t, other.all(), 1)
	require.Zero(t, b.outbox(t))
}

// unreadable fails to read one charge, by its number.
type unreadable struct {
	notify.Ledger
	mu     sync.Mutex
	number uint64
}

func (u *unreadable) set(number uint64) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.number = number
}

func (u *unreadable) AsOf(ctx context.Context, n ledger.Notice) (ledger.View, error) {
	u.mu.Lock()
	number := u.number
	u.mu.Unlock()
	if n.Number == number {
		return ledger.View{}, errLost
	}
	return u.Ledger.AsOf(ctx, n)
}
