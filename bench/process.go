package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"time"
)

// Limits on a child process.
const (
	startWait = 60 * time.Second
	stopWait  = 30 * time.Second
	// readyPoll is how often a starting child's log is read.
	readyPoll = 5 * time.Millisecond
	// maxLogTail is how much of a child's log goes into an error, in bytes.
	maxLogTail = 2000
)

// program is a child process to start.
type program struct {
	name  string
	path  string
	args  []string
	env   []string            // variables, beside this process's own
	dir   string              // holds its log
	ready *regexp.Regexp      // in its output, once it serves
	stop  syscall.Signal      // asks it to end
	as    *syscall.Credential // nil: this process's own
}

// process is a running child. Its output goes straight to a file, so that reading
// it costs the load nothing.
type process struct {
	program
	cmd    *exec.Cmd
	log    string
	exited chan struct{} // closed once failed is set
	failed error         // how it ended, nil for status 0
}

// start starts the program and waits until it is ready; ready's submatches are returned.
// The caller must end the process.
func (p program) start(ctx context.Context) (*process, [][]byte, error) {
	log, err := os.Create(filepath.Join(p.dir, p.name+".log"))
	if err != nil {
		return nil, nil, fmt.Errorf("start %s: %w", p.name, err)
	}
	defer log.Close()
	cmd := exec.Command(p.path, p.args...) // #nosec G204 -- no shell; a contender that bench has put together
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Env = append(os.Environ(), "LC_ALL=C", "NODE_ENV=production")
	cmd.Env = append(cmd.Env, p.env...)
	// A group of its own: a Ctrl-C reaches us alone, who then end it in order.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: p.as}
	dieWithParent(cmd.SysProcAttr)
	if err := cmd.Start(); err != nil {
		return nil, nil, fmt.Errorf("start %s: %w", p.name, err)
	}
	child := &process{program: p, cmd: cmd, log: log.Name(), exited: make(chan struct{})}
	go func() {
		child.failed = cmd.Wait()
		close(child.exited)
	}()
	match, err := child.awaitReady(ctx)
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("start %s: %w", p.name, err), child.end())
	}
	return child, match, nil
}

// awaitReady reads the log until it says that the process serves.
func (p *process) awaitReady(ctx context.Context) ([][]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, startWait)
	defer cancel()
	tick := time.NewTicker(readyPoll)
	defer tick.Stop()
	for {
		text, err := os.ReadFile(p.log)
		if err != nil {
			return nil, fmt.Errorf("read its log: %w", err)
		}
		if match := p.ready.FindSubmatch(text); match != nil {
			return match, nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, fmt.Errorf("not ready: %w; its output ends: %s", ctx.Err(), tail(text))
		case <-p.exited:
			return nil, errors.New("ended before it was ready")
		}
	}
}

func tail(text []byte) []byte {
	return text[max(0, len(text)-maxLogTail):]
}

// end asks the process to stop, and kills it with its group when it does not. A process
// that has ended by itself is an error: it should have served until now.
func (p *process) end() error {
	select {
	case <-p.exited:
		text, err := os.ReadFile(p.log)
		return errors.Join(fmt.Errorf("%s ended by itself: %v; its output ends: %s", p.name, p.failed, tail(text)), err)
	default:
	}
	if err := p.cmd.Process.Signal(p.stop); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop %s: %w", p.name, err)
	}
	select {
	case <-p.exited:
		return nil
	case <-time.After(stopWait):
	}
	err := syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	<-p.exited
	return errors.Join(fmt.Errorf("stop %s: still there after %s, killed", p.name, stopWait), err)
}

// runTool runs a program to its end with input on its stdin.
func runTool(cmd *exec.Cmd) error {
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w: %s", filepath.Base(cmd.Path), err, tail(out))
	}
	return nil
}
