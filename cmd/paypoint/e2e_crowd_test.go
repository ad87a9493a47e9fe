package main

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

// crowd is how many tills act at once.
const crowd = 64

// sendAtOnce sends every message from a till of its own, all at the same time.
func (s *stage) sendAtOnce(messages []tillMessage) []tillAnswer {
	answers := make([]tillAnswer, len(messages))
	begin := make(chan struct{})
	var tills sync.WaitGroup
	for i, m := range messages {
		tills.Go(func() {
			<-begin
			answers[i] = s.send(m)
		})
	}
	close(begin)
	tills.Wait()
	return answers
}

// sendCrowd lets as many tills as crowd send one message each.
func (s *stage) sendCrowd(message func(i int) tillMessage) []tillAnswer {
	messages := make([]tillMessage, crowd)
	for i := range messages {
		messages[i] = message(i)
	}
	return s.sendAtOnce(messages)
}

func countAnswers(answers []tillAnswer) map[string]int {
	counts := map[string]int{}
	for _, a := range answers {
		counts[a.String()]++
	}
	return counts
}

func receiptsOf(answers []tillAnswer) map[string]bool {
	receipts := map[string]bool{}
	for _, a := range answers {
		if receipt := a.values["ReceiptCode"]; receipt != "" {
			receipts[receipt] = true
		}
	}
	return receipts
}

func TestEndToEnd64TillsPayOneCode(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{hold: stageHold})
	code, _ := s.charge(chargeTerms{})
	records := len(s.journal())
	answers := s.sendCrowd(func(i int) tillMessage {
		return s.payment(code, fmt.Sprintf("REF%d", i), stageAmount).with("StoreID", fmt.Sprintf("TK%d", i))
	})
	require.Equal(t, map[string]int{saysApproved: 1, saysAlreadyPaid: crowd - 1}, countAnswers(answers))
	require.Len(t, receiptsOf(answers), 1)
	require.Equal(t, "paid", s.written(records))
	require.Equal(t, stageAmount, s.receivable())
}

func TestEndToEnd64RetriesOfOnePayment(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{hold: stageHold})
	code, _ := s.charge(chargeTerms{})
	records := len(s.journal())
	answers := s.sendCrowd(func(_ int) tillMessage {
		return s.payment(code, tillRef, stageAmount)
	})
	require.Equal(t, map[string]int{saysApproved: crowd}, countAnswers(answers))
	require.Len(t, receiptsOf(answers), 1)
	require.Equal(t, "paid", s.written(records))
	require.Equal(t, stageAmount, s.receivable())
}

func TestEndToEnd64PaymentsOf64Codes(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	answers := s.sendCrowd(func(i int) tillMessage {
		code, _ := s.charge(chargeTerms{})
		return s.payment(code, fmt.Sprintf("REF%d", i), stageAmount)
	})
	require.Equal(t, map[string]int{saysApproved: crowd}, countAnswers(answers))
	require.Len(t, receiptsOf(answers), crowd)
	require.Equal(t, crowd*stageAmount, s.receivable())
}

// One store uses one TrackingRef for many codes at once: it is booked once.
func TestEndToEnd64CodesUnderOneTrackingRef(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	answers := s.sendCrowd(func(_ int) tillMessage {
		code, _ := s.charge(chargeTerms{})
		return s.payment(code, tillRef, stageAmount)
	})
	require.Equal(t, map[string]int{saysApproved: 1, saysOtherCode: crowd - 1}, countAnswers(answers))
	require.Equal(t, stageAmount, s.receivable())
}

// A payment and its reversal race: whichever comes first, nothing stays paid,
// and a payment that lost is never approved.
func TestEndToEndPaymentRacesItsReversal(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{hold: stageHold})
	var messages []tillMessage
	for i := range crowd {
		code, _ := s.charge(chargeTerms{})
		ref := fmt.Sprintf("REF%d", i)
		messages = append(messages, s.payment(code, ref, stageAmount), s.reversal(code, ref, stageAmount))
	}
	records := len(s.journal())
	answers := s.sendAtOnce(messages)

	history := map[ledger.TrackingRef]string{}
	for _, r := range s.journal()[records:] {
		switch e := r.Event.(type) {
		case ledger.Paid:
			history[e.Ref] += "paid "
		case ledger.Reversed:
			history[e.Ref] += "reversed "
		case ledger.Buried:
			history[e.Ref] += "buried "
		}
	}
	for i := 0; i < len(messages); i += 2 {
		ref := ledger.TrackingRef(messages[i].text("TrackingRef"))
		require.Equal(t, saysApproved, answers[i+1].String())
		want := map[string]string{"paid reversed ": saysApproved, "buried ": saysReversed}[history[ref]]
		require.NotEmpty(t, want, "%s: %s", ref, history[ref])
		require.Equal(t, want, answers[i].String())
		code := messages[i].text("PaymentCode")
		require.Equal(t, saysReversed, s.send(s.payment(code, string(ref), stageAmount)).String())
	}
	require.Zero(t, s.receivable())
}

// Retries of a payment, retries of its reversal and a second till, all at
// once: one of them has the code at the end, or nobody.
func TestEndToEndCrowdAroundOneCode(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{hold: stageHold})
	code, _ := s.charge(chargeTerms{})
	var messages []tillMessage
	for range crowd / 4 {
		messages = append(messages,
			s.payment(code, tillRef, stageAmount), s.reversal(code, tillRef, stageAmount),
			s.payment(code, otherRef, stageAmount), s.inquiry(code))
	}
	s.sendAtOnce(messages)
	require.Equal(t, saysReversed, s.send(s.payment(code, tillRef, stageAmount)).String())
	// Once the first till's payment is gone for good, the second can have the code.
	s.pay(code, otherRef, stageAmount)
	require.Equal(t, stageAmount, s.receivable())
}
