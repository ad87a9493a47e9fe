package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

// gate stops the engine's committer inside one decision, so that all that
// comes after waits in its queue.
type gate struct {
	entered chan struct{}
	opened  chan struct{}
	// open lets the committer go on. A test that fails before it calls it is
	// not left waiting.
	open func()
}

// stall closes a gate before the next change with a TrackingRef.
func (s *stage) stall(ref ledger.TrackingRef) gate {
	g := gate{entered: make(chan struct{}), opened: make(chan struct{})}
	g.open = sync.OnceFunc(func() { close(g.opened) })
	s.t.Cleanup(g.open)
	s.store.order(func(apply func(decision) error, keys ledger.Keys, decide decision) error {
		if keys.Ref != ref {
			return apply(decide)
		}
		s.store.order(nil)
		return apply(func(state ledger.State) (ledger.Change, error) {
			close(g.entered)
			<-g.opened
			return decide(state)
		})
	})
	return g
}

// sendSoon sends a message and does not wait for the answer.
func (s *stage) sendSoon(m tillMessage) <-chan tillAnswer {
	answer := make(chan tillAnswer, 1)
	go func() { answer <- s.send(m) }()
	return answer
}

// queued waits until so many messages of a lane are in the queue.
func (s *stage) queued(lane ledger.Lane, count int) {
	s.t.Helper()
	require.Eventually(s.t, func() bool { return s.store.Waiting(lane) == count }, 10*time.Second, time.Millisecond)
}

// unbalanced makes the engine fail while it writes a change: it adds a record
// whose postings do not sum to zero, which no journal takes.
func unbalanced(lane ledger.Lane) applyFault {
	return func(apply func(decision) error, keys ledger.Keys, decide decision) error {
		if keys.Lane != lane {
			return apply(decide)
		}
		return apply(func(state ledger.State) (ledger.Change, error) {
			change, err := decide(state)
			if !change.Empty() {
				change.Entries = append(change.Entries, ledger.Entry{
					Event: ledger.Released{}, Postings: []ledger.Posting{{Account: ledger.Suspense, Amount: 1}},
				})
			}
			return change, err
		})
	}
}

// inDoubt lets the engine commit and then says that it does not know.
func inDoubt(apply func(decision) error, _ ledger.Keys, decide decision) error {
	return errors.Join(ledger.ErrOutcomeUnknown, apply(decide))
}

// neverBegun gives a change up before it is decided.
func neverBegun(func(decision) error, ledger.Keys, decision) error {
	return fmt.Errorf("no transaction: %w", ledger.ErrNotCommitted)
}

// A full queue refuses only what is new: a retry of a payment that waits or is
// booked waits too, and a reversal has places of its own.
func TestEndToEndBusy(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{environ: []string{"PAYPOINT_QUEUE_MAX_PAYMENTS=1"}})
	h := arrangeHistories(s)
	code, _ := s.charge(chargeTerms{})
	records := len(s.journal())
	g := s.stall("REFQUEUED")
	first := s.sendSoon(s.payment(code, "REFQUEUED", stageAmount))
	<-g.entered

	require.Equal(t, "96 System busy", s.send(s.payment(h.fresh, "REFFRESH", stageAmount)).String())
	require.Equal(t, "96 System busy", s.send(s.payment(code, "REFFRESH", stageAmount)).String())
	require.Equal(t, saysApproved, s.send(s.inquiry(h.fresh)).String())
	retryQueued := s.sendSoon(s.payment(code, "REFQUEUED", stageAmount))
	s.queued(ledger.LaneReversal, 1)
	otherAmount := s.sendSoon(s.payment(code, "REFQUEUED", 40_000))
	s.queued(ledger.LaneReversal, 2)
	retryBooked := s.sendSoon(s.payment(h.booked, "REFBOOKED", stageAmount))
	s.queued(ledger.LaneReversal, 3)
	retryReversed := s.sendSoon(s.payment(h.reversed, "REFREVERSED", stageAmount))
	s.queued(ledger.LaneReversal, 4)
	retryBuried := s.sendSoon(s.payment(h.buried, "REFBURIED", stageAmount))
	s.queued(ledger.LaneReversal, 5)
	back := s.sendSoon(s.reversal(h.booked, "REFBOOKED", stageAmount))
	s.queued(ledger.LaneReversal, 6)

	g.open()
	booked := <-first
	require.Equal(t, saysApproved, booked.String())
	again := <-retryQueued
	require.Equal(t, saysApproved, again.String())
	require.Equal(t, booked.values["ReceiptCode"], again.values["ReceiptCode"])
	require.Equal(t, saysOtherAmount, (<-otherAmount).String())
	require.Equal(t, h.receipt, (<-retryBooked).values["ReceiptCode"])
	require.Equal(t, saysReversed, (<-retryReversed).String())
	require.Equal(t, saysReversed, (<-retryBuried).String())
	require.Equal(t, saysApproved, (<-back).String())
	require.Equal(t, "paid released reversed", s.written(records))
	s.pay(h.fresh, "REFFRESH", stageAmount)
}

// An inquiry that would have to write its grace is refused when it can't.
func TestEndToEndBusyInquiry(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{environ: []string{"PAYPOINT_QUEUE_MAX_PAYMENTS=1"}})
	code, _ := s.charge(chargeTerms{seconds: 60})
	other, _ := s.charge(chargeTerms{seconds: 60})
	ask := s.inquiry(code)
	g := s.stall("") // an inquiry's change has no TrackingRef
	first := s.sendSoon(ask)
	<-g.entered
	require.Equal(t, "96 System busy", s.send(s.inquiry(other)).String())
	g.open()
	require.Equal(t, saysApproved, (<-first).String())
	s.store.order(neverBegun)
	require.Equal(t, "96 System error", s.send(s.inquiry(other)).String())
	s.store.order(inDoubt)
	require.Equal(t, "96 System error", s.send(s.inquiry(other)).String(), "no money is at stake")
	s.store.order(nil)
}

// Reversals that no place is left for get no answer, so that they come again.
func TestEndToEndTooManyReversals(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{environ: []string{"PAYPOINT_QUEUE_MAX_REVERSALS=1"}})
	h := arrangeHistories(s)
	g := s.stall("REFFRESH")
	first := s.sendSoon(s.reversal(h.fresh, "REFFRESH", stageAmount))
	<-g.entered
	require.Equal(t, noAnswer, s.send(s.reversal(h.booked, "REFBOOKED", stageAmount)).String())
	g.open()
	require.Equal(t, saysApproved, (<-first).String())
	s.reverse(h.booked, "REFBOOKED", stageAmount)
}

// While a payment waits for the disk, its retry waits with it, and a reversal
// behind it takes it back.
func TestEndToEndSlowCommit(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	code, order := s.charge(chargeTerms{})
	records := len(s.journal())
	g := s.stall(tillRef)
	first := s.sendSoon(s.payment(code, tillRef, stageAmount))
	<-g.entered
	retry := s.sendSoon(s.payment(code, tillRef, stageAmount))
	s.queued(ledger.LanePayment, 2)
	back := s.sendSoon(s.reversal(code, tillRef, stageAmount))
	s.queued(ledger.LaneReversal, 1)
	require.Equal(t, "pending", s.status(order)["transaction_status"], "nothing is told before it is durable")
	g.open()

	booked, again := <-first, <-retry
	require.Equal(t, saysApproved, booked.String())
	require.Equal(t, saysApproved, again.String())
	require.Equal(t, booked.values["ReceiptCode"], again.values["ReceiptCode"])
	require.Equal(t, saysApproved, (<-back).String())
	require.Equal(t, "paid released reversed", s.written(records))
	require.Zero(t, s.receivable())
}

// What was certainly not booked is refused; under the same TrackingRef it can
// be paid once the fault is over.
func TestEndToEndPaymentThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	h := arrangeHistories(s)
	records := len(s.journal())
	s.store.order(unbalanced(ledger.LanePayment))
	require.Equal(t, "96 System error", s.send(s.payment(h.fresh, "REFFRESH", stageAmount)).String())
	retry := s.send(s.payment(h.booked, "REFBOOKED", stageAmount))
	require.Equal(t, h.receipt, retry.values["ReceiptCode"], "a replay writes nothing that could fail")
	require.Equal(t, saysReversed, s.send(s.payment(h.reversed, "REFREVERSED", stageAmount)).String())
	require.Equal(t, "", s.written(records))
	s.store.order(nil)
	s.pay(h.fresh, "REFFRESH", stageAmount)
}

// Where the ledger was never asked, nobody knows whether the TrackingRef is
// booked: no answer.
func TestEndToEndPaymentThatWasNeverDecided(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	h := arrangeHistories(s)
	s.store.order(neverBegun)
	require.Equal(t, noAnswer, s.send(s.payment(h.booked, "REFBOOKED", stageAmount)).String())
	require.Equal(t, noAnswer, s.send(s.payment(h.fresh, "REFFRESH", stageAmount)).String())
	require.Equal(t, noAnswer, s.send(s.reversal(h.booked, "REFBOOKED", stageAmount)).String())
	s.store.order(nil)
	require.Equal(t, h.receipt, s.pay(h.booked, "REFBOOKED", stageAmount))
}

// A commit in doubt gets no answer; the till reverses, and that is served.
func TestEndToEndCommitInDoubt(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	code, order := s.charge(chargeTerms{})
	records := len(s.journal())
	s.store.order(inDoubt)
	require.Equal(t, noAnswer, s.send(s.payment(code, tillRef, stageAmount)).String())
	require.Equal(t, noAnswer, s.send(s.payment(code, tillRef, stageAmount)).String(), "a replay is no surer")
	require.Contains(t, s.metrics(), `paypoint_partner_messages_total{code="none",operation="payment",reason="no answer"} 2`)
	s.store.order(nil)
	s.reverse(code, tillRef, stageAmount)
	require.Equal(t, saysReversed, s.send(s.payment(code, tillRef, stageAmount)).String())
	require.Equal(t, "paid released reversed", s.written(records))
	require.Equal(t, "deny", s.status(order)["transaction_status"])
}

// A payment that takes too long is given up by the connection, not by the
// ledger: it is booked all the same, and the till's reversal finds it.
func TestEndToEndAnswerTimeout(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{change: func(c *Config) { c.Limits.Partner.AnswerTimeout = 50 * time.Millisecond }})
	code, _ := s.charge(chargeTerms{})
	records := len(s.journal())
	g := s.stall(tillRef)
	answer := s.sendSoon(s.payment(code, tillRef, stageAmount))
	<-g.entered
	require.Equal(t, noAnswer, (<-answer).String())
	require.Equal(t, noAnswer, s.send(s.reversal(code, tillRef, stageAmount)).String(), "it waits behind the payment")
	g.open()
	s.queued(ledger.LanePayment, 0)
	s.queued(ledger.LaneReversal, 0)
	require.Equal(t, "paid released reversed", s.written(records))
	s.reverse(code, tillRef, stageAmount)
	require.Zero(t, s.receivable())
}

// A till that hangs up changes nothing: what it asked for is done.
func TestEndToEndHangUp(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	code, _ := s.charge(chargeTerms{})
	records := len(s.journal())
	g := s.stall(tillRef)
	ctx, hangUp := context.WithCancel(context.Background())
	gone := make(chan error, 1)
	m := s.payment(code, tillRef, stageAmount).signed()
	go func() { gone <- s.postAndForget(ctx, m) }()
	<-g.entered
	hangUp()
	require.ErrorIs(t, <-gone, context.Canceled)
	g.open()
	s.queued(ledger.LanePayment, 0)
	require.Equal(t, "paid released", s.written(records))
	s.pay(code, tillRef, stageAmount)
}

// A reversal that can't be committed gets no answer and is sent again; so is
// one with a defect whose case can't be kept.
func TestEndToEndReversalThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		fault applyFault
	}{
		{"not written", unbalanced(ledger.LaneReversal)},
		{"never decided", neverBegun},
		{"in doubt", inDoubt},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, stageSetup{})
			h := arrangeHistories(s)
			s.store.order(c.fault)
			require.Equal(t, noAnswer, s.send(s.reversal(h.booked, "REFBOOKED", stageAmount)).String())
			require.Equal(t, noAnswer, s.send(s.reversal(h.fresh, "REFFRESH", stageAmount)).String())
			require.Equal(t, noAnswer, s.send(s.reversal(h.booked, "REFBOOKED", stageAmount).with("Amount", "5,0")).String())
			s.store.order(nil)
			s.reverse(h.booked, "REFBOOKED", stageAmount)
			s.reverse(h.fresh, "REFFRESH", stageAmount)
			require.Zero(t, s.receivable())
		})
	}
}

// When the engine can't go on, the program ends and says so, for the supervisor
// to start it again; the ledger is then as its journal says.
func TestEndToEndLedgerThatStops(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{fails: true})
	code, _ := s.charge(chargeTerms{})
	s.pay(code, tillRef, stageAmount)
	close(s.store.failed)
	select {
	case err := <-s.ended:
		require.ErrorContains(t, err, "the ledger has stopped, start again")
		s.ended <- err // for the end of the stage
	case <-time.After(10 * time.Second):
		require.Fail(t, "the program goes on")
	}
}
