package charge_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/charge"
)

func limited(t *testing.T, perSecond float64, burst int) *bundle {
	t.Helper()
	return setupWith(t, func(c *charge.Config) { c.RateLimit = charge.RateLimit{PerSecond: perSecond, Burst: burst} })
}

func TestTooManyRequests(t *testing.T) {
	t.Parallel()
	b := limited(t, 0.5, 3)
	require.Contains(t, b.send(t, "POST", "/v2/charge", order("A-1")).body, `"status_code":"201"`)
	require.Equal(t, 200, b.send(t, "GET", "/v2/A-1/status", "").http)
	require.Equal(t, 200, b.send(t, "GET", "/v1/charges", "").http, "all paths count together")
	before := b.records(t)
	for range 5 {
		r := b.send(t, "POST", "/v2/A-1/cancel", "")
		require.Equal(t, 429, r.http)
		require.JSONEq(t, `{"message":"Too many requests: at most 0.5 a second. Try again later."}`, r.body)
		require.Equal(t, "2", r.header.Get("Retry-After"), "what is refused does not put the next one off")
		require.Equal(t, "429", b.lastFailure(t).Code)
	}
	require.Equal(t, before, b.records(t))
	b.clock.Advance(2*time.Second - time.Millisecond)
	require.Equal(t, "1", b.send(t, "GET", "/v2/A-1/status", "").header.Get("Retry-After"))
	b.clock.Advance(time.Millisecond)
	require.Equal(t, 200, b.send(t, "GET", "/v2/A-1/status", "").http)
}

func TestMerchantsAreLimitedEachForItself(t *testing.T) {
	t.Parallel()
	b := limited(t, 1, 0)
	_, key := b.addMerchant(t, "Other")
	require.Equal(t, 200, b.send(t, "GET", "/v1/charges", "").http, "a burst is at least 1")
	require.Equal(t, 429, b.send(t, "GET", "/v1/charges", "").http)
	require.Equal(t, 401, b.send(t, "GET", "/v1/charges", "", withKey("wrong")).http, "who calls comes first")
	require.Equal(t, 200, b.send(t, "GET", "/v1/charges", "", withKey(key)).http)
}

func TestWithoutALimitAnyNumberGoes(t *testing.T) {
	t.Parallel()
	b := limited(t, 0, 0)
	for range 100 {
		require.Equal(t, 200, b.send(t, "GET", "/v1/charges", "").http)
	}
}

// Requests that wait hold connections, which all merchants share.
func TestRequestsUnderWayAreBounded(t *testing.T) {
	t.Parallel()
	var slow *counting
	b := setupWith(t, func(c *charge.Config) {
		slow = &counting{Ledger: c.Ledger, entered: make(chan struct{}), release: make(chan error)}
		c.Ledger, c.RateLimit = slow, charge.RateLimit{AtOnce: 2}
	})
	_, key := b.addMerchant(t, "Other")
	replies := make(chan reply, 2)
	for _, id := range []string{"A-1", "A-2"} {
		go func() { replies <- b.send(t, "POST", "/v2/charge", order(id)) }()
		<-slow.entered
	}
	for range 3 {
		r := b.send(t, "GET", "/v1/charges", "")
		require.Equal(t, 429, r.http)
		require.JSONEq(t, `{"message":"Too many requests: at most 2 under way at once. Wait for their answers."}`, r.body)
		require.Equal(t, "1", r.header.Get("Retry-After"))
	}
	require.Equal(t, 200, b.send(t, "GET", "/v1/charges", "", withKey(key)).http, "another merchant has places of its own")
	for range 2 {
		slow.release <- nil
		require.Equal(t, 200, (<-replies).http)
	}
	require.Equal(t, 200, b.send(t, "GET", "/v1/charges", "").http)
}

// A request that ends in a panic gives its place back.
func TestAPanicGivesItsPlaceBack(t *testing.T) {
	t.Parallel()
	b := setupWith(t, func(c *charge.Config) { c.RateLimit = charge.RateLimit{AtOnce: 1} })
	b.store.fail(func() error { panic("the disk is on fire") })
	for range 3 {
		require.Equal(t, 500, b.send(t, "POST", "/v2/charge", order("A-1")).http)
	}
	b.store.fail(nil)
	require.Equal(t, 200, b.send(t, "GET", "/v1/charges", "").http)
}
