package main

import (
	"net"
	"net/http"
	"net/netip"
)

// allowList are the networks that may reach a group; without any, everyone may.
type allowList struct {
	networks []netip.Prefix
	// proxies may open connections, for they bring the requests of others: those
	// are held against the list one by one.
	proxies []netip.Prefix
	// refused is told of each refusal.
	refused func(from netip.Addr)
}

func (l *allowList) admits(address netip.Addr) bool {
	return len(l.networks) == 0 || trusted(address, l.networks)
}

// admitsRequest goes by the caller that believeProxy has established: the
// address of the socket, or what a trusted proxy says. A proxy that says nothing
// readable is itself the caller.
func (l *allowList) admitsRequest(r *http.Request) bool {
	caller := callerAddress(r)
	if l.admits(caller) {
		return true
	}
	l.refused(caller)
	return false
}

// callerAddress is a request's caller; the zero address, which no network
// contains, where there is none.
func callerAddress(r *http.Request) netip.Addr { return addressOf(r.RemoteAddr) }

func addressOf(hostPort string) netip.Addr {
	at, err := netip.ParseAddrPort(hostPort)
	if err != nil {
		return netip.Addr{}
	}
	return at.Addr().Unmap()
}

// allowListener closes what comes from elsewhere before a byte of it is read:
// before TLS, and before it takes one of the places.
type allowListener struct {
	net.Listener
	list *allowList
}

// Accept is net.Listener's.
func (l allowListener) Accept() (net.Conn, error) {
	for {
		connection, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		from := addressOf(connection.RemoteAddr().String())
		if l.list.admits(from) || trusted(from, l.list.proxies) {
			return connection, nil
		}
		l.list.refused(from)
		reset(connection)
	}
}
