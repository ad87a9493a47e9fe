package notify_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/clocktest"
	"paypoint/ledger"
	"paypoint/notify"
	"paypoint/store"
)

// noon is when the tests begin.
var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, ledger.WIB)

// bundle is a service over a ledger and a history of its own.
type bundle struct {
	clock     *clocktest.Clock
	store     ledger.Store
	ledger    *ledger.Service
	directory *access.Directory
	history   *notify.History
	path      string
	masterKey string
	config    notify.Config
	service   *notify.Service

	mu       sync.Mutex
	reports  []notify.AttemptReport
	outcomes map[uint64]ledger.NoticeResult
	errors   []error
	charges  int
}

// setup begins with the sandbox's merchant, without a hold.
func setup(t *testing.T, alter ...func(*notify.Config)) *bundle {
	t.Helper()
	opened, err := store.Open("memory:", store.Options{})
	require.NoError(t, err)
	return over(t, opened, alter...)
}

func over(t *testing.T, opened ledger.Store, alter ...func(*notify.Config)) *bundle {
	t.Helper()
	b := &bundle{clock: clocktest.At(noon), store: opened, path: filepath.Join(t.TempDir(), notify.HistoryFile), outcomes: map[uint64]ledger.NoticeResult{}}
	b.ledger = ledger.NewService(b.store, ledger.Agreement{Grace: 5 * time.Minute, CutOff: 24 * time.Hour}, b.clock.Now)
	b.masterKey = filepath.Join(t.TempDir(), "master.key")
	key, err := access.CreateMasterKey(b.masterKey)
	require.NoError(t, err)
	sealer, err := access.NewSealer(key)
	require.NoError(t, err)
	b.directory, err = access.OpenDirectory(t.Context(), b.ledger, sealer, b.clock.Now)
	require.NoError(t, err)
	_, err = b.directory.EnsureSandbox(t.Context())
	require.NoError(t, err)
	b.config = notify.Config{
		Ledger: b.ledger, Merchants: b.directory, Render: render, Now: b.clock.Now,
		Jitter:       func(time.Duration) time.Duration { return 0 },
		AllowPrivate: true,
		Report:       notify.Report{Attempt: b.attempted, Outcome: b.told, Error: b.failed},
	}
	for _, change := range alter {
		change(&b.config)
	}
	b.open(t)
	t.Cleanup(func() { require.NoError(t, b.history.Close()) })
	return b
}

// open opens the history and puts a service over it.
func (b *bundle) open(t *testing.T) {
	t.Helper()
	var err error
	b.history, err = notify.OpenHistory(b.path, b.failed)
	require.NoError(t, err)
	b.config.History = b.history
	b.service = notify.New(b.config)
}

// restart closes the history and begins again with a new service.
func (b *bundle) restart(t *testing.T) {
	t.Helper()
	require.NoError(t, b.history.Close())
	b.open(t)
}

// told is what a notification's body says in these tests.
type told struct {
	Merchant, Order, Status, Paid string
}

// render writes a notification with just enough to know it by.
func render(v ledger.View, _ access.ServerKey) (string, []byte) {
	n := told{Merchant: v.Merchant, Order: v.Order, Status: string(v.Standing)}
	if v.Payment != nil {
		n.Paid = v.Payment.Amount.String()
	}
	// Strings always marshal.
	body, _ := json.Marshal(n)
	return v.ID + "-" + n.Status, body
}

func (b *bundle) attempted(r notify.AttemptReport) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.reports = append(b.reports, r)
}

func (b *bundle) told(n ledger.Notice, result ledger.NoticeResult) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.outcomes[n.Seq] = result
}

func (b *bundle) failed(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.errors = append(b.errors, err)
}

// faults takes what was reported to stand in the way.
func (b *bundle) faults() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	err := errors.Join(b.errors...)
	b.errors = nil
	return err
}

// lastReport is the attempt that was reported last.
func (b *bundle) lastReport(t *testing.T) notify.AttemptReport {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	require.NotEmpty(t, b.reports)
	return b.reports[len(b.reports)-1]
}

// attempts counts those that were reported.
func (b *bundle) attempts() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.reports)
}

// step lets the service read and deliver what is due until nothing is.
func (b *bundle) step(t *testing.T) {
	t.Helper()
	require.NoError(t, b.service.Step(t.Context()))
	b.service.Wait()
	require.NoError(t, b.faults())
}

// later steps after a time.
func (b *bundle) later(t *testing.T, by time.Duration) {
	t.Helper()
	b.clock.Advance(by)
	b.step(t)
}

// notifyAt sets a merchant's URLs.
func (b *bundle) notifyAt(t *testing.T, merchant string, urls ...string) {
	t.Helper()
	require.NoError(t, b.directory.SetNotificationURLs(t.Context(), "tester", merchant, urls, true))
}

// merchant adds one without a hold, with URLs.
func (b *bundle) merchant(t *testing.T, name string, urls ...string) access.Merchant {
	t.Helper()
	m, _, err := b.directory.Add(t.Context(), "tester", access.NewMerchant{Name: name})
	require.NoError(t, err)
	b.notifyAt(t, m.ID, urls...)
	return m
}

// charge gives out a code of the sandbox's merchant.
func (b *bundle) charge(t *testing.T, order string, own ...string) ledger.Charge {
	t.Helper()
	return b.chargeOf(t, access.SandboxMerchant, order, ledger.Details{Salt: "5a", Targets: own})
}

func (b *bundle) chargeOf(t *testing.T, merchant, order string, details ledger.Details) ledger.Charge {
	t.Helper()
	b.mu.Lock()
	b.charges++
	id := fmt.Sprintf("01955e1c-0000-7000-8000-%012d", b.charges)
	b.mu.Unlock()
	c, err := b.ledger.Charge(t.Context(), ledger.NewCharge{
		ID: id, Merchant: merchant, Prefix: "100", Order: order, Amount: 50_000, MinAmount: 50_000,
		Expires: b.clock.Now().Add(24 * time.Hour), Details: details,
	})
	require.NoError(t, err)
	return c
}

// pay is a till's payment, which is released at once.
func (b *bundle) pay(t *testing.T, c ledger.Charge) {
	t.Helper()
	result, err := b.ledger.Pay(t.Context(), ledger.Payment{
		Code: c.Code, Ref: "REF1", Amount: c.Amount, Store: "TJKT0001", MessageID: "m1", TimeStamp: b.clock.Now(),
		Receipt: "R0123456789ABCDEF", Request: strings.Repeat("0", 64),
	})
	require.NoError(t, err)
	require.Equal(t, ledger.ReasonApproved, result.Reason)
}

// reverse takes a payment back.
func (b *bundle) reverse(t *testing.T, c ledger.Charge) {
	t.Helper()
	result, err := b.ledger.Reverse(t.Context(), ledger.Reversal{
		Code: c.Code, Ref: "REF1", Amount: c.Amount, Store: "TJKT0001", MessageID: "m2", TimeStamp: b.clock.Now(),
		Request: strings.Repeat("0", 64),
	})
	require.NoError(t, err)
	require.Equal(t, ledger.ReasonApproved, result.Reason)
}

// of lists the notifications of a charge.
func (b *bundle) of(t *testing.T, c ledger.Charge) []ledger.Notification {
	t.Helper()
	list, err := b.service.Of(t.Context(), c.Merchant, c.ID)
	require.NoError(t, err)
	return list
}

// states are the states of a charge's notifications.
func (b *bundle) states(t *testing.T, c ledger.Charge) []ledger.NotificationState {
	t.Helper()
	var states []ledger.NotificationState
	for _, n := range b.of(t, c) {
		states = append(states, n.State)
	}
	return states
}

// outbox counts the rows that are not delivered.
func (b *bundle) outbox(t *testing.T) int {
	t.Helper()
	rows, err := b.store.Outbox(t.Context(), 0, 1_000_000)
	require.NoError(t, err)
	return len(rows)
}

// request is what a receiver got.
type request struct {
	path   string
	header http.Header
	told   told
	body   string
}

// receiver is a merchant's server. Its answer may change.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	answer http.HandlerFunc
	got    []request
}

// receive starts a receiver that answers as it is told to; nil is 200.
func receive(t *testing.T, answer http.HandlerFunc) *receiver {
	t.Helper()
	r := &receiver{answer: answer}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, _ := io.ReadAll(q.Body)
	got := request{path: q.URL.Path, header: q.Header, body: string(body)}
	_ = json.Unmarshal(body, &got.told)
	r.mu.Lock()
	r.got = append(r.got, got)
	answer := r.answer
	r.mu.Unlock()
	if answer != nil {
		answer(w, q)
	}
}

// now changes the answer.
func (r *receiver) now(answer http.HandlerFunc) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = answer
}

// all is what the receiver got so far.
func (r *receiver) all() []request {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]request{}, r.got...)
}

// statuses are the standings of an order that the receiver was told, in order.
func (r *receiver) statuses(order string) []string {
	var all []string
	for _, got := range r.all() {
		if got.told.Order == order {
			all = append(all, got.told.Status)
		}
	}
	return all
}

// status answers with an HTTP status.
func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}
