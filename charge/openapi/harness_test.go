package openapi_test

import (
	"context"
	"crypto/rand"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/charge"
	"paypoint/charge/openapi/openapitest"
	"paypoint/ledger"
	"paypoint/notify"
	"paypoint/store/memory"
)

// bundle is the merchants' API as it runs, every answer of which is held
// against the document.
type bundle struct {
	checker   *openapitest.Checker
	service   *ledger.Service
	directory *access.Directory
	notify    *notify.Service
	config    charge.Config
	// offset is how far the clock is ahead.
	offset atomic.Int64
	url    string
}

func (b *bundle) now() time.Time { return time.Now().Add(time.Duration(b.offset.Load())) }

// setup starts the API with the sandbox's merchant, which has no hold and is
// told of nothing.
func setup(t *testing.T) *bundle {
	t.Helper()
	b := &bundle{checker: openapitest.New(t)}
	b.service = ledger.NewService(memory.Open(), ledger.Agreement{Grace: 5 * time.Minute, CutOff: 24 * time.Hour}, b.now)
	key, err := access.CreateMasterKey(filepath.Join(t.TempDir(), "master.key"))
	require.NoError(t, err)
	sealer, err := access.NewSealer(key)
	require.NoError(t, err)
	b.directory, err = access.OpenDirectory(t.Context(), b.service, sealer, b.now)
	require.NoError(t, err)
	_, err = b.directory.EnsureSandbox(t.Context())
	require.NoError(t, err)
	history, err := notify.OpenHistory(filepath.Join(t.TempDir(), notify.HistoryFile), func(err error) { t.Error(err) })
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, history.Close()) })
	b.notify = notify.New(notify.Config{
		Ledger: b.service, Merchants: b.directory, History: history, Render: charge.Notification, Now: b.now, AllowPrivate: true,
	})
	b.config = charge.Config{
		Ledger: b.service, Merchants: b.directory, Notifications: b.notify, AllowPrivateTargets: true,
		Terms: charge.Terms{
			MinAmount: 10_000, MaxAmount: 5_000_000,
			DefaultExpiry: 24 * time.Hour, MinExpiry: 20 * time.Second, MaxExpiry: 180 * 24 * time.Hour,
		},
		PageURL: func(_ *http.Request, id string) string { return "http://127.0.0.1:8080/pay/" + id },
		Now:     b.now, NewID: func() string { return uuid.Must(uuid.NewV7()).String() }, NewSalt: rand.Text,
	}
	b.url = b.serve(t, b.config)
	return b
}

// serve starts an API and gives its address.
func (b *bundle) serve(t *testing.T, config charge.Config) string {
	t.Helper()
	server := httptest.NewServer(b.checker.Handler(charge.New(config)))
	t.Cleanup(server.Close)
	return server.URL
}

// send makes a request with the sandbox's key; alter may change it.
func (b *bundle) send(t *testing.T, method, address, body string, alter ...func(*http.Request)) string {
	t.Helper()
	if strings.HasPrefix(address, "/") {
		address = b.url + address
	}
	r, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), method, address, strings.NewReader(body))
	require.NoError(t, err)
	r.SetBasicAuth(access.SandboxServerKey, "")
	for _, change := range alter {
		change(r)
	}
	answer, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return string(text)
}

// get and post are the usual requests.
func (b *bundle) get(t *testing.T, path string) string {
	t.Helper()
	return b.send(t, http.MethodGet, path, "")
}

func (b *bundle) post(t *testing.T, path, body string) string {
	t.Helper()
	return b.send(t, http.MethodPost, path, body)
}

// order charges an order id with more members of the body, and gives the
// ledger's view of it.
func (b *bundle) order(t *testing.T, id, members string) ledger.View {
	t.Helper()
	body := `{"payment_type":"cstore","transaction_details":{"order_id":"` + id + `","gross_amount":50000},"cstore":{"store":"indomaret"}` + members + `}`
	require.Contains(t, b.post(t, "/v2/charge", body), `"status_code":"201"`)
	view, err := b.service.Status(t.Context(), access.SandboxMerchant, id)
	require.NoError(t, err)
	return view
}

// pay is a till's payment, reverse its taking back.
func (b *bundle) pay(t *testing.T, view ledger.View) {
	t.Helper()
	result, err := b.service.Pay(t.Context(), ledger.Payment{
		Code: view.Code, Ref: "7", Amount: view.Amount, Store: "TJKT0001", MessageID: "m1", TimeStamp: b.now(),
		Receipt: "R0123456789ABCDEF", Request: strings.Repeat("0", 64),
	})
	require.NoError(t, err)
	require.Equal(t, ledger.ReasonApproved, result.Reason)
}

func (b *bundle) reverse(t *testing.T, view ledger.View) {
	t.Helper()
	result, err := b.service.Reverse(t.Context(), ledger.Reversal{
		Code: view.Code, Ref: "7", Amount: view.Amount, Store: "TJKT0001", MessageID: "m2", TimeStamp: b.now(),
		Request: strings.Repeat("0", 64),
	})
	require.NoError(t, err)
	require.Equal(t, ledger.ReasonApproved, result.Reason)
}

// deliver sends what waits, and gives up on nothing.
func (b *bundle) deliver(t *testing.T) {
	t.Helper()
	require.NoError(t, b.notify.Step(t.Context()))
	b.notify.Wait()
}

// hooked is the ledger with something before each of its calls.
type hooked struct {
	*ledger.Service
	before func() error
}

// Charge is ledger.Service's, after the hook.
func (h hooked) Charge(ctx context.Context, n ledger.NewCharge) (ledger.Charge, error) {
	if err := h.before(); err != nil {
		return ledger.Charge{}, err
	}
	return h.Service.Charge(ctx, n)
}

// Status is ledger.Service's, after the hook.
func (h hooked) Status(ctx context.Context, merchant, handle string) (ledger.View, error) {
	if err := h.before(); err != nil {
		return ledger.View{}, err
	}
	return h.Service.Status(ctx, merchant, handle)
}

// Cancel is ledger.Service's, after the hook.
func (h hooked) Cancel(ctx context.Context, merchant, handle string) (ledger.View, error) {
	if err := h.before(); err != nil {
		return ledger.View{}, err
	}
	return h.Service.Cancel(ctx, merchant, handle)
}

// Expire is ledger.Service's, after the hook.
func (h hooked) Expire(ctx context.Context, merchant, handle string) (ledger.View, error) {
	if err := h.before(); err != nil {
		return ledger.View{}, err
	}
	return h.Service.Expire(ctx, merchant, handle)
}

// strangers is a directory that can't say who calls.
type strangers struct {
	*access.Directory
	err error
}

// Authenticate fails.
func (s strangers) Authenticate(context.Context, string) (access.Merchant, error) {
	return access.Merchant{}, s.err
}
