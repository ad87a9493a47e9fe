package charge_test

import (
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
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

func TestSignatureVector(t *testing.T) {
	t.Parallel()
	require.Equal(t,
		"8e1e1d058aa5ff5c7255b3ef2c4956b3082249b72db3b7f340c99f74c2c377b3f3ee71403480b2d5379831d90e6f0054e8332f4df73c3627d79a07ae8b3dd9ce",
		signature("order-101", "200", "44000.00", "SB-Mid-server-test"))
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

// signed is the end of a status.
func signed(code string) string {
	return fmt.Sprintf(`,"signature_key":"%s"}`, signature("A-1", code, "50000.00", access.SandboxServerKey))
}

const paidSlip = `,"settlement_time":"2026-03-04 12:00:00","paid_amount":"50000.00","approval_code":"R0123456789ABCDEF","store_id":"TJKT0001","tracking_ref":"REF1"`

func TestAnswersWordForWord(t *testing.T) {
	t.Parallel()
	b := setup(t)
	charged := b.send(t, "POST", "/v2/charge", order("A-1"))
	v, err := b.service.Status(t.Context(), access.SandboxMerchant, "A-1")
	require.NoError(t, err)
	require.Regexp(t, `^100\d{13}$`, string(v.Code))
	require.Equal(t, common(v, "201", "The payment code is given out.", "pending")+coded(v)+"}", charged.body)
	require.Equal(t, 200, charged.http)
	require.Equal(t, "application/json", charged.header.Get("Content-Type"))

	for _, handle := range []string{"A-1", v.ID} {
		r := b.send(t, "GET", "/v2/"+handle+"/status", "")
		require.Equal(t, common(v, "201", "The transaction waits for its payment.", "pending")+coded(v)+signed("201"), r.body)
		require.Equal(t, 200, r.http)
	}
}

func TestStatusTellsEveryState(t *testing.T) {
	t.Parallel()
	for name, story := range map[string]struct {
		live                  func(t *testing.T, b *bundle, v ledger.View)
		code, status, message string
		slip                  string
	}{
		"pending":                    {func(*testing.T, *bundle, ledger.View) {}, "201", "pending", "The transaction waits for its payment.", ""},
		"last second":                {func(_ *testing.T, b *bundle, _ ledger.View) { b.clock.advance(24*time.Hour - time.Millisecond) }, "201", "pending", "The transaction waits for its payment.", ""},
		"time over, not swept":       {func(_ *testing.T, b *bundle, _ ledger.View) { b.clock.advance(24 * time.Hour) }, "407", "expire", "The transaction is expired.", ""},
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
				require.Equal(t, common(v, story.code, story.message, story.status)+coded(v)+story.slip+signed(story.code), r.body)
			}
		})
	}
}

func livePaid(t *testing.T, b *bundle, v ledger.View) { b.pay(t, v.Code, "REF1", 50_000) }

func livePaidLongAgo(t *testing.T, b *bundle, v ledger.View) {
	livePaid(t, b, v)
	b.clock.advance(1000 * time.Hour)
}

func liveDenied(t *testing.T, b *bundle, v ledger.View) {
	livePaid(t, b, v)
	b.reverse(t, v.Code, "REF1", 50_000)
}

func liveSwept(t *testing.T, b *bundle, _ ledger.View) {
	b.clock.advance(24 * time.Hour)
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

func TestAHeldPaymentIsToldToNobody(t *testing.T) {
	t.Parallel()
	b := setup(t)
	m, secret, err := b.directory.Add(t.Context(), "tester", access.NewMerchant{Name: "Shop", Hold: time.Minute})
	require.NoError(t, err)
	mine := withKey(secret.Reveal())
	require.Contains(t, b.send(t, "POST", "/v2/charge", order("H-1"), mine).body, `"status_code":"201"`)
	v, err := b.service.Status(t.Context(), m.ID, "H-1")
	require.NoError(t, err)
	before := b.send(t, "GET", "/v2/H-1/status", "", mine)
	b.pay(t, v.Code, "REF1", 50_000)

	require.Equal(t, before.body, b.send(t, "GET", "/v2/H-1/status", "", mine).body)
	for _, action := range []string{"cancel", "expire"} {
		r := b.send(t, "POST", "/v2/H-1/"+action, "", mine)
		require.Contains(t, r.body, `"status_code":"412"`)
		require.NotContains(t, r.body, "REF1")
	}
	require.Contains(t, b.send(t, "POST", "/v2/charge", order("H-1"), mine).body, `"status_code":"406"`)

	// Even when the hold is over it is the release that tells, not the clock.
	b.clock.advance(time.Minute)
	require.Equal(t, before.body, b.send(t, "GET", "/v2/H-1/status", "", mine).body)
	_, err = b.service.Sweep(t.Context())
	require.NoError(t, err)
	r := b.send(t, "GET", "/v2/H-1/status", "", mine)
	require.Contains(t, r.body, `"transaction_status":"settlement"`)
	require.Contains(t, r.body, `"settlement_time":"2026-03-04 12:00:00"`, "the till's time, which is the slip's")
}

func TestAnOpenAmountKeepsItsGrossAmount(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.send(t, "POST", "/v2/charge", order("A-1", `"min_amount":"20000.00"`, `"fee":5000`))
	require.Contains(t, r.body, `"min_amount":"20000.00","fee":"5000.00"}`)
	v, err := b.service.Status(t.Context(), access.SandboxMerchant, "A-1")
	require.NoError(t, err)
	b.pay(t, v.Code, "REF1", 30_000)

	r = b.send(t, "GET", "/v2/A-1/status", "")
	require.Contains(t, r.body, `"gross_amount":"50000.00"`)
	require.Contains(t, r.body, `"min_amount":"20000.00","fee":"5000.00","settlement_time":"2026-03-04 12:00:00","paid_amount":"30000.00"`)
	require.Contains(t, r.body, signature("A-1", "200", "50000.00", access.SandboxServerKey))
}

func TestAnOrderIdIsTakenWhileItCanBePaidOrWas(t *testing.T) {
	t.Parallel()
	for name, story := range map[string]struct {
		live func(t *testing.T, b *bundle, v ledger.View)
		want string
	}{
		"pending":   {func(*testing.T, *bundle, ledger.View) {}, "406"},
		"paid":      {livePaid, "406"},
		"denied":    {liveDenied, "201"},
		"cancelled": {liveCancelled, "201"},
		"expired":   {liveExpired, "201"},
		"time over": {func(_ *testing.T, b *bundle, _ ledger.View) { b.clock.advance(24 * time.Hour) }, "201"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			v := b.charge(t, "A-1")
			story.live(t, b, v)
			r := b.send(t, "POST", "/v2/charge", order("A-1"))
			require.Equal(t, 200, r.http)
			require.Contains(t, r.body, fmt.Sprintf(`"status_code":"%s"`, story.want))
			newest, err := b.service.Status(t.Context(), access.SandboxMerchant, "A-1")
			require.NoError(t, err)
			require.Equal(t, story.want == "201", newest.ID != v.ID)
			old := b.send(t, "GET", "/v2/"+v.ID+"/status", "")
			require.Contains(t, old.body, v.ID, "the transaction id stays an exact handle")
		})
	}
}

func TestOneOrderChargedAtOnceGetsOneCode(t *testing.T) {
	t.Parallel()
	b := setup(t)
	replies := make([]reply, 32)
	var group sync.WaitGroup
	for i := range replies {
		group.Go(func() { replies[i] = b.send(t, "POST", "/v2/charge", order("A-1")) })
	}
	group.Wait()
	codes := map[string]int{}
	for _, r := range replies {
		var body struct {
			Code string `json:"status_code"`
		}
		require.NoError(t, json.Unmarshal([]byte(r.body), &body))
		codes[body.Code]++
	}
	require.Equal(t, map[string]int{"201": 1, "406": 31}, codes)
}

func TestEndingWhatCanNotEnd(t *testing.T) {
	t.Parallel()
	for name, live := range map[string]func(t *testing.T, b *bundle, v ledger.View){
		"paid": livePaid, "denied": liveDenied, "cancelled": liveCancelled, "expired": liveExpired, "swept": liveSwept,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			v := b.charge(t, "A-1")
			live(t, b, v)
			before := b.records(t)
			for _, path := range []string{"/v2/A-1/cancel", "/v2/A-1/expire", "/v2/" + v.ID + "/cancel"} {
				r := b.send(t, "POST", path, "")
				require.Equal(t, 200, r.http)
				require.Contains(t, r.body, `{"status_code":"412","status_message":`)
			}
			require.Equal(t, before, b.records(t))
		})
	}
}

func TestActionsTakeEveryEmptyBody(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for i, body := range []string{"", "null", "{}", " \r\n", `{"reason":"changed my mind","unknown":[1]}`} {
		id := fmt.Sprintf("E-%d", i)
		b.charge(t, id)
		require.Contains(t, b.send(t, "GET", "/v2/"+id+"/status", body).body, `"status_code":"201"`)
		require.Contains(t, b.send(t, "POST", "/v2/"+id+"/cancel", body).body, `"status_code":"200"`)
	}
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
	_, secret, err := b.directory.RotateKey(t.Context(), "tester", access.SandboxMerchant)
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
