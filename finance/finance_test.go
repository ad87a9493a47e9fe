package finance_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/finance"
	"paypoint/ledger"
	"paypoint/reconcile/settlement"
	"paypoint/store/memory"
)

const settlements = "/finance/v1/settlements"

func TestSettlementOfADay(t *testing.T) {
	t.Parallel()
	o := setup(t)
	o.pay(t, 50000, 5000)
	o.pay(t, 30000, 0)
	o.reverse(t, o.pay(t, 70000, 2500))

	status, day := o.read(t, "GET", settlements+"/2026-11-20")
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, map[string]any{
		"business_date": "2026-11-20", "status": "open", "closes_from": "2026-11-21T02:00:00+07:00",
		"count_paid": 2.0, "sum_amount": 80000.0, "sum_fee": 5000.0, "sum_net": 85000.0,
		"count_reversed": 1.0, "sum_reversed": 70000.0, "count_adjusted": 0.0, "sum_adjusted": 0.0,
	}, day)

	o.at(t, "2026-11-21 02:00:00")
	status, closed := o.read(t, "POST", settlements+"/2026-11-20/close")
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, 2.0, closed["beyond_reversal"])
	require.Len(t, closed["sha256"], 64)
	batch, err := o.settlement.Get(t.Context(), "2026-11-20")
	require.NoError(t, err)
	require.Equal(t, batch.SHA256, closed["sha256"])

	status, again := o.read(t, "POST", settlements+"/2026-11-20/close?early=true")
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, closed, again, "closing again changes nothing")

	delete(closed, "beyond_reversal")
	status, day = o.read(t, "GET", settlements+"/2026-11-20")
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, closed, day)
	require.Equal(t, map[string]any{
		"business_date": "2026-11-20", "status": "closed", "batch_no": 1.0, "closed_at": "2026-11-21T02:00:00+07:00", "closed_by": "sandbox-finance",
		"count_paid": 2.0, "sum_amount": 80000.0, "sum_fee": 5000.0, "sum_net": 85000.0,
		"count_reversed": 1.0, "sum_reversed": 70000.0, "count_adjusted": 0.0, "sum_adjusted": 0.0, "sha256": batch.SHA256,
	}, day)
}

func TestCloseEarlySaysWhatPassesBeyondReversal(t *testing.T) {
	t.Parallel()
	o := setup(t)
	o.pay(t, 50000, 0)
	o.pay(t, 60000, 0)
	o.reverse(t, o.pay(t, 70000, 0))
	status, closed := o.read(t, "POST", settlements+"/2026-11-20/close?early=true")
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, 2.0, closed["beyond_reversal"])
	require.Equal(t, true, closed["early"])
	require.Equal(t, finance.Act{
		Who: "sandbox-finance", Role: access.RoleApprover, Action: access.ActSettlementClose, Changes: true, Query: "early=true", Name: "settlement.close", Day: "2026-11-20", Early: true, Payments: 2,
		Status: http.StatusOK, Bytes: o.lastAct(t, 1).Bytes,
	}, o.lastAct(t, 1))
}

// With a cut-off of 23:00 the day that is today at 23:10 has tomorrow's date,
// and the one that has just ended is another.
func TestTodayIsTheBusinessDayOfNow(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		cutOff time.Duration
		now    string
		today  ledger.Day
	}{
		"calendar day":           {24 * time.Hour, "2026-11-20 23:10:00", "2026-11-20"},
		"before the cut-off":     {23 * time.Hour, "2026-11-20 22:59:59", "2026-11-20"},
		"after the cut-off":      {23 * time.Hour, "2026-11-20 23:10:00", "2026-11-21"},
		"after midnight":         {23 * time.Hour, "2026-11-21 00:10:00", "2026-11-21"},
		"midnight of other time": {24 * time.Hour, "2026-11-21 00:00:00", "2026-11-21"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := setupUnder(t, memory.Open(), c.cutOff)
			o.at(t, c.now)
			o.pay(t, 50000, 0)
			status, day := o.read(t, "GET", settlements+"/today")
			require.Equal(t, http.StatusOK, status)
			require.Equal(t, string(c.today), day["business_date"])
			status, closed := o.read(t, "POST", settlements+"/today/close?early=true")
			require.Equal(t, http.StatusOK, status)
			require.Equal(t, string(c.today), closed["business_date"])
			response := o.ask(t, "GET", settlements+"/today/file")
			require.Equal(t, `attachment; filename="settlement-`+string(c.today)+`.txt"`, response.Header.Get("Content-Disposition"))
			require.Equal(t, c.today, o.lastAct(t, 3).Day)
		})
	}
}

func TestZeroDayIsClosedAndHasAFile(t *testing.T) {
	t.Parallel()
	o := setup(t)
	status, _ := o.read(t, "GET", settlements+"/2026-11-19")
	require.Equal(t, http.StatusNotFound, status)
	status, closed := o.read(t, "POST", settlements+"/2026-11-19/close")
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, 0.0, closed["beyond_reversal"])
	response := o.ask(t, "GET", settlements+"/2026-11-19/file")
	file, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Equal(t, 2, bytes.Count(file, []byte("\n")))
}

func TestListPages(t *testing.T) {
	t.Parallel()
	o := setup(t)
	o.at(t, "2026-11-25 10:00:00")
	for _, day := range []ledger.Day{"2026-11-20", "2026-11-21", "2026-11-23"} {
		_, err := o.settlement.Close(t.Context(), day, false, "operator")
		require.NoError(t, err)
	}
	o.pay(t, 50000, 0)
	cases := map[string]struct {
		query string
		days  []any
		next  any
	}{
		"all":                {"", []any{"2026-11-20", "2026-11-21", "2026-11-23", "2026-11-25"}, nil},
		"from a day":         {"?from=2026-11-22", []any{"2026-11-23", "2026-11-25"}, nil},
		"first page":         {"?limit=2", []any{"2026-11-20", "2026-11-21"}, "2026-11-23"},
		"next page":          {"?limit=2&cursor=2026-11-23", []any{"2026-11-23", "2026-11-25"}, nil},
		"page from a day":    {"?limit=1&from=2026-11-21", []any{"2026-11-21"}, "2026-11-23"},
		"cursor beyond from": {"?limit=1&from=2026-11-21&cursor=2026-11-23", []any{"2026-11-23"}, "2026-11-25"},
		"none":               {"?from=2027-01-01", []any{}, nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			status, list := o.read(t, "GET", settlements+c.query)
			require.Equal(t, http.StatusOK, status)
			days := []any{}
			for _, day := range list["settlements"].([]any) {
				days = append(days, day.(map[string]any)["business_date"])
			}
			require.Equal(t, c.days, days)
			require.Equal(t, c.next, list["next_cursor"])
		})
	}
}

func TestFile(t *testing.T) {
	t.Parallel()
	o := setup(t)
	o.pay(t, 50000, 5000)
	o.at(t, "2026-11-21 02:00:00")
	batch, err := o.settlement.Close(t.Context(), "2026-11-20", false, "operator")
	require.NoError(t, err)
	cases := map[string]struct {
		query, contentType, name string
		format                   settlement.Format
	}{
		"text unless asked otherwise": {"", "text/plain; charset=utf-8", "settlement-2026-11-20.txt", settlement.TXT},
		"text":                        {"?format=txt", "text/plain; charset=utf-8", "settlement-2026-11-20.txt", settlement.TXT},
		"table":                       {"?format=csv", "text/csv; charset=utf-8; header=present", "settlement-2026-11-20.csv", settlement.CSV},
		"workbook":                    {"?format=xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "settlement-2026-11-20.xlsx", settlement.XLSX},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var want bytes.Buffer
			require.NoError(t, o.settlement.Export(t.Context(), "2026-11-20", c.format, &want, nil))
			for _, method := range []string{"GET", "HEAD"} {
				response := o.ask(t, method, settlements+"/2026-11-20/file"+c.query)
				got, err := io.ReadAll(response.Body)
				require.NoError(t, err)
				require.Equal(t, http.StatusOK, response.StatusCode)
				require.Equal(t, c.contentType, response.Header.Get("Content-Type"))
				require.Equal(t, `attachment; filename="`+c.name+`"`, response.Header.Get("Content-Disposition"))
				require.Equal(t, batch.SHA256, response.Header.Get("Settlement-SHA256"))
				if method == "GET" {
					require.Equal(t, want.Bytes(), got)
				}
				if method == "GET" && c.format == settlement.TXT {
					digest := sha256.Sum256(got)
					require.Equal(t, response.Header.Get("Settlement-SHA256"), hex.EncodeToString(digest[:]))
				}
			}
		})
	}
}

func TestTrialBalance(t *testing.T) {
	t.Parallel()
	o := setup(t)
	o.pay(t, 50000, 5000)
	o.reverse(t, o.pay(t, 70000, 5000))
	status, books := o.read(t, "GET", "/finance/v1/trial-balance")
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, 0.0, books["sum"])
	require.Contains(t, books["accounts"], map[string]any{"account": "indomaret_receivable", "amount": 55000.0})
	require.Contains(t, books["accounts"], map[string]any{"account": "merchant_payable/G000000001", "amount": -50000.0})
	require.Contains(t, books["accounts"], map[string]any{"account": "fees", "amount": -5000.0})
	require.Contains(t, books["accounts"], map[string]any{"account": "suspense", "amount": 0.0})
}

// Closing and exporting a large day take longer than other answers may.
func TestServersTimeLimitIsNotForFiles(t *testing.T) {
	t.Parallel()
	o := setup(t)
	o.pay(t, 50000, 0)
	o.at(t, "2026-11-21 02:00:00")
	hasty := httptest.NewUnstartedServer(o.handler)
	hasty.Config.WriteTimeout = time.Nanosecond
	o.serve(t, hasty)
	status, _ := o.read(t, "POST", settlements+"/2026-11-20/close")
	require.Equal(t, http.StatusOK, status)
	for _, format := range []string{"txt", "csv", "xlsx"} {
		response := o.ask(t, "GET", settlements+"/2026-11-20/file?format="+format)
		file, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		require.NotEmpty(t, file)
	}
	request, err := http.NewRequestWithContext(t.Context(), "GET", o.url+settlements, nil)
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer "+token)
	_, err = o.client.Do(request)
	require.Error(t, err, "it is for all else")
}
