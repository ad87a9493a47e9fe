package main

import (
	"crypto/tls"
	"net"
	"net/http"
	"sync"
	"time"
)

const (
	// headerPatience is how long a connection may have no whole request before
	// it can lose its place: 5 s are allowed while there are places for all, and
	// an honest caller needs milliseconds.
	headerPatience = time.Second
	// placePatience is how often a caller for whom there is no place looks again.
	placePatience = 100 * time.Millisecond
)

// keepAlive finds callers who are gone without a word: after 15 s of silence
// they are asked every 5 s, and dropped when they have not answered 3 times.
var keepAlive = net.KeepAliveConfig{Enable: true, Idle: 15 * time.Second, Interval: 5 * time.Second, Count: 3}

// places is a listener that has only so many connections open. When all places
// are taken, a new caller gets that of the connection on which nothing has
// happened for longest: 1,024 idle ones shut nobody out. Where each place is
// busy, the new caller waits.
type places struct {
	net.Listener
	most int
	// displaced is told of each connection that had to make room.
	displaced func()
	closed    chan struct{}
	close     sync.Once
	// changed has a token when there may be a place again.
	changed chan struct{}

	mu   sync.Mutex
	open map[*placed]struct{}
}

// placed is a connection with its place.
type placed struct {
	net.Conn
	home *places
	// state is the server's view of it, and since when; home.mu guards them.
	state http.ConnState
	since time.Time
}

func newPlaces(inner net.Listener, most int, displaced func()) *places {
	return &places{
		Listener: inner, most: most, displaced: displaced,
		closed: make(chan struct{}), changed: make(chan struct{}, 1), open: map[*placed]struct{}{},
	}
}

// Accept is net.Listener's. One caller beyond the places is held in hand: only
// where somebody waits is it worth while to close an idle connection.
func (p *places) Accept() (net.Conn, error) {
	connection, err := p.Listener.Accept()
	if err != nil {
		return nil, err
	}
	for {
		if place := p.take(connection, time.Now()); place != nil {
			return place, nil
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

// take gives a connection a place, or nil where none can be had.
func (p *places) take(connection net.Conn, now time.Time) *placed {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.open) >= p.most {
		last := p.dispensable(now)
		if last == nil {
			return nil
		}
		delete(p.open, last)
		// The server's reader sees the end, and does the rest.
		_ = last.Conn.Close()
		p.displaced()
	}
	place := &placed{Conn: connection, home: p, since: now}
	p.open[place] = struct{}{}
	return place
}

// dispensable is the connection that is idle for longest, else the one that has
// been sending its first request's head for longest. No request that the server
// works on is ever cut off.
func (p *places) dispensable(now time.Time) *placed {
	var idle, slow *placed
	for each := range p.open {
		switch {
		case each.state == http.StateIdle && (idle == nil || each.since.Before(idle.since)):
			idle = each
		case each.state == http.StateNew && now.Sub(each.since) > headerPatience && (slow == nil || each.since.Before(slow.since)):
			slow = each
		}
	}
	if idle != nil {
		return idle
	}
	return slow
}

// follow is the server's report of a connection (http.Server.ConnState): new
// until the head of its first request is whole, active until the answer is out,
// then idle until the next request's head is whole.
func (p *places) follow(connection net.Conn, state http.ConnState) {
	if over, isTLS := connection.(*tls.Conn); isTLS {
		connection = over.NetConn()
	}
	place, ok := connection.(*placed)
	if !ok {
		return // of another listener
	}
	p.mu.Lock()
	place.state, place.since = state, time.Now()
	p.mu.Unlock()
	if state == http.StateIdle {
		p.tell()
	}
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

// Close is net.Conn's; the place is free then.
func (c *placed) Close() error {
	err := c.Conn.Close()
	c.home.mu.Lock()
	delete(c.home.open, c)
	c.home.mu.Unlock()
	c.home.tell()
	return err
}
