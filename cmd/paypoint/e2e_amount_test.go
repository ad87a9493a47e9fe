package main

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

// openAmount lets the customer choose from 20000 to 50000.
var openAmount = chargeTerms{cstore: map[string]any{"min_amount": 20_000}}

func TestEndToEndOpenAmountIsPaidOnceWithinItsBounds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		amount ledger.Rupiah
		want   string
	}{
		{"below the least", 19_999, saysWrongAmount},
		{"the least", 20_000, saysApproved},
		{"between", 30_000, saysApproved},
		{"the most", 50_000, saysApproved},
		{"above the most", 50_001, saysWrongAmount},
		{"nothing", 0, saysWrongAmount},
		{"the most that 12 digits hold", 999_999_999_999, saysWrongAmount},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, stageSetup{})
			code, _ := s.charge(openAmount)
			require.Equal(t, c.want, s.send(s.payment(code, tillRef, c.amount)).String())
			owed := ledger.Rupiah(0)
			if c.want == saysApproved {
				owed = c.amount
			}
			require.Equal(t, owed, s.receivable())
		})
	}
}

func TestEndToEndOpenAmountRemembersWhatWasPaid(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	code, order := s.charge(openAmount)
	shown := s.send(s.inquiry(code))
	require.Equal(t, "20000", shown.values["MinAmount"])
	require.Equal(t, "50000", shown.values["Amount"])

	receipt := s.pay(code, tillRef, 30_000)
	require.Equal(t, receipt, s.pay(code, tillRef, 30_000))
	require.Equal(t, saysOtherAmount, s.send(s.payment(code, tillRef, 50_000)).String())
	require.Equal(t, saysAlreadyPaid, s.send(s.payment(code, otherRef, 20_000)).String())
	require.Equal(t, saysAlreadyPaid, s.send(s.inquiry(code)).String())
	status := s.status(order)
	require.Equal(t, "50000.00", status["gross_amount"])
	require.Equal(t, "30000.00", status["paid_amount"])
	require.Equal(t, "20000.00", status["min_amount"])

	require.Equal(t, saysWrongAmount, s.send(s.reversal(code, tillRef, 50_000)).String())
	require.Equal(t, ledger.Rupiah(30_000), s.receivable())
	s.reverse(code, tillRef, 30_000)
	require.Zero(t, s.receivable())
}

func TestEndToEndFeeWithinTheAmount(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{environ: []string{"PAYPOINT_PARTNER_AMOUNT_INCLUDES_FEE=true", "PAYPOINT_PARTNER_FEE_REMITTED=true"}})
	code, order := s.charge(chargeTerms{cstore: map[string]any{"fee": 5_000, "min_amount": 20_000}})
	shown := s.send(s.inquiry(code))
	require.Equal(t, "55000", shown.values["Amount"])
	require.Equal(t, "25000", shown.values["MinAmount"])
	require.Equal(t, "5000", shown.values["Fee"])

	require.Equal(t, saysWrongAmount, s.send(s.payment(code, tillRef, 24_999)).String())
	require.Equal(t, saysWrongAmount, s.send(s.payment(code, tillRef, 55_001)).String())
	s.pay(code, tillRef, 55_000)
	require.Equal(t, saysOtherAmount, s.send(s.payment(code, tillRef, 50_000)).String())
	balances, sum := s.balances()
	require.Zero(t, sum)
	require.Equal(t, ledger.Rupiah(55_000), balances[ledger.IndomaretReceivable])
	require.Equal(t, ledger.Rupiah(-5_000), balances[ledger.Fees])
	require.Equal(t, "50000.00", s.status(order)["paid_amount"], "never with the fee")

	require.Equal(t, saysWrongAmount, s.send(s.reversal(code, tillRef, 50_000)).String())
	s.reverse(code, tillRef, 55_000)
	require.Zero(t, s.receivable())
}

func TestEndToEndFeeOnTop(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	code, _ := s.charge(chargeTerms{cstore: map[string]any{"fee": 5_000}})
	shown := s.send(s.inquiry(code))
	require.Equal(t, "50000", shown.values["Amount"])
	require.Equal(t, "5000", shown.values["Fee"])
	require.Equal(t, saysWrongAmount, s.send(s.payment(code, tillRef, 55_000)).String())
	s.pay(code, tillRef, 50_000)
	require.Equal(t, stageAmount, s.receivable(), "the fee stays with the partner")
}

// A payment goes to the batch of its TimeStamp's day, and to the next open one
// when that is closed: it is never refused for coming late.
func TestEndToEndLatePayment(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	first, _ := s.charge(chargeTerms{})
	s.pay(first, tillRef, stageAmount)
	s.closeDay()
	second, _ := s.charge(chargeTerms{})
	s.pay(second, otherRef, stageAmount)

	paid := lastEvent[ledger.Paid](s)
	require.Equal(t, stageDay.Next(), paid.Day)
	require.True(t, paid.Late)
	require.True(t, s.warned(ledger.BookedLate))
	day := s.finance(http.MethodGet, "/settlements/"+string(stageDay.Next()))
	require.EqualValues(t, 1, day["count_paid"])
	// It is in an open batch, so it can be taken back; the first can't.
	s.reverse(second, otherRef, stageAmount)
	require.Equal(t, "12 Payment already settled", s.send(s.reversal(first, tillRef, stageAmount)).String())
}

// A reversal may come a day later as long as the batch is open.
func TestEndToEndReversalOfYesterday(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{environ: []string{"PAYPOINT_PARTNER_TIMESTAMP_TOLERANCE=10m"}})
	code, order := s.charge(chargeTerms{})
	s.pay(code, tillRef, stageAmount)
	late := s.reversal(code, tillRef, stageAmount)
	s.clock.turn(30 * time.Hour)
	require.Equal(t, saysApproved, s.send(late).String())
	require.Equal(t, "deny", s.status(order)["transaction_status"])
	require.Equal(t, stageDay, lastEvent[ledger.Reversed](s).Day)
	require.Zero(t, s.receivable())
}

// A case asks a person once, however often the till repeats itself.
func TestEndToEndRefusedReversalOpensOneCase(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	code, _ := s.charge(chargeTerms{})
	s.pay(code, tillRef, stageAmount)
	records := len(s.journal())
	for range 3 {
		require.Equal(t, saysWrongAmount, s.send(s.reversal(code, tillRef, 40_000)).String())
	}
	require.Equal(t, "case", s.written(records))
	opened := lastEvent[ledger.CaseOpened](s)
	require.Equal(t, ledger.ReasonWrongAmount, opened.Reason)
	require.Equal(t, ledger.TrackingRef(tillRef), opened.Ref)
	require.Equal(t, ledger.Rupiah(40_000), opened.Amount)
	s.reverse(code, tillRef, stageAmount)
}
