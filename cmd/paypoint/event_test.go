package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"paypoint/access"
	"paypoint/ledger"
)

// eventsOf serves requests, with the log as production writes it, and returns
// the log's events between the first request and the last.
func eventsOf(t *testing.T, adjust func(*application), ask func(l *local)) []map[string]any {
	t.Helper()
	logs := &logBuffer{}
	l := serveHere(t, sandboxHere(t), 1, func(a *application) {
		a.log = newLogger(Config{}, logs)
		if adjust != nil {
			adjust(a)
		}
	})
	before := len(logs.lines(""))
	ask(l)
	require.NoError(t, l.end())
	var events []map[string]any
	for _, line := range logs.lines("")[before:] {
		var event map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &event))
		if !strings.HasPrefix(event["msg"].(string), "stopping") {
			events = append(events, event)
		}
	}
	return events
}

// asked sends one request, and reads its answer.
func asked(t *testing.T, l *local, method, path, body, key string) map[string]any {
	t.Helper()
	request, err := http.NewRequest(method, l.urls[0]+path, strings.NewReader(body))
	require.NoError(t, err)
	request.SetBasicAuth(key, "")
	response, err := newClient(t, "").http.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	var answer map[string]any
	_ = json.NewDecoder(response.Body).Decode(&answer) // not every answer is JSON
	return answer
}

func TestEveryRequestIsOneEvent(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		method, path, msg, group string
		status                   float64
	}{
		"contract":           {"GET", "/indomaret?wsdl", "request", "partner", 200},
		"no contract":        {"HEAD", "/indomaret", "request", "partner", 404},
		"no message":         {"DELETE", "/indomaret", "request", "partner", 405},
		"a message":          {"POST", "/indomaret", "partner message", "", 415},
		"merchant":           {"GET", "/v2/order-1/status", "request", "merchant", 200},
		"merchant's method":  {"GET", "/v2/charge", "request", "merchant", 405},
		"merchant's path":    {"GET", "/v2//status", "request", "merchant", 404},
		"listing":            {"GET", "/v1/charges", "request", "merchant", 200},
		"documentation":      {"GET", "/docs", "request", "merchant", 200},
		"document":           {"GET", "/openapi.yaml", "request", "merchant", 200},
		"page":               {"GET", "/pay/018f4e6e-0000-7000-8000-000000000000", "request", "pages", 404},
		"page's method":      {"POST", "/pay/018f4e6e-0000-7000-8000-000000000000", "request", "pages", 405},
		"health":             {"GET", "/healthz", "request", "operations", 200},
		"metrics":            {"GET", "/metrics", "request", "operations", 200},
		"operations' method": {"POST", "/healthz", "request", "none", 404},
		"unknown path":       {"GET", "/nothing", "request", "none", 404},
		"unclean path":       {"POST", "//indomaret", "request", "none", 404},
		"finance":            {"GET", "/finance/v1/settlements", "finance request", "", 401},
		"finance's method":   {"PUT", "/finance/v1/settlements", "finance request", "", 401},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			events := eventsOf(t, nil, func(l *local) { asked(t, l, c.method, c.path, "", sandboxKey) })
			require.Len(t, events, 1)
			require.Equal(t, c.msg, events[0]["msg"])
			require.Equal(t, c.status, events[0]["status"], events[0])
			if c.group != "" {
				require.Equal(t, c.group, events[0]["group"])
				require.Equal(t, c.method, events[0]["method"])
				require.Equal(t, strings.TrimSuffix(c.path, "?wsdl"), events[0]["path"])
			}
		})
	}
}

const chargeOfOrder1 = `{"payment_type":"cstore","cstore":{"store":"indomaret"},"transaction_details":{"order_id":"order-1","gross_amount":50000}}`

// A merchant's request tells, in its one event, who asked about what and what
// came of it; of a refusal also the id that the merchant was given.
func TestMerchantsRequestTellsWhatBecameOfIt(t *testing.T) {
	t.Parallel()
	var answers []map[string]any
	events := eventsOf(t, nil, func(l *local) {
		for _, r := range [][4]string{
			{"POST", "/v2/charge", chargeOfOrder1, sandboxKey},
			{"POST", "/v2/charge", strings.Replace(chargeOfOrder1, "50000", "50001", 1), sandboxKey},
			{"POST", "/v2/charge", chargeOfOrder1, sandboxKey},
			{"POST", "/v2/charge", "{}", sandboxKey},
			{"GET", "/v2/order-1/status", "", sandboxKey},
			{"GET", "/v2/order-2/status", "", sandboxKey},
			{"POST", "/v2/order-1/cancel", "", sandboxKey},
			{"GET", "/v2/order-1/status", "", "wrong-key"},
		} {
			answers = append(answers, asked(t, l, r[0], r[1], r[2], r[3]))
		}
	})
	require.Len(t, events, len(answers))
	sandbox := access.SandboxMerchant
	for i, want := range []map[string]any{
		{"merchant": sandbox, "order": "order-1", "replayed": nil},
		{"merchant": sandbox, "order": "order-1", "status_code": "406"},
		{"merchant": sandbox, "order": "order-1", "replayed": true},
		{"merchant": sandbox, "order": nil, "status_code": "400", "faults": answers[3]["validation_messages"]},
		{"merchant": sandbox, "order": "order-1", "standing": "active"},
		{"merchant": sandbox, "order": "order-2", "status_code": "404"},
		{"merchant": sandbox, "order": "order-1", "standing": "cancelled"},
		{"merchant": nil, "order": nil, "status_code": "401"},
	} {
		require.Equal(t, "request", events[i]["msg"])
		require.Equal(t, "info", events[i]["level"])
		for field, value := range want {
			require.Equal(t, value, events[i][field], "%s of %v", field, events[i])
		}
		refused := want["status_code"] != nil
		require.Equal(t, refused, events[i]["error"] != nil, events[i])
		if refused {
			require.Equal(t, want["status_code"], answers[i]["status_code"])
			require.Equal(t, answers[i]["id"], events[i]["id"])
		}
	}
	require.Contains(t, events[1]["error"], ledger.ErrOrderTaken.Error())
}

// What is noted twice stands in the event once, as it was noted last.
func TestNoteTakesTheLastValue(t *testing.T) {
	t.Parallel()
	r, line := withEvent(httptest.NewRequest(http.MethodGet, "/", nil))
	note(r.Context(), zap.String("order", "order-1"), zap.String("standing", "active"))
	note(r.Context(), zap.String("standing", "cancelled"))
	require.Equal(t, []zap.Field{zap.String("order", "order-1"), zap.String("standing", "cancelled")}, line.fields)
}

// What is our fault is an error, with its cause in the same event.
func TestFailureOnOurSideIsOneErrorEvent(t *testing.T) {
	t.Parallel()
	failing, adjust := broken()
	events := eventsOf(t, adjust, func(l *local) {
		asked(t, l, "POST", "/v2/charge", chargeOfOrder1, sandboxKey)
		failing.unreadable.Store(true)
		asked(t, l, "GET", "/v2/order-1/status", "", sandboxKey)
		asked(t, l, "GET", "/readyz", "", "")
	})
	require.Len(t, events, 3)
	for _, event := range events[1:] {
		require.Equal(t, "request", event["msg"])
		require.Equal(t, "error", event["level"])
		require.Contains(t, event["error"], errDisk.Error())
	}
	require.Equal(t, "500", events[1]["status_code"])
	require.Equal(t, "order-1", events[1]["order"])
	require.Equal(t, access.SandboxMerchant, events[1]["merchant"])
}

func TestOperatorsRequestIsOneEvent(t *testing.T) {
	t.Parallel()
	events := eventsOf(t, nil, func(l *local) {
		for args, exit := range map[string]int{"maintenance on": exitDone, "merchant rotate-key G000000009": exitFailed, "verify": exitDone, "trial-balance": exitDone} {
			code, _, errText := runCommand(append(strings.Fields(args), "--data", l.app.config.DataDir)...)
			require.Equal(t, exit, code, errText)
		}
	})
	require.Len(t, events, 4)
	for _, event := range events {
		require.Regexp(t, `^operator \S+$`, event["who"])
		require.Equal(t, "info", event["level"])
		switch event["path"] {
		case nil:
			require.Equal(t, "finance request", event["msg"])
		case "/operator/v1/merchants/G000000009/rotate-key":
			require.Contains(t, event["error"], "G000000009")
		default:
			require.Equal(t, "operators", event["group"])
			require.Nil(t, event["error"])
		}
	}
}

func TestLoggable(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"/v2/order-1/status":                       "/v2/order-1/status",
		"/v2/order-1732252800000/status":           "/v2/order-1732252800000/status",
		"/v2/8120536862485464/status":              "/v2/812*************/status",
		"/v2/12345678901/status":                   "/v2/12345678901/status",
		"/v2/01a201d6-03f2-7c81-8620-0ba40438bfe1": "/v2/01a201d6-03f2-7c81-8620-0ba40438bfe1",
		"/v2/SB-Mid-server-abc_DEF/cancel":         "/v2/SB-******************/cancel",
		"transfers/ppf_abcDEF123_-/suggestion":     "transfers/ppf************/suggestion",
		"no person has SB-paypoint-finance-token":  "no person has SB-**********************",
		"case/0000000000000017 is not there":       "case/0000000000000017 is not there",
		"status of paypoint-server-x: not found":   "status of pay**************: not found",
		"":                                         "",
	} {
		require.Equal(t, want, loggable(text), text)
	}
}
