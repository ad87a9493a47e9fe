package payments_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/console/frame/frametest"
	"paypoint/ledger"
)

// ask types into the search box of a page, and returns where each answer led.
func ask(t *testing.T, c *frametest.Client, text string) (last *frametest.Answer, led []string) {
	t.Helper()
	last = c.PostFrom(c.Get("/payments"), "form.find", url.Values{"q": {text}})
	for last.Status == http.StatusSeeOther {
		require.Less(t, len(led), 3)
		led = append(led, last.Location)
		last = c.Try(last.Location)
	}
	return last, led
}

// A payment code stands in no address, whatever was found by it: browsers and proxies
// keep those.
func TestTheSearchBoxPutsNoCodeIntoAnAddress(t *testing.T) {
	t.Parallel()
	d := setup(t)
	p := d.released(d.mine, 100_000)
	unknown := ledger.PaymentCode("8880000000000018")
	for _, role := range []access.Role{access.RoleFinance, access.RoleMerchant} {
		client := d.site.As(role)
		for _, text := range []string{string(p.Code), grouped(p.Code, " "), grouped(p.Code, "."), "kode " + grouped(p.Code, "-"), string(unknown)} {
			answer, led := ask(t, client, text)
			require.Equal(t, http.StatusOK, answer.Status, text)
			for _, address := range led {
				require.NotContains(t, digitsOf(address), string(p.Code), text)
				require.NotContains(t, digitsOf(address), string(unknown), text)
			}
			switch found := strings.HasPrefix(text, "kode") || text == string(unknown); found {
			case true:
				require.Equal(t, text, answer.Doc.Find("q").Text(), "the page says what was looked for")
				require.Equal(t, text, answer.Doc.Find("#find").AttrOr("value", ""))
				require.Equal(t, text, client.Get(led[0]).Find("q").Text(), "it can be loaded again")
			case false:
				require.Equal(t, p.path(), led[len(led)-1])
			}
		}
	}
}

// digitsOf are the digits of an address, however they are written.
func digitsOf(address string) string {
	plain, err := url.QueryUnescape(address)
	if err != nil {
		plain = address
	}
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, plain)
}

// What is no code has an address that says it, for others to open.
func TestTheSearchBoxLeadsToAnAddressOfWhatIsNoCode(t *testing.T) {
	t.Parallel()
	d := setup(t)
	p := d.released(d.mine, 100_000)
	client := d.site.As(access.RoleFinance)
	for text, want := range map[string]string{
		p.Order: p.path(), "  " + p.Order + " ": p.path(), "": "/payments", "no such thing": "/search?q=no+such+thing", "100.000": "/payments?", "<b>": "/search?q=%3Cb%3E",
	} {
		answer, led := ask(t, client, text)
		require.Equal(t, http.StatusOK, answer.Status, text)
		require.True(t, strings.HasPrefix(led[len(led)-1], want), "%s led to %s", text, led)
	}
	answer, _ := ask(t, client, strings.Repeat("x", 101))
	require.Equal(t, http.StatusUnprocessableEntity, answer.Status)
	require.Contains(t, text(answer.Doc.Find("main")), "At most 100 characters.")
}

// What was asked for is the person's alone, and the oldest is forgotten.
func TestWhatWasAskedForIsRemembered(t *testing.T) {
	t.Parallel()
	d := setup(t)
	const unknown = "8880000000000018"
	client := d.site.As(access.RoleFinance)
	_, led := ask(t, client, unknown)
	other := d.site.As(access.RoleApprover).Try(led[0])
	require.Equal(t, http.StatusNotFound, other.Status)
	require.NotContains(t, text(other.Doc.Find("body")), unknown)
	page := client.Get("/payments")
	for i := range 1000 {
		require.Equal(t, http.StatusSeeOther, client.PostFrom(page, "form.find", url.Values{"q": {fmt.Sprintf("888%013d", i)}}).Status, "a form asks any number of times")
	}
	forgotten := client.Try(led[0])
	require.Equal(t, http.StatusNotFound, forgotten.Status)
	require.Contains(t, text(forgotten.Doc.Find("main")), "Search again.")
	require.Empty(t, d.site.Recorded(), "it is no act")
}

// What asks comes from a page of ours, as what acts does.
func TestTheSearchBoxAsksFromOurPagesAlone(t *testing.T) {
	t.Parallel()
	d := setup(t)
	p := d.released(d.mine, 100_000)
	client := d.site.As(access.RoleFinance)
	fields := frametest.Values(client.Get("/payments").Find("form.find"))
	fields.Set("q", string(p.Code))
	send := func(client *frametest.Client, fields url.Values, header http.Header) int {
		header.Set("Content-Type", "application/x-www-form-urlencoded")
		return client.Do(http.MethodPost, "/search", strings.NewReader(fields.Encode()), header).Status
	}
	ours := http.Header{"Origin": {d.site.URL}}
	require.Equal(t, http.StatusSeeOther, send(client, fields, ours.Clone()))
	require.Equal(t, http.StatusForbidden, send(client, fields, http.Header{"Origin": {"https://elsewhere.example"}}))
	require.Equal(t, http.StatusForbidden, send(client, fields, http.Header{}), "no origin at all")
	require.Equal(t, http.StatusForbidden, send(d.site.As(access.RoleApprover), fields, ours.Clone()), "another's token")
	require.Equal(t, http.StatusForbidden, send(client, url.Values{"q": {"x"}}, ours.Clone()), "no token")
	visitor := d.site.Visitor().Do(http.MethodPost, "/search", strings.NewReader(fields.Encode()), http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Origin": {d.site.URL}})
	require.Equal(t, http.StatusSeeOther, visitor.Status)
	require.Equal(t, "/sign-in?then=%2Fsearch", visitor.Location)
}
