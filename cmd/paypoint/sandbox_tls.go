package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// sandboxHost is the host that SDKs call in their sandbox mode. Most of them
// have no setting for another one.
const sandboxHost = "api.sandbox.midtrans.com"

// The sandbox's certificate authority in the data directory.
const (
	sandboxCAFile  = "sandbox-ca.pem"
	sandboxKeyFile = "sandbox-ca.key"
)

const (
	// caLife is long, because each new authority has to be trusted anew.
	caLife = 2 * 365 * 24 * time.Hour
	// leafLife is short: a leaf is made at each start and when half of it is over.
	leafLife = 7 * 24 * time.Hour
	// backdating is how far the clock of a client may be behind ours.
	backdating = time.Hour
)

// sandboxNames are the names that the sandbox answers to, and all that its
// authority can speak for.
func sandboxNames() []string { return []string{sandboxHost, "localhost"} }

// sandboxAddresses are its addresses, likewise.
func sandboxAddresses() []net.IP { return []net.IP{net.IPv4(127, 0, 0, 1).To4(), net.IPv6loopback} }

// sandboxCA signs the certificates of the sandbox's TLS listener.
type sandboxCA struct {
	now         func() time.Time
	certificate *x509.Certificate
	key         crypto.Signer

	mu sync.Mutex
	// leaf is the certificate in use.
	leaf *tls.Certificate
}

// openSandboxCA loads the authority of a data directory. Where there is none,
// or it is at its end, or its files are damaged or exposed, it makes another and says so.
func openSandboxCA(folder string, now func() time.Time) (ca *sandboxCA, made bool, err error) {
	ca = &sandboxCA{now: now}
	if ca.load(folder) == nil && now().Add(leafLife).Before(ca.certificate.NotAfter) {
		return ca, false, nil
	}
	if err := ca.make(folder); err != nil {
		return nil, false, fmt.Errorf("make sandbox CA: %w", err)
	}
	return ca, true, nil
}

// load reads the certificate and its key, which must belong together. A key
// that others could read is given up: shops trust what it signs.
func (ca *sandboxCA) load(folder string) error {
	info, err := os.Stat(filepath.Join(folder, sandboxKeyFile))
	if err != nil {
		return err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return errors.New("others may read the key")
	}
	pair, err := tls.LoadX509KeyPair(filepath.Join(folder, sandboxCAFile), filepath.Join(folder, sandboxKeyFile))
	if err != nil {
		return err
	}
	key, ok := pair.PrivateKey.(crypto.Signer)
	if !ok || !pair.Leaf.IsCA {
		return errors.New("not a certificate authority")
	}
	ca.certificate, ca.key = pair.Leaf, key
	return nil
}

// make makes an authority and keeps it. The key is written first: a
// certificate without its key would be trusted for nothing.
func (ca *sandboxCA) make(folder string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	text, err := x509.CreateCertificate(rand.Reader, caTemplate(ca.now()), caTemplate(ca.now()), key.Public(), key)
	if err != nil {
		return err
	}
	if ca.certificate, err = x509.ParseCertificate(text); err != nil {
		return err
	}
	ca.key = key
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	if err := writePEM(filepath.Join(folder, sandboxKeyFile), "PRIVATE KEY", secret, 0o600); err != nil {
		return err
	}
	return writePEM(filepath.Join(folder, sandboxCAFile), "CERTIFICATE", text, 0o644)
}

// caTemplate is an authority that can speak for the sandbox's names and for
// nothing else: who trusts it, and loses its key, has lost nothing (RFC 5280,
// 4.2.1.10). It signs leaves for servers only, and no other authority.
func caTemplate(now time.Time) *x509.Certificate {
	template := &x509.Certificate{
		Subject:   pkix.Name{CommonName: "paypoint sandbox CA", Organization: []string{"paypoint"}},
		NotBefore: now.Add(-backdating), NotAfter: now.Add(caLife),
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true,
		KeyUsage: x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		PermittedDNSDomainsCritical: true, PermittedDNSDomains: sandboxNames(),
	}
	for _, address := range sandboxAddresses() {
		bits := 8 * len(address)
		template.PermittedIPRanges = append(template.PermittedIPRanges, &net.IPNet{IP: address, Mask: net.CIDRMask(bits, bits)})
	}
	return template
}

// leafTemplate is the certificate that clients are shown.
func leafTemplate(now time.Time) *x509.Certificate {
	return &x509.Certificate{
		Subject:   pkix.Name{CommonName: sandboxHost},
		NotBefore: now.Add(-backdating), NotAfter: now.Add(leafLife),
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames: sandboxNames(), IPAddresses: sandboxAddresses(),
	}
}

// writePEM puts a whole file in the place of another.
func writePEM(path, kind string, content []byte, mode fs.FileMode) error {
	return writeWhole(path, mode, func(w io.Writer) error {
		return pem.Encode(w, &pem.Block{Type: kind, Bytes: content})
	})
}

// config is the TLS configuration of the listener. HTTP/1.1 is all that the
// SDKs speak, and what the plain listener serves.
func (ca *sandboxCA) config() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return ca.current() },
	}
}

// current is the leaf in use, renewed when half of its life is over.
func (ca *sandboxCA) current() (*tls.Certificate, error) {
	ca.mu.Lock()
	defer ca.mu.Unlock()
	if ca.leaf != nil && ca.now().Add(leafLife/2).Before(ca.leaf.Leaf.NotAfter) {
		return ca.leaf, nil
	}
	leaf, err := ca.newLeaf()
	if err != nil {
		return nil, fmt.Errorf("make sandbox certificate: %w", err)
	}
	ca.leaf = leaf
	return leaf, nil
}

func (ca *sandboxCA) newLeaf() (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	text, err := x509.CreateCertificate(rand.Reader, leafTemplate(ca.now()), ca.certificate, key.Public(), ca.key)
	if err != nil {
		return nil, err
	}
	leaf, err := x509.ParseCertificate(text)
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{text}, PrivateKey: key, Leaf: leaf}, nil
}

// announceTLS says in two lines how an SDK gets here without a change in its
// code.
func announceTLS(out io.Writer, address, folder string) {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return // a listener's own address has a port
	}
	file := filepath.Join(folder, sandboxCAFile)
	if absolute, err := filepath.Abs(file); err == nil {
		file = absolute
	}
	fmt.Fprintf(out, "    trust it in the shop's process alone: NODE_EXTRA_CA_CERTS=%s (Node), SSL_CERT_FILE=… (Go), REQUESTS_CA_BUNDLE=… (Python), CURLOPT_CAINFO (PHP)\n", file)
	fmt.Fprintf(out, "    lead the name here: on port 443 a line \"127.0.0.1 %s\" in /etc/hosts does; else CURLOPT_CONNECT_TO or curl --connect-to %s:443:127.0.0.1:%s\n",
		sandboxHost, sandboxHost, port)
}
