package payments_test

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"
	"pgregory.net/rapid"

	"paypoint/access"
	"paypoint/console/frame/frametest"
	"paypoint/ledger"
	"paypoint/locale"
)

// booked is a payment of the random book, with all that a filter may ask.
type booked struct {
	paid
	state    ledger.TxState
	released bool
	// reversed is when it was taken back; zero where it was not.
	reversed time.Time
}

// book makes payments of two merchants at three stores over four days, some of
// them taken back, before their release or after.
func book(d *desk, payments int) []booked {
	d.t.Helper()
	var all []booked
	d.clock.Advance(-72 * time.Hour)
	for i := range payments {
		m := d.mine
		if i%3 == 0 {
			m = d.other
		}
		p := d.charge(m, ledger.Rupiah(10_000*(1+i%7)))
		p.Store = fmt.Sprintf("T00%d", i%3)
		b := booked{paid: d.book(p), state: ledger.TxPaid}
		if i%11 == 5 {
			require.Equal(d.t, ledger.ReasonApproved, d.reverse(p))
			b.state, b.reversed = ledger.TxReversed, d.clock.Now()
		}
		d.clock.Advance(72 * time.Hour / time.Duration(payments))
		d.step()
		b.released = b.state == ledger.TxPaid
		if i%13 == 7 && b.released {
			require.Equal(d.t, ledger.ReasonApproved, d.reverse(p))
			b.state, b.reversed = ledger.TxReversed, d.clock.Now()
		}
		all = append(all, b)
	}
	slices.Reverse(all)
	return all
}

// asked is a random query, and what it must find by a rule of its own.
type asked struct {
	values   url.Values
	from, to ledger.Day
	// at is the moment of which the range is.
	at   func(booked) time.Time
	keep []func(booked) bool
}

func (a *asked) with(name, value string, keep func(booked) bool) {
	a.values.Set(name, value)
	a.keep = append(a.keep, keep)
}

// drawQuery draws one. A merchant's person has fewer filters.
func drawQuery(t *rapid.T, merchant bool) *asked {
	days := []ledger.Day{"2026-11-19", friday, saturday, sunday}
	first := rapid.IntRange(0, 3).Draw(t, "first")
	last := rapid.IntRange(first, 3).Draw(t, "last")
	a := &asked{values: url.Values{"from": {string(days[first])}, "to": {string(days[last])}}, from: days[first], to: days[last],
		at: func(b booked) time.Time { return b.At }}
	if date := rapid.SampledFrom([]string{"", "reversed", "business"}).Draw(t, "date"); date == "reversed" || date != "" && !merchant {
		a.values.Set("date", date)
		if date == "reversed" {
			a.at = func(b booked) time.Time { return b.reversed }
		}
	}
	if rapid.Bool().Draw(t, "store") {
		store := rapid.SampledFrom([]string{"T000", "T001", "T002", "T999"}).Draw(t, "store id")
		a.with("store", store, func(b booked) bool { return b.Store == store })
	}
	if rapid.Bool().Draw(t, "state") {
		state := rapid.SampledFrom([]ledger.TxState{ledger.TxPaid, ledger.TxReversed, ledger.TxTakenBack}).Draw(t, "which state")
		a.with("state", string(state), func(b booked) bool { return b.state == state })
	}
	if rapid.Bool().Draw(t, "least") {
		least := ledger.Rupiah(10_000 * rapid.IntRange(1, 7).Draw(t, "min"))
		a.with("min", locale.Rupiah(least), func(b booked) bool { return b.Amount >= least })
		if rapid.Bool().Draw(t, "most") {
			most := least + ledger.Rupiah(10_000*rapid.IntRange(0, 3).Draw(t, "span"))
			a.with("max", most.String(), func(b booked) bool { return b.Amount <= most })
		}
	}
	if !merchant && rapid.Bool().Draw(t, "merchant") {
		id := rapid.SampledFrom([]string{"G000000001", "G000000002", "G000000099"}).Draw(t, "merchant id")
		a.with("merchant", id, func(b booked) bool { return b.Merchant == id })
	}
	return a
}

// found are the payments that the query must find, newest first.
func (a *asked) found(all []booked, merchant bool) []booked {
	var found []booked
	for _, b := range all {
		day := ledger.CalendarDay(a.at(b))
		keep := day >= a.from && day <= a.to && (!merchant || b.released && b.Merchant == frametest.Merchant)
		for _, f := range a.keep {
			keep = keep && f(b)
		}
		if keep {
			found = append(found, b)
		}
	}
	return found
}

// List, totals, chips, links and exports are of one selection: for random
// queries, over all pages, for staff and for a merchant's person.
func TestListTotalsAndExportsAgree(t *testing.T) {
	t.Parallel()
	d := inMemory(t)
	all := book(d, 120)
	for _, role := range []access.Role{access.RoleViewer, access.RoleMerchant} {
		client, merchant := d.site.As(role), role == access.RoleMerchant
		rapid.Check(t, func(t *rapid.T) {
			a := drawQuery(t, merchant)
			want := a.found(all, merchant)
			first := client.Get("/payments?" + a.values.Encode())
			requireTotals(t, first, want)
			requireChips(t, first, a.values)
			require.Equal(t, codesOf(want), listed(client, first))
			export := rapid.SampledFrom([]func(require.TestingT, *frametest.Client, *goquery.Document) []string{exportedJSON, exportedCSV}).Draw(t, "export")
			require.Equal(t, codesOf(want), export(t, client, first))
		})
	}
}

func codesOf(payments []booked) []string {
	codes := []string{}
	for _, b := range payments {
		codes = append(codes, string(b.Code))
	}
	return codes
}

// listed are the codes of all pages, as the pager leads through them.
func listed(c *frametest.Client, page *goquery.Document) []string {
	codes := cells(page, "Code")
	for {
		next, more := page.Find("a[rel=next]").Attr("href")
		if !more {
			return codes
		}
		page = c.Get(strings.TrimPrefix(next, "/console"))
		codes = append(codes, cells(page, "Code")...)
	}
}

func requireTotals(t require.TestingT, page *goquery.Document, want []booked) {
	var gross, reversed, fee ledger.Rupiah
	for _, b := range want {
		gross += b.Amount
		if b.state == ledger.TxPaid {
			fee += b.Fee
		} else {
			reversed += b.Amount
		}
	}
	for name, total := range map[string]string{
		"count": locale.Count(int64(len(want))), "gross": locale.Rupiah(gross), "reversed": locale.Rupiah(reversed),
		"fee": locale.Rupiah(fee), "net": locale.Rupiah(gross - reversed),
	} {
		require.Equal(t, total, text(page.Find("[data-total="+name+"]")), name)
	}
}

// requireChips wants a chip for each filter, and each chip's link to be the list
// without it.
func requireChips(t require.TestingT, page *goquery.Document, values url.Values) {
	chips := page.Find(".chips .chip")
	set := len(values)
	if !values.Has("date") {
		set++ // the date has a default, which shows too
	}
	require.Equal(t, set, chips.Length(), text(chips))
	chips.Filter("a").Each(func(_ int, chip *goquery.Selection) {
		address, err := url.Parse(chip.AttrOr("href", ""))
		require.NoError(t, err)
		different := 0
		for name := range values {
			if address.Query().Get(name) == "" {
				different++
			}
		}
		require.LessOrEqual(t, different, 1, address)
	})
}

// export gets the file that a page links to.
func export(t require.TestingT, c *frametest.Client, page *goquery.Document, format string) *frametest.Answer {
	link, is := page.Find(`.export a[href*="/payments.` + format + `"]`).Attr("href")
	require.True(t, is)
	answer := c.Try(strings.TrimPrefix(link, "/console"))
	require.Equal(t, http.StatusOK, answer.Status)
	return answer
}

func exportedJSON(t require.TestingT, c *frametest.Client, page *goquery.Document) []string {
	var rows []map[string]any
	require.NoError(t, json.Unmarshal(export(t, c, page, "json").Body, &rows))
	codes := []string{}
	for _, row := range rows {
		codes = append(codes, row["payment_code"].(string))
	}
	return codes
}

func exportedCSV(t require.TestingT, c *frametest.Client, page *goquery.Document) []string {
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(export(t, c, page, "csv").Body), "\ufeff"))).ReadAll()
	require.NoError(t, err)
	at := slices.Index(rows[0], "payment_code")
	codes := []string{}
	for _, row := range rows[1:] {
		codes = append(codes, row[at])
	}
	return codes
}

// The figures and times of one payment are the same on screen and in each file.
func TestOnePaymentIsTheSameEverywhere(t *testing.T) {
	t.Parallel()
	d := setup(t)
	d.told(d.mine)
	p := d.released(d.mine, 1_234_567)
	client := d.site.As(access.RoleFinance)
	page := client.Get("/payments?show_ref=1&show_receipt=1&show_notification=1&show_reconciliation=1")
	row := text(page.Find("tr[data-row]"))
	for _, part := range []string{"22 Nov 2026, 14:05", string(p.Code), p.Order, "Toko Maju", "T001", "1.234.567", "5.000", "Paid", string(p.Ref), p.Receipt, "Delivered", "Batch open"} {
		require.Contains(t, row, part)
	}
	require.Equal(t, "2026-11-22T14:05:09+07:00", page.Find("tr[data-row] time").AttrOr("datetime", ""))
	require.Contains(t, text(page.Find("thead")), "(WIB)")

	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(export(t, client, page, "csv").Body), "\ufeff"))).ReadAll()
	require.NoError(t, err)
	require.Equal(t, []string{
		"paid_at_wib", "payment_code", "order_id", "transaction_id", "merchant", "store", "amount", "fee", "status", "batch",
		"tracking_ref", "receipt", "notification", "reconciliation",
	}, rows[0])
	require.Equal(t, []string{
		"2026-11-22 14:05:09", string(p.Code), p.Order, p.ID, d.mine.ID, "T001", "1234567", "5000", "paid", "2026-11-22",
		string(p.Ref), p.Receipt, "delivered", "open",
	}, rows[1])
	book, err := excelize.OpenReader(strings.NewReader(string(export(t, client, page, "xlsx").Body)))
	require.NoError(t, err)
	defer book.Close()
	amount, err := book.GetCellValue(book.GetSheetName(0), "G2", excelize.Options{RawCellValue: true})
	require.NoError(t, err)
	require.Equal(t, "1234567", amount)
	exports := recorded(d, "payments.export")
	require.Len(t, exports, 2)
	require.Equal(t, 1, exports[0].Rows)
	require.Contains(t, exports[0].Filter, "22 Nov 2026")
}

func TestTheUsualListIsToday(t *testing.T) {
	t.Parallel()
	d := setup(t)
	d.clock.Advance(-24 * time.Hour)
	before := d.released(d.mine, 10_000)
	d.clock.Advance(24 * time.Hour)
	now := d.released(d.mine, 20_000)
	client := d.site.As(access.RoleViewer)
	page := client.Get("/payments")
	require.Equal(t, []string{string(now.Code)}, cells(page, "Code"))
	require.Contains(t, text(page.Find(".lead")), "Date of payment: 22 Nov 2026 to 22 Nov 2026")
	yesterday := page.Find(".presets a").Eq(1).AttrOr("href", "")
	require.Equal(t, []string{string(before.Code)}, cells(client.Get(strings.TrimPrefix(yesterday, "/console")), "Code"))
	week := page.Find(".presets a").Eq(2).AttrOr("href", "")
	require.Len(t, cells(client.Get(strings.TrimPrefix(week, "/console")), "Code"), 2)
	// Another person of the role sees the same under the same address.
	require.Len(t, cells(d.site.As(access.RoleViewer).Get(strings.TrimPrefix(week, "/console")), "Code"), 2)
}

func TestHoursAndDatesOfSettlement(t *testing.T) {
	t.Parallel()
	d := setup(t)
	d.clock.Advance(-24 * time.Hour) // Saturday, 14.05
	at14 := d.released(d.mine, 10_000)
	d.clock.Advance(time.Hour)
	at15 := d.released(d.mine, 20_000)
	d.clock.Advance(22 * time.Hour) // Sunday
	_, err := d.settle.Close(t.Context(), saturday, true, "ani")
	require.NoError(t, err)
	client := d.site.As(access.RoleViewer)
	for query, want := range map[string][]string{
		"from=2026-11-21&to=2026-11-21&to_hour=14":              {string(at14.Code)},
		"from=2026-11-21&to=2026-11-21&from_hour=15":            {string(at15.Code)},
		"from=2026-11-21&to=2026-11-21&from_hour=14&to_hour=15": {string(at15.Code), string(at14.Code)},
		"from=2026-11-21&to=2026-11-21&from_hour=16":            {},
		"date=settled&from=2026-11-22&to=2026-11-22":            {string(at15.Code), string(at14.Code)},
		"date=settled&from=2026-11-21&to=2026-11-21":            {},
		"date=business&from=2026-11-21&to=2026-11-21":           {string(at15.Code), string(at14.Code)},
		"date=business&from=2026-11-22&to=2026-11-22":           {},
		"from=2026-11-21&to=2026-11-21&late=1":                  {},
		"from=2026-11-21&to=2026-11-21&reconciliation=waiting":  {string(at15.Code), string(at14.Code)},
		"from=2026-11-21&to=2026-11-21&reconciliation=open":     {},
		"from=2026-11-21&to=2026-11-21&notification=not_sent":   {string(at15.Code), string(at14.Code)},
		"from=2026-11-21&to=2026-11-21&notification=failed":     {},
	} {
		page := client.Get("/payments?" + query)
		require.Equal(t, want, cells(page, "Code"), query)
		require.Equal(t, strconv.Itoa(len(want)), text(page.Find("[data-total=count]")), query)
		require.Equal(t, want, exportedJSON(t, client, page), query)
	}
}

// What was taken back is listed by when that was, whenever it was paid and however it
// was taken back; of a merchant what it was told of.
func TestTheDateOfReversal(t *testing.T) {
	t.Parallel()
	d := setup(t)
	d.clock.Advance(-24 * time.Hour) // Saturday, 14.05
	overnight, sameDay, kept := d.released(d.mine, 10_000), d.released(d.mine, 20_000), d.released(d.mine, 30_000)
	require.Equal(t, ledger.ReasonApproved, d.reverse(sameDay))
	d.clock.Advance(10 * time.Hour) // Sunday, 0.11
	require.Equal(t, ledger.ReasonApproved, d.reverse(overnight))
	held := d.pay(d.mine, 40_000)
	require.Equal(t, ledger.ReasonApproved, d.reverse(held))
	d.clock.Advance(14 * time.Hour)
	for role, want := range map[access.Role]map[string][]string{
		access.RoleViewer: {
			"from=2026-11-22&to=2026-11-22":                       {string(held.Code), string(overnight.Code)},
			"from=2026-11-21&to=2026-11-22":                       {string(held.Code), string(sameDay.Code), string(overnight.Code)},
			"from=2026-11-22&to=2026-11-22&from_hour=01":          {},
			"from=2026-11-22&to=2026-11-22&to_hour=00&max=10.000": {string(overnight.Code)},
			"from=2026-11-21&to=2026-11-22&state=taken_back":      {},
		},
		access.RoleMerchant: {"from=2026-11-22&to=2026-11-22": {string(overnight.Code)}},
	} {
		client := d.site.As(role)
		for query, codes := range want {
			page := client.Get("/payments?date=reversed&" + query)
			require.Equal(t, codes, cells(page, "Code"), "%s %s", role, query)
			require.Equal(t, codes, exportedJSON(t, client, page), "%s %s", role, query)
		}
		page := client.Get("/payments?date=reversed&from=2026-11-22&to=2026-11-22&max=10.000")
		require.Contains(t, text(page.Find(".lead")), "Date of reversal")
		require.Equal(t, []string{"22 Nov 2026, 00:11"}, cells(page, "Reversed at (WIB)"))
		require.Contains(t, string(export(t, client, page, "csv").Body), "reversed_at_wib")
		require.NotContains(t, text(client.Get("/payments?from=2026-11-21&to=2026-11-22").Find("thead")), "Reversed at")
		require.NotContains(t, cells(client.Get("/payments?date=reversed&from=2026-11-21&to=2026-11-22"), "Code"), string(kept.Code))
	}
}

// How far the merchant was told is of each payment, not of its code.
func TestNotifiedOfEachPayment(t *testing.T) {
	t.Parallel()
	d := setup(t)
	d.told(d.mine)
	again := d.pay(d.mine, 10_000)
	require.Equal(t, ledger.ReasonApproved, d.reverse(again)) // held: nobody is told
	again.Ref, again.Receipt = "AGAIN", "AGAIN"
	d.book(again)
	d.clock.Advance(2 * time.Minute)
	d.step()
	denied := d.released(d.mine, 20_000)
	require.Equal(t, ledger.ReasonApproved, d.reverse(denied))
	d.released(d.other, 30_000)
	d.pay(d.mine, 40_000)
	client := d.site.As(access.RoleViewer)
	page := client.Get("/payments?show_notification=1")
	require.Equal(t, []string{"Not told yet", "Not sent", "Delivered", "Delivered", "Not told yet"}, cells(page, "Notification"))
	require.Equal(t, []string{string(denied.Code), string(again.Code)}, cells(client.Get("/payments?notification=delivered"), "Code"))
	file := client.Get("/payments?notification=not_sent")
	require.Equal(t, cells(file, "Code"), exportedJSON(t, client, file))
	require.Equal(t, "1", text(file.Find("[data-total=count]")))
}

func TestListRefusesBadFilters(t *testing.T) {
	t.Parallel()
	d := setup(t)
	client := d.site.As(access.RoleViewer)
	for name, query := range map[string]string{
		"32 days": "from=2026-10-01&to=2026-11-01", "backwards": "from=2026-11-22&to=2026-11-21", "no day": "from=2026-13-01",
		"an unknown filter": "colour=red", "given twice": "store=T001&store=T002", "an unknown state": "state=gone",
		"unclear amount": "min=100,000", "min over max": "min=2000&max=1000", "nothing at most": "max=0", "hours of another date": "date=business&from_hour=10",
		"hours backwards": "from_hour=15&to_hour=14", "a long store": "store=" + strings.Repeat("T", 21), "a sign": "store=T%00", "both cursors": "before=1&after=1",
	} {
		t.Run(name, func(t *testing.T) {
			for _, path := range []string{"/payments?", "/payments.csv?"} {
				answer := client.Try(path + query)
				require.Equal(t, http.StatusUnprocessableEntity, answer.Status, text(answer.Doc.Find("main")))
				frametest.CheckPage(t, answer.Doc)
			}
		})
	}
	month := client.Get("/payments?from=2026-10-23&to=2026-11-22")
	require.Contains(t, text(month.Find(".lead")), "23 Oct 2026", "31 days are taken")
}

// What is looked up payment by payment is searched so far and no farther, and the
// page says so.
func TestLookedUpFiltersAreBounded(t *testing.T) {
	t.Parallel()
	d := inMemory(t)
	book(d, 250)
	client := d.site.As(access.RoleViewer)
	page := client.Get("/payments?from=2026-11-19&to=2026-11-22&notification=failed")
	require.Empty(t, cells(page, "Code"))
	require.Contains(t, text(page.Find("main")), "Searched back to")
	require.Equal(t, 1, page.Find("a[rel=next]").Length())
	last := client.Get(strings.TrimPrefix(page.Find("a[rel=next]").AttrOr("href", ""), "/console"))
	require.NotContains(t, text(last.Find("main")), "Searched back to")
	require.Zero(t, last.Find("a[rel=next]").Length())

	some := client.Get("/payments?from=2026-11-19&to=2026-11-22&notification=not_sent")
	require.Len(t, cells(some, "Code"), 50)
	require.Greater(t, len(listed(client, some)), 200)
	require.Equal(t, listed(client, some), exportedJSON(t, client, some))
}

func TestAnEmptyList(t *testing.T) {
	t.Parallel()
	d := setup(t)
	page := d.site.As(access.RoleViewer).Get("/payments?before=5")
	require.Contains(t, text(page.Find(".empty")), "No payment matches these filters.")
	require.Equal(t, "0", text(page.Find("[data-total=count]")))
}
