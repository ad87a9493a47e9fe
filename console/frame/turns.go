package frame

import (
	"context"
	"net/http"
	"sync"
	"time"
)

const (
	// exportsAtOnce is how many files are made at once for all: each takes a
	// processor and room on the disk of the machine that answers the tills.
	exportsAtOnce = 2
	// exportPatience is how long a request waits for its turn. It is more than the
	// moment between a file's last byte and the end of the request that sent it, so
	// that who takes one file after another is never refused.
	exportPatience = time.Second
)

// turns bounds the files that are made and sent.
type turns struct {
	all chan struct{}

	lock sync.Mutex
	// of is a person's turn. There are no more than persons were ever signed in.
	of map[string]chan struct{}
}

func newTurns() *turns {
	return &turns{all: make(chan struct{}, exportsAtOnce), of: map[string]chan struct{}{}}
}

// take waits for a person's turn and one of all's. made gives back the latter,
// once the file is made, for somebody's slow line must not keep others waiting;
// sent gives back the person's, once it is off the disk. The error is a 429.
func (t *turns) take(ctx context.Context, person string) (made, sent func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, exportPatience)
	defer cancel()
	own := t.own(person)
	if !enter(ctx, own) {
		return nil, nil, &failure{status: http.StatusTooManyRequests, key: "frame.fault.own_export"}
	}
	if !enter(ctx, t.all) {
		<-own
		return nil, nil, &failure{status: http.StatusTooManyRequests, key: "frame.fault.exports"}
	}
	return func() { <-t.all }, func() { <-own }, nil
}

// own is a person's turn: one file at a time.
func (t *turns) own(person string) chan struct{} {
	t.lock.Lock()
	defer t.lock.Unlock()
	if t.of[person] == nil {
		t.of[person] = make(chan struct{}, 1)
	}
	return t.of[person]
}

// enter waits until there is room, and says whether there was.
func enter(ctx context.Context, room chan struct{}) bool {
	select {
	case room <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}
