package delivery_test

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/reconcile/delivery"
)

// debianPython has the modules of Debian's packages.
const debianPython = "/usr/bin/python3"

// mailServer is aiosmtpd (testdata/smtpd.py): of Debian's mail servers the one
// that needs no privileges, no spool and no accounts to run in the foreground.
type mailServer struct {
	address, maildir, authority string
}

func startMailServer(t *testing.T, security delivery.Security) *mailServer {
	t.Helper()
	if exec.Command(debianPython, "-c", "import aiosmtpd").Run() != nil {
		t.Skip("needs aiosmtpd: Debian package python3-aiosmtpd")
	}
	folder := t.TempDir()
	s := &mailServer{maildir: filepath.Join(folder, "mail"), authority: filepath.Join(folder, "certificate.pem")}
	key := filepath.Join(folder, "key.pem")
	writeCertificate(t, s.authority, key)
	server := exec.Command(debianPython, "testdata/smtpd.py", string(security), s.authority, key, s.maildir)
	stderr := new(lockedBuffer)
	server.Stderr = stderr
	stdin, err := server.StdinPipe()
	require.NoError(t, err)
	stdout, err := server.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, server.Start())
	t.Cleanup(func() {
		_ = stdin.Close() // it ends with it
		_ = server.Wait()
		if t.Failed() {
			t.Log(stderr)
		}
	})
	port, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err, stderr)
	s.address = net.JoinHostPort("127.0.0.1", strings.TrimSpace(port))
	return s
}

func writeCertificate(t *testing.T, certificate, key string) {
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

func (s *mailServer) client(t *testing.T, security delivery.Security) delivery.MailServer {
	t.Helper()
	return delivery.MailServer{
		Address: s.address, Security: security, User: "paypoint", PasswordFile: secret(t, "mail secret\n"),
		From: "Paypoint <settlement@example.com>", CAFile: s.authority, Timeout: 10 * time.Second,
	}
}

// taken are the messages that the server has.
func (s *mailServer) taken(t *testing.T) []*mail.Message {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(s.maildir, "new", "*"))
	require.NoError(t, err)
	var all []*mail.Message
	for _, name := range names {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		message, err := mail.ReadMessage(bytes.NewReader(text))
		require.NoError(t, err)
		all = append(all, message)
	}
	return all
}

func letter() delivery.Letter {
	return delivery.Letter{
		ID: "settlement/2026-11-20", Date: time.Date(2026, 11, 21, 2, 0, 0, 0, time.FixedZone("WIB", 7*3600)),
		To: []string{"ops@example.com", "Keuangan – finance <finance@example.org>"}, Subject: "Settlement 2026-11-20 – Rp 80.000",
		Text: "Dear all,\n.\nthe file is attached.\n", Links: []string{"https://paypoint.example.com/console/settlements/2026-11-20"},
	}
}

func TestMail(t *testing.T) {
	t.Parallel()
	for _, security := range []delivery.Security{delivery.StartTLS, delivery.ImplicitTLS} {
		t.Run(string(security), func(t *testing.T) {
			t.Parallel()
			s := startMailServer(t, security)
			path, content := local(t, 100_000)
			l := letter()
			l.Files = []string{path}
			id, err := s.client(t, security).Send(t.Context(), l)
			require.NoError(t, err)
			messages := s.taken(t)
			require.Len(t, messages, 1)
			requireLetter(t, messages[0], id, content)
		})
	}
}

// requireLetter checks letter() as it arrived.
func requireLetter(t *testing.T, m *mail.Message, id string, attached []byte) {
	t.Helper()
	require.Regexp(t, `^[0-9a-f]{32}@example\.com$`, id)
	words := new(mime.WordDecoder)
	header := func(name string) string {
		text, err := words.DecodeHeader(m.Header.Get(name))
		require.NoError(t, err)
		return text
	}
	require.Equal(t, "<"+id+">", header("Message-Id"))
	require.Equal(t, letter().Subject, header("Subject"))
	require.Equal(t, "ops@example.com,finance@example.org", header("X-To"))
	require.Equal(t, "yes", header("X-TLS"))
	require.Equal(t, "Sat, 21 Nov 2026 02:00:00 +0700", header("Date"))
	require.Equal(t, "auto-generated", header("Auto-Submitted"))
	to, err := m.Header.AddressList("To")
	require.NoError(t, err)
	require.Equal(t, "Keuangan – finance", to[1].Name)

	kind, parameters, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	require.NoError(t, err)
	require.Equal(t, "multipart/mixed", kind)
	parts := multipart.NewReader(m.Body, parameters["boundary"])
	text, err := parts.NextRawPart()
	require.NoError(t, err)
	body, err := io.ReadAll(quotedprintable.NewReader(text))
	require.NoError(t, err)
	want := "Dear all,\n.\nthe file is attached.\n\nhttps://paypoint.example.com/console/settlements/2026-11-20\n"
	require.Equal(t, want, strings.ReplaceAll(string(body), "\r\n", "\n"))
	file, err := parts.NextRawPart()
	require.NoError(t, err)
	require.Equal(t, "local.txt", file.FileName())
	there, err := io.ReadAll(base64.NewDecoder(base64.StdEncoding, file))
	require.NoError(t, err)
	require.True(t, bytes.Equal(attached, there), "the same content")
	_, err = parts.NextRawPart()
	require.ErrorIs(t, err, io.EOF)
}

// When the server took a letter and its answer was lost, it is sent again, and
// is known as the same.
func TestALostAnswer(t *testing.T) {
	t.Parallel()
	s := startMailServer(t, delivery.StartTLS)
	l := letter()
	l.To = []string{"lost@example.com"}
	_, err := s.client(t, delivery.StartTLS).Send(t.Context(), l)
	require.Error(t, err)
	require.Len(t, s.taken(t), 1)
	id, err := s.client(t, delivery.StartTLS).Send(t.Context(), l)
	require.NoError(t, err)
	messages := s.taken(t)
	require.Len(t, messages, 2)
	for _, m := range messages {
		require.Equal(t, "<"+id+">", m.Header.Get("Message-Id"))
	}
	l.ID = "settlement/2026-11-21"
	other, err := s.client(t, delivery.StartTLS).Send(t.Context(), l)
	require.NoError(t, err)
	require.NotEqual(t, id, other)
}

// A server that is gone as soon as it has taken a letter has taken it.
func TestAServerThatDoesNotSayGoodbye(t *testing.T) {
	t.Parallel()
	s := startMailServer(t, delivery.StartTLS)
	l := letter()
	l.To = []string{"hasty@example.com"}
	_, err := s.client(t, delivery.StartTLS).Send(t.Context(), l)
	require.NoError(t, err)
	require.Len(t, s.taken(t), 1)
}

// A connection that is cut before the letter's end leaves nothing.
func TestMailCutInTheMiddle(t *testing.T) {
	t.Parallel()
	s := startMailServer(t, delivery.StartTLS)
	path, _ := local(t, 200_000)
	l := letter()
	l.Files = []string{path}
	for _, cut := range []*proxy{{cutUp: 5}, {cutUp: 600}, {cutUp: 100_000}, {cutUp: 250_000}, {cutDown: 100}} {
		client := s.client(t, delivery.StartTLS)
		client.Address = cut.start(t, s.address).address
		_, err := client.Send(t.Context(), l)
		require.Error(t, err)
		require.Empty(t, s.taken(t))
	}
	_, err := s.client(t, delivery.StartTLS).Send(t.Context(), l)
	require.NoError(t, err)
	require.Len(t, s.taken(t), 1)
}

func TestMailThatIsRefused(t *testing.T) {
	t.Parallel()
	s := startMailServer(t, delivery.StartTLS)
	plain := startMailServer(t, "none")
	large, _ := local(t, 500_000)
	huge := filepath.Join(t.TempDir(), "huge.txt")
	require.NoError(t, os.WriteFile(huge, nil, 0o600))
	require.NoError(t, os.Truncate(huge, delivery.MaxAttached+1))
	var untrusted x509.UnknownAuthorityError
	cases := map[string]struct {
		change func(*delivery.MailServer, *delivery.Letter)
		want   string
		as     any
	}{
		"no TLS":            {func(m *delivery.MailServer, _ *delivery.Letter) { m.Address = plain.address }, "STARTTLS", nil},
		"wrong password":    {func(m *delivery.MailServer, _ *delivery.Letter) { m.PasswordFile = secret(t, "wrong") }, "535", nil},
		"no login":          {func(m *delivery.MailServer, _ *delivery.Letter) { m.User, m.PasswordFile = "", "" }, "530", nil},
		"a stranger's name": {func(m *delivery.MailServer, _ *delivery.Letter) { m.CAFile = "" }, "", new(*tls.CertificateVerificationError)},
		"another authority": {func(m *delivery.MailServer, _ *delivery.Letter) { m.CAFile = plain.authority }, "", &untrusted},
		"one of the mailboxes is unknown": {
			func(_ *delivery.MailServer, l *delivery.Letter) { l.To = append(l.To, "stranger@example.com") }, "stranger@example.com", nil,
		},
		"a full disk":      {func(_ *delivery.MailServer, l *delivery.Letter) { l.Files = []string{large} }, "452", nil},
		"a file too large": {func(_ *delivery.MailServer, l *delivery.Letter) { l.Files = []string{huge} }, "the rest as links", nil},
		"a missing file":   {func(_ *delivery.MailServer, l *delivery.Letter) { l.Files = []string{huge + "-missing"} }, "no such file", nil},
		"a folder":         {func(_ *delivery.MailServer, l *delivery.Letter) { l.Files = []string{t.TempDir()} }, "attach", nil},
		"implicit TLS there isn't": {
			func(m *delivery.MailServer, _ *delivery.Letter) { m.Security = delivery.ImplicitTLS }, "", new(tls.RecordHeaderError),
		},
		"an unknown security": {func(m *delivery.MailServer, _ *delivery.Letter) { m.Security = "none" }, `security "none"`, nil},
	}
	for title, c := range cases {
		t.Run(title, func(t *testing.T) {
			client, l := s.client(t, delivery.StartTLS), letter()
			c.change(&client, &l)
			_, err := client.Send(t.Context(), l)
			require.ErrorContains(t, err, c.want)
			require.NotContains(t, err.Error(), "mail secret")
			if c.as != nil {
				require.ErrorAs(t, err, c.as)
			}
			require.Empty(t, s.taken(t))
			require.Empty(t, plain.taken(t))
		})
	}
}

func TestASilentMailServerIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	s := startMailServer(t, delivery.ImplicitTLS)
	measure := new(proxy).start(t, s.address)
	client := s.client(t, delivery.ImplicitTLS)
	client.Address = measure.address
	_, err := client.Send(t.Context(), letter())
	require.NoError(t, err)
	for _, mute := range []*proxy{{mute: true, cutUp: 1}, {mute: true, cutDown: measure.down.Load() / 2}} {
		client := s.client(t, delivery.ImplicitTLS)
		client.Address = mute.start(t, s.address).address
		client.Timeout = 300 * time.Millisecond
		var timeout net.Error
		_, err := client.Send(t.Context(), letter())
		require.ErrorAs(t, err, &timeout)
		require.True(t, timeout.Timeout() || errors.Is(err, os.ErrDeadlineExceeded))
	}
}

func TestMailServerCheck(t *testing.T) {
	t.Parallel()
	good := delivery.MailServer{Address: "mail.example.com:587", From: "a@example.com"}
	require.NoError(t, good.Check())
	notPEM := secret(t, "hello")
	cases := map[string]struct {
		change func(*delivery.MailServer)
		want   error
		field  string
	}{
		"no port":                  {func(m *delivery.MailServer) { m.Address = "mail.example.com" }, delivery.ErrServer, "Address"},
		"a port that is none":      {func(m *delivery.MailServer) { m.Address = "mail.example.com:70000" }, delivery.ErrServer, "Address"},
		"no sender":                {func(m *delivery.MailServer) { m.From = "" }, delivery.ErrLetter, "From"},
		"a password without user":  {func(m *delivery.MailServer) { m.PasswordFile = notPEM }, delivery.ErrServer, "PasswordFile"},
		"a user without password":  {func(m *delivery.MailServer) { m.User = "u" }, delivery.ErrServer, "PasswordFile"},
		"a file without authority": {func(m *delivery.MailServer) { m.CAFile = notPEM }, delivery.ErrServer, "CAFile"},
		"a missing password":       {func(m *delivery.MailServer) { m.User, m.PasswordFile = "u", "/missing" }, os.ErrNotExist, "PasswordFile"},
		"a negative timeout":       {func(m *delivery.MailServer) { m.Timeout = -1 }, delivery.ErrServer, "Address"},
	}
	for title, c := range cases {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			server := good
			c.change(&server)
			require.ErrorIs(t, server.Check(), c.want)
			var field *delivery.FieldError
			require.ErrorAs(t, server.Check(), &field)
			require.Equal(t, c.field, field.Field)
		})
	}
}
