package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
	"paypoint/store"
)

// slowRequest is a request whose last byte is still to be sent.
type slowRequest struct {
	net.Conn
	answers *bufio.Reader
	last    string
}

// begin sends all of a message but its last byte, to a server that has begun to
// read it: it has asked for the body.
func begin(t *testing.T, url string, m tillMessage) slowRequest {
	t.Helper()
	address := strings.TrimPrefix(url, "http://")
	connection, err := net.Dial("tcp", address)
	require.NoError(t, err)
	t.Cleanup(func() { _ = connection.Close() })
	require.NoError(t, connection.SetDeadline(time.Now().Add(patience)))
	body := m.signed().envelope()
	_, err = fmt.Fprintf(connection, "POST /indomaret HTTP/1.1\r\nHost: %s\r\nContent-Type: text/xml\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n",
		address, len(body))
	require.NoError(t, err)
	answers := bufio.NewReader(connection)
	asked, err := http.ReadResponse(answers, nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusContinue, asked.StatusCode)
	_, err = io.WriteString(connection, body[:len(body)-1])
	require.NoError(t, err)
	return slowRequest{connection, answers, body[len(body)-1:]}
}

// complete sends the rest and reads the answer.
func (s slowRequest) complete(t *testing.T) (*http.Response, tillAnswer) {
	t.Helper()
	_, err := io.WriteString(s, s.last)
	require.NoError(t, err)
	response, err := http.ReadResponse(s.answers, nil)
	require.NoError(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	answer := tillAnswer{status: response.StatusCode, body: string(text), values: map[string]string{}}
	require.NoError(t, answer.read(text))
	return response, answer
}

// waitUntilRefused waits until a server takes no more connections.
func waitUntilRefused(t *testing.T, url string) {
	t.Helper()
	require.Eventually(t, func() bool {
		connection, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
		if err == nil {
			_ = connection.Close()
		}
		return err != nil
	}, patience, 5*time.Millisecond)
}

func TestServeFinishesRequestsBeforeItStops(t *testing.T) {
	t.Parallel()
	dir := stageFolder(t)
	p := launch(t, "serve", "--sandbox", "--data", dir, "--listen", "127.0.0.1:0")
	c := newClient(t, p.urls[0])
	codes := make([]string, 8)
	slow := make([]slowRequest, len(codes))
	for i := range codes {
		var err error
		codes[i], err = c.charge(fmt.Sprint("order-", i), stageAmount)
		require.NoError(t, err)
		slow[i] = begin(t, p.urls[0], message(reqPayment, codes[i], fmt.Sprint("R", i), stageAmount))
	}
	require.NoError(t, p.command.Process.Signal(os.Interrupt))
	waitUntilRefused(t, p.urls[0])

	receipts := make([]string, len(codes))
	for i, s := range slow {
		response, answer := s.complete(t)
		require.Equal(t, approved, answer.code(), answer)
		require.True(t, response.Close, "the connection ends with its answer")
		receipts[i] = answer.values["ReceiptCode"]
	}
	require.Equal(t, exitDone, p.wait(), p.log())
	require.NoFileExists(t, filepath.Join(dir, socketName))
	code, out, errText := runCommand("verify", "--data", dir)
	require.Equal(t, exitDone, code, errText)
	require.Contains(t, out, "8 payments")

	p = launch(t, "serve", "--sandbox", "--data", dir, "--listen", "127.0.0.1:0")
	c.url = p.urls[0]
	for i, code := range codes {
		answer, err := c.till(message(reqPayment, code, fmt.Sprint("R", i), stageAmount))
		require.NoError(t, err)
		require.Equal(t, receipts[i], answer.values["ReceiptCode"])
	}
	require.Equal(t, exitDone, p.stop())
}

func TestServeCutsOffWhatDoesNotEnd(t *testing.T) {
	t.Parallel()
	cfg := sandboxHere(t)
	cfg.Limits.Partner.ReadTimeout, cfg.Limits.Partner.AnswerTimeout = time.Minute, 0
	l := serveHere(t, cfg, 1, nil)
	never := begin(t, l.urls[0], message(reqInquiry, "1", "R", 0))
	require.NoError(t, l.end())
	require.Len(t, l.logs.lines("requests were cut off"), 1)
	_, err := http.ReadResponse(bufio.NewReader(never), nil)
	require.Error(t, err, "nobody is answered when nothing was decided")
}

// brokenStore is a ledger that fails when it is told to.
type brokenStore struct {
	ledger.Store
	once   sync.Once
	failed chan struct{}
	// unreadable lets every Load fail.
	unreadable atomic.Bool
}

var errDisk = errors.New("input/output error")

// broken puts a brokenStore around an application's engine.
func broken() (*brokenStore, func(*application)) {
	b := &brokenStore{failed: make(chan struct{})}
	return b, func(a *application) {
		a.openStore = func(url string, options store.Options) (ledger.Store, error) {
			var err error
			b.Store, err = store.Open(url, options)
			return b, err
		}
	}
}

func (b *brokenStore) fail() { b.once.Do(func() { close(b.failed) }) }

// Err is ledger.Store's.
func (b *brokenStore) Err() error {
	select {
	case <-b.failed:
		return errDisk
	default:
		return nil
	}
}

// Load is ledger.Store's.
func (b *brokenStore) Load(ctx context.Context, keys ledger.Keys) (ledger.State, error) {
	if b.unreadable.Load() {
		return ledger.State{}, errDisk
	}
	return b.Store.Load(ctx, keys)
}

// Failed is ledger.Store's.
func (b *brokenStore) Failed() <-chan struct{} { return b.failed }

func TestServeEndsWithTheLedger(t *testing.T) {
	t.Parallel()
	failing, adjust := broken()
	l := serveHere(t, sandboxHere(t), 1, adjust)
	waiting := begin(t, l.urls[0], message(reqInquiry, "1", "R", 0))
	failing.fail()
	require.EqualError(t, <-l.ended, "the ledger has stopped, start again: input/output error")
	_, err := http.ReadResponse(bufio.NewReader(waiting), nil)
	require.Error(t, err, "nobody is answered after a failure")
}

func TestServeTellsOfALedgerThatFailsWhileItStops(t *testing.T) {
	t.Parallel()
	failing, adjust := broken()
	l := serveHere(t, sandboxHere(t), 1, adjust)
	waiting := begin(t, l.urls[0], message(reqInquiry, "1", "R", 0))
	l.quit()
	waitUntilRefused(t, l.urls[0])
	failing.fail()
	_, answer := waiting.complete(t)
	require.Equal(t, "14", answer.code())
	require.EqualError(t, <-l.ended, "the ledger has stopped, start again: input/output error")
}

// TestServeStopsWhenTheDiskFails lets fdatasync fail under a server at work:
// nothing that was in flight is answered, the process says why it ends, and
// the next one goes on with all that was ever answered.
func TestServeStopsWhenTheDiskFails(t *testing.T) {
	t.Parallel()
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("needs strace: Debian package strace")
	}
	h := newTorture(t, 1)
	// Each thread's first calls pass, so that the server starts and books some; then
	// all fail.
	p := start(t, []string{strace, "-f", "-qq", "-o", "/dev/null", "-e", "trace=fdatasync", "-e", "inject=fdatasync:error=EIO:when=60+"},
		"serve", "--sandbox", "--data", h.dir, "--listen", "127.0.0.1:0")
	p.waitUntilListening(1)
	h.connect(p)
	var working sync.WaitGroup
	for _, till := range h.tills {
		working.Go(func() { till.work(p.ended) })
	}
	require.Equal(t, exitFailed, p.wait(), p.log())
	working.Wait()
	require.Regexp(t, `(?m)^paypoint: the ledger has stopped, start again: commit.*: input/output error$`, p.log())
	for _, s := range h.sales() {
		require.False(t, strings.Contains(p.log(), s.code), "the log shows code %s in full", s.code)
	}
	for _, till := range h.tills {
		require.Empty(t, till.faults)
	}
	require.Positive(t, h.counts().silent)
	h.check()
	h.finish()
}

func TestServeRefusesASecondServer(t *testing.T) {
	t.Parallel()
	l := serveHere(t, sandboxHere(t), 1, nil)
	code, out, errText := runCommand("serve", "--sandbox", "--data", l.app.config.DataDir, "--listen", "127.0.0.1:0")
	require.Equal(t, exitFailed, code)
	require.Empty(t, out)
	require.Contains(t, errText, "another process has the ledger open")
	require.Contains(t, errText, filepath.Join(l.app.config.DataDir, "ledger.db"))

	code, _, errText = runCommand("trial-balance", "--data", l.app.config.DataDir)
	require.Equal(t, exitDone, code, "the first server's socket is still its own: %s", errText)
	require.NoError(t, l.end())
}

func TestServeNamesTheGroupsOfATakenPort(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	dir := stageFolder(t)
	code, _, errText := runCommand("serve", "--sandbox", "--data", dir, "--listen", taken.Addr().String())
	require.Equal(t, exitFailed, code)
	require.Contains(t, errText, "listen on "+taken.Addr().String()+" for [partner merchant pages console operations]: ")
	require.Contains(t, errText, "address already in use")
	require.NoFileExists(t, filepath.Join(dir, socketName))
	code, _, errText = runCommand("verify", "--data", dir)
	require.Equal(t, exitDone, code, "the ledger is let go: %s", errText)
}

// productionFile writes a configuration for production and returns its path
// and that of its master key. More lines may follow.
func productionFile(t *testing.T, more string) (config, masterKey string) {
	t.Helper()
	dir := stageFolder(t)
	config, masterKey = filepath.Join(dir, "paypoint.yaml"), filepath.Join(dir, "master.key")
	text := fmt.Sprintf("data_dir: %s\nmaster_key_file: %s\npartner: {signature: {keys: [a-key-of-the-deal]}}\n%s",
		filepath.Join(dir, "data"), masterKey, more)
	require.NoError(t, os.WriteFile(config, []byte(text), 0o600))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "data"), 0o700))
	return config, masterKey
}

// productionLedger makes the ledger of a configuration file and returns what
// was logged meanwhile.
func productionLedger(t *testing.T, config string) string {
	t.Helper()
	cfg, err := LoadConfig(config, nil, Overrides{})
	require.NoError(t, err)
	return makeLedger(t, cfg)
}

// fiveListeners give each group a host of its own, and any free port.
const fiveListeners = `
listeners:
  partner: {listen: "127.0.0.1:0", public_url: "https://pay.example.com"}
  merchant: {listen: "127.0.0.2:0"}
  pages: {listen: "127.0.0.5:0"}
  console: {listen: "127.0.0.3:0"}
  operations: {listen: "127.0.0.4:0"}
`

func TestServeKeepsTheGroupsApart(t *testing.T) {
	t.Parallel()
	config, _ := productionFile(t, fiveListeners)
	p := start(t, nil, "serve", "--config", config)
	p.waitUntilListening(5)
	hosts := []string{"127.0.0.1", "127.0.0.2", "127.0.0.5", "127.0.0.3", "127.0.0.4"}
	for i, url := range p.urls {
		require.Regexp(t, `^http://`+hosts[i]+`:[1-9][0-9]*$`, url)
	}
	// A group's own route answers by its rules; no other place knows it.
	routes := []struct {
		place  int
		path   string
		status int
		says   string
	}{
		{0, "/indomaret?wsdl", http.StatusOK, `location="https://pay.example.com/indomaret"`},
		{1, "/v2/order-1/status", http.StatusUnauthorized, `"status_code":"401"`},
		{1, "/v1/charges", http.StatusUnauthorized, `"status_code":"401"`},
		{1, "/docs", http.StatusOK, "<html"},
		{1, "/openapi.yaml", http.StatusOK, "openapi: 3.1"},
		{2, "/pay/018f4e6e-0000-7000-8000-000000000000", http.StatusNotFound, "<html"},
		{3, "/finance/v1/settlements", http.StatusUnauthorized, `"error"`},
		{4, "/healthz", http.StatusOK, "ok"},
		{4, "/readyz", http.StatusOK, "ok"},
		{4, "/metrics", http.StatusOK, "paypoint_"},
	}
	c := newClient(t, "")
	for _, route := range routes {
		for place, url := range p.urls {
			want := http.StatusNotFound
			if place == route.place {
				want = route.status
			}
			response, err := c.http.Get(url + route.path)
			require.NoError(t, err)
			text, err := io.ReadAll(response.Body)
			require.NoError(t, err)
			require.NoError(t, response.Body.Close())
			require.Equal(t, want, response.StatusCode, "%s at %s", route.path, hosts[place])
			if place == route.place {
				require.Contains(t, string(text), route.says, route.path)
			}
		}
	}
	require.Equal(t, exitDone, p.stop())
	require.Contains(t, p.log(), `"groups":["merchant"]`)
}

func TestMasterKeyIsMadeOnceForItsOwnerAlone(t *testing.T) {
	t.Parallel()
	config, masterKey := productionFile(t, "")
	logged := productionLedger(t, config)
	require.Contains(t, logged, "made a new master key: keep a copy")
	code, _, errText := runCommand("merchant", "add", "Shop", "--config", config)
	require.Equal(t, exitDone, code, errText)
	require.Empty(t, errText)
	info, err := os.Stat(masterKey)
	require.NoError(t, err)
	require.Equal(t, fs.FileMode(0o600), info.Mode().Perm())
	text, err := os.ReadFile(masterKey)
	require.NoError(t, err)
	require.NotContains(t, logged, strings.TrimSpace(string(text)))

	code, _, errText = runCommand("merchant", "list", "--config", config)
	require.Equal(t, exitDone, code, errText)
	require.Empty(t, errText)
	again, err := os.ReadFile(masterKey)
	require.NoError(t, err)
	require.Equal(t, text, again)
}

func TestMasterKeyThatDoesNotFitStopsTheStart(t *testing.T) {
	t.Parallel()
	for name, try := range map[string]struct {
		spoil func(t *testing.T, masterKey string)
		says  string
	}{
		"missing": {
			func(t *testing.T, path string) { require.NoError(t, os.Remove(path)) },
			"sealed under a master key that is not there",
		},
		"readable by others": {
			func(t *testing.T, path string) { require.NoError(t, os.Chmod(path, 0o644)) },
			"mode 0644: the group or others may read or write it: want mode 0600",
		},
		"another one": {
			func(t *testing.T, path string) {
				require.NoError(t, os.WriteFile(path, []byte(strings.Repeat("ab", 32)), 0o600))
			},
			"merchant/G000000001",
		},
		"no key": {
			func(t *testing.T, path string) { require.NoError(t, os.WriteFile(path, []byte("short"), 0o600)) },
			"not a master key",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config, masterKey := productionFile(t, fiveListeners)
			productionLedger(t, config)
			code, _, errText := runCommand("merchant", "add", "Shop", "--config", config)
			require.Equal(t, exitDone, code, errText)
			try.spoil(t, masterKey)
			code, out, errText := runCommand("serve", "--config", config)
			require.Equal(t, exitFailed, code)
			require.Contains(t, errText, try.says)
			require.NotContains(t, errText, strings.Repeat("ab", 32))
			require.Empty(t, out, "it never listened")
		})
	}
}

func TestProductionRefusesASandboxLedger(t *testing.T) {
	t.Parallel()
	config, masterKey := productionFile(t, fiveListeners)
	data := filepath.Join(filepath.Dir(config), "data")
	cfg, err := LoadConfig("", nil, Overrides{DataDir: data, Sandbox: true})
	require.NoError(t, err)
	makeLedger(t, cfg)
	require.NoError(t, os.Rename(filepath.Join(data, "master.key"), masterKey))
	code, _, errText := runCommand("serve", "--config", config)
	require.Equal(t, exitFailed, code)
	require.Contains(t, errText, "the ledger is a sandbox's")
}

func TestSandboxRefusesAProductionLedger(t *testing.T) {
	t.Parallel()
	config, _ := productionFile(t, "")
	productionLedger(t, config)
	code, _, errText := runCommand("merchant", "add", "Shop", "--config", config)
	require.Equal(t, exitDone, code, errText)
	code, _, errText = runCommand("merchant", "list", "--config", config, "--sandbox")
	require.Equal(t, exitFailed, code)
	require.Contains(t, errText, "the ledger is not a sandbox's")
	code, out, errText := runCommand("merchant", "list", "--config", config)
	require.Equal(t, exitDone, code, "it is as it was: %s", errText)
	require.NotContains(t, out, "Sandbox")
}

func TestServeClearsTheScratchFolder(t *testing.T) {
	t.Parallel()
	cfg := sandboxHere(t)
	left := filepath.Join(scratchFolder(cfg.DataDir), "verify-1", "ledger.db")
	require.NoError(t, os.MkdirAll(filepath.Dir(left), 0o700))
	require.NoError(t, os.WriteFile(left, []byte("left by a killed process"), 0o600))
	l := serveHere(t, cfg, 1, nil)
	require.NoFileExists(t, left)
	require.DirExists(t, scratchFolder(cfg.DataDir))
	require.NoError(t, l.end())
}

// A master key without its ledger mostly means a disk that is not mounted: an
// empty ledger would answer that paid codes are unknown.
func TestServeBeginsNoLedgerInPlaceOfAnother(t *testing.T) {
	t.Parallel()
	dir := stageFolder(t)
	code, _, errText := runCommand("serve", "--sandbox", "--data", dir, "--listen", "nonsense:port:0")
	require.NotEqual(t, exitDone, code, errText)
	p := launch(t, "serve", "--sandbox", "--data", dir, "--listen", "127.0.0.1:0")
	require.Equal(t, exitDone, p.stop())
	require.NoError(t, os.Rename(filepath.Join(dir, "ledger.db"), filepath.Join(dir, "elsewhere.db")))

	code, _, errText = runCommand("serve", "--sandbox", "--data", dir, "--listen", "127.0.0.1:0")
	require.Equal(t, exitFailed, code)
	require.Contains(t, errText, "is its disk mounted? serve --new-ledger begins an empty one")
	require.NoFileExists(t, filepath.Join(dir, "ledger.db"))
	p = launch(t, "serve", "--sandbox", "--data", dir, "--listen", "127.0.0.1:0", "--new-ledger")

	other := []string{"serve", "--sandbox", "--data", dir, "--listen", "127.0.0.1:0", "--store", "memory:"}
	code, _, errText = runCommand(other...)
	require.Equal(t, exitFailed, code)
	require.Contains(t, errText, "another server runs in "+dir)
	require.Equal(t, exitDone, p.stop())
}

// An upgrade can take minutes: the log says that it goes on, not each step.
func TestServeTellsOfAnUpgrade(t *testing.T) {
	t.Parallel()
	cfg := sandboxHere(t)
	l := serveHere(t, cfg, 1, func(a *application) {
		a.openStore = func(url string, options store.Options) (ledger.Store, error) {
			for done := range uint64(100) {
				options.Bolt.Upgrading(done, 100)
			}
			return store.Open(url, options)
		}
	})
	require.NoError(t, l.end())
	told := l.logs.lines("upgrading the ledger")
	require.Len(t, told, 1)
	require.Contains(t, told[0], `"of": 100`)
}

// A server that is started before the ledger is restored would tell Indomaret that
// paid codes are unknown, and leave an empty ledger in the restored one's place.
func TestServeMakesNoLedgerBesideAShippedJournal(t *testing.T) {
	t.Parallel()
	cfg := shippingHere(t, t.TempDir(), true)
	l := serveHere(t, cfg, 1, nil)
	l.sellHere("1")
	require.NoError(t, l.end())
	config := save(t, "paypoint.yaml", "journal: {ship_dir: "+cfg.Journal.ShipDir+"}\n")
	for name, flags := range map[string][]string{"a new machine": nil, "asked for": {"--new-ledger"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data := stageFolder(t)
			code, errText := tryServe(t, append([]string{"--sandbox", "--data", data, "--config", config}, flags...)...)
			require.Equal(t, exitFailed, code)
			require.Contains(t, errText, "paypoint restore --journal "+cfg.Journal.ShipDir)
			require.Empty(t, namesIn(t, data))
		})
	}
}
