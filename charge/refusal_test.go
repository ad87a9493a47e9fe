package charge_test

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/charge"
	"paypoint/ledger"
)

// requireRefusal checks a refusal's whole body and its report.
func requireRefusal(t *testing.T, b *bundle, r reply, status int, code string) {
	t.Helper()
	require.Equal(t, status, r.http, r.body)
	require.Equal(t, "application/json", r.header.Get("Content-Type"))
	require.Regexp(t, fmt.Sprintf(`^\{"status_code":"%s","status_message":"[^"]+","id":"01955e1c-0000-7000-8000-\d{12}"\}$`, code), r.body)
	var body struct{ ID string }
	require.NoError(t, json.Unmarshal([]byte(r.body), &body))
	reported := b.lastFailure(t)
	require.Equal(t, body.ID, reported.ID)
	require.Equal(t, status, reported.HTTP)
	require.Equal(t, code, reported.Code)
	require.Error(t, reported.Err)
}

func TestCredentials(t *testing.T) {
	t.Parallel()
	header := func(values ...string) func(*http.Request) {
		return func(r *http.Request) { r.Header["Authorization"] = values }
	}
	basic := func(credentials string) string {
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(credentials))
	}
	good := basic("SB-paypoint-server-key:")
	for name, try := range map[string]struct {
		alter func(*http.Request)
		ok    bool
	}{
		"good":                      {header(good), true},
		"scheme in lower case":      {header("basic" + strings.TrimPrefix(good, "Basic")), true},
		"repeated, the newest last": {header(basic("old:"), good), true},
		"repeated, the last empty":  {header(good, ""), true},
		"repeated, the oldest last": {header(good, basic("old:")), false},
		"none":                      {header(), false},
		"empty":                     {header(""), false},
		"another key":               {header(basic("SB-paypoint-server-kez:")), false},
		"an empty key":              {header(basic(":")), false},
		"a password":                {header(basic("SB-paypoint-server-key:x")), false},
		"key as password":           {header(basic(":SB-paypoint-server-key")), false},
		"no colon":                  {header(basic("SB-paypoint-server-key")), false},
		"not base64":                {header("Basic SB-paypoint-server-key:"), false},
		"another scheme":            {header("Bearer SB-paypoint-server-key"), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			r := b.send(t, "POST", "/v2/charge", order("A-1"), try.alter)
			if try.ok {
				require.Contains(t, r.body, `"status_code":"201"`)
				return
			}
			requireRefusal(t, b, r, 401, "401")
			require.Equal(t, `Basic realm="paypoint"`, r.header.Get("WWW-Authenticate"))
			require.NotContains(t, b.lastFailure(t).Err.Error(), "SB-paypoint")
			for _, path := range []string{"/v2/A-1/cancel", "/v2/A-1/expire"} {
				require.Equal(t, 401, b.send(t, "POST", path, "", try.alter).http)
			}
			require.Equal(t, 401, b.send(t, "GET", "/v2/A-1/status", "", try.alter).http)
		})
	}
}

func TestRoutes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, try := range []struct {
		method, path string
		status       int
		code, allow  string
	}{
		{"GET", "/v2/charge", 405, "405", "POST"},
		{"PUT", "/v2/charge", 405, "405", "POST"},
		{"OPTIONS", "/v2/charge", 405, "405", "POST"},
		{"POST", "/v2/A-1/status", 405, "405", "GET, HEAD"},
		{"GET", "/v2/A-1/cancel", 405, "405", "POST"},
		{"DELETE", "/v2/A-1/expire", 405, "405", "POST"},
		{"GET", "/", 404, "404", ""},
		{"GET", "/v2", 404, "404", ""},
		{"POST", "/v2/charge/", 404, "404", ""},
		{"POST", "/v3/charge", 404, "404", ""},
		{"GET", "/v2//status", 404, "404", ""},
		{"GET", "/v2/../status", 404, "404", ""},
		{"GET", "/v2/%2e%2e/status", 404, "404", ""},
		{"GET", "/v2/A-1/status/", 404, "404", ""},
		{"GET", "/v2/A/1/status", 404, "404", ""},
		{"GET", "/v2/A-1", 404, "404", ""},
		{"POST", "/v2/A-1/capture", 404, "404", ""},
		{"POST", "/v2/A-1/refund/online", 404, "404", ""},
		{"GET", "/v2/A-1/approve", 405, "405", "POST"},
		{"GET", "/v2/A-1/deny", 405, "405", "POST"},
		{"GET", "/v2/A-1/refund", 405, "405", "POST"},
		{"GET", "/v2/A-1/refund/online/direct", 405, "405", "POST"},
		{"POST", "/v2/A-1/status/b2b", 405, "405", "GET, HEAD"},
		{"POST", "/v1/charges", 405, "405", "GET, HEAD"},
		{"PUT", "/v1/charges/A-1/events", 405, "405", "GET, HEAD"},
		{"POST", "/v1/notifications", 405, "405", "GET, HEAD"},
		{"DELETE", "/v1/notifications/x", 405, "405", "GET, HEAD"},
		{"GET", "/v1/notifications/x/resend", 405, "405", "POST"},
		{"GET", "/v1/notifications/test", 405, "405", "POST"},
		{"GET", "/v1/charges/A-1", 404, "404", ""},
		{"GET", "/v2/o", 404, "404", ""},
	} {
		t.Run(try.method+" "+try.path, func(t *testing.T) {
			r := b.send(t, try.method, try.path, "")
			requireRefusal(t, b, r, try.status, try.code)
			require.Equal(t, try.allow, r.header.Get("Allow"))
		})
	}
}

func TestUnknownTransactions(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.charge(t, "A-1")
	for _, handle := range []string{
		"A-2", "a-1", "01955e1c-ffff-7000-8000-000000000001", "A%2F1", "A-1%20", "%00", "A-1%23", "%C3%A9", strings.Repeat("x", 51), strings.Repeat("x", 5000),
	} {
		for _, path := range []string{"/v2/" + handle + "/status", "/v2/" + handle + "/status/b2b", "/v1/charges/" + handle + "/events"} {
			requireRefusal(t, b, b.send(t, "GET", path, ""), 200, "404")
		}
		for _, action := range []string{"cancel", "expire", "approve", "deny", "refund", "refund/online/direct"} {
			requireRefusal(t, b, b.send(t, "POST", "/v2/"+handle+"/"+action, "null"), 200, "404")
		}
	}
}

func TestDuplicateOrderAndFinalState(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.charge(t, "A-1")
	requireRefusal(t, b, b.send(t, "POST", "/v2/charge", order("A-1", `"message":"another"`)), 200, "406")
	require.Contains(t, b.send(t, "POST", "/v2/A-1/cancel", "").body, `"status_code":"200"`)
	requireRefusal(t, b, b.send(t, "POST", "/v2/A-1/cancel", ""), 200, "412")
	requireRefusal(t, b, b.send(t, "POST", "/v2/A-1/expire", ""), 200, "412")
}

func TestADeactivatedMerchantCanNotCharge(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.charge(t, "A-1")
	_, err := b.directory.SetActive(t.Context(), "tester", access.SandboxMerchant, false)
	require.NoError(t, err)
	requireRefusal(t, b, b.send(t, "POST", "/v2/charge", order("A-2")), 200, "410")
	b.pay(t, v.Code, "REF1", 50_000)
	require.Contains(t, b.send(t, "GET", "/v2/A-1/status", "").body, `"transaction_status":"settlement"`)
	_, err = b.directory.SetActive(t.Context(), "tester", access.SandboxMerchant, true)
	require.NoError(t, err)
	b.charge(t, "A-2")
}

func TestOtherPaymentTypesAreNotEnabled(t *testing.T) {
	t.Parallel()
	b := setup(t)
	requireRefusal(t, b, b.send(t, "POST", "/v2/charge", recorded(t, "payment-type-credit-card")), 200, "402")
}

func TestBodiesThatAreTooLarge(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.charge(t, "A-1")
	padded := func(size int) string {
		text := order("A-2")
		return text + strings.Repeat(" ", size-len(text))
	}
	before := b.records(t)
	for _, path := range []string{"/v2/charge", "/v2/A-1/cancel", "/v2/A-1/expire"} {
		requireRefusal(t, b, b.send(t, "POST", path, padded(64<<10+1)), 413, "413")
		chunked := func(r *http.Request) { r.ContentLength = -1 }
		requireRefusal(t, b, b.send(t, "POST", path, padded(128<<10), chunked), 413, "413")
	}
	require.Equal(t, before, b.records(t))
	require.Contains(t, b.send(t, "POST", "/v2/charge", padded(64<<10)).body, `"status_code":"201"`)
}

func TestMalformedBodiesOfActions(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.charge(t, "A-1")
	for _, name := range []string{"truncated", "invalid-utf-8", "trailing-object", "nul-byte"} {
		requireRefusal(t, b, b.send(t, "POST", "/v2/A-1/cancel", recorded(t, name)), 400, "413")
	}
	require.Contains(t, b.send(t, "POST", "/v2/A-1/cancel", "[]").body, `"validation_messages":["the body must be an object"]`)
	require.Contains(t, b.send(t, "GET", "/v2/A-1/status", recorded(t, "truncated")).body, `"transaction_status":"pending"`)
}

func TestABodyThatEndsEarlyChangesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	before := b.records(t)
	connection, err := net.Dial("tcp", b.server.Listener.Addr().String())
	require.NoError(t, err)
	defer connection.Close()
	text := order("A-1")
	_, err = fmt.Fprintf(connection, "POST /v2/charge HTTP/1.1\r\nHost: x\r\nAuthorization: Basic %s\r\nContent-Length: %d\r\n\r\n%s",
		base64.StdEncoding.EncodeToString([]byte(access.SandboxServerKey+":")), len(text)+1, text)
	require.NoError(t, err)
	require.NoError(t, connection.(*net.TCPConn).CloseWrite())
	answer, err := http.ReadResponse(bufio.NewReader(connection), nil)
	require.NoError(t, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.Equal(t, 400, answer.StatusCode)
	require.Contains(t, string(body), `"status_code":"413"`)
	require.Equal(t, before, b.records(t))
}

func TestFaultsInside(t *testing.T) {
	t.Parallel()
	const inner = "disk /dev/sda1 is on fire"
	for name, try := range map[string]struct {
		fail   func() error
		status int
		code   string
	}{
		"busy":                 {func() error { return fmt.Errorf("%s: %w", inner, ledger.ErrBusy) }, 503, "503"},
		"not committed":        {func() error { return fmt.Errorf("%s: %w", inner, ledger.ErrNotCommitted) }, 503, "503"},
		"in recovery":          {func() error { return fmt.Errorf("%s: %w", inner, ledger.ErrRecovery) }, 503, "503"},
		"outcome unknown":      {func() error { return fmt.Errorf("%s: %w", inner, ledger.ErrOutcomeUnknown) }, 500, "500"},
		"codes exhausted":      {func() error { return fmt.Errorf("%s: %w", inner, ledger.ErrCodesExhausted) }, 500, "505"},
		"an error without row": {func() error { return errors.New(inner) }, 500, "500"},
		"a panic":              {func() error { panic(inner) }, 500, "500"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.charge(t, "A-1")
			before := b.records(t)
			b.store.fail(try.fail)
			paths := map[string]string{"/v2/charge": order("A-2"), "/v2/A-1/cancel": "", "/v2/A-1/expire": "{}"}
			if try.code == "505" { // only a charge takes a code
				paths = map[string]string{"/v2/charge": order("A-2")}
			}
			for path, body := range paths {
				r := b.send(t, "POST", path, body)
				requireRefusal(t, b, r, try.status, try.code)
				require.NotContains(t, r.body, "fire")
				require.ErrorContains(t, b.lastFailure(t).Err, inner)
				require.Equal(t, try.status == 503, r.header.Get("Retry-After") != "")
			}
			b.store.fail(nil)
			require.Equal(t, before, b.records(t))
			b.charge(t, "A-2")
		})
	}
}

// A restoration takes longer than a busy moment: the merchant is told so.
func TestRecoveryIsNotABusyMoment(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.store.fail(func() error { return ledger.ErrRecovery })
	r := b.send(t, "POST", "/v2/charge", order("A-1"))
	require.Contains(t, r.body, "The service is being restored. Nothing has changed; try again later.")
	require.Equal(t, "60", r.header.Get("Retry-After"))
}

func TestABusyLedgerRefusesTheFirstCallWithANewKey(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.charge(t, "A-1")
	_, secret, err := b.directory.RotateKey(t.Context(), "tester", access.SandboxMerchant, access.OldKeyEndsAt(b.clock.Now().Add(access.DefaultOldKey)))
	require.NoError(t, err)
	b.store.fail(func() error { return ledger.ErrBusy })
	requireRefusal(t, b, b.send(t, "GET", "/v2/A-1/status", "", withKey(secret.Reveal())), 503, "503")
	b.store.fail(nil)
	require.Contains(t, b.send(t, "GET", "/v2/A-1/status", "").body, `"status_code":"201"`)
}

func TestTermsThatTheLedgerRefuses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	// The code's time is over between its reading and its booking.
	b.store.fail(func() error { b.clock.Advance(time.Minute); return nil })
	r := b.send(t, "POST", "/v2/charge", recorded(t, "expiry-of-20-seconds"))
	require.Equal(t, 400, r.http)
	require.Contains(t, r.body, `"validation_messages":["transaction_details, cstore and custom_expiry contradict each other"]`)
}

// blind is a ledger that can't be read.
type blind struct {
	charge.Ledger
	err error
}

func (l blind) Status(context.Context, string, string) (ledger.View, error) {
	return ledger.View{}, l.err
}

func (l blind) List(context.Context, ledger.ListQuery) (ledger.ListPage, error) {
	return ledger.ListPage{}, l.err
}

func (l blind) Life(context.Context, string, string) (ledger.View, []ledger.LifeEvent, error) {
	return ledger.View{}, nil, l.err
}

func (l blind) AsOf(context.Context, ledger.Notice) (ledger.View, error) {
	return ledger.View{}, l.err
}

func TestReadsThatFail(t *testing.T) {
	t.Parallel()
	const inner = "page 77 is torn"
	b := setupWith(t, func(c *charge.Config) { c.Ledger = blind{c.Ledger, errors.New(inner)} })
	b.listen(t)
	require.Contains(t, b.send(t, "POST", "/v2/charge", order("A-1")).body, `"status_code":"201"`)
	require.Contains(t, b.send(t, "POST", "/v2/charge", order("A-2"), keyed("k1")).body, `"status_code":"201"`)
	requireRefusal(t, b, b.send(t, "POST", "/v2/charge", order("A-2"), keyed("k1")), 500, "500")
	id := mustStatus(t, b, "A-1").ID
	for path, method := range map[string]string{
		"/v2/A-1/status": "GET", "/v2/A-1/status/b2b": "GET", "/v2/A-1/refund": "POST",
		"/v1/charges": "GET", "/v1/charges/A-1/events": "GET",
		"/v1/notifications": "GET", "/v1/notifications?order_id=A-1": "GET",
		"/v1/notifications/" + id + "-pending": "GET", "/v1/notifications/" + id + "-pending/resend": "POST",
	} {
		r := b.send(t, method, path, "")
		requireRefusal(t, b, r, 500, "500")
		require.NotContains(t, r.body, "torn")
		require.ErrorContains(t, b.lastFailure(t).Err, inner)
	}
}

func TestAHistoryOfNotificationsThatIsLost(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.listen(t)
	id := b.charge(t, "A-1").ID
	require.NoError(t, b.history.Close())
	for _, path := range []string{"/v1/notifications", "/v1/notifications?order_id=A-1", "/v1/notifications/" + id + "-pending"} {
		requireRefusal(t, b, b.send(t, "GET", path, ""), 500, "500")
	}
	require.Contains(t, b.send(t, "GET", "/v2/A-1/status", "").body, `"status_code":"201"`, "money does not wait for it")
}
