package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

func noticeDuties() []duty {
	return []duty{
		{"nobody to tell, no notice", noNoticeForNobody},
		{"every change that a merchant is told of writes a notice", noticeOfEachChange},
		{"a payment without a hold writes its notice with itself", noticeOfAPayment},
		{"what happens within the hold writes no notice", noNoticeWithinHold},
		{"a charge with targets of its own writes notices", noticeForTargets},
		{"notices come in order, page by page", noticesPage},
		{"outcomes of notices are written once", noticeOutcomes},
		{"a notice that never was has no outcome", noticeWithoutRow},
		{"a change that fails leaves no notice", failedChangeLeavesNoNotice},
		{"of many payments at once each has its notice", manyPaymentsManyNotices},
		{"each record names the one before of its charge", recordsAreChained},
		{"a charge's life is what its merchant was told", lifeIsWhatWasTold},
	}
}

// notified makes the merchant one that is told of changes.
func (w *world) notified() { w.set(ledger.SettingNotify(merchant), `["https://shop.example/n"]`) }

func (w *world) outbox() []ledger.Notice {
	notices, err := w.store.Outbox(w.ctx, 0, all)
	require.NoError(w.t, err)
	return notices
}

// standings lists what the outbox tells of a charge.
func (w *world) standings(number uint64) []ledger.Standing {
	var standings []ledger.Standing
	for _, n := range w.outbox() {
		if n.Number == number {
			standings = append(standings, n.Standing)
		}
	}
	return standings
}

func withoutHold(n *ledger.NewCharge) { n.Hold = 0 }

func (w *world) sweep() {
	_, err := w.service.Sweep(w.ctx)
	require.NoError(w.t, err)
}

func (w *world) noticed(outcomes ...ledger.NoticeOutcome) {
	require.NoError(w.t, w.service.Notified(w.ctx, outcomes))
}

func noNoticeForNobody(t *testing.T, w *world) {
	c := w.charge(withoutHold)
	w.pay(c.Code, "A1")
	w.set(ledger.SettingNotify(otherMerchant), `["https://other.example/n"]`)
	w.charge()
	require.Empty(t, w.outbox())
	// The setting tells of what comes, not of what was.
	w.notified()
	require.Empty(t, w.outbox())
	last := w.charge()
	w.set(ledger.SettingNotify(merchant), "")
	w.charge()
	require.Len(t, w.outbox(), 1, "what is to be told stays")
	require.Equal(t, last.Number, w.outbox()[0].Number)
}

func noticeOfEachChange(t *testing.T, w *world) {
	w.notified()
	cancelled, expired, ended, denied := w.charge(), w.expiring(time.Hour), w.charge(), w.charge()
	_, err := w.service.Cancel(w.ctx, merchant, cancelled.Order)
	require.NoError(t, err)
	_, err = w.service.Expire(w.ctx, merchant, ended.Order)
	require.NoError(t, err)
	w.pay(denied.Code, "A1")
	w.pass(time.Hour)
	w.sweep()
	w.reverse(denied.Code, "A1")

	require.Equal(t, []ledger.Standing{ledger.StandingActive, ledger.StandingCancelled}, w.standings(cancelled.Number))
	require.Equal(t, []ledger.Standing{ledger.StandingActive, ledger.StandingExpired}, w.standings(expired.Number))
	require.Equal(t, []ledger.Standing{ledger.StandingActive, ledger.StandingExpired}, w.standings(ended.Number))
	require.Equal(t, []ledger.Standing{ledger.StandingActive, ledger.StandingReleased, ledger.StandingDenied}, w.standings(denied.Number))
	records := w.records()
	for _, n := range w.outbox() {
		require.Equal(t, merchant, n.Merchant)
		require.False(t, n.Failed)
		require.True(t, n.At.Equal(records[n.Seq-1].At))
		require.Equal(t, n.Number, chargeOf(records[n.Seq-1].Event))
		one, err := w.store.Notice(w.ctx, n.Seq)
		require.NoError(t, err)
		require.Equal(t, canonical(t, n), canonical(t, one))
	}
}

func noticeOfAPayment(t *testing.T, w *world) {
	w.notified()
	c := w.charge(withoutHold)
	w.pay(c.Code, "A1")
	records := w.records()
	last := w.outbox()[1]
	require.Equal(t, records[len(records)-1].Seq, last.Seq)
	require.Equal(t, ledger.KindReleased, records[len(records)-1].Event.Kind())
	view, err := w.service.AsOf(w.ctx, last)
	require.NoError(t, err)
	require.Equal(t, ledger.StandingReleased, view.Standing)
	require.Equal(t, ledger.TrackingRef("A1"), view.Payment.Ref)

	// What the merchant was told stays what it was.
	w.reverse(c.Code, "A1")
	later, err := w.service.AsOf(w.ctx, last)
	require.NoError(t, err)
	require.Equal(t, canonical(t, view.Payment), canonical(t, later.Payment))
}

func noNoticeWithinHold(t *testing.T, w *world) {
	w.notified()
	c := w.buy("A1")
	w.reverse(c.Code, "A1")
	w.pay(c.Code, "A2")
	require.Equal(t, []ledger.Standing{ledger.StandingActive}, w.standings(c.Number))
}

func noticeForTargets(t *testing.T, w *world) {
	c := w.charge(withoutHold, func(n *ledger.NewCharge) {
		n.Details.Targets = []string{"https://shop.example/one"}
		n.Details.OnlyTargets = true
	})
	w.pay(c.Code, "A1")
	w.charge()
	require.Len(t, w.outbox(), 2)
	require.Equal(t, []ledger.Standing{ledger.StandingActive, ledger.StandingReleased}, w.standings(c.Number))
	view, err := w.service.AsOf(w.ctx, w.outbox()[0])
	require.NoError(t, err)
	require.Equal(t, []string{"https://shop.example/one"}, view.Details.Targets)
	require.True(t, view.Details.OnlyTargets)
}

func noticesPage(t *testing.T, w *world) {
	w.notified()
	for range 7 {
		w.charge()
		w.set("between", "x")
	}
	var seqs []uint64
	for after := uint64(0); ; {
		page, err := w.store.Outbox(w.ctx, after, 3)
		require.NoError(t, err)
		require.LessOrEqual(t, len(page), 3)
		if len(page) == 0 {
			break
		}
		for _, n := range page {
			seqs = append(seqs, n.Seq)
		}
		after = seqs[len(seqs)-1]
	}
	require.Equal(t, []uint64{2, 4, 6, 8, 10, 12, 14}, seqs)
	for _, c := range []struct {
		after uint64
		limit int
	}{{14, 5}, {1 << 40, 5}, {0, 0}} {
		page, err := w.store.Outbox(w.ctx, c.after, c.limit)
		require.NoError(t, err)
		require.Empty(t, page)
	}
}

func noticeOutcomes(t *testing.T, w *world) {
	w.notified()
	for range 4 {
		w.charge()
	}
	outcomes := []ledger.NoticeOutcome{
		{Seq: 2, Result: ledger.NoticeDelivered}, {Seq: 3, Result: ledger.NoticeFailed}, {Seq: 4, Result: ledger.NoticeDropped},
	}
	w.noticed(outcomes...)
	require.Equal(t, 1, w.count(ledger.KindNotified), "one record for all")
	left := w.outbox()
	require.Len(t, left, 2)
	require.Equal(t, uint64(3), left[0].Seq)
	require.True(t, left[0].Failed)
	require.Equal(t, uint64(5), left[1].Seq)
	require.False(t, left[1].Failed)
	gone, err := w.store.Notice(w.ctx, 2)
	require.NoError(t, err)
	require.Nil(t, gone)

	before := w.contents()
	w.noticed(outcomes...)
	require.Equal(t, before, w.contents(), "told again, nothing is written")
	w.noticed(ledger.NoticeOutcome{Seq: 3, Result: ledger.NoticeDelivered})
	require.Len(t, w.outbox(), 1, "one that failed can be delivered yet")
}

func noticeWithoutRow(t *testing.T, w *world) {
	w.notified()
	w.charge()
	before := w.contents()
	for _, seq := range []uint64{0, 1, 3, 1 << 63} {
		one, err := w.store.Notice(w.ctx, seq)
		require.NoError(t, err)
		require.Nil(t, one)
		for _, result := range []ledger.NoticeResult{ledger.NoticeDelivered, ledger.NoticeFailed, ledger.NoticeDropped} {
			w.noticed(ledger.NoticeOutcome{Seq: seq, Result: result})
		}
	}
	w.noticed()
	require.Equal(t, before, w.contents())
}

func failedChangeLeavesNoNotice(t *testing.T, w *world) {
	w.notified()
	c := w.charge()
	before := w.contents()
	err := w.write(
		ledger.Entry{Event: ledger.Charged{Number: c.Number + 1, ID: "id-x", Merchant: merchant, Order: "order-x", Expires: w.clock}},
		ledger.Entry{Event: ledger.Notified{Delivered: []uint64{2}}},
		ledger.Entry{Event: ledger.Cancelled{Number: c.Number}},
		ledger.Entry{Event: ledger.Notified{Failed: []uint64{999}}},
	)
	require.ErrorIs(t, err, ledger.ErrNotCommitted)
	require.ErrorIs(t, err, ledger.ErrMissingRow)
	require.Equal(t, before, w.contents())
	require.Len(t, w.outbox(), 1)
}

func manyPaymentsManyNotices(t *testing.T, w *world) {
	w.notified()
	charges := make([]ledger.Charge, crowd)
	together(func(i int) { charges[i] = w.charge(withoutHold) })
	together(func(i int) { w.pay(charges[i].Code, ledger.TrackingRef(fmt.Sprintf("T%02d", i))) })
	require.Len(t, w.outbox(), 2*crowd)
	noticed := map[uint64]ledger.Standing{}
	for i, n := range w.outbox() {
		require.True(t, i == 0 || w.outbox()[i-1].Seq < n.Seq)
		noticed[n.Seq] = n.Standing
	}
	for _, r := range w.records() {
		switch r.Event.Kind() {
		case ledger.KindCharged:
			require.Equal(t, ledger.StandingActive, noticed[r.Seq])
		case ledger.KindReleased:
			require.Equal(t, ledger.StandingReleased, noticed[r.Seq])
		default:
			require.NotContains(t, noticed, r.Seq)
		}
	}
}

// chargeOf is the charge that an event changes, or 0.
func chargeOf(event ledger.Event) uint64 {
	switch e := event.(type) {
	case ledger.Charged:
		return e.Number
	case ledger.Inquired:
		return e.Number
	case ledger.Paid:
		return e.Number
	case ledger.Released:
		return e.Number
	case ledger.Reversed:
		return e.Number
	case ledger.Cancelled:
		return e.Number
	case ledger.Expired:
		return e.Number
	case ledger.Adjusted:
		return e.Number
	default:
		return 0
	}
}

// caseOf is the case that an event changes, or 0.
func caseOf(event ledger.Event) uint64 {
	switch e := event.(type) {
	case ledger.CaseNoted:
		return e.Case
	case ledger.Proposed:
		return e.Case
	case ledger.Withdrawn:
		return e.Case
	case ledger.Resolved:
		return e.Case
	case ledger.PaidOut:
		return e.Case
	default:
		return 0
	}
}

// requireChained holds every record's Prev, and the Last of every charge and
// case, against the journal.
func (w *world) requireChained() {
	charges, cases := map[uint64]uint64{}, map[uint64]uint64{}
	for _, r := range w.records() {
		number, id := chargeOf(r.Event), caseOf(r.Event)
		require.Equal(w.t, charges[number]+cases[id], r.Prev, "record %d", r.Seq)
		if r.Event.Kind() == ledger.KindCase {
			id = r.Seq
		}
		if number != 0 {
			charges[number] = r.Seq
		}
		if id != 0 {
			cases[id] = r.Seq
		}
	}
	for number, seq := range charges {
		require.Equal(w.t, seq, w.load(ledger.Keys{Number: number}).Charge.Last, "charge %d", number)
	}
	for id, seq := range cases {
		c, _, err := w.service.Case(w.ctx, id)
		require.NoError(w.t, err)
		require.Equal(w.t, seq, c.Last, "case %d", id)
	}
}

func recordsAreChained(t *testing.T, w *world) {
	first, second := w.charge(), w.charge()
	for i := range 3 {
		ref := ledger.TrackingRef(fmt.Sprint(i))
		w.pay(first.Code, ref)
		w.reverse(first.Code, ref)
		w.reverse(strayCode, ref)
	}
	w.pay(second.Code, "B")
	w.pass(hold)
	w.sweep()
	w.requireChained()
	require.Equal(t, uint64(10), w.load(ledger.Keys{Number: first.Number}).Charge.Last)
}

func lifeIsWhatWasTold(t *testing.T, w *world) {
	w.notified()
	c := w.buy("A1")
	w.reverse(c.Code, "A1")
	w.pay(c.Code, "A2")
	_, life, err := w.service.Life(w.ctx, merchant, c.ID)
	require.NoError(t, err)
	require.Len(t, life, 1, "the payments are nobody's business yet")
	w.pass(hold)
	w.sweep()
	w.reverse(c.Code, "A2")
	view, life, err := w.service.Life(w.ctx, merchant, c.ID)
	require.NoError(t, err)
	require.Equal(t, ledger.StandingDenied, view.Standing)
	var told []ledger.Standing
	for i, event := range life {
		told = append(told, event.Standing)
		require.Equal(t, w.outbox()[i].Seq, event.Seq)
	}
	require.Equal(t, w.standings(c.Number), told)
	require.Equal(t, ledger.TrackingRef("A2"), life[1].Payment.Ref)
}
