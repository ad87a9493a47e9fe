package main

import (
	"net/http"
	"time"

	"github.com/stretchr/testify/require"
)

// arrangement brings a code into a state. It returns the receipt of the own
// ref's payment if it made one.
type arrangement func(s *stage, code, order string) (receipt string)

// inTurn takes one step after the other.
func inTurn(steps ...arrangement) arrangement {
	return func(s *stage, code, order string) (receipt string) {
		for _, step := range steps {
			if r := step(s, code, order); r != "" {
				receipt = r
			}
		}
		return receipt
	}
}

// step is an arrangement without a receipt.
func step(do func(s *stage, code, order string)) arrangement {
	return func(s *stage, code, order string) string {
		do(s, code, order)
		return ""
	}
}

func payOwnRef(s *stage, code, _ string) string { return s.pay(code, tillRef, stageAmount) }

// payThirdRef is another till's payment.
var payThirdRef = step(func(s *stage, code, _ string) { s.pay(code, "1876500003", stageAmount) })

var reverseOwnRef = step(func(s *stage, code, _ string) { s.reverse(code, tillRef, stageAmount) })

// buryUnknown reverses a payment of a code that nobody gave out.
var buryUnknown = step(func(s *stage, code, _ string) {
	require.Equal(s.t, saysNotFound, s.send(s.reversal(code, tillRef, stageAmount)).String())
})

func later(by time.Duration) arrangement {
	return step(func(s *stage, _, _ string) { s.clock.turn(by) })
}

var sweepOnce = step(func(s *stage, _, _ string) { s.sweep() })

var closeTheDay = step(func(s *stage, _, _ string) { s.closeDay() })

func operated(args ...string) arrangement {
	return step(func(s *stage, _, _ string) { s.operate(args...) })
}

// endBy lets the merchant cancel or expire.
func endBy(action string) arrangement {
	return step(func(s *stage, _, order string) {
		answer := s.merchant(http.MethodPost, "/v2/"+order+"/"+action, nil)
		require.Contains(s.t, []any{"200", "407"}, answer["status_code"], answer)
	})
}

// askNow has a till ask.
var askNow = step(func(s *stage, code, _ string) { require.Equal(s.t, "00", s.send(s.inquiry(code)).code()) })

const (
	// stageHold is the hold of merchants that have one.
	stageHold = 60 * time.Second
	// stageGrace is the default, and short the life of a code that ends soon.
	stageGrace = 5 * time.Minute
	short      = 60 * time.Second
)

// intoGrace has a till ask just before a short code's end, and the end go by.
var intoGrace = inTurn(askNow, later(short+time.Second), sweepOnce)

// stateTable is the partner's table of states and messages.
func stateTable() []tableState {
	return append(append(statesWithoutHistory(), statesOfPayments()...), statesOfReversals()...)
}

func statesWithoutHistory() []tableState {
	const notYet, paused = "89 Payment code not payable yet", "89 Product not available"
	future := chargeTerms{cstore: map[string]any{"valid_from": "2026-01-31 12:00:00 +0700"}}
	pulsa := chargeTerms{cstore: map[string]any{"product_code": "PULSA"}}
	shortly := chargeTerms{seconds: int(short / time.Second)}
	pause, resume := operated("product", "pause", "PULSA"), operated("product", "resume", "PULSA")
	unknown := withoutOwn(saysNotFound, saysNotFound, saysNotFound, saysBuriedUnknown)
	payable := withoutOwn(saysApproved, saysPaidReleased, saysWrongAmount, saysBuried)
	inGrace := withoutOwn(saysExpired, saysPaidReleased, saysWrongAmount, saysBuried)
	expired := withoutOwn(saysExpired, saysExpired, saysExpired, saysBuried)
	cancelled := withoutOwn(saysCancelled, saysCancelled, saysCancelled, saysBuried)
	return []tableState{
		{name: "unknown", unknown: "8801234567890129", cells: unknown},
		{name: "unknown with a check digit", unknown: "8801234567890128", cells: unknown},
		{name: "unknown letters", unknown: "ABC123", cells: unknown},
		{name: "future", terms: future, cells: withoutOwn(notYet, notYet, notYet, saysBuried)},
		{name: "future come", terms: future, arrange: later(26 * time.Hour), cells: payable},
		{name: "product paused", terms: pulsa, arrange: pause, cells: withoutOwn(paused, paused, paused, saysBuried)},
		{name: "product resumed", terms: pulsa, arrange: inTurn(pause, resume), cells: payable},
		{name: "active", cells: payable},
		{name: "active, merchant with a hold", hold: stageHold, cells: withoutOwn(saysApproved, saysPaidHeld, saysWrongAmount, saysBuried)},
		{
			name: "active, near its end", terms: shortly,
			cells: withoutOwn("00 Success | inquired", saysPaidReleased, saysWrongAmount, saysBuried),
		},
		{name: "within grace", terms: shortly, arrange: intoGrace, cells: inGrace},
		{name: "last second of grace", terms: shortly, arrange: inTurn(askNow, later(stageGrace-time.Second)), cells: inGrace},
		{name: "grace over", terms: shortly, arrange: inTurn(askNow, later(stageGrace)), cells: expired},
		{name: "grace over, swept", terms: shortly, arrange: inTurn(intoGrace, later(stageGrace), sweepOnce), cells: expired},
		{name: "expired, not swept", terms: shortly, arrange: later(short), cells: expired},
		{name: "expired, swept", terms: shortly, arrange: inTurn(later(short), sweepOnce), cells: expired},
		{name: "expired by its merchant", arrange: endBy("expire"), cells: expired},
		{name: "cancelled", arrange: endBy("cancel"), cells: cancelled},
		{name: "cancelled within grace", terms: shortly, arrange: inTurn(intoGrace, endBy("cancel")), cells: cancelled},
		{name: "expired by its merchant within grace", terms: shortly, arrange: inTurn(intoGrace, endBy("expire")), cells: expired},
	}
}

// paidCells are those of a code that the own ref has paid; back is what its
// reversal gets.
func paidCells(back string) map[string]string {
	return withOwn(withoutOwn(saysAlreadyPaid, saysAlreadyPaid, saysAlreadyPaid, saysBuried),
		saysApproved, saysOtherAmount, back, saysWrongReversal)
}

func statesOfPayments() []tableState {
	const opens, denies, settled = "00 Success | reversed", "00 Success | reversed | deny", "12 Payment already settled | case"
	shortly := chargeTerms{seconds: int(short / time.Second)}
	holdOver := inTurn(payOwnRef, later(stageHold))
	return []tableState{
		{name: "held", hold: stageHold, arrange: payOwnRef, columns: allColumns, cells: paidCells(opens)},
		{name: "released at once", arrange: payOwnRef, columns: allColumns, cells: paidCells(denies)},
		{name: "released after its hold", hold: stageHold, arrange: inTurn(holdOver, sweepOnce), columns: allColumns, cells: paidCells(denies)},
		// No one was told yet, so the code opens again: the record decides, not the clock.
		{name: "hold over, not swept", hold: stageHold, arrange: holdOver, columns: allColumns, cells: paidCells(opens)},
		{
			name: "paid, and its time over", terms: shortly, arrange: inTurn(payOwnRef, later(short), sweepOnce),
			columns: allColumns, cells: paidCells(denies),
		},
		{name: "paid within grace", terms: shortly, arrange: inTurn(intoGrace, payOwnRef), columns: allColumns, cells: paidCells(denies)},
		{name: "settled", arrange: inTurn(payOwnRef, closeTheDay), columns: allColumns, cells: paidCells(settled)},
		{name: "settled while held", hold: stageHold, arrange: inTurn(payOwnRef, closeTheDay), columns: allColumns, cells: paidCells(settled)},
	}
}

// goneCells are those of a code whose own ref was taken back.
func goneCells(cells map[string]string) map[string]string {
	return withOwn(cells, saysReversed, saysReversed, saysApproved, saysApproved)
}

func statesOfReversals() []tableState {
	shortly := chargeTerms{seconds: int(short / time.Second)}
	reversed := inTurn(payOwnRef, reverseOwnRef)
	open := func() map[string]string {
		return goneCells(withoutOwn(saysApproved, saysPaidHeld, saysWrongAmount, saysBuried))
	}
	denied := func() map[string]string {
		return goneCells(withoutOwn(saysCancelled, saysCancelled, saysCancelled, saysBuried))
	}
	paid := func() map[string]string {
		return goneCells(withoutOwn(saysAlreadyPaid, saysAlreadyPaid, saysAlreadyPaid, saysBuried))
	}
	expired := goneCells(withoutOwn(saysExpired, saysExpired, saysExpired, saysBuried))
	return []tableState{
		{name: "reversed and open again", hold: stageHold, arrange: reversed, columns: allColumns, cells: open()},
		{
			name: "reversed after its time", hold: stageHold, terms: shortly,
			arrange: inTurn(payOwnRef, later(2*short), reverseOwnRef, sweepOnce), columns: allColumns, cells: open(),
		},
		{
			name: "reversed and expired", hold: stageHold, terms: shortly,
			arrange: inTurn(reversed, later(stageGrace)), columns: allColumns, cells: expired,
		},
		{name: "denied", arrange: reversed, columns: allColumns, cells: denied()},
		{name: "denied and settled", arrange: inTurn(reversed, closeTheDay), columns: allColumns, cells: denied()},
		{
			name: "tombstone", arrange: reverseOwnRef, columns: allColumns,
			cells: goneCells(withoutOwn(saysApproved, saysPaidReleased, saysWrongAmount, saysBuried)),
		},
		{
			name: "tombstone of an unknown code", unknown: "8801234567890128", arrange: buryUnknown, columns: allColumns,
			cells: goneCells(withoutOwn(saysNotFound, saysNotFound, saysNotFound, saysBuriedUnknown)),
		},
		{name: "tombstone, and paid by another", arrange: inTurn(reverseOwnRef, payThirdRef), columns: allColumns, cells: paid()},
		{
			name: "reversed, and paid by another", hold: stageHold,
			arrange: inTurn(reversed, payThirdRef), columns: allColumns, cells: paid(),
		},
	}
}
