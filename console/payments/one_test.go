package payments_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/access/audit"
	"paypoint/ledger"
	"paypoint/soap"
)

func TestOnePaymentTellsItsWholeLife(t *testing.T) {
	t.Parallel()
	d := setup(t)
	d.told(d.mine)
	p := d.charge(d.mine, 100_000)
	d.clock.Advance(time.Minute)
	d.sent(soap.Inquiry, p, ledger.ReasonApproved, &soap.InquiryAnswer{ResponseCode: "00"})
	d.clock.Advance(time.Second)
	d.sent(soap.Payment, p, ledger.ReasonWrongAmount, &soap.PaymentAnswer{ResponseCode: "13"})
	d.clock.Advance(time.Second)
	p = d.book(p)
	d.sent(soap.Payment, p, ledger.ReasonApproved, &soap.PaymentAnswer{ResponseCode: "00", ReceiptCode: p.Receipt})
	d.clock.Advance(2 * time.Minute)
	d.step()
	d.clock.Advance(time.Minute)
	d.compare(sunday, p)

	page := d.site.As(access.RoleFinance).Get(p.path())
	lead := text(page.Find("main .lead"))
	for _, part := range []string{"Paid", "Rp100.000 + fee Rp5.000", "22 Nov 2026, 14:06 WIB", "store T001", "batch 2026-11-22/1", "Matched"} {
		require.Contains(t, lead, part)
	}
	var happened []string
	timeline := page.Find(".timeline li")
	for i := range timeline.Length() {
		happened = append(happened, text(timeline.Eq(i).Find("h3")))
	}
	require.Equal(t, []string{
		"Compared with Indomaret's file: Matched", "Batch 2026-11-22/1 closed",
		"Told the merchant: Paid", "Told the merchant: Charged", "Told to the merchant as settled",
		"Paid Rp100.000 + fee Rp5.000", "Payment refused: wrong amount", "Asked at the till", "Code made for Rp100.000",
	}, happened)
	refused := timeline.FilterFunction(func(_ int, li *goquery.Selection) bool {
		return strings.HasPrefix(text(li.Find("h3")), "Payment refused")
	})
	require.Contains(t, text(refused), "Answered 13 in 4 ms.")
	require.Contains(t, text(refused.Find("details pre")), "tracking_ref")
	require.NotContains(t, text(page.Find("pre")), string(p.Code), "wire messages are masked")
	for label, want := range map[string]string{
		"Payment code": string(p.Code), "TrackingRef": string(p.Ref), "Receipt": p.Receipt, "Order ID": p.Order, "Transaction ID": p.ID,
		"Merchant": "Toko Maju (G000000001)", "Customer": "Siti", "Net": "Rp100.000", "Indomaret owes": "Rp105.000",
	} {
		require.Equal(t, want, fact(page, label), label)
	}
	require.Equal(t, string(p.Code), page.Find("dl.facts button[data-copy]").First().AttrOr("data-copy", ""))
	require.Contains(t, text(page.Find("main")), "Batch closed; a reversal needs a case.")
}

// TestErasedDetailsAreSaidToBe, to staff and to the merchant's own people, in both
// languages.
func TestErasedDetailsAreSaidToBe(t *testing.T) {
	t.Parallel()
	d := setup(t)
	p := d.released(d.mine, 50_000)
	before := d.site.As(access.RoleViewer).Get(p.path())
	require.Equal(t, "Siti", fact(before, "Customer"))
	require.Empty(t, fact(before, "Personal details"))
	d.clock.Advance(180 * 24 * time.Hour)
	erased, err := d.ledger.EraseDetails(t.Context(), 180*24*time.Hour)
	require.NoError(t, err)
	require.Equal(t, 1, erased)
	for _, role := range []access.Role{access.RoleViewer, access.RoleMerchant} {
		page := d.site.As(role).Get(p.path())
		require.Empty(t, fact(page, "Customer"))
		require.Equal(t, "erased, their retention is over", fact(page, "Personal details"))
	}
	client := d.site.As(access.RoleViewer)
	client.Header = http.Header{"Accept-Language": {"id"}}
	page := client.Get(p.path())
	require.Equal(t, "sudah dihapus, masa simpannya berakhir", fact(page, "Data pribadi"))
}

func TestTimesAreOrderedNewestFirst(t *testing.T) {
	t.Parallel()
	d := setup(t)
	d.told(d.mine)
	p := d.released(d.mine, 50_000)
	d.clock.Advance(time.Minute)
	require.Equal(t, ledger.ReasonApproved, d.reverse(p))
	page := d.site.As(access.RoleViewer).Get(p.path())
	var times []string
	page.Find(".timeline time").Each(func(_ int, at *goquery.Selection) { times = append(times, at.AttrOr("datetime", "")) })
	require.True(t, slices.IsSortedFunc(times, func(a, b string) int { return strings.Compare(b, a) }), times)
	require.Contains(t, text(page.Find(".timeline")), "The merchant had been told: the code is denied.")
	require.Contains(t, text(page.Find(".lead")), "Reversed")
}

func TestResendSaysWhatWasAnswered(t *testing.T) {
	t.Parallel()
	d := setup(t)
	d.told(d.mine)
	d.answer.Store(http.StatusInternalServerError)
	p := d.released(d.mine, 70_000)
	client := d.site.As(access.RoleOperator)
	page := client.Get(p.path())
	require.Contains(t, text(page.Find("table")), "Waiting")
	form := `form[action$="/resend"]:has(input[value="` + noticeOf(page, "Paid") + `"])`

	failed := client.Follow(client.PostFrom(page, form, nil))
	require.Contains(t, text(failed.Find(".said")), "0 of 1 URLs took it")
	require.Contains(t, text(failed.Find(".said")), "Answered 500, in")

	d.answer.Store(http.StatusOK)
	done := client.PostFrom(failed, form, nil)
	said := text(client.Follow(done).Find(".said"))
	require.Contains(t, said, "Sent again: 1 of 1 URLs took it.")
	require.Contains(t, said, "Delivered, answered 200, in")
	page = client.Get(p.path())
	require.Contains(t, text(page.Find("table")), "Delivered")
	acts := recorded(d, "resend")
	require.Len(t, acts, 2)
	require.Equal(t, audit.Object{Kind: "payment", ID: p.ID}, acts[0].Object)
}

func TestResendRefuses(t *testing.T) {
	t.Parallel()
	d := setup(t)
	p := d.released(d.mine, 70_000)
	client := d.site.As(access.RoleFinance)
	page := client.Get(p.path())
	notices := noticesOf(page)
	require.Len(t, notices, 2, "of the code and of the payment")
	for name, c := range map[string]struct {
		notice string
		status int
	}{
		"no notice of it": {"999999", http.StatusNotFound},
		"no number":       {"x", http.StatusUnprocessableEntity},
		"zero":            {"0", http.StatusUnprocessableEntity},
	} {
		t.Run(name, func(t *testing.T) {
			answer := client.Post(p.path()+"/resend", url.Values{"notice": {c.notice}})
			require.Equal(t, c.status, answer.Status, text(answer.Doc.Find("main")))
		})
	}
	answer := client.Post(p.path()+"/resend", url.Values{"notice": {notices[0]}})
	require.Equal(t, http.StatusConflict, answer.Status)
	require.Contains(t, text(answer.Doc.Find("main")), "There is no URL to send it to.")
}

func TestUnmaskShowsThePhoneOnceToWhoMay(t *testing.T) {
	t.Parallel()
	d := setup(t)
	p := d.released(d.mine, 100_000)
	p.Phone = "081234567890"
	d.compare(sunday, p)
	finance := d.site.As(access.RoleFinance)
	page := finance.Get(p.path())
	require.Contains(t, text(page.Find("main")), "***890")
	require.NotContains(t, text(page.Find("main")), p.Phone)
	form := `form[action$="/unmask"]`

	without := finance.PostFrom(page, form, url.Values{"reason": {" "}})
	require.Equal(t, http.StatusUnprocessableEntity, without.Status)
	shown := finance.Follow(finance.PostFrom(page, form, url.Values{"reason": {"customer called about a double payment"}}))
	require.Contains(t, text(shown.Find("[data-once]")), p.Phone)
	require.NotContains(t, text(finance.Get(p.path()).Find("main")), p.Phone, "only once")
	acts := recorded(d, "unmask")
	require.Len(t, acts, 2)
	require.Equal(t, "customer called about a double payment", acts[1].Reason)
	require.NotContains(t, acts[1].After+acts[1].Before+acts[1].Reason, p.Phone)

	for _, role := range []access.Role{access.RoleViewer, access.RoleOperator, access.RoleAdmin, access.RoleMerchant} {
		client := d.site.As(role)
		require.Zero(t, client.Get(p.path()).Find(form).Length(), role)
		require.Equal(t, http.StatusForbidden, client.Post(p.path()+"/unmask", url.Values{"reason": {"x"}}).Status, role)
	}
}

func TestAMerchantSeesNothingThatIsNotItsOwn(t *testing.T) {
	t.Parallel()
	d := setup(t)
	theirs := d.released(d.other, 100_000)
	client := d.site.As(access.RoleMerchant)
	for name, path := range map[string]string{
		"another merchant's": theirs.path(), "none": "/payments/00000000-0000-0000-0000-000000000000",
		"an order id": "/payments/" + theirs.Order, "its own order id": "/payments/" + d.released(d.mine, 1000).Order,
		"dots": "/payments/%2e%2e%2fpayments", "long": "/payments/" + strings.Repeat("9", 900),
	} {
		t.Run(name, func(t *testing.T) {
			answer := client.Try(path)
			require.Equal(t, http.StatusNotFound, answer.Status)
			require.NotContains(t, string(answer.Body), theirs.Order)
		})
	}
	for _, act := range []string{"/resend"} {
		answer := client.Post(theirs.path()+act, url.Values{"notice": {"1"}})
		require.Equal(t, http.StatusNotFound, answer.Status, act)
	}
	require.NotContains(t, string(client.Try("/payments.csv").Body), theirs.Order)
	require.Contains(t, text(client.Get("/search?q="+theirs.Order).Find("main")), "Nothing found")
	require.Contains(t, text(client.Get("/search?q="+string(theirs.Code)).Find("main")), "Nothing found")
	require.Contains(t, text(client.Get("/search?q="+string(theirs.Ref)).Find("main")), "Nothing found")
	require.Contains(t, text(client.Get("/search?q=Warung").Find("main")), "Nothing found")
	require.NotContains(t, cells(client.Get("/payments"), "Code"), string(theirs.Code))
}

func TestAMerchantSeesNothingBeforeTheRelease(t *testing.T) {
	t.Parallel()
	d := setup(t)
	d.told(d.mine)
	p := d.pay(d.mine, 100_000)
	client, staff := d.site.As(access.RoleMerchant), d.site.As(access.RoleViewer)
	d.sent(soap.Payment, p, ledger.ReasonApproved, &soap.PaymentAnswer{ResponseCode: "00", ReceiptCode: p.Receipt})
	require.Contains(t, text(staff.Get(p.path()).Find(".lead")), "Paid, not yet told to the merchant")

	held := client.Get(p.path())
	require.Contains(t, text(held.Find(".lead")), "Not yet paid")
	for _, secret := range []string{string(p.Ref), p.Receipt, "T001"} {
		require.NotContains(t, text(held.Find("main")), secret)
	}
	require.Empty(t, cells(client.Get("/payments"), "Code"))
	require.Equal(t, "0", text(client.Get("/payments").Find(`[data-total=count]`)))
	require.NotContains(t, string(client.Try("/payments.json").Body), p.Order)
	require.Contains(t, text(client.Get("/search?q="+string(p.Ref)).Find("main")), "Nothing found")

	// One that is taken back before its release never was, to the merchant.
	require.Equal(t, ledger.ReasonApproved, d.reverse(p))
	require.Contains(t, text(client.Get(p.path()).Find(".lead")), "Not yet paid")
	require.NotContains(t, text(client.Get(p.path()).Find("main")), "Reversed")
	require.Empty(t, cells(client.Get("/payments?state=reversed"), "Code"))

	after := d.released(d.mine, 40_000)
	page := client.Get(after.path())
	require.Contains(t, text(page.Find(".lead")), "Paid · Rp40.000")
	require.Equal(t, []string{string(after.Code)}, cells(client.Get("/payments"), "Code"))
}

func TestAMerchantSeesNothingOfThePartner(t *testing.T) {
	t.Parallel()
	d := setup(t)
	d.told(d.mine)
	p := d.released(d.mine, 100_000)
	d.sent(soap.Payment, p, ledger.ReasonApproved, &soap.PaymentAnswer{ResponseCode: "00", ReceiptCode: p.Receipt})
	d.sent(soap.Reversal, p, ledger.ReasonWrongAmount, &soap.ReversalAnswer{ResponseCode: "13"})
	changed := p
	changed.Amount, changed.Phone = 90_000, "081234567890"
	d.compare(sunday, changed)
	staff, client := d.site.As(access.RoleFinance).Get(p.path()), d.site.As(access.RoleMerchant).Get(p.path())
	for _, internal := range []string{"Indomaret", "Case ", "Differs", "batch", "Answered", "refused", "***890"} {
		require.Contains(t, text(staff.Find("main")), internal)
		require.NotContains(t, text(client.Find("main")), internal)
	}
	require.Zero(t, client.Find("pre").Length())
	require.Positive(t, client.Find(`form[action$="/resend"]`).Length(), "it may resend what it was told")
	list := d.site.As(access.RoleMerchant).Get("/payments")
	require.Zero(t, list.Find("select[name=reconciliation]").Length())
	require.Equal(t, http.StatusUnprocessableEntity, d.site.As(access.RoleMerchant).Try("/payments?reconciliation=differs").Status)
	require.Equal(t, http.StatusUnprocessableEntity, d.site.As(access.RoleMerchant).Try("/payments?merchant=G000000002").Status)
}

func TestWhoMayDoWhat(t *testing.T) {
	t.Parallel()
	d := setup(t)
	d.told(d.mine)
	p := d.released(d.mine, 100_000)
	for _, role := range access.Roles() {
		t.Run(string(role), func(t *testing.T) {
			client := d.site.As(role)
			page, list := client.Get(p.path()), client.Get("/payments")
			require.Equal(t, role.May(access.ActNotificationResend), page.Find(`form[action$="/resend"]`).Length() > 0)
			require.Equal(t, role.May(access.ActPaymentsExport), list.Find(`a[href*="/payments.csv"]`).Length() > 0)
			want := map[bool]int{true: http.StatusOK, false: http.StatusForbidden}
			require.Equal(t, want[role.May(access.ActPaymentsExport)], client.Try("/payments.csv").Status)
			resent := client.Post(p.path()+"/resend", url.Values{"notice": {noticeOf(d.site.As(access.RoleFinance).Get(p.path()), "Paid")}})
			want = map[bool]int{true: http.StatusSeeOther, false: http.StatusForbidden}
			require.Equal(t, want[role.May(access.ActNotificationResend)], resent.Status)
		})
	}
}

func TestACodeThatNobodyPaid(t *testing.T) {
	t.Parallel()
	d := setup(t)
	p := d.charge(d.mine, 25_000)
	for _, role := range []access.Role{access.RoleViewer, access.RoleMerchant} {
		lead := text(d.site.As(role).Get(p.path()).Find(".lead"))
		require.Contains(t, lead, "Not yet paid · Rp25.000 + fee Rp5.000")
		require.Contains(t, lead, "can be paid until 24 Nov 2026, 14:05 WIB")
	}
}

// While the ledger lacks what was booked before it was restored, a merchant is told
// nothing that may be wrong; staff see what there is.
func TestInRecovery(t *testing.T) {
	t.Parallel()
	d := setup(t)
	p := d.released(d.mine, 100_000)
	_, err := d.ledger.BeginRecovery(t.Context(), "operator")
	require.NoError(t, err)
	for _, path := range []string{p.path(), "/payments", "/payments.csv", "/search?q=" + p.Order} {
		answer := d.site.As(access.RoleMerchant).Try(path)
		require.Equal(t, http.StatusConflict, answer.Status, path)
		require.Contains(t, text(answer.Doc.Find("main")), "The ledger was restored and is not complete yet.")
	}
	staff := d.site.As(access.RoleFinance)
	require.Contains(t, text(staff.Get(p.path()).Find(".lead")), "Paid")
	require.Equal(t, []string{string(p.Code)}, cells(staff.Get("/payments?show_notification=1&show_reconciliation=1"), "Code"))
}

func TestInIndonesian(t *testing.T) {
	t.Parallel()
	d := setup(t)
	p := d.released(d.mine, 100_000)
	client := d.site.As(access.RoleViewer)
	client.Header.Set("Accept-Language", "id")
	page := client.Get(p.path())
	require.Contains(t, text(page.Find(".lead")), "Lunas · Rp100.000 + biaya Rp5.000 · 22 Nov 2026 14.05 WIB · gerai T001")
	require.Contains(t, text(page.Find("h1")), "Pembayaran order "+p.Order)
	require.NotContains(t, text(page.Find("main")), "payments.", "a key without words")
	require.NotContains(t, text(client.Get("/payments?show_ref=1&show_notification=1&show_reconciliation=1").Find("main")), "payments.")
}

// recorded are the acts of the audit log on a route whose pattern ends so.
func recorded(d *desk, ending string) []audit.Entry {
	var acts []audit.Entry
	for _, e := range d.site.Recorded() {
		if strings.HasSuffix(e.Act, ending) {
			acts = append(acts, e)
		}
	}
	return acts
}

// What a match wrote into a payment's case is told in the reader's language.
func TestNotesOfCasesInTheReadersLanguage(t *testing.T) {
	t.Parallel()
	d := setup(t)
	p := d.released(d.mine, 100_000)
	_, err := d.ledger.OpenCases(t.Context(), "matcher", []ledger.NewCase{{
		Class: "AMOUNT_MISMATCH", Day: "2026-11-22", Code: p.Code, Ref: p.Ref, Ours: 100_000, Theirs: 90_000,
		Note: "Found by matching 2026-11-22 with version 1 of Indomaret's file.",
	}})
	require.NoError(t, err)
	staff := d.site.As(access.RoleFinance)
	require.Contains(t, text(staff.Get(p.path()).Find("main")), "Found by matching 22 Nov 2026 with version 1 of Indomaret's file.")
	staff.Header = http.Header{"Accept-Language": {"id"}}
	require.Contains(t, text(staff.Get(p.path()).Find("main")), "Ditemukan saat mencocokkan 22 Nov 2026 dengan versi 1 berkas Indomaret.")
}
