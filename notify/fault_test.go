package notify

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

// TestFaultOf has the errors that no receiver of the other tests causes. None
// may show what the library's own text says of our side.
func TestFaultOf(t *testing.T) {
	t.Parallel()
	from := &net.TCPAddr{IP: net.IPv4(10, 20, 30, 40), Port: 50607}
	dial := func(err error) error {
		return &net.OpError{Op: "dial", Net: "tcp", Source: from, Addr: from, Err: os.NewSyscallError("connect", err)}
	}
	for name, c := range map[string]struct {
		err  error
		want fault
	}{
		"deadline":           {fmt.Errorf("post: %w", context.DeadlineExceeded), fault{ledger.AttemptTimeout, "no answer within 15s"}},
		"dial timeout":       {dial(os.ErrDeadlineExceeded), fault{ledger.AttemptTimeout, "no answer within 15s"}},
		"resolver timeout":   {&net.DNSError{Err: "i/o timeout", Server: "10.20.30.40:53", IsTimeout: true}, fault{ledger.AttemptTimeout, "no answer within 15s"}},
		"no such name":       {&net.DNSError{Err: "no such host", Server: "10.20.30.40:53", IsNotFound: true}, fault{ledger.AttemptName, "the host's name does not resolve"}},
		"guard":              {dial(errNotPublic), fault{ledger.AttemptAddress, "the URL leads to an address that is not public"}},
		"no route":           {dial(syscall.EHOSTUNREACH), fault{ledger.AttemptConnectionUnreachable, "the host can't be reached"}},
		"no network":         {dial(syscall.ENETUNREACH), fault{ledger.AttemptConnectionUnreachable, "the host can't be reached"}},
		"reset":              {dial(syscall.ECONNRESET), fault{ledger.AttemptConnection, "the connection was closed before an answer"}},
		"end":                {io.ErrUnexpectedEOF, fault{ledger.AttemptConnection, "the connection was closed before an answer"}},
		"expired":            {x509.CertificateInvalidError{Reason: x509.Expired, Detail: "10.20.30.40"}, fault{ledger.AttemptTLSExpired, "TLS: the certificate has expired or is not valid yet"}},
		"wrong use":          {x509.CertificateInvalidError{Reason: x509.IncompatibleUsage}, fault{ledger.AttemptTLS, "TLS: the certificate is not valid"}},
		"verification":       {&tls.CertificateVerificationError{Err: errors.New("10.20.30.40")}, fault{ledger.AttemptTLS, "TLS: the certificate is not valid"}},
		"alert":              {dial(tls.AlertError(40)), fault{ledger.AttemptTLS, "TLS: the handshake failed"}},
		"whatever it may be": {dial(errors.New("10.20.30.40 is out")), fault{ledger.AttemptConnection, "the connection failed"}},
	} {
		got := faultOf(c.err, DefaultTimeout)
		require.Equal(t, c.want, got, name)
		require.NotContains(t, got.text, "10.20", name)
	}
}

// TestWhatIsOursIsNoAttempt: where this machine has no more files or ports, the
// receiver has not failed.
func TestWhatIsOursIsNoAttempt(t *testing.T) {
	t.Parallel()
	for _, errno := range []syscall.Errno{syscall.EMFILE, syscall.ENFILE, syscall.EADDRNOTAVAIL, syscall.ENOBUFS, syscall.ENOMEM} {
		s := &sender{timeout: time.Second, transport: failing{&net.OpError{Op: "dial", Err: os.NewSyscallError("socket", errno)}}}
		r := post(t, s, "http://shop.example/")
		require.ErrorIs(t, r.ours, errno)
		require.Empty(t, r.fault)
	}
	r := post(t, &sender{timeout: time.Second, transport: failing{syscall.ECONNREFUSED}}, "http://shop.example/")
	require.NoError(t, r.ours)
	require.Equal(t, ledger.AttemptConnectionRefused, r.fault.reason)
}

// failing is a machine that can't connect.
type failing struct{ err error }

func (f failing) RoundTrip(*http.Request) (*http.Response, error) { return nil, f.err }

func TestPrintableIsBounded(t *testing.T) {
	t.Parallel()
	long := ""
	for range maxAnswer {
		long += "é"
	}
	require.Len(t, printable(long), maxAnswer)
	require.Len(t, printable(long[1:]), maxAnswer-1, "the first half of a letter is masked, the last is left out")
}

// TestAttemptsKeepTheirReason: it is kept with the attempt; one kept before there
// were reasons has none, and is read all the same.
func TestAttemptsKeepTheirReason(t *testing.T) {
	t.Parallel()
	kept, err := json.Marshal(storedAttempt{Reason: ledger.AttemptTLSExpired})
	require.NoError(t, err)
	read, err := readAttempt(kept)
	require.NoError(t, err)
	require.Equal(t, ledger.AttemptTLSExpired, read.Reason)
	require.Equal(t, ledger.AttemptTLS, read.Reason.Class())
	old, err := readAttempt([]byte(`{"at":"2026-11-20T05:00:00Z","took":1,"target":"http://shop.example/","fault":"the connection was refused"}`))
	require.NoError(t, err)
	require.False(t, old.Reason.Known())
}
