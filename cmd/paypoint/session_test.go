package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/store/boltdb"
)

// Commands that start together wait for one another: none finds a socket that
// ends with another command, and none gives up at once.
func TestCommandsAtTheSameMoment(t *testing.T) {
	t.Parallel()
	folder := sandboxLedger(t)
	const commands = 8
	codes, errTexts := make([]int, commands), make([]string, commands)
	var running sync.WaitGroup
	for i := range commands {
		running.Go(func() {
			codes[i], _, errTexts[i] = runCommand("merchant", "add", fmt.Sprint("Shop ", i), "--sandbox", "--data", folder)
		})
	}
	running.Wait()
	for i := range commands {
		require.Equal(t, exitDone, codes[i], errTexts[i])
	}
	_, out, _ := runCommand("merchant", "list", "--sandbox", "--data", folder)
	for i := range commands {
		require.Regexp(t, fmt.Sprintf(`(?m)^G00000000[2-9]  Shop %d `, i), out)
	}
	require.NoFileExists(t, filepath.Join(folder, socketName))
}

func TestCommandSaysWhoHasTheLedger(t *testing.T) {
	t.Parallel()
	folder := sandboxLedger(t)
	store, err := boltdb.Open(filepath.Join(folder, "ledger.db"), boltdb.Options{})
	require.NoError(t, err)
	began := time.Now()
	code, _, errText := runCommand("merchant", "list", "--sandbox", "--data", folder)
	require.Equal(t, exitFailed, code)
	require.Contains(t, errText, "another process has the ledger open: try again when it is done")
	require.Greater(t, time.Since(began), lockPatience, "it waits a while")
	require.NoError(t, store.Close())
}

// dyingServer takes the place of a server that ends as a request reaches it. It
// returns how many requests did.
func dyingServer(t *testing.T, folder string) (met func() int) {
	t.Helper()
	listener, err := net.Listen("unix", filepath.Join(folder, socketName))
	require.NoError(t, err)
	requests := 0
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for requests == 0 {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			if n, _ := connection.Read(make([]byte, 1)); n > 0 { // and not only a knock
				requests++
				_ = listener.Close()
			}
			_ = connection.Close()
		}
	}()
	t.Cleanup(func() { _ = listener.Close() })
	return func() int { <-ended; return requests }
}

func TestCommandDoesWithoutAServerThatEnds(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"merchant", "list"}, {"maintenance", "on"}, {"verify"}, {"trial-balance"}} {
		t.Run(args[0], func(t *testing.T) {
			t.Parallel()
			folder := sandboxLedger(t)
			met := dyingServer(t, folder)
			code, out, errText := runCommand(append(args, "--sandbox", "--data", folder)...)
			require.Equal(t, exitDone, code, errText)
			require.NotEmpty(t, out)
			require.Equal(t, 1, met())
		})
	}
}

// What may be done already, and would be done twice, is not sent again.
func TestCommandThatMayBeDoneIsNotRepeated(t *testing.T) {
	t.Parallel()
	folder := sandboxLedger(t)
	met := dyingServer(t, folder)
	code, _, errText := runCommand("merchant", "add", "Bookshop", "--sandbox", "--data", folder)
	require.Equal(t, exitFailed, code)
	require.Contains(t, errText, "the server went away before it answered: look whether it is done before you try again: ")
	require.Equal(t, 1, met())
	_, out, _ := runCommand("merchant", "list", "--sandbox", "--data", folder)
	require.NotContains(t, out, "Bookshop")
}

// A server that breaks every connection is asked twice, not for ever.
func TestCommandGivesUpOnAServerThatNeverAnswers(t *testing.T) {
	t.Parallel()
	folder := sandboxLedger(t)
	listener, err := net.Listen("unix", filepath.Join(folder, socketName))
	require.NoError(t, err)
	requests := make(chan struct{}, 16)
	server := &http.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		requests <- struct{}{}
		panic(http.ErrAbortHandler)
	})}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	code, _, errText := runCommand("merchant", "list", "--sandbox", "--data", folder)
	require.Equal(t, exitFailed, code)
	require.Contains(t, errText, "the server is gone: ")
	require.Len(t, requests, 2)
}

// A command that is told to stop neither asks again nor blames the server.
func TestCommandThatIsToldToStop(t *testing.T) {
	t.Parallel()
	folder := sandboxLedger(t)
	listener, err := net.Listen("unix", filepath.Join(folder, socketName))
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	server := &http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		stop()
		<-r.Context().Done()
	})}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	var out, errText strings.Builder
	code := run(ctx, []string{"merchant", "list", "--sandbox", "--data", folder}, nil, &out, &errText)
	require.Equal(t, exitFailed, code)
	require.Equal(t, "paypoint: ask the server: context canceled\n", errText.String())
}

func TestPipesEndWithTheirListener(t *testing.T) {
	t.Parallel()
	pipes := newPipeListener()
	go func() {
		if far, err := pipes.Accept(); err == nil {
			_, _ = io.Copy(far, far) // until the near end closes
			_ = far.Close()
		}
	}()
	near, err := pipes.dial(t.Context(), "", "")
	require.NoError(t, err)
	_, err = near.Write([]byte("x"))
	require.NoError(t, err)
	echo := make([]byte, 1)
	_, err = io.ReadFull(near, echo)
	require.NoError(t, err)
	require.Equal(t, "x", string(echo))
	require.NoError(t, near.Close())

	require.NoError(t, pipes.Close())
	require.NoError(t, pipes.Close())
	_, err = pipes.Accept()
	require.ErrorIs(t, err, net.ErrClosed)
	_, err = pipes.dial(t.Context(), "", "")
	require.ErrorIs(t, err, net.ErrClosed)
}
