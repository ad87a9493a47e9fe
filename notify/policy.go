package notify

import (
	"net/http"
	"time"

	"paypoint/ledger"
)

// maxRetries is how often a notice is tried again where the answer does not
// say otherwise.
const maxRetries = 5

// spacings are the waits after each failed attempt.
var spacings = [maxRetries]time.Duration{
	2 * time.Minute, 10 * time.Minute, 30 * time.Minute, 90 * time.Minute, 210 * time.Minute,
}

// verdict is what follows from an attempt.
type verdict struct {
	// delivered says that the receiver has taken the notice.
	delivered bool
	// retryAfter is the wait before the next attempt, without its random shift;
	// zero when there is none.
	retryAfter time.Duration
}

// decide judges an attempt by the HTTP status of its answer, 0 when none came,
// and by how many attempts there were, itself counted.
//
//	answer                          retries
//	any 2xx                         delivered
//	301, 302, 303                   0: a redirect that changes the method loses the body
//	500                             1
//	400, 404                        2
//	503                             4
//	everything else, or no answer   5
func decide(status, attempts int) verdict {
	if status >= http.StatusOK && status < http.StatusMultipleChoices {
		return verdict{delivered: true}
	}
	if attempts > retries(status) {
		return verdict{}
	}
	return verdict{retryAfter: spacings[attempts-1]}
}

func retries(status int) int {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther:
		return 0
	case http.StatusInternalServerError:
		return 1
	case http.StatusBadRequest, http.StatusNotFound:
		return 2
	case http.StatusServiceUnavailable:
		return 4
	default:
		return maxRetries
	}
}

// next is when to try again; zero when not. jitter picks the random shift, from
// nothing up to the interval that it is given, so that what failed together
// does not come back together.
func (v verdict) next(now time.Time, jitter func(time.Duration) time.Duration) time.Time {
	if v.retryAfter == 0 {
		return time.Time{}
	}
	return now.Add(v.retryAfter + min(max(jitter(v.retryAfter), 0), v.retryAfter))
}

// unreached says that an attempt met no receiver that works: no answer, or a
// proxy's in its place. What waits for such a host may be tried as soon as it
// takes something again; a receiver that refused a notice has seen it.
func unreached(status int) bool {
	switch status {
	case 0, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	default:
		return false
	}
}

// progress is how far the delivery of a notice to one target has come.
type progress struct {
	// attempts counts those of the schedule; resends by hand are none.
	attempts int
	// next is when the schedule has the next one; zero is at once.
	next time.Time
	// delivered says that the target has the notice, gaveUp that the schedule is
	// at its end without that.
	delivered, gaveUp bool
	// unreached says that the last attempt met no receiver that works.
	unreached bool
}

// progresses are how far a notice has come, by target.
type progresses map[string]progress

// add brings them on by an attempt. Those of a target come oldest first.
func (all progresses) add(a ledger.Attempt) { all[a.Target] = all[a.Target].after(a) }

// after is the progress after one more attempt.
func (p progress) after(a ledger.Attempt) progress {
	switch {
	case a.Delivered:
		p.delivered, p.gaveUp = true, false
	case !a.Manual && !p.delivered:
		p.attempts = p.counted(a)
		p.next, p.gaveUp, p.unreached = a.Next, a.Next.IsZero(), unreached(a.Status)
	}
	return p
}

// early says that an attempt came before its time, because the host had
// recovered.
func (p progress) early(a ledger.Attempt) bool { return a.At.Before(p.next) }

// counted is how many attempts of the schedule there are with one more. One that
// came early is none: a host that is back for a moment must not use up what the
// schedule has for it.
func (p progress) counted(a ledger.Attempt) int {
	if p.early(a) {
		return p.attempts
	}
	return p.attempts + 1
}

// nextAfter is when to try again after an attempt that ended now; zero when not.
// An early attempt changes nothing of the schedule, whatever it met.
func (p progress) nextAfter(a ledger.Attempt, now time.Time, jitter func(time.Duration) time.Duration) time.Time {
	if p.early(a) {
		return p.next
	}
	return decide(a.Status, p.counted(a)).next(now, jitter)
}

// done says that the schedule has nothing more to do.
func (p progress) done() bool { return p.delivered || p.gaveUp }
