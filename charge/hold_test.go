package charge_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/access"
)

func TestAHeldPaymentIsToldToNobody(t *testing.T) {
	t.Parallel()
	b := setup(t)
	m, secret, err := b.directory.Add(t.Context(), "tester", access.NewMerchant{Name: "Shop", Hold: time.Minute})
	require.NoError(t, err)
	mine := withKey(secret.Reveal())
	charged := b.send(t, "POST", "/v2/charge", order("H-1"), mine)
	require.Contains(t, charged.body, `"status_code":"201"`)
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
	require.Equal(t, charged.body, b.send(t, "POST", "/v2/charge", order("H-1"), mine).body, "a retry sees nothing either")
	other := b.send(t, "POST", "/v2/charge", order("H-1", `"message":"another"`), mine)
	require.Contains(t, other.body, `"status_code":"406"`)

	// Even when the hold is over it is the release that tells, not the clock.
	b.clock.Advance(time.Minute)
	require.Equal(t, before.body, b.send(t, "GET", "/v2/H-1/status", "", mine).body)
	_, err = b.service.Sweep(t.Context())
	require.NoError(t, err)
	r := b.send(t, "GET", "/v2/H-1/status", "", mine)
	require.Contains(t, r.body, `"transaction_status":"settlement"`)
	require.Contains(t, r.body, `"settlement_time":"2026-03-04 12:00:00"`, "the till's time, which is the slip's")
}
