package main

import (
	"crypto/sha256"
	"net/http"
	"sync"
	"time"
)

const (
	// maxStrikes bounds the addresses whose failures are counted.
	maxStrikes = 16_384
	// maxKnownKeys bounds the pairs of an address and a key that was right there.
	maxKnownKeys = 16_384
)

// strikes counts the failures of each address in a window of time; one that has
// too many is locked out for a while.
type strikes struct {
	FailureLimits

	mu sync.Mutex
	of *bounded[string, strike]
}

// strike is what one address has done.
type strike struct {
	began  time.Time
	failed int
	// until is the end of its lock-out.
	until time.Time
}

func newStrikes(limits FailureLimits) *strikes {
	return &strikes{FailureLimits: limits, of: newBounded[string, strike](maxStrikes)}
}

// locked is how long an address is still locked out. A clock that was turned
// back locks nobody out for longer than was meant.
func (s *strikes) locked(address string, now time.Time) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	row := s.of.find(address)
	if row == nil || !now.Before(row.until) {
		return 0
	}
	return min(row.until.Sub(now), s.LockOut)
}

// add counts a failure. It is true for the one that locks its address out.
func (s *strikes) add(address string, now time.Time) bool {
	if s.Failures == 0 {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	row := s.of.make(address)
	if age := now.Sub(row.began); age < 0 || age >= s.FailureWindow {
		row.began, row.failed = now, 0
	}
	row.failed++
	if row.failed < s.Failures || now.Before(row.until) {
		return false
	}
	row.until, row.failed = now.Add(s.LockOut), 0
	return true
}

// keyGuard keeps out addresses that guess server keys (charge.Lockout). What an
// attacker does harms nobody else: it counts by address, not by merchant, and
// where an attacker shares the address of a merchant (a hosting company's, or a
// proxy's that is not trusted) the keys that were right from there before go on.
// While an address is locked out, a key that is right but new there is refused
// like a wrong one, so that guessing tells nothing. A key that was right from there
// and has ended since is no guess: a merchant whose servers go on with it until they
// have the new one must not be locked out with that.
type keyGuard struct {
	app     *application
	strikes *strikes

	mu    sync.Mutex
	known *bounded[[sha256.Size]byte, struct{}]
}

func newKeyGuard(a *application, limits FailureLimits) *keyGuard {
	return &keyGuard{app: a, strikes: newStrikes(limits), known: newBounded[[sha256.Size]byte, struct{}](maxKnownKeys)}
}

// Admit is charge.Lockout's.
func (g *keyGuard) Admit(r *http.Request, key string) time.Duration {
	address := addressKey(callerAddress(r))
	pair := keyFrom(address, key) // before anything is decided: each request costs the same
	wait := g.strikes.locked(address, g.app.now())
	if wait == 0 || g.isKnown(pair) {
		return 0
	}
	g.app.guards.refused("merchant", "locked_out", callerAddress(r))
	return wait
}

// Note is charge.Lockout's.
func (g *keyGuard) Note(r *http.Request, key string, right bool) {
	address := addressKey(callerAddress(r))
	pair := keyFrom(address, key)
	if right {
		g.mu.Lock()
		g.known.make(pair)
		g.mu.Unlock()
		return
	}
	if g.isKnown(pair) {
		return
	}
	g.app.guards.guessed("key")
	if g.strikes.add(address, g.app.now()) {
		g.app.guards.lockedOut("key", callerAddress(r), g.strikes.LockOut)
	}
}

func (g *keyGuard) isKnown(pair [sha256.Size]byte) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.known.find(pair) != nil
}

// keyFrom stands for a key that comes from an address. An address has no zero
// byte, so no two pairs are alike.
func keyFrom(address, key string) [sha256.Size]byte {
	return sha256.Sum256([]byte(address + "\x00" + key))
}

// pageGuard answers for the ids of customers' pages that no charge has. A page
// that exists is shown even to an address that is locked out: thousands of
// phones share one, and its id has 62 random bits.
type pageGuard struct {
	app     *application
	strikes *strikes
}

// unknown counts a request for a page that is not there, and says for how long
// its address gets no more of them.
func (g *pageGuard) unknown(r *http.Request) time.Duration {
	address, now := addressKey(callerAddress(r)), g.app.now()
	g.app.guards.guessed("page")
	if g.strikes.add(address, now) {
		g.app.guards.lockedOut("page", callerAddress(r), g.strikes.LockOut)
	}
	wait := g.strikes.locked(address, now)
	if wait > 0 {
		g.app.guards.refused("pages", "locked_out", callerAddress(r))
	}
	return wait
}
