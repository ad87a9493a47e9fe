package notify_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/ledger"
	"paypoint/notify"
)

// short makes attempts time out soon: the tests wait for it in real time.
const short = 300 * time.Millisecond

func inShort(c *notify.Config) { c.Timeout = short }

// one lets a receiver answer once and gives the attempt.
func one(t *testing.T, b *bundle, target string) ledger.Attempt {
	t.Helper()
	b.notifyAt(t, access.SandboxMerchant, target)
	c := b.charge(t, "A-1")
	b.step(t)
	list := b.of(t, c)
	require.Len(t, list, 1)
	require.Len(t, list[0].Attempts, 1)
	return list[0].Attempts[0]
}

func TestASlowReceiverRunsOutOfTime(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]http.HandlerFunc{
		"no answer": func(_ http.ResponseWriter, q *http.Request) { <-q.Context().Done() },
		"a header, drop by drop": func(w http.ResponseWriter, _ *http.Request) {
			drip(w, "HTTP/1.1 200 OK\r\n", "X-Slow: very\r\n")
		},
		"redirects, each in time": func(w http.ResponseWriter, q *http.Request) {
			select {
			case <-time.After(short * 2 / 5):
			case <-q.Context().Done():
			}
			w.Header().Set("Location", "/next")
			w.WriteHeader(http.StatusTemporaryRedirect)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, inShort)
			began := time.Now()
			a := one(t, b, receive(t, answer).URL)
			require.Less(t, time.Since(began), 10*short)
			require.Equal(t, "no answer within 300ms", a.Fault)
			require.Zero(t, a.Status)
			require.Equal(t, noon.Add(2*time.Minute), a.Next.In(ledger.WIB))
			require.Equal(t, ledger.AttemptTimeout, b.lastReport(t).Reason)
		})
	}
}

// drip writes a start and then a line again and again, until nobody listens.
func drip(w http.ResponseWriter, start, line string) {
	connection, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer connection.Close()
	_, err = connection.Write([]byte(start))
	for err == nil {
		time.Sleep(short / 20)
		_, err = connection.Write([]byte(line))
	}
}

func TestABodyThatDripsHoldsNothingUp(t *testing.T) {
	t.Parallel()
	// The time for an attempt is the usual 15 s: the status alone is waited for.
	b := setup(t)
	r := receive(t, func(w http.ResponseWriter, _ *http.Request) {
		drip(w, "HTTP/1.1 200 OK\r\n\r\n", "ok ")
	})
	began := time.Now()
	a := one(t, b, r.URL)
	require.Less(t, time.Since(began), 5*time.Second)
	require.True(t, a.Delivered)
	require.True(t, strings.HasPrefix(a.Answer, "ok ok"))
}

func TestALargeBodyIsNotRead(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var written atomic.Int64
	done := make(chan struct{})
	r := receive(t, func(w http.ResponseWriter, _ *http.Request) {
		defer close(done)
		block := []byte(strings.Repeat("x", 64<<10))
		for written.Load() < 100<<20 {
			n, err := w.Write(block)
			written.Add(int64(n))
			if err != nil {
				return
			}
		}
	})
	a := one(t, b, r.URL)
	<-done
	require.True(t, a.Delivered)
	require.Equal(t, strings.Repeat("x", 1024), a.Answer)
	// What went out lies in the buffers of the kernel's sockets.
	require.Less(t, written.Load(), int64(20<<20))
	t.Logf("the receiver could write %d KiB of 100 MiB", written.Load()>>10)
}

func TestHeadersWithoutEnd(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var written atomic.Int64
	done := make(chan struct{})
	r := receive(t, func(w http.ResponseWriter, _ *http.Request) {
		defer close(done)
		connection, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer connection.Close()
		_, err = connection.Write([]byte("HTTP/1.1 200 OK\r\n"))
		for i := 0; err == nil; i++ {
			var n int
			n, err = fmt.Fprintf(connection, "X-Header-%d: %s\r\n", i, strings.Repeat("y", 1000))
			written.Add(int64(n))
		}
	})
	a := one(t, b, r.URL)
	<-done
	require.Equal(t, "the answer's headers are too large", a.Fault)
	// The kernel's buffers again; without a bound of ours it were 10 MiB more.
	require.Less(t, written.Load(), int64(10<<20))
	require.Equal(t, ledger.AttemptProtocol, b.lastReport(t).Reason)
}

func TestWhatIsKeptOfAnAnswer(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ body, want string }{
		"text":                 {"ok", "ok"},
		"lines":                {"a\nb\tc\r\n", "a b c?"},
		"terminal codes":       {"\x1b[31mred\x07\x00", "?[31mred??"},
		"no text":              {"\xff\xfe\x80", "???"},
		"hidden and reversing": {"a\u200bb\u202ec", "a?b?c"},
		"letters of all kinds": {"terima kasih – 谢谢", "terima kasih – 谢谢"},
		"cut in a letter":      {strings.Repeat("x", 1023) + "é", strings.Repeat("x", 1023) + "?"},
		"nothing":              {"", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			a := one(t, b, receive(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(c.body)) }).URL)
			require.True(t, a.Delivered)
			require.Equal(t, c.want, a.Answer)
			require.LessOrEqual(t, len(a.Answer), 1024)
		})
	}
}

func TestABodyThatBreaksOffIsAnAnswer(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := one(t, b, receive(t, raw("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")).URL)
	require.True(t, a.Delivered)
	require.Equal(t, "half", a.Answer)
}

// chain redirects through so many paths to one that takes the notice.
func chain(code, hops int) http.HandlerFunc {
	return func(w http.ResponseWriter, q *http.Request) {
		var at int
		_, _ = fmt.Sscanf(q.URL.Path, "/%d", &at)
		if at == hops {
			return
		}
		w.Header().Set("Location", fmt.Sprintf("/%d", at+1))
		w.WriteHeader(code)
	}
}

func TestRedirectsThatKeepTheBodyAreFollowed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		code, hops, requests int
		fault                string
	}{
		"307, one hop":     {307, 1, 2, ""},
		"308, five hops":   {308, 5, 6, ""},
		"307, six hops":    {307, 6, 6, "more than 5 redirects"},
		"308, in a circle": {308, -1, 6, "more than 5 redirects"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			r := receive(t, chain(c.code, c.hops))
			a := one(t, b, r.URL+"/0")
			require.Equal(t, c.fault, a.Fault)
			require.Equal(t, c.fault == "", a.Delivered)
			require.Equal(t, r.URL+"/0", a.Target, "the target is the one that the merchant named")
			require.Len(t, r.all(), c.requests)
			for _, got := range r.all() {
				require.Equal(t, r.all()[0].body, got.body)
				require.Equal(t, r.all()[0].header.Get("webhook-signature"), got.header.Get("webhook-signature"))
				require.Equal(t, "application/json", got.header.Get("Content-Type"))
			}
			if !a.Delivered {
				require.Equal(t, c.code, a.Status)
				require.Equal(t, noon.Add(2*time.Minute), a.Next.In(ledger.WIB))
			}
		})
	}
}

func TestRedirectsThatAreRefused(t *testing.T) {
	t.Parallel()
	plain := receive(t, nil)
	for name, c := range map[string]struct{ location, fault string }{
		"from https to http": {plain.URL, "the receiver answered 307: it redirects from https to http"},
		"to another scheme":  {"gopher://127.0.0.1/", "the receiver answered 307: it redirects from https to gopher"},
		"with a user":        {"https://user:password@127.0.0.1/", "the receiver answered 307: it redirects to where notifications are not sent"},
		"no URL":             {"https://[::1", "the receiver answered 307: it redirects without saying where to"},
		"far too long":       {"https://127.0.0.1/" + strings.Repeat("x", 500), "the receiver answered 307: it redirects to where notifications are not sent"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, roots := secure(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Location", c.location)
				w.WriteHeader(http.StatusTemporaryRedirect)
			})
			b := setup(t, func(config *notify.Config) { config.RootCAs = roots })
			a := one(t, b, server.URL)
			require.Equal(t, c.fault, a.Fault)
			require.Equal(t, 307, a.Status)
		})
	}
	require.Empty(t, plain.all())
}

// secure starts a receiver with TLS and gives the authority of its certificate.
func secure(t *testing.T, answer http.HandlerFunc) (*httptest.Server, *x509.CertPool) {
	t.Helper()
	server := httptest.NewUnstartedServer(answer)
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // handshakes fail on purpose
	server.StartTLS()
	t.Cleanup(server.Close)
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	return server, roots
}

func TestTLS(t *testing.T) {
	t.Parallel()
	fine := func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok")) }
	server, roots := secure(t, fine)
	plain := receive(t, nil)
	old := httptest.NewUnstartedServer(http.HandlerFunc(fine))
	old.TLS = &tls.Config{MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}
	old.Config.ErrorLog = log.New(io.Discard, "", 0)
	old.StartTLS()
	t.Cleanup(old.Close)
	address, err := url.Parse(server.URL)
	require.NoError(t, err)
	for name, c := range map[string]struct {
		target string
		roots  *x509.CertPool
		fault  string
	}{
		"its own authority":    {server.URL, roots, ""},
		"an unknown authority": {server.URL, x509.NewCertPool(), "TLS: the certificate is not signed by a known authority"},
		"another host":         {"https://localhost:" + address.Port(), roots, "TLS: the certificate is for another host"},
		"no TLS":               {strings.Replace(plain.URL, "http:", "https:", 1), roots, "TLS: the server does not speak TLS"},
		"TLS 1.1":              {old.URL, roots, "TLS: the handshake failed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, func(config *notify.Config) { config.RootCAs = c.roots })
			a := one(t, b, c.target)
			require.Equal(t, c.fault, a.Fault)
			require.Equal(t, c.fault == "", a.Delivered)
			if c.fault != "" {
				require.Equal(t, ledger.AttemptTLS, b.lastReport(t).Reason)
			}
		})
	}
}

func TestNobodyThere(t *testing.T) {
	t.Parallel()
	b := setup(t)
	down := httptest.NewServer(http.NotFoundHandler())
	down.Close()
	a := one(t, b, down.URL)
	require.Equal(t, "the connection was refused", a.Fault)
	require.Equal(t, ledger.AttemptConnection, b.lastReport(t).Reason)
}

func TestReportsTellNoSecretOfAMerchant(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := receive(t, redirect(302))
	a := one(t, b, r.URL+"/hook-s3cr3t?token=s3cr3t")
	require.Contains(t, a.Target, "s3cr3t", "the history is its owner's")
	report := b.lastReport(t)
	require.Equal(t, r.URL+"/…", report.Target)
	require.NotContains(t, fmt.Sprintf("%+v", report), "s3cr3t")
	require.NotContains(t, fmt.Sprintf("%+v", report), "shop.example")
}

// A fault of ours does not count against the merchant.
func TestWhatCannotBeSignedIsNoAttempt(t *testing.T) {
	t.Parallel()
	keys := &lostKeys{}
	b := setup(t, func(c *notify.Config) {
		keys.Merchants = c.Merchants
		c.Merchants = keys
	})
	r := receive(t, nil)
	b.notifyAt(t, access.SandboxMerchant, r.URL)
	c := b.charge(t, "A-1")
	keys.lost.Store(true)
	require.NoError(t, b.service.Step(t.Context()))
	b.service.Wait()
	require.ErrorIs(t, b.faults(), errLost)
	require.Empty(t, r.all())
	require.Empty(t, b.of(t, c)[0].Attempts)
	require.Zero(t, b.attempts())

	keys.lost.Store(false)
	b.later(t, time.Minute)
	require.Len(t, r.all(), 1)
	require.Zero(t, b.outbox(t))
}

var errLost = errors.New("the key is lost")

// lostKeys has no keys for a while.
type lostKeys struct {
	notify.Merchants
	lost atomic.Bool
}

func (k *lostKeys) SigningKeys(id string) ([]access.ServerKey, error) {
	if k.lost.Load() {
		return nil, errLost
	}
	return k.Merchants.SigningKeys(id)
}

// After a 101 the connection is the receiver's to keep open for ever.
func TestAReceiverThatSwitchesProtocolsIsLeft(t *testing.T) {
	t.Parallel()
	b := setup(t)
	closed := make(chan error, 1)
	r := receive(t, func(w http.ResponseWriter, _ *http.Request) {
		connection, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			defer connection.Close()
			_, err = connection.Write([]byte("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: mine\r\n\r\n"))
		}
		if err == nil {
			_, err = io.Copy(io.Discard, connection) // until the other side closes
		}
		closed <- err
	})
	a := one(t, b, r.URL)
	require.Equal(t, http.StatusSwitchingProtocols, a.Status)
	require.False(t, a.Delivered)
	require.Equal(t, noon.Add(2*time.Minute), a.Next.In(ledger.WIB))
	<-closed
}
