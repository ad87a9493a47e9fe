package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

// speak sends bytes on a connection of its own, ends its half, and lists the
// statuses of all answers until the server closes.
func (s *stage) speak(text string) (statuses string) {
	s.t.Helper()
	connection, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	require.NoError(s.t, err)
	defer connection.Close()
	require.NoError(s.t, connection.SetDeadline(time.Now().Add(patience)))
	go func() {
		// The server may close before all is sent.
		_, _ = io.WriteString(connection, text)
		_ = connection.(*net.TCPConn).CloseWrite()
	}()
	var all []string
	for answers := bufio.NewReader(connection); ; {
		answer, err := http.ReadResponse(answers, nil)
		if err != nil {
			return strings.Join(all, " ")
		}
		if answer.StatusCode == http.StatusContinue {
			continue
		}
		all = append(all, strconv.Itoa(answer.StatusCode))
		if _, err = io.Copy(io.Discard, answer.Body); err != nil {
			return strings.Join(all, " ") // reset: the server had enough
		}
	}
}

// post11 is the head of a post, with more headers, each with its own end.
func post11(headers ...string) string {
	return "POST /indomaret HTTP/1.1\r\nHost: paypoint\r\nContent-Type: text/xml\r\n" + strings.Join(headers, "") + "\r\n"
}

func length(body string) string { return fmt.Sprintf("Content-Length: %d\r\n", len(body)) }

const inChunks = "Transfer-Encoding: chunked\r\n"

func chunk(body string) string { return fmt.Sprintf("%x\r\n%s\r\n", len(body), body) }

// shape is a way to write a request that two readers could read differently.
type shape struct {
	name string
	// write makes the bytes of two different payments.
	write func(first, second string) string
	// answers are the statuses, and booked is what came of the payments: none, the
	// first, the second, or both.
	answers, booked string
}

// shapes are those by which one request is hidden in another. Whatever a proxy
// in front reads, each payment is booked once at most, and only as it was signed.
var shapes = []shape{
	{"both as they should be", func(a, b string) string { return post11(length(a)) + a + post11(length(b)) + b }, "200 200", "both"},
	{"a length and chunks", func(a, b string) string {
		return post11(length(a), inChunks) + chunk(a) + "0\r\n\r\n"
	}, "200", "first"},
	{"a length that hides the second", func(a, b string) string {
		hidden := chunk(a) + "0\r\n\r\n" + post11(length(b)) + b
		return post11(length(hidden), inChunks) + hidden
	}, "200", "first"},
	{"a short length, and chunks", func(a, b string) string {
		return post11("Content-Length: 4\r\n", inChunks) + chunk(a) + "0\r\n\r\n"
	}, "200", "first"},
	{"chunks twice", func(a, b string) string { return post11(inChunks, inChunks) + chunk(a) + "0\r\n\r\n" }, "501", "none"},
	{"chunks and identity", func(a, b string) string {
		return post11("Transfer-Encoding: chunked, identity\r\n") + chunk(a) + "0\r\n\r\n"
	}, "501", "none"},
	{"unknown coding", func(a, b string) string { return post11("Transfer-Encoding: xchunked\r\n", length(a)) + a }, "501", "none"},
	{"coding with a tab", func(a, b string) string { return post11("Transfer-Encoding:\tchunked\r\n") + chunk(a) + "0\r\n\r\n" }, "200", "first"},
	{"coding with a vertical tab", func(a, b string) string {
		return post11("Transfer-Encoding: \vchunked\r\n", length(a)) + a
	}, "400", "none"},
	{"header with a space before its colon", func(a, b string) string { return post11("Content-Length : 1\r\n", length(a)) + a }, "400", "none"},
	{"two lengths", func(a, b string) string { return post11(length(a), "Content-Length: 1\r\n") + a }, "400", "none"},
	{"the same length twice", func(a, b string) string { return post11(length(a), length(a)) + a }, "200", "first"},
	{"a list of lengths", func(a, b string) string {
		return post11(fmt.Sprintf("Content-Length: %d, %d\r\n", len(a), len(a))) + a
	}, "400", "none"},
	{"a length with a sign", func(a, b string) string { return post11(fmt.Sprintf("Content-Length: +%d\r\n", len(a))) + a }, "400", "none"},
	{"a negative length", func(a, b string) string { return post11("Content-Length: -1\r\n") + a }, "400", "none"},
	{"a length beyond all", func(a, b string) string { return post11("Content-Length: 99999999999999999999\r\n") + a }, "400", "none"},
	{"a length in hexadecimal", func(a, b string) string { return post11(fmt.Sprintf("Content-Length: 0x%x\r\n", len(a))) + a }, "400", "none"},
	{"a folded header", func(a, b string) string { return post11("X-A: b\r\n c\r\n", length(a)) + a }, "200", "first"},
	{"a folded length", func(a, b string) string { return post11(fmt.Sprintf("Content-Length:\r\n %d\r\n", len(a))) + a }, "200", "first"},
	{"line ends of LF alone", func(a, b string) string { return strings.ReplaceAll(post11(length(a)), "\r\n", "\n") + a }, "200", "first"},
	{"a CR alone in a header", func(a, b string) string { return post11("X-A: b\rContent-Length: 0\r\n", length(a)) + a }, "400", "none"},
	{"NUL in a header", func(a, b string) string { return post11("X-A: b\x00\r\n", length(a)) + a }, "400", "none"},
	{"two hosts", func(a, b string) string { return post11("Host: other\r\n", length(a)) + a }, "400", "none"},
	{"no host", func(a, b string) string {
		return strings.Replace(post11(length(a)), "Host: paypoint\r\n", "", 1) + a
	}, "400", "none"},
	{"two spaces in the request line", func(a, b string) string {
		return strings.Replace(post11(length(a)), "POST ", "POST  ", 1) + a
	}, "400", "none"},
	{"chunk extensions", func(a, b string) string {
		return post11(inChunks) + fmt.Sprintf("%x;a=b\r\n%s\r\n", len(a), a) + "0;c=d\r\n\r\n"
	}, "200", "first"},
	{"chunk with LF alone", func(a, b string) string { return post11(inChunks) + fmt.Sprintf("%x\n%s\r\n0\r\n\r\n", len(a), a) }, "", "none"},
	{"chunk longer than it says", func(a, b string) string { return post11(inChunks) + fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(a)-1, a) }, "", "none"},
	{"chunk with a sign", func(a, b string) string { return post11(inChunks) + fmt.Sprintf("+%x\r\n%s\r\n0\r\n\r\n", len(a), a) }, "", "none"},
	{"chunk of 2^64", func(a, b string) string { return post11(inChunks) + "10000000000000000\r\n" + a + "\r\n0\r\n\r\n" }, "", "none"},
	{"a length in the trailer", func(a, b string) string {
		return post11(inChunks, "Trailer: Content-Length\r\n") + chunk(a) + "0\r\nContent-Length: 0\r\n\r\n"
	}, "400", "none"},
	{"another length in the trailer", func(a, b string) string { return post11(inChunks) + chunk(a) + "0\r\nContent-Length: 0\r\n\r\n" }, "200", "first"},
	{"HTTP/1.0 with chunks", func(a, b string) string {
		return strings.Replace(post11(inChunks), "HTTP/1.1", "HTTP/1.0", 1) + chunk(a) + "0\r\n\r\n"
	}, "500", "none"},
	{"HTTP/1.0 with chunks, to be kept", func(a, b string) string {
		return strings.Replace(post11(inChunks, "Connection: keep-alive\r\n"), "HTTP/1.1", "HTTP/1.0", 1) + chunk(a) + "0\r\n\r\n" + post11(length(b)) + b
	}, "500", "none"},
	{"HTTP/0.9", func(a, b string) string { return "POST /indomaret\r\n\r\n" + a }, "400", "none"},
	{"HTTP/1.2", func(a, b string) string { return strings.Replace(post11(length(a)), "HTTP/1.1", "HTTP/1.2", 1) + a }, "200", "first"},
	{"a GET with a body", func(a, b string) string {
		return strings.Replace(post11(length(a)), "POST", "GET", 1) + a + post11(length(b)) + b
	}, "404", "none"},
	{"a method in small letters", func(a, b string) string { return strings.Replace(post11(length(a)), "POST", "post", 1) + a }, "405", "none"},
	{"an unknown expectation", func(a, b string) string { return post11("Expect: miracles\r\n", length(a)) + a }, "417", "none"},
	{"an upgrade to HTTP/2", func(a, b string) string {
		return post11("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n", length(a)) + a
	}, "200", "first"},
	{"HTTP/2 in clear text", func(a, b string) string {
		return "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"
	}, "400", "none"},
	{"the address of another host", func(a, b string) string {
		return strings.Replace(post11(length(a)), "/indomaret", "http://other/indomaret", 1) + a
	}, "200", "first"},
	{"a path that climbs", func(a, b string) string {
		return strings.Replace(post11(length(a)), "/indomaret", "/pay/../indomaret", 1) + a
	}, "405", "none"},
}

func TestHostileShapes(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	for i, each := range shapes {
		var bodies, codes [2]string
		for n := range bodies {
			codes[n], _ = s.charge(chargeTerms{})
			bodies[n] = s.payment(codes[n], fmt.Sprintf("R%dX%d", i, n), stageAmount).signed().envelope()
		}
		records := len(s.journal())
		answers := s.speak(each.write(bodies[0], bodies[1]))
		booked := bookedOf(s.journal()[records:], codes)
		require.Equal(t, each.answers+" | "+each.booked, answers+" | "+booked, each.name)
		for _, body := range bodies { // the till's own attempt, or its retry
			require.Equal(t, saysApproved, s.post(body).String(), each.name)
		}
		require.Equal(t, "both", bookedOf(s.journal()[records:], codes), each.name)
	}
}

// bookedOf says which of two codes was paid, each once.
func bookedOf(records []ledger.Record, codes [2]string) string {
	var paid [2]int
	for _, r := range records {
		event, is := r.Event.(ledger.Paid)
		for n := range codes {
			if is && string(event.Code) == codes[n] {
				paid[n]++
			}
		}
	}
	switch paid {
	case [2]int{0, 0}:
		return "none"
	case [2]int{1, 0}:
		return "first"
	case [2]int{0, 1}:
		return "second"
	case [2]int{1, 1}:
		return "both"
	default:
		return fmt.Sprintf("%d times the first and %d times the second", paid[0], paid[1])
	}
}

// TestHostileSizes sends too much of everything. No answer is one that books, no
// byte of the ledger changes, and the memory that all of it took is told.
func TestHostileSizes(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	code, _ := s.charge(chargeTerms{})
	whole := s.payment(code, tillRef, stageAmount).signed().envelope()
	many := func(text string, times int) string { return strings.Repeat(text, times) }
	bomb, gzips := zipped(t, many(" ", 8<<20)), many(zipped(t, " "), 2000)
	require.Less(t, len(bomb), 64<<10, "it is within the limit until it is unpacked")
	before := s.ledgerHash()
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	held, began := memory.TotalAlloc, time.Now()
	for name, try := range map[string]struct{ text, answers string }{
		"a request line of 1 MB":   {"POST /" + many("a", 1<<20) + " HTTP/1.1\r\nHost: h\r\n\r\n", "431"},
		"a header of 1 MB":         {post11("X: "+many("a", 1<<20)+"\r\n", length(whole)) + whole, "431"},
		"a name of 1 MB":           {post11(many("a", 1<<20)+": x\r\n", length(whole)) + whole, "431"},
		"100,000 headers":          {post11(many("a: b\r\n", 100_000), length(whole)) + whole, "431"},
		"a body of 10 MB":          {post11("Content-Length: 10485760\r\n") + whole + many(" ", 10<<20-len(whole)), "413"},
		"10 MB in one chunk":       {post11(inChunks) + "a00000\r\n" + whole + many(" ", 10<<20-len(whole)), "413"},
		"100,000 chunks of a byte": {post11(inChunks) + many("1\r\n \r\n", 100_000), "413"},
		"extensions of 1 MB":       {post11(inChunks) + "1;" + many("a", 1<<20) + "\r\n \r\n0\r\n\r\n", ""},
		"extensions on each byte":  {post11(inChunks) + many("1;"+many("a", 4000)+"\r\n \r\n", 100) + "0\r\n\r\n", ""},
		"a trailer of 1 MB":        {post11(inChunks) + chunk(whole) + "0\r\nX: " + many("a", 1<<20) + "\r\n\r\n", ""},
		"100,000 trailers":         {post11(inChunks) + chunk(whole) + "0\r\n" + many("a: b\r\n", 100_000) + "\r\n", ""},
		"8 MB in 8 KB of gzip":     {post11("Content-Encoding: gzip\r\n", length(bomb)) + bomb, "413"},
		"gzip behind gzip":         {post11("Content-Encoding: gzip, gzip\r\n", length(bomb)) + bomb, "415"},
		"many gzips, one by one":   {post11("Content-Encoding: gzip\r\n", length(gzips)) + gzips, "500"},
	} {
		require.Equal(t, try.answers, s.speak(try.text), name)
	}
	runtime.ReadMemStats(&memory)
	allocated := (memory.TotalAlloc - held) >> 20
	t.Logf("all in %v; %d MB were allocated in all, the test's own and other tests' included", time.Since(began).Round(time.Millisecond), allocated)
	require.Less(t, allocated, uint64(4096))
	require.Equal(t, before, s.ledgerHash(), "the ledger changed")
	require.Equal(t, saysApproved, s.post(whole).String())
}

// TestHostileChunksWithoutEnd is cut at the body's limit, long before its time.
func TestHostileChunksWithoutEnd(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	connection := sendPart(t, s.url, post11(inChunks))
	began := time.Now()
	sent := make(chan int)
	go func() {
		total, piece := 0, chunk(strings.Repeat(" ", 1000))
		for {
			n, err := io.WriteString(connection, piece)
			total += n
			if err != nil {
				sent <- total
				return
			}
		}
	}()
	answer, err := http.ReadResponse(bufio.NewReader(connection), nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusRequestEntityTooLarge, answer.StatusCode)
	took, total := time.Since(began), <-sent
	t.Logf("cut off after %v; its sender had put %d KB into the socket when it noticed", took.Round(time.Millisecond), total>>10)
	require.Less(t, took, 5*time.Second)
	_, err = io.Copy(io.Discard, connection)
	require.True(t, err == nil || errors.Is(err, io.ErrUnexpectedEOF) || strings.Contains(err.Error(), "reset"), err)
}
