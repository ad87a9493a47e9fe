package charge_test

import (
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/charge"
	"paypoint/charge/openapi/openapitest"
	"paypoint/notify"
	"paypoint/notify/notifytest"
)

// deliver puts the real delivery of notifications behind the API. It delivers
// when a test says so (step).
func (b *bundle) deliver(t *testing.T) {
	t.Helper()
	b.history = notifytest.History(t)
	b.delivery = notify.New(notify.Config{
		Ledger: b.service, Merchants: b.directory, History: b.history, Render: charge.Notification, Now: b.clock.Now,
		Jitter:       func(time.Duration) time.Duration { return 0 },
		AllowPrivate: true,
	})
	b.config.Notifications = b.delivery
}

// step delivers what can be delivered now, and waits for it.
func (b *bundle) step(t *testing.T) {
	t.Helper()
	require.NoError(t, b.delivery.Step(t.Context()))
	b.delivery.Wait()
}

// listen sets a notification URL for the sandbox's merchant that nothing is
// sent to unless a test steps.
func (b *bundle) listen(t *testing.T) {
	t.Helper()
	b.listenAt(t, "https://shop.example/notify")
}

func (b *bundle) listenAt(t *testing.T, urls ...string) {
	t.Helper()
	require.NoError(t, b.directory.SetNotificationURLs(t.Context(), "tester", access.SandboxMerchant, urls, true))
}

// receiver is a merchant's server.
type receiver struct {
	url string

	mu     sync.Mutex
	bodies []string
	answer func(w http.ResponseWriter, body string)
}

// receive starts a server that takes everything until it is told otherwise,
// and holds it against the OpenAPI document.
func receive(t *testing.T) *receiver {
	t.Helper()
	rc := &receiver{answer: func(w http.ResponseWriter, _ string) { _, _ = io.WriteString(w, "ok") }}
	checker := openapitest.New(t)
	server := httpServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		if err := checker.Notification(r.Header, body); err != nil {
			t.Errorf("a notification is not as documented: %v\n%s", err, body)
		}
		rc.mu.Lock()
		defer rc.mu.Unlock()
		rc.bodies = append(rc.bodies, string(body))
		rc.answer(w, string(body))
	}))
	rc.url = server.URL + "/notify"
	return rc
}

// say changes how it answers.
func (rc *receiver) say(answer func(w http.ResponseWriter, body string)) {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	rc.answer = answer
}

// got is what it was sent.
func (rc *receiver) got() []string {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	return append([]string{}, rc.bodies...)
}
