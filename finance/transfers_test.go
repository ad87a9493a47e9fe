package finance_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

func TestTransferIsMatchedToItsBatches(t *testing.T) {
	t.Parallel()
	o := sold(t)
	calls := len(o.acts)
	const body = `{"reference":"BCA/2026 11-1","on":"2026-11-20","amount":149000}`
	recorded := o.done(t, clerk, "POST", "transfers", body)
	require.Equal(t, map[string]any{
		"reference": "BCA/2026 11-1", "on": "2026-11-20", "amount": 149_000.0, "at": "2026-11-20T10:00:00+07:00", "by": clerk,
	}, recorded)
	act := o.lastAct(t, calls+1)
	require.Equal(t, "BCA/2026 11-1", act.Reference)
	require.Equal(t, ledger.Rupiah(149_000), act.Amount)
	require.Equal(t, recorded, o.done(t, approver, "POST", "transfers", body), "a transfer is booked once")

	path := "transfers/" + url.PathEscape("BCA/2026 11-1")
	require.Equal(t, []any{}, o.done(t, viewer, "GET", path+"/suggestion", "")["days"], "its amount fits no batches")
	matched := o.done(t, clerk, "POST", path+"/match", `{"days":["2026-11-20"]}`)
	require.Equal(t, -1000.0, matched["difference"])
	open := o.done(t, viewer, "GET", "cases?open=true", "")["cases"].([]any)
	require.Equal(t, "TRANSFER_DIFFERENCE", open[0].(map[string]any)["class"])
	require.Equal(t, "BCA/2026 11-1", o.done(t, viewer, "GET", "settlements/2026-11-20", "")["transfer"])
	owed := o.done(t, viewer, "GET", "receivables", "")["receivables"].([]any)
	require.Equal(t, 0.0, owed[0].(map[string]any)["unpaid"])

	unmatched := o.done(t, clerk, "POST", path+"/match", `{"days":[]}`)
	require.NotContains(t, unmatched, "days")
	o.done(t, clerk, "POST", "transfers", `{"reference":"BCA-2","on":"2026-11-21","amount":150000}`)
	require.Equal(t, []any{"2026-11-20"}, o.done(t, viewer, "GET", "transfers/BCA-2/suggestion", "")["days"])
	require.Len(t, o.done(t, viewer, "GET", "transfers", "")["transfers"], 2)
}

func TestTransfersAreRefused(t *testing.T) {
	t.Parallel()
	o := sold(t)
	o.done(t, clerk, "POST", "transfers", `{"reference":"BCA-1","on":"2026-11-20","amount":1}`)
	o.done(t, clerk, "POST", "transfers", `{"reference":"BCA-2","on":"2026-11-20","amount":1}`)
	o.done(t, clerk, "POST", "transfers/BCA-2/match", `{"days":["2026-11-20"]}`)
	many := `{"days":["2026-11-20"` + strings.Repeat(`,"2026-11-20"`, ledger.MaxTransferDays) + `]}`
	cases := map[string]struct {
		method, path, body string
		status             int
		code, message      string
	}{
		"other contents":   {"POST", "transfers", `{"reference":"BCA-1","on":"2026-11-20","amount":2}`, 409, "taken", "transfer BCA-1 of 2026-11-20 over 1: taken already"},
		"nothing":          {"POST", "transfers", `{"reference":"BCA-3","on":"2026-11-20","amount":0}`, 422, "bad_amount", ""},
		"no reference":     {"POST", "transfers", `{"reference":"","on":"2026-11-20","amount":1}`, 422, "bad_text", ""},
		"unknown":          {"POST", "transfers/BCA-9/match", `{"days":["2026-11-20"]}`, 404, "transfer_unknown", "there is no transfer BCA-9"},
		"unknown to pay":   {"GET", "transfers/BCA-9/suggestion", "", 404, "transfer_unknown", "there is no transfer BCA-9"},
		"open batch":       {"POST", "transfers/BCA-1/match", `{"days":["2026-11-21"]}`, 409, "day_not_closed", "transfer BCA-1: batch 2026-11-21: the batch is not closed"},
		"batch of another": {"POST", "transfers/BCA-1/match", `{"days":["2026-11-20"]}`, 409, "taken", "transfer BCA-1: batch 2026-11-20 is paid by transfer BCA-2: taken already"},
		"no day":           {"POST", "transfers/BCA-1/match", `{"days":["2026-11-20","friday"]}`, 422, "bad_body", "days[1]: want a day as yyyy-mm-dd"},
		"too many days":    {"POST", "transfers/BCA-1/match", many, 422, "bad_body", "days: want at most 100 days"},
		"bad cursor":       {"GET", "transfers?cursor=%2F", "", 422, "bad_parameter", "cursor: want the next_cursor of the page before"},
		"position of none": {"GET", "position?day=friday", "", 422, "bad_parameter", "day: want a day as yyyy-mm-dd"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			refusal := o.refused(t, clerk, c.method, c.path, c.body, c.status, c.code)
			if c.message != "" {
				require.Equal(t, c.message, refusal["message"])
			}
		})
	}
	require.Len(t, o.done(t, viewer, "GET", "transfers", "")["transfers"], 2)
}

// A file of the bank's is taken whole or not at all.
func TestTransfersAreImported(t *testing.T) {
	t.Parallel()
	o := setup(t)
	const head = "reference,on,amount,note\r\n"
	refusal := o.refused(t, clerk, "POST", "transfers/import", head+"BCA-1,2026-11-20,1000,\r\nBCA-2,2026-11-20,1.500,\r\n", http.StatusUnprocessableEntity, "bad_file")
	require.Equal(t, 3.0, refusal["line"])
	require.Equal(t, "amount", refusal["column"])
	require.Equal(t, "1.500", refusal["text"])
	require.Contains(t, refusal["rule"], "thousands separator")
	o.refused(t, clerk, "POST", "transfers/import", "", http.StatusUnprocessableEntity, "bad_file")
	require.Empty(t, o.done(t, viewer, "GET", "transfers", "")["transfers"])

	done := o.done(t, clerk, "POST", "transfers/import", head+"BCA-1,2026-11-20,1000,\r\nBCA-2,2026-11-20,1500,of 19 Nov\r\n")
	require.Equal(t, 2.0, done["new"])
	require.Equal(t, done["transfers"], o.done(t, viewer, "GET", "transfers", "")["transfers"])
	require.Equal(t, 0.0, o.done(t, clerk, "POST", "transfers/import", head+"BCA-1,2026-11-20,1000,\r\n")["new"])
	o.refused(t, clerk, "POST", "transfers/import", head+"BCA-1,2026-11-20,1001,\r\n", http.StatusUnprocessableEntity, "bad_file")
}

func TestTransfersAreListedByPage(t *testing.T) {
	t.Parallel()
	o := setup(t)
	for i := range 5 {
		o.done(t, clerk, "POST", "transfers", fmt.Sprintf(`{"reference":"BCA-%d","on":"2026-11-20","amount":%d}`, i, i+1))
	}
	var listed []any
	next := ""
	for range 3 {
		page := o.done(t, viewer, "GET", "transfers?limit=2"+next, "")
		for _, transfer := range page["transfers"].([]any) {
			listed = append(listed, transfer.(map[string]any)["reference"])
		}
		next = fmt.Sprint("&cursor=", page["next_cursor"])
	}
	require.Equal(t, []any{"BCA-0", "BCA-1", "BCA-2", "BCA-3", "BCA-4"}, listed)
	for _, format := range []string{"csv", "xlsx", "json"} {
		response, text := o.download(t, viewer, "transfers/export?format="+format)
		require.NotEmpty(t, text)
		require.Equal(t, fmt.Sprintf(`attachment; filename="transfers.%s"`, format), response.Header.Get("Content-Disposition"))
	}
	// A cursor of another list is none of this one.
	o.refused(t, viewer, "GET", "transfers?cursor=AAAA", "", http.StatusUnprocessableEntity, "bad_parameter")
}

func TestReceivablesAreListedByPage(t *testing.T) {
	t.Parallel()
	o := sold(t)
	o.at(t, "2026-11-23 10:00:00")
	for _, day := range []string{"2026-11-21", "2026-11-22"} {
		o.done(t, clerk, "POST", "settlements/"+day+"/close", "")
	}
	page := o.done(t, viewer, "GET", "receivables?limit=2", "")
	require.Len(t, page["receivables"], 2)
	require.Equal(t, "2026-11-22", page["next_cursor"])
	require.Equal(t, 150_000.0, page["receivables"].([]any)[0].(map[string]any)["unpaid"])
	page = o.done(t, viewer, "GET", "receivables?limit=2&cursor=2026-11-22", "")
	require.Len(t, page["receivables"], 1)
	require.NotContains(t, page, "next_cursor")
	_, text := o.download(t, viewer, "receivables/export?from=2026-11-21")
	require.Equal(t, 3, strings.Count(string(text), "\n"))
}

// The books of a day that is over do not change with what is booked later.
func TestTrialBalanceOfADay(t *testing.T) {
	t.Parallel()
	o := sold(t)
	o.at(t, "2026-11-21 10:00:00")
	o.pay(t, 70_000, 0)
	then := o.done(t, viewer, "GET", "trial-balance?day=2026-11-20", "")
	require.Equal(t, "2026-11-20", then["day"])
	require.Equal(t, 0.0, then["sum"])
	require.Contains(t, then["accounts"], map[string]any{"account": "indomaret_receivable", "amount": 150_000.0})
	require.Contains(t, o.done(t, viewer, "GET", "trial-balance", "")["accounts"], map[string]any{"account": "indomaret_receivable", "amount": 220_000.0})
	position := o.done(t, viewer, "GET", "position?day=2026-11-20", "")
	require.Equal(t, 150_000.0, position["owed"])
	_, text := o.download(t, viewer, "trial-balance/export?day=2026-11-20")
	require.Contains(t, string(text), "2026-11-20,indomaret_receivable,150000\r\n")
	o.refused(t, viewer, "GET", "trial-balance?day=20", "", http.StatusUnprocessableEntity, "bad_parameter")
}
