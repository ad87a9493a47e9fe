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
	// stop tells the program to end, and ended carries what it ended with.
	stop  func()
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
	s.start(cfg)
	t.Cleanup(func() { s.end(setup.fails) })
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

// start runs the program until stop is called.
func (s *stage) start(cfg Config) {
	s.t.Helper()
	s.app = newApplication(cfg, zap.NewNop())
	s.app.now, s.app.openStore = s.clock.Now, s.open
	require.NoError(s.t, s.app.open(context.Background()))
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	out, in := io.Pipe()
	go func() {
		err := errors.Join(s.app.serve(ctx, in), s.app.Close())
		s.ended <- err
		in.CloseWithError(errors.Join(err, io.EOF))
	}()
	s.url = listeningOn(s.t, out)
}

// restart ends the program as an operator would and starts it again.
func (s *stage) restart() {
	s.t.Helper()
	s.stop()
	require.NoError(s.t, <-s.ended)
	s.start(s.app.config)
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

func (s *stage) end(fails bool) {
	s.t.Helper()
	if !fails {
		s.checkBooks()
	}
	s.http.CloseIdleConnections()
	s.stop()
	err := <-s.ended
	if !fails {
		require.NoError(s.t, err)
	}
	code, out, errOut := s.command("verify")
	require.Equal(s.t, exitDone, code, errOut)
	require.Contains(s.t, out, "clean: ")
	// Package testing holds on to what a cleanup has used until the last test is over:
	// ten megabytes for each stage, of which there are hundreds.
	s.app, s.store = nil, nil
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

// metrics is what /metrics shows of what is so by now.
func (s *stage) metrics() string {
	s.t.Helper()
	s.app.readState(context.Background())
	request, err := http.NewRequest(http.MethodGet, s.url+"/metrics", nil)
	require.NoError(s.t, err)
	return string(s.fetch(request))
}
