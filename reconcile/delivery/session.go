package delivery

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
)

// session is one connection to a server.
type session struct {
	*sftp.Client
	conn *ssh.Client
	stop func() bool
}

// open connects and logs in. When ctx ends, so does the connection.
func (s Server) open(ctx context.Context) (*session, error) {
	config, pinned, err := s.config()
	if err != nil {
		return nil, err
	}
	var shown, none error
	for _, algorithms := range pinned.rounds {
		config.HostKeyAlgorithms = algorithms
		opened, err := s.connect(ctx, config)
		switch {
		case errors.Is(err, ErrHostKey):
			shown = errors.Join(shown, err)
		case otherKey(err):
			none = fmt.Errorf("%w: %w", ErrHostKey, err)
		default:
			return opened, err
		}
	}
	if shown != nil {
		return nil, shown
	}
	return nil, none
}

func (s Server) connect(ctx context.Context, config *ssh.ClientConfig) (*session, error) {
	dialer := net.Dialer{Timeout: s.timeout()}
	tcp, err := dialer.DialContext(ctx, "tcp", s.Address)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = tcp.Close() })
	conn, channels, requests, err := ssh.NewClientConn(&impatient{tcp, s.timeout()}, s.Address, config)
	if err != nil {
		stop()
		_ = tcp.Close()
		return nil, fmt.Errorf("log in as %s: %w", s.User, err)
	}
	client := ssh.NewClient(conn, channels, requests)
	// Writes of one file may go out side by side: a file that misses one of them
	// keeps its temporary name.
	files, err := sftp.NewClient(client, sftp.UseConcurrentWrites(true))
	if err != nil {
		stop()
		_ = client.Close()
		return nil, fmt.Errorf("start SFTP: %w", err)
	}
	return &session{files, client, stop}, nil
}

// close ends the connection. What counts has been answered before. The caller's
// end is heeded to the last: a server may be slow to say goodbye.
func (s *session) close() {
	_ = s.Client.Close()
	_ = s.conn.Close()
	s.stop()
}

// impatient is a connection on which neither side may be silent for long. The
// sessions here always wait for an answer, so that silence is a fault.
type impatient struct {
	net.Conn
	timeout time.Duration
}

func (c *impatient) Read(p []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(c.timeout)); err != nil {
		return 0, err
	}
	return c.Conn.Read(p)
}

func (c *impatient) Write(p []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(c.timeout)); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}

// because puts the caller's own reason before what the broken connection says.
func because(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return fmt.Errorf("%w: %w", context.Cause(ctx), err)
	}
	return err
}
