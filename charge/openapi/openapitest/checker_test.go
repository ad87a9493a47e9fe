package openapitest

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/charge/openapi"
)

const pending = `{"status_code":"201","status_message":"m","transaction_id":"01955e1c-0000-7000-8000-000000000001","order_id":"A-1",` +
	`"merchant_id":"G000000001","gross_amount":"50000.00","currency":"IDR","payment_type":"cstore","transaction_time":"2026-03-04 12:00:00",` +
	`"transaction_status":"pending","payment_code":"1000127705249943","store":"indomaret","expiry_time":"2026-03-05 12:00:00"}`

const (
	payment = `,"settlement_time":"2026-03-04 12:01:00","paid_amount":"50000.00","approval_code":"R1","store_id":"T1","tracking_ref":"7"}`
	refused = `{"status_code":"%s","status_message":"m","id":"01955e1c-0000-7000-8000-000000000002"}`
)

// with puts more members at an object's end.
func with(body, members string) string { return strings.TrimSuffix(body, "}") + members }

// signed is a status: a charge's answer with a signature.
func signed(body string) string {
	return with(body, `,"signature_key":"`+strings.Repeat("0", 128)+`"}`)
}

// try is an answer, good or broken in the way that its name tells.
type try struct {
	method, path string
	status       int
	header       http.Header
	body         string
	// want is in the error; empty: there is none.
	want string
}

var asJSON = http.Header{"Content-Type": {"application/json"}}

func refusal(code string) string { return fmt.Sprintf(refused, code) }

var tries = map[string]try{
	"charged":             {"POST", "/v2/charge", 200, asJSON, pending, ""},
	"order taken":         {"POST", "/v2/charge", 200, asJSON, refusal("406"), ""},
	"a status":            {"GET", "/v2/A-1/status", 200, asJSON, signed(pending), ""},
	"the head of one":     {"HEAD", "/v2/A-1/status", 200, asJSON, "", ""},
	"paid":                {"GET", "/v2/A-1/status", 200, asJSON, signed(settled(pending)), ""},
	"no route":            {"GET", "/v2/A-1", 404, asJSON, refusal("404"), ""},
	"a path not clean":    {"GET", "/v2//status", 404, asJSON, refusal("404"), ""},
	"wrong method":        {"GET", "/v2/charge", 405, http.Header{"Content-Type": {"application/json"}, "Allow": {"POST"}}, refusal("405"), ""},
	"an unheard method":   {"BREW", "/v2/charge", 405, http.Header{"Content-Type": {"application/json"}, "Allow": {"POST"}}, refusal("405"), ""},
	"the document itself": {"GET", "/openapi.yaml", 200, http.Header{"Content-Type": {"application/yaml"}}, "openapi: 3.1.0", ""},

	"a member more":               {"POST", "/v2/charge", 200, asJSON, with(pending, `,"fraud_status":"accept"}`), "fraud_status"},
	"a member more, in a refusal": {"POST", "/v2/charge", 200, asJSON, with(refusal("406"), `,"detail":"x"}`), "detail"},
	"a member less":               {"POST", "/v2/charge", 200, asJSON, strings.Replace(pending, `"merchant_id":"G000000001",`, "", 1), "merchant_id"},
	"another type":                {"POST", "/v2/charge", 200, asJSON, strings.Replace(pending, `"201"`, `201`, 1), "status_code"},
	"an amount that is a number":  {"POST", "/v2/charge", 200, asJSON, strings.Replace(pending, `"50000.00"`, `50000`, 1), "gross_amount"},
	"null":                        {"POST", "/v2/charge", 200, asJSON, with(pending, `,"fee":null}`), "fee"},
	"a code of another route":     {"POST", "/v2/charge", 200, asJSON, refusal("412"), "status_code"},
	"a payment while pending":     {"GET", "/v2/A-1/status", 200, asJSON, signed(with(pending, payment)), "paid_amount"},
	"a settlement of nothing":     {"GET", "/v2/A-1/status", 200, asJSON, signed(strings.Replace(strings.Replace(pending, "pending", "settlement", 1), `"201"`, `"200"`, 1)), "settlement_time"},
	"a state with another's code": {"GET", "/v2/A-1/status", 200, asJSON, signed(strings.Replace(pending, `"201"`, `"200"`, 1)), "must be '201'"},
	"no status documented":        {"POST", "/v2/charge", 418, asJSON, pending, "HTTP 418"},
	"no status of a head":         {"HEAD", "/v2/A-1/status", 201, asJSON, "", "201"},
	"another content type":        {"POST", "/v2/charge", 200, http.Header{"Content-Type": {"text/html"}}, pending, "text/html"},
	"not JSON":                    {"POST", "/v2/charge", 200, asJSON, "<html>", "body"},
	"empty":                       {"POST", "/v2/charge", 200, asJSON, "", "body"},
	"an answer where nothing is":  {"GET", "/v2/A-1", 200, asJSON, refusal("404"), "200"},
	"a method too many":           {"GET", "/v2/charge", 200, asJSON, pending, "200"},
	"another Allow":               {"GET", "/v2/charge", 405, http.Header{"Content-Type": {"application/json"}, "Allow": {"GET"}}, refusal("405"), "Allow"},
	"no scheme in a 401":          {"GET", "/v2/A-1/status", 401, asJSON, refusal("401"), "WWW-Authenticate"},
	"no time to wait":             {"POST", "/v2/charge", 429, asJSON, `{"message":"m"}`, "Retry-After"},
	"a page of strangers":         {"GET", "/v1/charges", 200, asJSON, `{"status_code":"200","status_message":"m","charges":[{"order_id":"A-1"}]}`, "charges"},
}

// settled turns a pending charge into a paid one.
func settled(body string) string {
	return with(strings.Replace(strings.Replace(body, "pending", "settlement", 1), `"201"`, `"200"`, 1), payment)
}

func TestAnswer(t *testing.T) {
	t.Parallel()
	checker := New(t)
	for name, try := range tries {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequestWithContext(t.Context(), try.method, try.path, nil)
			err := checker.Answer(r, try.status, try.header, []byte(try.body))
			if try.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, try.want)
		})
	}
}

func TestNotification(t *testing.T) {
	t.Parallel()
	checker := New(t)
	header := func() http.Header {
		return http.Header{
			"Content-Type": {"application/json"}, "Webhook-Id": {"01955e1c-0000-7000-8000-000000000001-pending"},
			"Webhook-Timestamp": {"1772600400"}, "Webhook-Signature": {"v1," + strings.Repeat("A", 43) + "="},
		}
	}
	good := signed(pending)
	require.NoError(t, checker.Notification(header(), []byte(good)))
	require.NoError(t, checker.Notification(header(), []byte(signed(settled(pending)))))
	for name, body := range map[string]string{
		"redirect_url":      with(good, `,"redirect_url":"http://127.0.0.1/pay/1"}`),
		"signature_key":     pending,
		"transaction_state": strings.Replace(good, `"201"`, `"407"`, 1),
	} {
		require.Error(t, checker.Notification(header(), []byte(body)), name)
	}
	for _, name := range []string{"Webhook-Id", "Webhook-Timestamp", "Webhook-Signature"} {
		without := header()
		without.Del(name)
		require.ErrorContains(t, checker.Notification(without, []byte(good)), strings.ToLower(name))
		without.Set(name, "x")
		require.ErrorContains(t, checker.Notification(without, []byte(good)), strings.ToLower(name))
	}
}

// failures is a test that only counts that it failed.
type failures struct {
	testing.TB
	messages []string
}

func (f *failures) Errorf(format string, args ...any) {
	f.messages = append(f.messages, fmt.Sprintf(format, args...))
}

func TestHandlerAndTransportFailTheTest(t *testing.T) {
	t.Parallel()
	for name, try := range map[string]struct {
		body string
		want int
	}{
		"documented":     {pending, 0},
		"not documented": {with(pending, `,"x":"y"}`), 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				_, _ = io.WriteString(w, try.body)
			})
			inside, outside := &failures{TB: t}, &failures{TB: t}
			server := httptest.NewServer(New(inside).Handler(api))
			defer server.Close()
			client := http.Client{Transport: New(outside).Transport(nil)}
			answer, err := client.Post(server.URL+"/v2/charge", "application/json", strings.NewReader("{}"))
			require.NoError(t, err)
			defer answer.Body.Close()
			body, err := io.ReadAll(answer.Body)
			require.NoError(t, err)
			require.Equal(t, try.body, string(body), "what passes is not changed")
			server.Close() // the handler has returned
			require.Len(t, inside.messages, try.want)
			require.Len(t, outside.messages, try.want)
		})
	}
}

// A document that breaks the rules of OpenAPI 3.1 or of its own examples is
// found before anything is held against it.
func TestBrokenDocuments(t *testing.T) {
	t.Parallel()
	whole := string(openapi.Document())
	for name, change := range map[string][2]string{
		"not YAML":                 {"openapi: 3.1.0", "openapi: [3.1.0"},
		"a reference to nothing":   {"#/components/schemas/Status\"", "#/components/schemas/Standing\""},
		"a path without its id":    {"  /v2/{id}/cancel:", "  /v2/cancel:"},
		"an unknown keyword":       {"      operationId: status\n", "      operationID: status\n"},
		"a type that is none":      {"Fee: {type: string", "Fee: {type: text"},
		"an example that is wrong": {"currency: IDR\n", "currency: USD\n"},
		"an operation twice":       {"operationId: cancel", "operationId: expire"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Contains(t, whole, change[0])
			_, err := load([]byte(strings.Replace(whole, change[0], change[1], 1)))
			require.Error(t, err)
		})
	}
}
