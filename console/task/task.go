package task

import (
	"cmp"
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
	// MaxRunning is how many tasks run at once, where a board's Config says no other.
	MaxRunning = 8
	// MaxKept is how many tasks that ended can still be looked at.
	MaxKept = 200
)

// What a board refuses, and what ends a task besides its own errors.
var (
	// ErrRunning: a task with the same name is under way; its id is returned.
	ErrRunning = errors.New("the same is under way")
	// ErrFull: as many tasks are under way as may be.
	ErrFull = errors.New("too many tasks are under way")
	// ErrPanic: the work of a task has panicked.
	ErrPanic = errors.New("the task panicked")
)

// Work is what a task does. Its context is not the request's: who goes away does
// not want half of it. It ends when the task is stopped. What it returns is the
// task's Result.
type Work func(ctx context.Context, p *Progress) (result any, err error)

// State is how a task stands.
type State struct {
	ID string
	// Name says what it does and to what: no two of a name run at once.
	Name string
	// By is who began it, at Began. Ended is zero while it runs.
	By           string
	Began, Ended time.Time
	// Phase is the part of the work that it is at; "" of work that has no parts.
	Phase string
	// Done of Total things are done of the phase; Total is 0 where it is not known.
	Done, Total int
	// Result and Err are what came of it. While it runs Result is what is known by now.
	Result any
	Err    error
}

// Running says that it has not ended.
func (s State) Running() bool { return s.Ended.IsZero() }

// Percent is how much of its phase is done, 0 to 100; -1 where it is not known.
func (s State) Percent() int {
	switch {
	case !s.Running() && s.Err == nil:
		return 100
	case s.Total > 0:
		return min(100, s.Done*100/s.Total)
	default:
		return -1
	}
}

// entry is a task on the board: cancel stops it, and over is closed at its end.
type entry struct {
	State
	cancel context.CancelFunc
	over   chan struct{}
}

// Progress is where the work of a task says how far it is. It may be used by many at
// once.
type Progress struct {
	board *Board
	entry *entry
}

// Tell says how much is done of the phase; total is 0 where it is not known.
func (p *Progress) Tell(done, total int) { p.set(func(s *State) { s.Done, s.Total = done, total }) }

// Enter begins a phase, with what is done of it already.
func (p *Progress) Enter(phase string, done, total int) {
	p.set(func(s *State) { s.Phase, s.Done, s.Total = phase, done, total })
}

// Know says what is known of the result before the end. The work must not change it
// any more: others read it.
func (p *Progress) Know(result any) { p.set(func(s *State) { s.Result = result }) }

func (p *Progress) set(change func(*State)) {
	p.board.mu.Lock()
	defer p.board.mu.Unlock()
	change(&p.entry.State)
}

// Config is what a board works with.
type Config struct {
	// Now is the clock.
	Now func() time.Time
	// Failed, which may be nil, is told the name of each task that fails and why, for
	// the log: pages say no more than that it did. It is called by many at once.
	Failed func(what string, err error)
	// Running is how many tasks run at once; 0 is MaxRunning.
	Running int
}

// Board starts tasks and knows how they stand. It may be used by many at once.
type Board struct {
	Config

	mu    sync.Mutex
	tasks map[string]*entry
}

// NewBoard makes an empty board.
func NewBoard(c Config) *Board {
	c.Running = cmp.Or(c.Running, MaxRunning)
	return &Board{Config: c, tasks: map[string]*entry{}}
}

// Start begins a task and returns its id. Of first are taken its Name and By, and its
// Phase and Result where the work has any from the beginning. Errors: ErrFull, and
// ErrRunning with the id of the one that runs.
func (b *Board) Start(ctx context.Context, first State, do Work) (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	running := 0
	for id, e := range b.tasks {
		if !e.Running() {
			continue
		}
		if running++; e.Name == first.Name {
			return id, fmt.Errorf("start %s: %w", first.Name, ErrRunning)
		}
	}
	if running >= b.Config.Running {
		return "", fmt.Errorf("start %s: %w", first.Name, ErrFull)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	e := &entry{cancel: cancel, over: make(chan struct{}), State: State{
		ID: rand.Text(), Name: first.Name, By: first.By, Began: b.Now(), Phase: first.Phase, Result: first.Result,
	}}
	b.tasks[e.ID] = e
	go b.run(ctx, e, do)
	return e.ID, nil
}

// run does a task to its end.
func (b *Board) run(ctx context.Context, e *entry, do Work) {
	defer e.cancel()
	result, err := guarded(ctx, do, &Progress{b, e})
	if err != nil && b.Failed != nil {
		b.Failed(e.Name, err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	// Work that panicked has left no more than what was known of it.
	if !errors.Is(err, ErrPanic) {
		e.Result = result
	}
	e.Err, e.Ended = err, b.Now()
	close(e.over)
	b.forget()
}

// guarded does the work. That it panics is its error: outside of a request nothing
// else catches it, and it would end the process, which tills wait for.
func guarded(ctx context.Context, do Work, p *Progress) (result any, err error) {
	defer func() {
		if fault := recover(); fault != nil {
			result, err = nil, fmt.Errorf("%w: %v\n%s", ErrPanic, fault, debug.Stack())
		}
	}()
	return do(ctx, p)
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

// UnderWay are the tasks that run, the newest first.
func (b *Board) UnderWay() []State {
	b.mu.Lock()
	defer b.mu.Unlock()
	var running []State
	for e := range maps.Values(b.tasks) {
		if e.Running() {
			running = append(running, e.State)
		}
	}
	slices.SortFunc(running, func(x, y State) int { return cmp.Or(y.Began.Compare(x.Began), cmp.Compare(x.ID, y.ID)) })
	return running
}

// Stop asks a task to end; one that is over, or not known, stays as it is. What it has
// committed stays.
func (b *Board) Stop(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if e, is := b.tasks[id]; is {
		e.cancel()
	}
}

// Await waits until a task has ended, but no longer than patience nor than ctx:
// most end so soon that nobody needs to see their progress. It returns how the task
// stands then.
func (b *Board) Await(ctx context.Context, id string, patience time.Duration) State {
	b.mu.Lock()
	e, is := b.tasks[id]
	b.mu.Unlock()
	if !is {
		return State{}
	}
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case <-e.over:
	case <-late.C:
	case <-ctx.Done():
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return e.State
}
