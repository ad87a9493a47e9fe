package charge_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/charge"
	"paypoint/ledger"
)

// keyed sends an Idempotency-Key.
func keyed(keys ...string) func(*http.Request) {
	return func(r *http.Request) { r.Header["Idempotency-Key"] = keys }
}

// counting is a ledger that counts charges and can be made to wait in them.
type counting struct {
	charge.Ledger
	mu      sync.Mutex
	charged int
	entered chan struct{}
	release chan error
}

func (c *counting) Charge(ctx context.Context, n ledger.NewCharge) (ledger.Charge, error) {
	c.mu.Lock()
	c.charged++
	c.mu.Unlock()
	if c.entered != nil {
		c.entered <- struct{}{}
		if err := <-c.release; err != nil {
			return ledger.Charge{}, err
		}
	}
	return c.Ledger.Charge(ctx, n)
}

// count gives the bundle a ledger that counts.
func count(t *testing.T, alter func(*counting)) (*bundle, *counting) {
	t.Helper()
	var counted *counting
	b := setupWith(t, func(c *charge.Config) {
		counted = &counting{Ledger: c.Ledger}
		alter(counted)
		c.Ledger = counted
	})
	return b, counted
}

func TestAKeyMakesARequestOnce(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("k", 47)
	for name, try := range map[string]struct {
		first, second []string
		after         time.Duration
		charged       int
	}{
		"the same key":              {[]string{"k1"}, []string{"k1"}, 0, 1},
		"of 46 characters":          {[]string{long[:46]}, []string{long[:46]}, 0, 1},
		"of 47 characters":          {[]string{long}, []string{long}, 0, 2},
		"another key":               {[]string{"k1"}, []string{"k2"}, 0, 2},
		"none":                      {nil, nil, 0, 2},
		"empty":                     {[]string{""}, []string{""}, 0, 2},
		"repeated, the newest last": {[]string{"k1"}, []string{"k0", "k1"}, 0, 1},
		"repeated, the last empty":  {[]string{"k1"}, []string{"k1", ""}, 0, 1},
		"just before its end":       {[]string{"k1"}, []string{"k1"}, 5*time.Minute - time.Millisecond, 1},
		"at its end":                {[]string{"k1"}, []string{"k1"}, 5 * time.Minute, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, counted := count(t, func(*counting) {})
			first := b.send(t, "POST", "/v2/charge", order("A-1"), keyed(try.first...))
			b.clock.Advance(try.after)
			second := b.send(t, "POST", "/v2/charge", order("A-1"), keyed(try.second...))
			// The ledger knows a retry without a key too, so the answers are alike.
			require.Equal(t, first.body, second.body)
			require.Equal(t, first.header.Get("Content-Type"), second.header.Get("Content-Type"))
			require.Equal(t, 200, second.http)
			require.Equal(t, try.charged, counted.charged)
		})
	}
}

func TestAKeyIsGoodForTheSameRequestOnly(t *testing.T) {
	t.Parallel()
	b := setup(t)
	stuck := keyed("stuck")
	require.Contains(t, b.send(t, "POST", "/v2/charge", order("A-1"), stuck).body, `"order_id":"A-1"`)
	require.Contains(t, b.send(t, "POST", "/v2/charge", order("A-2"), stuck).body, `"order_id":"A-2"`, "another body")
	require.Contains(t, b.send(t, "GET", "/v2/A-1/status", "", stuck).body, `"transaction_status":"pending"`, "another method")
	require.Contains(t, b.send(t, "POST", "/v2/A-1/cancel", "", stuck).body, `"transaction_status":"cancel"`, "another path")
	require.Contains(t, b.send(t, "GET", "/v2/A-1/status", "", stuck).body, `"transaction_status":"cancel"`, "what is asked is never kept")
	_, key := b.addMerchant(t, "Other")
	require.Contains(t, b.send(t, "POST", "/v2/charge", order("A-2"), stuck, withKey(key)).body, `"merchant_id":"G000000002"`, "another merchant")
}

func TestAKeptAnswerEndsWithWhatItTells(t *testing.T) {
	t.Parallel()
	by := func(action string) func(t *testing.T, b *bundle, v ledger.View) {
		return func(t *testing.T, b *bundle, _ ledger.View) {
			require.Contains(t, b.send(t, "POST", "/v2/A-1/"+action, "", keyed("stuck")).body, `"transaction_status":"`+action+`"`)
		}
	}
	for name, live := range map[string]func(t *testing.T, b *bundle, v ledger.View){
		"cancelled": by("cancel"), "expired": by("expire"), "denied": liveDenied,
		"time over": func(_ *testing.T, b *bundle, _ ledger.View) { b.clock.Advance(time.Minute) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			stuck := keyed("stuck")
			body := order("A-1")
			body = body[:len(body)-1] + `,"custom_expiry":{"expiry_duration":1}}`
			first := b.send(t, "POST", "/v2/charge", body, stuck)
			v := mustStatus(t, b, "A-1")
			live(t, b, v)
			second := b.send(t, "POST", "/v2/charge", body, stuck)
			require.Contains(t, second.body, `"status_code":"201"`)
			require.NotEqual(t, first.body, second.body)
			require.NotEqual(t, v.Code, mustStatus(t, b, "A-1").Code)
			third := b.send(t, "POST", "/v2/charge", body, stuck)
			require.Equal(t, second.body, third.body, "the new answer is kept in turn")
		})
	}
}

func TestAStuckKeyCancelsTheNewChargeToo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	stuck := keyed("stuck")
	for range 3 {
		require.Contains(t, b.send(t, "POST", "/v2/charge", order("A-1"), stuck).body, `"status_code":"201"`)
		v := mustStatus(t, b, "A-1")
		cancelled := b.send(t, "POST", "/v2/A-1/cancel", "", stuck)
		require.Contains(t, cancelled.body, v.ID)
		require.Equal(t, cancelled.body, b.send(t, "POST", "/v2/A-1/cancel", "", stuck).body, "not 412: the same answer again")
		require.Equal(t, ledger.StandingCancelled, mustStatus(t, b, v.ID).Standing)
	}
}

func TestAHeldPaymentKeepsTheAnswer(t *testing.T) {
	t.Parallel()
	b := setup(t)
	stuck := keyed("stuck")
	first := b.send(t, "POST", "/v2/charge", order("A-1"), stuck)
	livePaid(t, b, mustStatus(t, b, "A-1"))
	require.Equal(t, first.body, b.send(t, "POST", "/v2/charge", order("A-1"), stuck).body)
}

func TestARepeatWaitsForTheFirst(t *testing.T) {
	t.Parallel()
	for name, try := range map[string]struct {
		fail    error
		charged int
	}{
		"which answers":                {nil, 1},
		"which fails, and so runs too": {ledger.ErrBusy, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, counted := count(t, func(c *counting) {
				c.entered, c.release = make(chan struct{}), make(chan error)
			})
			first, second := make(chan reply, 1), make(chan reply, 1)
			go func() { first <- b.send(t, "POST", "/v2/charge", order("A-1"), keyed("k1")) }()
			<-counted.entered
			go func() { second <- b.send(t, "POST", "/v2/charge", order("A-1"), keyed("k1")) }()
			counted.release <- try.fail
			answered := <-first
			require.Equal(t, try.fail != nil, answered.http == 503)
			if try.fail != nil {
				<-counted.entered
				counted.release <- nil
			}
			require.Contains(t, (<-second).body, `"status_code":"201"`)
			require.Equal(t, try.charged, counted.charged)
		})
	}
}

func TestARepeatWaitsOnlySoLong(t *testing.T) {
	t.Parallel()
	var counted *counting
	b := setupWith(t, func(c *charge.Config) {
		counted = &counting{Ledger: c.Ledger, entered: make(chan struct{}), release: make(chan error)}
		c.Ledger, c.TwinWait = counted, time.Millisecond
	})
	first := make(chan reply, 1)
	go func() { first <- b.send(t, "POST", "/v2/charge", order("A-1"), keyed("k1")) }()
	<-counted.entered
	requireRefusal(t, b, b.send(t, "POST", "/v2/charge", order("A-1"), keyed("k1")), 202, "202")
	counted.release <- nil
	answered := <-first
	require.Contains(t, answered.body, `"status_code":"201"`)
	require.Equal(t, answered.body, b.send(t, "POST", "/v2/charge", order("A-1"), keyed("k1")).body)
	require.Equal(t, 1, counted.charged)
}

func TestWhatFailedFreesItsKey(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]func() error{
		"busy":    func() error { return ledger.ErrBusy },
		"unknown": func() error { return ledger.ErrOutcomeUnknown },
		"a panic": func() error { panic("the disk is on fire") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.store.fail(fail)
			require.GreaterOrEqual(t, b.send(t, "POST", "/v2/charge", order("A-1"), keyed("k1")).http, 500)
			b.store.fail(nil)
			require.Contains(t, b.send(t, "POST", "/v2/charge", order("A-1"), keyed("k1")).body, `"status_code":"201"`)
		})
	}
	b := setup(t)
	require.Equal(t, 400, b.send(t, "POST", "/v2/charge", "{}", keyed("k1")).http)
	require.Equal(t, 400, b.send(t, "POST", "/v2/charge", "{}", keyed("k1")).http, "what was refused is looked at anew")
	requireRefusal(t, b, b.send(t, "POST", "/v2/charge", strings.Repeat(" ", 64<<10+1), keyed("k1")), 413, "413")
}

func TestManyAtOnceWithOneKey(t *testing.T) {
	t.Parallel()
	b, counted := count(t, func(*counting) {})
	replies := make([]reply, 32)
	var group sync.WaitGroup
	for i := range replies {
		group.Go(func() { replies[i] = b.send(t, "POST", "/v2/charge", order("A-1"), keyed("k1")) })
	}
	group.Wait()
	for _, r := range replies {
		require.Equal(t, replies[0], reply{r.http, replies[0].header, r.body})
		require.Contains(t, r.body, `"status_code":"201"`)
	}
	require.Equal(t, 1, counted.charged)
}

// A notification that is sent again, and a test, are asked for to happen again:
// a key that an SDK still sends must not swallow the second one.
func TestAKeyDoesNotHoldBackNotifications(t *testing.T) {
	t.Parallel()
	b, shop := setup(t), receive(t)
	b.listenAt(t, shop.url)
	v := b.charge(t, "A-1")
	for range 3 {
		r := b.send(t, "POST", "/v1/notifications/"+v.ID+"-pending/resend", "", keyed("stuck"))
		require.Equal(t, 200, r.http, r.body)
	}
	require.Len(t, shop.got(), 3)
	first := b.send(t, "POST", "/v1/notifications/test", "", keyed("stuck"))
	second := b.send(t, "POST", "/v1/notifications/test", "", keyed("stuck"))
	require.Contains(t, first.body, `"status_code":"200"`)
	require.Contains(t, second.body, `"status_code":"200"`)
	require.NotEqual(t, first.body, second.body)
}
