package main

import (
	"crypto/sha256"
	"encoding/hex"
	"math"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"paypoint/soap"
)

const (
	// maxCallers bounds the callers whose rates are counted.
	maxCallers = 16_384
	// ipv6Network is what one caller of IPv6 has: counted by address, it would be
	// as many callers as it likes.
	ipv6Network = 64
	// busyRetry is after how long a caller may try again for whom there was no place.
	busyRetry = time.Second
	// refusedReadTimeout is how long a request that is answered may still send its
	// body, which nobody reads, before its connection closes.
	refusedReadTimeout = time.Second
	// refusedWriteTimeout is how long who is refused may take to read that.
	refusedWriteTimeout = 2 * time.Second
)

// requestPlaces bounds the requests under way at once.
type requestPlaces struct {
	// most may be under way; 0 is any number.
	most  int64
	taken atomic.Int64
}

// enter takes a place until leave; false when all are taken.
func (p *requestPlaces) enter() bool {
	if p.taken.Add(1) <= p.most || p.most == 0 {
		return true
	}
	p.taken.Add(-1)
	return false
}

func (p *requestPlaces) leave() { p.taken.Add(-1) }

// callerRates holds every caller to a rate. The zero rate is any.
type callerRates struct {
	perSecond rate.Limit
	burst     int

	mu sync.Mutex
	of *bounded[string, *rate.Limiter]
}

func newCallerRates(perSecond, burst int) *callerRates {
	return &callerRates{perSecond: rate.Limit(perSecond), burst: burst, of: newBounded[string, *rate.Limiter](maxCallers)}
}

// enter counts a caller's request; it may come after the wait. A request that is
// refused uses nothing up.
func (c *callerRates) enter(caller string, now time.Time) (wait time.Duration) {
	if c.perSecond == 0 {
		return 0
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	limiter := c.of.make(caller)
	if *limiter == nil {
		*limiter = rate.NewLimiter(c.perSecond, c.burst)
	}
	place := (*limiter).ReserveN(now, 1)
	if wait = place.DelayFrom(now); wait > 0 {
		place.CancelAt(now)
	}
	return wait
}

// callerOf names who calls: by the certificate where it was asked for one, else
// by the address.
func callerOf(r *http.Request) string {
	if r.TLS != nil && len(r.TLS.PeerCertificates) > 0 {
		sum := sha256.Sum256(r.TLS.PeerCertificates[0].Raw)
		return hex.EncodeToString(sum[:])
	}
	return addressKey(callerAddress(r))
}

// addressKey is the address by which a caller is counted.
func addressKey(address netip.Addr) string {
	if address.Is6() {
		if network, err := address.Prefix(ipv6Network); err == nil {
			return network.String()
		}
	}
	return address.String()
}

// admitMessage is how the partner's endpoint is held to its limits. The endpoint
// asks it of every message but a reversal that is rightly signed, which nothing
// may hold up: what it takes back has been paid out at the till already.
func (a *application) admitMessage(r *http.Request) (leave func(), refusal *soap.Refusal) {
	g := a.guards
	if wait := g.rates.enter(callerOf(r), a.now()); wait > 0 {
		g.refused("partner", "rate", callerAddress(r))
		return nil, &soap.Refusal{Status: http.StatusTooManyRequests, RetryAfter: wait}
	}
	if !g.messages.enter() {
		g.refused("partner", "requests", callerAddress(r))
		return nil, &soap.Refusal{Status: http.StatusServiceUnavailable, RetryAfter: busyRetry}
	}
	return g.messages.leave, nil
}

// turnAway refuses a request before anything of its body is read.
func turnAway(w http.ResponseWriter, status int, retryAfter time.Duration) {
	if retryAfter > 0 {
		w.Header().Set("Retry-After", seconds(retryAfter))
	}
	http.Error(w, http.StatusText(status), status)
}

// seconds writes a Retry-After (RFC 9110, section 10.2.3).
func seconds(wait time.Duration) string { return strconv.Itoa(int(math.Ceil(wait.Seconds()))) }
