package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"paypoint/ledger"
	"paypoint/soap"
)

// serveGroup serves a handler under a group's limits.
func serveGroup(t *testing.T, g group, handler http.HandlerFunc) (url string, logs *logBuffer, counted *metrics) {
	t.Helper()
	logs, counted = &logBuffer{}, newMetrics()
	log := newLogger(Config{}, logs)
	server := httptest.NewUnstartedServer(g.wrap(handler, nil, log, counted))
	server.Config.ErrorLog = zap.NewStdLog(log.Named("http"))
	server.Start()
	t.Cleanup(server.Close)
	return server.URL, logs, counted
}

// sendPart opens a connection and sends the beginning of a request.
func sendPart(t *testing.T, url, text string) net.Conn {
	t.Helper()
	connection, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = connection.Close() })
	require.NoError(t, connection.SetDeadline(time.Now().Add(patience)))
	_, err = io.WriteString(connection, text)
	require.NoError(t, err)
	return connection
}

const (
	halfRequest = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhalf"
	shortTime   = 50 * time.Millisecond
)

func TestSlowBodyIsCutAtItsTime(t *testing.T) {
	t.Parallel()
	for name, handler := range map[string]http.HandlerFunc{
		"that is read": func(w http.ResponseWriter, r *http.Request) {
			if _, err := io.ReadAll(r.Body); !errors.Is(err, os.ErrDeadlineExceeded) {
				panic("read on")
			}
			http.Error(w, "too slow", http.StatusRequestTimeout)
		},
		// Where nobody wants the body, net/http still reads it before the answer.
		"that nobody reads": func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "too slow", http.StatusRequestTimeout)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url, logs, _ := serveGroup(t, group{name: "merchant", readTimeout: shortTime}, handler)
			connection := sendPart(t, url, halfRequest)
			response, err := http.ReadResponse(bufio.NewReader(connection), nil)
			require.NoError(t, err)
			require.Equal(t, http.StatusRequestTimeout, response.StatusCode)
			_, err = io.Copy(io.Discard, connection)
			require.NoError(t, err, "the connection ends")
			require.NotContains(t, logs.String(), "panic")
		})
	}
}

// TestTimeForReadingIsNotForDeciding: a deadline for reading that passes while a
// request is decided must not cancel it.
func TestTimeForReadingIsNotForDeciding(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]io.Reader{
		"no body": nil, "a body": strings.NewReader("body"), "a body in chunks": io.MultiReader(strings.NewReader("body")),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url, _, _ := serveGroup(t, group{name: "merchant", readTimeout: shortTime}, func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.ReadAll(r.Body)
				select {
				case <-r.Context().Done():
					http.Error(w, "cancelled", http.StatusInternalServerError)
				case <-time.After(4 * shortTime):
				}
			})
			response, err := newClient(t, url).http.Post(url, "text/plain", body)
			require.NoError(t, err)
			require.NoError(t, response.Body.Close())
			require.Equal(t, http.StatusOK, response.StatusCode)
		})
	}
}

func TestAnswerAfterItsTimeIsNotSent(t *testing.T) {
	t.Parallel()
	url, _, _ := serveGroup(t, group{name: "partner", answerTimeout: time.Millisecond}, func(w http.ResponseWriter, _ *http.Request) {
		<-time.After(answerSlack + 4*shortTime)
		_, _ = io.WriteString(w, "late")
	})
	_, err := newClient(t, url).http.Get(url)
	require.ErrorIs(t, err, io.EOF)
}

func TestPanicClosesTheConnectionAndIsLoggedOnce(t *testing.T) {
	t.Parallel()
	for name, before := range map[string]string{"before an answer": "", "within one": "half an answer"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url, logs, counted := serveGroup(t, group{name: "merchant"}, func(w http.ResponseWriter, _ *http.Request) {
				if before != "" {
					_, _ = io.WriteString(w, before)
					_ = http.NewResponseController(w).Flush()
				}
				panic("inner text")
			})
			connection := sendPart(t, url, "GET /path?query=hidden HTTP/1.1\r\nHost: h\r\n\r\n")
			answer, err := io.ReadAll(connection)
			require.NoError(t, err)
			require.NotContains(t, string(answer), "inner text")
			require.NotContains(t, string(answer), "\r\n0\r\n", "it must not look complete")
			require.Equal(t, before == "", len(answer) == 0)

			require.Eventually(t, func() bool { return len(logs.lines(`"msg":"request panicked"`)) == 1 }, patience, time.Millisecond)
			require.Empty(t, logs.lines(`"msg":"request"`), "one event says it all")
			require.Len(t, logs.lines("inner text"), 1)
			require.Contains(t, logs.lines("inner text")[0], `"level":"error"`)
			require.Contains(t, logs.lines("inner text")[0], `"path":"/path"`)
			require.Contains(t, logs.lines("inner text")[0], "middleware_test.go", "with its stack")
			require.NotContains(t, logs.String(), "hidden")
			status := map[bool]int{true: 0, false: 200}[before == ""]
			require.Contains(t, metricsText(t, counted), fmt.Sprintf(`paypoint_http_requests_total{group="merchant",status="%d"} 1`, status))
		})
	}
}

func TestHeadersAreLimited(t *testing.T) {
	t.Parallel()
	l := serveHere(t, sandboxHere(t), 1, nil)
	connection := sendPart(t, l.urls[0], "GET /healthz HTTP/1.1\r\nHost: h\r\nX: "+strings.Repeat("x", 2*maxHeaderBytes)+"\r\n\r\n")
	response, err := http.ReadResponse(bufio.NewReader(connection), nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusRequestHeaderFieldsTooLarge, response.StatusCode)
	require.True(t, response.Close)
	require.NoError(t, l.end())
}

func TestSlowMessagesAreCutOff(t *testing.T) {
	t.Parallel()
	cfg := sandboxHere(t)
	cfg.Limits.Partner.ReadTimeout, cfg.Limits.Merchant.ReadTimeout = shortTime, shortTime
	l := serveHere(t, cfg, 1, nil)
	cut := begin(t, l.urls[0], message(reqPayment, "1", "R", stageAmount))
	answer, err := io.ReadAll(cut)
	require.NoError(t, err)
	require.Empty(t, answer, "nothing was decided, so nothing is answered")
	require.Empty(t, l.logs.lines(`error	partner message`), "a caller can't fill the log with errors")

	slow := sendPart(t, l.urls[0], "POST /v2/charge HTTP/1.1\r\nHost: h\r\nAuthorization: Basic U0ItcGF5cG9pbnQtc2VydmVyLWtleTo=\r\n"+
		"Content-Type: application/json\r\nContent-Length: 10\r\n\r\n{")
	response, err := http.ReadResponse(bufio.NewReader(slow), nil)
	require.NoError(t, err)
	require.GreaterOrEqual(t, response.StatusCode, 400)
	require.True(t, response.Close)
	require.Contains(t, metricsText(t, l.app.metrics), `paypoint_partner_messages_total{code="none",operation="none",reason="no answer"} 1`)
	require.NoError(t, l.end())
}

// TestEveryPathHasATimeForReading sends half a request where nobody reads it:
// net/http would wait for the rest for ever.
func TestEveryPathHasATimeForReading(t *testing.T) {
	t.Parallel()
	l := serveHere(t, sandboxHere(t), 1, nil)
	for path, status := range map[string]int{
		"/nothing": http.StatusNotFound, "/finance/v1/settlements": http.StatusUnauthorized, "/healthz": http.StatusNotFound,
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			connection := sendPart(t, l.urls[0], strings.Replace(halfRequest, "/", path, 1))
			response, err := http.ReadResponse(bufio.NewReader(connection), nil)
			require.NoError(t, err)
			require.Equal(t, status, response.StatusCode)
			require.True(t, response.Close)
		})
	}
	t.Cleanup(func() { require.NoError(t, l.end()) })
}

func TestConnectionsAreLimited(t *testing.T) {
	t.Parallel()
	cfg := sandboxHere(t)
	cfg.Listeners.Partner.Listen = "127.0.0.2:0"
	cfg.Limits.Partner.MaxConnections = 2
	l := serveHere(t, cfg, 2, nil)
	const request = "GET /indomaret?wsdl HTTP/1.1\r\nHost: h\r\n\r\n"
	var held []net.Conn
	for range 2 {
		connection := begin(t, l.urls[0], message(reqPayment, "1", "R", stageAmount))
		held = append(held, connection.Conn)
	}
	waiting := sendPart(t, l.urls[0], request)
	require.NoError(t, waiting.SetReadDeadline(time.Now().Add(4*shortTime)))
	_, err := waiting.Read(make([]byte, 1))
	require.ErrorIs(t, err, os.ErrDeadlineExceeded, "it waits, for no place is idle")

	response, err := newClient(t, l.urls[1]).http.Get(l.urls[1] + "/healthz")
	require.NoError(t, err, "other listeners have places of their own")
	require.NoError(t, response.Body.Close())
	require.NoError(t, held[0].Close())
	require.NoError(t, waiting.SetReadDeadline(time.Now().Add(patience)))
	_, err = http.ReadResponse(bufio.NewReader(waiting), nil)
	require.NoError(t, err)
	require.NoError(t, waiting.Close())
	require.NoError(t, held[1].Close())
	require.NoError(t, l.end())
}

func TestForwardedHeadersAreBelievedFromProxiesAlone(t *testing.T) {
	t.Parallel()
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	for name, try := range map[string]struct {
		peer      string
		forwarded []string
		caller    string
		// address is what the WSDL says when the proxy forwards https and a host.
		address string
	}{
		"no proxy":                  {"203.0.113.9:1234", nil, "203.0.113.9:1234", "http://host/path"},
		"no proxy that claims":      {"203.0.113.9:1234", []string{"198.51.100.1"}, "203.0.113.9:1234", "http://host/path"},
		"one proxy":                 {"10.0.0.1:1234", []string{"198.51.100.1"}, "198.51.100.1:0", "https://public/path"},
		"a chain of proxies":        {"10.0.0.1:1234", []string{"198.51.100.1, 10.0.0.3, 10.0.0.2"}, "198.51.100.1:0", "https://public/path"},
		"a caller that made one up": {"10.0.0.1:1234", []string{"127.0.0.1, 198.51.100.1,10.0.0.2"}, "198.51.100.1:0", "https://public/path"},
		"several headers":           {"10.0.0.1:1234", []string{"127.0.0.1", "198.51.100.1", "10.0.0.2"}, "198.51.100.1:0", "https://public/path"},
		"nothing but proxies":       {"10.0.0.1:1234", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.1:1234", "https://public/path"},
		"no address":                {"10.0.0.1:1234", []string{"198.51.100.1, unknown"}, "10.0.0.1:1234", "https://public/path"},
		"an empty header":           {"10.0.0.1:1234", []string{""}, "10.0.0.1:1234", "https://public/path"},
		"IPv6":                      {"[fd00::1]:1234", []string{"2001:db8::1"}, "[2001:db8::1]:0", "https://public/path"},
		"IPv4 in IPv6":              {"[::ffff:10.0.0.1]:1234", []string{"::ffff:198.51.100.1"}, "198.51.100.1:0", "https://public/path"},
		"no peer":                   {"@", []string{"198.51.100.1"}, "@", "http://host/path"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest(http.MethodGet, "http://host/path?wsdl", nil)
			r.RemoteAddr = try.peer
			for _, value := range try.forwarded {
				r.Header.Add("X-Forwarded-For", value)
			}
			r.Header.Set("X-Forwarded-Proto", "https")
			r.Header.Set("X-Forwarded-Host", "public")
			believeProxy(r, proxies)
			require.Equal(t, try.caller, r.RemoteAddr)
			believed := strings.HasPrefix(try.address, "https")
			require.Equal(t, believed && try.forwarded != nil, r.Header.Values("X-Forwarded-For") != nil, "no other part may believe it")
			require.Equal(t, try.address, publicAddress(r, ""))
			require.Equal(t, "https://configured/base/path", publicAddress(r, "https://configured/base/"))
		})
	}
	r := httptest.NewRequest(http.MethodGet, "https://host/path", nil)
	r.Header.Set("X-Forwarded-Proto", "gopher")
	require.Equal(t, "https://host/path", publicAddress(r, ""), "a scheme of another kind is none")
}

func TestCallerBehindAProxyIsLogged(t *testing.T) {
	t.Parallel()
	cfg := sandboxHere(t)
	cfg.Listeners.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	l := serveHere(t, cfg, 1, nil)
	c := newClient(t, l.urls[0])
	for _, path := range []string{"/indomaret", "/v2/order-1/status"} {
		request, err := http.NewRequest(http.MethodPost, l.urls[0]+path, strings.NewReader("not a message"))
		require.NoError(t, err)
		request.Header.Set("X-Forwarded-For", "6.6.6.6, 198.51.100.7")
		response, err := c.http.Do(request)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
	}
	require.NoError(t, l.end())
	require.Len(t, l.logs.lines("198.51.100.7"), 2)
	require.NotContains(t, l.logs.String(), "6.6.6.6")
}

// TestLogsHoldNoSecrets plays a session with every kind of caller, and looks
// for what must not be in anything that is written.
func TestLogsHoldNoSecrets(t *testing.T) {
	t.Parallel()
	l := serveHere(t, sandboxHere(t), 1, nil)
	var added, rotated merchantKey
	tortureCommand(t, l.app.config.DataDir, &added, "merchant", "add", "Shop", "--hold", "0s")
	tortureCommand(t, l.app.config.DataDir, &rotated, "merchant", "rotate-key", added.Merchant.ID)
	c := newClient(t, l.urls[0])
	c.key = rotated.ServerKey
	code, err := c.charge("order-1", stageAmount)
	require.NoError(t, err)
	for _, m := range []tillMessage{
		message(reqInquiry, code, tillRef, 0), message(reqPayment, code, tillRef, stageAmount), message(reqPayment, code, tillRef, stageAmount),
		message(reqPayment, code, otherRef, stageAmount), message(reqReversal, code, tillRef, stageAmount),
		message(reqPayment, code, "a bad ref "+code, 1).with("MessageID", "20260130"),
	} {
		_, err := c.till(m)
		require.NoError(t, err)
	}
	c.key = "wrong-" + sandboxKey
	_, err = c.charge("order-2", stageAmount)
	require.ErrorContains(t, err, "401")
	for path, token := range map[string]string{
		"/finance/v1/settlements":                       sandboxFinanceToken,
		"/finance/v1/trial-balance?token=" + sandboxKey: "wrong-" + sandboxFinanceToken,
		"/v2/order-1/status?key=" + sandboxKey:          "none",
		"/nothing?key=" + sandboxKey:                    "none",
	} {
		request, err := http.NewRequest(http.MethodGet, l.urls[0]+path, nil)
		require.NoError(t, err)
		request.Header.Set("Authorization", "Bearer "+token)
		response, err := c.http.Do(request)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
	}
	require.NoError(t, l.end())
	written := l.logs.String() + readAll(t, l.app.config.WireLog.Dir)
	require.Contains(t, written, code[:3]+strings.Repeat("*", 11)+code[14:], "the masked code is there")
	require.Len(t, l.logs.lines("partner message"), 6)
	for _, secret := range []string{sandboxPartnerKey, sandboxKey, sandboxFinanceToken, added.ServerKey, rotated.ServerKey, code, code[3:14]} {
		require.False(t, strings.Contains(written, secret), "%s is in:\n%s", secret, written)
	}
}

// readAll is the text of all files of a folder.
func readAll(t *testing.T, folder string) string {
	t.Helper()
	var all strings.Builder
	for _, name := range namesIn(t, folder) {
		if strings.HasSuffix(name, ".db") {
			continue // an index, of which nobody reads lines
		}
		text, err := os.ReadFile(filepath.Join(folder, name))
		require.NoError(t, err)
		all.Write(text)
	}
	require.NotEmpty(t, all.String())
	return all.String()
}

func TestReadinessFollowsTheLedger(t *testing.T) {
	t.Parallel()
	failing, adjust := broken()
	l := serveHere(t, sandboxHere(t), 1, adjust)
	c := newClient(t, l.urls[0])
	ask := func(path string) (int, string) {
		response, err := c.http.Get(l.urls[0] + path)
		require.NoError(t, err)
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		return response.StatusCode, string(text)
	}
	status, text := ask("/readyz")
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, "ok\n", text)

	failing.unreadable.Store(true)
	status, text = ask("/readyz")
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.Equal(t, "the ledger can't be read\n", text)
	require.Len(t, l.logs.lines(errDisk.Error()), 1, "the cause is for the log alone")
	status, text = ask("/healthz")
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, "ok\n", text)

	failing.fail()
	require.Error(t, <-l.ended)
	answer := httptest.NewRecorder()
	l.app.ready(answer, httptest.NewRequest(http.MethodGet, "/readyz", nil))
	require.Equal(t, http.StatusServiceUnavailable, answer.Code)
	require.Equal(t, "the ledger has stopped\n", answer.Body.String())
}

func TestMessagesAreLoggedByWhatBecameOfThem(t *testing.T) {
	t.Parallel()
	logs := &logBuffer{}
	a := newApplication(sandboxHere(t), newLogger(Config{}, logs))
	require.NoError(t, a.open(t.Context()))
	approval := &soap.PaymentAnswer{ResponseCode: approved}
	for level, x := range map[string]soap.Exchange{
		"info":  {Reason: "answered", Status: 200, Message: &soap.Message{Operation: soap.Payment}, Answer: approval},
		"warn":  {Reason: "odd", Status: 200, Message: &soap.Message{}, Answer: approval, Warnings: []ledger.Warning{ledger.BookedLate}},
		"error": {Reason: "no answer", Message: &soap.Message{}, Err: errDisk}, // Indomaret reverses it
	} {
		a.record(x)
		require.Contains(t, logs.lines(x.Reason)[0], `"level":"`+level+`"`)
	}
	a.record(soap.Exchange{Reason: "hung up", Err: errDisk})
	require.Contains(t, logs.lines("hung up")[0], `"level":"warn"`, "a caller can't fill the log with errors")
	const code = "8801234567890128"
	a.record(soap.Exchange{Reason: "unknown outcome", Message: &soap.Message{PaymentCode: code}, Err: fmt.Errorf("pay code %s: %w", code, errDisk)})
	require.Contains(t, logs.lines("unknown outcome")[0], `"error":"pay code 880***********28: input/output error"`)
	require.NotContains(t, logs.String(), code)
	require.Contains(t, logs.lines("answered")[0], `"operation":"payment"`)
	require.Contains(t, logs.lines("answered")[0], `"code":"00"`)
	require.NoError(t, a.Close())
}

func TestLostWireLogEntriesDoNotFloodTheLog(t *testing.T) {
	t.Parallel()
	logs := &logBuffer{}
	a := newApplication(Config{}, newLogger(Config{}, logs))
	for lost := range uint64(100) {
		a.wireLogFailed(lost+1, soap.ErrWireLogFull)
	}
	require.Len(t, logs.lines("wire log entries are lost"), 1)
	require.Contains(t, metricsText(t, a.metrics), "paypoint_wire_log_lost_entries 100\n")
}
