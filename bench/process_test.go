package main

import (
	"context"
	"regexp"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

func shell(t *testing.T, script string) program {
	t.Helper()
	return program{name: "shell", path: "/bin/sh", args: []string{"-c", script}, dir: t.TempDir(),
		ready: listening, stop: syscall.SIGTERM}
}

func TestProcessIsReadyWhenItSaysSo(t *testing.T) {
	t.Parallel()
	p, match, err := shell(t, `echo loading >&2; echo listening on http://127.0.0.1:4711; exec sleep 60`).start(t.Context())
	require.NoError(t, err)
	require.Equal(t, "127.0.0.1:4711", string(match[1]))
	require.NoError(t, p.end())
	require.ErrorIs(t, syscall.Kill(p.cmd.Process.Pid, 0), syscall.ESRCH)
}

func TestProcessHasItsVariables(t *testing.T) {
	t.Parallel()
	script := shell(t, `echo listening on http://127.0.0.1:$BENCH_PORT; exec sleep 60`)
	script.env = []string{"BENCH_PORT=4712"}
	p, match, err := script.start(t.Context())
	require.NoError(t, err)
	require.Equal(t, "127.0.0.1:4712", string(match[1]))
	require.NoError(t, p.end())
}

func TestProcessThatEndsBeforeItIsReady(t *testing.T) {
	t.Parallel()
	_, _, err := shell(t, `echo the disk is full >&2; exit 3`).start(t.Context())
	require.ErrorContains(t, err, "ended before it was ready")
	require.ErrorContains(t, err, "exit status 3")
	require.ErrorContains(t, err, "the disk is full")
}

func TestProcessThatEndsByItself(t *testing.T) {
	t.Parallel()
	p, _, err := shell(t, `trap 'echo lost power; exit 1' USR1; echo listening on http://127.0.0.1:4711; while :; do sleep 0.01; done`).start(t.Context())
	require.NoError(t, err)
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGUSR1))
	<-p.exited
	require.ErrorContains(t, p.end(), "lost power")
}

func TestProcessThatIsNeverReadyEndsWithTheContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, err := shell(t, `exec sleep 60`).start(ctx)
	require.ErrorIs(t, err, context.Canceled)
}

func TestProcessThatIsNotThere(t *testing.T) {
	t.Parallel()
	p := program{name: "nothing", path: "/does/not/exist", dir: t.TempDir(), ready: regexp.MustCompile("x")}
	_, _, err := p.start(t.Context())
	require.ErrorContains(t, err, "start nothing")
}
