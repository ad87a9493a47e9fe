package finance_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/finance"
	"paypoint/ledger"
	"paypoint/reconcile/settlement"
	"paypoint/store/memory"
)

const token = "SB-paypoint-finance-token"

// office is the API on a socket, over a ledger whose clock the test sets.
type office struct {
	ledger     *ledger.Service
	settlement *settlement.Service
	handler    http.Handler
	url        string
	client     *http.Client
	clock      atomic.Int64
	payments   int

	mu   sync.Mutex
	acts []finance.Act
}

func setup(t *testing.T) *office {
	t.Helper()
	return setupOver(t, memory.Open())
}

func setupOver(t *testing.T, store ledger.Store) *office {
	t.Helper()
	return setupUnder(t, store, 24*time.Hour)
}

// setupUnder has business days that end at a cut-off.
func setupUnder(t *testing.T, store ledger.Store, cutOff time.Duration) *office {
	t.Helper()
	o := &office{}
	agreement := ledger.Agreement{PartnerID: "PAYPOINT", CutOff: cutOff, CloseDelay: 2 * time.Hour, FeeRemitted: true}
	o.ledger = ledger.NewService(store, agreement, func() time.Time { return time.UnixMilli(o.clock.Load()) })
	o.settlement = settlement.New(settlement.Config{Ledger: o.ledger, TempDir: t.TempDir()})
	digest := sha256.Sum256([]byte(token))
	tokens, err := access.NewTokens([]access.Token{{Name: "finance", SHA256: hex.EncodeToString(digest[:])}})
	require.NoError(t, err)
	o.handler = finance.New(finance.Config{
		Settlement: o.settlement, Balances: o.ledger,
		Authenticate: finance.BearerTokens(tokens), Log: o.log,
	})
	o.serve(t, httptest.NewUnstartedServer(o.handler))
	o.at(t, "2026-11-20 10:00:00")
	return o
}

// serve starts a server, to which the office's calls go from then on.
func (o *office) serve(t *testing.T, server *httptest.Server) {
	t.Helper()
	server.Start()
	t.Cleanup(server.Close)
	o.url, o.client = server.URL, server.Client()
}

func (o *office) log(act finance.Act) {
	o.mu.Lock()
	defer o.mu.Unlock()
	act.Took = 0
	o.acts = append(o.acts, act)
}

// lastAct waits for the log of the call that was answered last.
func (o *office) lastAct(t *testing.T, calls int) finance.Act {
	t.Helper()
	// A server logs an answer after the last of it is out.
	require.Eventually(t, func() bool { o.mu.Lock(); defer o.mu.Unlock(); return len(o.acts) >= calls }, 5*time.Second, time.Millisecond)
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.acts[calls-1]
}

func (o *office) at(t *testing.T, wire string) {
	t.Helper()
	moment, err := time.ParseInLocation(ledger.WireTime, wire, ledger.WIB)
	require.NoError(t, err)
	o.clock.Store(moment.UnixMilli())
}

func (o *office) pay(t *testing.T, amount, fee ledger.Rupiah) ledger.Payment {
	t.Helper()
	o.payments++
	now := time.UnixMilli(o.clock.Load())
	charge, err := o.ledger.Charge(t.Context(), ledger.NewCharge{
		ID: fmt.Sprintf("charge-%d", o.payments), Merchant: "G000000001", Prefix: "888",
		Order: fmt.Sprintf("order-%d", o.payments), Amount: amount, MinAmount: amount, Fee: fee, Expires: now.Add(time.Hour),
	})
	require.NoError(t, err)
	payment := ledger.Payment{
		Code: charge.Code, Ref: ledger.TrackingRef(fmt.Sprintf("T%09d", o.payments)), Amount: amount, Store: "T001",
		MessageID: fmt.Sprintf("M%09d", o.payments), TimeStamp: now, Receipt: fmt.Sprintf("R%09d", o.payments),
	}
	result, err := o.ledger.Pay(t.Context(), payment)
	require.NoError(t, err)
	require.Equal(t, ledger.ReasonApproved, result.Reason)
	return payment
}

func (o *office) reverse(t *testing.T, p ledger.Payment) {
	t.Helper()
	result, err := o.ledger.Reverse(t.Context(), ledger.Reversal{Code: p.Code, Ref: p.Ref, Amount: p.Amount, Store: p.Store})
	require.NoError(t, err)
	require.Equal(t, ledger.ReasonApproved, result.Reason)
}

// ask calls with the token, unless the header says otherwise.
func (o *office) ask(t *testing.T, method, path string, header ...string) *http.Response {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, o.url+path, nil)
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer "+token)
	for i := 0; i < len(header); i += 2 {
		request.Header.Del(header[i])
		if header[i+1] != "" {
			request.Header.Set(header[i], header[i+1])
		}
	}
	response, err := o.client.Do(request)
	require.NoError(t, err)
	t.Cleanup(func() { _ = response.Body.Close() })
	return response
}

// read is a call's status and body as JSON.
func (o *office) read(t *testing.T, method, path string) (int, map[string]any) {
	t.Helper()
	response := o.ask(t, method, path)
	return response.StatusCode, object(t, response)
}

func object(t *testing.T, response *http.Response) map[string]any {
	t.Helper()
	require.Equal(t, "application/json", response.Header.Get("Content-Type"))
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	var value map[string]any
	require.NoError(t, json.Unmarshal(body, &value), string(body))
	return value
}
