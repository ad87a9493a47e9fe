package notify_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/ledger"
)

func TestWaitingListsWhatIsNotDelivered(t *testing.T) {
	t.Parallel()
	b := setup(t)
	moody, gone, fine := receive(t, status(503)), receive(t, status(303)), receive(t, nil)
	first, second := b.merchant(t, "First", moody.URL), b.merchant(t, "Second", gone.URL)
	b.notifyAt(t, access.SandboxMerchant, fine.URL)
	for i := range 5 {
		for _, id := range []string{first.ID, second.ID, access.SandboxMerchant} {
			b.chargeOf(t, id, fmt.Sprint(i), ledger.Details{Salt: "5a"})
		}
	}
	b.step(t)

	// pages walks a listing and gives the notifications and the pages' sizes.
	pages := func(merchant string, limit int) (all []ledger.Notification, sizes []int) {
		for after, more := uint64(0), true; more; {
			page, next, err := b.service.Waiting(t.Context(), merchant, after, limit)
			require.NoError(t, err)
			all, sizes = append(all, page...), append(sizes, len(page))
			after, more = next, next != 0
		}
		return all, sizes
	}
	all, sizes := pages(first.ID, 2)
	require.Equal(t, []int{2, 2, 1}, sizes)
	for i, n := range all {
		require.Equal(t, first.ID, n.Merchant)
		require.Equal(t, ledger.NotificationWaiting, n.State)
		require.Equal(t, noon.Add(2*time.Minute), n.Attempts[0].Next.In(ledger.WIB))
		require.True(t, i == 0 || n.Seq > all[i-1].Seq)
	}
	all, sizes = pages(second.ID, 5)
	require.Equal(t, []int{5}, sizes)
	require.Equal(t, ledger.NotificationFailed, all[0].State)
	require.Equal(t, gone.URL, all[0].Attempts[0].Target)
	all, _ = pages("", 3)
	require.Len(t, all, 10)
	all, sizes = pages(access.SandboxMerchant, 10)
	require.Empty(t, all)
	require.Equal(t, []int{0}, sizes)
	// No limit is a limit.
	all, _ = pages("", 0)
	require.Len(t, all, 10)
}

func TestOfShowsAMerchantsOwn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := receive(t, nil)
	b.notifyAt(t, access.SandboxMerchant, r.URL)
	other := b.merchant(t, "Other", r.URL)
	c := b.charge(t, "A-1")
	b.step(t)
	b.clock.Advance(time.Minute)
	b.pay(t, c)
	list := b.of(t, c)
	require.Len(t, list, 2)
	require.Equal(t, []ledger.NotificationState{ledger.NotificationDelivered, ledger.NotificationWaiting}, b.states(t, c))
	require.Equal(t, ledger.StandingReleased, list[1].Standing)
	require.Equal(t, noon.Add(time.Minute), list[1].At)
	row, err := b.store.Notice(t.Context(), list[1].Seq)
	require.NoError(t, err)
	require.Equal(t, *row, list[1].Notice, "as it is in the outbox")

	_, err = b.service.Of(t.Context(), other.ID, c.ID)
	require.ErrorIs(t, err, ledger.ErrNotFound)
}

// States has what Of has, for notices of any charges at once.
func TestStatesAreThoseOfEachNotice(t *testing.T) {
	t.Parallel()
	b := setup(t)
	merchants := []access.Merchant{
		b.merchant(t, "Waiting", receive(t, status(503)).URL), b.merchant(t, "Failed", receive(t, status(303)).URL),
		b.merchant(t, "Delivered", receive(t, nil).URL), b.merchant(t, "Both", receive(t, nil).URL, receive(t, status(503)).URL), b.merchant(t, "Nobody"),
	}
	var asked []ledger.Notice
	want, found := map[uint64]ledger.NotificationState{}, map[ledger.NotificationState]int{}
	var charges []ledger.Charge
	for _, m := range merchants {
		c := b.chargeOf(t, m.ID, "1", ledger.Details{Salt: "5a"})
		b.pay(t, c)
		charges = append(charges, c)
	}
	b.step(t)
	b.reverse(t, charges[2])
	for i, c := range charges {
		list, err := b.service.Of(t.Context(), merchants[i].ID, c.ID)
		require.NoError(t, err)
		for _, n := range list {
			want[n.Seq] = n.State
			found[n.State]++
			asked = append(asked, ledger.Notice{Seq: n.Seq, Number: n.Number, Merchant: n.Merchant, Standing: n.Standing})
		}
	}
	require.Len(t, found, 4, "all states: %v", found)
	states, err := b.service.States(t.Context(), asked)
	require.NoError(t, err)
	require.Equal(t, want, states)
	for i := range asked {
		asked[i].Number += 100 // of another ledger, whose file this was
	}
	states, err = b.service.States(t.Context(), asked)
	require.NoError(t, err)
	for _, state := range states {
		require.NotEqual(t, ledger.NotificationDelivered, state)
	}
}
