package today_test

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/console/frame"
	"paypoint/console/frame/frametest"
	"paypoint/console/today"
	"paypoint/ledger"
)

// lobby is the first page over a real ledger. What the server knows of itself, and
// the refusals, are set by the test.
type lobby struct {
	*frametest.Site
	t        *testing.T
	watched  atomic.Pointer[today.Attention]
	refusals atomic.Pointer[[]ledger.RefusalHour]
	unready  atomic.Bool
	count    int
	// during happens once while a page lists payments.
	during func()
}

// meddled is a ledger in which something happens while its payments are listed.
type meddled struct {
	*ledger.Service
	l *lobby
}

func (m meddled) EachPayment(ctx context.Context, q ledger.PaymentQuery) iter.Seq2[ledger.PaymentRow, error] {
	if happens := m.l.during; happens != nil && q.State == ledger.TxPaid {
		m.l.during = nil
		happens()
	}
	return m.Service.EachPayment(ctx, q)
}

// Attention counts the cases of the real ledger.
func (l *lobby) Attention() (today.Attention, error) {
	attention := *l.watched.Load()
	var err error
	attention.Cases, err = today.CountCases(l.t.Context(), l.Ledger)
	return attention, err
}

func (l *lobby) RefusedHours(_ context.Context, from, to time.Time) ([]ledger.RefusalHour, error) {
	if l.unready.Load() {
		return nil, ledger.ErrMessagesNotReady
	}
	var within []ledger.RefusalHour
	for _, h := range *l.refusals.Load() {
		if !h.Hour.Before(from) && h.Hour.Before(to) {
			within = append(within, h)
		}
	}
	return within, nil
}

func setup(t *testing.T) *lobby {
	t.Helper()
	l := &lobby{t: t}
	l.watched.Store(&today.Attention{})
	l.refusals.Store(&[]ledger.RefusalHour{})
	l.Site = frametest.NewWith(t, frametest.Options{Areas: func(s *frametest.Site) []frame.Area {
		return []frame.Area{today.New(today.Config{Ledger: meddled{s.Ledger, l}, Refusals: l, Watch: l, Now: s.Clock.Now})}
	}})
	return l
}

// at moves the clock to a time of today, of a week ago with days -7.
func (l *lobby) at(days int, clock string) {
	l.t.Helper()
	of, err := time.ParseInLocation("15:04", clock, ledger.WIB)
	require.NoError(l.t, err)
	begin := time.Date(2026, 11, 22+days, of.Hour(), of.Minute(), 0, 0, ledger.WIB)
	l.Clock.Advance(begin.Sub(l.Clock.Now()))
}

// sale is a payment of a merchant's.
type sale struct {
	ledger.Charge
	ref ledger.TrackingRef
}

// charge gives out a code of a merchant, whose payments are held.
func (l *lobby) charge(merchant string, amount ledger.Rupiah, hold time.Duration) sale {
	l.count++
	c, err := l.Ledger.Charge(l.t.Context(), ledger.NewCharge{
		ID: fmt.Sprintf("charge-%d", l.count), Merchant: merchant, Prefix: "888", Order: fmt.Sprintf("order-%d", l.count), Hold: hold,
		Amount: amount, MinAmount: amount, Expires: l.Clock.Now().Add(240 * time.Hour),
	})
	require.NoError(l.t, err)
	return sale{c, ledger.TrackingRef(fmt.Sprintf("T%09d", l.count))}
}

func (l *lobby) pay(s sale) {
	l.t.Helper()
	result, err := l.Ledger.Pay(l.t.Context(), ledger.Payment{
		Code: s.Code, Ref: s.ref, Amount: s.Amount, Store: "T001", MessageID: "M", TimeStamp: l.Clock.Now(), Receipt: "R" + string(s.ref),
	})
	require.NoError(l.t, err)
	require.Equal(l.t, ledger.ReasonApproved, result.Reason)
}

// sell books a payment that its merchant is told of at once.
func (l *lobby) sell(amount ledger.Rupiah) sale {
	s := l.charge(frametest.Merchant, amount, 0)
	l.pay(s)
	l.sweep()
	return s
}

func (l *lobby) sweep() {
	_, err := l.Ledger.Sweep(l.t.Context())
	require.NoError(l.t, err)
}

func (l *lobby) reverse(s sale) {
	_, err := l.Ledger.Reverse(l.t.Context(), ledger.Reversal{Code: s.Code, Ref: s.ref, Amount: s.Amount, Store: "T001", TimeStamp: l.Clock.Now()})
	require.NoError(l.t, err)
}

// figures are the day's: "Money in": "Rp1.000 +Rp1.000 against Rp0".
func figures(page *goquery.Document) map[string]string {
	all := map[string]string{}
	for _, item := range page.Find("ul.figures li").EachIter() {
		all[item.Find("span").First().Text()] = strings.TrimSpace(item.Find("strong").Text() + " " + item.Find(".than").Text())
	}
	return all
}

// spaced is a text with single blanks.
func spaced(text string) string { return strings.Join(strings.Fields(text), " ") }

// cells are a table's row.
func cells(row *goquery.Selection) string {
	return strings.Join(row.Children().Map(func(_ int, cell *goquery.Selection) string { return spaced(cell.Text()) }), " ")
}

func TestNothingNeedsYou(t *testing.T) {
	t.Parallel()
	l := setup(t)
	page := l.As(access.RoleFinance).Get("/today")
	require.Contains(t, page.Find(".needs").Text(), "Nothing needs you. Checked 14:05 WIB.")
	indonesian := l.As(access.RoleFinance)
	indonesian.Header.Set("Accept-Language", "id")
	require.Contains(t, indonesian.Get("/today").Find(".needs").Text(), "Tidak ada yang perlu tindakan. Diperiksa 14.05 WIB.")
}

// What needs a person is counted, dated and linked, the most pressing first.
func TestWhatNeedsAPerson(t *testing.T) {
	t.Parallel()
	l := setup(t)
	ago := func(d time.Duration) time.Time { return l.Clock.Now().Add(-d) }
	l.watched.Store(&today.Attention{
		FailedNotifications: today.Waiting{Count: 2, Since: ago(3 * time.Hour)}, Files: today.Waiting{Count: 1, Since: ago(49 * time.Hour), Day: "2026-10-30"},
		Exports: today.Waiting{Count: 1, Since: ago(time.Hour)}, Days: today.Waiting{Count: 2, Since: ago(26 * time.Hour), Day: "2026-10-31"},
		Skew: -3 * time.Minute, Check: today.Check{At: ago(time.Hour), Failed: true}, Restored: ago(2 * time.Hour),
	})
	_, err := l.Ledger.OpenCases(t.Context(), "matcher", []ledger.NewCase{{Class: "UNKNOWN_CODE", Ref: "A", Theirs: 1_000}, {Class: "UNKNOWN_CODE", Ref: "B", Theirs: 1_000}, {Class: "UNKNOWN_CODE", Ref: "C", Theirs: 1_000}})
	require.NoError(t, err)
	cases, err := l.Ledger.Cases(t.Context(), ledger.CaseQuery{Open: true, Limit: 10})
	require.NoError(t, err)
	for i, by := range []string{"finance", "approver"} {
		_, err := l.Ledger.Propose(t.Context(), cases.Cases[i].ID, ledger.Proposal{Act: ledger.ActAccept, Why: "x", By: by})
		require.NoError(t, err)
	}
	l.Clock.Advance(10 * time.Minute)
	needs := func(role access.Role) (lines, links []string) {
		for _, item := range l.As(role).Get("/today").Find(".needs li").EachIter() {
			lines = append(lines, spaced(item.Text()))
			links = append(links, item.Find("a").AttrOr("href", ""))
		}
		return lines, links
	}
	lines, links := needs(access.RoleApprover)
	require.Equal(t, []string{
		"The ledger was restored and its gap is not signed off oldest 2 hours", "The last self-check failed oldest 1 hour",
		"Indomaret's clock and ours differ by 3 minutes", "1 proposal waits for your approval oldest 10 minutes",
		"1 file of Indomaret's late or not read oldest 2 days", "2 days not closed oldest 1 day", "1 export not delivered oldest 1 hour",
		"2 notifications failed oldest 3 hours", "3 open cases oldest 10 minutes",
	}, lines)
	require.Equal(t, []string{
		"/console/reconciliation/recovery", "", "", "/console/cases?tab=approval", "/console/reconciliation/2026-10-30", "/console/settlements?month=2026-10", "/console/settlements",
		"/console/notifications?state=failed", "/console/cases?tab=open",
	}, links, "the system's pages are the operators'")
	primary := l.As(access.RoleApprover).Get("/today").Find(".needs a.primary")
	require.Equal(t, links[0], primary.AttrOr("href", ""), "the first that leads anywhere, and no other")
	lines, _ = needs(access.RoleFinance)
	require.Len(t, lines, 8, "who can't approve has nothing to approve")
	_, links = needs(access.RoleOperator)
	require.Equal(t, "/console/system", links[1])
}

// Each figure stands beside the same weekday's, both up to the last full hour.
func TestFiguresAgainstTheSameWeekday(t *testing.T) {
	t.Parallel()
	l := setup(t)
	l.at(-7, "09:30")
	l.sell(40_000)
	l.at(-7, "14:01")
	l.sell(500_000) // in the hour that is not over yet today
	l.at(0, "08:15")
	gone := l.sell(100_000)
	l.at(0, "10:00")
	l.reverse(gone)
	l.charge(frametest.Merchant, 5_000, 0)
	l.at(0, "14:02")
	l.sell(7_000)
	l.refusals.Store(&[]ledger.RefusalHour{
		{Hour: time.Date(2026, 11, 22, 9, 0, 0, 0, ledger.WIB), Reason: "unknown_code", ResponseCode: "14", Count: 5},
		{Hour: time.Date(2026, 11, 22, 14, 0, 0, 0, ledger.WIB), Reason: "busy", ResponseCode: "68", Count: 9},
		{Hour: time.Date(2026, 11, 15, 9, 0, 0, 0, ledger.WIB), Reason: "unknown_code", ResponseCode: "14", Count: 2},
		{Hour: time.Date(2026, 11, 15, 14, 0, 0, 0, ledger.WIB), Reason: "unknown_code", ResponseCode: "14", Count: 100},
	})
	l.at(0, "14:05")
	page := l.As(access.RoleViewer).Get("/today")
	require.Equal(t, map[string]string{
		"Money in": "Rp107.000 +150 % from Rp40.000 a week ago", "Payments": "2 the same as a week ago", "Reversals": "1 +1 from 0 a week ago",
		"Refusals": "14 +150 % from 2 a week ago", "Codes open": "1 Codes given out: +100 % from 1 a week ago", "Net (less reversals)": "Rp7.000 -100 % from Rp40.000 a week ago",
	}, figures(page))
	require.Contains(t, page.Find("main").Text(), "both until 14:00 WIB")
	var refused []string
	for _, row := range page.Find("table:has(#refusals-caption) tbody tr").EachIter() {
		refused = append(refused, cells(row))
	}
	require.Equal(t, []string{"too many messages at once 68 9 0", "unknown payment code 14 5 2"}, refused)
	hours := page.Find("figure.bars table tbody tr")
	require.Equal(t, 24, hours.Length())
	require.Equal(t, []string{"08 Rp100.000 Rp0", "09 Rp0 Rp40.000"}, []string{cells(hours.Eq(8)), cells(hours.Eq(9))})
	require.Contains(t, cells(hours.Eq(14)), "Rp7.000 Rp500.000")
	require.Positive(t, page.Find("figure.bars svg g title").Length())
}

func TestTheFirstHourHasNothingToCompare(t *testing.T) {
	t.Parallel()
	l := setup(t)
	l.at(0, "00:30")
	l.sell(10_000)
	page := l.As(access.RoleFinance).Get("/today")
	require.Contains(t, page.Find("main").Text(), "No full hour is over yet")
	require.Equal(t, "Rp10.000", figures(page)["Money in"])
}

// While the messages' index is built the rest of the page stands.
func TestRefusalsThatCanNotBeCounted(t *testing.T) {
	t.Parallel()
	l := setup(t)
	l.unready.Store(true)
	page := l.As(access.RoleFinance).Get("/today")
	require.Contains(t, page.Find("main").Text(), "can't be searched at the moment")
	require.Equal(t, "not known now", figures(page)["Refusals"])
}

// The newest payments, and how many have come since, by script and without.
func TestNewestPayments(t *testing.T) {
	t.Parallel()
	l := setup(t)
	viewer := l.As(access.RoleViewer)
	require.Contains(t, viewer.Get("/today").Find("main").Text(), "No payment yet.")
	var last sale
	for range 22 {
		last = l.sell(1_000)
		l.Clock.Advance(time.Second)
	}
	page := viewer.Get("/today")
	table := page.Find("table:has(#newest-caption) tbody tr")
	require.Equal(t, 20, table.Length())
	require.Equal(t, "/console/payments/"+last.ID, table.First().Find("th a").AttrOr("href", ""))
	require.Positive(t, page.Find("a[href='/console/today']").Length(), "a link reloads without script")
	live := strings.TrimPrefix(page.Find("[data-live]").AttrOr("data-live", ""), "/console")
	newer := func() (answer struct {
		Count int
		Text  string
	}) {
		require.NoError(t, json.Unmarshal(viewer.Try(live).Body, &answer))
		return answer
	}
	require.Zero(t, newer().Count)
	for range 5 {
		l.sell(1_000)
	}
	require.Equal(t, 5, newer().Count)
	require.Equal(t, "5 new, show", newer().Text)
	require.Equal(t, http.StatusUnprocessableEntity, viewer.Try("/today/newer?after=x").Status)
}

// A merchant sees its own figures, and nothing of a payment before its release.
func TestAMerchantSeesItsOwn(t *testing.T) {
	t.Parallel()
	l := setup(t)
	l.watched.Store(&today.Attention{Skew: time.Hour})
	l.at(0, "09:00")
	l.sell(30_000)
	other := l.charge("G000000002", 900_000, 0)
	l.pay(other)
	l.at(0, "14:00")
	held, gone := l.charge(frametest.Merchant, 50_000, time.Hour), l.charge(frametest.Merchant, 60_000, time.Hour)
	l.charge(frametest.Merchant, 1_000, 0)
	merchant := l.As(access.RoleMerchant)
	before := figures(merchant.Get("/today"))
	require.Equal(t, "3", before["Codes open"])
	l.pay(held)
	l.pay(gone)
	l.reverse(gone)
	l.sweep()
	page := merchant.Get("/today")
	require.Equal(t, before, figures(page), "held and taken back before its release")
	require.Equal(t, map[string]string{
		"Money in": "Rp30.000 +Rp30.000 from Rp0 a week ago", "Payments": "1 +1 from 0 a week ago", "Reversals": "0 the same as a week ago",
		"Codes open": "3", "Net (less reversals)": "Rp30.000 +Rp30.000 from Rp0 a week ago",
	}, figures(page))
	require.Equal(t, 1, page.Find("table:has(#newest-caption) tbody tr").Length())
	require.Zero(t, page.Find(".needs, table:has(#refusals-caption)").Length(), "operations are not the merchant's")
	var answer struct{ Count int }
	require.NoError(t, json.Unmarshal(merchant.Try("/today/newer?after=0").Body, &answer))
	require.Equal(t, 1, answer.Count)

	l.at(0, "15:01")
	l.sweep()
	merchant = l.As(access.RoleMerchant)
	require.Equal(t, "2 +2 from 0 a week ago", figures(merchant.Get("/today"))["Payments"], "it was released")
	require.Equal(t, "2", figures(merchant.Get("/today"))["Codes open"])
	require.NotContains(t, page.Find("main").Text(), "G000000002")
}

func TestAPaymentThatComesMeanwhileIsHeldToo(t *testing.T) {
	t.Parallel()
	l := setup(t)
	l.pay(l.charge(frametest.Merchant, 70_000, time.Hour)) // there is one to be listed
	sold, shop := l.charge(frametest.Merchant, 50_000, time.Hour), l.As(access.RoleMerchant)
	before := figures(shop.Get("/today"))
	l.during = func() { l.pay(sold) }
	require.Equal(t, before, figures(shop.Get("/today")))
	require.Nil(t, l.during, "it came meanwhile")
}

// The list of the day's payments has them, whatever the clock says meanwhile.
func TestAClockSetBackHidesNoPayment(t *testing.T) {
	t.Parallel()
	l := setup(t)
	l.at(0, "15:10")
	l.sell(50_000)
	l.at(0, "14:50")
	shown := figures(l.As(access.RoleFinance).Get("/today"))
	require.Contains(t, shown["Money in"], "Rp50.000")
}
