package ledger_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"paypoint/ledger"
	"paypoint/store/memory"
)

// identity is a payment's: its code and TrackingRef.
type identity struct {
	code ledger.PaymentCode
	ref  ledger.TrackingRef
}

// story is a world to which random things happen, with all that the tills were
// told kept apart from the ledger.
type story struct {
	*world
	rt *rapid.T
	// given are the charges in the order in which they were given out.
	given []ledger.Charge
	// receipts are what a till has of each payment that was approved.
	receipts map[identity]string
	// last is the payment that was booked last.
	last identity
	// gone are the payments that must never be booked any more.
	gone map[identity]bool
	// closed are the batches as they were when they closed.
	closed map[ledger.Day]ledger.Batch
	// listening says that the merchant has notification URLs.
	listening bool
	// visible is what each charge is to its merchant, and changes are those of
	// it that happened while the merchant listened.
	visible map[uint64]ledger.Standing
	changes []change
	// told are the notices, in their order, up to the one with Seq heard.
	told  []change
	heard uint64
}

// change is one of a charge that its merchant can see.
type change struct {
	number   uint64
	standing ledger.Standing
}

// Few of each, so that they meet.
var (
	storyRefs   = []ledger.TrackingRef{"R1", "R2", "R3"}
	storyStores = []string{store, otherStore}
	storyOrders = []string{"order-a", "order-b", "order-c"}
)

func newStory(t *rapid.T) *story {
	agree := func(a *ledger.Agreement) {
		a.AmountIncludesFee = rapid.Bool().Draw(t, "amount includes fee")
		a.FeeRemitted = rapid.Bool().Draw(t, "fee remitted")
		a.Grace = rapid.SampledFrom([]time.Duration{0, 5 * time.Minute}).Draw(t, "grace")
		a.RefWindow = rapid.SampledFrom([]time.Duration{time.Hour, 90 * 24 * time.Hour}).Draw(t, "ref window")
		a.CutOff = rapid.SampledFrom([]time.Duration{23 * time.Hour, 24 * time.Hour}).Draw(t, "cut-off")
	}
	s := &story{
		world: setup(t, agree), rt: t,
		receipts: map[identity]string{}, gone: map[identity]bool{}, closed: map[ledger.Day]ledger.Batch{},
		visible: map[uint64]ledger.Standing{},
	}
	s.giveOutCode(t)
	return s
}

// code is mostly one of those given out, and seldom one that never was.
func (s *story) code(t *rapid.T) ledger.PaymentCode {
	if rapid.IntRange(0, 9).Draw(t, "unknown") == 9 {
		return unknownCode
	}
	return rapid.SampledFrom(s.given).Draw(t, "charge").Code
}

// identity is often that of the payment that was booked last.
func (s *story) identity(t *rapid.T) identity {
	if s.last.code != "" && rapid.Bool().Draw(t, "the last paid") {
		return s.last
	}
	return identity{s.code(t), rapid.SampledFrom(storyRefs).Draw(t, "ref")}
}

// wireAmount is mostly what the till should name, with the fee where it must be.
func (s *story) wireAmount(t *rapid.T) ledger.Rupiah {
	amount := rapid.SampledFrom([]ledger.Rupiah{50_000, 50_000, 50_000, 50_000, 50_000, 30_000, 9_999}).Draw(t, "amount")
	if s.service.Agreement().AmountIncludesFee {
		return amount + 2_500
	}
	return amount
}

func (s *story) giveOutCode(t *rapid.T) {
	n := s.newCharge(func(n *ledger.NewCharge) {
		n.Order = rapid.SampledFrom(storyOrders).Draw(t, "order")
		n.Hold = rapid.SampledFrom([]time.Duration{0, hold, time.Hour}).Draw(t, "hold")
		n.Fee = rapid.SampledFrom([]ledger.Rupiah{2_500, 2_500, 0}).Draw(t, "fee")
		n.MinAmount = rapid.SampledFrom([]ledger.Rupiah{10_000, 50_000}).Draw(t, "min amount")
		n.Expires = s.now.Add(rapid.SampledFrom([]time.Duration{10 * time.Minute, 30 * time.Hour}).Draw(t, "lifetime"))
		if rapid.IntRange(0, 9).Draw(t, "future") == 0 {
			n.ValidFrom = s.now.Add(5 * time.Minute)
		}
	})
	c, err := s.service.Charge(context.Background(), n)
	if errors.Is(err, ledger.ErrOrderTaken) {
		return
	}
	require.NoError(t, err)
	s.given = append(s.given, c)
}

func (s *story) inquire(t *rapid.T) {
	s.inquiry(s.code(t))
}

// payOnce sends a payment and holds the answer against what tills were told.
func (s *story) payOnce(t *rapid.T) {
	id, amount := s.identity(t), s.wireAmount(t)
	late := rapid.SampledFrom([]time.Duration{0, 0, 0, 0, 9 * time.Minute, time.Hour}).Draw(t, "TimeStamp's age")
	r := s.pay(id.code, id.ref, func(p *ledger.Payment) {
		p.Amount, p.TimeStamp = amount, s.now.Add(-late)
		p.Store = rapid.SampledFrom(storyStores).Draw(t, "store")
	})
	receipt, booked := s.receipts[id]
	switch {
	case s.gone[id]:
		require.Contains(t, []ledger.Reason{ledger.ReasonRefReversed, ledger.ReasonRefBuried}, r.Reason, "it was taken back")
	case booked:
		require.Contains(t, []ledger.Reason{ledger.ReasonApproved, ledger.ReasonRefOtherAmount}, r.Reason, "it is booked")
		require.Equal(t, r.Reason == ledger.ReasonApproved, r.Replayed)
		if r.Replayed {
			require.Equal(t, receipt, r.Receipt)
		}
	case r.Reason == ledger.ReasonApproved:
		require.False(t, r.Replayed)
		require.Empty(t, s.paying(id.code), "the code was paid already")
		s.receipts[id], s.last = r.Receipt, id
	}
}

// paying lists the payments in force of a code.
func (s *story) paying(code ledger.PaymentCode) []identity {
	var paying []identity
	for id := range s.receipts {
		if id.code == code && !s.gone[id] {
			paying = append(paying, id)
		}
	}
	return paying
}

func (s *story) reverseOnce(t *rapid.T) {
	id, amount := s.identity(t), s.wireAmount(t)
	r := s.reverse(id.code, id.ref, func(r *ledger.Reversal) {
		r.Amount, r.Store = amount, rapid.SampledFrom(storyStores).Draw(t, "store")
	})
	_, booked := s.receipts[id]
	switch r.Reason {
	case ledger.ReasonApproved:
		s.gone[id] = true
	case ledger.ReasonUnknownCode:
		require.Equal(t, unknownCode, id.code)
		s.gone[id] = true
	case ledger.ReasonWrongAmount, ledger.ReasonSettled:
		require.True(t, booked)
	case ledger.ReasonOriginalNotFound:
		require.False(t, booked)
	default:
		require.Fail(t, "a reversal is never refused so", r.Reason)
	}
}

func (s *story) timePasses(t *rapid.T) {
	s.pass(rapid.SampledFrom([]time.Duration{time.Second, hold, 4 * time.Minute, time.Hour, 7 * time.Hour}).Draw(t, "time"))
}

func (s *story) endByMerchant(t *rapid.T) {
	c := rapid.SampledFrom(s.given).Draw(t, "charge")
	standing := s.standing(c)
	end := s.service.Cancel
	if rapid.Bool().Draw(t, "expire") {
		end = s.service.Expire
	}
	_, err := end(context.Background(), merchant, c.ID)
	switch standing {
	case ledger.StandingFuture, ledger.StandingActive, ledger.StandingGrace:
		require.NoError(t, err)
	default:
		require.ErrorIs(t, err, ledger.ErrFinal)
	}
}

func (s *story) closeOnce(t *rapid.T) {
	day := s.today()
	for range rapid.IntRange(0, 2).Draw(t, "days ago") {
		day = day.Previous()
	}
	s.closed[day] = s.closeDay(day, true)
}

func (s *story) toggleMaintenance(t *rapid.T) {
	s.set(ledger.SettingMaintenance, rapid.SampledFrom([]string{"", "", "on"}).Draw(t, "maintenance"))
}

// listen lets the merchant have notification URLs or none.
func (s *story) listen(t *rapid.T) {
	s.listening = rapid.Bool().Draw(t, "listening")
	urls := ""
	if s.listening {
		urls = "urls"
	}
	s.set(ledger.SettingNotify(merchant), urls)
}

// notified delivers a notice, or gives it up.
func (s *story) notified(t *rapid.T) {
	notices, err := s.store.Outbox(context.Background(), 0, 1_000_000)
	require.NoError(t, err)
	if len(notices) == 0 {
		return
	}
	outcome := ledger.NoticeOutcome{
		Seq:    rapid.SampledFrom(notices).Draw(t, "notice").Seq,
		Result: rapid.SampledFrom([]ledger.NoticeResult{ledger.NoticeDelivered, ledger.NoticeFailed, ledger.NoticeDropped}).Draw(t, "result"),
	}
	require.NoError(t, s.service.Notified(context.Background(), []ledger.NoticeOutcome{outcome}))
}

// checkTold holds the outbox against what the merchant could see change: each
// change once, in its order, and nothing else. A step changes a charge once.
func (s *story) checkTold(t *rapid.T) {
	for _, c := range s.given {
		now := map[ledger.Status]ledger.Standing{
			ledger.StatusPending: ledger.StandingActive, ledger.StatusHeld: ledger.StandingActive,
			ledger.StatusReleased: ledger.StandingReleased, ledger.StatusCancelled: ledger.StandingCancelled,
			ledger.StatusExpired: ledger.StandingExpired, ledger.StatusDenied: ledger.StandingDenied,
		}[s.chargeNow(c).Status]
		if s.visible[c.Number] != now {
			s.visible[c.Number] = now
			if s.listening {
				s.changes = append(s.changes, change{c.Number, now})
			}
		}
	}
	notices, err := s.store.Outbox(context.Background(), s.heard, 1_000_000)
	require.NoError(t, err)
	for _, n := range notices {
		s.told, s.heard = append(s.told, change{n.Number, n.Standing}), n.Seq
	}
	require.ElementsMatch(t, s.changes, s.told)
	for _, c := range s.given {
		require.Equal(t, of(s.changes, c.Number), of(s.told, c.Number))
	}
}

// of are the changes of one charge.
func of(changes []change, number uint64) []ledger.Standing {
	var standings []ledger.Standing
	for _, c := range changes {
		if c.number == number {
			standings = append(standings, c.standing)
		}
	}
	return standings
}

// sound holds after every step.
func (s *story) sound(t *rapid.T) {
	for _, r := range s.written() {
		require.Zero(t, ledger.Sum(r.Postings), "record %d (%s)", r.Seq, r.Event.Kind())
		for _, p := range r.Postings {
			require.NotZero(t, p.Amount, "record %d posts nothing to %s", r.Seq, p.Account)
		}
	}
	balances, err := s.service.TrialBalance(context.Background(), "")
	require.NoError(t, err)
	var sum ledger.Rupiah
	for _, b := range balances {
		sum += b.Amount
	}
	require.Zero(t, sum)
	for _, c := range s.given {
		paying := s.paying(c.Code)
		require.LessOrEqual(t, len(paying), 1)
		now := s.chargeNow(c)
		paid := now.Status == ledger.StatusHeld || now.Status == ledger.StatusReleased
		require.Equal(t, paid, len(paying) == 1, "the ledger and the tills agree on code %s: %s", c.Code, now.Status)
		switch {
		case paid:
			require.Equal(t, paying[0].ref, now.PaidBy)
		case now.Status != ledger.StatusDenied:
			require.Empty(t, now.PaidBy, "nothing pays it")
		}
	}
}

// TestAnyStory lets everything happen in any order.
func TestAnyStory(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := newStory(t)
		t.Repeat(map[string]func(*rapid.T){
			"charge": s.giveOutCode, "inquire": s.inquire,
			// Twice, for these are what it is about.
			"pay": s.payOnce, "pay again": s.payOnce, "reverse": s.reverseOnce,
			"time": s.timePasses, "sweep": func(*rapid.T) { s.sweep() },
			"end": s.endByMerchant, "close": s.closeOnce, "maintenance": s.toggleMaintenance,
			"listen": s.listen, "notified": s.notified,
			"": func(t *rapid.T) {
				s.sound(t)
				s.checkTold(t)
			},
		})
		s.checkBatches()
		s.checkBooks()
		s.checkReplay()
	})
}

// checkBatches adds every batch up from its lines.
func (s *story) checkBatches() {
	batches, err := s.store.Batches(context.Background(), "", 1_000)
	require.NoError(s.rt, err)
	for _, b := range batches {
		lines, err := s.store.Lines(context.Background(), b.Day, 0, 1_000_000)
		require.NoError(s.rt, err)
		sum := ledger.Batch{
			Day: b.Day, No: b.No, ClosedAt: b.ClosedAt, ClosedBy: b.ClosedBy, Early: b.Early, First: b.First, Last: b.Last,
		}
		for _, line := range lines {
			addLine(&sum, line)
		}
		require.Equal(s.rt, sum, b)
		if closed, ok := s.closed[b.Day]; ok {
			require.Equal(s.rt, closed, b, "a closed batch never changes")
		}
	}
}

func addLine(b *ledger.Batch, line ledger.Line) {
	if line.Reversed {
		b.Reversed++
		b.ReversedAmount += line.Amount
		return
	}
	b.Paid++
	b.PaidAmount += line.Amount
	b.PaidFee += line.Fee
	if line.FeeRemitted {
		b.RemittedFee += line.Fee
	}
}

// checkBooks holds the accounts against the batches: Indomaret owes what stands
// in them, and the merchant is owed the same without the fees.
func (s *story) checkBooks() {
	batches, err := s.store.Batches(context.Background(), "", 1_000)
	require.NoError(s.rt, err)
	var net, paid ledger.Rupiah
	for _, b := range batches {
		net += b.Net()
		paid += b.PaidAmount
	}
	books := s.balances()
	require.Equal(s.rt, net, books[ledger.IndomaretReceivable])
	require.Equal(s.rt, -paid, books[ledger.MerchantPayable(merchant)])
	require.Equal(s.rt, paid-net, books[ledger.Fees])
}

// checkReplay reads the journal's texts into an empty ledger, and finds the
// same there.
func (s *story) checkReplay() {
	records, err := s.store.Records(context.Background(), 0, 1_000_000)
	require.NoError(s.rt, err)
	again := memory.Open()
	for _, r := range records {
		text, err := ledger.MarshalRecord(r)
		require.NoError(s.rt, err)
		read, err := ledger.UnmarshalRecord(text)
		require.NoError(s.rt, err)
		require.NoError(s.rt, again.Apply(context.Background(), ledger.Keys{}, func(ledger.State) (ledger.Change, error) {
			return ledger.Change{At: read.At, Entries: []ledger.Entry{read.Entry}}, nil
		}))
	}
	require.Equal(s.rt, s.everything(s.store), s.everything(again))
}

// everything is all that a reader can find, as text.
func (s *story) everything(r ledger.Reader) []string {
	var all []string
	note := func(what any, err error) {
		require.NoError(s.rt, err)
		text, err := json.Marshal(what)
		require.NoError(s.rt, err)
		all = append(all, string(text))
	}
	ctx := context.Background()
	note(r.Batches(ctx, "", 1_000))
	note(r.Balances(ctx, ""))
	note(r.Settings(ctx, ""))
	note(r.Outbox(ctx, 0, 1_000_000))
	note(r.Listed(ctx, merchant, "", ledger.Place{}, 1_000_000))
	for _, order := range storyOrders {
		number, err := r.Find(ctx, merchant, order)
		all = append(all, fmt.Sprint(order, number, err))
	}
	for _, c := range append(s.given, ledger.Charge{Number: 1_000_000, Code: unknownCode}) {
		for _, ref := range storyRefs {
			for _, store := range storyStores {
				// By number: the other ledger's codes have another key.
				note(r.Load(ctx, ledger.Keys{Number: c.Number, Code: c.Code, Ref: ref, Store: store, Day: s.today()}))
			}
		}
	}
	batches, err := r.Batches(ctx, "", 1_000)
	require.NoError(s.rt, err)
	for _, b := range batches {
		note(r.Lines(ctx, b.Day, 0, 1_000_000))
	}
	return all
}
