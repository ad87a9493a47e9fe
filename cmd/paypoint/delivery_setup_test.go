package main

import (
	"bufio"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"
)

// partnerServer is OpenSSH's sshd, a process for each connection, with its own
// keys and folders; it runs as a plain user.
type partnerServer struct {
	settings SFTP
	folder   string
	login    *user.User
}

func startPartnerServer(t *testing.T) *partnerServer {
	t.Helper()
	const sshd = "/usr/sbin/sshd"
	if _, err := os.Stat(sshd); err != nil {
		t.Skip("needs sshd: Debian package openssh-server")
	}
	folder, err := os.MkdirTemp("", "paypoint-partner-")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	require.NoError(t, os.Chmod(folder, 0o755)) // those of testing are closed to others
	p := &partnerServer{folder: folder, login: plainUser(t)}
	host := writeSSHKey(t, filepath.Join(folder, "host"))
	key := filepath.Join(t.TempDir(), "key")
	require.NoError(t, os.WriteFile(filepath.Join(folder, "authorized"), ssh.MarshalAuthorizedKey(writeSSHKey(t, key)), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "config"), []byte(strings.Join([]string{
		"HostKey " + filepath.Join(folder, "host"), "AuthorizedKeysFile " + filepath.Join(folder, "authorized"),
		"StrictModes no", "UsePAM no", "PidFile none", "Subsystem sftp internal-sftp", "ForceCommand internal-sftp -d " + folder, "",
	}, "\n")), 0o644))
	for _, name := range []string{"in", "out"} {
		require.NoError(t, os.Mkdir(p.path(name), 0o755))
	}
	for _, name := range []string{"host", "in", "out"} {
		p.giveAway(t, name)
	}
	p.settings = SFTP{
		Address: p.serve(t, sshd+" -i -f "+filepath.Join(folder, "config")), User: p.login.Username, KeyFile: key,
		HostKeys: []string{ssh.FingerprintSHA256(host)}, PutFolder: p.path("in"), FetchFolder: p.path("out"),
	}
	return p
}

// plainUser is who the server runs as: root's has no privileges.
func plainUser(t *testing.T) *user.User {
	t.Helper()
	login, err := user.Current()
	if os.Geteuid() == 0 {
		login, err = user.Lookup("daemon")
	}
	require.NoError(t, err)
	return login
}

func writeSSHKey(t *testing.T, path string) ssh.PublicKey {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	block, err := ssh.MarshalPrivateKey(crypto.PrivateKey(private), "")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, pem.EncodeToMemory(block), 0o600))
	public, err := ssh.NewPublicKey(private.Public())
	require.NoError(t, err)
	return public
}

func (p *partnerServer) path(name string) string { return filepath.Join(p.folder, name) }

func (p *partnerServer) giveAway(t *testing.T, name string) {
	t.Helper()
	uid, err := strconv.Atoi(p.login.Uid)
	require.NoError(t, err)
	require.NoError(t, os.Chown(p.path(name), uid, -1))
}

// put lays a file of Indomaret's there, past SFTP.
func (p *partnerServer) put(t *testing.T, name, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(p.path(filepath.Join("out", name)), []byte(text), 0o644))
	p.giveAway(t, filepath.Join("out", name))
}

// whole are the names of our files there whose checksum is there too.
func (p *partnerServer) whole(t *testing.T) []string {
	t.Helper()
	var names []string
	for _, name := range namesIn(t, p.path("in")) {
		if file, is := strings.CutSuffix(name, ".sha256"); is {
			names = append(names, file)
		}
	}
	return names
}

// serve starts a process for each connection and returns the address.
func (p *partnerServer) serve(t *testing.T, script string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			all.Go(func() { p.handle(conn.(*net.TCPConn), script) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		all.Wait()
	})
	return listener.Addr().String()
}

func (p *partnerServer) handle(conn *net.TCPConn, script string) {
	socket, err := conn.File()
	_ = conn.Close()
	if err != nil {
		return
	}
	defer socket.Close()
	sshd := exec.Command("/bin/sh", "-c", "exec "+script)
	sshd.Stdin, sshd.Stdout = socket, socket
	if os.Geteuid() == 0 {
		uid, _ := strconv.Atoi(p.login.Uid) // of a real user
		gid, _ := strconv.Atoi(p.login.Gid)
		sshd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	}
	_ = sshd.Run() // it complains of connections that were cut
}

// mailbox is a mail server with all that it took.
type mailbox struct {
	settings Mail
	folder   string
}

func startMailbox(t *testing.T) *mailbox {
	t.Helper()
	const python = "/usr/bin/python3" // which has the modules of Debian's packages
	if exec.Command(python, "-c", "import aiosmtpd").Run() != nil {
		t.Skip("needs aiosmtpd: Debian package python3-aiosmtpd")
	}
	folder := t.TempDir()
	box := &mailbox{folder: filepath.Join(folder, "mail")}
	certificate, key := filepath.Join(folder, "certificate.pem"), filepath.Join(folder, "key.pem")
	writeMailCertificate(t, certificate, key)
	server := exec.Command(python, "../../reconcile/delivery/testdata/smtpd.py", "starttls", certificate, key, box.folder)
	stdin, err := server.StdinPipe()
	require.NoError(t, err)
	stdout, err := server.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, server.Start())
	t.Cleanup(func() {
		_ = stdin.Close() // it ends with it
		_, _ = io.Copy(io.Discard, stdout)
		_ = server.Wait()
	})
	port, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)
	box.settings = Mail{
		Address: net.JoinHostPort("127.0.0.1", strings.TrimSpace(port)), Security: "starttls", User: "paypoint",
		PasswordFile: secretFile(t, "mail secret\n"), CAFile: certificate, From: "Paypoint <us@example.com>", To: []string{"finance@example.com"},
	}
	return box
}

func writeMailCertificate(t *testing.T, certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(certificate, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	der, err = x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600))
}

// taken are the mails that came, as they are.
func (b *mailbox) taken(t *testing.T) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(b.folder, "new", "*"))
	require.NoError(t, err)
	var all []string
	for _, name := range names {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		all = append(all, string(text))
	}
	return all
}
