package notifications_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/console/frame/frametest"
	"paypoint/notify/notifytest"
)

// TestAnswersInWords lets real deliveries fail in every way and reads what the
// console makes of it: the words follow what the deliveries say.
func TestAnswersInWords(t *testing.T) {
	t.Parallel()
	for name, one := range map[string]struct {
		url         func(t *testing.T) string
		class, want string
	}{
		"refused":             {answering(notifytest.Status(403)), "refused", "Answered 403"},
		"broken":              {answering(notifytest.Status(502)), "server", "Answered 502"},
		"redirected":          {answering(redirectTo("https://shop.example/a?b=c")), "redirect", "Redirected to https://shop.example/… (302), not followed"},
		"redirected nowhere":  {answering(notifytest.Status(301)), "redirect", "Redirected (301), not followed"},
		"a redirect unusable": {answering(notifytest.Status(308)), "redirect", "Redirected (308), not followed"},
		// No name has an empty part, which is known without asking any server.
		"no such name":         {func(*testing.T) string { return "http://no..name/n" }, "name", "The host's name does not resolve"},
		"closed":               {closed, "connection", "Connection refused"},
		"expired certificate":  {expired, "tls", "Certificate expired or not valid yet"},
		"self-signed":          {selfSigned, "tls", "Certificate of an unknown authority"},
		"no TLS":               {func(t *testing.T) string { return "https" + strings.TrimPrefix(notifytest.Receive(t, nil).URL, "http") }, "tls", "The server does not speak TLS"},
		"hangs up":             {answering(hangUp), "connection", "Connection broke off"},
		"another protocol":     {answering(garbage), "protocol", "The answer is not HTTP"},
		"an answer that waits": {answering(slow), "timeout", "No answer in time"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.notifyAt(t, frametest.Merchant, one.url(t))
			b.charge(t, frametest.Merchant, "A-1")
			b.deliver(t)
			page := b.As(access.RoleViewer).Get("/notifications?answer=" + one.class)
			require.Equal(t, []string{"A-1"}, orders(page), "its class: %s", b.As(access.RoleViewer).Get("/notifications").Find("tbody").Text())
			require.Contains(t, page.Find("tbody").Text(), one.want)
		})
	}
}

func answering(answer http.HandlerFunc) func(*testing.T) string {
	return func(t *testing.T) string { t.Helper(); return notifytest.Receive(t, answer).URL }
}

// slow waits until the caller has given up, which is seen only after its body.
func slow(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
}

func closed(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	return server.URL
}

func hangUp(w http.ResponseWriter, _ *http.Request) { say(w, "") }

func garbage(w http.ResponseWriter, _ *http.Request) { say(w, "220 mail.example ESMTP\r\n\r\n") }

// say writes something in place of an answer and hangs up.
func say(w http.ResponseWriter, text string) {
	connection, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	_, _ = connection.Write([]byte(text))
	_ = connection.Close()
}

func selfSigned(t *testing.T) string { t.Helper(); return secure(t, time.Now().Add(time.Hour)) }

func expired(t *testing.T) string { t.Helper(); return secure(t, time.Now().Add(-time.Hour)) }

// secure serves TLS with a certificate of its own that ends at a time.
func secure(t *testing.T, ends time.Time) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: ends.Add(-24 * time.Hour), NotAfter: ends,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, MinVersion: tls.VersionTLS12}
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.URL
}
