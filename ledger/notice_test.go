package ledger_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

// outbox lists all notices.
func (w *world) outbox(t *testing.T) []ledger.Notice {
	t.Helper()
	notices, err := w.store.Outbox(t.Context(), 0, 1000)
	require.NoError(t, err)
	return notices
}

// told are the standings that the outbox tells, in its order.
func (w *world) told(t *testing.T) []ledger.Standing {
	t.Helper()
	standings := []ledger.Standing{}
	for _, n := range w.outbox(t) {
		standings = append(standings, n.Standing)
	}
	return standings
}

// listen gives the merchant a notification URL.
func (w *world) listen() {
	w.set(ledger.SettingNotify(merchant), `{"v":1,"urls":["https://shop.example/"]}`)
}

// TestOutboxTellsEachVisibleChangeOnce leads a charge through its lives.
func TestOutboxTellsEachVisibleChangeOnce(t *testing.T) {
	t.Parallel()
	const (
		active    = ledger.StandingActive
		released  = ledger.StandingReleased
		denied    = ledger.StandingDenied
		cancelled = ledger.StandingCancelled
		expired   = ledger.StandingExpired
	)
	for _, c := range []struct {
		name string
		live func(*world, ledger.Charge)
		want []ledger.Standing
	}{
		{"charged", func(*world, ledger.Charge) {}, []ledger.Standing{active}},
		{"inquired, in grace", func(w *world, c ledger.Charge) {
			w.pass(lifetime - time.Minute)
			w.inquiry(c.Code)
		}, []ledger.Standing{active}},
		{"paid, held", func(w *world, c ledger.Charge) { w.pay(c.Code, "A") }, []ledger.Standing{active}},
		{"paid and reversed while held", func(w *world, c ledger.Charge) {
			w.pay(c.Code, "A")
			w.reverse(c.Code, "A")
		}, []ledger.Standing{active}},
		{"paid, reversed, paid again, released", func(w *world, c ledger.Charge) {
			w.pay(c.Code, "A")
			w.reverse(c.Code, "A")
			w.pay(c.Code, "B")
			w.pass(hold)
			w.sweep()
		}, []ledger.Standing{active, released}},
		{"released and denied", func(w *world, c ledger.Charge) {
			w.pay(c.Code, "A")
			w.pass(hold)
			w.sweep()
			w.reverse(c.Code, "A")
			w.reverse(c.Code, "A")
		}, []ledger.Standing{active, released, denied}},
		{"cancelled", func(w *world, c ledger.Charge) {
			_, err := w.service.Cancel(t.Context(), merchant, c.ID)
			require.NoError(w.t, err)
		}, []ledger.Standing{active, cancelled}},
		{"expired by its merchant", func(w *world, c ledger.Charge) {
			_, err := w.service.Expire(t.Context(), merchant, c.ID)
			require.NoError(w.t, err)
		}, []ledger.Standing{active, expired}},
		{"expired by the clock", func(w *world, _ ledger.Charge) {
			w.pass(lifetime)
			w.sweep()
			w.sweep()
		}, []ledger.Standing{active, expired}},
		{"replaced after its time", func(w *world, c ledger.Charge) {
			w.pass(lifetime)
			w.charge(func(n *ledger.NewCharge) { n.Order = c.Order })
		}, []ledger.Standing{active, expired, active}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := setup(t)
			w.listen()
			c.live(w, w.charge())
			require.Equal(t, c.want, w.told(t))
		})
	}
}

func TestPaymentWithoutHoldTellsInItsOwnChange(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.listen()
	c := w.charge(noHold)
	w.written()
	w.pay(c.Code, "A")
	require.Equal(t, []ledger.Kind{ledger.KindPaid, ledger.KindReleased}, w.kinds())
	require.Equal(t, []ledger.Standing{ledger.StandingActive, ledger.StandingReleased}, w.told(t))
}

// Nobody to tell: nothing is written. The URLs count as they are at the change.
func TestOutboxOnlyWhereSomebodyListens(t *testing.T) {
	t.Parallel()
	w := setup(t)
	silent := w.charge(noHold)
	require.Empty(t, w.outbox(t))
	w.listen()
	w.pay(silent.Code, "A")
	require.Len(t, w.outbox(t), 1)
	w.charge(func(n *ledger.NewCharge) { n.Merchant, n.Prefix = "G000000002", "813" })
	require.Len(t, w.outbox(t), 1, "another merchant does not listen")
	w.set(ledger.SettingNotify(merchant), "")
	w.charge()
	require.Len(t, w.outbox(t), 1)
	own := w.charge(func(n *ledger.NewCharge) { n.Details.Targets = []string{"https://shop.example/one"} })
	require.True(t, own.Notify)
	require.Len(t, w.outbox(t), 2, "the charge has a URL of its own")
}

func TestNoticeNamesItsChange(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.listen()
	c := w.charge()
	records := w.written()
	want := ledger.Notice{
		Seq: records[len(records)-1].Seq, Number: c.Number, Merchant: merchant, Standing: ledger.StandingActive, At: w.now,
	}
	require.Equal(t, []ledger.Notice{want}, w.outbox(t))
	got, err := w.store.Notice(t.Context(), want.Seq)
	require.NoError(t, err)
	require.Equal(t, &want, got)
}

// A notice tells what was, whatever has become of the charge since.
func TestAsOf(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.listen()
	c := w.charge(func(n *ledger.NewCharge) { n.Details.Fields[0] = "table 4" })
	paidAt := w.now
	w.pay(c.Code, "A")
	w.pass(hold)
	w.sweep()
	w.pass(time.Minute)
	w.reverse(c.Code, "A")
	var payments []*ledger.Transaction
	for i, n := range w.outbox(t) {
		v, err := w.service.AsOf(t.Context(), n)
		require.NoError(t, err)
		require.Equal(t, w.told(t)[i], v.Standing)
		require.Equal(t, c.ID, v.ID)
		require.Equal(t, "table 4", v.Details.Fields[0])
		payments = append(payments, v.Payment)
	}
	require.Nil(t, payments[0], "when it was charged, nothing was paid")
	require.Equal(t, ledger.TxPaid, payments[1].State)
	require.Zero(t, payments[1].Reversed)
	require.Equal(t, paidAt, payments[1].Booked)
	require.Equal(t, ledger.TxReversed, payments[2].State)
	require.Equal(t, w.now, payments[2].Reversed)

	_, err := w.service.AsOf(t.Context(), ledger.Notice{Seq: 1, Number: 99})
	require.ErrorIs(t, err, ledger.ErrMissingRow)
}

func TestNotified(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		result ledger.NoticeResult
		stays  bool
	}{
		{"delivered", ledger.NoticeDelivered, false},
		{"failed", ledger.NoticeFailed, true},
		{"dropped", ledger.NoticeDropped, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := setup(t)
			w.listen()
			w.charge()
			other := w.charge()
			seq := w.outbox(t)[0].Seq
			w.written()
			outcomes := []ledger.NoticeOutcome{{Seq: seq, Result: c.result}, {Seq: seq, Result: c.result}, {Seq: 999, Result: c.result}}
			require.NoError(t, w.service.Notified(t.Context(), outcomes))
			require.Equal(t, []ledger.Kind{ledger.KindNotified}, w.kinds())
			rest := w.outbox(t)
			require.Equal(t, other.Number, rest[len(rest)-1].Number)
			if c.stays {
				require.Len(t, rest, 2)
				require.True(t, rest[0].Failed)
			} else {
				require.Len(t, rest, 1)
			}
			require.NoError(t, w.service.Notified(t.Context(), outcomes))
			require.Empty(t, w.written(), "what is recorded is not recorded again")
		})
	}
}

// What failed can be delivered later, by a person.
func TestNotifiedAfterItFailed(t *testing.T) {
	t.Parallel()
	for _, result := range []ledger.NoticeResult{ledger.NoticeDelivered, ledger.NoticeDropped} {
		w := setup(t)
		w.listen()
		w.charge()
		seq := w.outbox(t)[0].Seq
		require.NoError(t, w.service.Notified(t.Context(), []ledger.NoticeOutcome{{Seq: seq, Result: ledger.NoticeFailed}}))
		require.NoError(t, w.service.Notified(t.Context(), []ledger.NoticeOutcome{{Seq: seq, Result: result}}))
		require.Empty(t, w.outbox(t))
	}
}

func TestNotifiedWhenTheStoreFails(t *testing.T) {
	t.Parallel()
	w := setup(t)
	service := w.breakStore(ledger.ErrOutcomeUnknown, false)
	err := service.Notified(t.Context(), []ledger.NoticeOutcome{{Seq: 1, Result: ledger.NoticeDelivered}})
	require.ErrorIs(t, err, ledger.ErrOutcomeUnknown)
	require.ErrorContains(t, err, "1 notices")
}
