package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
	"paypoint/soap"
)

// metricsText is what /metrics shows.
func metricsText(t *testing.T, m *metrics) string {
	t.Helper()
	answer := httptest.NewRecorder()
	m.handler().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	require.Equal(t, http.StatusOK, answer.Code)
	return answer.Body.String()
}

func TestMetricsOfMessages(t *testing.T) {
	t.Parallel()
	paid := soap.Exchange{
		Message: &soap.Message{Operation: soap.Payment}, Answer: &soap.PaymentAnswer{ResponseCode: "00"}, Status: 200, Reason: "approved",
		Took: 2 * time.Millisecond, Warnings: []ledger.Warning{ledger.BookedLate},
	}
	reversed := soap.Exchange{
		Message: &soap.Message{Operation: soap.Reversal}, Answer: &soap.ReversalAnswer{ResponseCode: "00"}, Status: 200, Reason: "approved",
		ReversedAfter: 20 * time.Second,
	}
	for name, try := range map[string]struct {
		exchange soap.Exchange
		lines    []string
	}{
		"answered": {paid, []string{
			`paypoint_partner_messages_total{code="00",operation="payment",reason="approved"} 1`,
			`paypoint_partner_warnings_total{warning="` + string(ledger.BookedLate) + `"} 1`,
			`paypoint_partner_message_seconds_bucket{operation="payment",le="0.001"} 0`,
			`paypoint_partner_message_seconds_bucket{operation="payment",le="0.0025"} 1`,
			`paypoint_reversal_delay_seconds_count 0`,
		}},
		"reversed": {reversed, []string{
			`paypoint_partner_messages_total{code="00",operation="reversal",reason="approved"} 1`,
			`paypoint_reversal_delay_seconds_bucket{le="15"} 0`,
			`paypoint_reversal_delay_seconds_bucket{le="30"} 1`,
		}},
		"not answered": {
			soap.Exchange{Message: &soap.Message{Operation: soap.Payment}, Reason: "no answer", Err: errDisk},
			[]string{`paypoint_partner_messages_total{code="none",operation="payment",reason="no answer"} 1`},
		},
		// The texts of faults make no labels.
		"a fault": {
			soap.Exchange{Status: 500, Reason: "The request is not well-formed XML."},
			[]string{`paypoint_partner_messages_total{code="none",operation="none",reason="fault"} 1`},
		},
		"a body that broke off": {
			soap.Exchange{Reason: "no answer", Err: errDisk},
			[]string{`paypoint_partner_messages_total{code="none",operation="none",reason="no answer"} 1`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMetrics()
			m.message(try.exchange, time.Now())
			text := metricsText(t, m)
			for _, line := range try.lines {
				require.Contains(t, text, line+"\n")
			}
			require.Equal(t, 1, strings.Count(text, "\npaypoint_partner_messages_total{"))
			require.Contains(t, text, "\npaypoint_partner_clock_skew_seconds_count 0\n")
		})
	}
}

func TestMetricsOfASession(t *testing.T) {
	t.Parallel()
	l := serveHere(t, sandboxHere(t), 1, nil)
	c := newClient(t, l.urls[0])
	code, err := c.charge("order-1", stageAmount)
	require.NoError(t, err)
	for _, m := range []tillMessage{
		message(reqInquiry, code, tillRef, 0), message(reqPayment, code, tillRef, 1), message(reqPayment, code, tillRef, stageAmount),
		message(reqPayment, code, tillRef, stageAmount), message(reqReversal, code, tillRef, stageAmount),
	} {
		_, err := c.till(m)
		require.NoError(t, err)
	}
	response, err := c.http.Get(l.urls[0] + "/metrics")
	require.NoError(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	for _, line := range []string{
		`paypoint_partner_messages_total{code="00",operation="inquiry",reason="approved"} 1`,
		`paypoint_partner_messages_total{code="13",operation="payment",reason="wrong_amount"} 1`,
		`paypoint_partner_messages_total{code="00",operation="payment",reason="approved"} 2`,
		`paypoint_partner_messages_total{code="00",operation="reversal",reason="approved"} 1`,
		`paypoint_partner_message_seconds_count{operation="payment"} 3`,
		`paypoint_reversal_delay_seconds_count 1`,
		`paypoint_http_requests_total{group="partner",status="200"} 5`,
		`paypoint_http_requests_total{group="merchant",status="200"} 1`,
		`paypoint_http_request_seconds_count{group="partner"} 5`,
		`paypoint_ledger_commit_changes_count 10`, // the sandbox's merchant and six persons, charge, payment, reversal
		`paypoint_ledger_commit_seconds_count 10`,
		`paypoint_ledger_waiting_payments 0`,
		`paypoint_ledger_waiting_reversals 0`,
		`paypoint_ledger_waiting_work 0`,
		`paypoint_wire_log_lost_entries 0`,
		`paypoint_swept_charges_total 0`,
	} {
		require.Contains(t, string(text), line+"\n")
	}
	require.Contains(t, string(text), "\ngo_goroutines ")
	require.Contains(t, string(text), "\nprocess_open_fds ")
	require.NoError(t, l.end())
}
