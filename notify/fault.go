package notify

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"time"

	"paypoint/ledger"
)

// fault is why an attempt does not count as delivered.
type fault struct {
	reason ledger.AttemptReason
	// text is for the merchant. It names nothing of our side: no address, no
	// error of a library.
	text string
}

// faultOf reads the error of an exchange. Texts are ours alone: those of the
// libraries name addresses and ports.
func faultOf(err error, timeout time.Duration) fault {
	switch {
	case errors.Is(err, errNotPublic):
		return fault{ledger.AttemptAddress, "the URL leads to an address that is not public"}
	case timedOut(err):
		return fault{ledger.AttemptTimeout, "no answer within " + timeout.String()}
	case isName(err):
		return fault{ledger.AttemptName, "the host's name does not resolve"}
	case errors.Is(err, syscall.ECONNREFUSED):
		return fault{ledger.AttemptConnectionRefused, "the connection was refused"}
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return fault{ledger.AttemptConnectionUnreachable, "the host can't be reached"}
	}
	if f, is := tlsFault(err); is {
		return f
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) {
		return fault{ledger.AttemptConnection, "the connection was closed before an answer"}
	}
	return protocolFault(err)
}

// isOurs says that an error is one of this machine: it has no more files, ports
// or memory. It says nothing of the receiver.
func isOurs(err error) bool {
	for _, ours := range []error{syscall.EMFILE, syscall.ENFILE, syscall.EADDRNOTAVAIL, syscall.ENOBUFS, syscall.ENOMEM} {
		if errors.Is(err, ours) {
			return true
		}
	}
	return false
}

func timedOut(err error) bool {
	var network net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &network) && network.Timeout()
}

func isName(err error) bool {
	var name *net.DNSError
	return errors.As(err, &name)
}

// tlsFault tells failures of the handshake apart as far as a merchant can mend
// them.
func tlsFault(err error) (fault, bool) {
	var (
		unknown  x509.UnknownAuthorityError
		host     x509.HostnameError
		invalid  x509.CertificateInvalidError
		verify   *tls.CertificateVerificationError
		noRecord tls.RecordHeaderError
		alert    tls.AlertError
	)
	reason, text := ledger.AttemptTLS, ""
	switch {
	case errors.As(err, &unknown):
		reason, text = ledger.AttemptTLSAuthority, "the certificate is not signed by a known authority"
	case errors.As(err, &host):
		reason, text = ledger.AttemptTLSHost, "the certificate is for another host"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		reason, text = ledger.AttemptTLSExpired, "the certificate has expired or is not valid yet"
	case errors.As(err, &invalid), errors.As(err, &verify):
		text = "the certificate is not valid"
	case errors.As(err, &noRecord):
		reason, text = ledger.AttemptTLSNone, "the server does not speak TLS"
	case errors.As(err, &alert), strings.Contains(err.Error(), "tls: "):
		text = "the handshake failed"
	default:
		return fault{}, false
	}
	return fault{reason, "TLS: " + text}, true
}

// protocolFault reads errors that net/http gives no types.
func protocolFault(err error) fault {
	text := err.Error()
	switch {
	case strings.Contains(text, "server response headers exceeded"):
		return fault{ledger.AttemptProtocol, "the answer's headers are too large"}
	case strings.Contains(text, "malformed"), strings.Contains(text, "net/http"):
		return fault{ledger.AttemptProtocol, "the answer is not HTTP"}
	default:
		return fault{ledger.AttemptConnection, "the connection failed"}
	}
}
