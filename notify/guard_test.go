package notify

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"golang.org/x/net/dns/dnsmessage"
	"paypoint/ledger"
)

func TestAllowedAddresses(t *testing.T) {
	t.Parallel()
	refused := []string{
		"0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.255.255.254",
		"169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.2.1", "192.88.99.1", "192.168.0.1", "198.18.0.1",
		"198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
		"::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "64:ff9b::a00:1",
		"64:ff9b:1::1", "100::1", "2001::1", "2001:0:7f00:1::1", "2001:2::1", "2001:10::1", "2001:db8::1", "2002:7f00:1::1", "2002:a00:1::1",
		"3fff::1", "5f00::1", "fc00::1", "fd12:3456:789a::1", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1",
	}
	public := []string{
		"1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0",
		"172.15.255.255", "172.32.0.0", "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0", "223.255.255.255",
		"::ffff:8.8.8.8", "2001:4860:4860::8888", "2606:4700:4700::1111", "2400:cb00::1",
	}
	guarded, sandbox := allowedAddresses(false), allowedAddresses(true)
	for _, text := range refused {
		require.False(t, guarded(netip.MustParseAddr(text)), text)
		require.True(t, sandbox(netip.MustParseAddr(text)), text)
	}
	for _, text := range public {
		require.True(t, guarded(netip.MustParseAddr(text)), text)
	}
	require.False(t, guarded(netip.Addr{}))
}

// The tests' own internet: all of 127.0.0.0/8 is this machine, so one address of
// it plays a public server and every other one what must not be reached.
var playedPublic = netip.MustParseAddr("127.0.0.2")

func playedRule(address netip.Addr) bool { return address == playedPublic }

// serveAt starts a receiver at an address and counts its requests.
func serveAt(t *testing.T, address string, answer http.HandlerFunc) (server *httptest.Server, got func() int) {
	t.Helper()
	listener, err := net.Listen("tcp", net.JoinHostPort(address, "0"))
	if err != nil {
		t.Skip("needs Linux: only there all of 127.0.0.0/8 is this machine")
	}
	var mu sync.Mutex
	count := 0
	server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		mu.Lock()
		count++
		mu.Unlock()
		answer(w, q)
	}))
	require.NoError(t, server.Listener.Close())
	server.Listener = listener
	server.Start()
	t.Cleanup(server.Close)
	return server, func() int {
		mu.Lock()
		defer mu.Unlock()
		return count
	}
}

func fine(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") }

func guardedSender(resolver *net.Resolver) *sender {
	// Redirects to private literals pass the check of their text here: what stops
	// them is the connection.
	return newSender(DefaultTimeout, true, nil, playedRule, resolver)
}

func post(t *testing.T, s *sender, target string) result {
	t.Helper()
	return s.send(t.Context(), message{target: target, header: http.Header{}, body: []byte("{}")})
}

// notReached is what is told of every address that is not public, alike.
func notReached(t *testing.T, r result) {
	t.Helper()
	require.Zero(t, r.status)
	require.Equal(t, fault{ledger.AttemptAddress, "the URL leads to an address that is not public"}, r.fault)
	require.NotContains(t, r.fault.text, "127.")
}

func TestAPrivateAddressIsNotConnectedTo(t *testing.T) {
	t.Parallel()
	public, publicGot := serveAt(t, "127.0.0.2", fine)
	private, privateGot := serveAt(t, "127.0.0.1", fine)
	s := guardedSender(nil)
	r := post(t, s, public.URL)
	require.Equal(t, 200, r.status)
	require.Equal(t, 1, publicGot())

	_, port, err := net.SplitHostPort(private.Listener.Addr().String())
	require.NoError(t, err)
	for _, host := range []string{"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "[::]"} {
		notReached(t, post(t, s, "http://"+net.JoinHostPort(strings.Trim(host, "[]"), port)))
	}
	require.Zero(t, privateGot())
}

func TestARedirectDoesNotGetRoundTheGuard(t *testing.T) {
	t.Parallel()
	private, got := serveAt(t, "127.0.0.1", fine)
	public, _ := serveAt(t, "127.0.0.2", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", private.URL)
		w.WriteHeader(http.StatusTemporaryRedirect)
	})
	notReached(t, post(t, guardedSender(nil), public.URL))
	require.Zero(t, got())
}

// TestANameThatChangesDoesNotGetRoundTheGuard: the name is public when it is
// first asked for and leads inside a moment later, the trick of DNS rebinding.
func TestANameThatChangesDoesNotGetRoundTheGuard(t *testing.T) {
	t.Parallel()
	public, publicGot := serveAt(t, "127.0.0.2", fine)
	_, port, err := net.SplitHostPort(public.Listener.Addr().String())
	require.NoError(t, err)
	names := serveNames(t)
	s := guardedSender(names.resolver())
	target := "http://shop.example:" + port

	names.set([4]byte{127, 0, 0, 2})
	require.Equal(t, 200, post(t, s, target).status)
	names.set([4]byte{127, 0, 0, 1})
	notReached(t, post(t, s, target))
	names.set([4]byte{10, 0, 0, 1})
	notReached(t, post(t, s, target))
	require.Equal(t, 1, publicGot())
}

func TestANameWithoutAnAddress(t *testing.T) {
	t.Parallel()
	r := post(t, guardedSender(serveNames(t).resolver()), "http://shop.example/")
	require.Equal(t, fault{ledger.AttemptName, "the host's name does not resolve"}, r.fault)
}

// nameServer answers every question for an address with one that can be
// changed; at first with none.
type nameServer struct {
	connection net.PacketConn
	mu         sync.Mutex
	address    *[4]byte
}

func serveNames(t *testing.T) *nameServer {
	t.Helper()
	connection, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	n := &nameServer{connection: connection}
	done := make(chan struct{})
	go func() {
		defer close(done)
		n.serve()
	}()
	t.Cleanup(func() {
		require.NoError(t, connection.Close())
		<-done
	})
	return n
}

func (n *nameServer) set(address [4]byte) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.address = &address
}

func (n *nameServer) resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var dialer net.Dialer
		return dialer.DialContext(ctx, "udp", n.connection.LocalAddr().String())
	}}
}

func (n *nameServer) serve() {
	packet := make([]byte, 1500)
	for {
		size, from, err := n.connection.ReadFrom(packet)
		if err != nil {
			return
		}
		var m dnsmessage.Message
		if m.Unpack(packet[:size]) != nil || len(m.Questions) != 1 {
			continue
		}
		m.Response, m.Additionals = true, nil
		n.mu.Lock()
		if q := m.Questions[0]; q.Type == dnsmessage.TypeA && n.address != nil {
			m.Answers = []dnsmessage.Resource{{
				Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class},
				Body:   &dnsmessage.AResource{A: *n.address},
			}}
		}
		n.mu.Unlock()
		answer, err := m.Pack()
		if err != nil {
			continue
		}
		_, _ = n.connection.WriteTo(answer, from)
	}
}
