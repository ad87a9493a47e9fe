package ledger_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

const retention = 180 * 24 * time.Hour

// erase erases what is old enough, and returns of how many charges.
func (w *world) erase() int {
	erased, err := w.service.EraseDetails(context.Background(), retention)
	require.NoError(w.t, err)
	return erased
}

// kept are the numbers of the charges that have details.
func (w *world) kept() []uint64 {
	numbers := []uint64{}
	for _, c := range w.load(ledger.Keys{Detailed: 1_000_000}).Detailed {
		numbers = append(numbers, c.Number)
	}
	return numbers
}

// erasedThrough is the mark.
func (w *world) erasedThrough() uint64 {
	through, err := ledger.ErasedThrough(w.load(ledger.Keys{Setting: ledger.SettingDetailsErased}).Setting)
	require.NoError(w.t, err)
	return through
}

// TestDecideErase walks every status with the times about the retention's end.
func TestDecideErase(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 9, 10, 10, 0, 0, 0, ledger.WIB)
	final := func(status ledger.Status) bool {
		return status != ledger.StatusPending && status != ledger.StatusHeld
	}
	for _, status := range []ledger.Status{
		ledger.StatusPending, ledger.StatusHeld, ledger.StatusReleased, ledger.StatusCancelled, ledger.StatusExpired, ledger.StatusDenied,
	} {
		for _, since := range []struct {
			name string
			ago  time.Duration
			old  bool
		}{
			{"a year", 2 * retention, true},
			{"just the retention", retention, true},
			{"a millisecond less", retention - time.Millisecond, false},
			{"no time", 0, false},
			{"the future, by a clock that was set back", -time.Hour, false},
		} {
			for _, recovery := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s for %s, in recovery %t", status, since.name, recovery), func(t *testing.T) {
					t.Parallel()
					c := &ledger.Charge{Number: 7, Status: status, Deadline: now.Add(-since.ago)}
					if final(status) {
						c.Final = now.Add(-since.ago)
					}
					s := ledger.State{Detailed: []*ledger.Charge{c}}
					if recovery {
						s.Recovery = &ledger.Recovery{}
					}
					got := ledger.DecideErase(s, retention, now)
					if !final(status) || !since.old || recovery {
						require.True(t, got.Empty())
						return
					}
					require.Equal(t, ledger.Change{At: now, Entries: []ledger.Entry{{Event: ledger.DetailsErased{Through: 7}}}}, got)
				})
			}
		}
	}
}

// TestDecideEraseStopsAtTheFirst: one that is not old holds up those after it.
func TestDecideEraseStopsAtTheFirst(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 9, 10, 10, 0, 0, 0, ledger.WIB)
	old := func(number uint64) *ledger.Charge {
		return &ledger.Charge{Number: number, Status: ledger.StatusExpired, Final: now.Add(-retention)}
	}
	open := func(number uint64) *ledger.Charge {
		return &ledger.Charge{Number: number, Status: ledger.StatusPending}
	}
	for name, c := range map[string]struct {
		charges []*ledger.Charge
		through uint64
	}{
		"none":              {nil, 0},
		"all":               {[]*ledger.Charge{old(1), old(2), old(3)}, 3},
		"the first is open": {[]*ledger.Charge{open(1), old(2)}, 0},
		"the last is open":  {[]*ledger.Charge{old(1), old(2), open(3)}, 2},
		"one between":       {[]*ledger.Charge{old(1), open(2), old(3)}, 1},
		"numbers jump":      {[]*ledger.Charge{old(9), old(1_000_000_009), open(1_000_000_010)}, 1_000_000_009},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := ledger.DecideErase(ledger.State{Detailed: c.charges}, retention, now)
			if c.through == 0 {
				require.True(t, got.Empty())
				return
			}
			require.Equal(t, []ledger.Entry{{Event: ledger.DetailsErased{Through: c.through}}}, got.Entries)
		})
	}
}

// TestEraseFollowsTheFinalState of charges that were paid, denied, cancelled and ended.
func TestEraseFollowsTheFinalState(t *testing.T) {
	t.Parallel()
	w := setup(t)
	paid, denied := w.charge(noHold), w.charge(noHold)
	cancelled, expired := w.charge(), w.charge()
	w.pay(paid.Code, "A")
	w.pay(denied.Code, "B")
	w.sweep()
	w.pass(time.Hour)
	w.reverse(denied.Code, "B")
	_, err := w.service.Cancel(context.Background(), merchant, cancelled.ID)
	require.NoError(t, err)
	w.pass(lifetime)
	w.sweep()
	require.Equal(t, ledger.StandingDenied, w.standing(denied))
	require.Equal(t, ledger.StandingExpired, w.standing(expired))
	w.written()

	w.pass(retention - lifetime - time.Hour - time.Millisecond)
	require.Zero(t, w.erase())
	w.pass(time.Millisecond)
	require.Equal(t, 1, w.erase(), "the first was paid an hour before the others were ended")
	w.pass(time.Hour)
	require.Equal(t, 2, w.erase())
	w.pass(lifetime)
	require.Equal(t, 1, w.erase())
	require.Zero(t, w.erase())
	require.Empty(t, w.kept())
	require.Equal(t, expired.Number, w.erasedThrough())
	require.Equal(t, []ledger.Kind{ledger.KindDetailsErased, ledger.KindDetailsErased, ledger.KindDetailsErased}, w.kinds())

	view, err := w.service.Status(context.Background(), merchant, paid.ID)
	require.NoError(t, err)
	require.Nil(t, view.Details)
	require.Equal(t, ledger.StandingReleased, view.Standing)
	require.Equal(t, ledger.ReasonAlreadyPaid, w.inquiry(paid.Code).Reason)
	again := w.charge()
	require.Equal(t, []uint64{again.Number}, w.kept())
}

// TestEraseWaitsForAHeldPayment: a reversal could still make its code payable.
func TestEraseWaitsForAHeldPayment(t *testing.T) {
	t.Parallel()
	w := setup(t)
	c := w.charge(func(n *ledger.NewCharge) { n.Expires = w.now.Add(2 * retention) })
	w.pay(c.Code, "A")
	w.pass(retention + lifetime)
	require.Equal(t, ledger.StandingHeld, w.standing(c))
	require.Zero(t, w.erase())
	w.sweep()
	require.Zero(t, w.erase(), "it counts from the release")
	w.pass(retention)
	require.Equal(t, 1, w.erase())
}

// TestEraseTakesNoMoreThanABatch of charges into one record.
func TestEraseTakesNoMoreThanABatch(t *testing.T) {
	t.Parallel()
	w := setup(t)
	for range 300 {
		w.charge()
	}
	for range 2 {
		w.pass(lifetime)
		w.sweep()
	}
	w.written()
	w.pass(retention)
	require.Equal(t, 256, w.erase())
	require.Len(t, w.kept(), 44)
	require.Equal(t, 44, w.erase())
	require.Zero(t, w.erase())
	require.Equal(t, []ledger.Kind{ledger.KindDetailsErased, ledger.KindDetailsErased}, w.kinds())
}

// TestEraseJumpsOverAGap: a restoration passes over more numbers than could be
// looked at one by one, and while it is not signed off nothing is erased.
func TestEraseJumpsOverAGap(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.charge()
	w.pass(lifetime)
	w.sweep()
	_, err := w.service.BeginRecovery(context.Background(), "operator")
	require.NoError(t, err)
	w.pass(2 * retention)
	require.Zero(t, w.erase())
	require.Len(t, w.kept(), 1)
	require.NoError(t, w.service.EndRecovery(context.Background(), "signer", "compared", nil))
	after := w.charge()
	require.Greater(t, after.Number, uint64(1_000_000_000))
	w.pass(lifetime)
	w.sweep()
	w.pass(retention)
	require.Equal(t, 2, w.erase())
	require.Equal(t, after.Number, w.erasedThrough())
}

func TestErasedThroughRefusesWhatIsNoNumber(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"-1", "x", "1.5", "99999999999999999999999"} {
		_, err := ledger.ErasedThrough([]byte(text))
		require.ErrorContains(t, err, ledger.SettingDetailsErased)
	}
}
