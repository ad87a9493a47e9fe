package main

import (
	"net"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// option is a socket's option by its level and name.
type option struct{ level, name int }

var (
	keepAliveOn       = option{syscall.SOL_SOCKET, syscall.SO_KEEPALIVE}
	keepAliveIdle     = option{syscall.IPPROTO_TCP, syscall.TCP_KEEPIDLE}
	keepAliveInterval = option{syscall.IPPROTO_TCP, syscall.TCP_KEEPINTVL}
	keepAliveCount    = option{syscall.IPPROTO_TCP, syscall.TCP_KEEPCNT}
)

// socketOption reads an option of a connection's socket.
func socketOption(t *testing.T, socket *net.TCPConn, of option) (value int) {
	t.Helper()
	raw, err := socket.SyscallConn()
	require.NoError(t, err)
	var failed error
	require.NoError(t, raw.Control(func(fd uintptr) { value, failed = syscall.GetsockoptInt(int(fd), of.level, of.name) }))
	require.NoError(t, failed)
	return value
}
