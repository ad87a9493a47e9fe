package browser_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"paypoint/torture/play"
)

// calls says whether the merchants' interface takes a key.
func (s *site) calls(t *testing.T, key, order string) bool {
	t.Helper()
	m := play.NewMerchant(s.URL(), key)
	defer m.Close()
	reply, err := m.Charge(t.Context(), play.Terms{Order: order, Amount: 20_000})
	require.NoError(t, err)
	require.Contains(t, []string{"201", "401"}, reply.StatusCode, string(reply.Body))
	return reply.StatusCode == "201"
}

// keyOnce reads the key that a page shows, and sees that neither reload nor the
// way back show it again.
func (b *tab) keyOnce() string {
	b.t.Helper()
	key := b.text("code.secret")
	require.NotEmpty(b.t, key, b.text("main"))
	b.check("key shown once")
	page := b.path()
	b.visit("/merchants")
	b.Do(command(runtime.Evaluate, runtime.EvaluateParams{Expression: "history.back()"}))
	b.Until(quote(`location.pathname === %s && document.readyState === "complete"`, "/console"+page))
	require.NotContains(b.t, value[string](b, "document.documentElement.outerHTML"), key, "a page that the browser kept")
	b.Arrive(chromedp.Reload())
	require.Contains(b.t, b.text("main"), "The key can't be shown again.")
	require.NotContains(b.t, value[string](b, "document.documentElement.outerHTML"), key)
	b.check("key gone")
	return key
}

// TestFlowAddMerchant adds a merchant and replaces its key.
func TestFlowAddMerchant(t *testing.T) {
	t.Parallel()
	s := open(t, play.Setup{})
	b := s.as(t, operator)
	b.emulate(plain())
	b.visit("/merchants")
	b.follow("main a[href$='/merchants/new']")
	b.check("add merchant")
	b.submit("main form button[type=submit]")
	require.Equal(t, "errors", value[string](b, "document.activeElement.id"), "a merchant has a name")
	b.check("merchant without a name")
	b.fill("#field-name", "Toko <b>Maju</b>")
	b.submit("main form button[type=submit]")
	require.Equal(t, "/merchants/G000000002/key", b.path())
	require.Contains(t, b.text(".said"), "Toko <b>Maju</b> is added as G000000002.")
	old := b.keyOnce()
	require.True(t, s.calls(t, old, "with-the-first"))

	b.visit("/merchants/G000000002")
	b.check("merchant")
	b.follow("a[href$='/rotate']")
	b.check("rotate key")
	b.submit("main form button[type=submit]")
	require.True(t, b.has("#errors"), "a reason is needed")
	b.fill("#field-reason", "the shop's server was stolen")
	require.Equal(t, "72h", value[string](b, `document.querySelector("#field-end").value`), "nothing was said: three days")
	minute := b.chooseEnd("24h")
	b.submit("main form button[type=submit]")
	require.Contains(t, b.text("main"), "until "+minute+", or until the first call with the new one")
	key := b.keyOnce()
	require.NotEqual(t, old, key)
	b.visit("/merchants/G000000002")
	require.Contains(t, b.text("#keys ~ p"), "until "+minute)
	require.Equal(t, []string{"Signs", "Waits for its first use"}, b.texts("[aria-labelledby=keys] tbody td .tag"))
	require.Contains(t, b.text("#keys ~ p"), "until the first call with the new one")
	b.check("two keys")
	b.shoot("merchant-two-keys")
	require.True(t, s.calls(t, old, "with-the-old"), "the old key is valid until then")
	require.True(t, s.calls(t, key, "with-the-new"))
	require.False(t, s.calls(t, old, "with-the-old-again"))
	b.visit("/merchants/G000000002")
	require.Equal(t, []string{"Signs"}, b.texts("[aria-labelledby=keys] tbody td .tag"))
}

// chooseEnd picks when the old key ends, and returns the minute that the page names.
func (b *tab) chooseEnd(option string) string {
	b.t.Helper()
	b.choose("#field-end", option)
	text := value[string](b, `document.querySelector("#field-end").selectedOptions[0].text`)
	_, minute, named := strings.Cut(text, ", on ")
	require.True(b.t, named, text)
	return minute
}

// TestFlowRotatedKeyEnds: whoever has a leaked key can't go on with it for ever,
// though the merchant never calls with the new one.
func TestFlowRotatedKeyEnds(t *testing.T) {
	t.Parallel()
	s := open(t, play.Setup{})
	b := s.as(t, operator)
	b.visit("/merchants/new")
	b.fill("#field-name", "Toko Maju")
	b.submit("main form button[type=submit]")
	old := b.keyOnce()
	b.visit("/merchants/G000000002/rotate")
	minute := b.chooseEnd("1h")
	b.fill("#field-reason", "it stood in a public file")
	b.submit("main form button[type=submit]")
	key := b.keyOnce()
	s.Forward(50 * time.Minute)
	require.True(t, s.calls(t, old, "before-the-end"))
	s.Forward(11*time.Minute + 5*time.Second) // with the minute to which it is rounded up
	require.False(t, s.calls(t, old, "after-the-end"))

	b = s.as(t, operator) // the sign-in may have ended meanwhile
	b.emulate(plain())
	b.visit("/merchants/G000000002")
	require.Equal(t, []string{"Signs"}, b.texts("[aria-labelledby=keys] tbody td .tag"))
	require.Contains(t, b.text("#keys ~ p"), "ended on "+minute)
	b.check("the old key ended")
	require.True(t, s.calls(t, key, "with-the-new"))

	b.visit("/merchants/G000000002/rotate")
	b.choose("#field-end", "now")
	b.fill("#field-reason", "the new one leaked too")
	b.submit("main form button[type=submit]")
	require.Contains(t, b.text("main"), "calls are refused")
	b.check("ended at once")
	require.False(t, s.calls(t, key, "ended-at-once"))
}

// TestFlowMerchantSettings sets where a merchant is told, tries that, and sets its
// hold and its fees.
func TestFlowMerchantSettings(t *testing.T) {
	t.Parallel()
	s := open(t, play.Setup{})
	r := newReceiver(newStory(s))
	b := s.as(t, operator)
	b.emulate(plain())
	b.visit("/merchants/G000000001/urls")
	require.Equal(t, r.URL, value[string](b, `document.querySelector("#field-url1").value`))
	b.fill("#field-url2", "ftp://shop.example.com/")
	b.submit("main form button[type=submit]")
	require.True(t, b.has("#errors"))
	b.check("wrong URL")
	b.fill("#field-url2", r.URL+"/second?token=secret")
	b.submit("main form button[type=submit]")
	require.Contains(t, b.text(".said"), "2 URLs are set.")
	require.Contains(t, b.text("[aria-labelledby=limits]"), "no limit a second", "a limit of 0 is none")
	require.NotContains(t, b.text("[aria-labelledby=urls]"), "token", "URLs are cut to their host")
	b.check("URLs set")
	r.answer(http.StatusTeapot)
	b.submit("form[action$='/test'] button")
	b.reload(b.path(), `document.querySelector("main p[role=status]").innerText.startsWith("All answers")`)
	require.Contains(t, b.text(".tries"), "Answered 418")
	require.Len(t, r.heard(), 2, "one to each URL: the second waits for the first")
	b.check("URLs tested")
	b.shoot("urls-tested")

	b.visit("/merchants/G000000001/hold")
	b.check("hold")
	b.fill("#field-hold", "90")
	b.submit("main form button[type=submit]")
	require.Contains(t, b.text("[aria-labelledby=limits]"), "90 seconds")

	require.EqualValues(t, 403, b.try("/merchants/G000000001/terms"), "fees are finance's")
	f := s.as(t, finance)
	f.emulate(plain())
	f.visit("/merchants/G000000001/terms")
	f.check("terms")
	f.fill("#field-from", "2027-01-01")
	f.fill("#field-own_fixed", "2.500")
	f.fill("#field-own_share", "0,7")
	f.submit("#add-rates ~ form button")
	require.Contains(t, f.text("main"), "The rates are added.")
	require.Contains(t, f.text("[aria-labelledby=rates-caption]"), "1 Jan 2027")
	f.check("rates added")
}

// TestFlowShopkeeper: a merchant's person sees its own payments, and no one
// else's by any way.
func TestFlowShopkeeper(t *testing.T) {
	t.Parallel()
	s := open(t, play.Setup{})
	st := newStory(s)
	st.payMany(3)
	o := s.as(t, operator)
	o.visit("/merchants/new")
	o.fill("#field-name", "Another shop")
	o.fill("#field-hold", "0")
	o.submit("main form button[type=submit]")
	st.merchant = play.NewMerchant(s.URL(), o.text("code.secret"))
	st.charge("not-theirs", 55_000)
	st.pay("not-theirs", "G001T001")
	f := s.as(t, finance)
	f.visit("/search?q=not-theirs")
	other := f.path()

	b := s.as(t, shopkeeper)
	b.emulate(plain())
	b.visit("/payments")
	require.Equal(t, []string{"many-002", "many-001", "many-000"}, b.orders())
	require.False(t, b.has("a[href*='/settlements'], a[href*='/cases'], a[href*='/stores'], a[href*='/system']"))
	b.check("own payments")
	b.exports(b.orders())
	for _, key := range []string{"not-theirs", st.Codes["not-theirs"], other[len("/payments/"):]} {
		b.find(key)
		require.Contains(t, b.text("main"), "Nothing found among your payments", key)
	}
	b.check("not among theirs")
	b.find("many-001")
	require.Contains(t, b.text("h1"), "many-001")
	b.check("own payment")
	for path, status := range map[string]int64{
		other: 404, "/merchants/G000000002": 404, "/merchants/G000000002/urls": 404,
		"/stores": 403, "/settlements": 403, "/cases": 403, "/money": 403, "/merchants/new": 403, "/merchants/G000000001/rotate": 403,
	} {
		require.Equal(t, status, b.try(path), path)
	}
	require.NotContains(t, b.text("main"), "Another shop")
	b.visit("/merchants/G000000001")
	b.check("own merchant")
	b.visit("/merchants")
	require.NotContains(t, b.text("main"), "Another shop")
}
