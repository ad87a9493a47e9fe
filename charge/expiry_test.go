package charge_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/ledger"
)

// minuteFromNoon is a charge whose expiry is an absolute time: a minute after
// the tests begin.
func minuteFromNoon(id string, cstore ...string) string {
	body := order(id, cstore...)
	return body[:len(body)-1] + `,"custom_expiry":{"order_time":"2026-03-04 12:00:00 +0700","expiry_duration":1}}`
}

// A charge can live on beyond the expiry that its request names. A retry of that
// request is still answered by it, and any other such request is still refused.
func TestARetryWhoseExpiryIsOver(t *testing.T) {
	t.Parallel()
	for name, live := range map[string]func(t *testing.T, b *bundle, v ledger.View){
		"held": func(t *testing.T, b *bundle, v ledger.View) { b.pay(t, v.Code, "REF1", 50_000) },
		"looked up by a till": func(t *testing.T, b *bundle, v ledger.View) {
			found, err := b.service.Inquire(t.Context(), ledger.Inquiry{Code: v.Code, Ref: "REF1", Store: "TJKT0001", TimeStamp: b.clock.Now()})
			require.NoError(t, err)
			require.Equal(t, ledger.ReasonApproved, found.Reason)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			m, secret, err := b.directory.Add(t.Context(), "tester", access.NewMerchant{Name: "Shop", Hold: 2 * time.Minute})
			require.NoError(t, err)
			ask := func(body string) reply { return b.send(t, "POST", "/v2/charge", body, withKey(secret.Reveal())) }
			first := ask(minuteFromNoon("E-1"))
			require.Contains(t, first.body, `"status_code":"201"`)
			v, err := b.service.Status(t.Context(), m.ID, "E-1")
			require.NoError(t, err)
			b.clock.Advance(time.Minute - time.Second)
			live(t, b, v)

			b.clock.Advance(time.Second)
			before := b.records(t)
			require.Equal(t, first.body, ask(minuteFromNoon("E-1")).body)
			for _, body := range []string{minuteFromNoon("E-1", `"message":"another"`), minuteFromNoon("E-2")} {
				requireOver(t, ask(body))
			}
			r := ask(strings.Replace(minuteFromNoon("E-1"), "50000", "1", 1))
			require.Contains(t, r.body, "transaction_details.gross_amount must be", "all faults at once")
			requireOver(t, r)
			require.Equal(t, before, b.records(t))

			b.clock.Advance(10 * time.Minute)
			_, err = b.service.Sweep(t.Context())
			require.NoError(t, err)
			requireOver(t, ask(minuteFromNoon("E-1")))
		})
	}
	b := setup(t)
	b.clock.Advance(time.Hour)
	b.store.fail(func() error { return ledger.ErrBusy })
	requireRefusal(t, b, b.send(t, "POST", "/v2/charge", minuteFromNoon("E-1")), 503, "503")
}

func requireOver(t *testing.T, r reply) {
	t.Helper()
	require.Equal(t, 400, r.http, r.body)
	require.Contains(t, r.body, "custom_expiry.order_time with expiry_duration is over already")
}

// That a valid_from is over is no fault, neither of a retry nor of a new charge.
func TestARetryWhoseStartIsOver(t *testing.T) {
	t.Parallel()
	b := setup(t)
	from := `"valid_from":"2026-03-04 12:01:00 +0700"`
	first := b.send(t, "POST", "/v2/charge", order("E-1", from))
	require.Contains(t, first.body, `"status_code":"201"`)
	b.clock.Advance(2 * time.Minute)
	require.Equal(t, first.body, b.send(t, "POST", "/v2/charge", order("E-1", from)).body)
	require.Contains(t, b.send(t, "POST", "/v2/charge", order("E-2", from)).body, `"status_code":"201"`)
}
