package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// guessing is a stage that locks out after few failures.
func guessing(t *testing.T) *stage {
	t.Helper()
	return newStage(t, stageSetup{change: func(c *Config) {
		c.Limits.Merchant.FailureLimits = FailureLimits{Failures: 20, FailureWindow: 10 * time.Minute, LockOut: 15 * time.Minute}
		c.Limits.Pages.FailureLimits = FailureLimits{Failures: 60, FailureWindow: time.Minute, LockOut: time.Minute}
	}})
}

// clientFrom calls from one of this machine's addresses.
func clientFrom(t *testing.T, last byte) *http.Client {
	t.Helper()
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, last)}}
	transport := &http.Transport{DialContext: dialer.DialContext}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: patience}
}

// try asks for an order's status with a key.
func (s *stage) try(client *http.Client, key, order string) (*http.Response, string) {
	s.t.Helper()
	request, err := http.NewRequest(http.MethodGet, s.url+"/v2/"+order+"/status", nil)
	require.NoError(s.t, err)
	request.SetBasicAuth(key, "")
	response, err := client.Do(request)
	require.NoError(s.t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(s.t, err)
	return response, string(text)
}

func TestHostileGuessingOfKeys(t *testing.T) {
	t.Parallel()
	s := guessing(t)
	_, order := s.charge(chargeTerms{}) // with the right key, from 127.0.0.1
	attacker, neighbour, shop := clientFrom(t, 66), clientFrom(t, 1), clientFrom(t, 7)
	began, counted := time.Now(), map[int]int{}
	for i := range 1000 {
		answer, _ := s.try(attacker, fmt.Sprintf("SB-paypoint-server-key%d", i), order)
		counted[answer.StatusCode]++
	}
	t.Logf("1,000 guesses in %v: %v", time.Since(began).Round(time.Millisecond), counted)
	require.Equal(t, map[int]int{http.StatusUnauthorized: 20, http.StatusTooManyRequests: 980}, counted)

	answer, body := s.try(attacker, sandboxKey, order)
	require.Equal(t, http.StatusTooManyRequests, answer.StatusCode, "a right guess is told like a wrong one")
	require.Equal(t, "900", answer.Header.Get("Retry-After"))
	require.JSONEq(t, `{"message":"Too many wrong server keys. Try again in 15m0s."}`, body)
	answer, _ = s.try(shop, sandboxKey, order)
	require.Equal(t, http.StatusOK, answer.StatusCode, "the merchant calls from elsewhere")

	for range 40 { // an attacker, or a forgotten job, at the merchant's own address
		s.try(neighbour, "an old key", order)
	}
	answer, _ = s.try(neighbour, "an old key", order)
	require.Equal(t, http.StatusTooManyRequests, answer.StatusCode)
	answer, _ = s.try(neighbour, sandboxKey, order)
	require.Equal(t, http.StatusOK, answer.StatusCode, "the key was right from there before")

	s.clock.turn(15 * time.Minute)
	answer, _ = s.try(attacker, sandboxKey, order)
	require.Equal(t, http.StatusOK, answer.StatusCode, "it ends")
	require.EqualValues(t, 40, s.metric(`paypoint_guesses_total{what="key"}`))
	require.EqualValues(t, 2, s.metric(`paypoint_lockouts_total{what="key"}`))
}

// Orders of others are like orders that there are not, and guessing is held to
// the merchant's own rate.
func TestHostileGuessingOfOrders(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{change: func(c *Config) { c.Limits.Merchant.RequestsPerSecond, c.Limits.Merchant.Burst = 100, 200 }})
	code, order := s.charge(chargeTerms{})
	id := s.status(order)["transaction_id"].(string)
	other, own := s.addMerchant(0), clientFrom(t, 1)
	began, counted := time.Now(), map[string]int{}
	for i := range 600 {
		guess := []string{order, id, code, fmt.Sprint("order-", i), uuid.NewString()}[i%5]
		answer, body := s.try(own, other, guess)
		var told struct {
			Code string `json:"status_code"`
		}
		require.NoError(t, json.Unmarshal([]byte(body), &told))
		counted[fmt.Sprintf("%d %s", answer.StatusCode, told.Code)]++
	}
	t.Logf("600 guesses in %v: %v", time.Since(began).Round(time.Millisecond), counted)
	require.Equal(t, map[string]int{"200 404": 200, "429 ": 400}, counted)
	require.Equal(t, "pending", s.status(order)["transaction_status"], "the other merchant has a rate of its own")
	require.EqualValues(t, 200, s.metric(`paypoint_guesses_total{what="order"}`))
}

func TestHostileGuessingOfPages(t *testing.T) {
	t.Parallel()
	s := guessing(t)
	_, order := s.charge(chargeTerms{})
	page := s.status(order)["transaction_id"].(string)
	attacker, elsewhere := clientFrom(t, 66), clientFrom(t, 7)
	get := func(client *http.Client, path string) int {
		t.Helper()
		response, err := client.Get(s.url + pagesPath + path)
		require.NoError(t, err)
		_, err = io.Copy(io.Discard, response.Body)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		if response.StatusCode == http.StatusTooManyRequests {
			require.Equal(t, "60", response.Header.Get("Retry-After"))
		}
		return response.StatusCode
	}
	began, counted := time.Now(), map[int]int{}
	for i := range 1000 {
		path := uuid.Must(uuid.NewV7()).String() + strings.Repeat("/state", i%2)
		counted[get(attacker, path)]++
	}
	t.Logf("1,000 guesses in %v: %v", time.Since(began).Round(time.Millisecond), counted)
	require.Equal(t, map[int]int{http.StatusNotFound: 59, http.StatusTooManyRequests: 941}, counted)
	require.Equal(t, http.StatusOK, get(attacker, page), "many phones share an address, and know their page")
	require.Equal(t, http.StatusNotFound, get(elsewhere, uuid.NewString()))
	s.clock.turn(time.Minute)
	require.Equal(t, http.StatusNotFound, get(attacker, uuid.NewString()), "it ends")
}

func TestHostileScanOfCodes(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	require.Contains(t, s.operate("scans"), "no store has asked for an unknown code")
	code, _ := s.charge(chargeTerms{})
	began := time.Now()
	const tried = 300
	for i := range tried {
		guess := fmt.Sprintf("%s%013d", code[:3], 1_000_000+i)
		answer := s.send(s.inquiry(guess).with("StoreID", "SCAN1"))
		require.Equal(t, saysNotFound, answer.String(), "a scan is told what a code is, as ever")
	}
	took := time.Since(began)
	s.send(s.inquiry("9990000000000000")) // somebody's typing error
	require.Equal(t, saysApproved, s.send(s.inquiry(code)).String())
	// What nobody signed says nothing of a store.
	s.send(s.inquiry("9990000000000000").with("StoreID", "FORGED").with("Signature", "00"))

	var rows []scanRow
	require.NoError(t, json.Unmarshal([]byte(s.operate("scans", "--json")), &rows))
	require.Len(t, rows, 2)
	require.Equal(t, "SCAN1", rows[0].Store)
	require.Equal(t, s.app.config.Partner.CodeScan.Unknown, rows[0].Unknown, "no more are kept")
	require.Equal(t, tried, rows[0].Asked)
	require.True(t, rows[0].Alarm)
	require.Equal(t, tillStore, rows[1].Store)
	require.False(t, rows[1].Alarm)
	require.Equal(t, 2, rows[1].Asked)
	require.Regexp(t, `SCAN1 +20 +300 +2026-01-30 10:00:00 +2026-01-30 10:00:00 +true`, s.operate("scans"))
	require.EqualValues(t, 1, s.metric("paypoint_code_scans_total"))
	require.EqualValues(t, 1, s.metric("paypoint_code_scan_stores"))
	t.Logf("%d codes tried in %v: alarm at the %dth; of 16 digits one in %.0e is a code", tried, took.Round(time.Millisecond), s.app.config.Partner.CodeScan.Unknown, 1e12)
	s.clock.turn(10 * time.Minute)
	require.Zero(t, s.metric("paypoint_code_scan_stores"))
}
