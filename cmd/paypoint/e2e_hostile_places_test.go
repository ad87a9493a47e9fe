package main

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Attackers call from 127.0.0.66 here, tills from 127.0.0.1.

// attacker is the last byte of the attackers' address.
const attacker = 66

// crowded is a stage with few places for partner, merchants and pages.
func crowded(t *testing.T, most int) (s *stage, code string) {
	t.Helper()
	s = newStage(t, stageSetup{fails: true, change: func(c *Config) { setConnections(c, most) }})
	code, _ = s.charge(chargeTerms{})
	s.http.CloseIdleConnections()
	return s, code
}

const crowdedListener = `partner+merchant+pages`

// Bodies of which nothing more comes lose their places, whosever they are.
func TestHostileStalledBodies(t *testing.T) {
	t.Parallel()
	s, code := crowded(t, fewPlaces)
	swarm(t, s.url, fewPlaces, post11("Content-Length: 60000\r\n")+"<", false)
	answer, took := s.newTill(code)
	require.Equal(t, saysApproved, answer)
	t.Logf("all places taken by bodies that stopped: a new till is answered in %v", took.Round(time.Millisecond))
	require.Less(t, took, s.app.config.Limits.Partner.ReadTimeout/2, "it did not wait for their time to end")
}

// Bodies that come byte by byte lose their places to a caller who holds fewer,
// and who holds most gets no more.
func TestHostileDrippingBodies(t *testing.T) {
	t.Parallel()
	s, code := crowded(t, 32)
	drip(swarmFrom(t, attacker, s.url, 32, post11("Content-Length: 60000\r\n")+"<", false))
	require.Eventually(t, func() bool { return s.metric(`paypoint_http_connections{listener="`+crowdedListener+`"}`) == 32 }, patience, time.Millisecond)
	for range 5 {
		answer, took := s.newTill(code)
		require.Equal(t, saysApproved, answer)
		require.Less(t, took, headerPatience, "it does not wait")
	}
	// The tills have left, so that the attacker can take their places again, and no more.
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, attacker)}}
	for range 8 {
		if more, err := dialer.Dial("tcp", strings.TrimPrefix(s.url, "http://")); err == nil {
			t.Cleanup(func() { _ = more.Close() })
			_, _ = io.WriteString(more, post11("Content-Length: 60000\r\n")+"<") // it may be closed already
			drip([]net.Conn{more})
		}
	}
	refused := `paypoint_refused_total{group="` + crowdedListener + `",why="places"}`
	require.Eventually(t, func() bool { return s.metric(refused) >= 1 }, patience, time.Millisecond)
	answer, took := s.newTill(code)
	require.Equal(t, saysApproved, answer)
	require.Less(t, took, headerPatience)
}

// drip sends a byte now and then on connections, until they end.
func drip(connections []net.Conn) {
	for _, connection := range connections {
		go func() {
			beat := time.NewTicker(headerPatience / 4)
			defer beat.Stop()
			for range beat.C {
				if _, err := io.WriteString(connection, "x"); err != nil {
					return
				}
			}
		}()
	}
}

// Answers that are not taken lose their places to a caller who holds fewer.
func TestHostileUnreadAnswers(t *testing.T) {
	t.Parallel()
	s, code := crowded(t, 16)
	for _, connection := range swarmFrom(t, attacker, s.url, 16, getContract, false) {
		require.NoError(t, connection.(*net.TCPConn).SetReadBuffer(4096))
		go func() { _, _ = io.WriteString(connection, strings.Repeat(getContract, 5000)) }()
	}
	series := `paypoint_http_requests_total{group="partner",status="200"}`
	require.Eventually(t, func() bool { return s.metric(series) > 16 }, patience, time.Millisecond)
	answer, took := s.newTill(code)
	require.Equal(t, saysApproved, answer)
	t.Logf("16 of 16 places taken by callers who read nothing: a new till is answered in %v", took.Round(time.Millisecond))
	require.Less(t, took, 3*headerPatience)
}

// Who has no key to the finance API, asks and does not read, is gone soon.
func TestHostileUnreadRefusals(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	s.http.CloseIdleConnections()
	const ask = "GET /finance/v1/days HTTP/1.1\r\nHost: h\r\n\r\n"
	for range 8 {
		connection := sendPart(t, s.url, ask)
		require.NoError(t, connection.(*net.TCPConn).SetReadBuffer(2048))
		go func() { _, _ = io.WriteString(connection, strings.Repeat(ask, 20_000)) }()
	}
	open := func() float64 { return s.metric("paypoint_http_connections" + stageListener) }
	require.Eventually(t, func() bool { return open() == 8 }, patience, time.Millisecond)
	began := time.Now()
	require.Eventually(t, func() bool { return open() == 0 }, 2*patience, 10*time.Millisecond)
	t.Logf("8 who read no refusal are gone after %v", time.Since(began).Round(10*time.Millisecond))
}

// A caller without a right key is told so before his body has come.
func TestHostileBodyWithoutAKey(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	for _, path := range []string{"/v2/charge", "/finance/v1/settlements"} {
		for name, key := range map[string]string{"no key": "", "a wrong key": "Authorization: Basic d3Jvbmc6\r\n"} {
			began := time.Now()
			connection := sendPart(t, s.url, "POST "+path+" HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"+key+"Content-Length: 60000\r\n\r\n{")
			answer, err := http.ReadResponse(bufio.NewReader(connection), nil)
			require.NoError(t, err)
			require.Equal(t, http.StatusUnauthorized, answer.StatusCode, "%s %s", path, name)
			require.True(t, answer.Close)
			require.Less(t, time.Since(began), refusedReadTimeout, "%s %s", path, name)
		}
	}
}

// A caller who opens ever new connections displaces his own, never those that
// tills keep.
func TestHostileChurn(t *testing.T) {
	t.Parallel()
	const most = 64
	s, code := crowded(t, most)
	var kept [4]net.Conn
	for i := range kept {
		kept[i] = sendPart(t, s.url, "")
	}
	body := s.inquiry(code).signed().envelope()
	for range 10 {
		for _, till := range kept {
			_, err := io.WriteString(till, post11(length(body))+body)
			require.NoError(t, err)
			require.Equal(t, saysApproved, readRawAnswer(s, till).String())
		}
		// No more than there is room for: one more would displace one of these, which
		// may wait for its answer.
		swarmFrom(t, attacker, s.url, most-len(kept), getContract, true)
	}
	require.GreaterOrEqual(t, s.metric(`paypoint_connections_displaced_total{listener="`+crowdedListener+`"}`), 9.0*float64(most-len(kept)))
}
