package delivery_test

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"encoding/pem"
	"fmt"
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

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"

	"paypoint/reconcile/delivery"
)

const sshdPath = "/usr/sbin/sshd"

// sshServer is OpenSSH's sshd: one process for each connection (sshd -i), so
// that no port must be guessed. It runs as a plain user, its own configuration,
// keys and folder; nothing of the system's is read.
type sshServer struct {
	address string
	// files is what its user sees as the folder in which a login begins.
	files string
	login *user.User
	// hostKey and secondKey are the public keys that it shows.
	hostKey, secondKey ssh.PublicKey
	// keyFile is the private key that may log in.
	keyFile string
	folder  string
	log     *lockedBuffer
}

// lockedBuffer takes the logs of many processes.
type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// startSSHD starts a server. Its processes can write files of up to blocks of
// 512 bytes, 0 for any.
func startSSHD(t *testing.T, blocks int) *sshServer {
	t.Helper()
	if _, err := os.Stat(sshdPath); err != nil {
		t.Skip("needs sshd: Debian package openssh-server")
	}
	s := &sshServer{folder: openFolder(t), log: new(lockedBuffer), login: serverUser(t)}
	s.files = filepath.Join(s.folder, "files")
	require.NoError(t, os.Mkdir(s.files, 0o755))
	s.writeKeys(t)
	config := strings.Join([]string{
		"HostKey " + filepath.Join(s.folder, "host"), "HostKey " + filepath.Join(s.folder, "second"),
		"AuthorizedKeysFile " + filepath.Join(s.folder, "authorized"), "StrictModes no", "UsePAM no", "PidFile none",
		"Subsystem sftp internal-sftp", "ForceCommand internal-sftp -d " + s.files,
	}, "\n")
	require.NoError(t, os.WriteFile(filepath.Join(s.folder, "config"), []byte(config+"\n"), 0o644))
	s.giveAway(t)
	s.serve(t, blocks)
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(s.log)
		}
	})
	return s
}

// openFolder is a temporary folder that another user may look into, which those
// of testing are not.
func openFolder(t *testing.T) string {
	t.Helper()
	folder, err := os.MkdirTemp("", "paypoint-delivery-")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	require.NoError(t, os.Chmod(folder, 0o755))
	return folder
}

// serverUser is who the server runs as: sshd without privileges logs in its own
// user only. Root has one who may log in and owns nothing.
func serverUser(t *testing.T) *user.User {
	t.Helper()
	if os.Geteuid() == 0 {
		login, err := user.Lookup("daemon")
		require.NoError(t, err)
		return login
	}
	login, err := user.Current()
	require.NoError(t, err)
	return login
}

func (s *sshServer) writeKeys(t *testing.T) {
	t.Helper()
	_, host, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	s.hostKey = writeKey(t, filepath.Join(s.folder, "host"), host, "")
	second, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	s.secondKey = writeKey(t, filepath.Join(s.folder, "second"), second, "")
	_, mine, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	s.keyFile = filepath.Join(t.TempDir(), "key")
	public := writeKey(t, s.keyFile, mine, "")
	require.NoError(t, os.WriteFile(filepath.Join(s.folder, "authorized"), ssh.MarshalAuthorizedKey(public), 0o644))
}

// writeKey writes a private key in OpenSSH's form.
func writeKey(t *testing.T, path string, key crypto.Signer, passphrase string) ssh.PublicKey {
	t.Helper()
	var block *pem.Block
	var err error
	if passphrase == "" {
		block, err = ssh.MarshalPrivateKey(key, "")
	} else {
		block, err = ssh.MarshalPrivateKeyWithPassphrase(key, "", []byte(passphrase))
	}
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, pem.EncodeToMemory(block), 0o600))
	public, err := ssh.NewPublicKey(key.Public())
	require.NoError(t, err)
	return public
}

// giveAway lets the server's user own its files.
func (s *sshServer) giveAway(t *testing.T) {
	t.Helper()
	for _, name := range []string{s.files, filepath.Join(s.folder, "host"), filepath.Join(s.folder, "second")} {
		require.NoError(t, os.Chown(name, s.uid(t), -1))
	}
}

func (s *sshServer) uid(t *testing.T) int {
	t.Helper()
	uid, err := strconv.Atoi(s.login.Uid)
	require.NoError(t, err)
	return uid
}

// serve starts a process for each connection.
func (s *sshServer) serve(t *testing.T, blocks int) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s.address = listener.Addr().String()
	limit := ""
	if blocks > 0 {
		// Ignored, so that a write fails as on a full disk instead of killing.
		limit = fmt.Sprintf("trap '' XFSZ; ulimit -f %d; ", blocks)
	}
	script := limit + "exec " + sshdPath + " -i -e -f " + filepath.Join(s.folder, "config")
	uid := s.uid(t)
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			all.Go(func() { s.handle(conn.(*net.TCPConn), script, uid) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		all.Wait()
	})
}

func (s *sshServer) handle(conn *net.TCPConn, script string, uid int) {
	socket, err := conn.File()
	_ = conn.Close()
	if err != nil {
		return
	}
	defer socket.Close()
	sshd := exec.Command("/bin/sh", "-c", script)
	sshd.Stdin, sshd.Stdout, sshd.Stderr = socket, socket, s.log
	if os.Geteuid() == 0 {
		gid, _ := strconv.Atoi(s.login.Gid) // of a real user
		sshd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	}
	_ = sshd.Run() // it complains of connections that were cut
}

// client is how to reach the server.
func (s *sshServer) client() delivery.Server {
	return delivery.Server{
		Address: s.address, User: s.login.Username, KeyFile: s.keyFile, HostKeys: []string{ssh.FingerprintSHA256(s.hostKey)},
	}
}

// path is where a file of the server lies.
func (s *sshServer) path(name string) string { return filepath.Join(s.files, name) }

// put lays a file on the server, past SFTP.
func (s *sshServer) put(t *testing.T, name string, content []byte) {
	t.Helper()
	require.NoError(t, os.WriteFile(s.path(name), content, 0o644))
	require.NoError(t, os.Chown(s.path(name), s.uid(t), -1))
}

// list are the names of all that lies on the server.
func (s *sshServer) list(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir(s.files)
	require.NoError(t, err)
	names := []string{}
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}
