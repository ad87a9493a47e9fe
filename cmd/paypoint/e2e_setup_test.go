package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"paypoint/ledger"
	"paypoint/store"
	"paypoint/store/boltdb"
)

// stageDay is the business day on which every stage begins, at 10:00 WIB.
const stageDay ledger.Day = "2026-01-30"

// stage is the real program on a free port with a real ledger file. A test
// plays tills, a merchant and an operator on it, and turns its clock.
type stage struct {
	t     *testing.T
	clock *stageClock
	app   *application
	store *stageStore
	// data is the data directory, url the address of all routes.
	data, url string
	// key is the server key of the merchant who charges.
	key    string
	http   *http.Client
	orders atomic.Int64
	// ended carries what the program ended with.
	ended chan error
}

// stageSetup is how a stage differs from the plain sandbox.
type stageSetup struct {
	environ []string
	change  func(*Config)
	// hold is how long the merchant does not hear of a payment.
	hold time.Duration
	// fails says that the program does not end well, as the test wants it.
	fails bool
}

// newStage starts the program. When the test ends, its books must balance, it
// must stop, and its ledger must verify.
func newStage(t *testing.T, setup stageSetup) *stage {
	t.Helper()
	s := &stage{
		t: t, clock: newStageClock(), data: stageFolder(t), key: sandboxKey,
		http:  &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 128}},
		ended: make(chan error, 1),
	}
	cfg, err := LoadConfig("", setup.environ, Overrides{Listen: "127.0.0.1:0", DataDir: s.data, Sandbox: true})
	require.NoError(t, err)
	if setup.change != nil {
		setup.change(&cfg)
	}
	s.app = newApplication(cfg, zap.NewNop())
	s.app.now, s.app.openStore = s.clock.Now, s.open
	require.NoError(t, s.app.open(context.Background()))
	ctx, stop := context.WithCancel(context.Background())
	s.url = s.serve(ctx)
	t.Cleanup(func() { s.end(stop, setup.fails) })
	if setup.hold > 0 {
		s.key = s.addMerchant(setup.hold)
	}
	return s
}

// sandboxKey is the server key of the sandbox's merchant.
const sandboxKey = "SB-paypoint-server-key"

// stageFolder is a folder with a path short enough for a socket in it: at most
// 107 bytes, which a test's own temporary folder can exceed.
func stageFolder(t *testing.T) string {
	t.Helper()
	folder, err := os.MkdirTemp("", "pp")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(folder)) })
	return folder
}

// open puts the wrapper around the engine.
func (s *stage) open(url string, options store.Options) (ledger.Store, error) {
	engine, err := store.Open(url, options)
	if err != nil {
		return nil, err
	}
	s.store = &stageStore{Store: engine.(*boltdb.Store), failed: make(chan struct{})}
	return s.store, nil
}

// serve runs the program until ctx ends and returns where it listens.
func (s *stage) serve(ctx context.Context) string {
	s.t.Helper()
	out, in := io.Pipe()
	go func() {
		err := errors.Join(s.app.serve(ctx, in), s.app.Close())
		s.ended <- err
		in.CloseWithError(errors.Join(err, io.EOF))
	}()
	return listeningOn(s.t, out)
}

// listeningOn reads the address that a server announces, and then whatever
// else it says.
func listeningOn(t *testing.T, out io.Reader) string {
	t.Helper()
	lines := bufio.NewReader(out)
	line, err := lines.ReadString('\n')
	require.NoError(t, err)
	url, found := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	require.True(t, found, line)
	go func() { _, _ = io.Copy(io.Discard, lines) }()
	return url
}

func (s *stage) end(stop func(), fails bool) {
	if !fails {
		s.checkBooks()
	}
	s.http.CloseIdleConnections()
	stop()
	err := <-s.ended
	if !fails {
		require.NoError(s.t, err)
	}
	code, out, errOut := s.command("verify")
	require.Equal(s.t, exitDone, code, errOut)
	require.Contains(s.t, out, "clean: ")
}

// command runs a command of the program on the stage's ledger.
func (s *stage) command(args ...string) (code int, out, errOut string) {
	return runCommand(append(args, "--data", s.data)...)
}

func runCommand(args ...string) (code int, out, errOut string) {
	var outText, errText bytes.Buffer
	code = run(context.Background(), args, nil, &outText, &errText)
	return code, outText.String(), errText.String()
}

// operate runs a command that must succeed.
func (s *stage) operate(args ...string) string {
	s.t.Helper()
	code, out, errOut := s.command(args...)
	require.Equal(s.t, exitDone, code, errOut)
	return out
}

func (s *stage) addMerchant(hold time.Duration) (key string) {
	s.t.Helper()
	var added merchantKey
	out := s.operate("merchant", "add", "Merchant with a hold", "--hold", hold.String(), "--json")
	require.NoError(s.t, json.Unmarshal([]byte(out), &added))
	return added.ServerKey
}

// stageClock is a clock that stands until it is turned.
type stageClock struct {
	mu  sync.Mutex
	now time.Time
}

func newStageClock() *stageClock {
	return &stageClock{now: stageDay.Begin(24 * time.Hour).Add(10 * time.Hour)}
}

func (c *stageClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// turn moves the clock forward.
func (c *stageClock) turn(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(by)
}

// stageStore is the engine with a fault to order, and with a sweeper that
// comes when the test calls it.
type stageStore struct {
	*boltdb.Store
	sweeping atomic.Bool
	mu       sync.Mutex
	fault    applyFault
	loads    error
	failed   chan struct{}
}

// decision is what the ledger lets an engine decide.
type decision = func(ledger.State) (ledger.Change, error)

// applyFault stands in for Apply; apply is the engine's own.
type applyFault func(apply func(decision) error, keys ledger.Keys, decide decision) error

// order makes every Apply from now on go through a fault; nil ends that.
func (s *stageStore) order(fault applyFault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = fault
}

// refuseLoads makes every Load fail.
func (s *stageStore) refuseLoads(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.loads = err
}

func (s *stageStore) Load(ctx context.Context, keys ledger.Keys) (ledger.State, error) {
	s.mu.Lock()
	err := s.loads
	s.mu.Unlock()
	if err != nil {
		return ledger.State{}, err
	}
	return s.Store.Load(ctx, keys)
}

func (s *stageStore) Apply(ctx context.Context, keys ledger.Keys, decide func(ledger.State) (ledger.Change, error)) error {
	s.mu.Lock()
	fault := s.fault
	s.mu.Unlock()
	apply := func(decide decision) error { return s.Store.Apply(ctx, keys, decide) }
	if fault == nil {
		return apply(decide)
	}
	return fault(apply, keys, decide)
}

func (s *stageStore) Due(ctx context.Context, until time.Time, limit int) ([]ledger.Due, error) {
	if !s.sweeping.Load() {
		return nil, nil
	}
	return s.Store.Due(ctx, until, limit)
}

// Failed also tells of a failure that a test makes up.
func (s *stageStore) Failed() <-chan struct{} { return s.failed }

// sweep lets the sweeper come by once.
func (s *stage) sweep() {
	s.t.Helper()
	s.store.sweeping.Store(true)
	defer s.store.sweeping.Store(false)
	_, err := s.app.ledger.Sweep(context.Background())
	require.NoError(s.t, err)
}

// chargeTerms are what a merchant asks for. The zero value is 50000 for a day.
type chargeTerms struct {
	amount ledger.Rupiah
	// seconds is the code's life.
	seconds int
	cstore  map[string]any
	members map[string]any
}

const stageAmount ledger.Rupiah = 50_000

// charge makes a payment code through the merchants' API.
func (s *stage) charge(want chargeTerms) (code, order string) {
	s.t.Helper()
	if want.amount == 0 {
		want.amount = stageAmount
	}
	order = fmt.Sprintf("order-%d", s.orders.Add(1))
	cstore := map[string]any{"store": "indomaret"}
	for name, value := range want.cstore {
		cstore[name] = value
	}
	body := map[string]any{
		"payment_type": "cstore", "cstore": cstore,
		"transaction_details": map[string]any{"order_id": order, "gross_amount": want.amount},
	}
	for name, value := range want.members {
		body[name] = value
	}
	if want.seconds > 0 {
		body["custom_expiry"] = map[string]any{"expiry_duration": want.seconds, "unit": "second"}
	}
	answer := s.merchant(http.MethodPost, "/v2/charge", body)
	require.Equal(s.t, "201", answer["status_code"], answer)
	return answer["payment_code"].(string), order
}

// merchant calls the merchants' API.
func (s *stage) merchant(method, path string, body any) map[string]any {
	s.t.Helper()
	text, err := json.Marshal(body)
	require.NoError(s.t, err)
	request, err := http.NewRequest(method, s.url+path, bytes.NewReader(text))
	require.NoError(s.t, err)
	request.SetBasicAuth(s.key, "")
	return s.object(request)
}

// status is what the merchant is told of an order.
func (s *stage) status(order string) map[string]any {
	s.t.Helper()
	return s.merchant(http.MethodGet, "/v2/"+order+"/status", nil)
}

// finance calls the finance API.
func (s *stage) finance(method, path string) map[string]any {
	s.t.Helper()
	return s.object(s.financeRequest(method, path))
}

func (s *stage) financeRequest(method, path string) *http.Request {
	s.t.Helper()
	request, err := http.NewRequest(method, s.url+"/finance/v1"+path, nil)
	require.NoError(s.t, err)
	request.Header.Set("Authorization", "Bearer "+sandboxFinanceToken)
	return request
}

func (s *stage) object(request *http.Request) map[string]any {
	s.t.Helper()
	var object map[string]any
	require.NoError(s.t, json.Unmarshal(s.fetch(request), &object))
	return object
}

func (s *stage) fetch(request *http.Request) []byte {
	s.t.Helper()
	answer, err := s.http.Do(request)
	require.NoError(s.t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(s.t, err)
	return text
}

// closeDay closes the day on which the stage began.
func (s *stage) closeDay() {
	s.t.Helper()
	answer := s.finance(http.MethodPost, "/settlements/"+string(stageDay)+"/close?early=true")
	require.Equal(s.t, "closed", answer["status"], answer)
}

// warned says whether a warning was counted, once.
func (s *stage) warned(warning ledger.Warning) bool {
	s.t.Helper()
	return strings.Contains(s.metrics(), fmt.Sprintf("paypoint_partner_warnings_total{warning=%q} 1\n", warning))
}

func (s *stage) metrics() string {
	s.t.Helper()
	request, err := http.NewRequest(http.MethodGet, s.url+"/metrics", nil)
	require.NoError(s.t, err)
	return string(s.fetch(request))
}

// ledgerFile is the ledger's every byte.
func (s *stage) ledgerFile() []byte {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join(s.data, "ledger.db"))
	require.NoError(s.t, err)
	return text
}

// journal lists all records.
func (s *stage) journal() []ledger.Record {
	s.t.Helper()
	records, err := s.store.Records(context.Background(), 0, 1_000_000)
	require.NoError(s.t, err)
	return records
}

// written names the kinds of all records after the first so many.
func (s *stage) written(after int) string {
	s.t.Helper()
	var kinds []string
	for _, r := range s.journal()[after:] {
		kinds = append(kinds, string(r.Event.Kind()))
	}
	return strings.Join(kinds, " ")
}

// lastEvent is the newest event of a kind.
func lastEvent[E ledger.Event](s *stage) E {
	s.t.Helper()
	for _, r := range slices.Backward(s.journal()) {
		if event, is := r.Event.(E); is {
			return event
		}
	}
	require.Fail(s.t, "no such event")
	panic("unreachable")
}

// receivable is what Indomaret owes us.
func (s *stage) receivable() ledger.Rupiah {
	s.t.Helper()
	balance, sum := s.balances()
	require.Zero(s.t, sum)
	return balance[ledger.IndomaretReceivable]
}

func (s *stage) balances() (map[ledger.Account]ledger.Rupiah, ledger.Rupiah) {
	s.t.Helper()
	var books struct {
		Accounts []ledger.Balance `json:"accounts"`
		Sum      ledger.Rupiah    `json:"sum"`
	}
	require.NoError(s.t, json.Unmarshal(s.fetch(s.financeRequest(http.MethodGet, "/trial-balance")), &books))
	balances := map[ledger.Account]ledger.Rupiah{}
	for _, b := range books.Accounts {
		balances[b.Account] = b.Amount
	}
	return balances, books.Sum
}

// bookedLine is a line of a settlement as far as every test holds it.
type bookedLine struct {
	Day      ledger.Day
	Ref      ledger.TrackingRef
	Amount   ledger.Rupiah
	Reversed bool
}

// checkBooks derives the settlement's lines and the partner's debt from the
// journal's events, and compares them with what the program shows.
func (s *stage) checkBooks() {
	s.t.Helper()
	lines, owed := expectedBooks(s.journal())
	require.Equal(s.t, owed, s.receivable())
	var shown []bookedLine
	for _, day := range daysOf(lines) {
		listed, err := s.store.Lines(context.Background(), day, 0, 1_000_000)
		require.NoError(s.t, err)
		for _, l := range listed {
			shown = append(shown, bookedLine{l.Day, l.Ref, l.Amount, l.Reversed})
		}
	}
	require.ElementsMatch(s.t, lines, shown)
}

func expectedBooks(records []ledger.Record) (lines []bookedLine, owed ledger.Rupiah) {
	type payment struct {
		line int
		owed ledger.Rupiah
	}
	payments := map[string]payment{}
	for _, r := range records {
		switch e := r.Event.(type) {
		case ledger.Paid:
			p := payment{line: len(lines), owed: e.Amount}
			if e.FeeRemitted {
				p.owed += e.Fee
			}
			payments[string(e.Code)+" "+string(e.Ref)] = p
			lines = append(lines, bookedLine{e.Day, e.Ref, e.Amount, false})
			owed += p.owed
		case ledger.Reversed:
			p := payments[string(e.Code)+" "+string(e.Ref)]
			lines[p.line].Reversed = true
			owed -= p.owed
		}
	}
	return lines, owed
}

func daysOf(lines []bookedLine) []ledger.Day {
	var days []ledger.Day
	for _, l := range lines {
		if !slices.Contains(days, l.Day) {
			days = append(days, l.Day)
		}
	}
	return days
}
