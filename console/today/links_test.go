package today_test

import (
	"bytes"
	"net/http"
	"net/netip"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/clocktest"
	"paypoint/console/frame"
	"paypoint/console/frame/frametest"
	"paypoint/console/payments"
	"paypoint/console/stores"
	"paypoint/console/today"
	"paypoint/ledger"
	"paypoint/soap"
	"paypoint/store/boltdb"
)

// mall is the first page with the lists that it leads to, over a ledger on disk and
// the partner's messages.
type mall struct {
	*lobby
	wire *soap.WireLog
}

func openMall(t *testing.T) mall {
	t.Helper()
	m := mall{lobby: &lobby{t: t}}
	m.watched.Store(&today.Attention{})
	store, err := boltdb.Open(filepath.Join(t.TempDir(), "ledger.db"), boltdb.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	clock := clocktest.At(frametest.Start())
	m.wire, err = soap.OpenWireLog(soap.WireLogConfig{
		Dir: filepath.Join(t.TempDir(), "wire"), Flush: time.Millisecond, Now: clock.Now, Key: bytes.Repeat([]byte{7}, 32),
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, m.wire.Close()) })
	m.Site = frametest.NewWith(t, frametest.Options{Clock: clock, Store: store, Areas: func(s *frametest.Site) []frame.Area {
		return []frame.Area{
			today.New(today.Config{Ledger: s.Ledger, Refusals: m.wire, Watch: m.lobby, Now: clock.Now}),
			payments.New(payments.Config{Ledger: s.Ledger, Messages: m.wire, Merchants: s.Directory}),
			stores.New(stores.Config{Ledger: s.Ledger, Messages: m.wire, Now: clock.Now}),
		}
	}})
	return m
}

// refuse has a payment be refused at the till, and waits until it is counted.
func (m mall) refuse(reason ledger.Reason, code string) {
	m.t.Helper()
	now := m.Clock.Now()
	counted := func() int {
		hours, err := m.wire.RefusedHours(m.t.Context(), now.Add(-time.Hour), now.Add(time.Hour))
		if err != nil {
			require.ErrorIs(m.t, err, ledger.ErrMessagesNotReady)
		}
		count := 0
		for _, h := range hours {
			count += h.Count
		}
		return count
	}
	before := counted()
	m.wire.Append(soap.Exchange{
		Caller: netip.MustParseAddr("192.0.2.7"), Signed: true, Status: http.StatusOK, Reason: string(reason), Answer: &soap.PaymentAnswer{ResponseCode: code},
		Message: &soap.Message{Operation: soap.Payment, TimeStamp: now.In(ledger.WIB).Format(ledger.WireTime), MessageID: "M", StoreID: "T001", Signature: "signature"},
	})
	require.Eventually(m.t, func() bool { return counted() > before }, 10*time.Second, 5*time.Millisecond)
}

// takeBack takes a payment back by an adjustment of two persons.
func (m mall) takeBack(s sale) {
	m.t.Helper()
	found := ledger.NewCase{Class: "UNKNOWN_HERE", Code: s.Code, Ref: s.ref, Ours: s.Amount}
	_, err := m.Ledger.OpenCases(m.t.Context(), "matcher", []ledger.NewCase{found})
	require.NoError(m.t, err)
	cases, err := m.Ledger.Cases(m.t.Context(), ledger.CaseQuery{Open: true, Limit: 1})
	require.NoError(m.t, err)
	c, err := m.Ledger.Propose(m.t.Context(), cases.Cases[0].ID, ledger.Proposal{Act: ledger.ActReverse, Why: "x", By: "finance"})
	require.NoError(m.t, err)
	_, err = m.Ledger.Approve(m.t.Context(), c.ID, ledger.Approval{Seq: c.Proposal.Seq, By: "approver"})
	require.NoError(m.t, err)
}

// trade is a night and a day: what is paid on one and taken back on the other, what
// is held, and what other merchants sell.
func (m mall) trade() {
	m.t.Helper()
	m.at(-1, "23:30")
	m.refuse(ledger.ReasonExpired, "54")
	m.at(-1, "23:59")
	overnight, _ := m.sell(10_000), m.sell(1_000)
	m.at(0, "00:01")
	m.reverse(overnight)
	m.at(0, "08:00")
	quick, adjusted := m.sell(20_000), m.sell(40_000)
	kept := m.charge(frametest.Merchant, 80_000, time.Hour)
	m.pay(kept)
	m.reverse(kept)
	m.at(0, "09:00")
	m.reverse(quick)
	m.pay(m.charge("G000000002", 160_000, 0))
	m.refuse(ledger.ReasonWrongAmount, "13")
	m.refuse(ledger.ReasonWrongAmount, "13")
	m.refuse(ledger.ReasonExpired, "54")
	m.at(0, "14:00")
	m.takeBack(adjusted)
	m.sell(320_000)
	m.pay(m.charge(frametest.Merchant, 640_000, 3*time.Hour))
	m.charge(frametest.Merchant, 5_000, 0)
	m.at(0, "14:05")
}

// total is a figure of a list: of its totals, or how many rows it has.
func total(page *goquery.Document, name string) string {
	if name == "rows" {
		return strconv.Itoa(page.Find("tbody tr[data-row]").Length())
	}
	return strings.TrimSpace(page.Find("[data-total=" + name + "]").Text())
}

// Each figure leads to a list that has what was counted, or nowhere.
func TestFiguresLeadToWhatTheyCount(t *testing.T) {
	t.Parallel()
	m := openMall(t)
	m.trade()
	for role, want := range map[access.Role]map[string]string{
		access.RoleViewer: {
			"Money in": "Rp1.260.000", "Payments": "6", "Reversals": "4", "Refusals": "3", "Codes open": "2", "Net (less reversals)": "Rp1.110.000",
		},
		access.RoleMerchant: {
			"Money in": "Rp380.000", "Payments": "3", "Reversals": "3", "Codes open": "3", "Net (less reversals)": "Rp310.000",
		},
	} {
		page := m.As(role).Get("/today")
		shown, links := map[string]string{}, map[string]string{}
		for _, item := range page.Find("ul.figures li").EachIter() {
			name := item.Find("span").First().Text()
			shown[name] = item.Find("strong").Text()
			if link, is := item.Find("a").Attr("href"); is {
				links[name] = strings.TrimPrefix(link, "/console")
			}
		}
		require.Equal(t, want, shown, role)
		check := func() {
			client := m.As(role)
			for name, of := range map[string]string{"Money in": "gross", "Payments": "count", "Reversals": "count", "Refusals": "rows"} {
				if want[name] != "" {
					require.Equal(t, want[name], total(client.Get(links[name]), of), "%s: %s", role, name)
				}
			}
		}
		check()
		require.Len(t, links, len(want)-2, "no list has the codes, nor what makes up the net")
		m.at(1, "00:10")
		check() // of the day on which the page was drawn
		m.at(0, "14:05")
		m.checkHours(m.As(role), page)
	}
}

// checkHours follows the links of the chart.
func (m mall) checkHours(client *frametest.Client, page *goquery.Document) {
	m.t.Helper()
	hours := page.Find("figure.bars table tbody tr")
	require.Equal(m.t, 24, hours.Length())
	for _, hour := range hours.EachIter() {
		link := strings.TrimPrefix(hour.Find("th a").AttrOr("href", ""), "/console")
		require.Equal(m.t, hour.Find("td").First().Text(), total(client.Get(link), "gross"), hour.Text())
	}
}

func TestReasonsLeadToTheirMessages(t *testing.T) {
	t.Parallel()
	m := openMall(t)
	m.trade()
	client := m.As(access.RoleFinance)
	rows := client.Get("/today").Find("table:has(#refusals-caption) tbody tr")
	require.Equal(t, 2, rows.Length())
	for _, row := range rows.EachIter() {
		link := strings.TrimPrefix(row.Find("a").AttrOr("href", ""), "/console")
		require.Equal(t, row.Find("td").Eq(1).Text(), total(client.Get(link), "rows"), row.Text())
	}
}

// A payment of last night that is taken back after midnight is a reversal of today,
// to staff and to its merchant.
func TestAReversalCountsWhenItHappens(t *testing.T) {
	t.Parallel()
	l := setup(t)
	l.at(-1, "23:59")
	night := l.sell(10_000)
	l.at(0, "00:01")
	l.reverse(night)
	l.at(0, "14:05")
	for _, role := range []access.Role{access.RoleFinance, access.RoleMerchant} {
		shown := figures(l.As(role).Get("/today"))
		require.Equal(t, "1 +1 from 0 a week ago", shown["Reversals"], role)
		require.Equal(t, "0 the same as a week ago", shown["Payments"], role)
		require.Equal(t, "-Rp10.000 -Rp10.000 from Rp0 a week ago", shown["Net (less reversals)"], role)
	}
}
