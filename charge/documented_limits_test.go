package charge_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"paypoint/charge/openapi"
)

// limit is a value of a charge's body at a bound of the document, and one
// beyond it. keys lead to the value; path is how a fault names it.
type limit struct {
	keys       []any
	path       string
	at, beyond any
}

// absent takes a member away.
type absent struct{}

// limits are those of a schema: what is required, and how long and large and
// many values may be.
func limits(s *openapi3.Schema, keys []any, path string) []limit {
	var all []limit
	add := func(at, beyond any) { all = append(all, limit{keys, path, at, beyond}) }
	if s.MaxLength != nil {
		add(text(s, int(*s.MaxLength)), text(s, int(*s.MaxLength)+1))
	}
	if s.Max != nil {
		add(int64(*s.Max), int64(*s.Max)+1)
	}
	if s.Min != nil {
		add(int64(*s.Min), int64(*s.Min)-1)
	}
	if s.MaxItems != nil {
		add(repeated(s.Items.Value, int(*s.MaxItems)), repeated(s.Items.Value, int(*s.MaxItems)+1))
	}
	if s.Items != nil && s.Items.Value.MaxLength != nil {
		for _, l := range limits(s.Items.Value, keys, path+"[0]") {
			all = append(all, limit{keys, l.path, []any{l.at}, []any{l.beyond}})
		}
	}
	if s.Items != nil && len(s.Items.Value.Properties) > 0 {
		all = append(all, limits(s.Items.Value, append(keys[:len(keys):len(keys)], 0), path+"[0]")...)
	}
	for name, property := range s.Properties {
		below, at := append(keys[:len(keys):len(keys)], name), strings.TrimPrefix(path+"."+name, ".")
		all = append(all, limits(property.Value, below, at)...)
	}
	for _, name := range s.Required {
		all = append(all, limit{append(keys[:len(keys):len(keys)], name), strings.TrimPrefix(path+"."+name, "."), nil, absent{}})
	}
	return all
}

// text is a text of a length, an address where one is asked for.
func text(s *openapi3.Schema, length int) string {
	start := ""
	if s.Format == "uri" {
		start = "http://127.0.0.1/"
	}
	return start + strings.Repeat("7", length-len(start))
}

func repeated(s *openapi3.Schema, times int) []any {
	values := make([]any, times)
	for i := range values {
		values[i] = text(s, 20)
	}
	return values
}

const wholeOrder = `{"payment_type":"cstore","transaction_details":{"order_id":"%s","gross_amount":5000000},"cstore":{"store":"indomaret"},
	"customer_details":{"billing_address":{},"shipping_address":{},"customer_address":{}},
	"item_details":[{"name":"x","price":5000000,"quantity":1}],"custom_expiry":{"expiry_duration":60,"unit":"second"}}`

// with is the order with one value in the place of another; nil leaves it.
func with(t *testing.T, order string, keys []any, value any) string {
	t.Helper()
	var body any
	require.NoError(t, json.Unmarshal([]byte(order), &body))
	place := body
	for _, key := range keys[:len(keys)-1] {
		switch key := key.(type) {
		case string:
			place = place.(map[string]any)[key]
		case int:
			place = place.([]any)[key]
		}
	}
	members, name := place.(map[string]any), keys[len(keys)-1].(string)
	switch value.(type) {
	case nil:
	case absent:
		delete(members, name)
	default:
		members[name] = value
	}
	changed, err := json.Marshal(body)
	require.NoError(t, err)
	return string(changed)
}

// named says whether an answer's faults name a path.
func named(t *testing.T, answer, path string) bool {
	t.Helper()
	var body struct {
		Faults []string `json:"validation_messages"`
	}
	require.NoError(t, json.Unmarshal([]byte(answer), &body))
	for _, fault := range body.Faults {
		// An object that is not there is missed by its members.
		if strings.HasPrefix(fault, path+" ") || strings.HasPrefix(fault, path+".") && strings.HasSuffix(fault, "is required") {
			return true
		}
	}
	return false
}

// The document's limits are those of the API: a value at the limit is no fault,
// one beyond it is, by its path.
func TestLimitsOfACharge(t *testing.T) {
	t.Parallel()
	b := setupWith(t, anyTerms)
	document, err := openapi3.NewLoader().LoadFromData(openapi.Document())
	require.NoError(t, err)
	all := limits(document.Components.Schemas["ChargeRequest"].Value, nil, "")
	require.Greater(t, len(all), 60)
	for i, l := range all {
		order := fmt.Sprintf(wholeOrder, fmt.Sprintf("L-%d", i))
		if l.path == "custom_expiry.expiry_duration" && l.at == int64(1) {
			// 1 is the least of every unit but the second, of which it is 20.
			order = strings.Replace(order, `"second"`, `"minute"`, 1)
		}
		answer := b.send(t, "POST", "/v2/charge", with(t, order, l.keys, l.at)).body
		// A price at its limit breaks another rule, that of the sum.
		require.False(t, named(t, answer, l.path) && !strings.Contains(answer, "item_details sum to"), "%s: %v: %s", l.path, l.at, answer)
		answer = b.send(t, "POST", "/v2/charge", with(t, order, l.keys, l.beyond)).body
		require.True(t, named(t, answer, l.path), "%s: %v: %s", l.path, l.beyond, answer)
	}
}
