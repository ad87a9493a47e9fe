package notify

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"syscall"
	"time"

	"paypoint/access"
)

// dialTimeout bounds one connection to one address, so that a name with several
// addresses gets to the next within the time of an attempt.
const dialTimeout = 10 * time.Second

// errNotPublic refuses a connection into a network of our own. It does not say
// to which address: a merchant must not explore them by it.
var errNotPublic = errors.New("not a public address")

// newDialer makes a dialer that connects to allowed addresses only. It asks at
// the last moment, with the address that the connection really goes to: neither
// a redirect nor a name that resolves to something else a moment later gets
// round it.
func newDialer(allowed func(netip.Addr) bool, resolver *net.Resolver) *net.Dialer {
	return &net.Dialer{
		Timeout:  dialTimeout,
		Resolver: resolver,
		// A connection lives for one request.
		KeepAlive: -1,
		ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
			end, err := netip.ParseAddrPort(address)
			if err != nil || !allowed(end.Addr()) {
				return errNotPublic
			}
			return nil
		},
	}
}

// allowedAddresses is the rule for addresses: any in the sandbox, where
// merchants run their shops on their own machine, else public ones only.
func allowedAddresses(allowPrivate bool) func(netip.Addr) bool {
	if allowPrivate {
		return func(netip.Addr) bool { return true }
	}
	return access.PublicAddress
}
