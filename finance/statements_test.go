package finance_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/access/audit"
	"paypoint/finance"
	"paypoint/reconcile/statement"
)

// sold is an office with one closed day on which the merchant sold for 150,000.
func sold(t *testing.T) *office {
	t.Helper()
	o := setup(t)
	o.pay(t, 100_000, 0)
	o.pay(t, 50_000, 0)
	o.done(t, clerk, "POST", "settlements/2026-11-20/close?early=true", "")
	return o
}

func TestStatementIsClosedAndPaidOut(t *testing.T) {
	t.Parallel()
	o := sold(t)
	calls := len(o.acts)
	closed := o.done(t, clerk, "POST", "statements/close", `{"to":"2026-11-20"}`)["statements"].([]any)
	require.Len(t, closed, 1)
	act := o.lastAct(t, calls+1)
	require.Equal(t, finance.Act{Who: clerk, Role: access.RoleFinance, Action: access.ActStatementClose, Changes: true, Name: audit.ActStatementClose, Day: "2026-11-20", Status: 200, Bytes: act.Bytes}, act)
	one := closed[0].(map[string]any)
	require.Equal(t, map[string]any{
		"merchant": "G000000001", "no": 1.0, "from": "2026-11-20", "to": "2026-11-20",
		"sales": 150_000.0, "partner_fee": 0.0, "own_fee": 2_000.0, "vat": 220.0, "withheld": 0.0, "collected": 0.0,
		"net_payable": 147_780.0, "paid_out": 0.0, "outstanding": 147_780.0,
		"sha256": one["sha256"], "at": "2026-11-20T10:00:00+07:00", "by": clerk,
	}, one)
	require.Empty(t, o.done(t, clerk, "POST", "statements/close", `{"to":"2026-11-20"}`)["statements"], "nothing is closed twice")

	payout := `{"reference":"OUT-1","on":"2026-11-20","amount":100000,"merchant":"G000000001","no":1}`
	paid := o.done(t, clerk, "POST", "payouts", payout)
	require.Equal(t, paid, o.done(t, clerk, "POST", "payouts", payout), "a payout is booked once")
	require.Equal(t, map[string]any{
		"reference": "OUT-1", "on": "2026-11-20", "amount": 100_000.0, "merchant": "G000000001", "no": 1.0,
		"at": "2026-11-20T10:00:00+07:00", "by": clerk,
	}, paid)
	require.Equal(t, []any{paid}, o.done(t, viewer, "GET", "payouts", "")["payouts"])
	after := o.done(t, viewer, "GET", "statements/G000000001/1", "")
	require.Equal(t, 47_780.0, after["outstanding"])
	require.Equal(t, []any{after}, o.done(t, viewer, "GET", "statements?merchant=G000000001", "")["statements"])
	require.Equal(t, []any{after}, o.done(t, viewer, "GET", "statements", "")["statements"])
	require.Empty(t, o.done(t, viewer, "GET", "statements?merchant=G000000002", "")["statements"])
	for _, path := range []string{"statements/export", "payouts/export"} {
		for _, format := range []string{"csv", "xlsx", "json"} {
			_, text := o.download(t, viewer, path+"?format="+format)
			require.NotEmpty(t, text)
		}
	}
	_, text := o.download(t, viewer, "statements/export?format=json&merchant=G000000001")
	var rows []map[string]any
	require.NoError(t, json.Unmarshal(text, &rows))
	require.Equal(t, 47_780.0, rows[0]["outstanding"])
}

func TestPayoutsAreRefused(t *testing.T) {
	t.Parallel()
	o := sold(t)
	o.done(t, clerk, "POST", "statements/close", `{"to":"2026-11-20","merchants":["G000000001"]}`)
	o.done(t, clerk, "POST", "payouts", `{"reference":"OUT-1","on":"2026-11-20","amount":1,"merchant":"G000000001","no":1}`)
	o.done(t, clerk, "POST", "transfers", `{"reference":"BCA-1","on":"2026-11-20","amount":1}`)
	o.done(t, clerk, "POST", "transfers/BCA-1/match", `{"days":["2026-11-20"]}`)
	found := o.done(t, viewer, "GET", "cases", "")["cases"].([]any)[0].(map[string]any)
	id := fmt.Sprint(found["id"])
	cases := map[string]struct {
		body   string
		status int
		code   string
	}{
		"more than is outstanding": {`{"reference":"OUT-2","on":"2026-11-20","amount":147780,"merchant":"G000000001","no":1}`, 422, "bad_amount"},
		"nothing":                  {`{"reference":"OUT-2","on":"2026-11-20","amount":0,"merchant":"G000000001","no":1}`, 422, "bad_amount"},
		"of another sign":          {`{"reference":"OUT-2","on":"2026-11-20","amount":-2,"merchant":"G000000001","no":1}`, 422, "bad_amount"},
		"other contents":           {`{"reference":"OUT-1","on":"2026-11-20","amount":2,"merchant":"G000000001","no":1}`, 409, "taken"},
		"no such statement":        {`{"reference":"OUT-2","on":"2026-11-20","amount":1,"merchant":"G000000001","no":9}`, 404, "statement_unknown"},
		"no such case":             {`{"reference":"OUT-2","on":"2026-11-20","amount":1,"case":999}`, 404, "case_unknown"},
		"no refund":                {`{"reference":"OUT-2","on":"2026-11-20","amount":1,"case":` + id + `}`, 409, "case_state"},
		"for nothing":              {`{"reference":"OUT-2","on":"2026-11-20","amount":1}`, 422, "bad_body"},
		"for two":                  {`{"reference":"OUT-2","on":"2026-11-20","amount":1,"merchant":"G000000001","no":1,"case":5}`, 422, "bad_body"},
		"without a number":         {`{"reference":"OUT-2","on":"2026-11-20","amount":1,"merchant":"G000000001"}`, 422, "bad_body"},
		"no day":                   {`{"reference":"OUT-2","on":"today","amount":1,"case":5}`, 422, "bad_body"},
		"no reference":             {`{"reference":" ","on":"2026-11-20","amount":1,"case":5}`, 422, "bad_text"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			o.refused(t, clerk, "POST", "payouts", c.body, c.status, c.code)
		})
	}
	require.Len(t, o.done(t, viewer, "GET", "payouts", "")["payouts"], 1)
}

// What is refunded by a case can be paid out for it.
func TestRefundIsPaidOut(t *testing.T) {
	t.Parallel()
	o := setup(t)
	path := o.missing(t)
	proposed := o.done(t, clerk, "POST", path+"/proposal", `{"act":"refund","amount":50000,"why":"the code had expired"}`)
	seq, err := json.Marshal(proposed["proposal"].(map[string]any)["seq"])
	require.NoError(t, err)
	o.done(t, approver, "POST", path+"/approval", `{"proposal":`+string(seq)+`}`)
	require.Equal(t, 50_000.0, o.done(t, viewer, "GET", "position", "")["refunds"])
	o.done(t, clerk, "POST", "payouts", `{"reference":"BACK-1","on":"2026-11-21","amount":50000,"case":`+path[len("cases/"):]+`}`)
	require.Equal(t, 50_000.0, o.done(t, viewer, "GET", path, "")["paid_out"])
	require.Equal(t, 0.0, o.done(t, viewer, "GET", "position", "")["refunds"])
}

// The JSON file is the record: its hash is the statement's.
func TestStatementsFiles(t *testing.T) {
	t.Parallel()
	o := sold(t)
	closed := o.done(t, clerk, "POST", "statements/close", `{"to":"2026-11-20"}`)["statements"].([]any)[0].(map[string]any)
	for query, begins := range map[string]string{
		"": "%PDF-", "?format=pdf&language=en": "%PDF-", "?format=xlsx": "PK", "?format=csv&language=id": "", "?format=json": "{",
	} {
		response, text := o.download(t, viewer, "statements/G000000001/1/file"+query)
		require.Equal(t, closed["sha256"], response.Header.Get("Statement-SHA256"))
		require.Regexp(t, `^attachment; filename="statement-G000000001-0001-2026-11-20-2026-11-20\.`, response.Header.Get("Content-Disposition"))
		require.Equal(t, begins, string(text[:len(begins)]))
		if query == "?format=json" {
			digest := sha256.Sum256(text)
			require.Equal(t, closed["sha256"], hex.EncodeToString(digest[:]))
		}
	}
	o.refused(t, viewer, "GET", "statements/G000000001/2/file", "", http.StatusNotFound, "statement_unknown")
	o.refused(t, viewer, "GET", "statements/G000000001/2", "", http.StatusNotFound, "statement_unknown")
	o.refused(t, viewer, "GET", "statements/G000000001/last", "", http.StatusUnprocessableEntity, "bad_statement")
	o.refused(t, viewer, "GET", "statements/G000000001/1/file?format=txt", "", http.StatusUnprocessableEntity, "bad_parameter")
	o.refused(t, viewer, "GET", "statements/G000000001/1/file?language=fr", "", http.StatusUnprocessableEntity, "bad_parameter")
}

func TestStatementsAreNotClosed(t *testing.T) {
	t.Parallel()
	o := sold(t)
	o.pay(t, 1000, 0)
	cases := map[string]struct {
		body   string
		status int
		code   string
	}{
		"over an open day": {`{"to":"2026-11-21"}`, 409, "day_not_closed"},
		"to no day":        {`{"to":"yesterday"}`, 422, "bad_body"},
		"of nobody":        {`{"to":"2026-11-20","merchants":[]}`, 422, "bad_body"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			o.refused(t, clerk, "POST", "statements/close", c.body, c.status, c.code)
		})
	}
}

// Whose rates are missing is said by name.
func TestMerchantWhoseStatementFailsIsNamed(t *testing.T) {
	t.Parallel()
	o := sold(t)
	o.done(t, clerk, "PUT", "terms/G000000001", `{"rates":[`+rates("2026-12-01")+`]}`)
	calls := len(o.acts)
	closed := o.done(t, clerk, "POST", "statements/close", `{"to":"2026-11-20"}`)
	require.Empty(t, closed["statements"])
	failed := closed["failed"].([]any)[0].(map[string]any)
	require.Equal(t, map[string]any{"merchant": "G000000001", "code": "bad_terms", "message": failed["message"]}, failed)
	require.Contains(t, failed["message"], "2026-11-20")
	act := o.lastAct(t, calls+1)
	require.Equal(t, http.StatusOK, act.Status)
	require.ErrorIs(t, act.Err, statement.ErrTerms, "the log has the reason")
}

// rates begin on a day.
func rates(from string) string {
	return `{"from":"` + from + `","partner_fee":{"fixed":0,"share_bp":0},"own_fee":{"fixed":0,"share_bp":100},"vat_bp":0,"withheld_bp":0,"collected_bp":0}`
}

func TestTermsAreChanged(t *testing.T) {
	t.Parallel()
	o := sold(t)
	terms := o.done(t, viewer, "GET", "terms/G000000001", "")
	require.Equal(t, false, terms["own_rates"])
	calls := len(o.acts)
	terms = o.done(t, clerk, "PUT", "terms/G000000001", `{"party":{"id":"G000000001","name":"Toko Satu"},"rates":[`+rates("2026-01-01")+`]}`)
	require.Equal(t, true, terms["own_rates"])
	require.Equal(t, "Toko Satu", terms["party"].(map[string]any)["name"])
	require.Equal(t, "G000000001", o.lastAct(t, calls+1).Merchant)
	require.Equal(t, terms, o.done(t, viewer, "GET", "terms/G000000001", ""))
	closed := o.done(t, clerk, "POST", "statements/close", `{"to":"2026-11-20"}`)["statements"].([]any)[0].(map[string]any)
	require.Equal(t, 1_500.0, closed["own_fee"])

	o.refused(t, clerk, "PUT", "terms/G000000001", `{}`, http.StatusConflict, "rates_in_use")
	o.refused(t, clerk, "PUT", "terms/G000000002", `{"party":{"name":"","address":"Jakarta"}}`, http.StatusUnprocessableEntity, "bad_terms")
	o.refused(t, clerk, "PUT", "terms/G000000002", `{"rates":[`+rates("2026-02-01")+`,`+rates("2026-01-01")+`]}`, http.StatusUnprocessableEntity, "bad_terms")
	o.refused(t, clerk, "PUT", "terms/G000000002", `{"party":{"id":"G000000001","name":"x"}}`, http.StatusUnprocessableEntity, "bad_body")
	require.Equal(t, false, o.done(t, viewer, "GET", "terms/G000000002", "")["own_party"])
}

func TestUnknownMerchantsHaveNeitherTermsNorStatements(t *testing.T) {
	t.Parallel()
	o := sold(t)
	for method, body := range map[string]string{"GET": "", "PUT": `{}`} {
		refusal := o.refused(t, clerk, method, "terms/nobody", body, http.StatusNotFound, "merchant_unknown")
		require.Contains(t, refusal["message"], "no such merchant")
	}
	closed := o.done(t, clerk, "POST", "statements/close", `{"to":"2026-11-20","merchants":["nobody","G000000001"]}`)
	failed := closed["failed"].([]any)
	require.Len(t, failed, 1)
	require.Equal(t, "nobody", failed[0].(map[string]any)["merchant"])
	require.Equal(t, "merchant_unknown", failed[0].(map[string]any)["code"])
	require.Len(t, closed["statements"], 1)
	require.Len(t, o.done(t, viewer, "GET", "statements", "")["statements"], 1, "one does not keep the others from theirs")
}
