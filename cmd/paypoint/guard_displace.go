package main

import (
	"net/http"
	"time"
)

const (
	// headerPatience is how long a connection may have no whole head of a request,
	// or no further byte of a body, before it can lose its place: more is allowed
	// while there are places for all, and an honest caller needs milliseconds.
	headerPatience = time.Second
	// fewPlaces count alike: an honest caller with a handful of connections is not
	// to give way to a thousand addresses with one each.
	fewPlaces = 8
)

// rank is how well a connection can be spared; 0 can't be.
type rank int

// The ranks, the best first.
const (
	cantSpare rank = iota
	// idle: nothing came since its last answer.
	idle
	// headless: part of a request's head came, or nothing, for headerPatience.
	headless
	// stalled: the handler waits for the body, of which nothing came for headerPatience.
	stalled
	// slow: the body does come, or the answer is not taken. Only who holds more
	// places than the new caller loses one so: bodies can be sent by the byte.
	slow
)

// dispensable is the connection that makes room for a new caller, or nil. It is
// one of the address that holds most: by idleness alone an attacker's newest
// connections would outlive the honest ones. A request that is being decided is
// never cut off: only those that have not come whole, and those whose answer has
// been waiting to be taken. p.mu is held.
func (p *places) dispensable(newcomer string, now time.Time) *placed {
	mine := p.weight(newcomer)
	for {
		var last *placed
		var lastRank rank
		var lastWeight int
		for each := range p.open {
			weight := p.weight(each.holder)
			if each.holder != "" && weight < mine {
				continue // who holds most takes nothing from others
			}
			r := each.rank(weight > max(mine, fewPlaces), now)
			if r != cantSpare && (last == nil || weight > lastWeight ||
				weight == lastWeight && (r < lastRank || r == lastRank && each.since.Before(last.since))) {
				last, lastRank, lastWeight = each, r, weight
			}
		}
		// The kernel may have what the server has not read yet: a request that came
		// in this moment. What comes between here and the close is still lost, as on
		// any kept connection that a server closes (RFC 9112, section 9.5).
		if last == nil || lastRank != idle || !unread(last.Conn) {
			return last
		}
		last.heard.Store(now.UnixNano())
	}
}

// weight is how much an address holds; those that are exempt weigh least.
func (p *places) weight(holder string) int {
	if holder == "" {
		return 0
	}
	return max(p.held[holder], fewPlaces)
}

// isGreedy says that an address holds many places, and nobody more. p.mu is held.
func (p *places) isGreedy(holder string) bool {
	mine := p.weight(holder)
	if mine <= fewPlaces {
		return false
	}
	for other := range p.held {
		if p.weight(other) > mine {
			return false
		}
	}
	return true
}

// rank judges a connection; home.mu is held. exposed says that its address holds
// more than the new caller's.
func (c *placed) rank(exposed bool, now time.Time) rank {
	heard := time.Unix(0, c.heard.Load())
	late := func(since time.Time) bool { return now.Sub(since) > headerPatience }
	switch c.state {
	case http.StateIdle:
		if !heard.After(c.since) {
			return idle
		}
		if late(heard) || late(c.since) && exposed {
			return headless
		}
	case http.StateNew:
		if late(c.since) {
			return headless
		}
	case http.StateActive:
		return c.busyRank(exposed, late)
	}
	return cantSpare
}

// busyRank judges a connection with a request.
func (c *placed) busyRank(exposed bool, late func(time.Time) bool) rank {
	if began := c.reading.Load(); began != 0 {
		if late(time.Unix(0, max(began, c.heard.Load()))) {
			return stalled
		}
		if exposed {
			return slow
		}
	}
	if began := c.writing.Load(); began != 0 && exposed && late(time.Unix(0, began)) {
		return slow
	}
	return cantSpare
}
