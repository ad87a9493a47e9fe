package charge

import (
	"fmt"
	"math"
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// RateLimit bounds what one merchant may ask, over all paths together.
type RateLimit struct {
	// PerSecond is how many requests a second; 0 is any number.
	PerSecond float64
	// Burst is how many may come at once after a pause; at least 1.
	Burst int
	// AtOnce is how many may be under way at once; 0 is any number. Some wait, for
	// a receiver of notifications or for a twin, and all merchants share the
	// listener's connections.
	AtOnce int
	// AllAtOnce is how many of all merchants may be under way; 0 is any number.
	AllAtOnce int
}

// limits holds every merchant to the rate. There is an entry for each merchant
// that has called; their number is bounded by the prefixes of payment codes.
type limits struct {
	RateLimit

	mu sync.Mutex
	of map[string]*usage
	// running are the requests of all merchants that are under way.
	running int
}

// usage is what one merchant uses up.
type usage struct {
	rate *rate.Limiter
	// running are the requests under way.
	running int
}

func newLimits(limit RateLimit) *limits {
	limit.Burst = max(limit.Burst, 1)
	return &limits{RateLimit: limit, of: map[string]*usage{}}
}

// enter counts a merchant's request until leave. The error is a refusal.
func (l *limits) enter(merchant string, now time.Time) (leave func(), err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	used := l.usage(merchant)
	if l.AtOnce > 0 && used.running >= l.AtOnce {
		return nil, tooMany(1, "Too many requests: at most %d under way at once. Wait for their answers.", l.AtOnce)
	}
	if l.AllAtOnce > 0 && l.running >= l.AllAtOnce {
		return nil, errFull
	}
	if l.PerSecond > 0 {
		place := used.rate.ReserveN(now, 1)
		if wait := place.DelayFrom(now); wait > 0 {
			// A request that is refused uses nothing up.
			place.CancelAt(now)
			return nil, tooMany(wholeSeconds(wait), "Too many requests: at most %g a second. Try again later.", l.PerSecond)
		}
	}
	used.running++
	l.running++
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		used.running--
		l.running--
	}, nil
}

// wholeSeconds is a time as Retry-After has it.
func wholeSeconds(wait time.Duration) int { return int(math.Ceil(wait.Seconds())) }

func tooMany(retryAfter int, format string, most any) *refusal {
	return &refusal{http: http.StatusTooManyRequests, code: "429", retryAfter: retryAfter, message: fmt.Sprintf(format, most)}
}

// usage is a merchant's, made at its first call. The caller holds mu.
func (l *limits) usage(merchant string) *usage {
	used, known := l.of[merchant]
	if !known {
		used = &usage{rate: rate.NewLimiter(rate.Limit(l.PerSecond), l.Burst)}
		l.of[merchant] = used
	}
	return used
}
