package delivery_test

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// proxy stands between a client and a server, and fails as networks do.
type proxy struct {
	address string
	// up and down count the bytes that went to the server and back.
	up, down atomic.Int64
	// cutUp and cutDown are how many go through before the connection is cut; 0
	// for all of them.
	cutUp, cutDown int64
	// joined, where there is one, is called at each connection.
	joined func()
	// mute lets the connection stand without a byte instead of cutting it.
	mute bool
}

// start serves until the test ends.
func (p *proxy) start(t *testing.T, server string) *proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p.address = listener.Addr().String()
	var all sync.WaitGroup
	ended := make(chan struct{})
	all.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			all.Go(func() { p.join(client, server, ended) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		close(ended)
		all.Wait()
	})
	return p
}

func (p *proxy) join(client net.Conn, server string, ended chan struct{}) {
	defer client.Close()
	if p.joined != nil {
		p.joined()
	}
	upstream, err := net.Dial("tcp", server)
	if err != nil {
		return
	}
	defer upstream.Close()
	either := make(chan struct{}, 2)
	go p.pass(upstream, client, &p.up, p.cutUp, either)
	go p.pass(client, upstream, &p.down, p.cutDown, either)
	<-either
	if p.mute {
		<-ended
	}
}

// pass copies until an end or the cut.
func (p *proxy) pass(to io.Writer, from io.Reader, count *atomic.Int64, limit int64, either chan struct{}) {
	defer func() { either <- struct{}{} }()
	buffer := make([]byte, 16<<10)
	for {
		n, err := from.Read(buffer)
		if limit > 0 {
			n = int(min(int64(n), limit-count.Load()))
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
		if count.Add(int64(n)); err != nil || limit > 0 && count.Load() >= limit {
			return
		}
	}
}
