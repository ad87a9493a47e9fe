package main

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

// The path of one rupiah: charged, looked up, paid, told, taken back.
func TestEndToEndStoryOfAPaymentTakenBack(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	code, order := s.charge(chargeTerms{})
	require.Regexp(t, `^[0-9]{16}$`, code)
	require.Equal(t, "pending", s.status(order)["transaction_status"])
	require.Equal(t, "50000", s.send(s.inquiry(code)).values["Amount"])
	receipt := s.pay(code, tillRef, stageAmount)

	told := s.status(order)
	require.Equal(t, "settlement", told["transaction_status"])
	require.Equal(t, "200", told["status_code"])
	require.Equal(t, "50000.00", told["gross_amount"])
	require.Equal(t, "2026-01-30 10:00:00", told["settlement_time"])
	require.Equal(t, receipt, told["approval_code"])
	require.Equal(t, tillStore, told["store_id"])
	require.Equal(t, tillRef, told["tracking_ref"])
	sum := sha512.Sum512([]byte(order + "200" + "50000.00" + s.key))
	require.Equal(t, hex.EncodeToString(sum[:]), told["signature_key"])

	s.reverse(code, tillRef, stageAmount)
	denied := s.status(order)
	require.Equal(t, "deny", denied["transaction_status"])
	require.Equal(t, "202", denied["status_code"])
	require.NotContains(t, denied, "settlement_time")
	require.Equal(t, saysCancelled, s.send(s.payment(code, otherRef, stageAmount)).String())
	s.chargeAgain(order)
	require.Equal(t, "charged paid released reversed charged", s.written(7))
}

// chargeAgain uses an order id that must be free.
func (s *stage) chargeAgain(order string) map[string]any {
	s.t.Helper()
	answer := s.merchant(http.MethodPost, "/v2/charge", map[string]any{
		"payment_type": "cstore", "cstore": map[string]any{"store": "indomaret"},
		"transaction_details": map[string]any{"order_id": order, "gross_amount": stageAmount},
	})
	require.Equal(s.t, "201", answer["status_code"], answer)
	return answer
}

// A day is closed and exported; what is in it can't be taken back.
func TestEndToEndStoryOfASettledDay(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	code, order := s.charge(chargeTerms{cstore: map[string]any{"fee": 5_000, "product_code": "PULSA"}})
	receipt := s.pay(code, tillRef, stageAmount)
	takenBack, _ := s.charge(chargeTerms{amount: 20_000})
	s.pay(takenBack, otherRef, 20_000)
	s.reverse(takenBack, otherRef, 20_000)
	day := "/settlements/" + string(stageDay)

	open := s.finance(http.MethodPost, day+"/close")
	require.NotContains(t, open, "status", "the day is not over: %v", open)
	s.clock.turn(16*time.Hour - time.Second) // 01:59:59 of the next day
	require.NotContains(t, s.finance(http.MethodPost, day+"/close"), "status", "not long enough")
	s.clock.turn(time.Second)
	closed := s.finance(http.MethodPost, day+"/close")
	require.Equal(t, "closed", closed["status"])
	require.EqualValues(t, 1, closed["beyond_reversal"])

	file := s.file(day, "txt")
	require.Equal(t, file, s.file(day, "txt"), "an export gives the same bytes every time")
	sum := sha256.Sum256([]byte(file))
	require.Equal(t, hex.EncodeToString(sum[:]), s.finance(http.MethodGet, day)["sha256"])
	lines := strings.Split(strings.TrimSpace(file), "\n")
	require.Len(t, lines, 4)
	require.True(t, strings.HasPrefix(lines[0], "H|"), lines[0])
	require.Contains(t, lines[1], "|"+tillStore+"|"+tillRef+"|"+code+"|")
	require.Contains(t, lines[1], "|50000|5000|50000|PAID|"+receipt+"|")
	require.Contains(t, lines[2], "|"+otherRef+"|"+takenBack+"|")
	require.Contains(t, lines[2], "|REVERSED|")
	require.True(t, strings.HasPrefix(lines[3], "T|1|50000|1|20000|5000|50000|"), lines[3])
	require.NotEmpty(t, s.file(day, "csv"))
	require.True(t, strings.HasPrefix(s.file(day, "xlsx"), "PK"))

	records := len(s.journal())
	require.Equal(t, "12 Payment already settled", s.send(s.reversal(code, tillRef, stageAmount)).String())
	require.Equal(t, "case", s.written(records))
	require.Equal(t, receipt, s.pay(code, tillRef, stageAmount), "a retry is answered as ever")
	require.Equal(t, "settlement", s.status(order)["transaction_status"])
	require.Equal(t, file, s.file(day, "txt"))
	exported := s.operate("settlement", "export", string(stageDay))
	require.Equal(t, file, exported, "the command writes the same file")
}

// file is a day's settlement file.
func (s *stage) file(day, format string) string {
	s.t.Helper()
	return string(s.fetch(s.financeRequest(http.MethodGet, day+"/file?format="+format)))
}

// A merchant with a hold hears of a payment when its till can hardly reverse
// it any more; till then a reversal opens the code again.
func TestEndToEndStoryOfAHold(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{hold: stageHold})
	code, order := s.charge(chargeTerms{})
	s.pay(code, tillRef, stageAmount)
	require.Equal(t, "pending", s.status(order)["transaction_status"])
	require.NotContains(t, s.status(order), "approval_code", "nothing tells of the payment")
	for _, action := range []string{"cancel", "expire"} {
		require.Equal(t, "412", s.merchant(http.MethodPost, "/v2/"+order+"/"+action, nil)["status_code"])
	}
	require.Equal(t, stageAmount, s.receivable(), "the ledger knows at once")

	s.clock.turn(stageHold - time.Second)
	s.sweep()
	require.Equal(t, "pending", s.status(order)["transaction_status"])
	s.reverse(code, tillRef, stageAmount)
	require.Equal(t, "pending", s.status(order)["transaction_status"])
	require.Equal(t, saysApproved, s.send(s.inquiry(code)).String())

	receipt := s.pay(code, otherRef, stageAmount)
	s.clock.turn(stageHold)
	require.Equal(t, "pending", s.status(order)["transaction_status"], "the record releases, not the clock")
	s.sweep()
	told := s.status(order)
	require.Equal(t, "settlement", told["transaction_status"])
	require.Equal(t, receipt, told["approval_code"])
	s.reverse(code, otherRef, stageAmount)
	require.Equal(t, "deny", s.status(order)["transaction_status"])
	require.Equal(t, "charged paid reversed paid released reversed", s.written(8))
}

// The merchant ends a code: a till hears of it at once, and nothing is owed.
func TestEndToEndStoryOfACancelledCode(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	for action, want := range map[string]string{"cancel": saysCancelled, "expire": saysExpired} {
		code, order := s.charge(chargeTerms{})
		require.Equal(t, saysApproved, s.send(s.inquiry(code)).String())
		s.merchant(http.MethodPost, "/v2/"+order+"/"+action, nil)
		require.Equal(t, want, s.send(s.inquiry(code)).String())
		require.Equal(t, want, s.send(s.payment(code, tillRef, stageAmount)).String())
		s.chargeAgain(order)
	}
	require.Zero(t, s.receivable())
}

// The program is stopped and started again: all is as it was.
func TestEndToEndStoryOfARestart(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	code, order := s.charge(chargeTerms{})
	receipt := s.pay(code, tillRef, stageAmount)
	gone, _ := s.charge(chargeTerms{})
	s.reverse(gone, otherRef, stageAmount)
	s.restart()
	require.Equal(t, receipt, s.pay(code, tillRef, stageAmount))
	require.Equal(t, saysReversed, s.send(s.payment(gone, otherRef, stageAmount)).String())
	require.Equal(t, "settlement", s.status(order)["transaction_status"])
	require.Equal(t, stageAmount, s.receivable())
	require.IsType(t, ledger.Buried{}, s.journal()[len(s.journal())-1].Event)
}
