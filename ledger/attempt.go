package ledger

import (
	"slices"
	"strings"
)

// AttemptReason is how an attempt to deliver ended, in few words that metrics can
// count by and pages have texts for. What follows an underscore is finer than its
// class.
type AttemptReason string

// The reasons.
const (
	AttemptDelivered AttemptReason = "delivered"
	// AttemptStatus: the receiver answered with a status that is no 2xx.
	AttemptStatus AttemptReason = "status"
	// AttemptRedirect: the receiver redirects in a way that is not followed.
	AttemptRedirect AttemptReason = "redirect"
	// AttemptTimeout: there was no answer in time.
	AttemptTimeout AttemptReason = "timeout"
	// AttemptName: the host's name does not resolve.
	AttemptName AttemptReason = "name"
	// AttemptAddress: the host is not at a public address.
	AttemptAddress AttemptReason = "address"
	// AttemptConnection: no connection came about, or it broke.
	AttemptConnection            AttemptReason = "connection"
	AttemptConnectionRefused     AttemptReason = "connection_refused"
	AttemptConnectionUnreachable AttemptReason = "connection_unreachable"
	// AttemptTLS: the TLS handshake failed. The finer ones are those that a
	// merchant mends in different ways.
	AttemptTLS          AttemptReason = "tls"
	AttemptTLSExpired   AttemptReason = "tls_expired"
	AttemptTLSAuthority AttemptReason = "tls_authority"
	AttemptTLSHost      AttemptReason = "tls_host"
	AttemptTLSNone      AttemptReason = "tls_none"
	// AttemptProtocol: what came is no HTTP answer.
	AttemptProtocol AttemptReason = "protocol"
)

// AttemptReasons are all that there are.
func AttemptReasons() []AttemptReason {
	return []AttemptReason{
		AttemptDelivered, AttemptStatus, AttemptRedirect, AttemptTimeout, AttemptName, AttemptAddress,
		AttemptConnection, AttemptConnectionRefused, AttemptConnectionUnreachable,
		AttemptTLS, AttemptTLSExpired, AttemptTLSAuthority, AttemptTLSHost, AttemptTLSNone, AttemptProtocol,
	}
}

// Class is the reason without what is finer: one of nine, so that counting by it
// makes few series.
func (r AttemptReason) Class() AttemptReason {
	class, _, _ := strings.Cut(string(r), "_")
	return AttemptReason(class)
}

// Known says whether there is such a reason. Attempts kept before there were
// reasons have none, and a later program may have more.
func (r AttemptReason) Known() bool { return slices.Contains(AttemptReasons(), r) }
