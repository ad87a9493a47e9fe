package delivery_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/pkg/sftp"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"

	"paypoint/reconcile/delivery"
)

const password = "correct horse"

// passwordServer takes passwords, which sshd can't check without privileges.
// How it asks is for the test to choose.
type passwordServer struct {
	address, fingerprint string
	// asked counts the logins that were tried.
	asked atomic.Int64
}

func startPasswordServer(t *testing.T, serve func(io.ReadWriteCloser), configure func(*ssh.ServerConfig, func(string) error)) *passwordServer {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	signer, err := ssh.NewSignerFromKey(key)
	require.NoError(t, err)
	s := &passwordServer{fingerprint: ssh.FingerprintSHA256(signer.PublicKey())}
	config := new(ssh.ServerConfig)
	config.AddHostKey(signer)
	configure(config, func(text string) error {
		s.asked.Add(1)
		if text != password {
			return errors.New("wrong password")
		}
		return nil
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s.address = listener.Addr().String()
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			all.Go(func() { serveSFTP(conn, config, serve) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		all.Wait()
	})
	return s
}

func serveSFTP(conn net.Conn, config *ssh.ServerConfig, serve func(io.ReadWriteCloser)) {
	defer conn.Close()
	_, channels, requests, err := ssh.NewServerConn(conn, config)
	if err != nil {
		return
	}
	go ssh.DiscardRequests(requests)
	for offered := range channels {
		channel, requests, err := offered.Accept()
		if err != nil {
			return
		}
		go func() {
			for r := range requests {
				_ = r.Reply(r.Type == "subsystem", nil)
			}
		}()
		serve(channel)
		_ = channel.Close()
	}
}

// plainFiles serves a folder.
func plainFiles(root string) func(io.ReadWriteCloser) {
	return func(channel io.ReadWriteCloser) {
		if server, err := sftp.NewServer(channel, sftp.WithServerWorkingDirectory(root)); err == nil {
			_ = server.Serve() // until the client is gone
		}
	}
}

// lossyFiles keeps the first kilobyte of each file, and says that it has all.
func lossyFiles(channel io.ReadWriteCloser) {
	handlers := sftp.InMemHandler()
	handlers.FilePut = lossy{handlers.FilePut}
	_ = sftp.NewRequestServer(channel, handlers).Serve() // until the client is gone
}

type lossy struct{ sftp.FileWriter }

func (l lossy) Filewrite(r *sftp.Request) (io.WriterAt, error) {
	file, err := l.FileWriter.Filewrite(r)
	return lossyFile{file}, err
}

type lossyFile struct{ io.WriterAt }

func (f lossyFile) WriteAt(p []byte, at int64) (int, error) {
	if kept := min(int64(len(p)), 1024-at); kept > 0 {
		if n, err := f.WriterAt.WriteAt(p[:kept], at); err != nil {
			return n, err
		}
	}
	return len(p), nil
}

func TestPutToAServerThatLosesBytes(t *testing.T) {
	t.Parallel()
	server := startPasswordServer(t, lossyFiles, byPassword)
	client := delivery.Server{
		Address: server.address, User: "partner", HostKeys: []string{server.fingerprint}, PasswordFile: secret(t, password),
	}
	path, _ := local(t, 2000)
	_, err := client.Put(t.Context(), path, "day.txt")
	require.ErrorIs(t, err, delivery.ErrShort)
	require.ErrorContains(t, err, "1024 bytes of 2000")
}

// zeroFiles says the truth of each file's size, and gives so many zeros for it;
// checksums it denies.
func zeroFiles(size int) func(io.ReadWriteCloser) {
	handlers := sftp.InMemHandler()
	handlers.FileGet = zeros(size)
	return func(channel io.ReadWriteCloser) {
		_ = sftp.NewRequestServer(channel, handlers).Serve() // until the client is gone
	}
}

type zeros int

func (z zeros) Fileread(r *sftp.Request) (io.ReaderAt, error) {
	if strings.HasSuffix(r.Filepath, ".sha256") {
		return nil, os.ErrNotExist
	}
	return bytes.NewReader(make([]byte, z)), nil
}

// No more is taken than the server has announced, and no less.
func TestFetchOfAnotherSize(t *testing.T) {
	t.Parallel()
	for size, says := range map[int]string{1024: "1024 bytes of 2000", 4096: "day.txt: read: the file changed"} {
		server := startPasswordServer(t, zeroFiles(size), byPassword)
		client := delivery.Server{
			Address: server.address, User: "partner", HostKeys: []string{server.fingerprint}, PasswordFile: secret(t, password),
		}
		path, _ := local(t, 2000)
		_, err := client.Put(t.Context(), path, "day.txt")
		require.NoError(t, err)
		into := t.TempDir()
		_, err = client.Fetch(t.Context(), ".", "day.txt", into)
		require.ErrorContains(t, err, says)
		require.Empty(t, entries(t, into))
	}
}

func byPassword(c *ssh.ServerConfig, check func(string) error) {
	c.PasswordCallback = func(_ ssh.ConnMetadata, text []byte) (*ssh.Permissions, error) { return nil, check(string(text)) }
}

// byQuestion asks a question whose answer is shown as it is typed, or isn't.
func byQuestion(shown bool) func(*ssh.ServerConfig, func(string) error) {
	return func(c *ssh.ServerConfig, check func(string) error) {
		c.KeyboardInteractiveCallback = func(_ ssh.ConnMetadata, ask ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
			answers, err := ask("", "", []string{"Password: "}, []bool{shown})
			if err != nil {
				return nil, err
			}
			return nil, check(strings.Join(answers, ""))
		}
	}
}

// secret is a file with mode 0600.
func secret(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestPasswords(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		configure func(*ssh.ServerConfig, func(string) error)
		password  string
		want      string
		asked     int64
	}{
		"password":                {byPassword, password, "", 1},
		"with a line end":         {byPassword, password + "\n", "", 1},
		"with Windows's line end": {byPassword, password + "\r\n", "", 1},
		"a space counts":          {byPassword, password + " ", "unable to authenticate", 1},
		"wrong password":          {byPassword, "wrong", "unable to authenticate", 1},
		"keyboard-interactive":    {byQuestion(false), password, "", 1},
		"a question for another":  {byQuestion(true), password, "asks for more than a password", 0},
	}
	for title, c := range cases {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			server := startPasswordServer(t, plainFiles(root), c.configure)
			client := delivery.Server{
				Address: server.address, User: "partner", HostKeys: []string{server.fingerprint}, PasswordFile: secret(t, c.password),
			}
			path, content := local(t, 1000)
			receipt, err := client.Put(t.Context(), path, "day.txt")
			require.Equal(t, c.asked, server.asked.Load())
			if c.want != "" {
				require.ErrorContains(t, err, c.want)
				require.NotContains(t, err.Error(), strings.TrimSpace(c.password+"!"), "no secret in an error")
				return
			}
			require.NoError(t, err)
			require.False(t, receipt.Synced, "this server has no fsync")
			requireFile(t, filepath.Join(root, "day.txt"), content)
		})
	}
}

func TestAWrongServerIsNotToldThePassword(t *testing.T) {
	t.Parallel()
	server := startPasswordServer(t, plainFiles(t.TempDir()), byPassword)
	another := startPasswordServer(t, plainFiles(t.TempDir()), byPassword)
	client := delivery.Server{
		Address: server.address, User: "partner", HostKeys: []string{another.fingerprint}, PasswordFile: secret(t, password),
	}
	path, _ := local(t, 10)
	_, err := client.Put(t.Context(), path, "day.txt")
	require.ErrorIs(t, err, delivery.ErrHostKey)
	require.Zero(t, server.asked.Load())
}

func TestKeys(t *testing.T) {
	t.Parallel()
	s := startSSHD(t, 0)
	text, err := os.ReadFile(s.keyFile)
	require.NoError(t, err)
	raw, err := ssh.ParseRawPrivateKey(text)
	require.NoError(t, err)
	locked := filepath.Join(t.TempDir(), "locked")
	writeKey(t, locked, raw.(*ed25519.PrivateKey), "open sesame")
	exposed := secret(t, string(text))
	require.NoError(t, os.Chmod(exposed, 0o640))
	cases := map[string]struct {
		change func(*delivery.Server)
		want   string
	}{
		"a key":                   {func(*delivery.Server) {}, ""},
		"a locked key":            {func(c *delivery.Server) { c.KeyFile, c.PassphraseFile = locked, secret(t, "open sesame\n") }, ""},
		"its passphrase missing":  {func(c *delivery.Server) { c.KeyFile = locked }, "passphrase"},
		"its passphrase is wrong": {func(c *delivery.Server) { c.KeyFile, c.PassphraseFile = locked, secret(t, "wrong") }, "read key"},
		"its passphrase's file is missing": {
			func(c *delivery.Server) { c.KeyFile, c.PassphraseFile = locked, locked+"-missing" }, "read passphrase",
		},
		"others may read it":     {func(c *delivery.Server) { c.KeyFile = exposed }, "mode 0640"},
		"no key in it":           {func(c *delivery.Server) { c.KeyFile = secret(t, "hello") }, "read key"},
		"an empty file":          {func(c *delivery.Server) { c.KeyFile = secret(t, "\n") }, "want 1 to 65536 bytes"},
		"a long file":            {func(c *delivery.Server) { c.KeyFile = secret(t, strings.Repeat("k", 70_000)) }, "want 1 to 65536 bytes"},
		"a missing file":         {func(c *delivery.Server) { c.KeyFile = locked + "-missing" }, "no such file"},
		"neither key nor secret": {func(c *delivery.Server) { c.KeyFile = "" }, "neither key nor password"},
		"no user":                {func(c *delivery.Server) { c.User = "" }, "no user"},
		"no port":                {func(c *delivery.Server) { c.Address = "127.0.0.1" }, "want host:port"},
		"no host":                {func(c *delivery.Server) { c.Address = ":22" }, "want host:port"},
		"a quiet beyond patience": {
			func(c *delivery.Server) { c.Quiet = delivery.DefaultTimeout }, "want 0 <= quiet < timeout",
		},
		"an exposed password": {func(c *delivery.Server) { c.PasswordFile = exposed }, "read password"},
	}
	for title, c := range cases {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			client := s.client()
			c.change(&client)
			err := client.Check()
			path, _ := local(t, 10)
			_, putErr := client.Put(t.Context(), path, strings.ReplaceAll(title, " ", "-")+".txt")
			if c.want == "" {
				require.NoError(t, err)
				require.NoError(t, putErr)
				return
			}
			require.ErrorContains(t, err, c.want)
			require.ErrorContains(t, putErr, c.want)
		})
	}
}
