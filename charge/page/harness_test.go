package page_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"paypoint/charge/page"
	"paypoint/clocktest"
	"paypoint/ledger"
	"paypoint/store/memory"
)

// noon is when the tests begin: a Sunday.
var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, ledger.WIB)

const (
	merchant = "G000000001"
	shop     = "Kopi Nusantara"
	hold     = time.Minute
	// quick is how often pages ask in the tests.
	quick = 100 * time.Millisecond
)

// faulty is a ledger that can be told to fail, and counts its look-ups.
type faulty struct {
	*ledger.Service
	broken  atomic.Bool
	lookups atomic.Int64
}

var errDisk = errors.New("secret path /var/lib: disk on fire")

func (f *faulty) Lookup(ctx context.Context, id string) (ledger.View, error) {
	f.lookups.Add(1)
	if f.broken.Load() {
		return ledger.View{}, errDisk
	}
	return f.Service.Lookup(ctx, id)
}

// bundle is the page on a socket, over a ledger of its own.
type bundle struct {
	clock  *clocktest.Clock
	ledger *faulty
	server *httptest.Server

	mu       sync.Mutex
	shop     string
	asked    map[string][]time.Time
	reported []error
}

func setup(t *testing.T) *bundle {
	t.Helper()
	b := &bundle{clock: clocktest.At(noon), shop: shop, asked: map[string][]time.Time{}}
	agreement := ledger.Agreement{PartnerID: "PAYPOINT", RefWindow: 24 * time.Hour, Grace: 5 * time.Minute, CutOff: 24 * time.Hour}
	b.ledger = &faulty{Service: ledger.NewService(memory.Open(), agreement, b.clock.Now)}
	pages := page.New(page.Config{
		Ledger: b.ledger, MerchantName: b.name, Now: b.clock.Now, Poll: quick, Report: b.report,
	})
	b.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.mu.Lock()
		b.asked[r.URL.Path] = append(b.asked[r.URL.Path], time.Now())
		b.mu.Unlock()
		pages.ServeHTTP(w, r)
	}))
	t.Cleanup(b.server.Close)
	return b
}

func (b *bundle) name(id string) (string, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.shop, id == merchant
}

// rename gives the merchant another name.
func (b *bundle) rename(shop string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.shop = shop
}

func (b *bundle) report(_ context.Context, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.reported = append(b.reported, err)
}

// faults are the reported errors.
func (b *bundle) faults() []error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.reported)
}

// requests are the times at which a path was asked for.
func (b *bundle) requests(path string) []time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.asked[path])
}

// charge gives out a payment code; alter changes what is asked for.
func (b *bundle) charge(t *testing.T, alter ...func(*ledger.NewCharge)) ledger.Charge {
	t.Helper()
	id := uuid.NewString()
	n := ledger.NewCharge{
		ID: id, Merchant: merchant, Prefix: "100", Hold: hold, Order: "order-" + id,
		Amount: 1_250_000, MinAmount: 1_250_000, Fee: 2_500, Expires: b.clock.Now().Add(24 * time.Hour),
		Details: ledger.Details{Salt: "5a17", Customer: "SITI", Desc: "2 Kopi Gayo 250 g, 1 Saringan kain"},
	}
	for _, change := range alter {
		change(&n)
	}
	c, err := b.ledger.Charge(t.Context(), n)
	require.NoError(t, err)
	return c
}

// refOf is the TrackingRef by which the tests pay a charge.
func refOf(c ledger.Charge) ledger.TrackingRef { return ledger.TrackingRef(c.Code) }

// pay books a payment of a charge's whole amount.
func (b *bundle) pay(t *testing.T, c ledger.Charge) {
	t.Helper()
	result, err := b.ledger.Pay(t.Context(), ledger.Payment{
		Code: c.Code, Ref: refOf(c), Amount: c.Amount, Store: "T001", TimeStamp: b.clock.Now(), Receipt: "R000000000000042",
	})
	require.NoError(t, err)
	require.Equal(t, ledger.ReasonApproved, result.Reason)
}

// inquire asks what a charge is for, as a till does before it pays.
func (b *bundle) inquire(t *testing.T, c ledger.Charge) {
	t.Helper()
	result, err := b.ledger.Inquire(t.Context(), ledger.Inquiry{Code: c.Code, Ref: refOf(c), Store: "T001", TimeStamp: b.clock.Now()})
	require.NoError(t, err)
	require.Equal(t, ledger.ReasonApproved, result.Reason)
}

// reverse takes the payment back.
func (b *bundle) reverse(t *testing.T, c ledger.Charge) {
	t.Helper()
	result, err := b.ledger.Reverse(t.Context(), ledger.Reversal{
		Code: c.Code, Ref: refOf(c), Amount: c.Amount, Store: "T001", TimeStamp: b.clock.Now(),
	})
	require.NoError(t, err)
	require.Equal(t, ledger.ReasonApproved, result.Reason)
}

// release lets the hold of a payment end.
func (b *bundle) release(t *testing.T) {
	t.Helper()
	b.clock.Advance(hold)
	_, err := b.ledger.Sweep(t.Context())
	require.NoError(t, err)
}

func (b *bundle) url(c ledger.Charge) string { return b.server.URL + "/pay/" + c.ID }

// answer is what came for a request.
type answer struct {
	status int
	header http.Header
	body   string
}

// ask sends a request; header is one line, or empty.
func (b *bundle) ask(t *testing.T, method, path string, header ...string) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, b.server.URL+path, nil)
	require.NoError(t, err)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	response, err := b.server.Client().Do(r)
	require.NoError(t, err)
	defer func() { require.NoError(t, response.Body.Close()) }()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return answer{response.StatusCode, response.Header, string(body)}
}

// get asks for a charge's page in a language.
func (b *bundle) get(t *testing.T, c ledger.Charge, query string) string {
	t.Helper()
	a := b.ask(t, http.MethodGet, "/pay/"+c.ID+query)
	require.Equal(t, http.StatusOK, a.status, a.body)
	return a.body
}

// state asks for a charge's state.
func (b *bundle) state(t *testing.T, c ledger.Charge) string {
	t.Helper()
	a := b.ask(t, http.MethodGet, "/pay/"+c.ID+"/state")
	require.Equal(t, http.StatusOK, a.status, a.body)
	require.Equal(t, "application/json", a.header.Get("Content-Type"))
	return a.body
}

// everyState has a charge in each state of the page, by its name.
func (b *bundle) everyState(t *testing.T) map[string]ledger.Charge {
	t.Helper()
	charges := map[string]ledger.Charge{}
	charge := func(name string, alter ...func(*ledger.NewCharge)) {
		charges[name] = b.charge(t, alter...)
	}
	short := func(n *ledger.NewCharge) { n.Expires = b.clock.Now().Add(time.Minute) }
	atOnce := func(n *ledger.NewCharge) { n.Hold = 0 }
	charge("expired", short)
	charge("closing", short)
	b.inquire(t, charges["closing"])
	charge("paid", atOnce)
	b.pay(t, charges["paid"])
	charge("denied", atOnce)
	b.pay(t, charges["denied"])
	b.reverse(t, charges["denied"])
	charge("cancelled")
	_, err := b.ledger.Cancel(t.Context(), merchant, charges["cancelled"].ID)
	require.NoError(t, err)
	charge("pending")
	charge("open", func(n *ledger.NewCharge) { n.MinAmount = 10_000 })
	charge("future", func(n *ledger.NewCharge) { n.ValidFrom = b.clock.Now().Add(20 * time.Hour) })
	b.clock.Advance(time.Minute)
	return charges
}
