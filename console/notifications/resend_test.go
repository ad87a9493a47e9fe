package notifications_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
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

func TestOneIsResentAndItsAnswerShown(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := notifytest.Receive(t, notifytest.Status(303))
	b.notifyAt(t, frametest.Merchant, r.URL+"/hook?token=s3cret")
	c, seq := b.charge(t, frametest.Merchant, "A-1")
	b.deliver(t)
	operator := b.As(access.RoleOperator)
	page := operator.Get(pageOf(seq))
	require.Contains(t, page.Text(), "Failed")
	require.Contains(t, page.Text(), c.ID+"-pending")
	require.NotContains(t, page.Text(), "s3cret")

	r.Answer(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<script>taken</script>") })
	page = operator.Follow(operator.PostFrom(page, "main form[method=post]", nil))
	require.Contains(t, page.Find("main").Text(), "Delivered")
	require.Contains(t, page.Find("main").Text(), "Delivered, answered 200")
	require.Zero(t, page.Find("main script").Length())
	require.Equal(t, "<script>taken</script>", page.Find("pre").Text())
	require.Equal(t, 2, r.Told())
	all, err := b.notify.Of(t.Context(), frametest.Merchant, c.ID)
	require.NoError(t, err)
	require.Equal(t, ledger.NotificationDelivered, all[0].State)

	page = operator.Get(pageOf(seq))
	require.Equal(t, 2, page.Find("ol.tries > li").Length())
	require.Contains(t, page.Find("ol.tries > li").First().Text(), "by hand", "the newest first")
	require.Contains(t, page.Find("ol.tries > li").Last().Text(), "Redirected (303), not followed")

	entry := lastActed(b.Recorded(), "notification")
	require.Equal(t, "operator", entry.Who)
	require.Equal(t, audit.Done, entry.Result)
	require.Equal(t, fmt.Sprint(seq), entry.Object.ID, "which leads to its page")
	require.Equal(t, "resent="+c.ID+"-pending", entry.After)
}

// lastActed is the newest entry about objects of a kind.
func lastActed(entries []audit.Entry, kind string) audit.Entry {
	var last audit.Entry
	for _, entry := range entries {
		if entry.Object.Kind == kind {
			last = entry
		}
	}
	return last
}

func TestASelectionIsResentEachWithItsResult(t *testing.T) {
	t.Parallel()
	b := setup(t)
	well, ill := notifytest.Receive(t, notifytest.Status(404)), notifytest.Receive(t, notifytest.Status(404))
	b.notifyAt(t, frametest.Merchant, well.URL)
	other, silent := b.merchant(t, "Ill", ill.URL), b.merchant(t, "Silent", ill.URL)
	_, one := b.charge(t, frametest.Merchant, "A-1")
	_, two := b.charge(t, frametest.Merchant, "A-2")
	_, three := b.charge(t, other.ID, "B-1")
	_, four := b.charge(t, silent.ID, "S-1")
	b.deliver(t)
	well.Answer(nil)
	b.notifyAt(t, silent.ID)

	finance := b.As(access.RoleFinance)
	list := finance.Get("/notifications")
	require.Equal(t, 4, list.Find("input[name=n]").Length())
	page := finance.Get(fmt.Sprintf("/notifications/resend?n=%d&n=%d&n=%d&n=%d&n=%d", one, two, three, four, one))
	require.Contains(t, page.Find("h1").Text(), "4 notifications", "each once")
	page = finance.Follow(finance.PostFrom(page, "main form[method=post]", nil))
	results := map[string]string{}
	page.Find("ul.tries > li").Each(func(_ int, item *goquery.Selection) {
		results[item.Find("a").First().Text()] = item.Text()
	})
	require.Contains(t, results["A-1"], "Delivered")
	require.Contains(t, results["A-2"], "Delivered")
	require.Contains(t, results["B-1"], "Answered 404")
	require.Contains(t, results["S-1"], "The merchant has no URL to send it to.")
	require.Equal(t, 4, well.Told())
	entry := lastActed(b.Recorded(), "notifications")
	require.Equal(t, "4", entry.Object.ID)
	for _, seq := range []uint64{one, two, three, four} {
		require.Contains(t, strings.Fields(strings.TrimPrefix(entry.After, "resent=")), fmt.Sprint(seq))
	}
}

func TestAFormSentTwiceResendsOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := notifytest.Receive(t, notifytest.Status(404))
	b.notifyAt(t, frametest.Merchant, r.URL)
	_, seq := b.charge(t, frametest.Merchant, "A-1")
	b.deliver(t)
	finance := b.As(access.RoleFinance)
	page := finance.Get(pageOf(seq))
	var both sync.WaitGroup
	places := make([]string, 2)
	for i := range places {
		both.Go(func() { places[i] = finance.PostFrom(page, "main form[method=post]", nil).Location })
	}
	both.Wait()
	require.NotEmpty(t, places[0])
	require.Equal(t, places[0], places[1], "the second shows the first's result")
	require.Equal(t, places[0], finance.PostFrom(page, "main form[method=post]", nil).Location, "later, too")
	require.Equal(t, 2, r.Told())
}

func TestASlowResendShowsItsProgress(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := notifytest.Receive(t, notifytest.Status(404))
	b.notifyAt(t, frametest.Merchant, r.URL)
	_, seq := b.charge(t, frametest.Merchant, "A-1")
	b.deliver(t)
	answer := make(chan struct{})
	release := sync.OnceFunc(func() { close(answer) })
	t.Cleanup(release) // whatever fails, no receiver waits for ever
	r.Answer(func(http.ResponseWriter, *http.Request) { <-answer })
	finance := b.As(access.RoleFinance)
	done := finance.PostFrom(finance.Get(pageOf(seq)), "main form[method=post]", nil)
	require.Equal(t, http.StatusSeeOther, done.Status)
	running := finance.Try(done.Location)
	frametest.CheckPage(t, running.Doc)
	require.Contains(t, running.Doc.Text(), "0 of 1 are done.")
	require.Equal(t, "2", running.Header.Get("Refresh"), "it looks again by itself")
	release()
	require.Eventually(t, func() bool {
		return strings.Contains(finance.Try(done.Location).Doc.Find("main").Text(), "Delivered")
	}, 10*time.Second, 20*time.Millisecond)
	require.Empty(t, finance.Try(done.Location).Header.Get("Refresh"))

	require.Equal(t, http.StatusNotFound, b.As(access.RoleMerchant).Try(done.Location).Status, "another's is not there for a merchant")
	require.Equal(t, http.StatusNotFound, finance.Try("/notifications/resent/unknown").Status)
}

func TestAMerchantResendsItsOwn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := notifytest.Receive(t, notifytest.Status(404))
	b.notifyAt(t, frametest.Merchant, r.URL)
	_, seq := b.charge(t, frametest.Merchant, "A-1")
	b.deliver(t)
	r.Answer(nil)
	merchant := b.As(access.RoleMerchant)
	page := merchant.Follow(merchant.PostFrom(merchant.Get(pageOf(seq)), "main form[method=post]", nil))
	require.Contains(t, page.Find("main").Text(), "Delivered")
}

func TestWhatCannotBeResent(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := notifytest.Receive(t, notifytest.Status(404))
	b.notifyAt(t, frametest.Merchant, r.URL)
	_, seq := b.charge(t, frametest.Merchant, "A-1")
	b.deliver(t)
	finance, viewer, admin := b.As(access.RoleFinance), b.As(access.RoleViewer), b.As(access.RoleAdmin)
	require.Equal(t, http.StatusUnprocessableEntity, finance.Try("/notifications/resend").Status, "nothing was chosen")
	require.Equal(t, http.StatusUnprocessableEntity, finance.Post("/notifications/resend", nil).Status)
	var many url.Values = map[string][]string{}
	for i := range 51 {
		many.Add("n", fmt.Sprint(i+1))
	}
	require.Equal(t, http.StatusUnprocessableEntity, finance.Try("/notifications/resend?"+many.Encode()).Status)
	require.Equal(t, http.StatusUnprocessableEntity, finance.Post("/notifications/resend", many).Status)
	for _, c := range []*frametest.Client{viewer, admin} {
		require.Zero(t, c.Get(pageOf(seq)).Find("main form").Length(), "who may not has no button")
		require.Equal(t, http.StatusForbidden, c.Post("/notifications/resend", url.Values{"n": {fmt.Sprint(seq)}}).Status)
		require.Equal(t, http.StatusForbidden, c.Try("/notifications/resend?n="+fmt.Sprint(seq)).Status)
	}
	require.Equal(t, 1, r.Told(), "nothing was sent")
}

func TestInIndonesian(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.notifyAt(t, frametest.Merchant, notifytest.Receive(t, notifytest.Status(302)).URL)
	_, seq := b.charge(t, frametest.Merchant, "A-1")
	b.deliver(t)
	finance := b.As(access.RoleFinance)
	finance.Header.Set("Accept-Language", "id")
	require.Contains(t, finance.Get("/notifications").Text(), "Dialihkan (302), tidak diikuti")
	page := finance.Get(pageOf(seq))
	require.Contains(t, page.Text(), "Kirim ulang")
	require.Contains(t, page.Text(), "22 Nov 2026 14.05")
}
