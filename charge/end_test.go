package charge_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

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

func TestHeadersAsSDKsSendThem(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for i, header := range []map[string][]string{
		{},
		{"Content-Type": {"application/json"}},
		{"Content-Type": {"application/json; charset=utf-8"}, "Accept": {"application/json"}},
		{"Content-Type": {"application/json", "application/json"}, "Accept": {"application/json", "application/json"}},
		{"Content-Type": {""}, "Accept": {""}, "Idempotency-Key": {""}, "X-Append-Notification": {""}, "X-Override-Notification": {""}},
		{"Content-Type": {"text/plain"}, "Accept": {"text/html"}, "Accept-Encoding": {"gzip, deflate, br"}},
	} {
		as := func(r *http.Request) {
			for name, values := range header {
				r.Header[name] = values
			}
		}
		id := fmt.Sprintf("H-%d", i)
		charged := b.send(t, "POST", "/v2/charge", order(id), as)
		require.Contains(t, charged.body, `"status_code":"201"`)
		require.Equal(t, "application/json", charged.header.Get("Content-Type"))
		require.Contains(t, b.send(t, "GET", "/v2/"+id+"/status?X-Append-Notification=x", "{}", as).body, `"status_code":"201"`)
		require.Contains(t, b.send(t, "POST", "/v2/"+id+"/expire", "null", as).body, `"status_code":"407"`)
	}
}
