package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// quick adds flags that space reversals so that a test need not wait.
func quick(args ...string) []string {
	return append(args, "--reversal-spacing", "1ms", "--reversal-tries", "3")
}

func TestPay(t *testing.T) {
	t.Parallel()
	c := setup(t)
	c.partner.sell("0123", testCharge{amount: 50000, fee: 2500, customer: "Andi\u009b2J Sujono"})
	got := c.run(t, "pay", "0123", "--phone", "+62812000")
	require.Equal(t, exitApproved, got.code, got.err)
	require.Empty(t, got.err)
	ref := c.partner.paidBy("0123")
	for _, want := range []string{
		"INDOMARET G001T001", "2026-11-22 23:59:30", "Customer      Andi?2J Sujono", "Amount        Rp 50.000", "Fee           Rp 2.500",
		"TOTAL         Rp 52.500", "Result        00 Description of 00", "Receipt       R" + ref[1:], "Reference     " + ref,
		"Message       Thank you", "ExtraParam1   A|B", "\nPAID.\n",
	} {
		require.Contains(t, got.out, want)
	}
	p := c.book(t).byKey[paymentKey{"0123", ref}]
	require.Equal(t, statusPaid, p.status())
	require.Equal(t, int64(2500), p.Fee)
	require.Equal(t, "+62812000", p.Phone)
	var steps []string
	for _, r := range c.records(t) {
		steps = append(steps, string(r.Phase)+" "+string(r.Op)+" "+r.ResponseCode)
	}
	require.Equal(t, []string{"intent inquiry ", "outcome inquiry 00", "intent payment ", "outcome payment 00"}, steps)
}

func TestAClockAheadIsThatOfTheTills(t *testing.T) {
	t.Parallel()
	c := setup(t)
	c.partner.sell("0123", testCharge{amount: 50000})
	require.Equal(t, exitApproved, c.run(t, "pay", "0123", "--clock-ahead", "13h30m").code)
	for _, r := range c.records(t) {
		require.Equal(t, "2026-11-23 13:29:30", r.TimeStamp, "%s %s", r.Phase, r.Op)
	}
}

func TestPayAnotherAmountAndTheSameReferenceAgain(t *testing.T) {
	t.Parallel()
	c := setup(t)
	c.partner.sell("5", testCharge{amount: 50000, min: 10000})
	require.Equal(t, exitRefused, c.run(t, "pay", "5", "--amount", "9999").code)
	paid := []string{"pay", "5", "--amount", "10000", "--skip-inquiry", "--ref", "R1"}
	require.Equal(t, exitApproved, c.run(t, paid...).code)
	require.Equal(t, exitApproved, c.run(t, paid...).code, "a replay gets the first answer")
	require.Equal(t, 1, c.partner.bookings())
	require.Len(t, c.book(t).payments, 2, "the replay is no payment of its own")
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	c := setup(t)
	got := c.run(t, "pay", "404")
	require.Equal(t, exitRefused, got.code)
	require.Contains(t, got.out, "Result        14 Description of 14")
	require.Contains(t, got.out, "NOT PAID: refused by the partner.")
	require.Equal(t, []operation{inquiry}, c.partner.messages(), "no payment after a refused inquiry")

	c.partner.sell("1", testCharge{amount: 1000})
	got = c.run(t, "inquiry", "1", "--key", "another secret")
	require.Equal(t, exitRefused, got.code)
	require.Contains(t, got.out, "63 Description of 63")
	require.Equal(t, exitApproved, c.run(t, "inquiry", "1", "--fill", "space").code)
	require.Equal(t, exitRefused, c.run(t, "inquiry", "1", "--scheme", "none").code)
}

func TestAPaymentWithoutAUsableAnswerIsTakenBack(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		mishap  mishap
		booked  int // payments that the partner booked before
		trouble string
	}{
		{"dropped before booking", dropBefore, 0, "no answer: EOF"},
		{"dropped after booking", dropAfter, 1, "no answer: EOF"},
		{"timeout", stall, 1, "no answer within 300ms"},
		{"SOAP fault", fault, 0, "SOAP fault (HTTP 500): soap:Client: no such operation"},
		{"HTTP 503", unavailable, 0, "HTTP 503 Service Unavailable instead of an answer"},
		{"wrong echo", wrongEcho, 1, `defective answer: TrackingRef: "OTHER", sent`},
		{"no receipt", noReceipt, 1, "defective answer: ReceiptCode: empty"},
		{"code 99", code99, 1, `defective answer: ResponseCode: "99": must not be used`},
		{"not XML", notXML, 0, "no SOAP answer: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := setup(t)
			s.partner.sell("7", testCharge{amount: 7000})
			s.partner.fail(payment, c.mishap)
			got := s.run(t, quick("pay", "7", "--timeout", "300ms")...)
			require.Equal(t, exitNoAnswer, got.code, got.out+got.err)
			require.Contains(t, got.out, "NO ANSWER: "+c.trouble)
			require.Contains(t, got.out, "NOT PAID: the payment's outcome is unknown; its reversal was approved.")
			require.Equal(t, c.booked, s.partner.bookings())
			require.Empty(t, s.partner.paidBy("7"))
			require.Equal(t, statusTakenBack, s.book(t).payments[0].status())
		})
	}
}

func TestAReversalIsRepeatedUntilItIsAnswered(t *testing.T) {
	t.Parallel()
	c := setup(t)
	c.partner.sell("7", testCharge{amount: 7000})
	c.partner.fail(payment, dropAfter)
	c.partner.fail(reversal, dropBefore, dropAfter, none)
	require.Equal(t, exitNoAnswer, c.run(t, quick("pay", "7")...).code)
	require.Equal(t, []operation{inquiry, payment, reversal, reversal, reversal}, c.partner.messages())
	require.Equal(t, statusTakenBack, c.book(t).payments[0].status())
}

func TestReversalsThatStayUnansweredLeaveASuspect(t *testing.T) {
	t.Parallel()
	c := setup(t)
	c.partner.sell("7", testCharge{amount: 7000})
	c.partner.fail(payment, dropAfter)
	c.partner.fail(reversal, dropBefore, dropBefore, dropBefore)
	got := c.run(t, quick("pay", "7")...)
	require.Equal(t, exitNoAnswer, got.code)
	require.Contains(t, got.out, "OUTCOME UNKNOWN: the partner may have booked the payment; 3 reversals, none approved.")
	require.NotEmpty(t, c.partner.paidBy("7"))

	got = c.run(t, "reverse", "--suspects")
	require.Equal(t, exitApproved, got.code)
	require.Contains(t, got.out, "REVERSAL      7\n")
	require.Empty(t, c.partner.paidBy("7"))
	got = c.run(t, "reverse", "--suspects")
	require.Equal(t, exitApproved, got.code)
	require.Contains(t, got.err, "no payment of unknown outcome in the journal")
}

func TestHangUp(t *testing.T) {
	t.Parallel()
	c := setup(t)
	c.partner.sell("7", testCharge{amount: 7000})
	c.partner.fail(payment, stall) // the answer cannot come before the hang-up
	got := c.run(t, quick("pay", "7", "--hang-up", "--json")...)
	require.Equal(t, exitNoAnswer, got.code)
	var out sold
	require.NoError(t, json.Unmarshal([]byte(got.out), &out))
	require.Equal(t, verdictTakenBack, out.Verdict)
	require.Equal(t, "hung up right after sending", out.Payment.Trouble)
	require.False(t, out.Payment.NotSent)
	require.Len(t, out.Reversals, 1)
	require.Equal(t, out.Payment.TrackingRef, out.Reversals[0].TrackingRef)
}

func TestWithoutAutoReverseTheOutcomeStaysUnknown(t *testing.T) {
	t.Parallel()
	c := setup(t)
	c.partner.sell("7", testCharge{amount: 7000})
	c.partner.fail(payment, dropAfter)
	got := c.run(t, "pay", "7", "--no-auto-reverse")
	require.Equal(t, exitNoAnswer, got.code)
	require.Contains(t, got.out, "no reversal was sent")
	require.Equal(t, []operation{inquiry, payment}, c.partner.messages())
}

func TestNoConnectionIsNothingSent(t *testing.T) {
	t.Parallel()
	c := setup(t)
	c.partner.url = "http://127.0.0.1:1/indomaret" // a port that nothing listens on
	got := c.run(t, "pay", "7", "--skip-inquiry", "--amount", "1000")
	require.Equal(t, exitNoAnswer, got.code)
	require.Contains(t, got.out, "NOT SENT: no connection: ")
	require.Contains(t, got.out, "NOT PAID: no connection, nothing was sent.")
	require.Equal(t, statusRefused, c.book(t).payments[0].status())
	require.Len(t, c.records(t), 2, "nothing to take back")
}

func TestReverse(t *testing.T) {
	t.Parallel()
	c := setup(t)
	for _, code := range []string{"1", "2", "3"} {
		c.partner.sell(code, testCharge{amount: 1000})
		require.Equal(t, exitApproved, c.run(t, "pay", code).code)
	}
	require.Equal(t, exitApproved, c.run(t, "reverse", "2").code)
	require.Empty(t, c.partner.paidBy("2"))
	require.Equal(t, exitApproved, c.run(t, "reverse", "--last").code)
	require.Empty(t, c.partner.paidBy("3"))

	got := c.run(t, "reverse", "2")
	require.Equal(t, exitUsage, got.code)
	require.Contains(t, got.err, "no payment of 2 in the journal that could be taken back")
	require.Equal(t, exitRefused, c.run(t, "reverse", "1", "--amount", "999").code)

	ref := c.partner.paidBy("1")
	require.Equal(t, exitApproved, c.run(t, "reverse", "2", "--ref", c.book(t).payments[1].TrackingRef).code, "again")
	got = c.run(t, "reverse", "1", "--ref", "ELSEWHERE")
	require.Equal(t, exitUsage, got.code)
	require.Contains(t, got.err, "--amount is needed")
	require.Equal(t, exitApproved, c.run(t, "reverse", "1", "--ref", "ELSEWHERE", "--amount", "1000").code)
	require.Equal(t, ref, c.partner.paidBy("1"), "another reference takes nothing back")
}

func TestJSON(t *testing.T) {
	t.Parallel()
	c := setup(t)
	c.partner.sell("7", testCharge{amount: 7000, fee: 100, customer: "Andi"})
	var found result
	require.NoError(t, json.Unmarshal([]byte(c.run(t, "inquiry", "7", "--json").out), &found))
	require.Equal(t, "00", found.ResponseCode)
	require.Equal(t, int64(7000), found.Payable)
	require.Equal(t, int64(100), found.Fee)
	require.Equal(t, "Andi", found.Customer)

	var out sold
	require.NoError(t, json.Unmarshal([]byte(c.run(t, "pay", "7", "--json").out), &out))
	require.Equal(t, verdictApproved, out.Verdict)
	require.Equal(t, int64(7000), out.Payment.Amount)
	require.NotEmpty(t, out.Payment.ReceiptCode)

	got := c.run(t, "reverse", "7", "--json").out
	require.Equal(t, 1, strings.Count(got, "\n"), "one line for each message")
	var back result
	require.NoError(t, json.Unmarshal([]byte(got), &back))
	require.Equal(t, reversal, back.Op)
}
