package stores_test

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/clocktest"
	"paypoint/console/frame"
	"paypoint/console/frame/frametest"
	"paypoint/console/stores"
	"paypoint/ledger"
	"paypoint/store/memory"
)

// messages are refused messages, newest first, that can be told to fail.
type messages struct {
	all []ledger.Message
	err error
}

func (m *messages) RefusedStores(context.Context, ledger.Day, ledger.Day) (map[string]int, error) {
	count := map[string]int{}
	for _, one := range m.all {
		if one.Signed {
			count[one.Store]++
		}
	}
	return count, m.err
}

// Refused filters by store and reason, which are enough to tell pages apart.
func (m *messages) Refused(_ context.Context, q ledger.RefusalQuery) (page []ledger.Message, next string, err error) {
	passed := q.Before == ""
	for _, one := range m.all {
		fits := passed && (q.Store == "" || q.Store == one.Store) && (q.Reason == "" || q.Reason == one.Reason)
		if fits && len(page) == q.Limit {
			return page, page[len(page)-1].Cursor, m.err
		}
		if fits {
			page = append(page, one)
		}
		passed = passed || one.Cursor == q.Before
	}
	if !passed {
		return nil, "", ledger.ErrBadMessageCursor
	}
	return page, "", m.err
}

// refuse adds a refused message that is newer than the others.
func (m *messages) refuse(store string, reason ledger.Reason, signed bool) {
	n := len(m.all)
	m.all = slices.Insert(m.all, 0, ledger.Message{
		At: frametest.Start().Add(time.Duration(n) * time.Second), Operation: "payment", Code: "100***********09", Ref: fmt.Sprintf("R%04d", n),
		Store: store, Amount: "50000", ResponseCode: "54", Reason: string(reason), Status: 200, Took: 1234 * time.Microsecond, Signed: signed,
		Caller: "203.0.113.7", Request: `{"store_id": "` + store + `"}`, Answer: `{"response_code": "54"}`, Cursor: fmt.Sprintf("c%d", n),
	})
}

// setup is the area over a ledger with payments at two stores.
type setup struct {
	*frametest.Site
	messages *messages
}

func newSetup(t *testing.T) setup {
	t.Helper()
	clock := clocktest.At(frametest.Start())
	agreement := ledger.Agreement{PartnerID: "PAYPOINT", RefWindow: 24 * time.Hour, CutOff: 24 * time.Hour}
	books := ledger.NewService(memory.Open(), agreement, clock.Now)
	for n := range 30 {
		store := "GOOD"
		if n%2 == 0 {
			store = "BAD"
		}
		pay(t, books, clock, n, store)
	}
	s := setup{messages: &messages{}}
	s.Site = frametest.NewWith(t, frametest.Options{Clock: clock, Areas: func(*frametest.Site) []frame.Area {
		return []frame.Area{stores.New(stores.Config{Ledger: books, Messages: s.messages, Now: clock.Now})}
	}})
	return s
}

// pay charges and pays 50,000 rupiah at a store, and takes one of BAD's back.
func pay(t *testing.T, books *ledger.Service, clock *clocktest.Clock, n int, store string) {
	t.Helper()
	c, err := books.Charge(t.Context(), ledger.NewCharge{
		ID: fmt.Sprintf("%08d-0000-4000-8000-000000000000", n), Merchant: "G000000001", Prefix: "100", Order: fmt.Sprintf("o-%d", n),
		Amount: 50_000, MinAmount: 50_000, Expires: clock.Now().Add(time.Hour),
	})
	require.NoError(t, err)
	ref := ledger.TrackingRef(fmt.Sprintf("P%04d", n))
	paid, err := books.Pay(t.Context(), ledger.Payment{
		Code: c.Code, Ref: ref, Amount: 50_000, Store: store, TimeStamp: clock.Now(), Receipt: fmt.Sprintf("RC%d", n),
	})
	require.NoError(t, err)
	require.Equal(t, ledger.ReasonApproved, paid.Reason)
	if n == 0 {
		reversed, err := books.Reverse(t.Context(), ledger.Reversal{Code: c.Code, Ref: ref, Amount: 50_000, Store: store, TimeStamp: clock.Now()})
		require.NoError(t, err)
		require.Equal(t, ledger.ReasonApproved, reversed.Reason)
	}
}

// cells are the texts of a table's rows.
func cells(page *goquery.Document) [][]string {
	var rows [][]string
	page.Find("tbody tr").Each(func(_ int, tr *goquery.Selection) {
		var row []string
		tr.Find("th, td").Each(func(_ int, cell *goquery.Selection) { row = append(row, strings.TrimSpace(cell.Text())) })
		rows = append(rows, row)
	})
	return rows
}

func TestTheWorstStoreComesFirst(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	for range 5 {
		s.messages.refuse("BAD", ledger.ReasonExpired, true)
		s.messages.refuse("GOOD", ledger.ReasonBadSignature, false)
	}
	s.messages.refuse("FEW", ledger.ReasonExpired, true)
	client := s.As(access.RoleViewer)
	client.Header.Set("Accept-Language", "en")
	page := client.Get("/stores")
	require.Equal(t, [][]string{
		{"BAD", "25.0%", "6.7%", "20", "15", "750.000", "5", "1", "Enough"},
		{"GOOD", "0.0%", "0.0%", "15", "15", "750.000", "0", "0", "Too few to compare"},
		{"FEW", "100.0%", "–", "1", "0", "0", "1", "0", "Too few to compare"},
	}, cells(page))
	row := page.Find("tbody tr").First()
	require.Equal(t, "/console/payments?from=2026-11-16&store=BAD&to=2026-11-22", row.Find("th a").AttrOr("href", ""))
	client.Header.Set("Accept-Language", "id")
	require.Equal(t, "25,0%", cells(client.Get("/stores"))[0][1])

	// The figure leads to what was counted.
	link := row.Find("td a").AttrOr("href", "")
	require.Equal(t, "/console/stores/refusals?from=2026-11-16&signed=yes&store=BAD&to=2026-11-22", link)
	require.Len(t, cells(client.Get(strings.TrimPrefix(link, "/console"))), 5)
}

func TestTheListOfStoresIsExported(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	s.messages.refuse("BAD", ledger.ReasonExpired, true)
	answer := s.As(access.RoleFinance).Try("/stores.csv?order=store")
	require.Equal(t, http.StatusOK, answer.Status)
	rows, err := csv.NewReader(strings.NewReader(string(answer.Body))).ReadAll()
	require.NoError(t, err)
	require.Equal(t, [][]string{
		{"store", "attempts", "paid", "amount", "refused", "reversed"},
		{"BAD", "16", "15", "750000", "1", "1"}, {"GOOD", "15", "15", "750000", "0", "0"},
	}, rows)
}

func TestStoresWhileRefusalsCanNotBeCounted(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	s.messages.err = fmt.Errorf("search: %w", ledger.ErrMessagesNotReady)
	client := s.As(access.RoleViewer)
	client.Header.Set("Accept-Language", "en")
	page := client.Get("/stores?order=store")
	require.Equal(t, []string{"BAD", "–", "6.7%", "15", "15", "750.000", "–", "1", "Too few to compare"}, cells(page)[0])
	require.Contains(t, page.Find("main").Text(), "can't be searched at the moment")
	require.NotEqual(t, http.StatusOK, client.Try("/stores.csv").Status, "no file without the refusals")
	require.Equal(t, http.StatusConflict, client.Try("/stores/refusals").Status)
	s.messages.err = errors.New("secret path /var/lib: disk on fire")
	answer := client.Try("/stores")
	require.Equal(t, http.StatusInternalServerError, answer.Status)
	require.NotContains(t, string(answer.Body), "/var/lib")
	require.Len(t, s.Errors(), 1)
}

func TestRefusalsShowWhatWasSent(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	s.messages.refuse("T<script>", ledger.ReasonExpired, true)
	s.messages.refuse("", ledger.Reason(ledger.MessageFaulty), false)
	s.messages.all[0].Operation, s.messages.all[0].Code, s.messages.all[0].ResponseCode, s.messages.all[0].Status = "", "", "", 500
	s.messages.all[0].Fault = "The request is not well-formed XML."
	client := s.As(access.RoleViewer)
	client.Header.Set("Accept-Language", "en")
	page := client.Get("/stores/refusals")
	rows := cells(page)
	require.Len(t, rows, 2)
	require.Equal(t, "not a message of the protocol", rows[0][2])
	require.Equal(t, []string{"–", "–"}, rows[0][3:5])
	require.Equal(t, "HTTP 500", rows[0][6])
	require.Contains(t, rows[0][1], "Not signed")
	require.Equal(t, []string{"T<script>", "code expired", "Payment", "100***********09", "R0000", "54"}, rows[1][1:7])
	message := page.Find("tbody tr").Last().Find("details")
	require.Contains(t, message.Text(), `{"store_id": "T<script>"}`)
	require.Contains(t, message.Text(), "From 203.0.113.7, answered after 1.234 µs.")
	require.Zero(t, page.Find("main script").Length())
}

// TestPagesOfRefusalsAreTheExport: all pages have the rows of the file, in its order.
func TestPagesOfRefusalsAreTheExport(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	for n := range 450 {
		s.messages.refuse(fmt.Sprintf("T%d", n%3), ledger.ReasonExpired, n%2 == 0)
	}
	client := s.As(access.RoleViewer)
	var seen []string
	for path := "/stores/refusals?store=T1"; path != ""; {
		page := client.Get(path)
		for _, row := range cells(page) {
			seen = append(seen, row[5])
		}
		path = strings.TrimPrefix(page.Find("a[rel=next]").AttrOr("href", ""), "/console")
	}
	answer := client.Try("/stores/refusals.csv?store=T1")
	require.Equal(t, http.StatusOK, answer.Status)
	rows, err := csv.NewReader(strings.NewReader(string(answer.Body))).ReadAll()
	require.NoError(t, err)
	require.Equal(t, []string{
		"answered_at_wib", "store", "operation", "payment_code", "tracking_ref", "amount_as_sent", "response_code", "reason", "http_status", "signed", "caller",
	}, rows[0])
	var exported []string
	for _, row := range rows[1:] {
		exported = append(exported, row[4])
	}
	require.Len(t, seen, 150)
	require.Equal(t, exported, seen)
}

func TestBadFiltersAreNamed(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	client := s.As(access.RoleViewer)
	for path, status := range map[string]int{
		"/stores?from=2026-11-22&to=2026-11-21":           http.StatusUnprocessableEntity,
		"/stores?from=2026-01-01&to=2026-11-21":           http.StatusUnprocessableEntity,
		"/stores?from=soon":                               http.StatusUnprocessableEntity,
		"/stores?order=best":                              http.StatusUnprocessableEntity,
		"/stores?code=1000000000000009":                   http.StatusUnprocessableEntity,
		"/stores/refusals?reason=approved":                http.StatusUnprocessableEntity,
		"/stores/refusals?response=540":                   http.StatusUnprocessableEntity,
		"/stores/refusals?" + "before=no-such-place":      http.StatusUnprocessableEntity,
		"/stores/refusals?store=" + url.QueryEscape("''"): http.StatusOK,
	} {
		require.Equal(t, status, client.Try(path).Status, path)
	}
}

func TestWhoMaySeeStores(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	for _, role := range access.Roles() {
		for path, may := range map[string]bool{
			"/stores": role.May(access.ActStoreRead), "/stores/refusals": role.May(access.ActStoreRead),
			"/stores.csv":          role.May(access.ActPaymentsExport) && role.May(access.ActStoreRead),
			"/stores/refusals.csv": role.May(access.ActPaymentsExport) && role.May(access.ActStoreRead),
		} {
			want := http.StatusForbidden
			if may {
				want = http.StatusOK
			}
			require.Equal(t, want, s.As(role).Try(path).Status, "%s as %s", path, role)
		}
	}
	require.False(t, access.RoleMerchant.May(access.ActStoreRead))
}

// TestEveryReasonHasWords: frame's T of a missing key would be the key.
func TestEveryReasonHasWords(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	client := s.As(access.RoleViewer)
	for _, reason := range ledger.MessageReasons() {
		s.messages.all = nil
		s.messages.refuse("T1", ledger.Reason(reason), true)
		page := client.Get("/stores/refusals?reason=" + reason)
		require.Len(t, cells(page), 1)
		require.NotContains(t, cells(page)[0][2], "stores.reason", reason)
	}
	require.Empty(t, s.Site.Errors())
}
