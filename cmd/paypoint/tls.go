package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
)

// maxPEMBytes bounds a file of certificates or a key.
const maxPEMBytes = 1 << 20

// reloadingTLS is the TLS of a listener whose files can be replaced while it
// runs: each handshake looks whether they have changed.
type reloadingTLS struct {
	files ListenerTLS
	log   *zap.Logger
	// failed counts files that could not be taken.
	failed prometheus.Counter

	mu sync.Mutex
	// seen are the files as they were when they were last read, well or not.
	seen    []fileMark
	current *tls.Config
}

// fileMark tells one content of a file from another without reading it.
type fileMark struct {
	modified time.Time
	size     int64
	// mode is part of it: a key that others could read is refused until a chmod.
	mode fs.FileMode
	// file tells a file from another that was put in its place, in the same moment.
	file fs.FileInfo
}

func (m fileMark) same(other fileMark) bool {
	if m.file == nil || other.file == nil {
		return m.file == nil && other.file == nil
	}
	return m.modified.Equal(other.modified) && m.size == other.size && m.mode == other.mode && os.SameFile(m.file, other.file)
}

// openTLS reads the files, which must be good at the start.
func openTLS(files ListenerTLS, log *zap.Logger, failed prometheus.Counter) (*reloadingTLS, error) {
	seen := marks(files)
	current, err := loadTLS(files)
	if err != nil {
		return nil, err
	}
	return &reloadingTLS{files: files, log: log, failed: failed, seen: seen, current: current}, nil
}

// marks are those of the files, taken before they are read: a change meanwhile is
// seen the next time.
func marks(files ListenerTLS) []fileMark {
	var all []fileMark
	for _, path := range []string{files.CertFile, files.KeyFile, files.ClientCAFile} {
		var mark fileMark
		if info, err := os.Stat(path); err == nil {
			mark = fileMark{modified: info.ModTime(), size: info.Size(), mode: info.Mode(), file: info}
		}
		all = append(all, mark)
	}
	return all
}

// config is the configuration of the listener.
func (r *reloadingTLS) config() *tls.Config {
	return &tls.Config{
		MinVersion:         tls.VersionTLS12,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return r.latest(), nil },
	}
}

// latest is the configuration of the files as they are. Files that can't be
// taken leave the earlier ones in use: a renewal that went wrong must not shut
// the partner out. They are read again when they change again.
func (r *reloadingTLS) latest() *tls.Config {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := marks(r.files)
	if slices.EqualFunc(r.seen, now, fileMark.same) {
		return r.current
	}
	r.seen = now
	next, err := loadTLS(r.files)
	if err != nil {
		r.failed.Inc()
		r.log.Error("changed TLS files can't be taken, the earlier ones stay in use", zap.Error(err))
		return r.current
	}
	r.log.Info("TLS files were changed and are taken", zap.Time("expires", next.Certificates[0].Leaf.NotAfter))
	r.current = next
	return next
}

// expires is when the certificate in use ends.
func (r *reloadingTLS) expires() time.Time { return r.latest().Certificates[0].Leaf.NotAfter }

// loadTLS reads the files. Errors name the file, never what is in it.
func loadTLS(files ListenerTLS) (*tls.Config, error) {
	certificate, err := readPEM(files.CertFile)
	if err != nil {
		return nil, err
	}
	if err := checkSecretMode(files.KeyFile); err != nil {
		return nil, err
	}
	key, err := readPEM(files.KeyFile)
	if err != nil {
		return nil, err
	}
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		return nil, fmt.Errorf("certificate %s with key %s: %w", files.CertFile, files.KeyFile, err)
	}
	config := &tls.Config{
		MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair},
		// One message at a time on a connection: that is what the limits count.
		NextProtos: []string{"http/1.1"},
		// A resumed session would outlive the authority that its certificate was
		// checked by. Tills keep their connections, so full handshakes are few.
		SessionTicketsDisabled: true,
	}
	return config, addClients(config, files)
}

// addClients asks for the clients' certificates, where they are to have one.
func addClients(config *tls.Config, files ListenerTLS) error {
	if files.ClientCAFile == "" {
		return nil
	}
	text, err := readPEM(files.ClientCAFile)
	if err != nil {
		return err
	}
	config.ClientCAs = x509.NewCertPool()
	if !config.ClientCAs.AppendCertsFromPEM(text) {
		return fmt.Errorf("%s: holds no certificate in PEM", files.ClientCAFile)
	}
	config.ClientAuth = tls.RequireAndVerifyClientCert
	config.VerifyConnection = func(state tls.ConnectionState) error {
		return checkClientName(state.PeerCertificates, files.ClientNames)
	}
	return nil
}

// errClientName: the certificate is good, but not one of those that were agreed.
var errClientName = errors.New("the client's certificate has none of the wanted names")

// checkClientName wants one of the names, among a verified certificate's DNS
// names or as its common name; which authorities sign for whom is for the
// client_ca_file to say.
func checkClientName(chain []*x509.Certificate, wanted []string) error {
	if len(wanted) == 0 {
		return nil
	}
	if len(chain) == 0 {
		return errClientName
	}
	for _, name := range append(slices.Clone(chain[0].DNSNames), chain[0].Subject.CommonName) {
		if slices.ContainsFunc(wanted, func(w string) bool { return strings.EqualFold(w, name) }) {
			return nil
		}
	}
	return errClientName
}

func readPEM(path string) ([]byte, error) { return readLimited(path, maxPEMBytes) }

// checkSecretMode refuses a file that others could read.
func checkSecretMode(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.Mode().Perm()&othersMayRead != 0 {
		return fmt.Errorf("%s: the group or others may read or write it: want mode 0600", path)
	}
	return nil
}
