package notify_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/ledger"
	"paypoint/notify"
)

// checked says whether a receiver's library would accept a request with a key.
func checked(got request, key string) bool {
	mac := hmac.New(sha256.New, []byte(key))
	fmt.Fprintf(mac, "%s.%s.%s", got.header.Get("webhook-id"), got.header.Get("webhook-timestamp"), got.body)
	want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	for _, signature := range strings.Fields(got.header.Get("webhook-signature")) {
		if signature == want {
			return true
		}
	}
	return false
}

func TestARequestAsReceiversKnowIt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := receive(t, nil)
	b.notifyAt(t, access.SandboxMerchant, r.URL+"/hooks")
	c := b.charge(t, "A-1")
	b.clock.Advance(time.Minute)
	b.step(t)

	require.Len(t, r.all(), 1)
	got := r.all()[0]
	require.Equal(t, "/hooks", got.path)
	require.Equal(t, told{Merchant: access.SandboxMerchant, Order: "A-1", Status: "active"}, got.told)
	for name, want := range map[string]string{
		"Content-Type": "application/json", "Accept": "application/json", "User-Agent": "Veritrans",
		"Content-Length": strconv.Itoa(len(got.body)), "Webhook-Id": c.ID + "-active",
		"Webhook-Timestamp": strconv.FormatInt(noon.Add(time.Minute).Unix(), 10),
	} {
		require.Equal(t, []string{want}, got.header[name], name)
	}
	require.Empty(t, got.header["Cookie"])
	require.True(t, checked(got, access.SandboxServerKey))
	require.False(t, checked(got, "another key"))
	require.Zero(t, b.outbox(t))
	require.Equal(t, []ledger.NotificationState{ledger.NotificationDelivered}, b.states(t, c))
}

func TestAChargesLifeIsToldInOrder(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := receive(t, nil)
	b.notifyAt(t, access.SandboxMerchant, r.URL)
	c := b.charge(t, "A-1")
	b.pay(t, c)
	_, err := b.ledger.Sweep(t.Context())
	require.NoError(t, err)
	b.reverse(t, c)
	b.step(t)
	require.Equal(t, []string{"active", "released", "denied"}, r.statuses("A-1"))
	// What the merchant is told of a payment is what it was when it was released.
	require.Equal(t, "50000", r.all()[1].told.Paid)
	require.Zero(t, b.outbox(t))
}

func TestEveryRowOfTheSchedule(t *testing.T) {
	t.Parallel()
	minutes := []time.Duration{2, 10, 30, 90, 210}
	for name, c := range map[string]struct {
		answer  http.HandlerFunc
		retries int
		status  int
		fault   string
		reason  ledger.AttemptReason
	}{
		"500":                      {status(500), 1, 500, "the receiver answered 500", ledger.AttemptStatus},
		"400":                      {status(400), 2, 400, "the receiver answered 400", ledger.AttemptStatus},
		"404":                      {status(404), 2, 404, "the receiver answered 404", ledger.AttemptStatus},
		"503":                      {status(503), 4, 503, "the receiver answered 503", ledger.AttemptStatus},
		"502":                      {status(502), 5, 502, "the receiver answered 502", ledger.AttemptStatus},
		"401":                      {status(401), 5, 401, "the receiver answered 401", ledger.AttemptStatus},
		"304":                      {status(304), 5, 304, "the receiver answered 304", ledger.AttemptStatus},
		"301":                      {redirect(301), 0, 301, "the receiver answered 301, a redirect that is not followed: set the URL to where it leads, https://shop.example/new", ledger.AttemptRedirect},
		"302":                      {redirect(302), 0, 302, "the receiver answered 302, a redirect that is not followed: set the URL to where it leads, https://shop.example/new", ledger.AttemptRedirect},
		"303":                      {redirect(303), 0, 303, "the receiver answered 303, a redirect that is not followed: set the URL to where it leads, https://shop.example/new", ledger.AttemptRedirect},
		"307 to nowhere":           {status(307), 5, 307, "the receiver answered 307: it redirects without saying where to", ledger.AttemptRedirect},
		"closed before an answer":  {hangUp, 5, 0, "the connection was closed before an answer", ledger.AttemptConnection},
		"closed within the header": {raw("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"), 5, 0, "the connection was closed before an answer", ledger.AttemptConnection},
		"garbage":                  {raw("220 mail.example ESMTP\r\n\r\n"), 5, 0, "the answer is not HTTP", ledger.AttemptProtocol},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			r := receive(t, c.answer)
			b.notifyAt(t, access.SandboxMerchant, r.URL)
			charge := b.charge(t, "A-1")
			b.step(t)
			for retry := range c.retries {
				require.Len(t, r.all(), retry+1)
				require.Equal(t, []ledger.NotificationState{ledger.NotificationWaiting}, b.states(t, charge))
				b.later(t, minutes[retry]*time.Minute-time.Second)
				require.Len(t, r.all(), retry+1, "a second too early")
				b.later(t, time.Second)
			}
			require.Len(t, r.all(), c.retries+1)
			b.later(t, 1000*time.Hour)
			require.Len(t, r.all(), c.retries+1, "given up")
			for _, got := range r.all() {
				require.Equal(t, charge.ID+"-active", got.header.Get("webhook-id"))
			}

			last := b.gaveUp(t, charge, c.retries+1)
			require.Equal(t, c.status, last.Status)
			require.Equal(t, c.fault, last.Fault)
			require.Equal(t, c.reason, b.lastReport(t).Reason)
		})
	}
}

// gaveUp makes sure that a charge's only notice has failed after so many
// attempts and stays in the outbox as failed, and gives the last attempt.
func (b *bundle) gaveUp(t *testing.T, c ledger.Charge, attempts int) ledger.Attempt {
	t.Helper()
	list := b.of(t, c)
	require.Equal(t, ledger.NotificationFailed, list[0].State)
	require.Len(t, list[0].Attempts, attempts)
	row, err := b.store.Notice(t.Context(), list[0].Seq)
	require.NoError(t, err)
	require.True(t, row.Failed)
	last := list[0].Attempts[attempts-1]
	require.Zero(t, last.Next)
	return last
}

// redirect answers with a status and a place elsewhere.
func redirect(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "https://shop.example/new")
		w.WriteHeader(code)
	}
}

// raw answers with bytes and closes the connection.
func raw(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		connection, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		_, _ = connection.Write([]byte(text))
		_ = connection.Close()
	}
}

func hangUp(w http.ResponseWriter, q *http.Request) { raw("")(w, q) }

func TestAnyAnswerOf200To299IsTaken(t *testing.T) {
	t.Parallel()
	for _, code := range []int{200, 201, 202, 204, 299} {
		b := setup(t)
		r := receive(t, status(code))
		b.notifyAt(t, access.SandboxMerchant, r.URL)
		c := b.charge(t, "A-1")
		b.step(t)
		require.Equal(t, []ledger.NotificationState{ledger.NotificationDelivered}, b.states(t, c), code)
		require.Equal(t, ledger.AttemptDelivered, b.lastReport(t).Reason)
	}
}

func TestARandomShiftDelaysARetry(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *notify.Config) {
		c.Jitter = func(interval time.Duration) time.Duration { return interval / 2 }
	})
	r := receive(t, status(503))
	b.notifyAt(t, access.SandboxMerchant, r.URL)
	c := b.charge(t, "A-1")
	b.step(t)
	require.Equal(t, noon.Add(3*time.Minute), b.of(t, c)[0].Attempts[0].Next.In(ledger.WIB))
	b.later(t, 3*time.Minute-time.Millisecond)
	require.Len(t, r.all(), 1)
	b.later(t, time.Millisecond)
	require.Len(t, r.all(), 2)
	require.Equal(t, noon.Add(18*time.Minute), b.of(t, c)[0].Attempts[1].Next.In(ledger.WIB))
}

func TestTheNextNoticeWaitsForTheOneBefore(t *testing.T) {
	t.Parallel()
	b := setup(t)
	slow := receive(t, status(500))
	fine := receive(t, nil)
	b.notifyAt(t, access.SandboxMerchant, slow.URL, fine.URL)
	c := b.charge(t, "A-1")
	other := b.charge(t, "A-2")
	_, err := b.ledger.Cancel(t.Context(), access.SandboxMerchant, "A-1")
	require.NoError(t, err)
	b.step(t)
	require.Equal(t, []string{"active"}, slow.statuses("A-1"))
	require.Equal(t, []string{"active"}, slow.statuses("A-2"), "another charge does not wait")
	require.Equal(t, []string{"active", "cancelled"}, fine.statuses("A-1"), "another target does not wait")

	// Given up after one retry: then the next goes, at once.
	b.later(t, 2*time.Minute)
	require.Equal(t, []string{"active", "active", "cancelled"}, slow.statuses("A-1"))
	slow.now(nil)
	b.later(t, 2*time.Minute)
	require.Equal(t, []string{"active", "active", "cancelled", "cancelled"}, slow.statuses("A-1"))
	require.Equal(t, []ledger.NotificationState{ledger.NotificationFailed, ledger.NotificationDelivered}, b.states(t, c))
	require.Equal(t, []ledger.NotificationState{ledger.NotificationFailed}, b.states(t, other))
	require.Equal(t, []string{"active", "cancelled"}, fine.statuses("A-1"), "who has it is not told again")
}

func TestTargets(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first, second, own := receive(t, nil), receive(t, nil), receive(t, nil)
	// got checks how many notices each of them has by now.
	got := func(counts ...int) {
		t.Helper()
		require.Equal(t, counts, []int{len(first.all()), len(second.all()), len(own.all())})
	}
	// Nobody: not even a row.
	silent := b.charge(t, "A-0")
	require.Zero(t, b.outbox(t))
	require.Equal(t, []ledger.NotificationState{ledger.NotificationNotSent}, b.states(t, silent))

	b.notifyAt(t, access.SandboxMerchant, first.URL, second.URL)
	b.charge(t, "A-1", own.URL, first.URL)
	b.step(t)
	got(1, 1, 1)

	b.chargeOf(t, access.SandboxMerchant, "A-2", ledger.Details{Salt: "5a", Targets: []string{own.URL}, OnlyTargets: true})
	b.step(t)
	got(1, 1, 2)

	// The URLs were taken away before the attempt: the row goes.
	gone := b.charge(t, "A-3")
	b.notifyAt(t, access.SandboxMerchant)
	b.step(t)
	got(1, 1, 2)
	require.Zero(t, b.outbox(t))
	require.Equal(t, []ledger.NotificationState{ledger.NotificationNotSent}, b.states(t, gone))

	// A charge's own URL is told although its merchant has none.
	b.charge(t, "A-4", own.URL)
	b.step(t)
	got(1, 1, 3)
	require.Zero(t, b.outbox(t))
}

func TestAChangedURLIsUsedAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	wrong, right := receive(t, status(404)), receive(t, nil)
	b.notifyAt(t, access.SandboxMerchant, wrong.URL)
	c := b.charge(t, "A-1")
	b.step(t)
	b.notifyAt(t, access.SandboxMerchant, right.URL)
	b.step(t)
	require.Len(t, wrong.all(), 1)
	require.Equal(t, []string{"active"}, right.statuses("A-1"))
	require.Equal(t, []ledger.NotificationState{ledger.NotificationDelivered}, b.states(t, c))
	require.Zero(t, b.outbox(t))
	b.later(t, time.Hour)
	require.Len(t, wrong.all(), 1)
}

func TestRotationSignsWithBothKeys(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(t *testing.T, b *bundle, fresh access.ServerKey){
		"until the new one is used": func(t *testing.T, b *bundle, fresh access.ServerKey) {
			_, err := b.directory.Authenticate(t.Context(), fresh.Reveal())
			require.NoError(t, err)
		},
		// A signature of a key that others may have proves nothing.
		"until the old one ends": func(_ *testing.T, b *bundle, _ access.ServerKey) { b.clock.Advance(time.Hour) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			r := receive(t, nil)
			m, old, err := b.directory.Add(t.Context(), "tester", access.NewMerchant{Name: "Shop"})
			require.NoError(t, err)
			b.notifyAt(t, m.ID, r.URL)
			tell := func(order string) request {
				b.chargeOf(t, m.ID, order, ledger.Details{Salt: "5a"})
				b.step(t)
				return r.all()[len(r.all())-1]
			}
			require.True(t, checked(tell("A-1"), old.Reveal()))

			_, fresh, err := b.directory.RotateKey(t.Context(), "tester", m.ID, access.OldKeyEndsAt(b.clock.Now().Add(time.Hour)))
			require.NoError(t, err)
			both := tell("A-2")
			require.Len(t, strings.Fields(both.header.Get("webhook-signature")), 2)
			require.True(t, checked(both, old.Reveal()))
			require.True(t, checked(both, fresh.Reveal()))

			end(t, b, fresh)
			after := tell("A-3")
			require.Len(t, strings.Fields(after.header.Get("webhook-signature")), 1)
			require.False(t, checked(after, old.Reveal()))
			require.True(t, checked(after, fresh.Reveal()))
		})
	}
}
