package charge_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

func TestEventsWordForWord(t *testing.T) {
	t.Parallel()
	const (
		pending    = `{"time":"2026-03-04 12:00:00","transaction_status":"pending","by":"merchant"}`
		settlement = `,{"time":"2026-03-04 12:00:00","transaction_status":"settlement"` + paidSlip + `}`
	)
	for name, story := range map[string]struct {
		live func(t *testing.T, b *bundle, v ledger.View)
		rest string
	}{
		"pending":       {func(*testing.T, *bundle, ledger.View) {}, ""},
		"paid":          {livePaid, settlement},
		"taken back":    {liveDenied, settlement + `,{"time":"2026-03-04 12:00:00","transaction_status":"deny"}`},
		"cancelled":     {liveCancelled, `,{"time":"2026-03-04 12:00:00","transaction_status":"cancel","by":"merchant"}`},
		"expired":       {liveExpired, `,{"time":"2026-03-04 12:00:00","transaction_status":"expire","by":"merchant"}`},
		"its time over": {liveSwept, `,{"time":"2026-03-05 12:00:00","transaction_status":"expire","by":"system"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			v := b.charge(t, "A-1")
			story.live(t, b, v)
			want := fmt.Sprintf(`{"status_code":"200","status_message":"What became of the transaction, oldest first.","transaction_id":"%s","order_id":"A-1","events":[%s%s]}`,
				v.ID, pending, story.rest)
			for _, handle := range []string{"A-1", v.ID} {
				r := b.send(t, "GET", "/v1/charges/"+handle+"/events", "")
				require.Equal(t, 200, r.http)
				require.Equal(t, want, r.body)
			}
		})
	}
}

func TestEventsAreOfOneTransaction(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first := b.charge(t, "A-1")
	b.send(t, "POST", "/v2/A-1/cancel", "")
	b.clock.Advance(time.Hour)
	second := b.charge(t, "A-1")
	require.Contains(t, b.send(t, "GET", "/v1/charges/A-1/events", "").body, second.ID)
	old := b.send(t, "GET", "/v1/charges/"+first.ID+"/events", "")
	require.Contains(t, old.body, `"transaction_status":"cancel"`)
	require.NotContains(t, old.body, "13:00:00")
	_, key := b.addMerchant(t, "Other")
	requireRefusal(t, b, b.send(t, "GET", "/v1/charges/A-1/events", "", withKey(key)), 200, "404")
}
