package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
)

// authority signs certificates for a test.
type authority struct {
	t    *testing.T
	pair tls.Certificate
}

func newAuthority(t *testing.T, name string) authority {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()),
		Subject:      pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	return authority{t, signed(t, template, nil)}
}

// signed signs a template, by itself where parent is nil.
func signed(t *testing.T, template *x509.Certificate, parent *tls.Certificate) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	issuer, signer := template, any(key)
	if parent != nil {
		issuer, signer = parent.Leaf, parent.PrivateKey
	}
	text, err := x509.CreateCertificate(rand.Reader, template, issuer, key.Public(), signer)
	require.NoError(t, err)
	leaf, err := x509.ParseCertificate(text)
	require.NoError(t, err)
	return tls.Certificate{Certificate: [][]byte{text}, PrivateKey: key, Leaf: leaf}
}

// leaf is a certificate for a use, good until a time.
func (a authority) leaf(name string, use x509.ExtKeyUsage, until time.Time) tls.Certificate {
	a.t.Helper()
	return signed(a.t, &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()),
		Subject:      pkix.Name{CommonName: name}, DNSNames: []string{"dns-" + name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: until, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{use},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv4(127, 0, 0, 2)},
	}, &a.pair)
}

func (a authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.pair.Leaf)
	return pool
}

// server and client are good certificates.
func (a authority) server(name string) tls.Certificate {
	return a.leaf(name, x509.ExtKeyUsageServerAuth, time.Now().Add(time.Hour))
}

func (a authority) client(name string) tls.Certificate {
	return a.leaf(name, x509.ExtKeyUsageClientAuth, time.Now().Add(time.Hour))
}

// tlsFolder is a folder with the files of a listener.
func tlsFolder(t *testing.T) ListenerTLS {
	t.Helper()
	folder := t.TempDir()
	return ListenerTLS{CertFile: filepath.Join(folder, "cert.pem"), KeyFile: filepath.Join(folder, "key.pem")}
}

// writePair puts a certificate and its key in place.
func writePair(t *testing.T, files ListenerTLS, pair tls.Certificate) {
	t.Helper()
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	require.NoError(t, err)
	require.NoError(t, writePEM(files.KeyFile, "PRIVATE KEY", key, 0o600))
	require.NoError(t, writePEM(files.CertFile, "CERTIFICATE", pair.Certificate[0], 0o644))
}

func writeCA(t *testing.T, path string, authorities ...authority) {
	t.Helper()
	var text []byte
	for _, a := range authorities {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.pair.Certificate[0]})...)
	}
	require.NoError(t, os.WriteFile(path, text, 0o644))
}

// secureStage serves the partner's endpoint with TLS on an address of its own.
func secureStage(t *testing.T, files ListenerTLS) *local {
	t.Helper()
	cfg := sandboxHere(t)
	cfg.Listeners.Partner.Listen = "127.0.0.2:0"
	cfg.Listeners.Partner.TLS = files
	l := serveHere(t, cfg, 2, nil)
	t.Cleanup(func() { require.NoError(t, l.end()) })
	return l
}

// secureGet asks for the contract, on a connection of its own.
func secureGet(l *local, config *tls.Config) (*http.Response, error) {
	transport := &http.Transport{TLSClientConfig: config, DisableKeepAlives: true, ForceAttemptHTTP2: true}
	response, err := (&http.Client{Transport: transport, Timeout: patience}).Get(l.urls[0] + "/indomaret?wsdl")
	if err == nil {
		err = response.Body.Close()
	}
	return response, err
}

func TestTLSFilesAreTakenWhenTheyChange(t *testing.T) {
	t.Parallel()
	ca, files := newAuthority(t, "servers"), tlsFolder(t)
	writePair(t, files, ca.server("first"))
	l := secureStage(t, files)
	shown := func() string {
		t.Helper()
		response, err := secureGet(l, &tls.Config{RootCAs: ca.pool()})
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, response.StatusCode)
		return response.TLS.PeerCertificates[0].Subject.CommonName
	}
	require.True(t, strings.HasPrefix(l.urls[0], "https://"))
	require.Equal(t, "first", shown())
	writePair(t, files, ca.server("second"))
	require.Equal(t, "second", shown())

	// Each of these is a renewal gone wrong.
	require.NoError(t, os.WriteFile(files.CertFile, []byte("no certificate"), 0o600))
	require.Equal(t, "second", shown())
	require.NoError(t, os.Remove(files.CertFile))
	require.Equal(t, "second", shown())
	require.NoError(t, os.Chmod(files.KeyFile, 0o644))
	require.Equal(t, "second", shown())
	other := ca.server("other's key")
	require.NoError(t, writePEM(files.CertFile, "CERTIFICATE", other.Certificate[0], 0o644))
	require.Equal(t, "second", shown())
	require.NotEmpty(t, l.logs.lines("changed TLS files can't be taken"))
	require.NotContains(t, metricsText(t, l.app.metrics), "paypoint_tls_reload_failures_total 0\n")

	writePair(t, files, ca.server("third"))
	require.Equal(t, "third", shown())
	require.Len(t, l.logs.lines("TLS files were changed and are taken"), 2)
	require.Contains(t, metricsText(t, l.app.metrics), "paypoint_tls_certificate_expiry_timestamp_seconds 1.")
}

func TestTLSWantsTheClientsCertificate(t *testing.T) {
	t.Parallel()
	ca, partner, stranger := newAuthority(t, "servers"), newAuthority(t, "partner"), newAuthority(t, "stranger")
	files := tlsFolder(t)
	files.ClientCAFile = filepath.Join(filepath.Dir(files.CertFile), "clients.pem")
	files.ClientNames = []string{"H2H-1", "dns-h2h-2"}
	writePair(t, files, ca.server("us"))
	writeCA(t, files.ClientCAFile, partner)
	l := secureStage(t, files)
	get := func(certificates ...tls.Certificate) error {
		_, err := secureGet(l, &tls.Config{RootCAs: ca.pool(), Certificates: certificates})
		return err
	}
	require.NoError(t, get(partner.client("h2h-1")), "the common name, in any case")
	require.NoError(t, get(partner.client("h2h-2")), "the DNS name")
	require.ErrorContains(t, get(), "certificate required")
	require.Error(t, get(stranger.client("h2h-1")), "of another authority")
	require.Error(t, get(partner.client("h2h-3")), "another name")
	require.Error(t, get(partner.leaf("h2h-1", x509.ExtKeyUsageServerAuth, time.Now().Add(time.Hour))), "for servers")
	require.Error(t, get(partner.leaf("h2h-1", x509.ExtKeyUsageClientAuth, time.Now().Add(-time.Minute))), "expired")
	// The client may know that it failed before the server does.
	require.Eventually(t, func() bool {
		return strings.Contains(metricsText(t, l.app.metrics), `paypoint_tls_handshake_failures_total{listener="partner+tls"} 5`)
	}, patience, 10*time.Millisecond)
	require.Len(t, l.logs.lines("TLS handshake failed"), 1, "a flood of them does not fill the log")

	old := partner.client("h2h-1")
	writeCA(t, files.ClientCAFile, stranger)
	require.NoError(t, get(stranger.client("h2h-1")), "the authorities were changed")
	require.Error(t, get(old))
	writeCA(t, files.ClientCAFile)
	require.NoError(t, get(stranger.client("h2h-1")), "an empty file changes nothing")
}

// TestTLSOffersWhatTheLimitsCount: no resumed sessions, no HTTP/2.
func TestTLSOffersWhatTheLimitsCount(t *testing.T) {
	t.Parallel()
	ca, files := newAuthority(t, "servers"), tlsFolder(t)
	writePair(t, files, ca.server("us"))
	l := secureStage(t, files)
	dial := func(config *tls.Config) (*tls.Conn, error) {
		config.RootCAs = ca.pool()
		return tls.Dial("tcp", strings.TrimPrefix(l.urls[0], "https://"), config)
	}
	_, err := dial(&tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11})
	require.ErrorContains(t, err, "protocol version")
	_, err = dial(&tls.Config{NextProtos: []string{"h2"}})
	require.ErrorContains(t, err, "no application protocol")
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		cache := tls.NewLRUClientSessionCache(4)
		for range 2 {
			connection, err := dial(&tls.Config{NextProtos: []string{"h2", "http/1.1"}, MinVersion: version, MaxVersion: version, ClientSessionCache: cache})
			require.NoError(t, err)
			_, err = connection.Write([]byte("GET /indomaret?wsdl HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"))
			require.NoError(t, err)
			_, err = connection.Read(make([]byte, 1))
			require.NoError(t, err)
			require.Equal(t, "http/1.1", connection.ConnectionState().NegotiatedProtocol)
			require.False(t, connection.ConnectionState().DidResume, "a session could outlive its authority")
			require.NoError(t, connection.Close())
		}
	}
}

func TestTLSFilesThatCantBeTakenAreNamed(t *testing.T) {
	t.Parallel()
	ca, files := newAuthority(t, "servers"), tlsFolder(t)
	load := func() error {
		_, err := openTLS(files, zap.NewNop(), prometheus.NewCounter(prometheus.CounterOpts{}))
		return err
	}
	require.ErrorContains(t, load(), "cert.pem")
	writePair(t, files, ca.server("us"))
	require.NoError(t, load())
	require.NoError(t, os.Chmod(files.KeyFile, 0o640))
	require.ErrorContains(t, load(), "key.pem: the group or others may read or write it: want mode 0600")
	require.NoError(t, os.Chmod(files.KeyFile, 0o600))
	files.ClientCAFile = save(t, "clients.pem", "nothing")
	require.ErrorContains(t, load(), "clients.pem: holds no certificate in PEM")
	files.ClientCAFile = save(t, "clients.pem", strings.Repeat("x", maxPEMBytes+1))
	require.ErrorContains(t, load(), "at most")
}

// A broken file is read once, not at every handshake.
func TestTLSReadsABrokenFileOnce(t *testing.T) {
	t.Parallel()
	ca, files := newAuthority(t, "servers"), tlsFolder(t)
	writePair(t, files, ca.server("us"))
	counted := newMetrics()
	reloading, err := openTLS(files, zap.NewNop(), counted.guards.tlsReloadFailures)
	require.NoError(t, err)
	require.NoError(t, os.Remove(files.KeyFile))
	for range 100 {
		require.NotNil(t, reloading.latest())
	}
	require.Contains(t, metricsText(t, counted), "paypoint_tls_reload_failures_total 1\n")
	require.WithinDuration(t, time.Now().Add(time.Hour), reloading.expires(), time.Minute)
}

func TestConfigOfThePartnersListener(t *testing.T) {
	t.Parallel()
	ca, files := newAuthority(t, "servers"), tlsFolder(t)
	writePair(t, files, ca.server("us"))
	both := "{cert_file: " + files.CertFile + ", key_file: " + files.KeyFile + "}"
	for name, try := range map[string]struct{ text, want string }{
		"no key":           {"listeners: {partner: {tls: {cert_file: c}}}", "paypoint.yaml:1: listeners.partner.tls.key_file: needs a value: there is a cert_file"},
		"no certificate":   {"listeners: {partner: {tls: {key_file: k}}}", "paypoint.yaml:1: listeners.partner.tls.cert_file: needs a value: there is a key_file"},
		"only clients":     {"listeners: {partner: {tls: {client_ca_file: c}}}", "paypoint.yaml:1: listeners.partner.tls.cert_file: needs a value: there is a client_ca_file"},
		"names of nobody":  {"listeners: {partner: {tls: {client_names: [a]}}}", "paypoint.yaml:1: listeners.partner.tls.client_ca_file: needs a value: client_names are those of certificates that it vouches for"},
		"empty name":       {"listeners: {partner: {tls: {client_names: [\"\"], client_ca_file: x}}}", "listeners.partner.tls.client_names[1]: is empty"},
		"no file":          {"listeners: {partner: {tls: {cert_file: /none, key_file: /none}}}", "paypoint.yaml:1: listeners.partner.tls: stat /none: no such file or directory"},
		"shared":           {"listeners: {partner: {listen: \"127.0.0.1:8003\", tls: " + both + "}}", "listeners.partner.tls: needs an address of its own: listeners.console.listen is the same"},
		"host in network":  {"listeners: {partner: {allow: [10.0.0.5/8]}}", "listeners.partner.allow[1]: 10.0.0.5/8 has bits beyond its length: want 10.0.0.0/8, or 10.0.0.5/32 for the one address"},
		"mapped":           {"listeners: {partner: {allow: [\"::ffff:10.0.0.0/104\"]}}", "listeners.partner.allow[1]: ::ffff:10.0.0.0/104: write it as IPv4"},
		"no requests":      {"limits: {partner: {max_requests: 0}}", "limits.partner.max_requests: 0: want 1 to 65536"},
		"negative rate":    {"limits: {partner: {requests_per_second: -1}}", "limits.partner.requests_per_second: -1: want 0 to 100000"},
		"no burst":         {"limits: {partner: {burst: 0}}", "limits.partner.burst: 0: want 1 to 100000"},
		"long lock-out":    {"limits: {merchant: {lock_out: 1000h}}", "limits.merchant.lock_out: 1000h0m0s: want 1s to 24h0m0s"},
		"negative strikes": {"limits: {pages: {failures: -1}}", "limits.pages.failures: -1: want 0 to 1000000"},
		"no window":        {"limits: {pages: {failure_window: 0s}}", "limits.pages.failure_window: 0s: want 1s to 24h0m0s"},
		"short scan":       {"partner: {code_scan: {window: 1s}}", "partner.code_scan.window: 1s: want 1m0s to 24h0m0s"},
	} {
		_, err := parse(try.text)
		require.ErrorContains(t, err, try.want, name)
	}
	_, err := ParseConfig("paypoint.yaml", []byte("listeners: {partner: {listen: \"127.0.0.1:7001\", allow: [203.0.113.0/24, \"2001:db8::/32\"], tls: "+both+"}}"), nil, Overrides{Sandbox: true})
	require.NoError(t, err)
}
