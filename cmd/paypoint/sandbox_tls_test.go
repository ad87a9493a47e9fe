package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// sandboxWithTLS serves a sandbox with its TLS listener. Its second address is
// that of the listener.
func sandboxWithTLS(t *testing.T, folder string) *local {
	t.Helper()
	cfg, err := LoadConfig("", nil, Overrides{Listen: "127.0.0.1:0", DataDir: folder, Sandbox: true, SandboxTLS: "127.0.0.1:0"})
	require.NoError(t, err)
	l := serveHere(t, cfg, 2, nil)
	require.True(t, strings.HasPrefix(l.urls[1], "https://127.0.0.1:"), l.urls[1])
	return l
}

// shopClient is a client that trusts the sandbox's CA and that the names of the
// system lead to it.
func shopClient(t *testing.T, l *local) *http.Client {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(l.app.config.DataDir, sandboxCAFile))
	require.NoError(t, err)
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(text))
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, strings.TrimPrefix(l.urls[1], "https://"))
		},
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

const tlsCharge = `{"payment_type":"cstore","transaction_details":{"order_id":"order-1","gross_amount":50000},"cstore":{"store":"indomaret"}}`

func TestSandboxTLSServesTheHostThatSDKsCall(t *testing.T) {
	t.Parallel()
	l := sandboxWithTLS(t, stageFolder(t))
	shop := shopClient(t, l)
	for _, host := range []string{sandboxHost, "localhost", "127.0.0.1", "[::1]"} {
		request, err := http.NewRequest(http.MethodPost, "https://"+host+"/v2/charge", strings.NewReader(tlsCharge))
		require.NoError(t, err)
		request.SetBasicAuth(sandboxKey, "")
		response, err := shop.Do(request)
		require.NoError(t, err, host)
		var answer map[string]any
		require.NoError(t, json.NewDecoder(response.Body).Decode(&answer))
		require.NoError(t, response.Body.Close())
		require.Contains(t, []any{"201", "406"}, answer["status_code"], "%s: %v", host, answer)
	}
	_, err := shop.Get("https://api.midtrans.com/v2/order-1/status")
	require.ErrorContains(t, err, "certificate is valid for "+sandboxHost)

	connection, err := tls.Dial("tcp", strings.TrimPrefix(l.urls[1], "https://"), &tls.Config{MaxVersion: tls.VersionTLS11, InsecureSkipVerify: true}) //nolint:gosec // the version is what is tried
	if err == nil {
		_ = connection.Close()
	}
	require.Error(t, err, "TLS 1.1")
	require.NoError(t, l.end())
}

func TestSandboxTLSWithCurl(t *testing.T) {
	t.Parallel()
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Skip("needs curl: Debian package curl")
	}
	l := sandboxWithTLS(t, stageFolder(t))
	out, err := exec.CommandContext(t.Context(), curl, "--silent", "--show-error",
		"--cacert", filepath.Join(l.app.config.DataDir, sandboxCAFile),
		"--connect-to", sandboxHost+":443:"+strings.TrimPrefix(l.urls[1], "https://"),
		"--user", sandboxKey+":", "--json", tlsCharge, "https://"+sandboxHost+"/v2/charge").CombinedOutput()
	require.NoError(t, err, string(out))
	require.Contains(t, string(out), `"status_code":"201"`)
	require.NoError(t, l.end())
}

// phpShop asks as midtrans-php does when its options are set by the shop.
const phpShop = `
$request = curl_init("https://` + sandboxHost + `/v2/order-1/status");
curl_setopt_array($request, [
    CURLOPT_CAINFO => $argv[1], CURLOPT_CONNECT_TO => ["` + sandboxHost + `:443:" . $argv[2]],
    CURLOPT_USERPWD => "` + sandboxKey + `:", CURLOPT_RETURNTRANSFER => true,
]);
$answer = curl_exec($request);
echo $answer === false ? curl_error($request) : $answer;
`

func TestSandboxTLSWithPHP(t *testing.T) {
	t.Parallel()
	php, err := exec.LookPath("php")
	if err != nil {
		t.Skip("needs PHP: Debian package php-cli")
	}
	if modules, err := exec.CommandContext(t.Context(), php, "-m").Output(); err != nil || !strings.Contains(string(modules), "curl\n") {
		t.Skip("needs PHP's curl: Debian package php-curl")
	}
	l := sandboxWithTLS(t, stageFolder(t))
	command := exec.CommandContext(t.Context(), php, "-r", phpShop, "--",
		filepath.Join(l.app.config.DataDir, sandboxCAFile), strings.TrimPrefix(l.urls[1], "https://"))
	out, err := command.CombinedOutput()
	require.NoError(t, err, string(out))
	require.Contains(t, string(out), `"status_code":"404"`)
	require.NoError(t, l.end())
}

func TestSandboxTLSIsAnnounced(t *testing.T) {
	t.Parallel()
	folder := stageFolder(t)
	p := start(t, nil, "serve", "--sandbox", "--data", folder, "--listen", "127.0.0.1:0", "--sandbox-tls", "127.0.0.1:0")
	p.waitUntilListening(2)
	_, port, err := net.SplitHostPort(strings.TrimPrefix(p.urls[1], "https://"))
	require.NoError(t, err)
	require.Contains(t, <-p.said, filepath.Join(folder, sandboxCAFile))
	require.Contains(t, <-p.said, sandboxHost+":443:127.0.0.1:"+port)
	require.Equal(t, exitDone, p.stop())
	require.Contains(t, p.log(), "made a new sandbox CA")
}

func TestSandboxTLSNeedsTheSandbox(t *testing.T) {
	t.Parallel()
	_, err := ParseConfig("paypoint.yaml", []byte(production), nil, Overrides{SandboxTLS: "127.0.0.1:0"})
	require.Equal(t, []string{"--sandbox-tls: sandbox_tls: needs --sandbox: in production a proxy in front speaks TLS"}, faults(t, err))
	_, err = ParseConfig("", nil, nil, Overrides{Sandbox: true, SandboxTLS: "8443"})
	require.Equal(t, []string{`--sandbox-tls: sandbox_tls: "8443": want HOST:PORT, such as 127.0.0.1:8080`}, faults(t, err))
}

// caClock is a moment at which tests make authorities.
func caClock() time.Time { return time.Date(2026, 1, 30, 10, 0, 0, 0, time.UTC) }

func openCA(t *testing.T, folder string, at time.Time) (*sandboxCA, bool) {
	t.Helper()
	ca, made, err := openSandboxCA(folder, func() time.Time { return at })
	require.NoError(t, err)
	return ca, made
}

func TestSandboxCAIsKept(t *testing.T) {
	t.Parallel()
	folder := stageFolder(t)
	first, made := openCA(t, folder, caClock())
	require.True(t, made)
	info, err := os.Stat(filepath.Join(folder, sandboxKeyFile))
	require.NoError(t, err)
	require.Equal(t, fs.FileMode(0o600), info.Mode())

	again, made := openCA(t, folder, caClock().Add(caLife-leafLife-time.Minute))
	require.False(t, made)
	require.Equal(t, first.certificate.Raw, again.certificate.Raw)
	leaf, err := again.current()
	require.NoError(t, err)
	require.False(t, leaf.Leaf.NotAfter.After(again.certificate.NotAfter), "a leaf does not outlive its authority")
}

func TestSandboxCAIsMadeAnew(t *testing.T) {
	t.Parallel()
	for name, try := range map[string]struct {
		at    time.Time
		spoil func(t *testing.T, folder string)
	}{
		"at its end": {caClock().Add(caLife - leafLife), nil},
		"expired":    {caClock().Add(caLife + time.Hour), nil},
		"without its key": {caClock(), func(t *testing.T, folder string) {
			require.NoError(t, os.Remove(filepath.Join(folder, sandboxKeyFile)))
		}},
		"without a certificate": {caClock(), func(t *testing.T, folder string) { require.NoError(t, os.Remove(filepath.Join(folder, sandboxCAFile))) }},
		"a damaged certificate": {caClock(), func(t *testing.T, folder string) {
			require.NoError(t, os.WriteFile(filepath.Join(folder, sandboxCAFile), []byte("-----BEGIN CERTIFICATE-----"), 0o600))
		}},
		"a key that others may read": {caClock(), func(t *testing.T, folder string) {
			require.NoError(t, os.Chmod(filepath.Join(folder, sandboxKeyFile), 0o640))
		}},
		"another's key": {caClock(), func(t *testing.T, folder string) {
			other := stageFolder(t)
			openCA(t, other, caClock())
			require.NoError(t, os.Rename(filepath.Join(other, sandboxKeyFile), filepath.Join(folder, sandboxKeyFile)))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := stageFolder(t)
			first, _ := openCA(t, folder, caClock())
			if try.spoil != nil {
				try.spoil(t, folder)
			}
			second, made := openCA(t, folder, try.at)
			require.True(t, made)
			require.False(t, bytes.Equal(first.certificate.Raw, second.certificate.Raw))
			third, made := openCA(t, folder, try.at)
			require.False(t, made)
			require.Equal(t, second.certificate.Raw, third.certificate.Raw)
		})
	}
}

func TestSandboxCAThatCanNotBeKept(t *testing.T) {
	t.Parallel()
	_, _, err := openSandboxCA(filepath.Join(stageFolder(t), "none"), caClock)
	require.ErrorContains(t, err, "make sandbox CA: write ")
}

func TestSandboxLeafIsRenewed(t *testing.T) {
	t.Parallel()
	at := caClock()
	ca, _, err := openSandboxCA(stageFolder(t), func() time.Time { return at })
	require.NoError(t, err)
	first, err := ca.current()
	require.NoError(t, err)
	require.Equal(t, leafLife, first.Leaf.NotAfter.Sub(at))
	at = at.Add(leafLife/2 - time.Minute)
	same, err := ca.current()
	require.NoError(t, err)
	require.Same(t, first, same)
	at = at.Add(2 * time.Minute)
	next, err := ca.current()
	require.NoError(t, err)
	require.NotSame(t, first, next)
}

// TestSandboxCASpeaksForNothingElse signs, with the authority's key, what a
// thief of that key would: whoever trusts the authority must refuse it.
func TestSandboxCASpeaksForNothingElse(t *testing.T) {
	t.Parallel()
	ca, _ := openCA(t, stageFolder(t), caClock())
	roots := x509.NewCertPool()
	roots.AddCert(ca.certificate)
	check := func(leaf *x509.Certificate, name string, between ...*x509.Certificate) error {
		intermediates := x509.NewCertPool()
		for _, c := range between {
			intermediates.AddCert(c)
		}
		_, err := leaf.Verify(x509.VerifyOptions{DNSName: name, Roots: roots, Intermediates: intermediates, CurrentTime: caClock()})
		return err
	}
	for _, name := range []string{sandboxHost, "localhost", "127.0.0.1", "::1"} {
		leaf, err := ca.current()
		require.NoError(t, err)
		require.NoError(t, check(leaf.Leaf, name), name)
	}
	for _, name := range []string{"api.midtrans.com", "midtrans.com", "example.com"} {
		template := leafTemplate(caClock())
		template.DNSNames, template.IPAddresses = []string{name}, nil
		require.ErrorContains(t, check(signedBy(t, ca, template), name), "not permitted", name)
	}
	template := leafTemplate(caClock())
	template.DNSNames, template.IPAddresses = nil, []net.IP{net.IPv4(192, 0, 2, 1).To4()}
	require.ErrorContains(t, check(signedBy(t, ca, template), "192.0.2.1"), "not permitted")

	authority := caTemplate(caClock())
	authority.PermittedDNSDomains, authority.PermittedIPRanges = nil, nil
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	text, err := x509.CreateCertificate(rand.Reader, authority, ca.certificate, key.Public(), ca.key)
	require.NoError(t, err)
	between, err := x509.ParseCertificate(text)
	require.NoError(t, err)
	below := &sandboxCA{certificate: between, key: key}
	require.ErrorContains(t, check(signedBy(t, below, leafTemplate(caClock())), sandboxHost, between), "too many intermediates")
}

// signedBy is a certificate by the authority's key.
func signedBy(t *testing.T, ca *sandboxCA, template *x509.Certificate) *x509.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	text, err := x509.CreateCertificate(rand.Reader, template, ca.certificate, key.Public(), ca.key)
	require.NoError(t, err)
	signed, err := x509.ParseCertificate(text)
	require.NoError(t, err)
	return signed
}

// The files are PEM, which is what every client reads.
func TestSandboxCAFileIsPEM(t *testing.T) {
	t.Parallel()
	folder := stageFolder(t)
	ca, _ := openCA(t, folder, caClock())
	text, err := os.ReadFile(filepath.Join(folder, sandboxCAFile))
	require.NoError(t, err)
	block, rest := pem.Decode(text)
	require.Equal(t, "CERTIFICATE", block.Type)
	require.Empty(t, rest)
	require.Equal(t, ca.certificate.Raw, block.Bytes)
}
