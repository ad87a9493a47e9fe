package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/access"
)

// merchantsPage is what a shop's developer reads. Its programs run as they
// stand, but for the two addresses in them.
const merchantsPage = root + "/docs/merchants.md"

// What stands on the page for the server and for the shop.
const (
	pageBase = "http://127.0.0.1:8080"
	pagePort = "9000"
)

// snippet is the only code block of the page in a language that contains a
// text.
func snippet(t *testing.T, language, contains string) string {
	t.Helper()
	page, err := os.ReadFile(merchantsPage)
	require.NoError(t, err)
	var found []string
	for _, block := range regexp.MustCompile("(?ms)^```"+language+"\n(.*?)^```$").FindAllStringSubmatch(string(page), -1) {
		if strings.Contains(block[1], contains) {
			found = append(found, block[1])
		}
	}
	require.Len(t, found, 1, "%s with %q", language, contains)
	return found[0]
}

// onStage puts the addresses of a stage and of a shop's port in the place of
// the page's.
func (s *stage) onStage(t *testing.T, program, port string) string {
	t.Helper()
	if strings.Contains(program, pageBase) {
		program = strings.ReplaceAll(program, pageBase, s.url)
	}
	return strings.ReplaceAll(program, pagePort, port)
}

// freePort is a port that nobody listened at a moment ago.
func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	_, port, err := net.SplitHostPort(listener.Addr().String())
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	return port
}

// needs skips a test on a machine without a program.
func needs(t *testing.T, program, packages string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		t.Skipf("needs %s: Debian package %s", program, packages)
	}
}

// nodeModules lets a program of the page find the vendor's SDK.
func nodeModules(t *testing.T) string {
	t.Helper()
	if !runs([]string{"node", "-e", `require("./midtrans-node/node_modules/midtrans-client")`}) {
		t.Skip("needs node with its packages: Debian packages nodejs npm, then npm ci in testdata/clients/midtrans-node")
	}
	folder, err := filepath.Abs(nodeSDKFolder + "/node_modules")
	require.NoError(t, err)
	return "NODE_PATH=" + folder
}

// saved writes a program into a folder of its own and gives its path.
func saved(t *testing.T, name, program string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(program), 0o600))
	return path
}

// shopProgram is a program of the page that runs until the test ends.
type shopProgram struct {
	t     *testing.T
	lines chan string
}

// lineRoom is more than a program says in a test.
const lineRoom = 1000

// startProgram starts one. What it says on either of its outputs is kept.
func startProgram(t *testing.T, environ []string, command string, args ...string) *shopProgram {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	p := &shopProgram{t: t, lines: make(chan string, lineRoom)}
	program := exec.CommandContext(ctx, command, args...)
	program.Env, program.WaitDelay = append(os.Environ(), environ...), time.Second
	out, in := io.Pipe()
	program.Stdout, program.Stderr = in, in
	require.NoError(t, program.Start())
	go func() {
		for lines := bufio.NewScanner(out); lines.Scan(); {
			p.lines <- lines.Text()
		}
	}()
	t.Cleanup(func() {
		stop()
		_ = program.Wait() // it was killed
		_ = in.Close()
	})
	return p
}

// says waits for a line that has all these words.
func (p *shopProgram) says(words ...string) string {
	p.t.Helper()
	late := time.After(serverPatience)
	for {
		select {
		case line := <-p.lines:
			missing := 0
			for _, word := range words {
				if !strings.Contains(line, word) {
					missing++
				}
			}
			if missing == 0 {
				return line
			}
		case <-late:
			require.Fail(p.t, "the program does not say", "%q", words)
		}
	}
}

// listens waits until a program takes connections.
func listens(t *testing.T, port string) {
	t.Helper()
	require.Eventually(t, func() bool {
		connection, err := net.Dial("tcp", "127.0.0.1:"+port)
		if err != nil {
			return false
		}
		return connection.Close() == nil
	}, serverPatience, 10*time.Millisecond)
}

// printsAll is the receiver of the page's beginning, which checks nothing.
const printsAll = "first, in Python"

// receivers are the page's, with how they are started.
func receivers(t *testing.T) map[string]func(t *testing.T, s *stage, port string) *shopProgram {
	t.Helper()
	return map[string]func(t *testing.T, s *stage, port string) *shopProgram{
		printsAll: func(t *testing.T, s *stage, port string) *shopProgram {
			needs(t, "python3", "python3")
			_, program, found := strings.Cut(snippet(t, "sh", "python3 -c '"), "python3 -c '\n")
			require.True(t, found)
			program, _, found = strings.Cut(program, "'\n")
			require.True(t, found)
			return startProgram(t, nil, "python3", "-c", s.onStage(t, program, port))
		},
		"Python": func(t *testing.T, s *stage, port string) *shopProgram {
			needs(t, "python3", "python3")
			return startProgram(t, nil, "python3", saved(t, "receiver.py", s.onStage(t, snippet(t, "python", "hmac"), port)))
		},
		"Node": func(t *testing.T, s *stage, port string) *shopProgram {
			needs(t, "node", "nodejs")
			return startProgram(t, nil, "node", saved(t, "receiver.js", s.onStage(t, snippet(t, "js", "createServer"), port)))
		},
		"PHP": func(t *testing.T, s *stage, port string) *shopProgram {
			needs(t, "php", "php-cli")
			return startProgram(t, nil, "php", "-S", "127.0.0.1:"+port, saved(t, "receiver.php", snippet(t, "php", "hash_equals")))
		},
	}
}

// forged is a notification that nobody signed.
const forged = `{"order_id":"order-2","transaction_status":"settlement","status_code":"200","gross_amount":"50000.00","signature_key":"0"}`

// Each receiver of the page takes what the program sends, and believes nobody
// else.
func TestSnippetsOfReceivers(t *testing.T) {
	t.Parallel()
	for name, start := range receivers(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, stageSetup{})
			s.clock.turn(time.Since(s.clock.Now())) // receivers look whether a notification is fresh
			port := freePort(t)
			shop := start(t, s, port)
			listens(t, port)
			s.operate("merchant", "notify", access.SandboxMerchant, "http://127.0.0.1:"+port+"/")
			code, order := s.charge(chargeTerms{})
			shop.says(order, "pending")
			s.pay(code, tillRef, stageAmount)
			shop.says(order, "settlement")

			if name != printsAll {
				s.refusesForged(t, "http://127.0.0.1:"+port+"/")
			}
		})
	}
}

// refusesForged sends a receiver what nobody has signed.
func (s *stage) refusesForged(t *testing.T, url string) {
	t.Helper()
	for _, body := range []string{forged, "{}", "null", "no JSON"} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
		require.NoError(t, err)
		request.Header.Set("webhook-id", "x")
		request.Header.Set("webhook-timestamp", fmt.Sprint(time.Now().Unix()))
		answer, err := s.http.Do(request)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		require.Equal(t, http.StatusForbidden, answer.StatusCode, body)
	}
}

// output runs a program to its end.
func output(t *testing.T, environ []string, command string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), clientLimit)
	defer cancel()
	program := exec.CommandContext(ctx, command, args...)
	program.Env = append(os.Environ(), environ...)
	text, err := program.CombinedOutput()
	require.NoError(t, err, string(text))
	return string(text)
}

// The shop of the page charges, gets the same code again, and is told when its
// order id is taken.
func TestSnippetOfTheNodeShop(t *testing.T) {
	t.Parallel()
	environ := []string{nodeModules(t), "no_proxy=*"}
	s := newStage(t, stageSetup{})
	program := s.onStage(t, snippet(t, "js", "midtrans-client"), pagePort)
	path := saved(t, "shop.js", program)
	first := output(t, environ, "node", path)
	charged := s.status("node-1")
	require.Equal(t, fmt.Sprintf("%s %s\n", charged["payment_code"], charged["redirect_url"]), first)
	require.Equal(t, first, output(t, environ, "node", path))
	require.Contains(t, output(t, environ, "node", saved(t, "shop.js", strings.Replace(program, "50000", "60000", 1))), "406")
}

// The page's Go program is built with the SDK and runs as it stands.
func TestSnippetOfTheGoShop(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	port := freePort(t)
	source := saved(t, "main.go", s.onStage(t, snippet(t, "go", "package main"), port))
	program := filepath.Join(filepath.Dir(source), "shop")
	output(t, nil, "go", "build", "-o", program, source)
	shop := startProgram(t, []string{"no_proxy=*"}, program)
	listens(t, port)
	code := shop.says()
	for !regexp.MustCompile(`^100\d{13}$`).MatchString(code) {
		code = shop.says() // the SDK says what it asks for
	}
	require.Equal(t, s.status("go-1")["payment_code"], code)
	s.operate("merchant", "notify", access.SandboxMerchant, "http://127.0.0.1:"+port+"/")
	s.pay(code, tillRef, stageAmount)
	shop.says("go-1", "settlement")
}

// Programs whose SDK comes by another package manager are read by their
// language at least.
func TestSnippetsParse(t *testing.T) {
	t.Parallel()
	for name, try := range map[string]struct {
		program, packages string
		command           func(t *testing.T) []string
	}{
		"Python": {"python3", "python3", func(t *testing.T) []string {
			return []string{"-c", "import ast, sys; ast.parse(open(sys.argv[1]).read())", saved(t, "shop.py", snippet(t, "python", "midtransclient"))}
		}},
		"PHP": {"php", "php-cli", func(t *testing.T) []string {
			return []string{"-l", saved(t, "shop.php", snippet(t, "php", "CoreApi::charge"))}
		}},
		"PHP over TLS": {"php", "php-cli", func(t *testing.T) []string {
			return []string{"-l", saved(t, "tls.php", "<?php\n"+snippet(t, "php", "CURLOPT_CONNECT_TO"))}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			needs(t, try.program, try.packages)
			output(t, nil, try.program, try.command(t)...)
		})
	}
}

// The page's curl commands are answered as it says.
func TestSnippetsOfTheShell(t *testing.T) {
	t.Parallel()
	needs(t, "bash", "bash")
	needs(t, "curl", "curl")
	s := newStage(t, stageSetup{})
	shell := func(script string) []map[string]any {
		t.Helper()
		answers := json.NewDecoder(bytes.NewBufferString(output(t, []string{"no_proxy=*"}, "bash", "-ec", s.onStage(t, script, pagePort))))
		var all []map[string]any
		for answers.More() {
			var answer map[string]any
			require.NoError(t, answers.Decode(&answer))
			all = append(all, answer)
		}
		return all
	}
	charged := shell(snippet(t, "sh", `"order_id": "order-101"`))
	require.Len(t, charged, 1)
	require.Equal(t, "201", charged[0]["status_code"])

	script := snippet(t, "sh", "grep -o '\"payment_code\":\"[0-9]*' | cut -d'\"' -f4)\nbin/indomaret")
	script, _, _ = strings.Cut(script, "bin/indomaret")
	code := strings.TrimSpace(output(t, []string{"no_proxy=*"}, "bash", "-ec", s.onStage(t, script, pagePort)+"echo $code"))
	require.Equal(t, s.status("order-102")["payment_code"], code)

	asked := shell(snippet(t, "sh", "api() {"))
	var codes []string
	for _, answer := range asked {
		codes = append(codes, answer["status_code"].(string))
	}
	// At the last the charge is cancelled already.
	require.Equal(t, []string{"201", "200", "200", "200", "200", "412"}, codes)
}
