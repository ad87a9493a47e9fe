package task

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"
	"sync"
	"time"
)

// Limits of a board.
const (
	// MaxRunning is how many tasks run at once.
	MaxRunning = 8
	// MaxKept is how many tasks that ended can still be looked at.
	MaxKept = 64
)

// What a board refuses, and what ends a task besides its own errors.
var (
	// ErrRunning: a task with the same name is under way; its id is returned.
	ErrRunning = errors.New("the same is under way")
	// ErrFull: MaxRunning tasks are under way.
	ErrFull = errors.New("too many tasks are under way")
	// ErrPanic: the work of a task has panicked.
	ErrPanic = errors.New("the task panicked")
)

// Tell reports how much is done; total is 0 where it is not known.
type Tell func(done, total int)

// Work is what a task does. Its context is not the request's: who goes away does
// not want half of it.
type Work func(ctx context.Context, tell Tell) (result any, err error)

// State is how a task stands.
type State struct {
	ID string
	// Name says what it does and to what: no two of a name run at once.
	Name string
	// By is who began it, at Began. Ended is zero while it runs.
	By           string
	Began, Ended time.Time
	// Done of Total things are done; Total is 0 where it is not known.
	Done, Total int
	// Result and Err are what came of it.
	Result any
	Err    error
}

// Running says that it has not ended.
func (s State) Running() bool { return s.Ended.IsZero() }

// entry is a task on the board; over is closed at its end.
type entry struct {
	State
	over chan struct{}
}

// Board starts tasks and knows how they stand. It may be used by many at once.
type Board struct {
	now    func() time.Time
	failed func(what string, err error)

	mu    sync.Mutex
	tasks map[string]*entry
}

// NewBoard makes an empty board. now is the clock; failed, which may be nil, is
// told the name of each task that fails and why, for the log: pages say no more than
// that it did. It is called by many at once.
func NewBoard(now func() time.Time, failed func(what string, err error)) *Board {
	return &Board{now: now, failed: failed, tasks: map[string]*entry{}}
}

// Start begins a task in the name of a person and returns its id. Errors: ErrFull,
// and ErrRunning with the id of the one that runs.
func (b *Board) Start(ctx context.Context, name, by string, do Work) (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	running := 0
	for id, e := range b.tasks {
		if !e.Running() {
			continue
		}
		if running++; e.Name == name {
			return id, fmt.Errorf("start %s: %w", name, ErrRunning)
		}
	}
	if running >= MaxRunning {
		return "", fmt.Errorf("start %s: %w", name, ErrFull)
	}
	e := &entry{State: State{ID: rand.Text(), Name: name, By: by, Began: b.now()}, over: make(chan struct{})}
	b.tasks[e.ID] = e
	go b.run(context.WithoutCancel(ctx), e, do)
	return e.ID, nil
}

// run does a task to its end.
func (b *Board) run(ctx context.Context, e *entry, do Work) {
	result, err := guarded(ctx, do, func(done, total int) {
		b.mu.Lock()
		defer b.mu.Unlock()
		e.Done, e.Total = done, total
	})
	if err != nil && b.failed != nil {
		b.failed(e.Name, err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	e.Result, e.Err, e.Ended = result, err, b.now()
	close(e.over)
	b.forget()
}

// guarded does the work. That it panics is its error: outside of a request nothing
// else catches it, and it would end the process, which tills wait for.
func guarded(ctx context.Context, do Work, tell Tell) (result any, err error) {
	defer func() {
		if fault := recover(); fault != nil {
			result, err = nil, fmt.Errorf("%w: %v\n%s", ErrPanic, fault, debug.Stack())
		}
	}()
	return do(ctx, tell)
}

// forget drops the tasks that ended first where there are too many.
func (b *Board) forget() {
	var ended []*entry
	for e := range maps.Values(b.tasks) {
		if !e.Running() {
			ended = append(ended, e)
		}
	}
	slices.SortFunc(ended, func(x, y *entry) int { return x.Ended.Compare(y.Ended) })
	for _, e := range ended[:max(0, len(ended)-MaxKept)] {
		delete(b.tasks, e.ID)
	}
}

// Get is a task with an id; false when the board does not know it, any more.
func (b *Board) Get(id string) (State, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	e, is := b.tasks[id]
	if !is {
		return State{}, false
	}
	return e.State, true
}

// Await waits until a task has ended, but no longer than patience nor than ctx:
// most end so soon that nobody needs to see their progress.
func (b *Board) Await(ctx context.Context, id string, patience time.Duration) {
	b.mu.Lock()
	e, is := b.tasks[id]
	b.mu.Unlock()
	if !is {
		return
	}
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case <-e.over:
	case <-late.C:
	case <-ctx.Done():
	}
}
