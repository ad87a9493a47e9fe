package play

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// BinaryVariable names another binary than the tree's own: a mutant that the
// tests must find out.
const BinaryVariable = "TORTURE_BINARY"

// patience is how long a test waits for the program to start, to end, or to answer.
const patience = 60 * time.Second

// Main is a test package's TestMain: it builds the program that the tests run,
// unless BinaryVariable names one, and removes it when they are done.
func Main(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	if os.Getenv(BinaryVariable) != "" {
		return m.Run()
	}
	folder, err := os.MkdirTemp("", "paypoint-built-")
	if err != nil {
		fmt.Fprintln(os.Stderr, "folder for the program:", err)
		return 1
	}
	defer os.RemoveAll(folder)
	binary := filepath.Join(folder, "paypoint")
	build := exec.Command("go", "build", "-trimpath", "-o", binary, "paypoint/cmd/paypoint") // #nosec G204 -- no shell; a folder made above
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build the program: %v\n%s", err, out)
		return 1
	}
	if err := os.Setenv(BinaryVariable, binary); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// Program is the path of the binary that the tests run. It needs Main.
func Program(t testing.TB) string {
	t.Helper()
	path := os.Getenv(BinaryVariable)
	require.NotEmpty(t, path, "the test package's TestMain must be play.Main")
	return path
}

// Setup is how a server is started. The zero value is a sandbox in a folder of
// its own.
type Setup struct {
	// Dir is the data directory; empty takes a new one, as Folder makes it.
	Dir string
	// Ahead is how far the sandbox's clock is ahead of the machine's.
	Ahead time.Duration
	// Args follow those of serve.
	Args []string
	// Under is a command line to run the program under, such as strace's.
	Under []string
	// Env are variables ("NAME=value") beside the test's own.
	Env []string
}

// Server is a running sandbox.
type Server struct {
	t       testing.TB
	setup   Setup
	command *exec.Cmd
	logFile string
	urls    []string
	said    chan string
	ended   chan struct{}
}

// Folder makes a data directory whose path is short enough for a socket in it: at
// most 107 bytes, which a test's own temporary folder can exceed.
func Folder(t testing.TB) string {
	t.Helper()
	folder, err := os.MkdirTemp("", "pp")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(folder)) })
	return folder
}

// Start starts a server and waits until it listens. When the test ends it is
// killed, if it still runs.
func Start(t testing.TB, setup Setup) *Server {
	t.Helper()
	s := Launch(t, setup)
	require.True(t, s.WaitListening(), "the program ended: %s", s.Log())
	return s
}

// Launch starts a server that may not come as far as to listen.
func Launch(t testing.TB, setup Setup) *Server {
	t.Helper()
	if setup.Dir == "" {
		setup.Dir = Folder(t)
	}
	line := slices.Concat(setup.Under, []string{
		Program(t), "serve", "--sandbox", "--data", setup.Dir, "--listen", "127.0.0.1:0", "--clock-ahead=" + setup.Ahead.String(),
	}, setup.Args)
	log, err := os.CreateTemp(t.TempDir(), "log-")
	require.NoError(t, err)
	s := &Server{
		t: t, setup: setup, logFile: log.Name(),
		command: exec.Command(line[0], line[1:]...), // #nosec G204 -- no shell; the program under test
		said:    make(chan string, 1024), ended: make(chan struct{}),
	}
	s.command.Env = append(os.Environ(), setup.Env...)
	// A group of its own, so that killing it also kills what it runs under; and no
	// server outlives its test.
	s.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	s.command.Stderr = log
	out, err := s.command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, s.command.Start())
	require.NoError(t, log.Close())
	go s.follow(out)
	t.Cleanup(func() {
		s.killIfRunning() // has ended already, unless the test failed
		<-s.ended
		if t.Failed() {
			t.Logf("log of the program:\n%s", tail(s.Log()))
		}
	})
	return s
}

// maxTail is how much of a log goes into a failed test's, in bytes.
const maxTail = 2 << 10

func tail(log string) string { return log[max(0, len(log)-maxTail):] }

// follow reads what the program says until its end.
func (s *Server) follow(out io.Reader) {
	for lines := bufio.NewScanner(out); lines.Scan(); {
		select {
		case s.said <- lines.Text():
		default: // nobody listens any more
		}
	}
	close(s.said)
	_ = s.command.Wait() // the exit code is asked for later
	close(s.ended)
}

// WaitListening waits until the server listens; false when it ended before.
func (s *Server) WaitListening() bool {
	s.t.Helper()
	late := time.After(patience)
	for len(s.urls) == 0 {
		select {
		case line, more := <-s.said:
			if !more {
				return false
			}
			if url, found := strings.CutPrefix(line, "listening on "); found {
				s.urls = append(s.urls, url)
			}
		case <-late:
			require.Fail(s.t, "the program does not listen", s.Log())
		}
	}
	return true
}

// URL is http://HOST:PORT of all routes.
func (s *Server) URL() string { return s.urls[0] }

// Dir is the data directory.
func (s *Server) Dir() string { return s.setup.Dir }

// PID is the process that was started: what it runs under, where Setup.Under is set.
func (s *Server) PID() int { return s.command.Process.Pid }

// Log is what the program has written to standard error.
func (s *Server) Log() string {
	text, err := os.ReadFile(s.logFile)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// killIfRunning kills what was started, with all that it runs under. The number of
// a group that has ended may be another's by now: that is left alone.
func (s *Server) killIfRunning() {
	s.t.Helper()
	select {
	case <-s.ended:
		return
	default:
	}
	if err := syscall.Kill(-s.command.Process.Pid, syscall.SIGKILL); !errors.Is(err, syscall.ESRCH) {
		require.NoError(s.t, err)
	}
}

// Kill ends the process without a warning.
func (s *Server) Kill() {
	s.t.Helper()
	s.killIfRunning()
	s.Wait()
}

// Stop tells the process to end, and returns its exit code.
func (s *Server) Stop() int {
	s.t.Helper()
	require.NoError(s.t, s.command.Process.Signal(syscall.SIGTERM))
	return s.Wait()
}

// Ended is closed when the process has ended.
func (s *Server) Ended() <-chan struct{} { return s.ended }

// Wait waits for the end of the process and returns its exit code; -1 after a
// signal.
func (s *Server) Wait() int {
	s.t.Helper()
	select {
	case <-s.ended:
		return s.command.ProcessState.ExitCode()
	case <-time.After(patience):
		require.Fail(s.t, "the program does not end", s.Log())
		return 0
	}
}

// Forward turns the sandbox's clock: from now on it is so far ahead of the
// machine's. What that asks for is done when Forward returns.
func (s *Server) Forward(ahead time.Duration) {
	s.t.Helper()
	code, _, errText := s.Run("sandbox", "clock", "--", ahead.String())
	require.Zero(s.t, code, errText)
}

// Run runs a command of the program on the server's data directory.
func (s *Server) Run(args ...string) (code int, out, errText string) {
	s.t.Helper()
	return Run(s.t, s.setup.Dir, args...)
}

// runPatience is how long a command may take: the longest verifies a large ledger.
const runPatience = 5 * time.Minute

// Run runs a command of the program on a data directory. One that does not end is
// killed, and fails the test.
func Run(t testing.TB, dir string, args ...string) (code int, out, errText string) {
	t.Helper()
	line := slices.Concat([]string{"--sandbox", "--data", dir}, args)
	ctx, cancel := context.WithTimeout(context.Background(), runPatience)
	defer cancel()
	command := exec.CommandContext(ctx, Program(t), line...) // #nosec G204 -- no shell; the program under test
	var outText, errOut bytes.Buffer
	command.Stdout, command.Stderr = &outText, &errOut
	err := command.Run()
	require.NoError(t, ctx.Err(), "paypoint %s does not end: %s", line, &errOut)
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		require.NoError(t, err)
	}
	return command.ProcessState.ExitCode(), outText.String(), errOut.String()
}
