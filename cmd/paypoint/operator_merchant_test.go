package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/ledger"
)

// URLs of receivers. Nobody asks there in the tests of commands.
const (
	shopURL      = "https://shop.example.com/paid?token=hunter2"
	shopURLShown = "https://shop.example.com/…"
	localURL     = "http://127.0.0.1:9/"
)

func TestMerchantNotifyCommand(t *testing.T) {
	t.Parallel()
	withServer(t, func(t *testing.T, command func(...string) (int, string, string)) {
		run := func(args ...string) string {
			code, out, errText := command(append([]string{"merchant"}, args...)...)
			require.Equal(t, exitDone, code, errText)
			return out
		}
		require.Equal(t, "merchant G000000001 is not notified\n", run("notify", access.SandboxMerchant))
		const told = "merchant G000000001 is notified at:\n  " + shopURL + "\n  " + localURL + "\n"
		require.Equal(t, told, run("notify", access.SandboxMerchant, shopURL, localURL))
		require.Equal(t, told, run("notify", access.SandboxMerchant))

		table := run("list")
		require.Contains(t, table, "  "+shopURLShown+" http://127.0.0.1:9\n")
		require.NotContains(t, table, "paid")
		listed := run("list", "--json")
		require.NotContains(t, listed, "paid")
		require.Contains(t, listed, shopURLShown)

		var urls merchantURLs
		require.NoError(t, json.Unmarshal([]byte(run("notify", access.SandboxMerchant, "none", "--json")), &urls))
		require.Equal(t, merchantURLs{access.SandboxMerchant, []string{}}, urls)
		require.Equal(t, "merchant G000000001 is not notified\n", run("notify", access.SandboxMerchant))

		four := strings.Repeat(" https://shop.example.com", access.MaxNotificationURLs+1)
		for args, says := range map[string]string{
			"G000000001 ftp://example.com":    "notification URL 1 of G000000001: neither http nor https",
			"G000000001 " + shopURL + " none": "notification URL 2 of G000000001: neither http nor https",
			"G000000001" + four:               "at most 3",
			"G000000009":                      "no such merchant",
			"G000000009 " + shopURL:           "no such merchant",
			"G000000009 none":                 "no such merchant",
		} {
			code, out, errText := command(strings.Fields("merchant notify " + args)...)
			require.Equal(t, exitFailed, code, args)
			require.Empty(t, out, args)
			require.Contains(t, errText, says, args)
			require.NotContains(t, errText, "hunter2", args)
		}
	})
}

// Outside the sandbox nobody is told at an address of the machine's own.
func TestMerchantNotifyRefusesPrivateAddresses(t *testing.T) {
	t.Parallel()
	config, _ := productionFile(t, "")
	productionLedger(t, config)
	code, _, errText := runCommand("merchant", "add", "Shop", "--config", config)
	require.Equal(t, exitDone, code, errText)
	for _, url := range []string{"http://127.0.0.1:8000/", "http://[::1]/", "http://localhost/", "https://10.0.0.7/", "http://169.254.169.254/latest/meta-data"} {
		code, _, errText = runCommand("merchant", "notify", "G000000001", url, "--config", config)
		require.Equal(t, exitFailed, code, url)
		require.Contains(t, errText, "its host is not public", url)
	}
	code, out, errText := runCommand("merchant", "notify", "G000000001", shopURL, "--config", config)
	require.Equal(t, exitDone, code, errText)
	require.Contains(t, out, shopURL)
}

func TestMerchantDeactivateCancelsWhatIsOpen(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{hold: stageHold})
	s.key = sandboxKey
	kept, keptOrder := s.charge(chargeTerms{})
	s.pay(kept, "KEPT", stageAmount)
	open := make([]string, 3)
	orders := make([]string, len(open))
	for i := range open {
		open[i], orders[i] = s.charge(chargeTerms{})
	}
	const others = "G000000002"
	require.Equal(t, "merchant G000000001 (Sandbox Shop) may not charge; 3 open charges are cancelled\n",
		s.operate("merchant", "deactivate", access.SandboxMerchant, "--cancel-open"))
	for i, code := range open {
		require.Equal(t, saysCancelled, s.send(s.payment(code, fmt.Sprint("LATE", i), stageAmount)).String())
		require.Equal(t, "cancel", s.status(orders[i])["transaction_status"])
	}
	require.Equal(t, "settlement", s.status(keptOrder)["transaction_status"], "what is paid stays paid")

	var closed closedMerchant
	require.NoError(t, json.Unmarshal([]byte(s.operate("merchant", "deactivate", access.SandboxMerchant, "--cancel-open", "--json")), &closed))
	require.Equal(t, access.SandboxMerchant, closed.ID)
	require.False(t, closed.Active)
	require.Zero(t, closed.Cancelled, "nothing is left for the second time")
	require.NotContains(t, s.operate("merchant", "list"), others+"  Merchant with a hold  101     1m0s  false")

	code, _, errText := s.command("merchant", "deactivate", "G000000009", "--cancel-open")
	require.Equal(t, exitFailed, code)
	require.Contains(t, errText, "G000000009")
}

// A held payment is the merchant's secret to nobody: it is not cancelled.
func TestMerchantDeactivateLeavesWhatIsHeld(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{hold: stageHold})
	code, order := s.charge(chargeTerms{})
	s.pay(code, tillRef, stageAmount)
	require.Contains(t, s.operate("merchant", "deactivate", "G000000002", "--cancel-open"), "0 open charges are cancelled")
	s.clock.turn(stageHold)
	s.sweep()
	require.Equal(t, "settlement", s.status(order)["transaction_status"])
}

func TestCancelOpenTellsOfFailures(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	s.charge(chargeTerms{})
	s.store.order(func(func(decision) error, ledger.Keys, decision) error { return ledger.ErrBusy })
	client, err := dialOperators(s.data)
	require.NoError(t, err)
	defer client.close()
	_, err = client.cancelOpen(t.Context(), access.SandboxMerchant, func(int) {})
	require.ErrorContains(t, err, "cancel open charges of G000000001: ")
	require.ErrorContains(t, err, ledger.ErrBusy.Error())
	_, err = client.cancelOpen(t.Context(), "G000000009", func(int) {})
	require.ErrorContains(t, err, "no such merchant")
	s.store.order(nil)
	cancelled, err := client.cancelOpen(t.Context(), access.SandboxMerchant, func(int) {})
	require.NoError(t, err)
	require.Equal(t, 1, cancelled)
}

// A command that goes away, however early, leaves no code payable that it was
// to end.
func TestCancelOpenGoesOnWithoutItsCommand(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	_, order := s.charge(chargeTerms{})
	gone, hangUp := context.WithCancel(t.Context())
	hangUp()
	r := httptest.NewRequestWithContext(gone, http.MethodDelete, "/operator/v1/merchants/"+access.SandboxMerchant+"/open-charges", nil)
	answer := httptest.NewRecorder()
	newOperators(s.app, nil).handler().ServeHTTP(answer, r)
	require.Contains(t, answer.Body.String(), `{"cancelled":1,"done":true}`)
	require.Equal(t, "cancel", s.status(order)["transaction_status"])
}

func TestStreamsThatBreakOff(t *testing.T) {
	t.Parallel()
	for body, says := range map[string]string{
		"":                                    "the server broke off its answer",
		`{"cancelled": 1}`:                    "the server broke off its answer",
		`{"cancelled": 1}{"canc`:              "the server broke off its answer",
		`{"cancelled": "many"}`:               "read the server's answer: ",
		`{"cancelled": 7, "error": "no ink"}`: "no ink",
	} {
		client := &operatorClient{http: &http.Client{Transport: answering(body)}, base: socketBase}
		_, err := client.cancelOpen(t.Context(), access.SandboxMerchant, func(int) {})
		require.ErrorContains(t, err, says, body)
	}
}

// answering is a transport whose answers are all one body.
type answering string

// RoundTrip is http.RoundTripper's.
func (a answering) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Body: readCloser{strings.NewReader(string(a))}}, nil
}

type readCloser struct{ *strings.Reader }

// Close is io.Closer's.
func (readCloser) Close() error { return nil }

func TestOperatorSocketRefusesURLsThatItCanNotRead(t *testing.T) {
	t.Parallel()
	l := serveHere(t, sandboxHere(t), 1, nil)
	client, err := dialOperators(l.app.config.DataDir)
	require.NoError(t, err)
	defer client.close()
	err = client.call(t.Context(), http.MethodPut, "/operator/v1/merchants/"+access.SandboxMerchant+"/urls", "no object", nil)
	require.ErrorContains(t, err, "set notification URLs: ")
	require.False(t, errors.Is(err, errServerGone))
	require.NoError(t, l.end())
}
