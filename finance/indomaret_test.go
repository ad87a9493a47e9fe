package finance_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

// remitted is a payment as Indomaret's file has it.
type remitted struct {
	code        ledger.PaymentCode
	ref         ledger.TrackingRef
	amount, fee ledger.Rupiah
}

// of is what Indomaret has of a payment that we have too.
func of(p ledger.Payment, fee ledger.Rupiah) remitted {
	return remitted{p.Code, p.Ref, p.Amount, fee}
}

// file is Indomaret's file of a day, in the shape of partnerfile.Simulated.
func file(day ledger.Day, payments ...remitted) string {
	var lines bytes.Buffer
	var amount, fee ledger.Rupiah
	for i, p := range payments {
		fmt.Fprintf(&lines, "D|%d|%s 10:00:00|T001|%s|%s||%d|%d|%d|PAID|||081234567890\n", i+1, day, p.ref, p.code, p.amount, p.fee, p.amount)
		amount, fee = amount+p.amount, fee+p.fee
	}
	return fmt.Sprintf("H|1|INDOMARET|%s|1|%s 23:59:59|N\n%sT|%d|%d|0|0|%d|%d|%x\n",
		day, day, lines.Bytes(), len(payments), amount, fee, amount, sha256.Sum256(lines.Bytes()))
}

// charge gives out a code that nobody has paid yet.
func (o *office) charge(t *testing.T, amount ledger.Rupiah) ledger.PaymentCode {
	t.Helper()
	o.payments++
	charge, err := o.ledger.Charge(t.Context(), ledger.NewCharge{
		ID: fmt.Sprintf("charge-%d", o.payments), Merchant: "G000000001", Prefix: "888",
		Order: fmt.Sprintf("order-%d", o.payments), Amount: amount, MinAmount: amount, Expires: o.now().Add(10 * 24 * time.Hour),
	})
	require.NoError(t, err)
	return charge.Code
}

// matched closes a day, takes Indomaret's file and matches it.
func (o *office) matched(t *testing.T, day ledger.Day, theirs ...remitted) map[string]any {
	t.Helper()
	o.done(t, clerk, "POST", "settlements/"+string(day)+"/close?early=true", "")
	o.done(t, clerk, "POST", "files?day="+string(day), file(day, theirs...))
	return o.done(t, clerk, "POST", "reconciliations/"+string(day)+"/match", "")
}

// missing opens a case of a payment of 50,000 that Indomaret alone has, and
// returns its path.
func (o *office) missing(t *testing.T) string {
	t.Helper()
	code := o.charge(t, 50_000)
	outcome := o.matched(t, "2026-11-20", remitted{code, "T900000001", 50_000, 0})
	require.Equal(t, 0.0, outcome["opened"], "it may be in the next day's batch")
	o.at(t, "2026-11-21 10:00:00")
	outcome = o.matched(t, "2026-11-21")
	require.Equal(t, 1.0, outcome["opened"])
	page := o.done(t, viewer, "GET", "cases?open=true", "")["cases"].([]any)
	require.Len(t, page, 1)
	return fmt.Sprintf("cases/%.0f", page[0].(map[string]any)["id"])
}

// download is a file that must be answered.
func (o *office) download(t *testing.T, person, path string) (*http.Response, []byte) {
	t.Helper()
	response := o.give(t, "GET", "/finance/v1/"+path, "", "Authorization", "Bearer "+o.tokens[person])
	var body bytes.Buffer
	_, err := body.ReadFrom(response.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, response.StatusCode, body.String())
	return response, body.Bytes()
}
