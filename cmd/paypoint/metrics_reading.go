package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

const (
	// readInterval is how often what /metrics shows of the ledger and its disk is read.
	readInterval = 2 * time.Second
	// readPatience is how long an answer is waited for: monitoring mostly gives up
	// after 5 to 10 s, and an answer that says why is worth more than none.
	readPatience = 3 * time.Second
)

// errSilent: a disk hangs, so that what has to be read from it can't be.
var errSilent = errors.New("does not answer")

// reading keeps what was last read of something that may not answer: a ledger
// whose commit hangs keeps its readers waiting for as long as the disk likes. Who
// asks for what was read waits for nothing.
type reading[T any] struct {
	read func(context.Context) (T, error)
	// turn is held while it is read: however often that is asked for, a disk that
	// hangs keeps one goroutine.
	turn chan struct{}
	// every is the time from one reading to the next, and most how much longer that
	// becomes for one that takes its time: see rest.
	every, most time.Duration
	last        atomic.Pointer[readResult[T]]
}

// readResult is what a reading has brought, and when the last one without an error did.
type readResult[T any] struct {
	value T
	err   error
	good  time.Time
}

// stateReader is a reading, whatever it reads.
type stateReader interface {
	refresh(ctx context.Context)
	keep(ctx context.Context)
}

// newReading makes a reading, shows its age, and lets watch keep it fresh.
func newReading[T any](a *application, of string, read func(context.Context) (T, error)) *reading[T] {
	r := &reading[T]{read: read, turn: make(chan struct{}, 1), every: readInterval, most: readInterval}
	r.last.Store(&readResult[T]{err: errSilent, good: time.Now()})
	a.readings = append(a.readings, r)
	a.metrics.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "paypoint_state_age_seconds", Help: "Time since what is shown of the ledger, the journal's shipping, the disk, the schedule or what waits for a person was last read.",
		ConstLabels: prometheus.Labels{"of": of},
	}, func() float64 { return r.age().Seconds() }))
	return r
}

// now reads, and waits for that until ctx ends; what comes later is kept too. What
// it returns was read after the call. Errors: errSilent, and those of read.
func (r *reading[T]) now(ctx context.Context) (value T, err error) {
	select {
	case r.turn <- struct{}{}:
	case <-ctx.Done():
		return value, fmt.Errorf("%w: %w", errSilent, ctx.Err())
	}
	done := make(chan *readResult[T], 1)
	go func() {
		defer func() { <-r.turn }()
		done <- r.take(context.WithoutCancel(ctx))
	}()
	select {
	case got := <-done:
		return got.value, got.err
	case <-ctx.Done():
		return value, fmt.Errorf("%w: %w", errSilent, ctx.Err())
	}
}

// take reads, and keeps what came of it. The caller has the turn.
func (r *reading[T]) take(ctx context.Context) *readResult[T] {
	got := &readResult[T]{good: r.last.Load().good}
	if got.value, got.err = r.read(ctx); got.err == nil {
		got.good = time.Now()
	}
	r.last.Store(got)
	return got
}

// age is how long ago something was read without an error; before the first time,
// since the start. By the machine's clock: the sandbox's is turned.
func (r *reading[T]) age() time.Duration { return time.Since(r.last.Load().good) }

// shows is a gauge of what was read; unknown where that was an error.
func (r *reading[T]) shows(number func(T) float64) func() float64 {
	return func() float64 {
		last := r.last.Load()
		if last.err != nil {
			return unknown()
		}
		return number(last.value)
	}
}

// refresh reads, whether ctx ends or not, but waits no longer than readPatience.
// An error is shown as what it is: a number that is unknown, and an age that grows.
func (r *reading[T]) refresh(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readPatience)
	defer cancel()
	_, _ = r.now(ctx)
}

// keep reads again and again until ctx ends.
func (r *reading[T]) keep(ctx context.Context) {
	pause := r.every
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
			began := time.Now()
			r.refresh(ctx)
			pause = min(rest(r.every, time.Since(began)), r.most)
		}
	}
}

// readState reads all that is shown of the ledger and its disk.
func (a *application) readState(ctx context.Context) {
	var reading sync.WaitGroup
	for _, r := range a.readings {
		reading.Go(func() { r.refresh(ctx) })
	}
	reading.Wait()
}
