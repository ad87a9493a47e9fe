package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"paypoint/ledger"
	"paypoint/soap"
)

func TestBoundedTableForgetsTheOldest(t *testing.T) {
	t.Parallel()
	table := newBounded[string, int](2)
	*table.make("a"), *table.make("b") = 1, 2
	require.Equal(t, 1, *table.find("a"), "asking keeps it")
	*table.make("c") = 3
	require.Nil(t, table.find("b"))
	require.Equal(t, 1, *table.make("a"))
	var keys []string
	table.each(func(key string, _ *int) { keys = append(keys, key) })
	require.Equal(t, []string{"a", "c"}, keys)
	for i := range 100_000 {
		table.make(fmt.Sprint(i))
	}
	require.Len(t, table.rows, 2)
	require.Equal(t, 2, table.order.Len())
}

func TestAllowListGoesByTheCallerOfTheRequest(t *testing.T) {
	t.Parallel()
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	list := &allowList{
		networks: []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("2001:db8::/32")},
		proxies:  proxies, refused: func(netip.Addr) {},
	}
	for name, try := range map[string]struct {
		peer, forwarded string
		admitted        bool
	}{
		"on the list":                   {"203.0.113.9:1", "", true},
		"as IPv4 in IPv6":               {"[::ffff:203.0.113.9]:1", "", true},
		"IPv6":                          {"[2001:db8::1]:1", "", true},
		"elsewhere":                     {"198.51.100.1:1", "", false},
		"elsewhere that claims":         {"198.51.100.1:1", "203.0.113.9", false},
		"by a proxy":                    {"10.0.0.1:1", "203.0.113.9", true},
		"by a proxy, from elsewhere":    {"10.0.0.1:1", "198.51.100.1", false},
		"by a proxy, who claims":        {"10.0.0.1:1", "203.0.113.9, 198.51.100.1", false},
		"by two proxies":                {"10.0.0.1:1", "203.0.113.9, 10.0.0.2", true},
		"a proxy that says nothing":     {"10.0.0.1:1", "", false},
		"a proxy that says nonsense":    {"10.0.0.1:1", "unknown", false},
		"a proxy that says a port too":  {"10.0.0.1:1", "203.0.113.9:443", false},
		"no address":                    {"pipe", "", false},
		"on the list, with a zone's id": {"[2001:db8::1%eth0]:1", "", false},
	} {
		r := httptest.NewRequest(http.MethodPost, "/indomaret", nil)
		r.RemoteAddr = try.peer
		if try.forwarded != "" {
			r.Header.Set("X-Forwarded-For", try.forwarded)
		}
		believeProxy(r, proxies)
		require.Equal(t, try.admitted, list.admitsRequest(r), name)
	}
	require.True(t, (&allowList{}).admits(netip.Addr{}), "no list lets everyone")
}

func TestCallersOfIPv6AreNetworks(t *testing.T) {
	t.Parallel()
	require.Equal(t, "2001:db8::/64", addressKey(netip.MustParseAddr("2001:db8::1234")))
	require.Equal(t, addressKey(netip.MustParseAddr("2001:db8::1")), addressKey(netip.MustParseAddr("2001:db8::2")))
	require.Equal(t, "203.0.113.9", addressKey(netip.MustParseAddr("203.0.113.9")))
	r := httptest.NewRequest(http.MethodPost, "/", nil)
	r.RemoteAddr = "203.0.113.9:1"
	require.Equal(t, "203.0.113.9", callerOf(r))
	r.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{{Raw: []byte("certificate")}}}
	require.Len(t, callerOf(r), 64, "a certificate counts wherever it calls from")
}

func TestRatesAreByCallerAndBounded(t *testing.T) {
	t.Parallel()
	now := time.Now()
	rates := newCallerRates(2, 3)
	for range 3 {
		require.Zero(t, rates.enter("a", now))
	}
	require.Equal(t, 500*time.Millisecond, rates.enter("a", now))
	require.Equal(t, 500*time.Millisecond, rates.enter("a", now), "a refusal uses nothing up")
	require.Zero(t, rates.enter("b", now))
	require.Zero(t, rates.enter("a", now.Add(500*time.Millisecond)))
	for i := range 2 * maxCallers {
		rates.enter(fmt.Sprint(i), now)
	}
	require.Len(t, rates.of.rows, maxCallers)
	none := newCallerRates(0, 1)
	for range 100 {
		require.Zero(t, none.enter("a", now))
	}
	require.Empty(t, none.of.rows)
}

func TestRequestPlaces(t *testing.T) {
	t.Parallel()
	places := &requestPlaces{most: 2}
	require.True(t, places.enter())
	require.True(t, places.enter())
	require.False(t, places.enter())
	places.leave()
	require.True(t, places.enter())
	require.True(t, (&requestPlaces{}).enter(), "0 bounds nothing")
}

func TestStrikesLockOutAndForget(t *testing.T) {
	t.Parallel()
	now := time.Now()
	s := newStrikes(FailureLimits{Failures: 3, FailureWindow: time.Minute, LockOut: time.Hour})
	require.False(t, s.add("a", now))
	require.False(t, s.add("a", now))
	require.False(t, s.add("a", now.Add(time.Minute)), "the window began anew")
	require.False(t, s.add("a", now.Add(time.Minute)))
	locking := now.Add(61 * time.Second)
	require.True(t, s.add("a", locking))
	require.Equal(t, time.Hour, s.locked("a", locking))
	require.Zero(t, s.locked("b", locking), "others are not")
	require.Equal(t, time.Hour, s.locked("a", now.Add(-24*time.Hour)), "not for longer after the clock was turned back")
	require.Zero(t, s.locked("a", locking.Add(time.Hour)))
	for i := range 2 * maxStrikes {
		s.add(fmt.Sprint(i), now)
	}
	require.Len(t, s.of.rows, maxStrikes)
	off := newStrikes(FailureLimits{})
	for range 100 {
		require.False(t, off.add("a", now))
	}
	require.Zero(t, off.locked("a", now))
}

func TestScansAlarmOncePerWindow(t *testing.T) {
	t.Parallel()
	now := time.Now()
	s := newScans(CodeScan{Unknown: 2, Window: time.Minute})
	_, alarm := s.note("T001", "1", false, now)
	require.False(t, alarm)
	require.Empty(t, s.of.rows, "an honest store has no row")
	s.note("T001", "2", true, now)
	s.note("T001", "1", false, now)
	row, alarm := s.note("T001", "3", true, now)
	require.True(t, alarm)
	require.Equal(t, scanRow{"T001", 2, 3, now, now, true}, row)
	_, alarm = s.note("T001", "4", true, now)
	require.False(t, alarm, "once is enough")
	s.note("T002", "2", true, now)
	require.Equal(t, 1, s.alarming(now))
	require.Equal(t, []scanRow{
		{"T001", 2, 4, now, now, true}, {"T002", 1, 1, now, now, false},
	}, s.list(now))
	later := now.Add(time.Minute)
	require.Empty(t, s.list(later))
	_, alarm = s.note("T001", "2", true, later)
	require.False(t, alarm, "a new window")
	for i := range 2 * maxScanStores {
		s.note(fmt.Sprint(i), "2", true, later)
	}
	require.Len(t, s.of.rows, maxScanStores)
	_, alarm = newScans(CodeScan{}).note("T001", "2", true, now)
	require.False(t, alarm)
}

// A till that retries a mistyped code, and a recorded message that is replayed,
// accuse no store.
func TestScansCountACodeOnce(t *testing.T) {
	t.Parallel()
	now := time.Now()
	s := newScans(CodeScan{Unknown: 3, Window: time.Minute})
	for range 100 {
		for _, code := range []string{"1", "2"} {
			row, alarm := s.note("T001", code, true, now)
			require.False(t, alarm, row)
		}
	}
	require.Equal(t, []scanRow{{"T001", 2, 200, now, now, false}}, s.list(now))
	_, alarm := s.note("T001", "3", true, now)
	require.True(t, alarm)
}

func TestScansCountWhatIsSigned(t *testing.T) {
	t.Parallel()
	cfg := sandboxHere(t)
	cfg.Partner.CodeScan = CodeScan{Unknown: 1, Window: time.Minute}
	a := newApplication(cfg, zap.NewNop())
	of := func(operation soap.Operation, reason ledger.Reason) soap.Exchange {
		return soap.Exchange{
			Message: &soap.Message{Operation: operation, StoreID: "T" + string(operation) + string(reason)},
			Answer:  &soap.InquiryAnswer{}, Reason: string(reason),
		}
	}
	for _, x := range []soap.Exchange{
		{}, {Message: &soap.Message{Operation: soap.Inquiry}},
		of(soap.Inquiry, ledger.ReasonBadSignature), of(soap.Inquiry, ledger.ReasonBadFormat), of(soap.Reversal, ledger.ReasonUnknownCode),
		of(soap.Inquiry, ledger.ReasonApproved), of(soap.Inquiry, ledger.ReasonUnknownCode), of(soap.Payment, ledger.ReasonUnknownCode),
	} {
		a.watchScans(x)
	}
	rows := a.guards.scans.list(a.now())
	require.Len(t, rows, 2)
	require.Equal(t, "Tinquiryunknown_code", rows[0].Store)
	require.Equal(t, "Tpaymentunknown_code", rows[1].Store)
	require.Contains(t, metricsText(t, a.metrics), "paypoint_code_scans_total 2\n")
	require.Contains(t, metricsText(t, a.metrics), "paypoint_code_scan_stores 2\n")
}

// TestPlacesGoToNewCallers: what is idle for longest makes room first, then what
// has been silent for long; what is being answered never does.
func TestPlacesGoToNewCallers(t *testing.T) {
	t.Parallel()
	now := time.Now()
	p := newPlaces(nil, 4, func() {})
	add := func(state http.ConnState, age time.Duration) *placed {
		ours, _ := net.Pipe()
		place, _ := p.take(ours, "", now)
		require.NotNil(t, place)
		place.state, place.since = state, now.Add(-age)
		return place
	}
	add(http.StateActive, time.Hour)
	young := add(http.StateNew, headerPatience/2)
	silent := add(http.StateNew, 2*headerPatience)
	idle := add(http.StateIdle, 0)
	for _, next := range []*placed{idle, silent, nil} {
		require.Equal(t, next, p.dispensable("", now))
		if next != nil {
			require.NoError(t, next.Close())
		}
	}
	require.Equal(t, young, p.dispensable("", now.Add(headerPatience)))
	require.Equal(t, 2, p.count())
}

// TestKeepAliveIsSetOnEverySocket: the system finds callers who vanished, and only
// the socket shows that it is asked to.
func TestKeepAliveIsSetOnEverySocket(t *testing.T) {
	t.Parallel()
	places := endpoints{}
	places.add("127.0.0.1:0", 1, "partner", nil)
	require.NoError(t, places.listen(zap.NewNop(), newMetrics()))
	defer places.close()
	client, err := net.Dial("tcp", places[0].listener.Addr().String())
	require.NoError(t, err)
	defer client.Close()
	accepted, err := places[0].listener.Accept()
	require.NoError(t, err)
	defer accepted.Close()
	socket := accepted.(*placed).Conn.(*net.TCPConn)
	require.Equal(t, 1, socketOption(t, socket, keepAliveOn))
	require.Equal(t, 15, socketOption(t, socket, keepAliveIdle))
	require.Equal(t, 5, socketOption(t, socket, keepAliveInterval))
	require.Equal(t, 3, socketOption(t, socket, keepAliveCount))
}
