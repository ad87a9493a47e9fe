package main

import (
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
	name    string
	terms   chargeTerms
	hold    time.Duration
	arrange arrangement
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
