package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

// The columns of the state table. "Own" is the TrackingRef that has a history
// with the code, "new" one that has none.
const (
	askIt          = "inquiry"
	payNew         = "pay, new ref"
	payNewWrong    = "pay, new ref, wrong amount"
	payOwn         = "pay, own ref"
	payOwnWrong    = "pay, own ref, other amount"
	reverseNew     = "reverse, new ref"
	reverseOwn     = "reverse, own ref"
	reverseOwnOver = "reverse, own ref, other amount"
)

// plainColumns are those of a code without a history, allColumns those of one
// that has a transaction with the own ref.
var (
	plainColumns = []string{askIt, payNew, payNewWrong, reverseNew}
	allColumns   = append([]string{payOwn, payOwnWrong, reverseOwn, reverseOwnOver}, plainColumns...)
)

// tableState is a row: how a code gets into a state, and what each message
// meets there. A cell is the answer, and behind bars what the message wrote
// into the journal and what the merchant is told from then on; without them it
// changed nothing.
type tableState struct {
	name  string
	terms chargeTerms
	hold  time.Duration
	// arrange brings the code into the state and returns the own ref's receipt.
	arrange func(s *stage, code, order string) (receipt string)
	// unknown says that the messages name a code that was never given out.
	unknown string
	columns []string
	cells   map[string]string
}

const (
	saysPaidHeld      = "00 Success | paid | pending"
	saysPaidReleased  = "00 Success | paid released | settlement"
	saysBuried        = "00 Success | buried"
	saysNotFound      = "14 Payment code not found"
	saysBuriedUnknown = "14 Payment code not found | buried"
	saysExpired       = "54 Payment code expired"
	saysCancelled     = "17 Payment code cancelled"
	saysAlreadyPaid   = "88 Payment code already paid"
	saysWrongAmount   = "13 Invalid amount"
	saysReversed      = "94 TrackingRef already reversed"
	saysOtherAmount   = "94 TrackingRef already used with another amount"
	saysWrongReversal = "13 Invalid amount | case"
	saysApproved      = "00 Success"
)

func withoutOwn(inquiry, pay, payWrong, reverse string) map[string]string {
	return map[string]string{askIt: inquiry, payNew: pay, payNewWrong: payWrong, reverseNew: reverse}
}

// withOwn adds the cells of the ref that has a history.
func withOwn(cells map[string]string, pay, payWrong, reverse, reverseWrong string) map[string]string {
	cells[payOwn], cells[payOwnWrong], cells[reverseOwn], cells[reverseOwnOver] = pay, payWrong, reverse, reverseWrong
	return cells
}

const stageHold = 60 * time.Second

func payOwnRef(s *stage, code, _ string) string { return s.pay(code, tillRef, stageAmount) }

// stateTable is the partner's table of states and messages.
func stateTable() []tableState {
	return append(append(statesWithoutHistory(), statesOfPayments()...), statesOfReversals()...)
}

func statesWithoutHistory() []tableState {
	const day = 24 * time.Hour
	future := stageDay.Next().Begin(day).Add(12 * time.Hour).Format("2006-01-02 15:04:05 -0700")
	return []tableState{
		{name: "unknown", unknown: "8801234567890129", cells: withoutOwn(saysNotFound, saysNotFound, saysNotFound, saysBuriedUnknown)},
		{name: "unknown with a check digit", unknown: "8801234567890128", cells: withoutOwn(saysNotFound, saysNotFound, saysNotFound, saysBuriedUnknown)},
		{name: "unknown letters", unknown: "ABC123", cells: withoutOwn(saysNotFound, saysNotFound, saysNotFound, saysBuriedUnknown)},
		{
			name: "future", terms: chargeTerms{cstore: map[string]any{"valid_from": future}},
			cells: withoutOwn("89 Payment code not payable yet", "89 Payment code not payable yet", "89 Payment code not payable yet", saysBuried),
		},
		{
			name: "product paused", terms: chargeTerms{cstore: map[string]any{"product_code": "PULSA"}},
			arrange: func(s *stage, _, _ string) string { return s.operate("product", "pause", "PULSA")[:0] },
			cells:   withoutOwn("89 Product not available", "89 Product not available", "89 Product not available", saysBuried),
		},
		{
			name: "product resumed", terms: chargeTerms{cstore: map[string]any{"product_code": "PULSA"}},
			arrange: func(s *stage, _, _ string) string {
				s.operate("product", "pause", "PULSA")
				return s.operate("product", "resume", "PULSA")[:0]
			},
			cells: withoutOwn(saysApproved, saysPaidReleased, saysWrongAmount, saysBuried),
		},
		{name: "active", cells: withoutOwn(saysApproved, saysPaidReleased, saysWrongAmount, saysBuried)},
		{name: "active, merchant with a hold", hold: stageHold, cells: withoutOwn(saysApproved, saysPaidHeld, saysWrongAmount, saysBuried)},
		{name: "active, near its end", terms: chargeTerms{seconds: 60}, cells: withoutOwn("00 Success | inquired", saysPaidReleased, saysWrongAmount, saysBuried)},
		{name: "within grace", terms: chargeTerms{seconds: 60}, arrange: intoGrace, cells: withoutOwn(saysExpired, saysPaidReleased, saysWrongAmount, saysBuried)},
		{name: "grace over", terms: chargeTerms{seconds: 60}, arrange: graceOver, cells: withoutOwn(saysExpired, saysExpired, saysExpired, saysBuried)},
		{name: "expired, not swept", terms: chargeTerms{seconds: 60}, arrange: expireByClock, cells: withoutOwn(saysExpired, saysExpired, saysExpired, saysBuried)},
		{name: "expired, swept", terms: chargeTerms{seconds: 60}, arrange: expireBySweeper, cells: withoutOwn(saysExpired, saysExpired, saysExpired, saysBuried)},
		{name: "expired by its merchant", arrange: endBy("expire"), cells: withoutOwn(saysExpired, saysExpired, saysExpired, saysBuried)},
		{name: "cancelled", arrange: endBy("cancel"), cells: withoutOwn(saysCancelled, saysCancelled, saysCancelled, saysBuried)},
		{
			name: "cancelled within grace", terms: chargeTerms{seconds: 60},
			arrange: func(s *stage, code, order string) string {
				intoGrace(s, code, order)
				return endBy("cancel")(s, code, order)
			},
			cells: withoutOwn(saysCancelled, saysCancelled, saysCancelled, saysBuried),
		},
	}
}

func statesOfPayments() []tableState {
	paid := func() map[string]string {
		return withoutOwn(saysAlreadyPaid, saysAlreadyPaid, saysAlreadyPaid, saysBuried)
	}
	return []tableState{
		{
			name: "held", hold: stageHold, arrange: payOwnRef, columns: allColumns,
			cells: withOwn(paid(), saysApproved, saysOtherAmount, "00 Success | reversed", saysWrongReversal),
		},
		{
			name: "released at once", arrange: payOwnRef, columns: allColumns,
			cells: withOwn(paid(), saysApproved, saysOtherAmount, "00 Success | reversed | deny", saysWrongReversal),
		},
		{
			name: "released after its hold", hold: stageHold, columns: allColumns,
			arrange: func(s *stage, code, order string) string {
				receipt := payOwnRef(s, code, order)
				s.clock.turn(stageHold)
				s.sweep()
				return receipt
			},
			cells: withOwn(paid(), saysApproved, saysOtherAmount, "00 Success | reversed | deny", saysWrongReversal),
		},
		{
			name: "hold over, not swept", hold: stageHold, columns: allColumns,
			arrange: func(s *stage, code, order string) string {
				receipt := payOwnRef(s, code, order)
				s.clock.turn(stageHold)
				return receipt
			},
			// No one was told yet, so the code opens again: the record decides, not the clock.
			cells: withOwn(paid(), saysApproved, saysOtherAmount, "00 Success | reversed", saysWrongReversal),
		},
		{
			name: "paid, and its time over", terms: chargeTerms{seconds: 60}, columns: allColumns,
			arrange: func(s *stage, code, order string) string {
				receipt := payOwnRef(s, code, order)
				expireBySweeper(s, code, order)
				return receipt
			},
			cells: withOwn(paid(), saysApproved, saysOtherAmount, "00 Success | reversed | deny", saysWrongReversal),
		},
		{
			name: "paid within grace", terms: chargeTerms{seconds: 60}, columns: allColumns,
			arrange: func(s *stage, code, order string) string {
				intoGrace(s, code, order)
				return payOwnRef(s, code, order)
			},
			cells: withOwn(paid(), saysApproved, saysOtherAmount, "00 Success | reversed | deny", saysWrongReversal),
		},
		{
			name: "settled", columns: allColumns,
			arrange: func(s *stage, code, order string) string {
				receipt := payOwnRef(s, code, order)
				s.closeDay()
				return receipt
			},
			cells: withOwn(paid(), saysApproved, saysOtherAmount, "12 Payment already settled | case", saysWrongReversal),
		},
		{
			name: "settled while held", hold: stageHold, columns: allColumns,
			arrange: func(s *stage, code, order string) string {
				receipt := payOwnRef(s, code, order)
				s.closeDay()
				return receipt
			},
			cells: withOwn(paid(), saysApproved, saysOtherAmount, "12 Payment already settled | case", saysWrongReversal),
		},
	}
}

func statesOfReversals() []tableState {
	reversed := func(s *stage, code, order string) string {
		payOwnRef(s, code, order)
		s.reverse(code, tillRef, stageAmount)
		return ""
	}
	buried := func(s *stage, code, _ string) string {
		s.reverse(code, tillRef, stageAmount)
		return ""
	}
	gone := func(cells map[string]string) map[string]string {
		return withOwn(cells, saysReversed, saysReversed, saysApproved, saysApproved)
	}
	return []tableState{
		{
			name: "reversed and open again", hold: stageHold, arrange: reversed, columns: allColumns,
			cells: gone(withoutOwn(saysApproved, saysPaidHeld, saysWrongAmount, saysBuried)),
		},
		{
			name: "reversed and expired", hold: stageHold, terms: chargeTerms{seconds: 60}, columns: allColumns,
			arrange: func(s *stage, code, order string) string {
				reversed(s, code, order)
				// A code that a reversal reopened stays payable for the grace.
				s.clock.turn(s.app.config.Partner.Grace)
				return ""
			},
			cells: gone(withoutOwn(saysExpired, saysExpired, saysExpired, saysBuried)),
		},
		{
			name: "reversed after its time", hold: stageHold, terms: chargeTerms{seconds: 30}, columns: allColumns,
			arrange: func(s *stage, code, order string) string {
				payOwnRef(s, code, order)
				s.clock.turn(45 * time.Second)
				s.reverse(code, tillRef, stageAmount)
				return ""
			},
			cells: gone(withoutOwn(saysApproved, saysPaidHeld, saysWrongAmount, saysBuried)),
		},
		{name: "denied", arrange: reversed, columns: allColumns, cells: gone(withoutOwn(saysCancelled, saysCancelled, saysCancelled, saysBuried))},
		{
			name: "denied and settled", columns: allColumns,
			arrange: func(s *stage, code, order string) string {
				reversed(s, code, order)
				s.closeDay()
				return ""
			},
			cells: gone(withoutOwn(saysCancelled, saysCancelled, saysCancelled, saysBuried)),
		},
		{name: "tombstone", arrange: buried, columns: allColumns, cells: gone(withoutOwn(saysApproved, saysPaidReleased, saysWrongAmount, saysBuried))},
		{
			name: "tombstone of an unknown code", unknown: "8801234567890128", columns: allColumns,
			arrange: func(s *stage, code, _ string) string {
				require.Equal(s.t, saysNotFound, s.send(s.reversal(code, tillRef, stageAmount)).String())
				return ""
			},
			cells: gone(withoutOwn(saysNotFound, saysNotFound, saysNotFound, saysBuriedUnknown)),
		},
		{
			name: "tombstone, and paid by another", columns: allColumns,
			arrange: func(s *stage, code, _ string) string {
				s.reverse(code, tillRef, stageAmount)
				s.pay(code, "1876500003", stageAmount)
				return ""
			},
			cells: gone(withoutOwn(saysAlreadyPaid, saysAlreadyPaid, saysAlreadyPaid, saysBuried)),
		},
		{
			name: "reversed, and paid by another", hold: stageHold, columns: allColumns,
			arrange: func(s *stage, code, order string) string {
				reversed(s, code, order)
				s.pay(code, "1876500003", stageAmount)
				return ""
			},
			cells: gone(withoutOwn(saysAlreadyPaid, saysAlreadyPaid, saysAlreadyPaid, saysBuried)),
		},
	}
}

// intoGrace has a till ask just before the end, and the end go by.
func intoGrace(s *stage, code, _ string) string {
	require.Equal(s.t, "00", s.send(s.inquiry(code)).code())
	s.clock.turn(61 * time.Second)
	s.sweep()
	return ""
}

func graceOver(s *stage, code, order string) string {
	intoGrace(s, code, order)
	s.clock.turn(s.app.config.Partner.Grace)
	s.sweep()
	return ""
}

func expireByClock(s *stage, _, _ string) string {
	s.clock.turn(61 * time.Second)
	return ""
}

func expireBySweeper(s *stage, code, order string) string {
	expireByClock(s, code, order)
	s.sweep()
	return ""
}

// endBy lets the merchant cancel or expire.
func endBy(action string) func(s *stage, code, order string) string {
	return func(s *stage, _, order string) string {
		answer := s.merchant(http.MethodPost, "/v2/"+order+"/"+action, nil)
		require.Contains(s.t, []any{"200", "407"}, answer["status_code"], answer)
		return ""
	}
}

func TestEndToEndStateTable(t *testing.T) {
	t.Parallel()
	for _, state := range stateTable() {
		columns := state.columns
		if columns == nil {
			columns = plainColumns
		}
		require.Len(t, state.cells, len(columns), state.name)
		for _, column := range columns {
			t.Run(state.name+"/"+column, func(t *testing.T) {
				t.Parallel()
				playCell(newStage(t, stageSetup{hold: state.hold}), state, column)
			})
		}
	}
}

// playCell brings a fresh code into the state, sends the column's message and
// holds all that came of it against the cell.
func playCell(s *stage, state tableState, column string) {
	code, order := s.charge(state.terms)
	if state.unknown != "" {
		code = state.unknown
	}
	receipt := ""
	if state.arrange != nil {
		receipt = state.arrange(s, code, order)
	}
	records, owed, told := len(s.journal()), s.receivable(), s.status(order)["transaction_status"]
	want, writes, tells := readCell(s.t, state.cells[column])

	answer := s.send(columnMessage(s, column, code))
	require.Equal(s.t, want, answer.String())
	require.Equal(s.t, writes, s.written(records))
	require.Equal(s.t, owed+movedBy(writes), s.receivable())
	if tells == "" {
		tells, _ = told.(string)
	}
	require.Equal(s.t, tells, s.status(order)["transaction_status"])
	if column == payOwn && answer.code() == "00" {
		require.Equal(s.t, receipt, answer.values["ReceiptCode"], "a retry gets the first receipt")
	}
	checkEcho(s, answer, column)
}

// readCell splits a cell.
func readCell(t *testing.T, cell string) (answer, writes, tells string) {
	t.Helper()
	require.NotEmpty(t, cell)
	parts := append(strings.Split(cell, " | "), "", "")
	return parts[0], parts[1], parts[2]
}

// movedBy is by how much the partner's debt changes with some records.
func movedBy(writes string) ledger.Rupiah {
	switch {
	case strings.Contains(writes, string(ledger.KindPaid)):
		return stageAmount
	case strings.Contains(writes, string(ledger.KindReversed)):
		return -stageAmount
	default:
		return 0
	}
}

func columnMessage(s *stage, column, code string) tillMessage {
	const otherAmount = stageAmount - 10_000
	return map[string]tillMessage{
		askIt:          s.inquiry(code),
		payNew:         s.payment(code, otherRef, stageAmount),
		payNewWrong:    s.payment(code, otherRef, otherAmount),
		payOwn:         s.payment(code, tillRef, stageAmount),
		payOwnWrong:    s.payment(code, tillRef, otherAmount),
		reverseNew:     s.reversal(code, otherRef, stageAmount),
		reverseOwn:     s.reversal(code, tillRef, stageAmount),
		reverseOwnOver: s.reversal(code, tillRef, otherAmount),
	}[column]
}

// checkEcho holds what every answer repeats, and that only an approved one
// tells of money.
func checkEcho(s *stage, answer tillAnswer, column string) {
	s.t.Helper()
	sent := columnMessage(s, column, "")
	for _, name := range []string{"MessageID", "TrackingRef", "StoreID"} {
		require.Equal(s.t, sent.text(name), answer.values[name])
	}
	if answer.name == "ResPayment" {
		require.Equal(s.t, answer.code() == "00", answer.values["ReceiptCode"] != "")
	}
	if answer.name == "ResInquiry" && answer.code() == "00" {
		require.Equal(s.t, stageAmount.String(), answer.values["Amount"])
		require.Equal(s.t, stageAmount.String(), answer.values["MinAmount"])
	}
}
