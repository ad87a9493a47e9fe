package merchants_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/access/audit"
	"paypoint/console/frame/frametest"
	"paypoint/ledger"
	"paypoint/notify/notifytest"
)

func TestTheListShowsWhatEachMerchantDoes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	other := b.merchant(t, "Toko Lain")
	require.NoError(t, b.Directory.SetNotificationURLs(t.Context(), "tester", other.ID, []string{notifytest.Receive(t, notifytest.Status(404)).URL}, true))
	b.pay(t, b.charge(t, frametest.Merchant, "A-1"), "R1")
	b.pay(t, b.charge(t, frametest.Merchant, "A-2"), "R2")
	b.charge(t, frametest.Merchant, "A-3")
	b.charge(t, other.ID, "B-1")
	viewer := b.As(access.RoleViewer)
	page := viewer.Get("/merchants")
	rows := page.Find("tbody tr")
	require.Equal(t, 2, rows.Length())
	cells := func(i int) string { return strings.Join(strings.Fields(rows.Eq(i).Text()), " ") }
	require.Equal(t, "Toko Lain G000000002 Active 0 0 1 0 0", cells(0), "the newest first")
	require.Equal(t, "Kopi Nusantara G000000001 Active 2 100.000 1 0 100.000", cells(1))
	require.Zero(t, page.Find("a[href='/console/merchants/new']").Length())
	require.Equal(t, 1, viewer.Get("/merchants?text=toko").Find("tbody tr").Length())
	require.Equal(t, 1, viewer.Get("/merchants?text=g000000001").Find("tbody tr").Length())
	require.Equal(t, 0, viewer.Get("/merchants?state=inactive").Find("tbody tr").Length())
	require.Contains(t, string(viewer.Try("/merchants.csv?text=kopi").Body), "G000000001,Kopi Nusantara,Active,2,100000,1,0,0,100000")
	require.NotContains(t, string(viewer.Try("/merchants.csv?text=kopi").Body), "Toko")

	b.Clock.Advance(24 * time.Hour)
	viewer = b.As(access.RoleViewer) // the sign-in has ended
	page = viewer.Get("/merchants?text=kopi")
	require.Contains(t, strings.Join(strings.Fields(page.Find("tbody tr").Text()), " "), "G000000001 Active 0 0", "yesterday's are not today's")
}

func TestPagesOfMerchants(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for i := range 119 {
		b.merchant(t, fmt.Sprintf("Shop %d", i))
	}
	viewer := b.As(access.RoleViewer)
	path, seen, last := "/merchants", []string{}, ""
	for path != "" {
		page := viewer.Get(path)
		page.Find("tbody tr th a").Each(func(_ int, a *goquery.Selection) { seen = append(seen, a.AttrOr("href", "")) })
		last, path = path, strings.TrimPrefix(page.Find("a[rel=next]").AttrOr("href", ""), "/console")
	}
	require.Len(t, seen, 120)
	require.Equal(t, "/console/merchants/G000000120", seen[0])
	require.Equal(t, "/console/merchants/G000000001", seen[119])
	newer := viewer.Get(strings.TrimPrefix(viewer.Get(last).Find("a[rel=prev]").AttrOr("href", ""), "/console"))
	require.Equal(t, seen[50], newer.Find("tbody tr th a").First().AttrOr("href", ""))
	require.Equal(t, 50, newer.Find("tbody tr").Length())
}

// The page reads sums, and what of them is held, one after the other.
func TestAPaymentThatComesMeanwhileIsHeldToo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, err := b.Directory.SetHold(t.Context(), "tester", frametest.Merchant, time.Hour)
	require.NoError(t, err)
	c, shop := b.held(t, "A-1"), b.As(access.RoleMerchant)
	before := shop.Get(mine).Find("main").Text()
	b.during = func() {
		b.pay(t, c, "R1")
		b.Clock.Advance(time.Second)
	}
	require.Equal(t, before, shop.Get(mine).Find("main").Text())
	require.Nil(t, b.during, "it came meanwhile")
	require.Equal(t, before, shop.Get(mine).Find("main").Text())
}

// A payment that a till may still take back is nothing that its merchant knows of:
// neither as money, nor as a code that can't be paid any more.
func TestAMerchantIsNotToldOfHeldPayments(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, err := b.Directory.SetHold(t.Context(), "tester", frametest.Merchant, time.Hour)
	require.NoError(t, err)
	b.pay(t, b.held(t, "A-0"), "R0")
	b.Clock.Advance(2 * time.Hour)
	_, err = b.Ledger.Sweep(t.Context())
	require.NoError(t, err)
	held, gone := b.held(t, "A-1"), b.held(t, "A-2")
	file := func(role access.Role) string { return string(b.As(role).Try("/merchants.csv").Body) }
	before := file(access.RoleMerchant)
	require.Contains(t, before, ",1,50000,2,0,0,50000")
	b.pay(t, held, "R1")
	b.pay(t, gone, "R2")
	b.reverse(t, gone, "R2")
	require.Equal(t, before, file(access.RoleMerchant))
	require.Contains(t, file(access.RoleViewer), ",2,100000,1,0,0,100000", "staff know of it at once")
	page := b.As(access.RoleMerchant).Get(mine)
	require.Contains(t, page.Find("main").Text(), "1 payment, Rp50.000", "its own page")

	b.Clock.Advance(2 * time.Hour)
	_, err = b.Ledger.Sweep(t.Context())
	require.NoError(t, err)
	require.Equal(t, file(access.RoleViewer), file(access.RoleMerchant), "it is released")
}

func TestAMerchantSeesItselfAlone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	other := b.merchant(t, "Toko Lain")
	merchant := b.As(access.RoleMerchant)
	page := merchant.Get("/merchants")
	require.Equal(t, 1, page.Find("tbody tr").Length())
	require.NotContains(t, page.Text(), "Toko Lain")
	require.NotContains(t, string(merchant.Try("/merchants.json").Body), "Toko Lain")
	page = merchant.Get(mine)
	require.Contains(t, page.Text(), "Person merchant", "its people")
	require.Zero(t, page.Find("a[href$='/rotate'], a[href$='/hold'], a[href$='/active'], a[href$='/terms']").Length())
	require.Equal(t, 1, page.Find("a[href$='/urls']").Length())
	for _, rest := range []string{"", "/urls", "/statements", "/test/x"} {
		require.Equal(t, http.StatusNotFound, merchant.Try("/merchants/"+other.ID+rest).Status, rest)
	}
	for _, rest := range []string{"/urls", "/test"} {
		require.Equal(t, http.StatusNotFound, merchant.Post("/merchants/"+other.ID+rest, url.Values{"drawn": {"x"}}).Status, rest)
	}
	for _, rest := range []string{"/rotate", "/key", "/hold", "/active", "/terms"} {
		require.Equal(t, http.StatusForbidden, merchant.Try(mine+rest).Status, rest)
	}
}

func TestEachRoleAndAct(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for rest, action := range map[string]access.Action{
		"/rotate": access.ActMerchantRotateKey, "/hold": access.ActMerchantWrite, "/active": access.ActMerchantWrite, "/terms": access.ActMerchantTerms,
	} {
		for _, role := range access.Roles() {
			c := b.As(role)
			link := c.Get(mine).Find("a[href='/console" + mine + rest + "']").Length()
			if role.May(action) {
				require.Positive(t, link, "%s %s", role, rest)
				c.Get(mine + rest)
				continue
			}
			require.Zero(t, link, "%s %s", role, rest)
			require.Equal(t, http.StatusForbidden, c.Try(mine+rest).Status, "%s %s", role, rest)
			require.Equal(t, http.StatusForbidden, c.Post(mine+rest, nil).Status, "%s %s", role, rest)
		}
	}
	for _, role := range access.Roles() {
		want := http.StatusForbidden
		if role.May(access.ActMerchantWrite) || role.May(access.ActMerchantOwnURLs) {
			want = http.StatusOK
		}
		require.Equal(t, want, b.As(role).Try(mine+"/urls").Status, role)
	}
	m, _ := b.Directory.Merchant(frametest.Merchant)
	require.Len(t, m.Keys, 1)
	require.True(t, m.Active)
	require.Equal(t, http.StatusNotFound, b.As(access.RoleOperator).Try("/merchants/G999999999").Status)
	require.Equal(t, http.StatusNotFound, b.As(access.RoleOperator).Post("/merchants/G999999999/rotate", nil).Status)
}

func TestURLsAreSetAndTested(t *testing.T) {
	t.Parallel()
	b := setup(t)
	good, bad := notifytest.Receive(t, notifytest.Status(200)), notifytest.Receive(t, notifytest.Status(500))
	merchant := b.As(access.RoleMerchant)
	page := merchant.Get(mine + "/urls")
	page = merchant.Follow(merchant.PostFrom(page, "main form[method=post]", url.Values{"url1": {good.URL + "/hook?token=s3cret"}, "url3": {bad.URL}}))
	require.Len(t, b.Directory.NotificationURLs(frametest.Merchant), 2)
	require.NotContains(t, page.Text(), "s3cret")
	require.NotContains(t, fmt.Sprint(b.Recorded()), "s3cret")
	page = merchant.Follow(merchant.PostFrom(page, "form[action$='/test']", nil))
	require.Contains(t, page.Find("main").Text(), "Delivered, answered 200")
	require.Contains(t, page.Find("main").Text(), "Answered 500")
	require.Contains(t, page.Find("main").Text(), "All answers are there")
	require.Positive(t, good.Told())

	operator := b.As(access.RoleOperator)
	stale := operator.Get(mine + "/urls")
	require.Contains(t, stale.Find("input[name=url1]").AttrOr("value", ""), "s3cret", "who changes it sees it whole")
	for name, raw := range map[string]string{"a script": "javascript:alert(1)", "a user": "https://u:p@shop.example/", "no URL": "shop", "too long": "https://shop.example/" + strings.Repeat("a", 500)} {
		answer := operator.PostFrom(stale, "main form[method=post]", url.Values{"url2": {raw}})
		require.Equal(t, http.StatusUnprocessableEntity, answer.Status, name)
		require.Contains(t, answer.Doc.Find("#errors").Text(), "Use http or https", name)
	}
	require.NoError(t, b.Directory.SetNotificationURLs(t.Context(), "tester", frametest.Merchant, nil, true))
	require.Equal(t, http.StatusConflict, operator.PostFrom(stale, "main form[method=post]", nil).Status, "they changed meanwhile")
	require.Equal(t, http.StatusConflict, operator.Post(mine+"/test", nil).Status, "nothing to test")
	require.Equal(t, http.StatusForbidden, b.As(access.RoleViewer).Post(mine+"/test", nil).Status)
	require.Equal(t, http.StatusNotFound, operator.Try(mine+"/test/01955e1c-0000-7000-8000-000000000001").Status)
}

func TestTheHoldIsSet(t *testing.T) {
	t.Parallel()
	b := setup(t)
	operator := b.As(access.RoleOperator)
	page := operator.Get(mine + "/hold")
	require.Equal(t, "60", page.Find("input[name=hold]").AttrOr("value", ""))
	require.Equal(t, http.StatusUnprocessableEntity, operator.PostFrom(page, "main form[method=post]", url.Values{"hold": {"86401"}}).Status)
	page = operator.Follow(operator.PostFrom(page, "main form[method=post]", url.Values{"hold": {"0"}}))
	require.Contains(t, page.Text(), "0 seconds")
	m, _ := b.Directory.Merchant(frametest.Merchant)
	require.Zero(t, m.Hold)
	last := b.Recorded()[len(b.Recorded())-1]
	require.Equal(t, []string{"hold=1m0s", "hold=0s"}, []string{last.Before, last.After})
}

func TestDeactivatingWithdrawsOpenCodes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var charges []ledger.Charge
	for i := range 5 {
		charges = append(charges, b.charge(t, frametest.Merchant, fmt.Sprint(i)))
	}
	operator := b.As(access.RoleOperator)
	page := operator.Get(mine + "/active")
	require.Contains(t, page.Text(), "Withdraw the 5 open codes too.")
	page = operator.Follow(operator.PostFrom(page, "main form[method=post]", nil))
	require.Contains(t, page.Text(), "Inactive")
	v, err := b.Ledger.Lookup(t.Context(), charges[0].ID)
	require.NoError(t, err)
	require.Equal(t, ledger.StandingActive, v.Standing, "codes given out stay payable")

	operator.Follow(operator.PostFrom(operator.Get(mine+"/active"), "main form[method=post]", nil))
	page = operator.Get(mine + "/active")
	page = operator.Follow(operator.PostFrom(page, "main form[method=post]", url.Values{"cancel_open": {"1"}, "reason": {"contract ended"}}))
	require.Contains(t, page.Text(), "5 codes are withdrawn.")
	for _, c := range charges {
		v, err := b.Ledger.Lookup(t.Context(), c.ID)
		require.NoError(t, err)
		require.Equal(t, ledger.StandingCancelled, v.Standing)
	}
	m, _ := b.Directory.Merchant(frametest.Merchant)
	require.False(t, m.Active)
	var acts []string
	for _, e := range b.Recorded() {
		acts = append(acts, e.Act)
	}
	require.Equal(t, []string{audit.ActMerchantDeactivate, audit.ActMerchantActivate, audit.ActMerchantDeactivate}, acts)
	require.Equal(t, http.StatusConflict, operator.Post(mine+"/test", nil).Status, "no charge, no test")
	other := b.merchant(t, "Other")
	require.Equal(t, http.StatusNotFound, operator.Try("/merchants/"+other.ID+"/cancelled/x").Status)
}
