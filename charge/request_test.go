package charge_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

// inquire is a till's inquiry about what a recorded body charged.
func (b *bundle) inquire(t *testing.T, name string) ledger.InquiryResult {
	t.Helper()
	return b.inquireBody(t, recorded(t, name))
}

func (b *bundle) inquireBody(t *testing.T, text string) ledger.InquiryResult {
	t.Helper()
	r := b.send(t, "POST", "/v2/charge", text)
	var body struct {
		Code ledger.PaymentCode `json:"payment_code"`
	}
	require.NoError(t, json.Unmarshal([]byte(r.body), &body))
	require.NotEmpty(t, body.Code, r.body)
	result, err := b.service.Inquire(t.Context(), ledger.Inquiry{Code: body.Code, Ref: "REF1", Store: "TJKT0001", TimeStamp: b.clock.Now()})
	require.NoError(t, err)
	return result
}

func TestWhatTheTillShows(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]ledger.Details{
		"ordinary":                   {Desc: "Message to display"},
		"all-members":                {Customer: "Budi Utomo", Desc: "2 Kopi Gayo"},
		"customer-and-items":         {Customer: "Budi Utomo", Desc: "2 Kopi Gayo, 1 Roti Bakar"},
		"discount-item":              {Desc: "1 Kopi, 1 Diskon"},
		"numbers-as-text":            {Desc: "2 Kopi"},
		"message-of-21-characters":   {Desc: "12345678901234567890"},
		"item-name-of-51-characters": {Desc: "1 " + strings.Repeat("n", 50)},
		"order-id-as-number":         {Desc: "Message to display"},
		"expiry-of-20-seconds":       {Desc: "Message to display"},
		// Without items and message there is still the shop's name: Desc is mandatory.
		"empty-members-of-fixed-structs": {Desc: "Sandbox Shop"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			result := setup(t).inquire(t, name)
			require.Equal(t, ledger.ReasonApproved, result.Reason)
			require.Equal(t, want.Customer, result.Details.Customer)
			require.Equal(t, want.Desc, result.Details.Desc)
		})
	}
}

func TestExtensionsReachTheTill(t *testing.T) {
	t.Parallel()
	b := setup(t)
	text := recorded(t, "all-extensions")
	require.Equal(t, ledger.ReasonNotYetPayable, b.inquireBody(t, text).Reason)
	b.clock.Advance(time.Hour)
	result := b.inquireBody(t, strings.Replace(text, "order-101", "order-102", 1))
	require.Equal(t, ledger.ReasonApproved, result.Reason)
	require.Equal(t, [3]string{"00063|00062|00061", "two", ""}, result.Details.Extra)
	require.Equal(t, ledger.Rupiah(50_000), result.Amount)
	require.Equal(t, ledger.Rupiah(25_000), result.MinAmount)
	require.Equal(t, ledger.Rupiah(5_000), result.Charge.Fee)
	require.Equal(t, "123123", result.Charge.Product)
}

func TestLongTextsAreCutForTheTill(t *testing.T) {
	t.Parallel()
	name := strings.Repeat("é", 300)
	item := `{"name":"` + name + `","price":5000,"quantity":1}`
	body := `{"payment_type":"cstore","transaction_details":{"order_id":"A-1","gross_amount":50000},"cstore":{"store":"indomaret"},` +
		`"customer_details":{"first_name":"` + name + `","last_name":"Line\nbreak"},"item_details":[` + strings.TrimSuffix(strings.Repeat(item+",", 10), ",") + `]}`
	details := setup(t).inquireBody(t, body).Details
	require.Equal(t, strings.Repeat("é", 127), details.Customer, "255 bytes, at a character's end")
	require.Len(t, details.Desc, 254, "the 255th byte would begin a character")
	require.True(t, strings.HasPrefix(details.Desc, "1 "+strings.Repeat("é", 25)+", 1 é"))
}

func TestExpiryTimes(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"ordinary":                       "2026-03-05 12:00:00",
		"empty-members-of-fixed-structs": "2026-03-05 12:00:00",
		"all-extensions":                 "2026-03-05 13:00:00", // a day after valid_from
		"expiry-of-20-seconds":           "2026-03-04 12:00:20",
		"expiry-of-180-days":             "2026-08-31 12:00:00",
		"expiry-without-unit":            "2026-03-04 13:30:00",
		"expiry-from-order-time":         "2026-03-04 13:30:00",
		"expiry-from-order-time-in-utc":  "2026-03-04 13:30:00",
		"numbers-as-text":                "2026-03-04 13:00:00",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			// Within a second, the expiry is at its start: what is answered holds.
			b.clock.Advance(750 * time.Millisecond)
			r := b.send(t, "POST", "/v2/charge", recorded(t, name))
			require.Contains(t, r.body, `"expiry_time":"`+want+`"`)
			var body struct {
				Order string `json:"order_id"`
			}
			require.NoError(t, json.Unmarshal([]byte(r.body), &body))
			v, err := b.service.Status(t.Context(), "G000000001", body.Order)
			require.NoError(t, err)
			at, err := time.ParseInLocation(ledger.WireTime, want, ledger.WIB)
			require.NoError(t, err)
			require.True(t, v.Expires.Equal(at))
		})
	}
}

func TestANumberedOrderKeepsItsDigits(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.send(t, "POST", "/v2/charge", recorded(t, "order-id-as-number"))
	require.Contains(t, r.body, `"order_id":"1578557719"`)
	require.Contains(t, b.send(t, "GET", "/v2/1578557719/status", "").body, `"transaction_status":"pending"`)
}
