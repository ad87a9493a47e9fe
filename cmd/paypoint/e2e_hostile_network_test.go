package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

// metric is the value of a series of /metrics; 0 where there is none.
func (s *stage) metric(series string) float64 {
	s.t.Helper()
	return seriesOf(s.t, metricsText(s.t, s.app.metrics), series)
}

func seriesOf(t *testing.T, text, series string) float64 {
	t.Helper()
	found := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(series) + ` (.*)$`).FindStringSubmatch(text)
	if found == nil {
		return 0
	}
	value, err := strconv.ParseFloat(found[1], 64)
	require.NoError(t, err)
	return value
}

// stageListener is what metrics call the one listener of a sandbox.
const stageListener = `{listener="partner+merchant+pages+console+operations"}`

const getContract = "GET /indomaret?wsdl HTTP/1.1\r\nHost: h\r\n\r\n"

// swarm opens connections, each of which sends a text and, where it asks for
// something, reads the answer.
func swarm(t *testing.T, url string, size int, text string, reads bool) {
	t.Helper()
	swarmFrom(t, 1, url, size, text, reads)
}

// swarmFrom does so from one of this machine's addresses.
func swarmFrom(t *testing.T, last byte, url string, size int, text string, reads bool) []net.Conn {
	t.Helper()
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, last)}}
	var opened []net.Conn
	failed := make(chan error, size)
	limit := make(chan struct{}, 64) // dials at once: the kernel's queue is short
	for range size {
		connection, err := dialer.Dial("tcp", strings.TrimPrefix(url, "http://"))
		require.NoError(t, err)
		t.Cleanup(func() { _ = connection.Close() })
		opened = append(opened, connection)
		limit <- struct{}{}
		go func() {
			defer func() { <-limit }()
			_, err := io.WriteString(connection, text)
			if err == nil && reads {
				var answer *http.Response
				if answer, err = http.ReadResponse(bufio.NewReader(connection), nil); err == nil {
					_, err = io.Copy(io.Discard, answer.Body)
				}
			}
			failed <- err
		}()
	}
	for range size {
		require.NoError(t, <-failed)
	}
	return opened
}

// memoryHeld is what the process holds, in MB: the test's own side included.
func memoryHeld() uint64 {
	var memory runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&memory)
	return (memory.HeapInuse + memory.StackInuse) >> 20
}

// newTill sends an inquiry on a connection of its own, and says how long it took.
func (s *stage) newTill(code string) (string, time.Duration) {
	s.t.Helper()
	began := time.Now()
	connection := sendPart(s.t, s.url, "")
	body := s.inquiry(code).signed().envelope()
	_, err := io.WriteString(connection, post11(length(body))+body)
	require.NoError(s.t, err)
	return readRawAnswer(s, connection).String(), time.Since(began)
}

func TestHostileIdleConnections(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	code, _ := s.charge(chargeTerms{})
	s.http.CloseIdleConnections()
	before, places := memoryHeld(), s.app.config.Limits.Partner.MaxConnections
	swarm(t, s.url, places, getContract, true)
	held := s.metric("paypoint_http_connections" + stageListener)
	require.InDelta(t, places, held, 1)
	answer, took := s.newTill(code)
	require.Equal(t, saysApproved, answer)
	displaced := s.metric("paypoint_connections_displaced_total" + stageListener)
	t.Logf("%v idle connections hold %d MB; a new till is answered in %v, %v of them made room", held, int(memoryHeld())-int(before), took.Round(time.Millisecond), displaced)
	require.GreaterOrEqual(t, displaced, 1.0)
	require.Less(t, took, 2*time.Second)
}

func TestHostileSilentConnections(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"that say nothing": "", "that never end their headers": "POST /indomaret HTTP/1.1\r\nHost: h\r\nX-A: "} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, stageSetup{fails: true, change: func(c *Config) { setConnections(c, 64) }})
			code, _ := s.charge(chargeTerms{})
			s.http.CloseIdleConnections()
			swarmFrom(t, attacker, s.url, 64, text, false)
			answer, took := s.newTill(code)
			require.Equal(t, saysApproved, answer)
			t.Logf("64 of 64 places taken by connections %s: a new till is answered in %v", name, took.Round(time.Millisecond))
			require.Less(t, took, readHeaderTimeout, "it did not wait for their time to end")
		})
	}
}

// setConnections gives partner, merchants and pages so many connections. The
// others, who have 1,024, go elsewhere; so the stage can't check its books.
func setConnections(c *Config, most int) {
	c.Limits.Partner.MaxConnections, c.Limits.Merchant.MaxConnections, c.Limits.Pages.MaxConnections = most, most, most
	c.Listeners.Console.Listen, c.Listeners.Operations.Listen = "127.0.0.3:0", "127.0.0.3:0"
}

// Bodies that come byte by byte have the place that they took until their time
// is over; then the next caller has it.
func TestHostileSlowBodies(t *testing.T) {
	t.Parallel()
	const readTimeout = 500 * time.Millisecond
	s := newStage(t, stageSetup{fails: true, change: func(c *Config) {
		setConnections(c, fewPlaces)
		c.Limits.Partner.ReadTimeout = readTimeout
	}})
	code, _ := s.charge(chargeTerms{})
	s.http.CloseIdleConnections()
	swarm(t, s.url, fewPlaces, post11("Content-Length: 60000\r\n")+"<", false)
	answer, took := s.newTill(code)
	require.Equal(t, saysApproved, answer)
	t.Logf("all places taken by bodies that never end: a new till is answered in %v, their time is %v", took.Round(time.Millisecond), readTimeout)
	require.Less(t, took, 10*readTimeout)
}

// Who asks and does not read is cut off when an answer's time is over, however
// many requests are behind it.
func TestHostileSlowReaders(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{change: func(c *Config) { c.Limits.Partner.AnswerTimeout = 100 * time.Millisecond }})
	s.http.CloseIdleConnections()
	const readers, each = 16, 2000
	for range readers {
		connection := sendPart(t, s.url, "")
		require.NoError(t, connection.(*net.TCPConn).SetReadBuffer(4096))
		go func() { _, _ = io.WriteString(connection, strings.Repeat(getContract, each)) }()
	}
	series := `paypoint_http_requests_total{group="partner",status="200"}`
	require.Eventually(t, func() bool { return s.metric(series) > readers }, patience, time.Millisecond)
	began := time.Now()
	require.Eventually(t, func() bool { return s.metric("paypoint_http_connections"+stageListener) == 0 }, patience, 10*time.Millisecond)
	t.Logf("%d readers who read nothing are gone after %v; of %d answers that they asked for %v were made",
		readers, time.Since(began).Round(10*time.Millisecond), readers*each, s.metric(series))
	require.Less(t, time.Since(began), 4*(answerSlack+time.Second))
}

// Messages beyond limits.partner.max_requests are refused in HTTP. A reversal is
// taken all the same.
func TestHostileFullOfMessages(t *testing.T) {
	t.Parallel()
	const most = 4
	s := newStage(t, stageSetup{change: func(c *Config) { c.Limits.Partner.MaxRequests = most }})
	paid, _ := s.charge(chargeTerms{})
	s.pay(paid, otherRef, stageAmount)
	var codes [most]string
	for i := range codes {
		codes[i], _ = s.charge(chargeTerms{})
	}
	gate := s.stall("R0")
	var waiting []<-chan tillAnswer
	for i, code := range codes {
		waiting = append(waiting, s.sendSoon(s.payment(code, fmt.Sprintf("R%d", i), stageAmount)))
		if i == 0 {
			<-gate.entered
		}
	}
	s.queued(ledger.LanePayment, most)
	for _, m := range []tillMessage{s.inquiry(paid), s.payment(paid, otherRef, stageAmount), s.reversal(paid, otherRef, stageAmount).with("Signature", "00")} {
		response, err := s.http.Post(s.url+"/indomaret", "text/xml", strings.NewReader(signedOnce(m).envelope()))
		require.NoError(t, err)
		require.Equal(t, "1", response.Header.Get("Retry-After"))
		require.Equal(t, "503 Service Unavailable", readTillAnswer(s, response).String(), m.name)
	}
	reversal := s.sendSoon(s.reversal(paid, otherRef, stageAmount))
	s.queued(ledger.LaneReversal, 1)
	gate.open()
	require.Equal(t, saysApproved, (<-reversal).String())
	for _, answer := range waiting {
		require.Equal(t, saysApproved, (<-answer).String())
	}
	require.EqualValues(t, 3, s.metric(`paypoint_refused_total{group="partner",why="requests"}`))
}

// signedOnce leaves a signature that is there already.
func signedOnce(m tillMessage) tillMessage {
	if m.text("Signature") != "" {
		return m
	}
	return m.signed()
}

// A caller above limits.partner.requests_per_second gets 429; its reversals never
// do, and other callers have a rate of their own.
func TestHostileFloodAboveTheRate(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{change: func(c *Config) {
		c.Limits.Partner.RequestsPerSecond, c.Limits.Partner.Burst = 10, 20
		c.WireLog.FlushInterval = 10 * time.Millisecond
	}})
	code, _ := s.charge(chargeTerms{})
	s.pay(code, tillRef, stageAmount)
	began := time.Now()
	counted := map[string]int{}
	for range 500 {
		counted[s.send(s.inquiry(code)).String()]++
	}
	t.Logf("500 inquiries in %v: %v", time.Since(began).Round(time.Millisecond), counted)
	require.Equal(t, map[string]int{saysAlreadyPaid: 19, "429 Too Many Requests": 481}, counted, "the payment was the twentieth")
	require.Equal(t, "429 Too Many Requests", s.send(s.reversal(code, tillRef, stageAmount).with("Signature", "00")).String())
	require.Equal(t, "429 Too Many Requests", s.post("<garbage/>").String())
	for range 50 {
		require.Equal(t, saysApproved, s.send(s.reversal(code, tillRef, stageAmount)).String(), "a reversal is never refused")
	}
	other := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 9)}}
	elsewhere := &http.Client{Transport: &http.Transport{DialContext: other.DialContext, DisableKeepAlives: true}}
	response, err := elsewhere.Post(s.url+"/indomaret", "text/xml", strings.NewReader(s.inquiry(code).signed().envelope()))
	require.NoError(t, err)
	require.Equal(t, saysCancelled, readTillAnswer(s, response).String())
	s.clock.turn(100 * time.Millisecond)
	require.Equal(t, saysCancelled, s.send(s.inquiry(code)).String(), "the rate goes on")
	require.EqualValues(t, 483, s.metric(`paypoint_refused_total{group="partner",why="rate"}`))
	// A payment, 21 inquiries and 50 reversals were decided.
	lines := func() int { return strings.Count(readAll(t, s.app.config.WireLog.Dir), "\n") }
	require.Eventually(t, func() bool { return lines() >= 72 }, patience, 10*time.Millisecond)
	require.Equal(t, 72, lines(), "refusals do not fill the wire log")
}

// Pages beyond limits.pages.max_requests are refused at once.
func TestHostileFullOfRequests(t *testing.T) {
	t.Parallel()
	entered, release := make(chan struct{}), make(chan struct{})
	app := newApplication(sandboxHere(t), newLogger(Config{}, io.Discard))
	g := group{name: "pages", places: &requestPlaces{most: 1}, guards: app.guards}
	url, _, counted := serveGroup(t, g, func(http.ResponseWriter, *http.Request) {
		entered <- struct{}{}
		<-release
	})
	first := sendPart(t, url, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
	<-entered
	second := sendPart(t, url, halfRequest)
	began := time.Now()
	answer, err := http.ReadResponse(bufio.NewReader(second), nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusServiceUnavailable, answer.StatusCode)
	require.Equal(t, "1", answer.Header.Get("Retry-After"))
	require.Less(t, time.Since(began), 5*refusedReadTimeout, "its body, which never comes, is not waited for")
	close(release)
	_, err = http.ReadResponse(bufio.NewReader(first), nil)
	require.NoError(t, err)
	require.Contains(t, metricsText(t, counted), `paypoint_http_requests_total{group="pages",status="503"} 1`)
}

// listed serves the partner on an address of its own, for 127.0.0.9 alone.
func listed(t *testing.T, change func(*Config)) *local {
	t.Helper()
	cfg := sandboxHere(t)
	cfg.Listeners.Partner.Listen = "127.0.0.2:0"
	cfg.Listeners.Partner.Allow = []netip.Prefix{netip.MustParsePrefix("127.0.0.9/32")}
	if change != nil {
		change(&cfg)
	}
	l := serveHere(t, cfg, 2, nil)
	t.Cleanup(func() { require.NoError(t, l.end()) })
	return l
}

// getFrom asks for the contract from one of this machine's addresses.
func getFrom(url string, from net.IP, forwarded string) (int, error) {
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: from}}
	client := &http.Client{Transport: &http.Transport{DialContext: dialer.DialContext, DisableKeepAlives: true}, Timeout: patience}
	request, err := http.NewRequest(http.MethodGet, url+"/indomaret?wsdl", nil)
	if err != nil {
		return 0, err
	}
	if forwarded != "" {
		request.Header.Set("X-Forwarded-For", forwarded)
	}
	response, err := client.Do(request)
	if err != nil {
		return 0, err
	}
	return response.StatusCode, response.Body.Close()
}

func TestHostileFloodFromElsewhere(t *testing.T) {
	t.Parallel()
	l := listed(t, nil)
	before, began := memoryHeld(), time.Now()
	const flood, callers = 2000, 8
	var calling sync.WaitGroup
	for range callers {
		calling.Go(func() {
			for range flood / callers {
				connection, err := net.Dial("tcp", strings.TrimPrefix(l.urls[0], "http://"))
				if err != nil {
					continue // the kernel's queue is full
				}
				_, _ = io.WriteString(connection, getContract)
				_, _ = io.Copy(io.Discard, connection)
				_ = connection.Close()
			}
		})
	}
	calling.Wait()
	took := time.Since(began)
	_, err := getFrom(l.urls[0], net.IPv4(127, 0, 0, 1), "127.0.0.9")
	require.Error(t, err, "nobody says for himself where he is")
	status, err := getFrom(l.urls[0], net.IPv4(127, 0, 0, 9), "")
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status)
	refused := seriesOf(t, metricsText(t, l.app.metrics), `paypoint_refused_total{group="partner",why="address"}`)
	t.Logf("%v connections from elsewhere refused in %v, with %d MB more; one line in the log", refused, took.Round(time.Millisecond), int(memoryHeld())-int(before))
	require.GreaterOrEqual(t, refused, float64(flood/2))
	require.Len(t, l.logs.lines("caller refused: address"), 1)
	require.Zero(t, seriesOf(t, metricsText(t, l.app.metrics), `paypoint_http_connections{listener="partner"}`))
}

func TestHostileCallersBehindAProxy(t *testing.T) {
	t.Parallel()
	l := listed(t, func(c *Config) { c.Listeners.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.8/32")} })
	for name, try := range map[string]struct {
		from      byte
		forwarded string
		status    int
	}{
		"allowed":                    {8, "127.0.0.9", http.StatusOK},
		"elsewhere":                  {8, "203.0.113.9", http.StatusForbidden},
		"elsewhere, who claims":      {8, "127.0.0.9, 203.0.113.9", http.StatusForbidden},
		"nobody":                     {8, "", http.StatusForbidden},
		"allowed, without the proxy": {9, "", http.StatusOK},
		"no proxy, that claims":      {7, "127.0.0.9", 0},
	} {
		status, err := getFrom(l.urls[0], net.IPv4(127, 0, 0, try.from), try.forwarded)
		require.Equal(t, try.status == 0, err != nil, name)
		require.Equal(t, try.status, status, name)
	}
	require.Empty(t, l.logs.lines(`"status":403`), "a flood through the proxy does not fill the log")
	require.Contains(t, metricsText(t, l.app.metrics), `paypoint_http_requests_total{group="partner",status="403"} 3`)
}

// Where the partner shares its address with others, theirs stays open.
func TestAllowListOfASharedAddress(t *testing.T) {
	t.Parallel()
	cfg := sandboxHere(t)
	cfg.Listeners.Partner.Allow = []netip.Prefix{netip.MustParsePrefix("127.0.0.9/32")}
	l := serveHere(t, cfg, 1, nil)
	status, err := getFrom(l.urls[0], net.IPv4(127, 0, 0, 1), "")
	require.NoError(t, err)
	require.Equal(t, http.StatusForbidden, status)
	response, err := http.Get(l.urls[0] + "/healthz")
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusOK, response.StatusCode)
	require.NoError(t, l.end())
}
