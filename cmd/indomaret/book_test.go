package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// story makes records of one payment from words: p and r begin a payment and a
// reversal, then 00 or another code, "-" for no answer, "x" for not sent, nothing
// for a program that died.
func story(words string) []record {
	var list []record
	for _, word := range strings.Fields(words) {
		r := record{Phase: intent, Op: payment, PaymentCode: "C", TrackingRef: "T", Amount: 1000, At: testNow}
		if word[0] == 'r' {
			r.Op = reversal
		}
		list = append(list, r)
		r.Phase = outcome
		switch end := word[1:]; end {
		case "":
			continue
		case "-":
			r.Trouble = "no answer"
		case "x":
			r.Trouble, r.NotSent = "no connection", true
		default:
			r.ResponseCode = end
		}
		list = append(list, r)
	}
	return list
}

func TestBookStatus(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		story     string
		want      status
		unsettled bool
	}{
		{"p00", statusPaid, false},
		{"p88", statusRefused, false},
		{"px", statusRefused, false},
		{"p", statusSuspect, true},
		{"p-", statusSuspect, true},
		{"p- p00", statusPaid, false},
		{"p00 p00", statusPaid, false},
		{"p00 r00", statusReversed, false},
		{"p00 r00 r00", statusReversed, false},
		{"p00 r12", statusPaid, false},
		{"p00 r-", statusPaid, true},
		{"p00 r", statusPaid, true},
		{"p00 r- r12", statusPaid, false},
		{"p00 rx", statusPaid, false},
		{"p- r00", statusTakenBack, false},
		{"p- rx r- r00", statusTakenBack, false},
		{"p- r-", statusSuspect, true},
		{"p- r14", statusSuspect, true},
		{"p- p- r00", statusTakenBack, false},
		{"px p88", statusRefused, false},
	} {
		t.Run(c.story, func(t *testing.T) {
			t.Parallel()
			b := newBook(nil)
			for _, r := range story(c.story) {
				b.add(r)
			}
			require.Len(t, b.payments, 1)
			require.Equal(t, c.want, b.payments[0].status())
			require.Equal(t, c.unsettled, b.payments[0].unsettled())
		})
	}
}

func TestBookTellsPaymentsApart(t *testing.T) {
	t.Parallel()
	b := newBook(nil)
	for _, key := range []paymentKey{{"A", "1"}, {"A", "2"}, {"B", "1"}} {
		for _, r := range story("p00") {
			r.PaymentCode, r.TrackingRef = key.paymentCode, key.trackingRef
			b.add(r)
		}
	}
	undone := story("r00")
	for _, r := range undone {
		r.PaymentCode, r.TrackingRef = "A", "2"
		b.add(r)
	}
	require.Len(t, b.payments, 3)
	require.Equal(t, "1", b.last("A").TrackingRef, "the later one of A is reversed")
	require.Equal(t, "B", b.last("").PaymentCode)
	require.Nil(t, b.last("C"))
	for _, r := range undone { // of a payment that the journal does not know
		r.TrackingRef = "9"
		b.add(r)
	}
	require.Len(t, b.payments, 3)
}
