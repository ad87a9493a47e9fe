package charge_test

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/charge"
)

// noting is a Lockout that admits until it is told otherwise, and notes what it
// was told.
type noting struct {
	mu    sync.Mutex
	wait  time.Duration
	asked int
	noted []bool
}

func (n *noting) Admit(*http.Request, string) time.Duration {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.asked++
	return n.wait
}

func (n *noting) Note(_ *http.Request, _ string, right bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.noted = append(n.noted, right)
}

func TestLockoutIsToldOfEveryKey(t *testing.T) {
	t.Parallel()
	guard := &noting{}
	b := setupWith(t, func(c *charge.Config) { c.Lockout = guard })
	require.Equal(t, 200, b.send(t, "GET", "/v1/charges", "").http)
	require.Equal(t, 401, b.send(t, "GET", "/v1/charges", "", withKey("wrong")).http)
	require.Equal(t, 401, b.send(t, "GET", "/v1/charges", "", withKey("")).http, "no key is no guess")
	require.Equal(t, []bool{true, false}, guard.noted)
	require.Equal(t, 2, guard.asked)

	guard.wait = 90*time.Second + time.Millisecond
	for _, key := range []string{"wrong", access.SandboxServerKey} {
		r := b.send(t, "POST", "/v2/charge", order("A-1"), withKey(key))
		require.Equal(t, 429, r.http)
		require.Equal(t, "91", r.header.Get("Retry-After"))
		require.JSONEq(t, `{"message":"Too many wrong server keys. Try again in 1m30s."}`, r.body)
		require.Equal(t, "429", b.lastFailure(t).Code)
	}
	require.Len(t, guard.noted, 2, "a key that was not looked at is neither right nor wrong")
	guard.wait = 0
	require.Contains(t, b.send(t, "POST", "/v2/charge", order("A-1")).body, `"status_code":"201"`)
}

func TestRequestsOfAllMerchantsAreBounded(t *testing.T) {
	t.Parallel()
	var slow *counting
	b := setupWith(t, func(c *charge.Config) {
		slow = &counting{Ledger: c.Ledger, entered: make(chan struct{}), release: make(chan error)}
		c.Ledger, c.RateLimit = slow, charge.RateLimit{AllAtOnce: 1}
	})
	_, key := b.addMerchant(t, "Other")
	answer := make(chan reply, 1)
	go func() { answer <- b.send(t, "POST", "/v2/charge", order("A-1")) }()
	<-slow.entered
	for _, by := range []string{access.SandboxServerKey, key} {
		r := b.send(t, "GET", "/v1/charges", "", withKey(by))
		require.Equal(t, 503, r.http)
		require.Equal(t, "1", r.header.Get("Retry-After"))
		require.Contains(t, r.body, `"status_code":"503"`)
	}
	slow.release <- nil
	require.Equal(t, 200, (<-answer).http)
	require.Equal(t, 200, b.send(t, "GET", "/v1/charges", "", withKey(key)).http)
}
