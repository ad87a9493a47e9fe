package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

const saysOtherCode = "94 TrackingRef already used for another payment code"

// refWindow is how long a store's TrackingRef can't serve another code.
const refWindow = 90 * 24 * time.Hour

// A TrackingRef is a store's: what it means under another code depends on who
// sends it, and when.
func TestEndToEndTrackingRefOfAnotherCode(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		store   string
		later   time.Duration
		pay     string
		reverse string
		warned  bool
	}{
		{"same store, at once", tillStore, 0, saysOtherCode, "25 Original payment not found | case", false},
		{"same store, last moment of the window", tillStore, refWindow - time.Second, saysOtherCode, "25 Original payment not found | case", false},
		{"same store, window over", tillStore, refWindow, saysPaidReleased, saysBuried, true},
		{"other store", otherStore, 0, saysPaidReleased, saysBuried, true},
		{"other store, window over", otherStore, refWindow, saysPaidReleased, saysBuried, true},
	} {
		setUp := func(t *testing.T) (*stage, string) {
			t.Helper()
			s := newStage(t, stageSetup{})
			booked, _ := s.charge(chargeTerms{})
			s.pay(booked, tillRef, stageAmount)
			s.clock.turn(c.later)
			code, _ := s.charge(chargeTerms{})
			return s, code
		}
		t.Run(c.name+"/inquiry", func(t *testing.T) {
			t.Parallel()
			s, code := setUp(t)
			require.Equal(t, saysApproved, s.send(s.inquiry(code).with("StoreID", c.store)).String())
		})
		t.Run(c.name+"/payment", func(t *testing.T) {
			t.Parallel()
			s, code := setUp(t)
			want, writes, _ := readCell(t, c.pay)
			records := len(s.journal())
			require.Equal(t, want, s.send(s.payment(code, tillRef, stageAmount).with("StoreID", c.store)).String())
			require.Equal(t, writes, s.written(records))
			require.Equal(t, stageAmount+movedBy(writes), s.receivable())
			require.Equal(t, c.warned, s.warned(ledger.RefSeenElsewhere))
		})
		t.Run(c.name+"/reversal", func(t *testing.T) {
			t.Parallel()
			s, code := setUp(t)
			want, writes, _ := readCell(t, c.reverse)
			records := len(s.journal())
			require.Equal(t, want, s.send(s.reversal(code, tillRef, stageAmount).with("StoreID", c.store)).String())
			require.Equal(t, writes, s.written(records))
			require.Equal(t, stageAmount, s.receivable(), "the other code's payment stands")
		})
	}
}

// Identity is the code and the TrackingRef: the store that retries or takes
// back only warns.
func TestEndToEndOtherStoreAndProductOnlyWarn(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	code, order := s.charge(chargeTerms{cstore: map[string]any{"product_code": "PULSA"}})
	receipt := s.pay(code, tillRef, stageAmount)
	retry := s.send(s.payment(code, tillRef, stageAmount).with("StoreID", otherStore).with("ProductCode", "TOKEN"))
	require.Equal(t, saysApproved, retry.String())
	require.Equal(t, receipt, retry.values["ReceiptCode"])
	require.True(t, s.warned(ledger.StoreDiffers))
	back := s.send(s.reversal(code, tillRef, stageAmount).with("StoreID", otherStore).with("ProductCode", "TOKEN"))
	require.Equal(t, saysApproved, back.String())
	require.Equal(t, "deny", s.status(order)["transaction_status"])
}

func TestEndToEndProductCode(t *testing.T) {
	t.Parallel()
	const notAllowed = "33 Product code not allowed"
	for _, c := range []struct {
		name, product, inquiry, pay string
		warned                      bool
	}{
		{"the charge's", "PULSA", saysApproved, saysPaidReleased, false},
		{"none", "", saysApproved, saysPaidReleased, false},
		{"allowed, but another", "TOKEN", saysApproved, saysPaidReleased, true},
		{"not allowed", "GAME", notAllowed, notAllowed, false},
		{"in another case", "pulsa", notAllowed, notAllowed, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, stageSetup{environ: []string{"PAYPOINT_PARTNER_PRODUCT_CODES=PULSA,TOKEN"}})
			code, _ := s.charge(chargeTerms{cstore: map[string]any{"product_code": "PULSA"}})
			require.Equal(t, c.inquiry, s.send(s.inquiry(code).with("ProductCode", c.product)).String())
			want, writes, _ := readCell(t, c.pay)
			records := len(s.journal())
			require.Equal(t, want, s.send(s.payment(code, tillRef, stageAmount).with("ProductCode", c.product)).String())
			require.Equal(t, writes, s.written(records))
			if c.warned {
				require.Contains(t, s.metrics(), `paypoint_partner_warnings_total{warning="product_differs"} 2`)
			}
			// A reversal has no use for the product.
			answer := s.send(s.reversal(code, tillRef, stageAmount).with("ProductCode", "GAME"))
			require.Equal(t, saysApproved, answer.String())
			require.Zero(t, s.receivable())
		})
	}
}

// A till may pay without having asked, or ask under another TrackingRef; to
// ask twice is to ask once.
func TestEndToEndInquiryIsNoCondition(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	code, _ := s.charge(chargeTerms{})
	records := len(s.journal())
	first := s.send(s.inquiry(code))
	require.Equal(t, first.body, s.send(s.inquiry(code)).body)
	require.Equal(t, "", s.written(records), "an inquiry writes nothing")
	s.pay(code, otherRef, stageAmount)
}

// After a reversal the customer tries again: under a new TrackingRef it is
// booked, under the old one never.
func TestEndToEndPaymentAfterReversal(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{hold: stageHold})
	code, order := s.charge(chargeTerms{})
	first := s.pay(code, tillRef, stageAmount)
	s.reverse(code, tillRef, stageAmount)
	second := s.pay(code, otherRef, stageAmount)
	require.NotEqual(t, first, second)
	require.Equal(t, saysReversed, s.send(s.payment(code, tillRef, stageAmount)).String())
	// The first till's reversal comes once more and must not touch the second payment.
	s.reverse(code, tillRef, stageAmount)
	require.Equal(t, second, s.pay(code, otherRef, stageAmount))
	require.Equal(t, stageAmount, s.receivable())
	s.clock.turn(stageHold)
	s.sweep()
	status := s.status(order)
	require.Equal(t, "settlement", status["transaction_status"])
	require.Equal(t, second, status["approval_code"])
}

// The time of a code that a reversal reopened: at least the grace.
func TestEndToEndReopenedCodeStaysPayableForTheGrace(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{hold: stageHold})
	code, _ := s.charge(chargeTerms{seconds: 30})
	s.pay(code, tillRef, stageAmount)
	s.clock.turn(45 * time.Second)
	s.reverse(code, tillRef, stageAmount)
	s.clock.turn(s.app.config.Partner.Grace - time.Second)
	s.sweep()
	s.pay(code, otherRef, stageAmount)
}

// Nothing but the clock makes the order id of an expired charge free, and not
// while a till that was told of it may still pay.
func TestEndToEndGraceKeepsTheOrder(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	code, order := s.charge(chargeTerms{seconds: 60})
	intoGrace(s, code, order)
	require.Equal(t, "pending", s.status(order)["transaction_status"])
	s.pay(code, tillRef, stageAmount)
	require.True(t, lastEvent[ledger.Paid](s).Grace)
	require.True(t, s.warned(ledger.BookedInGrace))
	require.Equal(t, "settlement", s.status(order)["transaction_status"])
}
