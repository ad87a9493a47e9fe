package charge

import (
	"bytes"
	"cmp"
	"container/list"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"paypoint/access"
	"paypoint/ledger"
)

// keyHeader lets a merchant repeat a request that got no answer.
const keyHeader = "Idempotency-Key"

const (
	// maxKey is the longest Idempotency-Key, in bytes. A longer one is ignored.
	maxKey = 46
	// replayLife is how long an answer can be had again.
	replayLife = 5 * time.Minute
	// maxReplays and maxReplayed bound the answers that are kept, by their number
	// and by their bytes together. The oldest goes first; what it answered then is
	// done again, and a charge is still not made twice, for the ledger knows a
	// retry by its order id.
	maxReplays  = 20_000
	maxReplayed = 32 << 20
)

// DefaultTwinWait is how long a repeat waits for the first request where the
// configuration does not say: well within the 10 s after which some SDKs give up.
const DefaultTwinWait = 5 * time.Second

// errRunning answers a repeat whose first request takes too long. It is the
// vendor's answer, but one that SDKs take for a success without a payment code,
// so it comes last.
var errRunning = &refusal{http: http.StatusAccepted, code: "202", message: "The first request with this Idempotency-Key is still running. Try again."}

// replays keeps successful answers under the Idempotency-Key of their request.
// A key is only good for the same request again: SDKs keep sending one key with
// whatever they ask next.
type replays struct {
	mu sync.Mutex
	// of holds what runs and what is answered; answered is the latter, oldest first.
	of       map[scope]*replay
	answered *list.List
	size     int
}

// scope tells one request from every other: the SHA-256 of its merchant,
// method, path, body and key.
type scope [sha256.Size]byte

// replay is a request with a key. It has no body while it runs; done is closed
// when it does not run any more.
type replay struct {
	scope scope
	done  chan struct{}
	at    time.Time
	body  json.RawMessage
	// handle and id are the charge that the answer is about, if any: what the
	// merchant called it, and its transaction id. open says that the answer tells
	// of a charge that can be paid.
	handle, id string
	open       bool
}

func newReplays() *replays {
	return &replays{of: map[scope]*replay{}, answered: list.New()}
}

// once makes an action run once for an Idempotency-Key: it answers again what
// the same request with the same key was answered before.
func (h *handler) once(act action) action {
	return func(r *http.Request, m access.Merchant) (any, error) {
		key := lastValue(r.Header, keyHeader)
		if key == "" || len(key) > maxKey {
			return act(r, m)
		}
		text, err := readText(r.Body)
		if err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(bytes.NewReader(text))
		of := newScope(m.ID, r.Method, r.URL.Path, string(text), key)
		earlier, err := h.earlier(r, m, of)
		if err != nil {
			return nil, err
		}
		if earlier != nil {
			return earlier.body, nil
		}
		return h.runOnce(act, r, m, of)
	}
}

// earlier is the answer that may be given again, or nil where the request is to
// run. A twin of it that is running is waited for.
func (h *handler) earlier(r *http.Request, m access.Merchant, of scope) (*replay, error) {
	wait, cancel := context.WithTimeout(r.Context(), cmp.Or(h.TwinWait, DefaultTwinWait))
	defer cancel()
	var stale *replay
	for {
		found := h.replays.begin(of, stale, h.Now())
		switch {
		case found == nil:
			return nil, nil
		case found.body == nil:
			select {
			case <-found.done:
			case <-wait.Done():
				return nil, errRunning
			}
		default:
			holds, err := h.holds(r, m, found)
			if holds || err != nil {
				return found, err
			}
			stale = found
		}
	}
}

// runOnce runs an action and keeps its answer. Whatever ends it otherwise, a
// panic too, frees the key.
func (h *handler) runOnce(act action, r *http.Request, m access.Merchant, of scope) (any, error) {
	var answered *replay
	defer func() { h.replays.end(of, answered) }()
	body, err := act(r, m)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("keep the answer to %s %s: %w", r.Method, r.URL.Path, err)
	}
	answered = &replay{scope: of, at: h.Now(), body: text}
	if about, is := body.(answer); is {
		answered.handle, answered.id, answered.open = r.PathValue("id"), about.TransactionID, about.TransactionStatus == pending.status
		if answered.handle == "" {
			answered.handle = about.OrderID
		}
	}
	return answered.body, nil
}

// holds says whether an answer may be given again. One about a charge holds
// while the handle still means that charge, and the code that it gives out was
// not ended: a merchant who cancels and charges again, with the key still set,
// wants a new code, and then to cancel that one.
func (h *handler) holds(r *http.Request, m access.Merchant, earlier *replay) (bool, error) {
	if earlier.id == "" {
		return true, nil
	}
	view, err := h.Ledger.Status(r.Context(), m.ID, earlier.handle)
	if err != nil {
		return false, err
	}
	if view.ID != earlier.id {
		return false, nil
	}
	switch view.Standing {
	case ledger.StandingCancelled, ledger.StandingExpired, ledger.StandingDenied:
		return !earlier.open, nil
	default:
		return true, nil
	}
}

func newScope(parts ...string) scope {
	// Strings always marshal, and unlike joined ones can't run into each other.
	text, _ := json.Marshal(parts)
	return sha256.Sum256(text)
}

// begin looks a request up: its earlier answer, or its twin that runs. Where
// there is neither, or the answer is one that was found stale, nil: it runs from
// here on, until end.
func (s *replays) begin(of scope, stale *replay, now time.Time) *replay {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget(now)
	if found := s.of[of]; found != nil && found != stale {
		return found
	}
	s.of[of] = &replay{scope: of, done: make(chan struct{})}
	return nil
}

// end keeps the answer of a request that ran, or frees its key when there is
// none, and lets its twins go on.
func (s *replays) end(of scope, answered *replay) {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.of[of].done)
	delete(s.of, of)
	if answered != nil {
		s.of[of] = answered
		s.answered.PushBack(answered)
		s.size += len(answered.body)
		s.forget(answered.at)
	}
}

// forget drops the oldest answers until what is left is young and small enough.
func (s *replays) forget(now time.Time) {
	for front := s.answered.Front(); front != nil; front = s.answered.Front() {
		oldest := front.Value.(*replay)
		if s.answered.Len() <= maxReplays && s.size <= maxReplayed && now.Sub(oldest.at) < replayLife {
			return
		}
		s.answered.Remove(front)
		s.size -= len(oldest.body)
		// Its scope may have been answered anew since.
		if s.of[oldest.scope] == oldest {
			delete(s.of, oldest.scope)
		}
	}
}
