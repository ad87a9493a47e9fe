package frame

import (
	"crypto/sha256"
	"sync"
	"time"
)

const (
	// flashKept is how long a sentence waits for its page, maxFlashes how many
	// wait for one login: more mean that nobody comes for them.
	flashKept  = 5 * time.Minute
	maxFlashes = 64
)

// flash is what the next page of a login says, once.
type flash struct {
	text   string
	secret string
	until  time.Time
}

// loginHash is whose a sentence is: a login, by its hash.
type loginHash [sha256.Size]byte

// flashes keeps sentences, and secrets that are shown once, in memory alone:
// they never stand in a URL, a cookie or a file. They are by login, so that nobody
// crowds out another's, and then by the page's path.
type flashes struct {
	lock    sync.Mutex
	waiting map[loginHash]map[string]flash
}

func newFlashes() *flashes { return &flashes{waiting: map[loginHash]map[string]flash{}} }

// put has a page say something. What waits there already keeps its secret, so
// that a second submission does not take away what the first one has to show.
func (f *flashes) put(token, path string, now time.Time, text, secret string) {
	if token == "" { // it would be for everyone
		return
	}
	f.lock.Lock()
	defer f.lock.Unlock()
	f.drop(now)
	login := loginHash(sha256.Sum256([]byte(token)))
	own := f.waiting[login]
	if own == nil || len(own) >= maxFlashes {
		own = map[string]flash{}
		f.waiting[login] = own
	}
	if before, is := own[path]; is && secret == "" {
		secret = before.secret
	}
	own[path] = flash{text, secret, now.Add(flashKept)}
}

// drop forgets what nobody came for. Logins are few, and what waits is fewer.
func (f *flashes) drop(now time.Time) {
	for login, own := range f.waiting {
		for path, flash := range own {
			if now.After(flash.until) {
				delete(own, path)
			}
		}
		if len(own) == 0 {
			delete(f.waiting, login)
		}
	}
}

// take is what a page has to say, which is then forgotten.
func (f *flashes) take(token, path string, now time.Time) flash {
	f.lock.Lock()
	defer f.lock.Unlock()
	own := f.waiting[sha256.Sum256([]byte(token))]
	found := own[path]
	delete(own, path)
	if now.After(found.until) {
		return flash{}
	}
	return found
}
