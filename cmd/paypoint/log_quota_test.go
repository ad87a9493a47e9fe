package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"paypoint/finance"
	"paypoint/ledger"
	"paypoint/soap"
)

func TestLogQuotaOfAKind(t *testing.T) {
	t.Parallel()
	q := newLogQuota(prometheus.NewRegistry())
	now := time.Now()
	for range quotaLines {
		leftOut, fits := q.take("pages 404", now)
		require.True(t, fits)
		require.Zero(t, leftOut)
	}
	for range 7 {
		_, fits := q.take("pages 404", now.Add(quotaWindow-1))
		require.False(t, fits)
	}
	_, fits := q.take("pages 405", now)
	require.True(t, fits, "another kind")
	leftOut, fits := q.take("pages 404", now.Add(quotaWindow))
	require.True(t, fits)
	require.Equal(t, 7, leftOut)
	leftOut, _ = q.take("pages 404", now.Add(quotaWindow))
	require.Zero(t, leftOut, "it is said once")
	_, fits = q.take("pages 404", now.Add(-time.Hour))
	require.True(t, fits, "the clock was turned back")
}

// Whoever asks for anything without a key fills no disk, and hides nobody who has
// one.
func TestRequestsOfStrangersHaveABoundInTheLog(t *testing.T) {
	t.Parallel()
	const asks = quotaLines + 20
	for name, c := range map[string]struct {
		method, path, key string
		status            int
		lines             int
	}{
		"no key":         {"GET", "/v1/charges", "wrong", 401, quotaLines},
		"unknown page":   {"GET", "/pay/x", "", 404, quotaLines},
		"unknown path":   {"GET", "/nothing", "", 404, quotaLines},
		"no message":     {"DELETE", "/indomaret", "", 405, quotaLines},
		"unreadable":     {"POST", "/indomaret", "", 415, quotaLines},
		"finance":        {"GET", "/finance/v1/days", "", 401, quotaLines},
		"documentation":  {"GET", "/openapi.yaml", "", 200, quotaLines},
		"right key":      {"GET", "/v1/charges", sandboxKey, 200, asks},
		"key, bad order": {"POST", "/v2/charge", sandboxKey, 400, asks},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var served *application
			open := func(a *application) {
				served = a
				a.guards.keys.strikes.Failures, a.guards.pages.strikes.Failures = 0, 0
			}
			events := eventsOf(t, open, func(l *local) {
				for range asks {
					asked(t, l, c.method, c.path, "", c.key)
				}
			})
			require.Len(t, events, c.lines)
			require.EqualValues(t, c.status, events[0]["status"])
			require.Contains(t, metricsText(t, served.metrics), fmt.Sprintf("paypoint_log_lines_left_out_total %d\n", asks-c.lines))
		})
	}
}

func TestLoggedPathsAreCut(t *testing.T) {
	t.Parallel()
	code := "8801234567890128"
	events := eventsOf(t, nil, func(l *local) {
		asked(t, l, "GET", "/"+strings.Repeat("a/", 7000), "", "")
		asked(t, l, "GET", "/"+strings.Repeat("b/", 95)+code+"/"+code, "", "")
	})
	require.Equal(t, "/"+strings.Repeat("a/", 99)+"a…", events[0]["path"])
	require.Equal(t, "/"+strings.Repeat("b/", 95)+"880******…", events[1]["path"])
}

// Signed messages are logged all, however many there are.
func TestSignedMessagesAreAllLogged(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		exchange soap.Exchange
		lines    int
	}{
		"signed":     {soap.Exchange{Message: &soap.Message{}, Signed: true, Reason: string(ledger.ReasonApproved), Status: 200}, 3 * quotaLines},
		"unsigned":   {soap.Exchange{Message: &soap.Message{}, Reason: string(ledger.ReasonBadSignature), Status: 200}, quotaLines},
		"no message": {soap.Exchange{Reason: "a fault's text", Status: 500, Err: http.ErrBodyNotAllowed}, quotaLines},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			logs := &logBuffer{}
			a, err := openApplication(t.Context(), sandboxHere(t), newLogger(Config{}, logs))
			require.NoError(t, err)
			defer func() { require.NoError(t, a.Close()) }()
			for range 3 * quotaLines {
				a.record(c.exchange)
			}
			require.Len(t, logs.lines("partner message"), c.lines)
		})
	}
}

func TestFinanceStaffAreAllLogged(t *testing.T) {
	t.Parallel()
	logs := &logBuffer{}
	a := newApplication(sandboxHere(t), newLogger(Config{}, logs))
	for range 2 * quotaLines {
		a.logAct(finance.Act{Who: "dewi", Name: "list", Status: http.StatusForbidden})
		a.logAct(finance.Act{Status: http.StatusUnauthorized})
	}
	require.Len(t, logs.lines("dewi"), 2*quotaLines)
	require.Len(t, logs.lines("finance request"), 3*quotaLines)
}

// The wire log says once that it leaves messages out, and the metric how many.
func TestWireLogTellsWhatItLeavesOut(t *testing.T) {
	t.Parallel()
	logs := &logBuffer{}
	a := newApplication(sandboxHere(t), newLogger(Config{}, logs))
	for range 5 {
		a.wireLogLeftOut()
	}
	require.Len(t, logs.lines("unsigned messages are left out of the wire log"), 1)
	require.Contains(t, metricsText(t, a.metrics), "paypoint_wire_log_left_out_total 5\n")
}
