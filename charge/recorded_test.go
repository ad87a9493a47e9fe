package charge_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What a recorded body is answered.
type expected struct {
	http   int
	code   string
	faults []string
}

var (
	accepted  = expected{200, "201", nil}
	malformed = expected{400, "413", nil}
)

func invalid(faults ...string) expected { return expected{400, "400", faults} }

// The messages that more than one body gets.
const (
	noAmount    = "transaction_details.gross_amount must be a whole number of rupiah, without sign, separator or fraction"
	amountRange = "transaction_details.gross_amount must be 10000 to 5000000"
	orderShape  = "transaction_details.order_id must consist of letters, digits and - _ ~ ."
	timeShape   = `must be a time in the form "yyyy-MM-dd HH:mm:ss +0700"`
)

var nothing = invalid(
	"payment_type is required",
	"transaction_details.order_id is required",
	"transaction_details.gross_amount is required",
	"cstore.store is required",
)

// recordedBodies has a row for each body in testdata/charge.
var recordedBodies = map[string]expected{
	"ordinary":                              accepted,
	"all-extensions":                        accepted,
	"customer-and-items":                    accepted,
	"discount-item":                         accepted,
	"numbers-as-text":                       accepted,
	"numbers-with-fraction-00":              accepted,
	"order-id-as-number":                    accepted,
	"order-id-of-every-symbol":              accepted,
	"order-id-of-50-characters":             accepted,
	"store-in-capitals":                     accepted,
	"unknown-members":                       accepted,
	"empty-members-of-fixed-structs":        accepted,
	"amount-least":                          accepted,
	"amount-most":                           accepted,
	"expiry-of-20-seconds":                  accepted,
	"expiry-of-180-days":                    accepted,
	"expiry-without-unit":                   accepted,
	"expiry-from-order-time":                accepted,
	"expiry-from-order-time-in-utc":         accepted,
	"all-members":                           accepted,
	"customer-texts-of-255-characters":      accepted,
	"shipping-address-under-its-other-name": accepted,
	"message-of-21-characters":              accepted,
	"item-name-of-51-characters":            accepted,
	"custom-fields-empty":                   accepted,
	"metadata-empty-object":                 accepted,
	"metadata-of-4096-bytes":                accepted,
	"notification-urls-empty":               accepted,

	"truncated":         malformed,
	"missing-comma":     malformed,
	"trailing-object":   malformed,
	"trailing-comma":    malformed,
	"single-quotes":     malformed,
	"form-encoded":      malformed,
	"xml":               malformed,
	"invalid-utf-8":     malformed,
	"nul-byte":          malformed,
	"byte-order-mark":   malformed,
	"number-not-finite": malformed,
	"nested-30000-deep": malformed,

	"payment-type-credit-card": {200, "402", nil},
	"payment-type-in-capitals": {200, "402", nil},

	"empty":          nothing,
	"null":           nothing,
	"empty-object":   nothing,
	"all-missing":    nothing,
	"array":          invalid("the body must be an object"),
	"text":           invalid("the body must be an object"),
	"number":         invalid("the body must be an object"),
	"nested-33-deep": invalid("the body must be nested at most 32 levels deep"),
	"all-wrong": invalid(
		orderShape,
		noAmount,
		"cstore.store must be indomaret",
		"cstore.min_amount must be a whole number of rupiah, without sign, separator or fraction",
		"cstore.fee must be a whole number of rupiah, without sign, separator or fraction",
		"cstore.product_code must consist of letters and digits",
		"cstore.valid_from "+timeShape,
		"cstore.extra_params must be an array",
		"customer_details must be an object",
		"item_details must be an array",
		"custom_expiry.unit must be second, minute, hour or day",
	),
	"members-of-wrong-types": invalid(
		"payment_type must be text",
		"transaction_details must be an object",
		"transaction_details.order_id is required",
		"transaction_details.gross_amount is required",
		"cstore must be an object",
		"cstore.store is required",
		"customer_details.first_name must be text",
		"item_details[0] must be an object",
		"item_details[1] must be an object",
		"item_details[0].name is required",
		"item_details[0].price is required",
		"item_details[0].quantity is required",
		"item_details[1].name is required",
		"item_details[1].price is required",
		"item_details[1].quantity is required",
		"item_details[2].name must be text",
		"item_details[2].price must be a whole number",
		"item_details[2].quantity must be a whole number",
		"custom_expiry must be an object",
	),
	"duplicate-amount":            invalid("transaction_details.gross_amount is given twice"),
	"duplicate-payment-type":      invalid("payment_type is given twice"),
	"duplicate-in-unknown-member": invalid("metadata.list[0].a is given twice"),
	"names-in-capitals": invalid(
		"payment_type is required",
		"transaction_details.order_id is required",
		"transaction_details.gross_amount is required",
	),
	"payment-type-missing": invalid("payment_type is required"),

	"order-id-missing":          invalid("transaction_details.order_id is required"),
	"order-id-null":             invalid("transaction_details.order_id is required"),
	"order-id-of-51-characters": invalid("transaction_details.order_id must be at most 50 characters long"),
	"order-id-with-hash":        invalid(orderShape),
	"order-id-with-slash":       invalid(orderShape),
	"order-id-with-space":       invalid(orderShape),
	"order-id-with-accent":      invalid(orderShape),
	"order-id-with-newline":     invalid(orderShape),
	"order-id-of-dots":          invalid("transaction_details.order_id must not be . or .."),
	"order-id-fraction":         invalid("transaction_details.order_id must be text"),
	"order-id-object":           invalid("transaction_details.order_id must be text"),

	"amount-zero":              invalid(amountRange),
	"amount-below-least":       invalid(amountRange),
	"amount-above-most":        invalid(amountRange),
	"amount-negative":          invalid(noAmount),
	"amount-fraction":          invalid(noAmount),
	"amount-exponent":          invalid(noAmount),
	"amount-of-20-digits":      invalid(noAmount),
	"amount-true":              invalid(noAmount),
	"amount-thousands-dot":     invalid(noAmount),
	"amount-comma":             invalid(noAmount),
	"amount-plus":              invalid(noAmount),
	"amount-spaces":            invalid(noAmount),
	"amount-hex":               invalid(noAmount),
	"amount-arabic-digits":     invalid(noAmount),
	"amount-not-a-number-text": invalid(noAmount),
	"amount-empty":             invalid("transaction_details.gross_amount is required"),

	"store-missing":                 invalid("cstore.store is required"),
	"store-alfamart":                invalid("cstore.store must be indomaret"),
	"min-amount-above-amount":       invalid("cstore.min_amount must be 10000 to 44000"),
	"min-amount-below-least":        invalid("cstore.min_amount must be 10000 to 44000"),
	"fee-negative":                  invalid("cstore.fee must be a whole number of rupiah, without sign, separator or fraction"),
	"fee-above-most":                invalid("cstore.fee must be 0 to 5000000"),
	"product-code-of-11-characters": invalid("cstore.product_code must be at most 10 characters long"),
	"product-code-not-allowed":      invalid("cstore.product_code is not one that the agreement with the store allows"),
	"extra-params-of-4":             invalid("cstore.extra_params must have at most 3 members"),
	"extra-param-of-101-characters": invalid("cstore.extra_params[0] must be at most 100 characters long"),
	"extra-param-with-newline":      invalid("cstore.extra_params[1] must consist of printable ASCII characters"),
	"extra-param-with-accent":       invalid("cstore.extra_params[0] must consist of printable ASCII characters"),
	"extra-param-object":            invalid("cstore.extra_params[0] must be text"),

	"items-sum-too-high":      invalid("transaction_details.gross_amount is 44000 but item_details sum to 45000: a difference of 1000"),
	"items-sum-too-low":       invalid("transaction_details.gross_amount is 44000 but item_details sum to 30000: a difference of -14000"),
	"item-without-name":       invalid("item_details[0].name is required"),
	"item-quantity-zero":      invalid("item_details[0].quantity must be 1 to 1000000"),
	"item-quantity-fraction":  invalid("item_details[0].quantity must be a whole number"),
	"item-price-overflow":     invalid("item_details[0] must have a price x quantity of at most 12 digits"),
	"item-price-of-20-digits": invalid("item_details[0].price must be -999999999999 to 999999999999"),

	"customer-texts-too-long": invalid(
		"customer_details.email must be at most 255 characters long",
		"customer_details.phone must be at most 255 characters long",
		"customer_details.billing_address.first_name must be at most 255 characters long",
		"customer_details.billing_address.last_name must be at most 255 characters long",
		"customer_details.billing_address.email must be at most 255 characters long",
		"customer_details.billing_address.phone must be at most 255 characters long",
		"customer_details.billing_address.address must be at most 255 characters long",
		"customer_details.billing_address.city must be at most 100 characters long",
		"customer_details.billing_address.postal_code must be at most 10 characters long",
		"customer_details.billing_address.country_code must be at most 10 characters long",
		"customer_details.shipping_address.city must be at most 100 characters long",
		"customer_details.customer_address.postal_code must be at most 10 characters long",
	),
	"customer-address-is-text": invalid(
		"customer_details.email must be text",
		"customer_details.billing_address must be an object",
		"customer_details.shipping_address must be an object",
	),
	"item-members-of-51-characters": invalid(
		"item_details[0].id must be at most 50 characters long",
		"item_details[0].brand must be at most 50 characters long",
		"item_details[0].category must be at most 50 characters long",
		"item_details[0].merchant_name must be at most 50 characters long",
		"item_details[0].url must be at most 50 characters long",
	),
	"alfamart-texts-of-41-characters": invalid(
		"cstore.alfamart_free_text_1 must be at most 40 characters long",
		"cstore.alfamart_free_text_3 must be at most 40 characters long",
	),
	"custom-fields-of-256-characters": invalid(
		"custom_field1 must be at most 255 characters long",
		"custom_field2 must be at most 255 characters long",
	),
	"custom-fields-of-wrong-types": invalid(
		"custom_field1 must be text",
		"custom_field2 must be text",
		"custom_field3 must be text",
	),
	"metadata-text":            invalid("metadata must be an object"),
	"metadata-array":           invalid("metadata must be an object"),
	"metadata-of-4097-bytes":   invalid("metadata must be at most 4096 bytes of JSON without spaces"),
	"notification-urls-of-4":   invalid("notification_urls must name at most 3 URLs"),
	"notification-urls-text":   invalid("notification_urls must be an array"),
	"notification-urls-number": invalid("notification_urls[1] must be text"),
	"notification-urls-wrong": invalid(
		"notification_urls[0] can't be notified: neither http nor https",
		"notification_urls[1] can't be notified: has a user",
		"notification_urls[2] can't be notified: has a space or a control character",
	),
	"notification-url-private": invalid(
		"notification_urls[0] can't be notified: its host is not public",
		"notification_urls[1] can't be notified: its host is not public",
		"notification_urls[2] can't be notified: its host is not public",
	),
	"notification-url-of-501-bytes": invalid("notification_urls[0] can't be notified: longer than 500 bytes"),

	"valid-from-without-offset": invalid("cstore.valid_from " + timeShape),
	"valid-from-february-30":    invalid("cstore.valid_from " + timeShape),
	"valid-from-before-year-0":  invalid("cstore.valid_from must lie in the years 2000 to 9999"),
	"valid-from-after-expiry":   invalid("cstore.valid_from must be before the expiry"),
	"valid-from-in-a-year":      invalid("cstore.valid_from moves the expiry further ahead than 15552000 seconds"),
	"expiry-of-19-seconds":      invalid("custom_expiry.expiry_duration must be 20 to 15552000"),
	"expiry-of-181-days":        invalid("custom_expiry.expiry_duration must be 1 to 180"),
	"expiry-of-20-digits":       invalid("custom_expiry.expiry_duration must be 1 to 180"),
	"expiry-unit-unknown":       invalid("custom_expiry.unit must be second, minute, hour or day"),
	"expiry-without-duration":   invalid("custom_expiry.expiry_duration is required"),
	"expiry-over-already":       invalid("custom_expiry.order_time with expiry_duration is over already"),
	"expiry-order-time-ahead":   invalid("custom_expiry.order_time moves the expiry further ahead than 15552000 seconds"),
	"expiry-order-time-iso":     invalid("custom_expiry.order_time " + timeShape),
}

func TestEveryRecordedBodyHasARow(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join("..", "testdata", "charge", "*.json"))
	require.NoError(t, err)
	names := map[string]bool{}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		names[name] = true
		require.Contains(t, recordedBodies, name)
	}
	for name := range recordedBodies {
		require.True(t, names[name], name)
	}
}

func TestRecordedBodies(t *testing.T) {
	t.Parallel()
	b := setup(t)
	t.Run("all", func(t *testing.T) {
		for name, want := range recordedBodies {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				// A merchant of its own, for many of the bodies share an order id.
				m, key := b.addMerchant(t, name)
				r := b.send(t, "POST", "/v2/charge", recorded(t, name), withKey(key))
				require.Equal(t, want.http, r.http, r.body)
				var body struct {
					Code   string   `json:"status_code"`
					ID     string   `json:"id"`
					Order  string   `json:"order_id"`
					Faults []string `json:"validation_messages"`
				}
				require.NoError(t, json.Unmarshal([]byte(r.body), &body))
				require.Equal(t, want.code, body.Code)
				require.Equal(t, want.faults, body.Faults)
				if want.code == "201" {
					_, err := b.service.Status(t.Context(), m, body.Order)
					require.NoError(t, err)
					return
				}
				require.NotEmpty(t, body.ID)
			})
		}
	})
	// One journal record for each merchant and one for each charge.
	charged := 0
	for _, want := range recordedBodies {
		if want.code == "201" {
			charged++
		}
	}
	require.Equal(t, 1+len(recordedBodies)+charged, b.records(t))
}

func TestFaultsAreBounded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	name := strings.Repeat("n", 3000)
	member := fmt.Sprintf(`%q:1,`, name)
	r := b.send(t, "POST", "/v2/charge", "{"+strings.Repeat(member, 20)+`"item_details":[`+strings.Repeat(`{"price":[]},`, 99)+`{}]}`)
	require.Equal(t, 400, r.http)
	var body struct {
		Faults []string `json:"validation_messages"`
	}
	require.NoError(t, json.Unmarshal([]byte(r.body), &body))
	require.Len(t, body.Faults, 50)
	require.Equal(t, name[:200]+" is given twice", body.Faults[0])
}

func TestValuesNeverComeBackInFaults(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const value = "0812-SECRET-PHONE"
	r := b.send(t, "POST", "/v2/charge", strings.NewReplacer("44.000", value, "order 101#", value+"#", "tomorrow", value, "Budi", value, "alfamart", value).Replace(recorded(t, "all-wrong")))
	require.Equal(t, 400, r.http)
	require.NotContains(t, r.body, value)
}
