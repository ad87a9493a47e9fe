package charge_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/charge"
	"paypoint/ledger"
)

func TestWhoIsToldOfACharge(t *testing.T) {
	t.Parallel()
	const a, b, c = "https://a.example/n", "https://b.example/n", "https://c.example/n?x=1"
	for name, try := range map[string]struct {
		member           string
		override, append []string
		targets          []string
		only             bool
	}{
		"the merchant's own":          {},
		"override":                    {override: []string{a + "," + b}, targets: []string{a, b}, only: true},
		"append":                      {append: []string{" " + a + " , " + b + ", " + c}, targets: []string{a, b, c}},
		"both headers":                {override: []string{a}, append: []string{b}, targets: []string{a}, only: true},
		"empty headers":               {override: []string{""}, append: []string{"", " , "}},
		"repeated, the newest last":   {append: []string{a, b}, targets: []string{b}},
		"repeated, the last empty":    {append: []string{a, ""}, targets: []string{a}},
		"a member":                    {member: fmt.Sprintf(`[%q]`, a), targets: []string{a}, only: true},
		"a member beats the headers":  {member: fmt.Sprintf(`[%q]`, a), override: []string{b}, append: []string{c}, targets: []string{a}, only: true},
		"an empty member does not":    {member: `[]`, override: []string{b}, targets: []string{b}, only: true},
		"a member of null neither":    {member: `null`, append: []string{b}, targets: []string{b}},
		"a header set and then unset": {override: []string{a, b, c}, targets: []string{c}, only: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := setup(t)
			body := order("A-1")
			if try.member != "" {
				body = body[:len(body)-1] + `,"notification_urls":` + try.member + `}`
			}
			r := s.send(t, "POST", "/v2/charge", body, func(r *http.Request) {
				r.Header["X-Override-Notification"], r.Header["X-Append-Notification"] = try.override, try.append
			})
			require.Contains(t, r.body, `"status_code":"201"`)
			v := mustStatus(t, s, "A-1")
			require.Equal(t, try.targets, v.Details.Targets)
			require.Equal(t, try.only, v.Details.OnlyTargets)
			require.Equal(t, len(try.targets) > 0, len(s.notices(t)) > 0, "the charge itself is the first change to tell of")
		})
	}
}

func TestWrongTargetsNameTheirHeader(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		"https://a.example/,https://b.example/,https://c.example/,https://d.example/": "must name at most 3 URLs",
		"https://a.example/, ftp://b.example/":                                        "[1] can't be notified: neither http nor https",
		"https://user:pass@a.example/":                                                "[0] can't be notified: has a user",
		"https://a.example/#part":                                                     "[0] can't be notified: has a fragment",
		"http://192.168.1.7/":                                                         "[0] can't be notified: its host is not public",
		"http://127.0.0.1:9000/":                                                      "[0] can't be notified: its host is not public",
		"https://":                                                                    "[0] can't be notified: without a host",
		"/notify":                                                                     "[0] can't be notified: neither http nor https",
	} {
		for _, header := range []string{"X-Override-Notification", "X-Append-Notification"} {
			t.Run(header+" "+value, func(t *testing.T) {
				t.Parallel()
				b := setup(t)
				r := b.send(t, "POST", "/v2/charge", order("A-1"), withHeader(header, value))
				require.Equal(t, 400, r.http)
				var body struct {
					Faults []string `json:"validation_messages"`
				}
				require.NoError(t, json.Unmarshal([]byte(r.body), &body))
				space := ""
				if want[0] != '[' {
					space = " "
				}
				require.Equal(t, []string{header + space + want}, body.Faults)
				require.Empty(t, b.notices(t))
			})
		}
	}
}

func TestASandboxNotifiesItsOwnMachine(t *testing.T) {
	t.Parallel()
	b := setupWith(t, func(c *charge.Config) { c.AllowPrivateTargets = true })
	r := b.send(t, "POST", "/v2/charge", recorded(t, "notification-url-private"))
	require.Contains(t, r.body, `"status_code":"201"`)
	require.Len(t, mustStatus(t, b, "order-101").Details.Targets, 3)
}

// mustStatus is the ledger's view of an order of the sandbox's merchant.
func mustStatus(t *testing.T, b *bundle, handle string) ledger.View {
	t.Helper()
	v, err := b.service.Status(t.Context(), access.SandboxMerchant, handle)
	require.NoError(t, err)
	return v
}

// withHeader sets a header, also to nothing.
func withHeader(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}
