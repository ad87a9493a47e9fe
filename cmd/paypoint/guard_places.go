package main

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"
)

// placePatience is how often a caller for whom there is no place looks again.
const placePatience = 100 * time.Millisecond

// keepAlive finds callers who are gone without a word: after 15 s of silence
// they are asked every 5 s, and dropped when they have not answered 3 times.
var keepAlive = net.KeepAliveConfig{Enable: true, Idle: 15 * time.Second, Interval: 5 * time.Second, Count: 3}

// places is a listener that has only so many connections open. When all places
// are taken, a new caller gets one of the address that holds most of them
// (places.dispensable): one address shuts nobody else out, whatever it does with
// its connections. Where none can be had, the new caller waits.
type places struct {
	net.Listener
	most int
	// patience is how long a caller may take no byte of an answer.
	patience time.Duration
	// exempt are the addresses behind which many callers stand (proxies), or that
	// are known: those keep what they hold before all others do.
	exempt []netip.Prefix
	// displaced is told of each connection that had to make room, refused of each
	// caller who holds more than anybody else already.
	displaced func()
	refused   func(from netip.Addr)
	closed    chan struct{}
	close     sync.Once
	// changed has a token when there may be a place again.
	changed chan struct{}

	mu   sync.Mutex
	open map[*placed]struct{}
	// held is how many places each address has; "" is all that are exempt.
	held map[string]int
}

func newPlaces(inner net.Listener, most int, displaced func()) *places {
	return &places{
		Listener: inner, most: most, patience: writePatience, displaced: displaced, refused: func(netip.Addr) {},
		closed: make(chan struct{}), changed: make(chan struct{}, 1), open: map[*placed]struct{}{}, held: map[string]int{},
	}
}

// Accept is net.Listener's. One caller beyond the places is held in hand: only
// where somebody waits is it worth while to close another's connection. Who has
// the most places already is not waited for, for honest callers stand behind.
func (p *places) Accept() (net.Conn, error) {
	for {
		connection, err := p.Listener.Accept()
		if err != nil {
			return nil, err
		}
		place, err := p.await(connection)
		if err != nil {
			return nil, err
		}
		if place != nil {
			return place, nil
		}
	}
}

// await gives a connection its place. Neither a place nor an error is a caller
// who was turned away.
func (p *places) await(connection net.Conn) (*placed, error) {
	from := addressOf(connection.RemoteAddr().String())
	for {
		place, greedy := p.take(connection, p.holder(from), time.Now())
		if place != nil {
			return place, nil
		}
		if greedy {
			p.refused(from)
			reset(connection)
			return nil, nil
		}
		select {
		case <-p.closed:
			_ = connection.Close()
			return nil, net.ErrClosed
		case <-p.changed:
		case <-time.After(placePatience):
		}
	}
}

// holder is the name under which an address's places are counted.
func (p *places) holder(from netip.Addr) string {
	if trusted(from, p.exempt) {
		return ""
	}
	return addressKey(from)
}

// take gives a connection a place, or nil where none can be had; greedy says that
// no other address holds more.
func (p *places) take(connection net.Conn, holder string, now time.Time) (place *placed, greedy bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.open) >= p.most {
		last := p.dispensable(holder, now)
		if last == nil {
			return nil, p.isGreedy(holder)
		}
		p.forget(last)
		// The server's reader sees the end, and does the rest.
		_ = last.Conn.Close()
		p.displaced()
	}
	if socket, ok := connection.(*net.TCPConn); ok {
		_ = socket.SetWriteBuffer(writeBuffer)
	}
	place = &placed{Conn: connection, home: p, holder: holder, since: now}
	p.open[place] = struct{}{}
	p.held[holder]++
	return place, false
}

// forget frees a connection's place; p.mu is held.
func (p *places) forget(c *placed) {
	if _, open := p.open[c]; !open {
		return
	}
	delete(p.open, c)
	if p.held[c.holder]--; p.held[c.holder] == 0 {
		delete(p.held, c.holder)
	}
}

// follow is the server's report of a connection (http.Server.ConnState): new
// until the head of its first request is whole, active until the answer is out,
// then idle until the next request's head is whole.
func (p *places) follow(connection net.Conn, state http.ConnState) {
	place := placeOf(connection)
	if place == nil {
		return // of another listener
	}
	p.mu.Lock()
	place.state, place.since = state, time.Now()
	p.mu.Unlock()
	if state == http.StateIdle {
		p.tell()
	}
}

// placeOf finds a connection's place under its TLS; nil when it has none.
func placeOf(connection net.Conn) *placed {
	if over, isTLS := connection.(*tls.Conn); isTLS {
		connection = over.NetConn()
	}
	place, _ := connection.(*placed)
	return place
}

// placeKey is under which a request's context has its connection's place.
type placeKey struct{}

// withPlace gives requests the place that they came by (http.Server.ConnContext).
func withPlace(ctx context.Context, connection net.Conn) context.Context {
	return context.WithValue(ctx, placeKey{}, placeOf(connection))
}

// tell wakes the caller who waits.
func (p *places) tell() {
	select {
	case p.changed <- struct{}{}:
	default: // it is told already
	}
}

// count is how many connections are open.
func (p *places) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.open)
}

// Close is net.Listener's.
func (p *places) Close() error {
	p.close.Do(func() { close(p.closed) })
	return p.Listener.Close()
}

// reset closes a connection by a reset, so that a flood leaves no sockets behind
// that wait for their end.
func reset(connection net.Conn) {
	if socket, ok := connection.(*net.TCPConn); ok {
		_ = socket.SetLinger(0)
	}
	_ = connection.Close()
}
