package charge_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestErasedDetailsAreLeftOut of all that a merchant is told, by itself or when it
// asks, and nothing else is.
func TestErasedDetailsAreLeftOut(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.listen(t)
	require.Contains(t, b.send(t, "POST", "/v2/charge", recorded(t, "all-members")).body, `"status_code":"201"`)
	order := b.newest(t)
	require.Contains(t, b.send(t, "POST", "/v2/"+order+"/cancel", "").body, `"transaction_status":"cancel"`)
	own := []string{"custom_field1", "custom_field2", "custom_field3", "metadata"}
	asked := []string{"/v2/" + order + "/status", "/v1/charges?order_id=" + order, "/v1/charges/" + order + "/events"}
	before := map[string]string{}
	for _, path := range asked {
		before[path] = b.send(t, "GET", path, "").body
	}
	_, toldBefore := b.notified(t)
	require.Contains(t, before[asked[0]], "branch 7")
	require.Contains(t, toldBefore, "branch 7")

	const retention = 180 * 24 * time.Hour
	b.clock.Advance(retention)
	erased, err := b.service.EraseDetails(t.Context(), retention)
	require.NoError(t, err)
	require.Equal(t, 1, erased)

	for _, path := range asked {
		require.Equal(t, without(t, before[path], own), without(t, b.send(t, "GET", path, "").body, nil), path)
	}
	_, told := b.notified(t)
	require.Equal(t, without(t, toldBefore, own), without(t, told, nil))
	require.NotContains(t, told, "branch 7")
}

// newest is the order id of the newest charge.
func (b *bundle) newest(t *testing.T) string {
	t.Helper()
	_, body := b.notified(t)
	var told struct {
		Order string `json:"order_id"`
	}
	require.NoError(t, json.Unmarshal([]byte(body), &told))
	return told.Order
}

// without is a JSON text without some members, wherever they are, and without the
// id of the answer, which is another each time.
func without(t *testing.T, text string, members []string) any {
	t.Helper()
	var value any
	require.NoError(t, json.Unmarshal([]byte(text), &value))
	strip(value, append([]string{"id"}, members...))
	return value
}

func strip(value any, members []string) {
	switch v := value.(type) {
	case map[string]any:
		for _, member := range members {
			delete(v, member)
		}
		for _, under := range v {
			strip(under, members)
		}
	case []any:
		for _, under := range v {
			strip(under, members)
		}
	}
}
