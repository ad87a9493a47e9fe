package charge_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/charge"
	"paypoint/ledger"
)

func TestSignatureVector(t *testing.T) {
	t.Parallel()
	require.Equal(t,
		"8e1e1d058aa5ff5c7255b3ef2c4956b3082249b72db3b7f340c99f74c2c377b3f3ee71403480b2d5379831d90e6f0054e8332f4df73c3627d79a07ae8b3dd9ce",
		signature("order-101", "200", "44000.00", "SB-Mid-server-test"))
}

// notices are the outbox's rows of the sandbox's merchant, whose URLs are set.
func (b *bundle) notices(t *testing.T) []ledger.Notice {
	t.Helper()
	rows, err := b.service.Reader().Outbox(t.Context(), 0, 1000)
	require.NoError(t, err)
	return rows
}

// notified is the body of the notification of the newest row.
func (b *bundle) notified(t *testing.T) (id, body string) {
	t.Helper()
	rows := b.notices(t)
	require.NotEmpty(t, rows)
	view, err := b.service.AsOf(t.Context(), rows[len(rows)-1])
	require.NoError(t, err)
	key, err := b.directory.SigningKey(access.SandboxMerchant)
	require.NoError(t, err)
	id, text := charge.Notification(view, key)
	return id, string(text)
}

func TestNotificationsWordForWord(t *testing.T) {
	t.Parallel()
	for name, story := range map[string]struct {
		live                    func(t *testing.T, b *bundle, v ledger.View)
		status, code, message   string
		settled, approval, slip string
	}{
		"pending": {
			live:   func(*testing.T, *bundle, ledger.View) {},
			status: "pending", code: "201", message: "The transaction waits for its payment.",
		},
		"paid": {
			live: livePaid, status: "settlement", code: "200", message: "The transaction is paid.",
			settled: `"settlement_time":"2026-03-04 12:00:00",`, approval: `"approval_code":"R0123456789ABCDEF",`,
			slip: `,"paid_amount":"50000.00","store_id":"TJKT0001","tracking_ref":"REF1"`,
		},
		"taken back": {
			live: liveDenied, status: "deny", code: "202", message: "The store took the payment back. The transaction is not paid.",
			approval: `"approval_code":"R0123456789ABCDEF",`, slip: `,"store_id":"TJKT0001","tracking_ref":"REF1"`,
		},
		"cancelled": {live: liveCancelled, status: "cancel", code: "202", message: "The transaction is cancelled."},
		"expired":   {live: liveExpired, status: "expire", code: "202", message: "The transaction is expired."},
		"swept":     {live: liveSwept, status: "expire", code: "202", message: "The transaction is expired."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.listen(t)
			v := b.charge(t, "A-1")
			story.live(t, b, v)
			id, body := b.notified(t)
			require.Equal(t, v.ID+"-"+story.status, id)
			require.Equal(t, fmt.Sprintf(`{"transaction_time":"2026-03-04 12:00:00","transaction_status":"%s","transaction_id":"%s","store":"indomaret",`+
				`"status_message":"%s","status_code":"%s","signature_key":"%s",%s"payment_type":"cstore","payment_code":"%s","order_id":"A-1",`+
				`"merchant_id":"G000000001","gross_amount":"50000.00","currency":"IDR",%s"expiry_time":"2026-03-05 12:00:00"%s}`,
				story.status, v.ID, story.message, story.code, signature("A-1", story.code, "50000.00", access.SandboxServerKey),
				story.settled, v.Code, story.approval, story.slip), body)
		})
	}
}

func TestANotificationTellsAllThatTheMerchantGave(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.listen(t)
	require.Contains(t, b.send(t, "POST", "/v2/charge", recorded(t, "all-members")).body, `"status_code":"201"`)
	_, body := b.notified(t)
	var told map[string]any
	require.NoError(t, json.Unmarshal([]byte(body), &told))
	require.Equal(t, "branch 7", told["custom_field1"])
	require.Equal(t, "1578557719", told["custom_field3"])
	require.Equal(t, "c-9", told["metadata"].(map[string]any)["cart"])
	for _, absent := range []string{"fraud_status", "min_amount", "fee", "redirect_url", "settlement_time", "approval_code"} {
		require.NotContains(t, told, absent)
	}
}

func TestAHeldPaymentIsNotNotified(t *testing.T) {
	t.Parallel()
	b := setup(t)
	m, secret, err := b.directory.Add(t.Context(), "tester", access.NewMerchant{Name: "Shop", Hold: time.Minute})
	require.NoError(t, err)
	require.NoError(t, b.directory.SetNotificationURLs(t.Context(), "tester", m.ID, []string{"https://shop.example/n"}, false))
	mine := withKey(secret.Reveal())
	b.send(t, "POST", "/v2/charge", order("H-1"), mine)
	v, err := b.service.Status(t.Context(), m.ID, "H-1")
	require.NoError(t, err)
	b.pay(t, v.Code, "REF1", 50_000)
	for _, path := range []string{"/v1/notifications", "/v1/notifications?order_id=H-1", "/v1/charges", "/v1/charges/H-1/events", "/v2/H-1/status/b2b"} {
		r := b.send(t, "GET", path, "", mine)
		require.Contains(t, r.body, `"transaction_status":"pending"`, path)
		require.NotContains(t, r.body, "settlement", path)
		require.NotContains(t, r.body, "REF1", path)
	}
	require.NotContains(t, b.send(t, "GET", "/v1/charges?store=TJKT0001", "", mine).body, v.ID, "not even where it was paid")
	require.Contains(t, b.send(t, "GET", "/v1/charges?status=pending", "", mine).body, v.ID)
	require.NotContains(t, b.send(t, "GET", "/v1/charges?status=settlement", "", mine).body, v.ID)
	requireRefusal(t, b, b.send(t, "GET", "/v1/notifications/"+v.ID+"-settlement", "", mine), 200, "404")

	b.clock.Advance(time.Minute)
	_, err = b.service.Sweep(t.Context())
	require.NoError(t, err)
	require.Contains(t, b.send(t, "GET", "/v1/notifications/"+v.ID+"-settlement", "", mine).body, `"state":"waiting"`)
	require.Contains(t, b.send(t, "GET", "/v1/charges?store=TJKT0001", "", mine).body, v.ID)
}

func TestNotificationIDs(t *testing.T) {
	t.Parallel()
	const id = "01955e1c-0000-7000-8000-000000000001"
	for text, want := range map[string]ledger.Standing{
		id + "-pending":    ledger.StandingActive,
		id + "-settlement": ledger.StandingReleased,
		id + "-deny":       ledger.StandingDenied,
		id + "-cancel":     ledger.StandingCancelled,
		id + "-expire":     ledger.StandingExpired,
	} {
		transaction, standing, ok := charge.ParseNotificationID(text)
		require.True(t, ok, text)
		require.Equal(t, id, transaction)
		require.Equal(t, want, standing)
	}
	for _, text := range []string{"", id, id + "-", id + "-held", id + "-active", id + "-Pending", "x-pending", "A-1-pending", id + "-pending-", " " + id + "-pending", id + "-pending\n"} {
		_, _, ok := charge.ParseNotificationID(text)
		require.False(t, ok, text)
	}
}
