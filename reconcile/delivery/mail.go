package delivery

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	stdmail "net/mail"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/wneessen/go-mail"
)

// Security is how a connection to a mail server is encrypted. There is no way
// to send without.
type Security string

// The ways.
const (
	// StartTLS begins in the clear and must go on under TLS (RFC 3207), usually
	// on port 587.
	StartTLS Security = "starttls"
	// ImplicitTLS is TLS from the first byte (RFC 8314), usually on port 465.
	ImplicitTLS Security = "tls"
)

// DefaultMailTimeout is how long a mail server may be silent where nothing else
// is said (RFC 5321, 4.5.3.2 gives most of its answers this long).
const DefaultMailTimeout = 5 * time.Minute

// maxCertificates bounds a file of certificates, in bytes.
const maxCertificates = 1 << 20

// MailServer is an SMTP server that takes mail for others (a submission server,
// RFC 6409).
type MailServer struct {
	// Address is host:port. The host's name must be in the server's certificate.
	Address string
	// Security is StartTLS where it is empty.
	Security Security
	// User and PasswordFile are for SMTP AUTH; both or none.
	User, PasswordFile string
	// From is the sender's address.
	From string
	// CAFile holds PEM certificates to trust in place of the system's.
	CAFile string
	// Timeout is how long the server may be silent; 0 stands for DefaultMailTimeout.
	Timeout time.Duration
}

// Check reads all that the settings name, without connecting. Errors:
// ErrServer, ErrLetter (the sender's address), ErrExposed, ErrSecret, and those
// of reading files.
func (s MailServer) Check() error {
	if _, _, err := s.client(context.Background()); err != nil {
		return fmt.Errorf("mail server %s: %w", s.Address, err)
	}
	return nil
}

// Send hands a letter to the server and returns its Message-ID, without < and >.
// After an error the server may have taken it nonetheless, when its answer was
// lost; sent again it carries the same Message-ID.
//
// Errors: ErrLetter, ErrName, those of Check, and those of the network and the
// server.
func (s MailServer) Send(ctx context.Context, l Letter) (string, error) {
	id, err := s.send(ctx, l)
	if err != nil {
		return "", fmt.Errorf("send mail %q by %s: %w", l.ID, s.Address, because(ctx, err))
	}
	return id, nil
}

func (s MailServer) send(ctx context.Context, l Letter) (string, error) {
	to, err := l.check()
	if err != nil {
		return "", err
	}
	client, from, err := s.client(ctx)
	if err != nil {
		return "", err
	}
	message, err := write(l, from, to)
	if err != nil {
		return "", err
	}
	err = client.DialAndSendWithContext(ctx, message)
	// What fails after the server has taken the letter, such as the farewell,
	// doesn't make it untaken: sending again would double it.
	if err != nil && !message.IsDelivered() {
		return "", err
	}
	return l.messageID(from.Address), nil
}

// write makes the message. Its texts are quoted-printable or base64, so no line
// is too long (RFC 5322, 2.1.1) and no dot ends it.
func write(l Letter, from *stdmail.Address, to []*stdmail.Address) (*mail.Msg, error) {
	if err := l.checkFiles(); err != nil {
		return nil, err
	}
	message := mail.NewMsg(mail.WithNoDefaultUserAgent())
	message.FromMailAddress(from)
	message.ToMailAddress(to...)
	message.Subject(l.Subject)
	message.SetDateWithValue(l.Date)
	message.SetMessageIDWithValue(l.messageID(from.Address))
	// RFC 3834, 5: so that no out-of-office note comes back.
	message.SetGenHeader("Auto-Submitted", "auto-generated")
	message.SetBodyString(mail.TypeTextPlain, l.body())
	for _, name := range l.Files {
		if err := attach(message, name); err != nil {
			return nil, fmt.Errorf("attach %s: %w", filepath.Base(name), err)
		}
	}
	return message, nil
}

// attach reads a file now, so that one that can't be read is known before a
// message is begun.
func attach(message *mail.Msg, name string) error {
	file, err := os.Open(name) // #nosec G304 -- one of our own exports
	if err != nil {
		return err
	}
	defer file.Close()
	return message.AttachReader(filepath.Base(name), io.LimitReader(file, MaxAttached), mail.WithFileContentType(mail.TypeAppOctetStream))
}

func (s MailServer) client(ctx context.Context) (*mail.Client, *stdmail.Address, error) {
	from, err := parseAddress(s.From)
	if err != nil {
		return nil, nil, ofField("From", fmt.Errorf("sender: %w", err))
	}
	host, portText, err := net.SplitHostPort(s.Address)
	port, portErr := strconv.ParseUint(portText, 10, 16)
	if err != nil || portErr != nil || host == "" || s.Timeout < 0 {
		return nil, nil, ofField("Address", fmt.Errorf("address %q and timeout %s: want host:port and none below 0: %w", s.Address, s.Timeout, ErrServer))
	}
	trust, err := s.trust(host)
	if err != nil {
		return nil, nil, ofField("CAFile", err)
	}
	login, err := s.login()
	if err != nil {
		return nil, nil, ofField("PasswordFile", err)
	}
	timeout := cmp.Or(s.Timeout, DefaultMailTimeout)
	options := append(login, mail.WithPort(int(port)), mail.WithTimeout(timeout), mail.WithTLSConfig(trust))
	switch s.Security {
	case "", StartTLS:
		options = append(options, mail.WithTLSPolicy(mail.TLSMandatory), mail.WithDialContextFunc(dial(ctx, timeout)))
	case ImplicitTLS:
		options = append(options, mail.WithSSL(), mail.WithDialContextFunc(dialTLS(ctx, timeout, trust)))
	default:
		return nil, nil, ofField("Security", fmt.Errorf("security %q: want %s or %s: %w", s.Security, StartTLS, ImplicitTLS, ErrServer))
	}
	client, err := mail.NewClient(host, options...)
	return client, from, err
}

func (s MailServer) trust(host string) (*tls.Config, error) {
	config := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
	if s.CAFile == "" {
		return config, nil
	}
	file, err := os.Open(s.CAFile)
	if err != nil {
		return nil, fmt.Errorf("read certificates: %w", err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxCertificates))
	if err != nil {
		return nil, fmt.Errorf("read certificates: %w", err)
	}
	config.RootCAs = x509.NewCertPool()
	if !config.RootCAs.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s holds no PEM certificate: %w", s.CAFile, ErrServer)
	}
	return config, nil
}

// login takes the first of these ways that the server offers; all run under TLS.
func (s MailServer) login() ([]mail.Option, error) {
	if (s.User == "") != (s.PasswordFile == "") {
		return nil, fmt.Errorf("user and password file: want both or none: %w", ErrServer)
	}
	if s.User == "" {
		return nil, nil
	}
	password, err := readSecret(s.PasswordFile)
	if err != nil {
		return nil, fmt.Errorf("read password: %w", err)
	}
	return []mail.Option{
		mail.WithOpportunisticSMTPAuth(mail.SMTPAuthSCRAMSHA256PLUS, mail.SMTPAuthSCRAMSHA256, mail.SMTPAuthPlain, mail.SMTPAuthLogin),
		mail.WithUsername(s.User), mail.WithPassword(string(password)),
	}, nil
}

// dial connects. go-mail looks at its context while it connects only; here the
// connection ends with the caller's, whatever it is at.
func dial(caller context.Context, timeout time.Duration) mail.DialContextFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &ending{impatient{conn, timeout}, context.AfterFunc(caller, func() { _ = conn.Close() })}, nil
	}
}

func dialTLS(caller context.Context, timeout time.Duration, config *tls.Config) mail.DialContextFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(caller, timeout)(ctx, network, address)
		if err != nil {
			return nil, err
		}
		secured := tls.Client(conn, config)
		if err := secured.HandshakeContext(ctx); err != nil {
			return nil, errors.Join(err, conn.Close())
		}
		return secured, nil
	}
}

// ending is a connection that no longer listens for its caller's end once it
// is closed.
type ending struct {
	impatient
	stop func() bool
}

// SetDeadline does nothing: go-mail would bound a whole message by one, and a
// long one on a slow line would never get through.
func (c *ending) SetDeadline(time.Time) error { return nil }

func (c *ending) Close() error {
	c.stop()
	return c.impatient.Close()
}
