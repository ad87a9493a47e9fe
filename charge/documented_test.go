package charge_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/charge"
	"paypoint/charge/openapi"
	"paypoint/charge/openapi/openapitest"
	"paypoint/ledger"
	"paypoint/store/memory"
)

// operation is a method and path of the API; ID stands for a transaction.
type operation struct {
	method, path string
	// takesBody says that it takes a body, once that it takes an Idempotency-Key.
	takesBody, once bool
}

// operations are all of the document.
func operations(t *testing.T) []operation {
	t.Helper()
	document, err := openapi3.NewLoader().LoadFromData(openapi.Document())
	require.NoError(t, err)
	var all []operation
	for path, item := range document.Paths.Map() {
		id := "ID"
		if strings.HasPrefix(path, "/v1/notifications/") {
			id = "ID-pending"
		}
		for method, o := range item.Operations() {
			all = append(all, operation{
				method: method, path: strings.ReplaceAll(path, "{id}", id),
				takesBody: o.RequestBody != nil, once: o.Responses.Status(http.StatusAccepted) != nil,
			})
		}
	}
	return all
}

// about is the operation's path for a transaction.
func (o operation) about(id string) string { return strings.ReplaceAll(o.path, "ID", id) }

// body is one that the operation takes.
func (o operation) body() string {
	switch {
	case o.method == http.MethodGet:
		return ""
	case o.path == "/v2/charge":
		return order("A-9")
	default:
		return "{}"
	}
}

// refusal is an HTTP status and the body's status_code.
type refusal struct {
	http int
	code string
}

// all asks each operation that applies, and wants the same refusal of each.
func (b *bundle) all(t *testing.T, want refusal, applies func(operation) bool, ask func(o operation) reply) {
	t.Helper()
	for _, o := range operations(t) {
		if !applies(o) {
			continue
		}
		r := ask(o)
		require.Equal(t, want.http, r.http, "%s %s: %s", o.method, o.path, r.body)
		var body struct {
			Code string `json:"status_code"`
		}
		require.NoError(t, json.Unmarshal([]byte(r.body), &body))
		require.Equal(t, want.code, body.Code, "%s %s", o.method, o.path)
	}
}

func every(operation) bool     { return true }
func posts(o operation) bool   { return o.takesBody }
func once(o operation) bool    { return o.once }
func takesID(o operation) bool { return strings.Contains(o.path, "ID") }
func refusesCash(o operation) bool {
	return posts(o) && (strings.Contains(o.path, "refund") || strings.HasSuffix(o.path, "approve") || strings.HasSuffix(o.path, "deny"))
}

// closed is a directory that fails.
type closed struct{ charge.Merchants }

func (closed) Authenticate(context.Context, string) (access.Merchant, error) {
	return access.Merchant{}, errors.New("the directory is closed")
}

// slow is a ledger whose every call waits.
type slow struct {
	charge.Ledger
	entered, release chan struct{}
}

func (s slow) wait() { s.entered <- struct{}{}; <-s.release }

func (s slow) Charge(ctx context.Context, n ledger.NewCharge) (ledger.Charge, error) {
	s.wait()
	return s.Ledger.Charge(ctx, n)
}

func (s slow) Status(ctx context.Context, merchant, handle string) (ledger.View, error) {
	s.wait()
	return s.Ledger.Status(ctx, merchant, handle)
}

func (s slow) Cancel(ctx context.Context, merchant, handle string) (ledger.View, error) {
	s.wait()
	return s.Ledger.Cancel(ctx, merchant, handle)
}

func (s slow) Expire(ctx context.Context, merchant, handle string) (ledger.View, error) {
	s.wait()
	return s.Ledger.Expire(ctx, merchant, handle)
}

// stories bring about every answer that the document has.
var stories = map[string]struct {
	alter func(c *charge.Config)
	play  func(t *testing.T, b *bundle, id string)
}{
	"it goes well": {play: func(t *testing.T, b *bundle, id string) {
		b.all(t, refusal{200, "200"}, func(o operation) bool { return o.method == "GET" && !strings.HasSuffix(o.path, "/status") },
			func(o operation) reply { return b.send(t, o.method, o.about(id), "") })
		for _, path := range []string{"/v2/charge", "/v1/notifications/" + id + "-pending/resend", "/v1/notifications/test", "/v2/A-9/expire"} {
			require.Equal(t, 200, b.send(t, "POST", path, operation{method: "POST", path: path}.body()).http)
		}
	}},
	"every status": {play: func(t *testing.T, b *bundle, _ string) {
		shop := receive(t) // which holds what arrives against the document
		b.listenAt(t, shop.url)
		for _, one := range []struct {
			order string
			live  func(*testing.T, *bundle, ledger.View)
		}{
			{"pending", func(*testing.T, *bundle, ledger.View) {}},
			{"paid", livePaid},
			{"denied", func(t *testing.T, b *bundle, v ledger.View) {
				b.pay(t, v.Code, "REF2", 50_000)
				b.reverse(t, v.Code, "REF2", 50_000)
			}},
			{"expired", func(t *testing.T, b *bundle, _ ledger.View) { b.send(t, "POST", "/v2/expired/expire", "") }},
		} {
			one.live(t, b, b.charge(t, one.order))
			require.Equal(t, 200, b.send(t, "GET", "/v2/"+one.order+"/status", "").http)
		}
		b.charge(t, "cancelled")
		require.Contains(t, b.send(t, "POST", "/v2/cancelled/cancel", "").body, `"200"`)
		require.Contains(t, b.send(t, "GET", "/v2/cancelled/status", "").body, `"cancel"`)
		b.step(t)
		arrived := strings.Join(shop.got(), "")
		for _, status := range []string{"pending", "settlement", "deny", "expire", "cancel"} {
			require.Contains(t, arrived, `"transaction_status":"`+status+`"`)
		}
	}},
	"the server key is wrong": {play: func(t *testing.T, b *bundle, id string) {
		b.all(t, refusal{401, "401"}, every, func(o operation) reply { return b.send(t, o.method, o.about(id), o.body(), withKey("wrong")) })
	}},
	"no such id": {play: func(t *testing.T, b *bundle, _ string) {
		const none = "01955e1c-ffff-7000-8000-000000000001"
		b.all(t, refusal{200, "404"}, takesID, func(o operation) reply { return b.send(t, o.method, o.about(none), o.body()) })
		require.Contains(t, b.send(t, "GET", "/v1/notifications?order_id=none", "").body, `"404"`)
	}},
	"no such path or method": {play: func(t *testing.T, b *bundle, id string) {
		require.Equal(t, 404, b.send(t, "GET", "/v2/capture", "").http)
		b.all(t, refusal{405, "405"}, every, func(o operation) reply { return b.send(t, "DELETE", o.about(id), "") })
	}},
	"the body is malformed": {play: func(t *testing.T, b *bundle, id string) {
		b.all(t, refusal{400, "413"}, posts, func(o operation) reply { return b.send(t, "POST", o.about(id), "{") })
	}},
	"the body is no object": {play: func(t *testing.T, b *bundle, id string) {
		b.all(t, refusal{400, "400"}, posts, func(o operation) reply { return b.send(t, "POST", o.about(id), "[]") })
	}},
	"the body is too large": {play: func(t *testing.T, b *bundle, id string) {
		b.all(t, refusal{413, "413"}, posts, func(o operation) reply { return b.send(t, "POST", o.about(id), strings.Repeat(" ", 64<<10+1)) })
	}},
	"the query is wrong": {play: func(t *testing.T, b *bundle, _ string) {
		require.Equal(t, 400, b.send(t, "GET", "/v1/charges?limit=x", "").http)
		require.Equal(t, 400, b.send(t, "GET", "/v1/notifications?limit=x", "").http)
	}},
	"the payment type is another": {play: func(t *testing.T, b *bundle, _ string) {
		require.Contains(t, b.send(t, "POST", "/v2/charge", recorded(t, "payment-type-credit-card")).body, `"402"`)
	}},
	"the order id is taken": {play: func(t *testing.T, b *bundle, _ string) {
		require.Contains(t, b.send(t, "POST", "/v2/charge", order("A-1", `"message":"another"`)).body, `"406"`)
	}},
	"cash is neither reviewed nor refunded": {play: func(t *testing.T, b *bundle, id string) {
		b.all(t, refusal{200, "412"}, refusesCash, func(o operation) reply { return b.send(t, "POST", o.about(id), "") })
	}},
	"it is at its end": {play: func(t *testing.T, b *bundle, id string) {
		b.send(t, "POST", "/v2/"+id+"/cancel", "")
		require.Contains(t, b.send(t, "POST", "/v2/"+id+"/cancel", "").body, `"412"`)
		require.Contains(t, b.send(t, "POST", "/v2/"+id+"/expire", "").body, `"412"`)
	}},
	"nobody to notify": {play: func(t *testing.T, b *bundle, id string) {
		require.NoError(t, b.directory.SetNotificationURLs(t.Context(), "tester", access.SandboxMerchant, nil, false))
		require.Contains(t, b.send(t, "POST", "/v1/notifications/"+id+"-pending/resend", "").body, `"412"`)
		require.Contains(t, b.send(t, "POST", "/v1/notifications/test", "").body, `"412"`)
	}},
	"the merchant is deactivated": {play: func(t *testing.T, b *bundle, _ string) {
		_, err := b.directory.SetActive(t.Context(), "tester", access.SandboxMerchant, false)
		require.NoError(t, err)
		require.Contains(t, b.send(t, "POST", "/v2/charge", order("A-2")).body, `"410"`)
		require.Contains(t, b.send(t, "POST", "/v1/notifications/test", "").body, `"410"`)
	}},
	"too many requests": {
		alter: func(c *charge.Config) { c.RateLimit = charge.RateLimit{PerSecond: 0.001, Burst: 1} },
		play: func(t *testing.T, b *bundle, id string) {
			b.all(t, refusal{429, ""}, every, func(o operation) reply { return b.send(t, o.method, o.about(id), o.body()) })
		},
	},
	"the ledger is busy": {play: func(t *testing.T, b *bundle, id string) {
		// The first call with a new key writes, whatever it asks.
		_, secret, err := b.directory.RotateKey(t.Context(), "tester", access.SandboxMerchant, access.OldKeyEndsAt(b.clock.Now().Add(access.DefaultOldKey)))
		require.NoError(t, err)
		b.store.fail(func() error { return ledger.ErrBusy })
		b.all(t, refusal{503, "503"}, every, func(o operation) reply {
			return b.send(t, o.method, o.about(id), o.body(), withKey(secret.Reveal()))
		})
	}},
	"no code is left": {play: func(t *testing.T, b *bundle, _ string) {
		b.store.fail(func() error { return ledger.ErrCodesExhausted })
		require.Contains(t, b.send(t, "POST", "/v2/charge", order("A-2")).body, `"505"`)
		require.Contains(t, b.send(t, "POST", "/v1/notifications/test", "").body, `"505"`)
	}},
}

// TestEveryDocumentedAnswer brings about each answer of the OpenAPI document by
// an actual request, and holds it against the document.
func TestEveryDocumentedAnswer(t *testing.T) {
	t.Parallel()
	checker := openapitest.New(t)
	for name, story := range stories {
		t.Run(name, func(t *testing.T) {
			b := over(t, memory.Open(), newSealer(t))
			b.deliver(t)
			if story.alter != nil {
				story.alter(&b.config)
			}
			b.server = httpServer(t, checker.Handler(charge.New(b.config)))
			b.listenAt(t, receive(t).url)
			r := b.send(t, "POST", "/v2/charge", order("A-1"))
			require.Equal(t, 200, r.http)
			story.play(t, b, mustStatus(t, b, "A-1").ID)
		})
	}
	t.Run("the service is at fault", func(t *testing.T) {
		b := over(t, memory.Open(), newSealer(t))
		b.deliver(t)
		b.config.Merchants = closed{b.config.Merchants}
		b.server = httpServer(t, checker.Handler(charge.New(b.config)))
		b.all(t, refusal{500, "500"}, every, func(o operation) reply { return b.send(t, o.method, o.about("A-1"), o.body()) })
	})
	t.Run("the first request still runs", func(t *testing.T) {
		b := over(t, memory.Open(), newSealer(t))
		b.deliver(t)
		waiting := slow{b.config.Ledger, make(chan struct{}), make(chan struct{})}
		b.config.Ledger, b.config.TwinWait = waiting, time.Millisecond
		b.server = httpServer(t, checker.Handler(charge.New(b.config)))
		b.listen(t)
		b.all(t, refusal{202, "202"}, once, func(o operation) reply {
			key := func(r *http.Request) { r.Header.Set("Idempotency-Key", "k1") }
			done := make(chan struct{})
			ask := func() reply { return b.send(t, "POST", o.about("01955e1c-ffff-7000-8000-000000000001"), o.body(), key) }
			go func() { defer close(done); ask() }()
			<-waiting.entered
			second := ask()
			waiting.finish(done)
			return second
		})
	})
	documented := checker.Documented()
	require.Greater(t, len(documented), 100)
	for _, outcome := range documented {
		require.True(t, checker.Seen(outcome), "never brought about: %+v", outcome)
	}
}

// finish lets every call of a request go on until it is done.
func (s slow) finish(done chan struct{}) {
	s.release <- struct{}{}
	for {
		select {
		case <-s.entered:
			s.release <- struct{}{}
		case <-done:
			return
		}
	}
}
