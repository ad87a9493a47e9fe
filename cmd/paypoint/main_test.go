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
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/ledger"
)

// Tests that kill the program, or stop it by a signal, need it in a process of
// its own: the test binary starts itself with this variable set.
const runAsProgram = "RUN_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(runAsProgram) != "" {
		main() // which ends the process
	}
	m.Run()
}

// The sandbox's tokens, by their roles in these tests: one proposes what the
// other approves.
const (
	sandboxFinanceToken  = access.SandboxFinanceToken
	sandboxApproverToken = access.SandboxApproverToken
)

// patience is how long a test waits for another process.
const patience = 60 * time.Second

// process is the program in a process of its own.
type process struct {
	t       *testing.T
	command *exec.Cmd
	logFile string
	// urls are the addresses that it announced, in order.
	urls []string
	// said carries the lines of its standard output, and is closed at its end.
	said chan string
	// ended is closed when the process has ended.
	ended chan struct{}
}

// launch starts the program and waits until it listens.
func launch(t *testing.T, args ...string) *process {
	t.Helper()
	p := start(t, nil, args...)
	p.waitUntilListening(1)
	return p
}

// start starts the program, under another one if before names it.
func start(t *testing.T, before []string, args ...string) *process {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	line := append(append(slices.Clone(before), self), args...)
	p := &process{
		t: t, command: exec.Command(line[0], line[1:]...), logFile: filepath.Join(t.TempDir(), "log"),
		said: make(chan string, 1024), ended: make(chan struct{}),
	}
	p.command.Env = append(os.Environ(), runAsProgram+"=1")
	// A group of its own, so that killing it also kills what runs under before.
	p.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	log, err := os.Create(p.logFile)
	require.NoError(t, err)
	p.command.Stderr = log
	out, err := p.command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, p.command.Start())
	require.NoError(t, log.Close())
	go p.follow(out)
	t.Cleanup(func() {
		_ = syscall.Kill(-p.command.Process.Pid, syscall.SIGKILL) // has ended already, unless the test failed
		<-p.ended
		if t.Failed() {
			t.Logf("log of the program:\n%s", tail(p.log()))
		}
	})
	return p
}

// follow reads what the program says until its end.
func (p *process) follow(out io.Reader) {
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		p.said <- lines.Text()
	}
	close(p.said)
	_ = p.command.Wait() // the exit code is asked for later
	close(p.ended)
}

// waitUntilListening waits for so many addresses.
func (p *process) waitUntilListening(addresses int) {
	p.t.Helper()
	late := time.After(patience)
	for len(p.urls) < addresses {
		select {
		case line, more := <-p.said:
			require.True(p.t, more, "the program ended: %s", p.log())
			if url, found := strings.CutPrefix(line, "listening on "); found {
				p.urls = append(p.urls, url)
			}
		case <-late:
			require.Fail(p.t, "the program does not listen", p.log())
		}
	}
}

// kill ends the process without a warning, as a loss of power does.
func (p *process) kill() {
	p.t.Helper()
	require.NoError(p.t, syscall.Kill(-p.command.Process.Pid, syscall.SIGKILL))
	p.wait()
}

// stop tells the process to end, and returns its exit code.
func (p *process) stop() int {
	p.t.Helper()
	require.NoError(p.t, p.command.Process.Signal(syscall.SIGTERM))
	return p.wait()
}

// wait waits for the end of the process and returns its exit code.
func (p *process) wait() int {
	p.t.Helper()
	select {
	case <-p.ended:
		return p.command.ProcessState.ExitCode()
	case <-time.After(patience):
		require.Fail(p.t, "the program does not end", p.log())
		return 0
	}
}

// log is what the program has written to standard error.
func (p *process) log() string {
	text, err := os.ReadFile(p.logFile)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// local is the program in the test's own process, with its log.
type local struct {
	t     *testing.T
	app   *application
	urls  []string
	logs  *logBuffer
	quit  func()
	ended chan error
}

// serveHere serves a configuration on so many addresses; adjust may change the
// application before it opens its ledger. The test ends it by end.
func serveHere(t *testing.T, cfg Config, addresses int, adjust func(*application)) *local {
	t.Helper()
	logs := &logBuffer{}
	l := &local{t: t, app: newApplication(cfg, newLogger(cfg, logs)), logs: logs, ended: make(chan error, 1)}
	if adjust != nil {
		adjust(l.app)
	}
	require.NoError(t, l.app.open(t.Context()))
	ctx, quit := context.WithCancel(context.Background())
	l.quit = quit
	t.Cleanup(quit)
	out, in := io.Pipe()
	go func() {
		err := errors.Join(l.app.serve(ctx, in), l.app.Close())
		in.CloseWithError(errors.Join(err, io.EOF))
		l.ended <- err
	}()
	lines := bufio.NewScanner(out)
	for len(l.urls) < addresses && lines.Scan() {
		if url, found := strings.CutPrefix(lines.Text(), "listening on "); found {
			l.urls = append(l.urls, url)
		}
	}
	require.Len(t, l.urls, addresses, logs)
	go func() { _, _ = io.Copy(io.Discard, out) }()
	return l
}

// end stops the program and returns what it ended with.
func (l *local) end() error {
	l.quit()
	return <-l.ended
}

// sandboxHere is the configuration of a sandbox in a folder of its own.
func sandboxHere(t *testing.T) Config {
	t.Helper()
	cfg, err := LoadConfig("", nil, Overrides{Listen: "127.0.0.1:0", DataDir: stageFolder(t), Sandbox: true})
	require.NoError(t, err)
	return cfg
}

// makeLedger makes the ledger of a configuration, as serve does, and returns
// what was logged meanwhile.
func makeLedger(t *testing.T, cfg Config) string {
	t.Helper()
	logs := &logBuffer{}
	a, err := openApplication(t.Context(), cfg, newLogger(cfg, logs))
	require.NoError(t, err)
	require.NoError(t, a.Close())
	return logs.String()
}

// sandboxLedger makes a sandbox's ledger and returns its data directory.
func sandboxLedger(t *testing.T) string {
	t.Helper()
	cfg := sandboxHere(t)
	makeLedger(t, cfg)
	return cfg.DataDir
}

// logBuffer is a log that can be read while it is written.
type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// lines are the events that hold a text.
func (b *logBuffer) lines(holding string) []string {
	var found []string
	for line := range strings.Lines(b.String()) {
		if strings.Contains(line, holding) {
			found = append(found, line)
		}
	}
	return found
}

// tail is the end of a long text.
func tail(text string) string {
	const most = 4000
	return text[max(0, len(text)-most):]
}

// client talks to a running server as merchants and tills do.
type client struct {
	url string
	// key is the merchant's server key.
	key  string
	http *http.Client
}

// newClient keeps its connections until the test ends.
func newClient(t *testing.T, url string) *client {
	t.Helper()
	transport := &http.Transport{MaxIdleConnsPerHost: 128}
	t.Cleanup(transport.CloseIdleConnections)
	return &client{url: url, key: sandboxKey, http: &http.Client{Transport: transport}}
}

// charge makes a payment code for an order.
func (c *client) charge(order string, amount ledger.Rupiah) (code string, err error) {
	body, err := json.Marshal(map[string]any{
		"payment_type": "cstore", "cstore": map[string]any{"store": "indomaret"},
		"transaction_details": map[string]any{"order_id": order, "gross_amount": amount},
	})
	if err != nil {
		return "", err
	}
	request, err := http.NewRequest(http.MethodPost, c.url+"/v2/charge", bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	request.SetBasicAuth(c.key, "")
	var answer struct {
		PaymentCode string `json:"payment_code"`
		StatusCode  string `json:"status_code"`
	}
	if err := c.call(request, &answer); err != nil {
		return "", err
	}
	if answer.StatusCode != "201" {
		return "", fmt.Errorf("charge %s: refused with %s", order, answer.StatusCode)
	}
	return answer.PaymentCode, nil
}

// status is what the merchant is told of an order.
func (c *client) status(order string) (string, error) {
	request, err := http.NewRequest(http.MethodGet, c.url+"/v2/"+order+"/status", nil)
	if err != nil {
		return "", err
	}
	request.SetBasicAuth(c.key, "")
	var answer struct {
		Status string `json:"transaction_status"`
	}
	return answer.Status, c.call(request, &answer)
}

func (c *client) call(request *http.Request, answer any) error {
	response, err := c.http.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	return json.NewDecoder(response.Body).Decode(answer)
}

// till sends a signed message; an error means that no answer came.
func (c *client) till(m tillMessage) (tillAnswer, error) {
	response, err := c.http.Post(c.url+"/indomaret", "text/xml", strings.NewReader(m.signed().envelope()))
	if err != nil {
		return tillAnswer{}, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return tillAnswer{}, err
	}
	answer := tillAnswer{status: response.StatusCode, body: string(text), values: map[string]string{}}
	if err := answer.read(text); err != nil {
		return tillAnswer{}, err
	}
	if answer.code() == "" {
		return tillAnswer{}, errors.New("no response code: " + answer.String())
	}
	return answer, nil
}

// message is a till's message with the time of day.
func message(name, code, ref string, amount ledger.Rupiah) tillMessage {
	now := time.Now().In(ledger.WIB)
	m := tillMessage{name: name}.
		with("TimeStamp", now.Format(ledger.WireTime)).
		with("MessageID", now.Format("20060102150405.000000")+ref).
		with("PaymentCode", code)
	if name != reqInquiry {
		m = m.with("Amount", amount.String())
	}
	return m.with("TrackingRef", ref).with("StoreID", tillStore)
}
