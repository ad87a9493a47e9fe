package delivery

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"time"

	"golang.org/x/crypto/ssh"
)

// DefaultTimeout is how long a server may be silent where nothing else is said.
const DefaultTimeout = 30 * time.Second

// ErrServer: a server's settings can't work.
var ErrServer = errors.New("bad server settings")

// FieldError names the setting that an error of Check is about.
type FieldError struct {
	// Field is its name in the settings: Server's or MailServer's field.
	Field string
	Err   error
}

// Error is Err's.
func (e *FieldError) Error() string { return e.Err.Error() }

// Unwrap returns Err.
func (e *FieldError) Unwrap() error { return e.Err }

// ofField names the setting that an error is about, if there is one.
func ofField(field string, err error) error {
	if err == nil {
		return nil
	}
	return &FieldError{field, err}
}

// Server is an SFTP server and how to log in to it. It holds no connection:
// each Put and Fetch makes its own.
type Server struct {
	// Address is host:port.
	Address string
	// User is the name to log in with.
	User string
	// HostKeys are lines of known_hosts or SHA-256 fingerprints ("SHA256:..."),
	// of which the server must show one: several while it changes its key.
	HostKeys []string
	// KeyFile holds a private key (OpenSSH or PEM), PassphraseFile what it is
	// encrypted with, if it is; PasswordFile a password. The key, where there is
	// one, is tried first. Each must have mode 0600.
	KeyFile, PassphraseFile, PasswordFile string
	// Timeout is how long the server may be silent; 0 stands for DefaultTimeout.
	// How long a whole transfer may take is for the caller's context to say.
	Timeout time.Duration
	// Quiet is how long a fetched file must have kept its size and time where no
	// checksum lies beside it: a partner who doesn't rename may still be writing.
	// It must be below Timeout.
	Quiet time.Duration
}

// Check reads all that the settings name, without connecting. Errors: a
// *FieldError with ErrServer, ErrPin, ErrExposed, ErrSecret, and those of reading
// files.
func (s Server) Check() error {
	if _, _, err := s.config(); err != nil {
		return fmt.Errorf("SFTP server %s: %w", s.Address, err)
	}
	return nil
}

func (s Server) timeout() time.Duration { return cmp.Or(s.Timeout, DefaultTimeout) }

func (s Server) config() (*ssh.ClientConfig, pins, error) {
	if host, port, err := net.SplitHostPort(s.Address); err != nil || host == "" || port == "" {
		return nil, pins{}, ofField("Address", fmt.Errorf("address %q: want host:port: %w", s.Address, ErrServer))
	}
	if s.User == "" {
		return nil, pins{}, ofField("User", fmt.Errorf("no user: %w", ErrServer))
	}
	if s.Timeout < 0 || s.Quiet < 0 || s.Quiet >= s.timeout() {
		return nil, pins{}, ofField("Quiet", fmt.Errorf("quiet %s and timeout %s: want 0 <= quiet < timeout: %w", s.Quiet, s.timeout(), ErrServer))
	}
	pinned, err := parsePins(s.HostKeys)
	if err != nil {
		return nil, pins{}, ofField("HostKeys", err)
	}
	auth, err := s.auth()
	if err != nil {
		return nil, pins{}, err
	}
	return &ssh.ClientConfig{
		User: s.User, Auth: auth, HostKeyCallback: pinned.check, Timeout: s.timeout(),
	}, pinned, nil
}

func (s Server) auth() ([]ssh.AuthMethod, error) {
	var methods []ssh.AuthMethod
	if s.KeyFile != "" {
		key, err := s.key()
		if err != nil {
			return nil, err
		}
		methods = append(methods, ssh.PublicKeys(key))
	}
	if s.PasswordFile != "" {
		password, err := readSecret(s.PasswordFile)
		if err != nil {
			return nil, ofField("PasswordFile", fmt.Errorf("read password: %w", err))
		}
		methods = append(methods, ssh.Password(string(password)), ssh.KeyboardInteractive(answerWith(string(password))))
	}
	if len(methods) == 0 {
		return nil, ofField("KeyFile", fmt.Errorf("neither key nor password: %w", ErrServer))
	}
	return methods, nil
}

func (s Server) key() (ssh.Signer, error) {
	text, err := readSecret(s.KeyFile)
	if err != nil {
		return nil, ofField("KeyFile", fmt.Errorf("read key: %w", err))
	}
	parse := func() (ssh.Signer, error) { return ssh.ParsePrivateKey(text) }
	if s.PassphraseFile != "" {
		passphrase, err := readSecret(s.PassphraseFile)
		if err != nil {
			return nil, ofField("PassphraseFile", fmt.Errorf("read passphrase: %w", err))
		}
		parse = func() (ssh.Signer, error) { return ssh.ParsePrivateKeyWithPassphrase(text, passphrase) }
	}
	key, err := parse()
	if err != nil {
		return nil, ofField("KeyFile", fmt.Errorf("read key: %s: %w", s.KeyFile, err))
	}
	return key, nil
}

// answerWith gives the password to servers that ask for it by
// keyboard-interactive (RFC 4256) alone. A question whose answer would be shown
// as it is typed is none for a password.
func answerWith(password string) ssh.KeyboardInteractiveChallenge {
	return func(_, _ string, questions []string, echos []bool) ([]string, error) {
		answers := make([]string, len(questions))
		for i := range questions {
			if echos[i] {
				return nil, errors.New("the server asks for more than a password")
			}
			answers[i] = password
		}
		return answers, nil
	}
}
