package charge_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/charge"
	"paypoint/charge/openapi/openapitest"
	"paypoint/clocktest"
	"paypoint/ledger"
	"paypoint/notify"
	"paypoint/store/memory"
)

// noon is when the tests begin.
var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, ledger.WIB)

// terms are those that Midtrans documents for Indomaret.
var terms = charge.Terms{
	MinAmount: 10_000, MaxAmount: 5_000_000,
	DefaultExpiry: 24 * time.Hour, MinExpiry: 20 * time.Second, MaxExpiry: 180 * 24 * time.Hour,
	Products: []string{"123123"},
}

// faulty is a store that can be told to fail.
type faulty struct {
	ledger.Store
	mu     sync.Mutex
	before func() error
}

func (f *faulty) fail(before func() error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.before = before
}

func (f *faulty) Apply(ctx context.Context, keys ledger.Keys, decide func(ledger.State) (ledger.Change, error)) error {
	f.mu.Lock()
	before := f.before
	f.mu.Unlock()
	if before != nil {
		if err := before(); err != nil {
			return err
		}
	}
	return f.Store.Apply(ctx, keys, decide)
}

// bundle is the API on a socket, over a ledger of its own.
type bundle struct {
	clock     *clocktest.Clock
	store     *faulty
	service   *ledger.Service
	directory *access.Directory
	delivery  *notify.Service
	history   *notify.History
	config    charge.Config
	server    *httptest.Server

	mu       sync.Mutex
	failures []charge.Failure
}

func setup(t *testing.T) *bundle {
	t.Helper()
	return setupWith(t, func(*charge.Config) {})
}

// setupWith is setup with another configuration.
func setupWith(t *testing.T, alter func(*charge.Config)) *bundle {
	t.Helper()
	b := over(t, memory.Open(), newSealer(t))
	b.deliver(t)
	alter(&b.config)
	b.serve(t)
	return b
}

// serve puts the API on a socket.
func (b *bundle) serve(t *testing.T) {
	t.Helper()
	b.server = httpServer(t, openapitest.New(t).Handler(charge.New(b.config)))
}

func httpServer(t *testing.T, handler http.Handler) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server
}

// over puts the API over a store, with the sandbox's merchant in it.
func over(t testing.TB, store ledger.Store, sealer *access.Sealer) *bundle {
	t.Helper()
	b := &bundle{clock: clocktest.At(noon), store: &faulty{Store: store}}
	b.service = ledger.NewService(b.store, ledger.Agreement{Grace: 5 * time.Minute, CutOff: 24 * time.Hour}, b.clock.Now)
	var err error
	b.directory, err = access.OpenDirectory(t.Context(), b.service, sealer, b.clock.Now)
	require.NoError(t, err)
	_, err = b.directory.EnsureSandbox(t.Context())
	require.NoError(t, err)
	var ids atomic.Int64
	b.config = charge.Config{
		Ledger: b.service, Merchants: b.directory, Terms: terms, Now: b.clock.Now,
		NewID:     func() string { return fmt.Sprintf("01955e1c-0000-7000-8000-%012d", ids.Add(1)) },
		NewSalt:   func() string { return "00112233445566778899aabbccddeeff" },
		Report:    b.report,
		CursorKey: []byte("the key of the tests' cursors"),
		PageURL:   func(_ *http.Request, id string) string { return "https://pay.example/pay/" + id },
	}
	return b
}

func newSealer(t testing.TB) *access.Sealer {
	t.Helper()
	key, err := access.CreateMasterKey(filepath.Join(t.TempDir(), "master.key"))
	require.NoError(t, err)
	sealer, err := access.NewSealer(key)
	require.NoError(t, err)
	return sealer
}

func (b *bundle) report(_ context.Context, f charge.Failure) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.failures = append(b.failures, f)
}

// lastFailure is what was reported last.
func (b *bundle) lastFailure(t *testing.T) charge.Failure {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	require.NotEmpty(t, b.failures)
	return b.failures[len(b.failures)-1]
}

// reply is an answer as it came.
type reply struct {
	http   int
	header http.Header
	body   string
}

// send makes a request with the sandbox's key; alter may change it.
func (b *bundle) send(t *testing.T, method, path, body string, alter ...func(*http.Request)) reply {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, b.server.URL+path, strings.NewReader(body))
	require.NoError(t, err)
	r.SetBasicAuth(access.SandboxServerKey, "")
	for _, change := range alter {
		change(r)
	}
	// Redirects would hide an answer that is none of the API's.
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Do(r)
	require.NoError(t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return reply{answer.StatusCode, answer.Header, string(text)}
}

func withKey(key string) func(*http.Request) {
	return func(r *http.Request) { r.SetBasicAuth(key, "") }
}

// order is a body that charges 50,000 for an order id, with more members of cstore.
func order(id string, cstore ...string) string {
	members := append([]string{`"store":"indomaret"`}, cstore...)
	return fmt.Sprintf(`{"payment_type":"cstore","transaction_details":{"order_id":%q,"gross_amount":50000},"cstore":{%s}}`,
		id, strings.Join(members, ","))
}

// charge charges an order id, which must succeed, and returns the ledger's view.
func (b *bundle) charge(t *testing.T, id string, cstore ...string) ledger.View {
	t.Helper()
	r := b.send(t, "POST", "/v2/charge", order(id, cstore...))
	require.Contains(t, r.body, `"status_code":"201"`)
	view, err := b.service.Status(t.Context(), access.SandboxMerchant, id)
	require.NoError(t, err)
	return view
}

// pay is a till's payment.
func (b *bundle) pay(t *testing.T, code ledger.PaymentCode, ref ledger.TrackingRef, amount ledger.Rupiah) {
	t.Helper()
	result, err := b.service.Pay(t.Context(), ledger.Payment{
		Code: code, Ref: ref, Amount: amount, Store: "TJKT0001", MessageID: "m1", TimeStamp: b.clock.Now(),
		Receipt: "R0123456789ABCDEF", Request: strings.Repeat("0", 64),
	})
	require.NoError(t, err)
	require.Equal(t, ledger.ReasonApproved, result.Reason)
}

// reverse is a till's reversal.
func (b *bundle) reverse(t *testing.T, code ledger.PaymentCode, ref ledger.TrackingRef, amount ledger.Rupiah) {
	t.Helper()
	result, err := b.service.Reverse(t.Context(), ledger.Reversal{
		Code: code, Ref: ref, Amount: amount, Store: "TJKT0001", MessageID: "m2", TimeStamp: b.clock.Now(),
		Request: strings.Repeat("0", 64),
	})
	require.NoError(t, err)
	require.Equal(t, ledger.ReasonApproved, result.Reason)
}

// records counts the journal, to see that nothing was written.
func (b *bundle) records(t *testing.T) int {
	t.Helper()
	records, err := b.store.Records(t.Context(), 0, 10_000)
	require.NoError(t, err)
	return len(records)
}

// recorded reads a recorded request body.
func recorded(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "testdata", "charge", name+".json"))
	require.NoError(t, err)
	return string(text)
}

// addMerchant adds a merchant without a hold and gives its id and server key.
func (b *bundle) addMerchant(t *testing.T, name string) (id, key string) {
	t.Helper()
	m, secret, err := b.directory.Add(t.Context(), "tester", access.NewMerchant{Name: name})
	require.NoError(t, err)
	return m.ID, secret.Reveal()
}
