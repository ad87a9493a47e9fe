package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// shown is a message as a till would have it, of the operation op.
func shown(op operation, code string) result {
	return result{record: record{
		Op: op, StoreID: "G001T001", TimeStamp: "2026-11-22 23:59:30", PaymentCode: "0123", TrackingRef: "T1",
		Amount: 52500, Fee: 2500, ResponseCode: code, ResponseDesc: "Words", TookMicros: 12_345,
	}}
}

func TestReceipts(t *testing.T) {
	t.Parallel()
	found := shown(inquiry, "00")
	found.answer = answer{
		Customer: "Andi", Desc: "Order\n\x1b[2J", MinAmount: 10_000, Payable: 1_050_000, Product: "123",
		Expires: "2026-11-23 10:00:00", ExtraParams: [3]string{"", "B"},
	}
	refused := shown(inquiry, "14")
	refused.answer = answer{Payable: 7}
	inside := shown(payment, "00")
	inside.FeeInAmount, inside.ReceiptCode = true, "R1"
	lost := shown(payment, "")
	lost.Trouble = "no answer within 30s"
	unsent := shown(reversal, "")
	unsent.Trouble, unsent.NotSent = "no connection: refused", true
	for name, got := range map[string]result{
		"inquiry-open-amount": found, "inquiry-refused": refused, "payment-fee-inside": inside, "payment-lost": lost,
		"reversal-not-sent": unsent,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			golden(t, "receipts/"+name+".txt", receiptOf(got))
		})
	}
}

func TestEndOfSale(t *testing.T) {
	t.Parallel()
	sent := result{}
	for _, c := range []struct {
		sale sold
		want string
	}{
		{sold{Verdict: verdictApproved, Payment: &sent}, "PAID.\n"},
		{sold{Verdict: verdictRefused, Payment: &sent}, "NOT PAID: refused by the partner.\n"},
		{sold{Verdict: verdictNotSent, Payment: &sent}, "NOT PAID: no connection, nothing was sent.\n"},
		{sold{Verdict: verdictUnknown, Inquiry: &sent}, "NOT PAID: the inquiry got no answer.\n"},
		{sold{Verdict: verdictTakenBack, Payment: &sent}, "NOT PAID: the payment's outcome is unknown; its reversal was approved.\n"},
		{sold{Verdict: verdictUnknown, Payment: &sent}, "OUTCOME UNKNOWN: the partner may have booked the payment; no reversal was sent.\n"},
		{
			sold{Verdict: verdictUnknown, Payment: &sent, Reversals: make([]result, 2)},
			"OUTCOME UNKNOWN: the partner may have booked the payment; 2 reversals, none approved.\n" +
				"Later: indomaret reverse --suspects\n",
		},
	} {
		require.Equal(t, c.want, endOfSale(c.sale))
	}
}

func TestTheWorstVerdictSetsTheExitCode(t *testing.T) {
	t.Parallel()
	require.Equal(t, verdictUnknown, worse(verdictUnknown, verdictRefused))
	require.Equal(t, verdictRefused, worse(verdictApproved, verdictRefused))
	require.Equal(t, verdictNotSent, worse(verdictNotSent, verdictApproved))
	require.NoError(t, failureOf(verdictApproved))
	require.ErrorIs(t, failureOf(verdictRefused), errRefused)
	for _, v := range []verdict{verdictNotSent, verdictUnknown, verdictTakenBack} {
		require.ErrorIs(t, failureOf(v), errNoAnswer)
	}
}
