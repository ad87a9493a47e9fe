package charge_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/charge"
)

// page is an answer of a listing.
type page struct {
	Charges []struct {
		Order  string `json:"order_id"`
		ID     string `json:"transaction_id"`
		Status string `json:"transaction_status"`
	} `json:"charges"`
	Next   string   `json:"next_cursor"`
	Faults []string `json:"validation_messages"`
}

func (p page) orders() []string {
	orders := []string{}
	for _, c := range p.Charges {
		orders = append(orders, c.Order)
	}
	return orders
}

// list asks for charges by name and value pairs.
func (b *bundle) list(t *testing.T, pairs ...string) page {
	t.Helper()
	values := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		values.Add(pairs[i], pairs[i+1])
	}
	r := b.send(t, "GET", "/v1/charges?"+values.Encode(), "")
	var p page
	require.NoError(t, json.Unmarshal([]byte(r.body), &p))
	require.Equal(t, len(p.Faults) > 0, r.http == 400, r.body)
	return p
}

// oneOfEach charges an order for each outcome, an hour between them.
func oneOfEach(t *testing.T) *bundle {
	t.Helper()
	b := setup(t)
	for _, story := range []struct {
		order string
		live  func(t *testing.T)
	}{
		{"paid", func(t *testing.T) { b.pay(t, mustStatus(t, b, "paid").Code, "REF1", 50_000) }},
		{"denied", func(t *testing.T) {
			b.pay(t, mustStatus(t, b, "denied").Code, "REF2", 50_000)
			b.reverse(t, mustStatus(t, b, "denied").Code, "REF2", 50_000)
		}},
		{"cancelled", func(t *testing.T) { b.send(t, "POST", "/v2/cancelled/cancel", "") }},
		{"expired", func(t *testing.T) { b.send(t, "POST", "/v2/expired/expire", "") }},
		{"open", func(*testing.T) {}},
		{"future", func(*testing.T) {}},
	} {
		extra := []string{}
		if story.order == "future" {
			extra = append(extra, `"valid_from":"2026-03-04 23:00:00 +0700"`)
		}
		b.charge(t, story.order, extra...)
		story.live(t)
		b.clock.Advance(time.Hour)
	}
	return b
}

func TestListFilters(t *testing.T) {
	t.Parallel()
	b := oneOfEach(t)
	code := string(mustStatus(t, b, "open").Code)
	all := []string{"future", "open", "expired", "cancelled", "denied", "paid"}
	for name, try := range map[string]struct {
		query []string
		want  []string
	}{
		"everything, newest first": {nil, all},
		"pending":                  {[]string{"status", "pending"}, []string{"future", "open"}},
		"settlement":               {[]string{"status", "settlement"}, []string{"paid"}},
		"deny":                     {[]string{"status", "deny"}, []string{"denied"}},
		"cancel":                   {[]string{"status", "cancel"}, []string{"cancelled"}},
		"expire":                   {[]string{"status", "expire"}, []string{"expired"}},
		"two between a comma":      {[]string{"status", "settlement, DENY"}, []string{"denied", "paid"}},
		"two, repeated":            {[]string{"status", "settlement", "status", "", "status", "cancel"}, []string{"cancelled", "paid"}},
		"an order":                 {[]string{"order_id", "denied"}, []string{"denied"}},
		"no such order":            {[]string{"order_id", "none"}, []string{}},
		"a payment code":           {[]string{"payment_code", code}, []string{"open"}},
		"a code and another order": {[]string{"payment_code", code, "order_id", "paid"}, []string{}},
		"no such code":             {[]string{"payment_code", "1000000000000000"}, []string{}},
		"the store that was paid":  {[]string{"store", "TJKT0001"}, []string{"denied", "paid"}},
		"another store":            {[]string{"store", "TJKT0002"}, []string{}},
		"from a time":              {[]string{"from", "2026-03-04 15:00:00 +0700"}, []string{"future", "open", "expired"}},
		"to a time, which is out":  {[]string{"to", "2026-03-04 15:00:00 +0700"}, []string{"cancelled", "denied", "paid"}},
		"between, in another zone": {[]string{"from", "2026-03-04 06:00:00 +0000", "to", "2026-03-04 08:00:00 +0000"}, []string{"cancelled", "denied"}},
		"a day, which is in":       {[]string{"from", "2026-03-04", "to", "2026-03-04"}, all},
		"the day before":           {[]string{"to", "2026-03-03"}, []string{}},
		"the day after":            {[]string{"from", "2026-03-05"}, []string{}},
		"a limit":                  {[]string{"limit", "2"}, []string{"future", "open"}},
		"a limit, the last counts": {[]string{"limit", "7", "limit", "1", "limit", ""}, []string{"future"}},
		"a status and a time":      {[]string{"status", "pending", "to", "2026-03-04 17:00:00 +0700"}, []string{"open"}},
		"unknown parameters":       {[]string{"sort", "asc", "X-Append-Notification", "x"}, all},
		"empty parameters":         {[]string{"status", "", "from", "", "to", "", "order_id", "", "payment_code", "", "store", "", "limit", "", "cursor", ""}, all},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, try.want, b.list(t, try.query...).orders())
		})
	}
	t.Run("an offset whose plus is not escaped", func(t *testing.T) {
		t.Parallel()
		r := b.send(t, "GET", "/v1/charges?from=2026-03-04+17:00:00+%2B0700&to=2026-03-04%2018:00:00%20+0700", "")
		require.Contains(t, r.body, `"order_id":"future"`)
		require.NotContains(t, r.body, `"order_id":"open"`)
	})
}

func TestListRefusesWrongValues(t *testing.T) {
	t.Parallel()
	const moment = ` must be a day in the form "yyyy-MM-dd" or a time in the form "yyyy-MM-dd HH:mm:ss +0700"`
	b := setup(t)
	for name, try := range map[string]struct {
		query []string
		want  []string
	}{
		"status":               {[]string{"status", "pending,paid"}, []string{"status must be pending, settlement, deny, cancel or expire"}},
		"held is no status":    {[]string{"status", "held"}, []string{"status must be pending, settlement, deny, cancel or expire"}},
		"from":                 {[]string{"from", "04-03-2026"}, []string{"from" + moment}},
		"from in ISO form":     {[]string{"from", "2026-03-04T12:00:00Z"}, []string{"from" + moment}},
		"from without a zone":  {[]string{"from", "2026-03-04 12:00:00"}, []string{"from" + moment}},
		"to on February 30":    {[]string{"to", "2026-02-30"}, []string{"to" + moment}},
		"to before from":       {[]string{"from", "2026-03-04", "to", "2026-03-03"}, []string{"to must be after from"}},
		"to at from":           {[]string{"from", "2026-03-04", "to", "2026-03-04 00:00:00 +0700"}, []string{"to must be after from"}},
		"from in year 1":       {[]string{"from", "0001-01-01"}, []string{"from must lie in the years 2000 to 9999"}},
		"order id":             {[]string{"order_id", "a b"}, []string{"order_id must consist of 1 to 50 letters, digits and - _ ~ ."}},
		"order id too long":    {[]string{"order_id", strings.Repeat("x", 51)}, []string{"order_id must consist of 1 to 50 letters, digits and - _ ~ ."}},
		"payment code":         {[]string{"payment_code", "12a"}, []string{"payment_code must be the digits of a payment code"}},
		"payment code, long":   {[]string{"payment_code", strings.Repeat("1", 33)}, []string{"payment_code must be the digits of a payment code"}},
		"store":                {[]string{"store", strings.Repeat("T", 21)}, []string{"store must be the StoreID of a till, 1 to 20 characters"}},
		"limit 0":              {[]string{"limit", "0"}, []string{"limit must be 1 to 100"}},
		"limit 101":            {[]string{"limit", "101"}, []string{"limit must be 1 to 100"}},
		"limit as a word":      {[]string{"limit", "all"}, []string{"limit must be 1 to 100"}},
		"limit of 30 digits":   {[]string{"limit", strings.Repeat("1", 30)}, []string{"limit must be 1 to 100"}},
		"cursor":               {[]string{"cursor", "2"}, []string{"cursor must be a next_cursor of this listing"}},
		"cursor not in base64": {[]string{"cursor", "§"}, []string{"cursor must be a next_cursor of this listing"}},
		"cursor too long":      {[]string{"cursor", strings.Repeat("A", 50_000)}, []string{"cursor must be a next_cursor of this listing"}},
		"all at once": {[]string{"limit", "-1", "status", "x", "cursor", "x"}, []string{
			"limit must be 1 to 100", "status must be pending, settlement, deny, cancel or expire", "cursor must be a next_cursor of this listing"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, try.want, b.list(t, try.query...).Faults)
		})
	}
}

func TestPagesLineUp(t *testing.T) {
	t.Parallel()
	b := setup(t)
	want := []string{}
	for i := range 25 {
		id := fmt.Sprintf("L-%d", i)
		b.charge(t, id)
		want = append([]string{id}, want...)
		if i%3 == 0 { // several share a millisecond
			b.clock.Advance(time.Millisecond)
		}
	}
	for _, limit := range []string{"1", "7", "24", "25", "100"} {
		t.Run(limit, func(t *testing.T) {
			got, cursor := []string{}, ""
			for range 30 {
				p := b.list(t, "limit", limit, "cursor", cursor)
				got = append(got, p.orders()...)
				if cursor = p.Next; cursor == "" {
					break
				}
			}
			require.Empty(t, cursor)
			require.Equal(t, want, got)
		})
	}
	require.Len(t, b.list(t).Charges, 20, "the page of those who name no limit")
	// What is charged meanwhile does not move the pages.
	first := b.list(t, "limit", "5")
	b.charge(t, "L-new")
	require.Equal(t, want[5:10], b.list(t, "limit", "5", "cursor", first.Next).orders())
}

func TestACursorIsOfItsListingAlone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.listen(t)
	for i := range 3 {
		b.charge(t, fmt.Sprintf("L-%d", i))
	}
	cursor := b.list(t, "limit", "1").Next
	sealed, err := base64.RawURLEncoding.DecodeString(cursor)
	require.NoError(t, err)
	require.NotContains(t, string(sealed), "\x00\x00\x00", "a number in the clear would have zeros")
	require.NotEqual(t, cursor, b.list(t, "limit", "1").Next, "nor can two be compared")

	const wrong = `"validation_messages":["cursor must be a next_cursor of this listing"]`
	_, key := b.addMerchant(t, "Other")
	require.Contains(t, b.send(t, "GET", "/v1/charges?cursor="+cursor, "", withKey(key)).body, wrong, "another merchant's")
	require.Contains(t, b.send(t, "GET", "/v1/notifications?cursor="+cursor, "").body, wrong, "another listing's")
	sealed[len(sealed)-1] ^= 1
	require.Contains(t, b.send(t, "GET", "/v1/charges?cursor="+base64.RawURLEncoding.EncodeToString(sealed), "").body, wrong, "altered")

	// A restart keeps the key, and so the cursors.
	again := httpServer(t, charge.New(b.config))
	b.server = again
	require.Equal(t, []string{"L-1"}, b.list(t, "limit", "1", "cursor", cursor).orders())
	b.config.CursorKey = nil
	b.server = httpServer(t, charge.New(b.config))
	require.Equal(t, []string{"cursor must be a next_cursor of this listing"}, b.list(t, "cursor", cursor).Faults)
}

func TestListingShowsOnlyTheMerchantsOwn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.charge(t, "A-1")
	_, key := b.addMerchant(t, "Other")
	for _, query := range []string{"", "?order_id=A-1", "?payment_code=" + string(v.Code)} {
		r := b.send(t, "GET", "/v1/charges"+query, "", withKey(key))
		require.Equal(t, `{"status_code":"200","status_message":"Charges, the newest first.","charges":[]}`, r.body)
	}
}
