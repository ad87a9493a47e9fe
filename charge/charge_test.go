package charge_test

import (
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/ledger"
)

func TestAnswersWordForWord(t *testing.T) {
	t.Parallel()
	b := setup(t)
	charged := b.send(t, "POST", "/v2/charge", order("A-1"))
	v, err := b.service.Status(t.Context(), access.SandboxMerchant, "A-1")
	require.NoError(t, err)
	require.Regexp(t, `^100\d{13}$`, string(v.Code))
	require.Equal(t, common(v, "201", "The payment code is given out.", "pending")+coded(v)+paged(v)+"}", charged.body)
	require.Equal(t, 200, charged.http)
	require.Equal(t, "application/json", charged.header.Get("Content-Type"))

	for _, handle := range []string{"A-1", v.ID} {
		r := b.send(t, "GET", "/v2/"+handle+"/status", "")
		require.Equal(t, common(v, "201", "The transaction waits for its payment.", "pending")+coded(v)+paged(v)+signed("201"), r.body)
		require.Equal(t, 200, r.http)
	}
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
		"time over": {func(_ *testing.T, b *bundle, _ ledger.View) { b.clock.Advance(24 * time.Hour) }, "201"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			v := b.charge(t, "A-1")
			story.live(t, b, v)
			r := b.send(t, "POST", "/v2/charge", order("A-1", `"message":"another"`))
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
		group.Go(func() { replies[i] = b.send(t, "POST", "/v2/charge", order("A-1", fmt.Sprintf(`"message":"%d"`, i))) })
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
