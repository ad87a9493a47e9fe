package main

import (
	"context"
	"encoding/xml"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// partner is a server that notes what is paid and answers with codes[PaymentCode], else 00.
type partner struct {
	mu    sync.Mutex
	paid  map[string]int
	refs  map[string]int
	codes map[string]string
	addr  string
}

func startPartner(t *testing.T) *partner {
	t.Helper()
	p := &partner{paid: map[string]int{}, refs: map[string]int{}, codes: map[string]string{}}
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	p.addr = server.Listener.Addr().String()
	return p
}

func (p *partner) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var request reqPayment
	if err := xml.NewDecoder(r.Body).Decode(&request); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.paid[request.PaymentCode]++
	p.refs[request.TrackingRef]++
	code, set := p.codes[request.PaymentCode]
	if !set {
		code = "00"
	}
	fmt.Fprintf(w, `<e:Envelope xmlns:e="x"><e:Body><n:ResPayment xmlns:n="y"><n:ResponseCode>%s</n:ResponseCode></n:ResPayment></e:Body></e:Envelope>`, code)
}

func TestLoadPaysEveryCodeOnce(t *testing.T) {
	t.Parallel()
	p := startPartner(t)
	codes := peerCodes(1000)
	f, err := load{addr: p.addr, clients: 16, task: paying{codes: codes}}.run(t.Context())
	require.NoError(t, err)
	require.Equal(t, len(codes), f.Done)
	require.Len(t, p.paid, len(codes))
	require.Len(t, p.refs, len(codes))
	for code, times := range p.paid {
		require.Equal(t, 1, times, "code %s", code)
	}
	require.Positive(t, f.P50)
	require.GreaterOrEqual(t, f.P99, f.P50)
	require.GreaterOrEqual(t, f.Took, f.P50)
	require.InEpsilon(t, 1000/f.Took.Seconds(), f.rate(), 1e-9)
}

func TestLoadContinuesTheTrackingRefs(t *testing.T) {
	t.Parallel()
	p := startPartner(t)
	codes := peerCodes(200)
	for _, task := range []paying{{codes: codes[:100]}, {codes: codes[100:], ref: 100}} {
		_, err := load{addr: p.addr, clients: 4, task: task}.run(t.Context())
		require.NoError(t, err)
	}
	require.Len(t, p.refs, 200)
}

func TestLoadIsVoidWithAnyOtherAnswer(t *testing.T) {
	t.Parallel()
	p := startPartner(t)
	codes := peerCodes(100)
	p.codes[codes[70]] = "13"
	_, err := load{addr: p.addr, clients: 2, task: paying{codes: codes}}.run(t.Context())
	require.ErrorContains(t, err, "void: 1 of 100 requests failed")
	require.ErrorContains(t, err, "pay "+codes[70])
	require.ErrorContains(t, err, "<n:ResponseCode>13<")
}

func TestLoadIsVoidWithAFault(t *testing.T) {
	t.Parallel()
	// A 00 in the body does not count without the status of an answer.
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusInternalServerError)
		fmt.Fprint(w, "<ResponseCode>00</ResponseCode>")
	}))
	t.Cleanup(server.Close)
	_, err := load{addr: server.Listener.Addr().String(), clients: 1, task: paying{codes: peerCodes(1)}}.run(t.Context())
	require.ErrorContains(t, err, "500 Internal Server Error")
}

func TestLoadIsVoidWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	t.Cleanup(server.Close)
	_, err := load{addr: server.Listener.Addr().String(), clients: 1, task: paying{codes: peerCodes(1)}}.run(t.Context())
	require.ErrorContains(t, err, "read answer")
}

func TestLoadStopsAtItsLimit(t *testing.T) {
	t.Parallel()
	p := startPartner(t)
	codes := peerCodes(200_000)
	f, err := load{addr: p.addr, clients: 4, task: paying{codes: codes}, limit: 50 * time.Millisecond}.run(t.Context())
	require.NoError(t, err)
	require.Positive(t, f.Done)
	require.Less(t, f.Done, len(codes))
	require.GreaterOrEqual(t, f.Took, 50*time.Millisecond)
}

func TestLoadEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	asked := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(asked)
		<-ctx.Done() // the answer never comes
	}))
	t.Cleanup(server.Close)
	go func() {
		<-asked
		cancel()
	}()
	_, err := load{addr: server.Listener.Addr().String(), clients: 1, task: paying{codes: peerCodes(1)}}.run(ctx)
	require.ErrorIs(t, err, context.Canceled)
}

func TestLoadNeedsAServer(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	_, err = load{addr: listener.Addr().String(), clients: 3, task: paying{codes: peerCodes(1)}}.run(t.Context())
	require.ErrorContains(t, err, "client 1 of 3")
}

func TestPercentileIsTheNearestRank(t *testing.T) {
	t.Parallel()
	hundred := make([]time.Duration, 100)
	for i := range hundred {
		hundred[i] = time.Duration(i + 1)
	}
	for name, c := range map[string]struct {
		sorted []time.Duration
		p      float64
		want   time.Duration
	}{
		"none":            {nil, 0.5, 0},
		"one":             {hundred[:1], 0.99, 1},
		"median of two":   {hundred[:2], 0.5, 1},
		"median of three": {hundred[:3], 0.5, 2},
		"median":          {hundred, 0.5, 50},
		"99th":            {hundred, 0.99, 99},
		"99th of fifty":   {hundred[:50], 0.99, 50},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.want, percentile(c.sorted, c.p))
		})
	}
}
