package finance_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/finance"
	"paypoint/ledger"
	"paypoint/reconcile"
	"paypoint/reconcile/partnerfile"
	"paypoint/reconcile/settlement"
	"paypoint/reconcile/statement"
	"paypoint/store/memory"
)

// token is that of an approver of the sandbox, with which most calls are made.
const token = "SB-paypoint-finance-token"

// The persons of the office, beside the sandbox's; each has the token of its
// name in office.tokens.
const viewer, clerk, approver, operator, shopkeeper, admin = "vera", "fina", "arif", "oki", "murni", "ade"

// office is the API on a socket, over a ledger whose clock the test sets.
type office struct {
	ledger     *ledger.Service
	settlement *settlement.Service
	reconcile  *reconcile.Service
	config     finance.Config
	handler    http.Handler
	url        string
	client     *http.Client
	clock      atomic.Int64
	payments   int
	// files is where Indomaret's files and what was matched of them are kept.
	files   string
	persons *access.Staff
	tokens  map[string]string

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
	o := &office{files: filepath.Join(t.TempDir(), "files")}
	o.at(t, "2026-11-20 10:00:00")
	agreement := ledger.Agreement{PartnerID: "PAYPOINT", CutOff: cutOff, CloseDelay: 2 * time.Hour, FeeRemitted: true}
	o.ledger = ledger.NewService(store, agreement, o.now)
	o.settlement = settlement.New(settlement.Config{Ledger: o.ledger, TempDir: t.TempDir()})
	o.reconcile = reconcile.New(reconcile.Config{
		Ledger: o.ledger, Settlement: o.settlement, Dir: o.files, TempDir: t.TempDir(),
		Profile: partnerfile.Simulated(), Now: o.now, Issuer: statement.Party{Name: "Paypoint"}, Party: party,
		DefaultTerms: statement.Terms{{From: "2026-01-01", Own: statement.Tariff{Fixed: 1000}, VAT: 1100}},
	})
	o.config = finance.Config{
		Settlement: o.settlement, Reconciliation: o.reconcile, Statements: o.reconcile, Cash: o.reconcile,
		Cases: o.ledger, Ledger: o.ledger, Profile: partnerfile.Simulated(), CutOff: cutOff, TempDir: t.TempDir(),
		Now: o.now, NewReceipt: func() string { return "RECEIPT0000000001" }, Log: o.log,
	}
	o.persons = o.staff(t)
	o.config.Staff, o.config.Authenticate = o.persons, finance.BearerTokens(o.persons)
	o.handler = finance.New(o.config)
	o.serve(t, httptest.NewUnstartedServer(o.handler))
	return o
}

// party knows the merchants whose ids begin with G.
func party(_ context.Context, merchant string) (statement.Party, error) {
	if !strings.HasPrefix(merchant, "G") {
		return statement.Party{}, access.ErrUnknownMerchant
	}
	return statement.Party{ID: merchant, Name: "Toko " + merchant}, nil
}

// staff are the persons with their tokens.
func (o *office) staff(t *testing.T) *access.Staff {
	t.Helper()
	staff, err := access.OpenStaff(t.Context(), o.ledger, newSealer(t), o.now)
	require.NoError(t, err)
	require.NoError(t, staff.EnsureSandbox(t.Context()))
	o.tokens = map[string]string{}
	o.tokens[shopkeeper] = o.shopkeeper(t, staff)
	for role, id := range persons() {
		if role == access.RoleMerchant {
			continue
		}
		_, err := staff.Add(t.Context(), "operator", access.NewPerson{ID: id, Name: id, Role: role})
		require.NoError(t, err)
		_, o.tokens[id], err = staff.IssueToken(t.Context(), "operator", id, "test", time.Time{})
		require.NoError(t, err)
	}
	return staff
}

// persons are those of the office by their roles.
func persons() map[access.Role]string {
	return map[access.Role]string{
		access.RoleViewer: viewer, access.RoleFinance: clerk, access.RoleApprover: approver,
		access.RoleOperator: operator, access.RoleMerchant: shopkeeper, access.RoleAdmin: admin,
	}
}

// shopkeeper gives the sandbox's merchant a person, whose token it returns.
func (o *office) shopkeeper(t *testing.T, staff *access.Staff) string {
	t.Helper()
	directory, err := access.OpenDirectory(t.Context(), o.ledger, newSealer(t), o.now)
	require.NoError(t, err)
	_, err = directory.EnsureSandbox(t.Context())
	require.NoError(t, err)
	_, err = staff.Add(t.Context(), "operator", access.NewPerson{
		ID: shopkeeper, Name: shopkeeper, Role: access.RoleMerchant, Merchant: access.SandboxMerchant,
	})
	require.NoError(t, err)
	_, token, err := staff.IssueToken(t.Context(), "operator", shopkeeper, "test", time.Time{})
	require.NoError(t, err)
	return token
}

func newSealer(t *testing.T) *access.Sealer {
	t.Helper()
	key, err := access.CreateMasterKey(filepath.Join(t.TempDir(), "master.key"))
	require.NoError(t, err)
	sealer, err := access.NewSealer(key)
	require.NoError(t, err)
	return sealer
}

// now is the office's clock.
func (o *office) now() time.Time { return time.UnixMilli(o.clock.Load()) }

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
	act.Took, act.Caller = 0, ""
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
	now := o.now()
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
	return o.give(t, method, path, "", header...)
}

// give is ask with a body.
func (o *office) give(t *testing.T, method, path, body string, header ...string) *http.Response {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, o.url+path, strings.NewReader(body))
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

// does is a person's call with a body: its status and the answer as JSON.
func (o *office) does(t *testing.T, person, method, path, body string) (int, map[string]any) {
	t.Helper()
	response := o.give(t, method, "/finance/v1/"+path, body, "Authorization", "Bearer "+o.tokens[person])
	return response.StatusCode, object(t, response)
}

// done is does that must succeed.
func (o *office) done(t *testing.T, person, method, path, body string) map[string]any {
	t.Helper()
	status, answer := o.does(t, person, method, path, body)
	require.Equal(t, http.StatusOK, status, "%v", answer)
	return answer
}

// refused is does that must be refused, with the code of its error.
func (o *office) refused(t *testing.T, person, method, path, body string, status int, code string) map[string]any {
	t.Helper()
	got, answer := o.does(t, person, method, path, body)
	require.Equal(t, status, got, "%v", answer)
	refusal := answer["error"].(map[string]any)
	require.Equal(t, code, refusal["code"], "%v", refusal)
	return refusal
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
