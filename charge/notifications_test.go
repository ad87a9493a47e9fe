package charge_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/charge"
	"paypoint/ledger"
	"paypoint/store/memory"
)

// told is an answer about notifications.
type told struct {
	Notifications []struct {
		ID, State string
	}
	Next string `json:"next_cursor"`
}

func (b *bundle) told(t *testing.T, query string) told {
	t.Helper()
	r := b.send(t, "GET", "/v1/notifications"+query, "")
	require.Equal(t, 200, r.http, r.body)
	var all told
	require.NoError(t, json.Unmarshal([]byte(r.body), &all))
	return all
}

func (n told) ids() []string {
	ids := []string{}
	for _, one := range n.Notifications {
		ids = append(ids, one.ID+" "+one.State)
	}
	return ids
}

func TestNotificationListing(t *testing.T) {
	t.Parallel()
	b, shop := setup(t), receive(t)
	b.listenAt(t, shop.url)
	shop.say(func(w http.ResponseWriter, body string) {
		if strings.Contains(body, `"order_id":"N-2"`) {
			w.WriteHeader(http.StatusMovedPermanently) // never tried again
		}
	})
	paid, cancelled := b.charge(t, "N-1"), b.charge(t, "N-2")
	require.Equal(t, []string{paid.ID + "-pending waiting", cancelled.ID + "-pending waiting"}, b.told(t, "").ids())
	b.step(t)
	b.pay(t, paid.Code, "REF1", 50_000)
	b.send(t, "POST", "/v2/N-2/cancel", "")

	require.Equal(t, []string{cancelled.ID + "-pending failed", paid.ID + "-settlement waiting", cancelled.ID + "-cancel waiting"}, b.told(t, "").ids())
	ofPaid := []string{paid.ID + "-pending delivered", paid.ID + "-settlement waiting"}
	require.Equal(t, ofPaid, b.told(t, "?order_id=N-1").ids())
	require.Equal(t, ofPaid, b.told(t, "?transaction_id="+paid.ID).ids())
	require.Equal(t, []string{cancelled.ID + "-pending failed", cancelled.ID + "-cancel waiting"}, b.told(t, "?order_id=N-2&unknown=x").ids())

	_, key := b.addMerchant(t, "Other")
	require.Contains(t, b.send(t, "GET", "/v1/notifications", "", withKey(key)).body, `"notifications":[]`)
	for _, query := range []string{"order_id=N-1", "transaction_id=" + paid.ID} {
		requireRefusal(t, b, b.send(t, "GET", "/v1/notifications?"+query, "", withKey(key)), 200, "404")
	}
	requireRefusal(t, b, b.send(t, "GET", "/v1/notifications/"+paid.ID+"-pending", "", withKey(key)), 200, "404")
	requireRefusal(t, b, b.send(t, "POST", "/v1/notifications/"+paid.ID+"-pending/resend", "", withKey(key)), 200, "404")
}

func TestNotificationPages(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.listen(t)
	want := []string{}
	for i := range 7 {
		want = append(want, b.charge(t, fmt.Sprintf("N-%d", i)).ID+"-pending waiting")
	}
	for _, limit := range []int{1, 3, 6, 7, 100} {
		got, cursor := []string{}, ""
		for range 8 {
			p := b.told(t, fmt.Sprintf("?limit=%d&cursor=%s", limit, cursor))
			got = append(got, p.ids()...)
			if cursor = p.Next; cursor == "" {
				break
			}
		}
		require.Empty(t, cursor)
		require.Equal(t, want, got)
	}
	for query, fault := range map[string]string{
		"limit=0":                          "limit must be 1 to 100",
		"cursor=x":                         "cursor must be a next_cursor of this listing",
		"order_id=%20":                     "order_id must consist of 1 to 50 letters, digits and - _ ~ .",
		"order_id=N-1&transaction_id=N-1x": "transaction_id must not be given beside order_id",
	} {
		r := b.send(t, "GET", "/v1/notifications?"+query, "")
		require.Equal(t, 400, r.http)
		require.Contains(t, r.body, fault)
	}
}

// took is how long attempts took, which no test can know.
var took = regexp.MustCompile(`"took_ms":\d+`)

func TestANotificationWordForWord(t *testing.T) {
	t.Parallel()
	b, shop := setup(t), receive(t)
	b.listenAt(t, shop.url)
	shop.say(func(w http.ResponseWriter, _ string) { http.Error(w, "<down>", http.StatusServiceUnavailable) })
	v := b.charge(t, "N-1")
	b.clock.Advance(time.Second)
	b.step(t)
	first := fmt.Sprintf(`"notification":{"id":"%[1]s-pending","transaction_id":"%[1]s","order_id":"N-1","transaction_status":"pending","time":"2026-03-04 12:00:00",`+
		`"state":"%%s","attempts":[{"time":"2026-03-04 12:00:01","url":"%[2]s","http_status":503,"took_ms":0,"answer":"\u003cdown\u003e","fault":"%%s","delivered":false,`+
		`"next_attempt":"2026-03-04 12:02:01","manual":false}`, v.ID, shop.url)
	path := "/v1/notifications/" + v.ID + "-pending"
	r := b.send(t, "GET", path, "")
	var body struct {
		Notification struct {
			Attempts []struct{ Fault string }
		}
	}
	require.NoError(t, json.Unmarshal([]byte(r.body), &body))
	fault := body.Notification.Attempts[0].Fault
	require.NotEmpty(t, fault)
	require.Equal(t, `{"status_code":"200","status_message":"The notification.",`+fmt.Sprintf(first, "waiting", fault)+`]}}`, took.ReplaceAllString(r.body, `"took_ms":0`))

	shop.say(func(w http.ResponseWriter, _ string) { _, _ = io.WriteString(w, "thanks") })
	r = b.send(t, "POST", path+"/resend", "{}")
	require.Equal(t, 200, r.http)
	require.Equal(t, `{"status_code":"200","status_message":"The notification was sent again. See its last attempts.",`+fmt.Sprintf(first, "delivered", fault)+
		fmt.Sprintf(`,{"time":"2026-03-04 12:00:01","url":"%s","http_status":200,"took_ms":0,"answer":"thanks","delivered":true,"manual":true}]}}`, shop.url),
		took.ReplaceAllString(r.body, `"took_ms":0`))
	require.Empty(t, b.told(t, "").ids())
	require.Len(t, shop.got(), 2)
	require.Equal(t, shop.got()[0], shop.got()[1], "the same notification")
}

func TestWhatIsDeliveredIsWhatTheStatusSays(t *testing.T) {
	t.Parallel()
	b, shop := setupWith(t, func(c *charge.Config) { c.AllowPrivateTargets = true }), receive(t)
	body := order("N-1")
	r := b.send(t, "POST", "/v2/charge", body[:len(body)-1]+`,"custom_field1":"branch 7","notification_urls":["`+shop.url+`"]}`)
	require.Contains(t, r.body, `"status_code":"201"`)
	b.step(t)
	b.pay(t, mustStatus(t, b, "N-1").Code, "REF1", 50_000)
	b.step(t)
	require.Len(t, shop.got(), 2)
	told, status := members(t, []byte(shop.got()[1])), members(t, []byte(b.send(t, "GET", "/v2/N-1/status", "").body))
	require.Equal(t, status, told, "member by member, the signature too")
}

func TestNotificationsThatAreNone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.charge(t, "N-1")
	for _, id := range []string{"x", v.ID, v.ID + "-settlement", v.ID + "-held", "N-1-pending", "01955e1c-ffff-7000-8000-000000000001-pending", strings.Repeat("x", 5000)} {
		requireRefusal(t, b, b.send(t, "GET", "/v1/notifications/"+id, ""), 200, "404")
		requireRefusal(t, b, b.send(t, "POST", "/v1/notifications/"+id+"/resend", "null"), 200, "404")
	}
	// Nobody was told, and nobody can be.
	require.Contains(t, b.send(t, "GET", "/v1/notifications/"+v.ID+"-pending", "").body, `"state":"not_sent","attempts":[]`)
	requireRefusal(t, b, b.send(t, "POST", "/v1/notifications/"+v.ID+"-pending/resend", ""), 200, "412")
	requireRefusal(t, b, b.send(t, "POST", "/v1/notifications/"+v.ID+"-pending/resend", "{"), 400, "413")
}

func TestAnOrderIdThatLooksLikeATransaction(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const order = "01955e1c-ffff-7000-8000-00000000000a"
	b.charge(t, order)
	requireRefusal(t, b, b.send(t, "GET", "/v1/notifications/"+order+"-pending", ""), 200, "404")
}

func TestWithoutNotificationsThereAreNoPaths(t *testing.T) {
	t.Parallel()
	b := over(t, memory.Open(), newSealer(t))
	b.config.Notifications = nil
	b.server = httpServer(t, charge.New(b.config))
	for _, path := range []string{"", "/x-pending", "/test", "/x-pending/resend"} {
		requireRefusal(t, b, b.send(t, "GET", "/v1/notifications"+path, ""), 404, "404")
	}
}

func TestTestNotifications(t *testing.T) {
	t.Parallel()
	b, shop := setup(t), receive(t)
	b.listenAt(t, shop.url)
	r := b.send(t, "POST", "/v1/notifications/test", "")
	require.Equal(t, 200, r.http)
	var made struct {
		ID            string `json:"transaction_id"`
		Order         string `json:"order_id"`
		Notifications []string
	}
	require.NoError(t, json.Unmarshal([]byte(r.body), &made))
	require.Regexp(t, `^payment_notif_test_G000000001_[0-9a-f]{12}$`, made.Order)
	require.LessOrEqual(t, len(made.Order), 50)
	require.Equal(t, []string{made.ID + "-pending", made.ID + "-cancel"}, made.Notifications)
	for _, handle := range []string{made.ID, made.Order} {
		status := b.send(t, "GET", "/v2/"+handle+"/status", "")
		require.Contains(t, status.body, `"transaction_status":"cancel"`)
		require.Contains(t, status.body, `"gross_amount":"10000.00"`)
	}
	b.step(t)
	require.Len(t, shop.got(), 2)
	require.Contains(t, shop.got()[0], `"transaction_status":"pending"`)
	require.Contains(t, shop.got()[1], `"transaction_status":"cancel"`)
	for _, id := range made.Notifications {
		require.Contains(t, b.send(t, "GET", "/v1/notifications/"+id, "").body, `"state":"delivered"`)
	}
	again := b.send(t, "POST", "/v1/notifications/test", "null")
	require.Equal(t, 200, again.http)
	require.NotContains(t, again.body, made.Order)
}

func TestTestNotificationsGoWhereACharges(t *testing.T) {
	t.Parallel()
	b := setup(t)
	requireRefusal(t, b, b.send(t, "POST", "/v1/notifications/test", "{}"), 200, "412")
	before := b.records(t)
	r := b.send(t, "POST", "/v1/notifications/test", `{"notification_urls":["http://10.0.0.1/"]}`)
	require.Equal(t, 400, r.http)
	require.Contains(t, r.body, "notification_urls[0] can't be notified: its host is not public")
	requireRefusal(t, b, b.send(t, "POST", "/v1/notifications/test", "{"), 400, "413")
	require.Equal(t, before, b.records(t))

	r = b.send(t, "POST", "/v1/notifications/test", `{"notification_urls":["https://shop.example/own"]}`)
	require.Equal(t, 200, r.http)
	require.Len(t, b.notices(t), 2)
	r = b.send(t, "POST", "/v1/notifications/test", "", withHeader("X-Append-Notification", "https://shop.example/more"))
	require.Equal(t, 200, r.http)
	require.Len(t, b.notices(t), 4)

	_, err := b.directory.SetActive(t.Context(), "tester", access.SandboxMerchant, false)
	require.NoError(t, err)
	requireRefusal(t, b, b.send(t, "POST", "/v1/notifications/test", ""), 200, "410")
}

func TestATestThatFailsHalfway(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.listen(t)
	calls := 0
	b.store.fail(func() error {
		if calls++; calls == 2 {
			return ledger.ErrBusy
		}
		return nil
	})
	requireRefusal(t, b, b.send(t, "POST", "/v1/notifications/test", ""), 503, "503")
	b.store.fail(nil)
	b.clock.Advance(time.Minute)
	swept, err := b.service.Sweep(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, swept, "its time is short")
}

// A caller who does not wait for a resend is nothing to wake anybody for.
func TestAResendWhoseCallerGoesAway(t *testing.T) {
	t.Parallel()
	b, shop := setup(t), receive(t)
	b.listenAt(t, shop.url)
	v := b.charge(t, "N-1")
	reached, goOn := make(chan struct{}), make(chan struct{})
	shop.say(func(http.ResponseWriter, string) { close(reached); <-goOn })
	gone, hangUp := context.WithCancel(t.Context())
	r := httptest.NewRequestWithContext(gone, http.MethodPost, "/v1/notifications/"+v.ID+"-pending/resend", nil)
	r.SetBasicAuth(access.SandboxServerKey, "")
	answer, done := httptest.NewRecorder(), make(chan struct{})
	go func() { defer close(done); charge.New(b.config).ServeHTTP(answer, r) }()
	<-reached
	hangUp()
	<-done
	require.Equal(t, 499, answer.Code)
	failed := b.lastFailure(t)
	require.Equal(t, "499", failed.Code)
	require.ErrorIs(t, failed.Err, context.Canceled)
	close(goOn)
	b.delivery.Wait()
	require.Empty(t, b.told(t, "").ids(), "the attempt went on")
}
