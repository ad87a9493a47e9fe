package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// tillAt is a till with a journal of its own in front of url.
func tillAt(t *testing.T, url string, client *http.Client) *till {
	t.Helper()
	j := openFor(t, filepath.Join(t.TempDir(), "j"), syncGroup)
	t.Cleanup(func() { require.NoError(t, j.close()) })
	s, err := newSigner(schemeAESECB, sampleKey, "0")
	require.NoError(t, err)
	return &till{
		url: url, http: client, timeout: 5 * time.Second, signer: s, store: "G001T001",
		ids: newIdentities(), now: func() time.Time { return testNow }, journal: j,
	}
}

// payOnce sends one payment, without any repair.
func payOnce(t *testing.T, from *till) result {
	t.Helper()
	got, err := from.send(context.Background(), order{op: payment, paymentCode: "1", trackingRef: "T1", amount: 1000})
	require.NoError(t, err)
	return got
}

func TestAnswersThatAreNone(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		serve http.HandlerFunc
		want  string
	}{
		"too long": {
			func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, strings.Repeat(" ", maxAnswer+1)) },
			"no answer: an answer of more than 65536 bytes",
		},
		"broken off": {
			func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Length", "1000")
				fmt.Fprint(w, "<?xml")
			},
			"no answer: unexpected EOF",
		},
		"empty": {func(http.ResponseWriter, *http.Request) {}, "no SOAP answer: EOF"},
		"redirect": {
			func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) },
			"HTTP 302 Found instead of an answer",
		},
		"fault with HTTP 200": {
			func(w http.ResponseWriter, _ *http.Request) {
				fmt.Fprint(w, wrap("<soap:Fault><faultcode>soap:Server</faultcode><faultstring>down</faultstring></soap:Fault>"))
			},
			"SOAP fault (HTTP 200): soap:Server: down",
		},
		"answer with an HTTP error": {
			func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusBadGateway)
				fmt.Fprint(w, wrap("<ResPayment><ResponseCode>00</ResponseCode></ResPayment>"))
			},
			"HTTP 502 Bad Gateway instead of an answer",
		},
		"another envelope": {
			func(w http.ResponseWriter, _ *http.Request) {
				fmt.Fprint(w, `<Envelope xmlns="urn:x"><Body><ResPayment/></Body></Envelope>`)
			},
			"an answer that the contract's client cannot read",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(c.serve)
			t.Cleanup(server.Close)
			got := payOnce(t, tillAt(t, server.URL, newHTTPClient(1)))
			require.Contains(t, got.Trouble, c.want)
			require.Equal(t, verdictUnknown, got.verdict(), "the partner may have booked it")
			require.Empty(t, got.ResponseCode)
		})
	}
}

func TestAnUntrustedCertificateMeansNotSent(t *testing.T) {
	t.Parallel()
	var asked atomic.Bool
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Store(true) }))
	t.Cleanup(server.Close)
	got := payOnce(t, tillAt(t, server.URL, newHTTPClient(1)))
	require.Equal(t, verdictNotSent, got.verdict())
	require.Contains(t, got.Trouble, "no connection: ")
	require.Contains(t, got.Trouble, "certificate")
	require.False(t, asked.Load())
}

func TestConnectionsAreKept(t *testing.T) {
	t.Parallel()
	p := &partner{charges: make(map[string]*testCharge), mishaps: make(map[operation][]mishap)}
	p.sell("1", testCharge{amount: 1000})
	var connections atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(p.serve))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	from := tillAt(t, server.URL, newHTTPClient(1))
	for range 5 {
		require.Equal(t, verdictApproved, payOnce(t, from).verdict())
	}
	require.Equal(t, int64(1), connections.Load())
}

func TestAPasswordInTheAddressIsNotJournaled(t *testing.T) {
	t.Parallel()
	got := payOnce(t, tillAt(t, "http://me:secret@127.0.0.1:1/indomaret", newHTTPClient(1)))
	require.True(t, got.NotSent)
	require.NotContains(t, got.Trouble, "secret")
}
