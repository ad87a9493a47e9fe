package torture_test

import (
	"fmt"
	"testing"

	"github.com/anishathalye/porcupine"
	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

// crowdBooked is what the journal says of a payment code and TrackingRef, counted
// from its records alone.
type crowdBooked struct {
	paid, reversed, buried int
	receipt                string
	amount                 ledger.Rupiah
}

// crowdLosses holds the journal against what was answered, and names every
// difference: an answer 00 that is not in it, and what is in it that nobody asked
// for.
func crowdLosses(journal []ledger.Record, history []porcupine.Operation) []string {
	booked, codes := readCrowdJournal(journal)
	var losses []string
	asked := map[[2]string]bool{}
	for _, o := range history {
		a, told := o.Input.(crowdAsk), o.Output.(crowdTold)
		asked[[2]string{a.code, a.ref}] = true
		b := booked[[2]string{a.code, a.ref}]
		lost := false
		switch {
		case a.kind == askPayment && told.code == "00":
			lost = b.paid != 1 || b.receipt != told.receipt || b.amount != a.amount || b.buried != 0
		case a.kind == askReversal && told.code == "00":
			lost = b.reversed+b.buried != 1 || b.reversed > b.paid
		case a.kind == askCharge && told.code == "201":
			lost = codes[told.payment] != a.order
		}
		if lost {
			losses = append(losses, fmt.Sprintf("%s: the journal has %+v", describeCrowd(a, told), b))
		}
	}
	for id, b := range booked {
		if !asked[id] {
			losses = append(losses, fmt.Sprintf("code %s ref %s: nobody asked for %+v", id[0], id[1], b))
		}
		if b.paid > 1 {
			losses = append(losses, fmt.Sprintf("code %s ref %s: booked more than once: %+v", id[0], id[1], b))
		}
	}
	return losses
}

// readCrowdJournal counts what was booked, and collects which order has which
// payment code.
func readCrowdJournal(journal []ledger.Record) (booked map[[2]string]crowdBooked, codes map[string]string) {
	booked, codes = map[[2]string]crowdBooked{}, map[string]string{}
	for _, r := range journal {
		var id [2]string
		var b crowdBooked
		switch e := r.Event.(type) {
		case ledger.Charged:
			codes[string(e.Code)] = e.Order
			continue
		case ledger.Paid:
			id = [2]string{string(e.Code), string(e.Ref)}
			b = booked[id]
			b.paid++
			b.receipt, b.amount = e.Receipt, e.Amount
		case ledger.Reversed:
			id = [2]string{string(e.Code), string(e.Ref)}
			b = booked[id]
			b.reversed++
		case ledger.Buried:
			id = [2]string{string(e.Code), string(e.Ref)}
			b = booked[id]
			b.buried++
		default:
			continue
		}
		booked[id] = b
	}
	return booked, codes
}

// The audit itself is tried on one of each loss.
func TestCrowdAuditSeesEveryLoss(t *testing.T) {
	t.Parallel()
	const code, ref, receipt = "1", "2", "R1"
	payment := porcupine.Operation{Input: crowdAsk{kind: askPayment, code: code, ref: ref, amount: 1}, Output: crowdTold{code: "00", receipt: receipt}}
	reversal := porcupine.Operation{Input: crowdAsk{kind: askReversal, code: code, ref: ref, amount: 1}, Output: crowdTold{code: "00"}}
	charge := porcupine.Operation{Input: crowdAsk{kind: askCharge, order: "o", code: code, ref: ref}, Output: crowdTold{code: "201", payment: code}}
	silent := porcupine.Operation{Input: payment.Input, Output: crowdTold{}}
	paid := ledger.Paid{Code: code, Ref: ref, Amount: 1, Receipt: receipt}
	otherReceipt, otherAmount := paid, paid
	otherReceipt.Receipt, otherAmount.Amount = "R2", 2
	for name, try := range map[string]struct {
		asked  []porcupine.Operation
		events []ledger.Event
		losses int
	}{
		"all is there":             {[]porcupine.Operation{charge, payment}, []ledger.Event{ledger.Charged{Code: code, Order: "o"}, paid}, 0},
		"unanswered and booked":    {[]porcupine.Operation{silent}, []ledger.Event{paid}, 0},
		"unanswered, not booked":   {[]porcupine.Operation{silent}, nil, 0},
		"a payment is gone":        {[]porcupine.Operation{payment}, nil, 1},
		"another receipt":          {[]porcupine.Operation{payment}, []ledger.Event{otherReceipt}, 1},
		"another amount":           {[]porcupine.Operation{payment}, []ledger.Event{otherAmount}, 1},
		"booked twice":             {[]porcupine.Operation{silent}, []ledger.Event{paid, paid}, 1},
		"a reversal is gone":       {[]porcupine.Operation{reversal}, []ledger.Event{paid}, 1},
		"a tombstone is gone":      {[]porcupine.Operation{reversal}, nil, 1},
		"reversed twice":           {[]porcupine.Operation{reversal}, []ledger.Event{paid, ledger.Reversed{Code: code, Ref: ref}, ledger.Reversed{Code: code, Ref: ref}}, 1},
		"a charge is gone":         {[]porcupine.Operation{charge}, nil, 1},
		"a code of another order":  {[]porcupine.Operation{charge}, []ledger.Event{ledger.Charged{Code: code, Order: "p"}}, 1},
		"a payment out of nowhere": {nil, []ledger.Event{paid}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var journal []ledger.Record
			for _, event := range try.events {
				journal = append(journal, ledger.Record{Entry: ledger.Entry{Event: event}})
			}
			require.Len(t, crowdLosses(journal, try.asked), try.losses)
		})
	}
}
