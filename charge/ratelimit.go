package charge

import (
	"fmt"
	"math"
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// RateLimit bounds how often one merchant may ask, over all paths together.
type RateLimit struct {
	// PerSecond is how many requests a second; 0 is any number.
	PerSecond float64
	// Burst is how many may come at once after a pause; at least 1.
	Burst int
}

// limits holds every merchant to the rate. There is an entry for each merchant
// that has called; their number is bounded by the prefixes of payment codes.
type limits struct {
	rate RateLimit

	mu sync.Mutex
	of map[string]*rate.Limiter
}

func newLimits(limit RateLimit) *limits {
	limit.Burst = max(limit.Burst, 1)
	return &limits{rate: limit, of: map[string]*rate.Limiter{}}
}

// take counts a merchant's request. The error is a refusal.
func (l *limits) take(merchant string, now time.Time) error {
	if l.rate.PerSecond <= 0 {
		return nil
	}
	place := l.limiter(merchant).ReserveN(now, 1)
	wait := place.DelayFrom(now)
	if wait == 0 {
		return nil
	}
	// A request that is refused uses nothing up.
	place.CancelAt(now)
	return &refusal{
		http: http.StatusTooManyRequests, code: "429", retryAfter: int(math.Ceil(wait.Seconds())),
		message: fmt.Sprintf("Too many requests: at most %g a second. Try again later.", l.rate.PerSecond),
	}
}

func (l *limits) limiter(merchant string) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	limiter, known := l.of[merchant]
	if !known {
		limiter = rate.NewLimiter(rate.Limit(l.rate.PerSecond), l.rate.Burst)
		l.of[merchant] = limiter
	}
	return limiter
}
