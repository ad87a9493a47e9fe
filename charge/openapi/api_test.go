package openapi_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/charge"
	"paypoint/charge/openapi"
	"paypoint/ledger"
)

// operation is one of the document's.
type operation struct {
	id, method, path string
	parameters, body bool
}

// operations are all of the document, about a charge with the order id A-1.
func operations(t *testing.T) []operation {
	t.Helper()
	document, err := openapi3.NewLoader().LoadFromData(openapi.Document())
	require.NoError(t, err)
	var all []operation
	for path, item := range document.Paths.Map() {
		for method, o := range item.Operations() {
			all = append(all, operation{
				id: o.OperationID, method: method, path: strings.ReplaceAll(path, "{id}", "A-1"),
				parameters: o.Parameters.GetByInAndName("query", "limit") != nil, body: o.RequestBody != nil,
			})
		}
	}
	return all
}

// Each path and method of the document is served, and its other methods are
// not: the checker holds the 405 and its Allow header to the document.
func TestRoutes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, o := range operations(t) {
		require.NotContains(t, b.send(t, o.method, o.path, ""), "There is nothing at this path", "%s %s", o.method, o.path)
		for _, method := range []string{"PUT", "DELETE", "PATCH", "OPTIONS"} {
			require.Contains(t, b.send(t, method, o.path, ""), `"405"`)
		}
		require.Contains(t, b.send(t, o.method, o.path+"/", ""), "There is nothing at this path")
		require.Contains(t, b.send(t, o.method, o.path+"/more/of/it", ""), "There is nothing at this path")
		if o.method == http.MethodGet {
			b.send(t, http.MethodHead, o.path, "")
			require.Contains(t, b.post(t, o.path, ""), `"405"`)
		} else {
			b.get(t, o.path) // of /v1/notifications/test the checker knows better
		}
	}
	// What the SDKs have for other kinds of payment.
	for _, path := range []string{"/v2/capture", "/v2/token", "/v2/card/register", "/v2/point_inquiry/1", "/v2/pay/account", "/v1/subscriptions", "/v1/bins/1", "/v1", "/v2", "/"} {
		require.Contains(t, b.get(t, path), `"404"`)
		require.Contains(t, b.post(t, path, "{}"), `"404"`)
	}
}

// Every answer that the document promises is given, and so is every other one
// as it says: the checker saw them all.
func TestEveryDocumentedAnswerIsGiven(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.business(t)
	b.notifications(t)
	b.refusals(t)
	b.faults(t)
	b.running(t)
	documented := b.checker.Documented()
	require.Greater(t, len(documented), 100)
	for _, outcome := range documented {
		require.True(t, b.checker.Seen(outcome), "no request was answered with %+v", outcome)
	}
}

// business is what a shop sees of its charges.
func (b *bundle) business(t *testing.T) {
	t.Helper()
	b.order(t, "A-1", "")
	b.get(t, "/v2/A-1/status")
	b.get(t, "/v2/A-1/status/b2b")
	b.post(t, "/v2/charge", `{"payment_type":"cstore","transaction_details":{"order_id":"A-1","gross_amount":60000},"cstore":{"store":"indomaret"}}`)
	b.post(t, "/v2/charge", `{"payment_type":"gopay"}`)
	b.order(t, "A-2", `,"custom_field1":"one","custom_field3":"three","metadata":{"a":[1]},"item_details":[{"name":"x","price":"25000.00","quantity":2}]`)
	b.post(t, "/v2/A-2/cancel", "null")
	b.get(t, "/v2/A-2/status")
	b.order(t, "A-3", `,"custom_expiry":{"expiry_duration":"20","unit":"second"}`)
	b.post(t, "/v2/A-3/expire", "{}")
	b.get(t, "/v2/A-3/status")
	paid := b.order(t, "A-4", "")
	b.pay(t, paid)
	b.get(t, "/v2/A-4/status")
	b.post(t, "/v2/A-4/cancel", "")
	b.post(t, "/v2/A-4/expire", "")
	b.get(t, "/v1/charges/A-4/events")
	b.reverse(t, paid)
	b.get(t, "/v2/A-4/status")
	b.get(t, "/v2/"+paid.ID+"/status/b2b")
	b.get(t, "/v1/charges/A-4/events")
	b.get(t, "/v1/charges/A-3/events")
	require.Contains(t, b.get(t, "/v1/charges?limit=1&status=settlement,deny,pending"), "next_cursor")
	require.NotContains(t, b.get(t, "/v1/charges"), "next_cursor")
	for _, path := range []string{"approve", "deny", "refund", "refund/online/direct"} {
		b.post(t, "/v2/A-1/"+path, `{"refund_key":"","amount":0,"reason":""}`)
		b.post(t, "/v2/none/"+path, "")
	}
	for _, path := range []string{"/v2/none/status", "/v2/none/status/b2b", "/v1/charges/none/events", "/v1/notifications?order_id=none", "/v1/notifications/none"} {
		b.get(t, path)
	}
	for _, path := range []string{"/v2/none/cancel", "/v2/none/expire", "/v1/notifications/none/resend"} {
		b.post(t, path, "")
	}
	b.get(t, "/none")
	b.get(t, "/v2/charge")
}

// notifications is what it sees of its notifications. Each one that arrives is
// held against the document too.
func (b *bundle) notifications(t *testing.T) {
	t.Helper()
	b.post(t, "/v1/notifications/test", "")
	view, err := b.service.Status(t.Context(), access.SandboxMerchant, "A-1")
	require.NoError(t, err)
	b.post(t, "/v1/notifications/"+view.ID+"-pending/resend", "")

	var mu sync.Mutex // receivers are called by several at once
	arrived, answer := map[string]bool{}, http.StatusOK
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		require.NoError(t, err)
		require.NoError(t, b.checker.Notification(r.Header, body), "%s", body)
		mu.Lock()
		defer mu.Unlock()
		arrived[r.Header.Get("webhook-id")] = true
		w.WriteHeader(answer)
		_, _ = io.WriteString(w, "seen")
	}))
	defer receiver.Close()
	require.NoError(t, b.directory.SetNotificationURLs(t.Context(), "tester", access.SandboxMerchant, []string{receiver.URL}, true))

	paid := b.order(t, "N-1", `,"custom_field2":"two","metadata":{"a":1}`)
	b.deliver(t)
	b.pay(t, paid)
	b.deliver(t)
	b.reverse(t, paid)
	b.deliver(t)
	b.order(t, "N-2", "")
	b.post(t, "/v2/N-2/expire", "")
	b.post(t, "/v1/notifications/test", `{"notification_urls":["`+receiver.URL+`"]}`)
	b.deliver(t)
	b.deliver(t)
	for _, status := range []string{"pending", "settlement", "deny"} {
		require.Contains(t, arrived, paid.ID+"-"+status)
		b.get(t, "/v1/notifications/"+paid.ID+"-"+status)
	}
	require.Len(t, arrived, 7)
	b.get(t, "/v1/notifications?order_id=N-1")

	mu.Lock()
	answer = http.StatusInternalServerError
	mu.Unlock()
	failed := b.order(t, "N-3", "")
	b.deliver(t)
	require.Contains(t, b.get(t, "/v1/notifications?limit=1"), `"next_attempt"`)
	require.Contains(t, b.post(t, "/v1/notifications/"+failed.ID+"-pending/resend", ""), `"manual":true`)
	require.NoError(t, b.directory.SetNotificationURLs(t.Context(), "tester", access.SandboxMerchant, nil, true))
}

// refusals are what is wrong with a request, of every operation.
func (b *bundle) refusals(t *testing.T) {
	t.Helper()
	slow := b.config
	slow.RateLimit = charge.RateLimit{PerSecond: 0.001, Burst: 1}
	for _, o := range operations(t) {
		b.send(t, o.method, o.path, "", func(r *http.Request) { r.Header.Del("Authorization") })
		if o.parameters {
			b.send(t, o.method, o.path+"?limit=0", "")
		}
		if o.body {
			b.send(t, o.method, o.path, "[1]")
			b.send(t, o.method, o.path, "{")
			b.send(t, o.method, o.path, strings.Repeat(" ", charge.MaxBody+1))
		}
		limited := b.serve(t, slow)
		b.send(t, o.method, limited+o.path, "")
		b.send(t, o.method, limited+o.path, "")
	}
	_, err := b.directory.SetActive(t.Context(), "tester", access.SandboxMerchant, false)
	require.NoError(t, err)
	b.post(t, "/v2/charge", "")
	b.post(t, "/v1/notifications/test", "")
	_, err = b.directory.SetActive(t.Context(), "tester", access.SandboxMerchant, true)
	require.NoError(t, err)
}

// faults are what is wrong with the service.
func (b *bundle) faults(t *testing.T) {
	t.Helper()
	broken, busy, full := b.config, b.config, b.config
	broken.Merchants = strangers{b.directory, errors.New("broken")}
	busy.Merchants = strangers{b.directory, fmt.Errorf("retire the old key: %w", ledger.ErrBusy)}
	for _, config := range []charge.Config{broken, busy} {
		server := b.serve(t, config)
		for _, o := range operations(t) {
			b.send(t, o.method, server+o.path, "")
		}
	}
	full.Ledger = hooked{b.service, func() error { return ledger.ErrCodesExhausted }}
	server := b.serve(t, full)
	b.post(t, server+"/v1/notifications/test", `{"notification_urls":["http://127.0.0.1:9/"]}`)
	b.post(t, server+"/v2/charge", `{"payment_type":"cstore","transaction_details":{"order_id":"F-1","gross_amount":50000},"cstore":{"store":"indomaret"}}`)
}

// running repeats each POST while it runs.
func (b *bundle) running(t *testing.T) {
	t.Helper()
	reached, goOn := make(chan struct{}), make(chan struct{})
	stopped := b.config
	stopped.Ledger = hooked{b.service, func() error {
		reached <- struct{}{}
		<-goOn
		return ledger.ErrBusy
	}}
	stopped.TwinWait = time.Millisecond
	server := b.serve(t, stopped)
	keyed := func(r *http.Request) { r.Header.Set("Idempotency-Key", "again") }
	for _, o := range operations(t) {
		if !o.body {
			continue
		}
		path, body := o.path, ""
		switch o.id {
		case "charge":
			body = `{"payment_type":"cstore","transaction_details":{"order_id":"R-1","gross_amount":50000},"cstore":{"store":"indomaret"}}`
		case "testNotification":
			body = `{"notification_urls":["http://127.0.0.1:9/"]}`
		case "resend":
			path = "/v1/notifications/01955e1c-0000-7000-8000-000000000001-pending/resend"
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			b.send(t, o.method, server+path, body, keyed)
		}()
		<-reached
		require.Contains(t, b.send(t, o.method, server+path, body, keyed), `"status_code":"202"`)
		goOn <- struct{}{}
		<-done
	}
}

// Examples of requests are accepted as they stand, and the answers are those of
// the document.
func TestExamplesOfRequests(t *testing.T) {
	t.Parallel()
	b := setup(t)
	document, err := openapi3.NewLoader().LoadFromData(openapi.Document())
	require.NoError(t, err)
	examples := document.Paths.Value("/v2/charge").Post.RequestBody.Value.Content["application/json"].Examples
	require.NotEmpty(t, examples)
	for name, example := range examples {
		body, err := example.Value.MarshalJSON()
		require.NoError(t, err)
		_, value, _ := strings.Cut(string(body), `"value":`)
		require.Contains(t, b.post(t, "/v2/charge", strings.TrimSuffix(value, "}")), `"status_code":"201"`, name)
	}
	// A clock that moved on: what the till may not be paid any more.
	b.offset.Store(int64(48 * time.Hour))
	require.Contains(t, b.get(t, "/v2/order-101/status"), `"407"`)
}

var shellShape = regexp.MustCompile(`(?s)<pre class="shell"><code>(.*?)</code></pre>`)

// The commands of the page work as they stand, after its two lines.
func TestCommandsOfThePage(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("needs curl: Debian package curl")
	}
	b := setup(t)
	page, err := os.ReadFile("docs.html")
	require.NoError(t, err)
	commands := shellShape.FindAllStringSubmatch(string(page), -1)
	require.Len(t, commands, len(operations(t)))
	for _, command := range commands {
		shell := exec.CommandContext(t.Context(), "sh", "-ec", html.UnescapeString(command[1]))
		shell.Env = append(os.Environ(), "BASE="+b.url, "KEY="+access.SandboxServerKey)
		out, err := shell.Output()
		require.NoError(t, err, command[1])
		var answer struct {
			Code string `json:"status_code"`
		}
		require.NoError(t, json.Unmarshal(out, &answer), "%s: %s", command[1], out)
		require.Contains(t, []string{"200", "201", "404", "412", "407"}, answer.Code, "%s: %s", command[1], out)
	}
}
