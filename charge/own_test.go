package charge_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/access"
)

func TestOwnMembersComeBack(t *testing.T) {
	t.Parallel()
	b := setup(t)
	charged := b.send(t, "POST", "/v2/charge", recorded(t, "all-members"))
	require.Contains(t, charged.body, `"status_code":"201"`)
	require.NotContains(t, charged.body, "custom_field", "the vendor's charge answer has none either")

	var sent, told struct {
		Field1   string          `json:"custom_field1"`
		Field2   string          `json:"custom_field2"`
		Metadata json.RawMessage `json:"metadata"`
	}
	require.NoError(t, json.Unmarshal([]byte(recorded(t, "all-members")), &sent))
	status := b.send(t, "GET", "/v2/order-101/status", "")
	require.NoError(t, json.Unmarshal([]byte(status.body), &told))
	require.Equal(t, sent.Field1, told.Field1)
	require.Equal(t, sent.Field2, told.Field2)
	require.JSONEq(t, string(sent.Metadata), string(told.Metadata))
	require.Contains(t, status.body, `[1,2.5,1000.0]`, "numbers as they were written")
	require.Contains(t, status.body, `"custom_field3":"1578557719"`)
}

func TestOnlyWhatIsToldAgainIsKept(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.send(t, "POST", "/v2/charge", recorded(t, "all-members"))
	v, err := b.service.Status(t.Context(), access.SandboxMerchant, "order-101")
	require.NoError(t, err)
	kept, err := json.Marshal(v.Details)
	require.NoError(t, err)
	for _, dropped := range []string{"budi@example.com", "08123456789", "Braga", "Bandung", "40111", "Warung", "first row"} {
		require.NotContains(t, string(kept), dropped)
	}
	require.Contains(t, string(kept), "Budi Utomo")
}

func TestAnEmptyOwnMemberStaysAway(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.send(t, "POST", "/v2/charge", recorded(t, "custom-fields-empty"))
	r := b.send(t, "GET", "/v2/order-101/status", "")
	require.NotContains(t, r.body, "custom_field")
	require.NotContains(t, r.body, "metadata")
}

func TestARetryGetsTheSameAnswer(t *testing.T) {
	t.Parallel()
	const first = `{"payment_type":"cstore","transaction_details":{"order_id":"A-1","gross_amount":50000},"cstore":{"store":"indomaret"},"metadata":{"a":1,"b":2}}`
	for name, try := range map[string]struct {
		body   string
		same   bool
		header string
	}{
		"word for word":        {first, true, ""},
		"members in any order": {`{"metadata":{"b":2,"a":1},"cstore":{"store":"indomaret"},"transaction_details":{"gross_amount":50000,"order_id":"A-1"},"payment_type":"cstore"}`, true, ""},
		"with blanks":          {" \n" + first + "\r\n", true, ""},
		"another amount":       {`{"payment_type":"cstore","transaction_details":{"order_id":"A-1","gross_amount":50001},"cstore":{"store":"indomaret"},"metadata":{"a":1,"b":2}}`, false, ""},
		"the amount as text":   {`{"payment_type":"cstore","transaction_details":{"order_id":"A-1","gross_amount":"50000"},"cstore":{"store":"indomaret"},"metadata":{"a":1,"b":2}}`, false, ""},
		"another metadata":     {`{"payment_type":"cstore","transaction_details":{"order_id":"A-1","gross_amount":50000},"cstore":{"store":"indomaret"},"metadata":{"a":1,"b":3}}`, false, ""},
		"one unknown member":   {`{"payment_type":"cstore","transaction_details":{"order_id":"A-1","gross_amount":50000},"cstore":{"store":"indomaret"},"metadata":{"a":1,"b":2},"x":1}`, false, ""},
		"other targets":        {first, false, "https://shop.example/n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			answered := b.send(t, "POST", "/v2/charge", first)
			require.Contains(t, answered.body, `"status_code":"201"`)
			before := b.records(t)
			r := b.send(t, "POST", "/v2/charge", try.body, withHeader("X-Append-Notification", try.header))
			require.Equal(t, before, b.records(t))
			if try.same {
				require.Equal(t, answered.body, r.body)
				return
			}
			requireRefusal(t, b, r, 200, "406")
		})
	}
}

func TestARetryAfterItsEndIsANewCharge(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first := b.send(t, "POST", "/v2/charge", order("A-1"))
	require.Contains(t, b.send(t, "POST", "/v2/A-1/cancel", "").body, `"status_code":"200"`)
	again := b.send(t, "POST", "/v2/charge", order("A-1"))
	require.Contains(t, again.body, `"status_code":"201"`)
	require.NotEqual(t, first.body, again.body)
	livePaid(t, b, mustStatus(t, b, "A-1"))
	requireRefusal(t, b, b.send(t, "POST", "/v2/charge", order("A-1")), 200, "406")
}
