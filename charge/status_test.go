package charge_test

import (
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/ledger"
)

// signature is what a merchant computes to check an answer.
func signature(order, code, amount, key string) string {
	sum := sha512.Sum512([]byte(order + code + amount + key))
	return hex.EncodeToString(sum[:])
}

// common is the part that every answer about order A-1 has.
func common(v ledger.View, code, message, status string) string {
	return fmt.Sprintf(`{"status_code":"%s","status_message":"%s","transaction_id":"%s","order_id":"A-1","merchant_id":"G000000001",`+
		`"gross_amount":"50000.00","currency":"IDR","payment_type":"cstore","transaction_time":"2026-03-04 12:00:00","transaction_status":"%s"`,
		code, message, v.ID, status)
}

// coded is the part that names the payment code.
func coded(v ledger.View) string {
	return fmt.Sprintf(`,"payment_code":"%s","store":"indomaret","expiry_time":"2026-03-05 12:00:00"`, v.Code)
}

// paged is the part that names the customer's page.
func paged(v ledger.View) string {
	return fmt.Sprintf(`,"redirect_url":"https://pay.example/pay/%s"`, v.ID)
}

// signed is the end of a status.
func signed(code string) string {
	return fmt.Sprintf(`,"signature_key":"%s"}`, signature("A-1", code, "50000.00", access.SandboxServerKey))
}

const paidSlip = `,"settlement_time":"2026-03-04 12:00:00","paid_amount":"50000.00","approval_code":"R0123456789ABCDEF","store_id":"TJKT0001","tracking_ref":"REF1"`

func TestStatusTellsEveryState(t *testing.T) {
	t.Parallel()
	for name, story := range map[string]struct {
		live                  func(t *testing.T, b *bundle, v ledger.View)
		code, status, message string
		slip                  string
	}{
		"pending":                    {func(*testing.T, *bundle, ledger.View) {}, "201", "pending", "The transaction waits for its payment.", ""},
		"last second":                {func(_ *testing.T, b *bundle, _ ledger.View) { b.clock.Advance(24*time.Hour - time.Millisecond) }, "201", "pending", "The transaction waits for its payment.", ""},
		"time over, not swept":       {func(_ *testing.T, b *bundle, _ ledger.View) { b.clock.Advance(24 * time.Hour) }, "407", "expire", "The transaction is expired.", ""},
		"time over, swept":           {liveSwept, "407", "expire", "The transaction is expired.", ""},
		"paid":                       {livePaid, "200", "settlement", "The transaction is paid.", paidSlip},
		"paid and then taken back":   {liveDenied, "202", "deny", "The store took the payment back. The transaction is not paid.", `,"approval_code":"R0123456789ABCDEF","store_id":"TJKT0001","tracking_ref":"REF1"`},
		"cancelled by its merchant":  {liveCancelled, "200", "cancel", "The transaction is cancelled.", ""},
		"expired by its merchant":    {liveExpired, "407", "expire", "The transaction is expired.", ""},
		"paid, and long after still": {livePaidLongAgo, "200", "settlement", "The transaction is paid.", paidSlip},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			v := b.charge(t, "A-1")
			story.live(t, b, v)
			for _, handle := range []string{"A-1", v.ID} {
				r := b.send(t, "GET", "/v2/"+handle+"/status", "{}")
				require.Equal(t, 200, r.http)
				page := ""
				if story.status == "pending" {
					page = paged(v)
				}
				want := common(v, story.code, story.message, story.status) + coded(v) + page + story.slip
				require.Equal(t, want+signed(story.code), r.body)
				require.Equal(t, `{"status_code":"200","status_message":"The transaction with this id.","transactions":[`+want+signed(story.code)+`]}`,
					b.send(t, "GET", "/v2/"+handle+"/status/b2b", "").body)
				require.Contains(t, b.send(t, "GET", "/v1/charges?order_id=A-1", "").body, want+"}")
			}
		})
	}
}

func livePaid(t *testing.T, b *bundle, v ledger.View) { b.pay(t, v.Code, "REF1", 50_000) }

func livePaidLongAgo(t *testing.T, b *bundle, v ledger.View) {
	livePaid(t, b, v)
	b.clock.Advance(1000 * time.Hour)
}

func liveDenied(t *testing.T, b *bundle, v ledger.View) {
	livePaid(t, b, v)
	b.reverse(t, v.Code, "REF1", 50_000)
}

func liveSwept(t *testing.T, b *bundle, _ ledger.View) {
	b.clock.Advance(24 * time.Hour)
	swept, err := b.service.Sweep(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, swept)
}

func liveCancelled(t *testing.T, b *bundle, v ledger.View) {
	r := b.send(t, "POST", "/v2/A-1/cancel", "")
	require.Equal(t, common(v, "200", "The transaction is cancelled.", "cancel")+"}", r.body)
	require.Equal(t, 200, r.http)
}

func liveExpired(t *testing.T, b *bundle, v ledger.View) {
	r := b.send(t, "POST", "/v2/"+v.ID+"/expire", "null")
	require.Equal(t, common(v, "407", "The transaction is expired.", "expire")+"}", r.body)
	require.Equal(t, 200, r.http, "an SDK takes HTTP 407 for a failure")
}

func TestAnOpenAmountKeepsItsGrossAmount(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.send(t, "POST", "/v2/charge", order("A-1", `"min_amount":"20000.00"`, `"fee":5000`))
	require.Contains(t, r.body, `"min_amount":"20000.00","fee":"5000.00","redirect_url":"https://pay.example/pay/`)
	v, err := b.service.Status(t.Context(), access.SandboxMerchant, "A-1")
	require.NoError(t, err)
	b.pay(t, v.Code, "REF1", 30_000)

	r = b.send(t, "GET", "/v2/A-1/status", "")
	require.Contains(t, r.body, `"gross_amount":"50000.00"`)
	require.Contains(t, r.body, `"min_amount":"20000.00","fee":"5000.00","settlement_time":"2026-03-04 12:00:00","paid_amount":"30000.00"`)
	require.Contains(t, r.body, signature("A-1", "200", "50000.00", access.SandboxServerKey))
}

func TestMerchantsSeeOnlyTheirOwn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.charge(t, "A-1")
	_, key := b.addMerchant(t, "Other")
	other := withKey(key)
	for _, handle := range []string{"A-1", v.ID} {
		require.Contains(t, b.send(t, "GET", "/v2/"+handle+"/status", "", other).body, `"status_code":"404"`)
		require.Contains(t, b.send(t, "POST", "/v2/"+handle+"/cancel", "", other).body, `"status_code":"404"`)
		require.Contains(t, b.send(t, "POST", "/v2/"+handle+"/expire", "", other).body, `"status_code":"404"`)
	}
	require.Contains(t, b.send(t, "POST", "/v2/charge", order("A-1"), other).body, `"payment_code":"101`)
	require.Contains(t, b.send(t, "GET", "/v2/A-1/status", "").body, v.ID)
}

func TestTheOldKeySignsUntilTheNewOneIsUsed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.charge(t, "A-1")
	_, secret, err := b.directory.RotateKey(t.Context(), "tester", access.SandboxMerchant, access.OldKeyEndsAt(b.clock.Now().Add(access.DefaultOldKey)))
	require.NoError(t, err)
	fresh := secret.Reveal()
	require.Contains(t, b.send(t, "GET", "/v2/A-1/status", "").body, signature("A-1", "201", "50000.00", access.SandboxServerKey))
	require.Contains(t, b.send(t, "GET", "/v2/A-1/status", "", withKey(fresh)).body, signature("A-1", "201", "50000.00", fresh))
	require.Equal(t, http.StatusUnauthorized, b.send(t, "GET", "/v2/A-1/status", "").http)
}

func TestHeadHasNoBody(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.charge(t, "A-1")
	r := b.send(t, "HEAD", "/v2/A-1/status", "")
	require.Equal(t, 200, r.http)
	require.Empty(t, strings.TrimSpace(r.body))
}
