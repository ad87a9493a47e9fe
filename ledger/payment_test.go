package ledger_test

import (
	"cmp"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

// amountCase is a charge's terms, what a till sends, and what comes of it.
type amountCase struct {
	name          string
	min, max, fee ledger.Rupiah
	includesFee   bool
	remitted      bool
	sent          ledger.Rupiah
	reason        ledger.Reason
	booked        ledger.Rupiah
	receivable    ledger.Rupiah
	feeBooked     ledger.Rupiah
}

// The limits of an amount, and what each sum comes to in the books.
func TestPaymentAmounts(t *testing.T) {
	t.Parallel()
	for _, c := range []amountCase{
		{name: "closed", min: 50_000, max: 50_000, sent: 50_000, reason: ledger.ReasonApproved, booked: 50_000, receivable: 50_000},
		{name: "closed, one less", min: 50_000, max: 50_000, sent: 49_999, reason: ledger.ReasonWrongAmount},
		{name: "closed, one more", min: 50_000, max: 50_000, sent: 50_001, reason: ledger.ReasonWrongAmount},
		{name: "closed, nothing", min: 50_000, max: 50_000, sent: 0, reason: ledger.ReasonWrongAmount},
		{name: "closed, fee on top though it is apart", min: 50_000, max: 50_000, fee: 5_000, sent: 55_000, reason: ledger.ReasonWrongAmount},
		{name: "open, the least", min: 10_000, max: 50_000, sent: 10_000, reason: ledger.ReasonApproved, booked: 10_000, receivable: 10_000},
		{name: "open, between", min: 10_000, max: 50_000, sent: 30_000, reason: ledger.ReasonApproved, booked: 30_000, receivable: 30_000},
		{name: "open, the most", min: 10_000, max: 50_000, sent: 50_000, reason: ledger.ReasonApproved, booked: 50_000, receivable: 50_000},
		{name: "open, below", min: 10_000, max: 50_000, sent: 9_999, reason: ledger.ReasonWrongAmount},
		{name: "open, above", min: 10_000, max: 50_000, sent: 50_001, reason: ledger.ReasonWrongAmount},
		{name: "fee included", min: 50_000, max: 50_000, fee: 5_000, includesFee: true, sent: 55_000, reason: ledger.ReasonApproved, booked: 50_000, receivable: 50_000},
		{name: "fee included, sent without", min: 50_000, max: 50_000, fee: 5_000, includesFee: true, sent: 50_000, reason: ledger.ReasonWrongAmount},
		{name: "fee included, sent less than the fee", min: 50_000, max: 50_000, fee: 5_000, includesFee: true, sent: 4_999, reason: ledger.ReasonWrongAmount},
		{name: "open, fee included, the least", min: 10_000, max: 50_000, fee: 5_000, includesFee: true, sent: 15_000, reason: ledger.ReasonApproved, booked: 10_000, receivable: 10_000},
		{name: "open, fee included, below", min: 10_000, max: 50_000, fee: 5_000, includesFee: true, sent: 14_999, reason: ledger.ReasonWrongAmount},
		{name: "open, fee included, above", min: 10_000, max: 50_000, fee: 5_000, includesFee: true, sent: 55_001, reason: ledger.ReasonWrongAmount},
		{name: "fee remitted", min: 50_000, max: 50_000, fee: 5_000, remitted: true, sent: 50_000, reason: ledger.ReasonApproved, booked: 50_000, receivable: 55_000, feeBooked: 5_000},
		{name: "fee included and remitted", min: 50_000, max: 50_000, fee: 5_000, includesFee: true, remitted: true, sent: 55_000, reason: ledger.ReasonApproved, booked: 50_000, receivable: 55_000, feeBooked: 5_000},
		{name: "remitted, but there is no fee", min: 50_000, max: 50_000, remitted: true, sent: 50_000, reason: ledger.ReasonApproved, booked: 50_000, receivable: 50_000},
		{name: "the largest amount", min: 1, max: ledger.MaxRupiah, sent: ledger.MaxRupiah, reason: ledger.ReasonApproved, booked: ledger.MaxRupiah, receivable: ledger.MaxRupiah},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.check(t)
		})
	}
}

// check pays the amount, and where that books, looks at the books, repeats the
// payment and takes it back.
func (c amountCase) check(t *testing.T) {
	w := setup(t, func(a *ledger.Agreement) { a.AmountIncludesFee, a.FeeRemitted = c.includesFee, c.remitted })
	charge := w.charge(func(n *ledger.NewCharge) { n.MinAmount, n.Amount, n.Fee = c.min, c.max, c.fee })
	w.written()
	amount := func(p *ledger.Payment) { p.Amount = c.sent }
	require.Equal(t, c.reason, w.pay(charge.Code, "R1", amount).Reason)
	if c.reason != ledger.ReasonApproved {
		require.Empty(t, w.written())
		return
	}
	require.Equal(t, c.booked, w.lastPaid().Amount)
	require.Equal(t, c.fee, w.lastPaid().Fee)
	books := map[ledger.Account]ledger.Rupiah{
		ledger.IndomaretReceivable: c.receivable, ledger.MerchantPayable(merchant): -c.booked,
	}
	if c.feeBooked != 0 {
		books[ledger.Fees] = -c.feeBooked
	}
	require.Equal(t, books, w.balances())

	require.True(t, w.pay(charge.Code, "R1", amount).Replayed, "the same amount is the same payment")
	r := w.reverse(charge.Code, "R1", func(r *ledger.Reversal) { r.Amount = c.sent })
	require.Equal(t, ledger.ReasonApproved, r.Reason)
	require.Empty(t, w.balances(), "a reversal leaves nothing")
}

func TestPaymentRecord(t *testing.T) {
	t.Parallel()
	w := setup(t, func(a *ledger.Agreement) { a.FeeRemitted = true })
	c := w.charge()
	w.written()
	r := w.pay(c.Code, "R1", func(p *ledger.Payment) {
		p.Product, p.MessageID, p.Request = "PULSA", "M-77", "c0ffee"
		p.TimeStamp = w.now.Add(-time.Minute)
	})
	records := w.written()
	require.Len(t, records, 1)
	require.Equal(t, w.now, records[0].At)
	require.Equal(t, ledger.Paid{
		Number: c.Number, Code: c.Code, Ref: "R1", Store: store, Product: "PULSA", MessageID: "M-77",
		TimeStamp: w.now.Add(-time.Minute), Amount: 50_000, Fee: 2_500, FeeRemitted: true,
		Receipt: r.Receipt, Day: "2026-03-10", ReleaseAt: w.now.Add(hold), Request: "c0ffee",
	}, records[0].Event)
}

// With no hold the merchant knows at once: one change, two records.
func TestPaymentWithoutHold(t *testing.T) {
	t.Parallel()
	w := setup(t)
	c := w.charge(noHold)
	w.written()
	w.pay(c.Code, "R1")
	records := w.written()
	require.Len(t, records, 2)
	require.Zero(t, records[0].Event.(ledger.Paid).ReleaseAt)
	require.Equal(t, ledger.Released{Number: c.Number, Ref: "R1"}, records[1].Event)
	require.Equal(t, ledger.StandingReleased, w.standing(c))
}

func TestPaymentAtTheDeadline(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		after  time.Duration
		reason ledger.Reason
	}{
		{"just before", -time.Millisecond, ledger.ReasonApproved},
		{"at it", 0, ledger.ReasonExpired},
		{"after it", time.Second, ledger.ReasonExpired},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := setup(t)
			charge := w.charge()
			w.now = charge.Deadline.Add(c.after)
			require.Equal(t, c.reason, w.pay(charge.Code, "R1").Reason)
		})
	}
}

func TestPaymentAtTheBeginning(t *testing.T) {
	t.Parallel()
	w := setup(t)
	from := w.now.Add(time.Hour)
	c := w.charge(func(n *ledger.NewCharge) { n.ValidFrom = from })
	w.now = from.Add(-time.Millisecond)
	require.Equal(t, ledger.ReasonNotYetPayable, w.pay(c.Code, "R1").Reason)
	w.now = from
	require.Equal(t, ledger.ReasonApproved, w.pay(c.Code, "R1").Reason)
}

// No inquiry with the payment's TrackingRef, or none at all, is fine; with
// grace 0 an inquiry helps no payment that comes too late.
func TestGraceOff(t *testing.T) {
	t.Parallel()
	w := setup(t, func(a *ledger.Agreement) { a.Grace = 0 })
	c := w.charge()
	w.now = c.Deadline.Add(-time.Second)
	require.Equal(t, ledger.ReasonApproved, w.inquiry(c.Code).Reason)
	w.pass(2 * time.Second)
	require.Equal(t, ledger.ReasonExpired, w.pay(c.Code, "R1").Reason)
}

// A payment goes to the batch of Indomaret's TimeStamp, or, where that is
// closed, late to the first open one after it.
func TestPaymentsBatch(t *testing.T) {
	t.Parallel()
	at := func(day, hour, minute, second int) time.Time {
		return time.Date(2026, 3, day, hour, minute, second, 0, ledger.WIB)
	}
	for _, c := range []struct {
		name   string
		cutOff time.Duration
		closed []ledger.Day
		stamp  time.Time
		now    time.Time
		day    ledger.Day
		late   bool
	}{
		{name: "by day", stamp: at(10, 12, 0, 0), now: at(10, 12, 0, 0), day: "2026-03-10"},
		{name: "the till's midnight counts, not ours", stamp: at(10, 23, 59, 59), now: at(11, 0, 0, 5), day: "2026-03-10"},
		{name: "the till is ahead", stamp: at(11, 0, 0, 0), now: at(10, 23, 59, 55), day: "2026-03-11"},
		{name: "before a cut-off of 23:00", cutOff: 23 * time.Hour, stamp: at(10, 22, 59, 59), now: at(10, 23, 0, 0), day: "2026-03-10"},
		{name: "at a cut-off of 23:00", cutOff: 23 * time.Hour, stamp: at(10, 23, 0, 0), now: at(10, 23, 0, 0), day: "2026-03-11"},
		{name: "closed early", closed: []ledger.Day{"2026-03-10"}, stamp: at(10, 12, 0, 0), now: at(10, 12, 0, 0), day: "2026-03-11", late: true},
		{name: "two days closed early", closed: []ledger.Day{"2026-03-10", "2026-03-11"}, stamp: at(10, 23, 59, 0), now: at(11, 0, 5, 0), day: "2026-03-12", late: true},
		{name: "an earlier day is closed", closed: []ledger.Day{"2026-03-09"}, stamp: at(10, 12, 0, 0), now: at(10, 12, 0, 0), day: "2026-03-10"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := setup(t, func(a *ledger.Agreement) { a.CutOff = cmp.Or(c.cutOff, a.CutOff) })
			w.now = c.now
			charge := w.charge()
			for _, day := range c.closed {
				w.closeDay(day, true)
			}
			r := w.pay(charge.Code, "R1", func(p *ledger.Payment) { p.TimeStamp = c.stamp })
			require.Equal(t, ledger.ReasonApproved, r.Reason)
			require.Equal(t, c.day, w.lastPaid().Day)
			require.Equal(t, c.late, w.lastPaid().Late)
			if c.late {
				require.Equal(t, []ledger.Warning{ledger.BookedLate}, r.Warnings)
			} else {
				require.Empty(t, r.Warnings)
			}
			require.Equal(t, ledger.ReasonApproved, w.reverse(charge.Code, "R1").Reason, "its batch is open")
		})
	}
}

func TestRetryFromAnotherStoreWarns(t *testing.T) {
	t.Parallel()
	w := setup(t)
	c := w.charge()
	first := w.pay(c.Code, "R1")
	retry := w.pay(c.Code, "R1", func(p *ledger.Payment) { p.Store = otherStore })
	require.True(t, retry.Replayed)
	require.Equal(t, first.Receipt, retry.Receipt)
	require.Equal(t, []ledger.Warning{ledger.StoreDiffers}, retry.Warnings)
}

// However a settled payment is repeated, it gets no refusal but 94.
func TestSettledPaymentWithAnotherAmount(t *testing.T) {
	t.Parallel()
	s := stage(t, sceneKey{"released", "settled"})
	r := s.pay(s.code, s.ref, func(p *ledger.Payment) { p.Amount = 1 })
	require.Equal(t, ledger.ReasonRefOtherAmount, r.Reason)
}

// The window of a store's TrackingRef ends to the millisecond.
func TestRefWindow(t *testing.T) {
	t.Parallel()
	const window = 90 * 24 * time.Hour
	for _, c := range []struct {
		name   string
		later  time.Duration
		reason ledger.Reason
	}{
		{"at once", 0, ledger.ReasonRefOtherCode},
		{"just within", window - time.Millisecond, ledger.ReasonRefOtherCode},
		{"over", window, ledger.ReasonApproved},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := setup(t)
			w.pay(w.charge().Code, "R1")
			w.pass(c.later)
			require.Equal(t, c.reason, w.pay(w.charge().Code, "R1").Reason)
		})
	}
}

// A TrackingRef that was booked for another code and taken back is used all
// the same: the next of its store is a new one.
func TestReversedRefIsUsed(t *testing.T) {
	t.Parallel()
	w := setup(t)
	first, second := w.charge(), w.charge()
	w.pay(first.Code, "R1")
	w.reverse(first.Code, "R1")
	require.Equal(t, ledger.ReasonRefOtherCode, w.pay(second.Code, "R1").Reason)
	require.Equal(t, ledger.ReasonApproved, w.pay(first.Code, "R2").Reason, "a new TrackingRef pays the code")
}

// Once the window is over the newest use counts, and the old code keeps its
// own history for ever.
func TestRefUsedAgainAfterItsWindow(t *testing.T) {
	t.Parallel()
	w := setup(t)
	first := w.charge()
	receipt := w.pay(first.Code, "R1").Receipt
	w.pass(longAgo)
	second := w.charge()
	require.Equal(t, []ledger.Warning{ledger.RefSeenElsewhere}, w.pay(second.Code, "R1").Warnings)
	require.Equal(t, ledger.ReasonRefOtherCode, w.pay(w.charge().Code, "R1").Reason)
	require.Equal(t, receipt, w.pay(first.Code, "R1").Receipt)
}

// Two tills, one code: one is told that it paid.
func TestManyTillsPayOneCode(t *testing.T) {
	t.Parallel()
	w := setup(t)
	c := w.charge()
	w.written()
	reasons := make([]ledger.Reason, 64)
	var tills sync.WaitGroup
	for i := range reasons {
		tills.Go(func() {
			r, err := w.service.Pay(t.Context(), ledger.Payment{
				Code: c.Code, Ref: ledger.TrackingRef(rune('A' + i)), Amount: 50_000, Store: store, TimeStamp: w.now,
			})
			if err == nil {
				reasons[i] = r.Reason
			}
		})
	}
	tills.Wait()
	count := map[ledger.Reason]int{}
	for _, r := range reasons {
		count[r]++
	}
	require.Equal(t, map[ledger.Reason]int{ledger.ReasonApproved: 1, ledger.ReasonAlreadyPaid: 63}, count)
	require.Equal(t, []ledger.Kind{ledger.KindPaid}, w.kinds())
}
