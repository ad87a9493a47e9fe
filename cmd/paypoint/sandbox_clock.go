package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"
)

// maxAhead is how far a sandbox's clock may be turned, either way.
const maxAhead = 10 * 365 * 24 * time.Hour

// sandboxClock is a clock that can be turned, so that a shop sees its codes
// expire without waiting for it. Outside the sandbox it can't be reached.
type sandboxClock struct{ ahead atomic.Int64 }

// now is the turned time.
func (c *sandboxClock) now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

// turn sets how far the clock is ahead of the machine's; negative is behind.
func (c *sandboxClock) turn(ahead time.Duration) error {
	if ahead.Abs() > maxAhead {
		return fmt.Errorf("ahead %s: want at most %s either way", ahead, maxAhead)
	}
	c.ahead.Store(int64(ahead))
	return nil
}

// clockState is how a sandbox's clock stands.
type clockState struct {
	// Ahead is as time.ParseDuration reads it: "26h", "-5m".
	Ahead string    `json:"ahead"`
	Now   time.Time `json:"now"`
}

// showClock tells how far the sandbox's clock is ahead.
func (o *operators) showClock(*http.Request) (any, error) {
	clock := o.app.clock
	if clock == nil {
		return nil, errors.New("only a sandbox has a clock that can be turned")
	}
	return clockState{Ahead: time.Duration(clock.ahead.Load()).String(), Now: clock.now()}, nil
}

// turnClock turns the sandbox's clock and does at once what it then asks for.
func (o *operators) turnClock(r *http.Request) (any, error) {
	if o.app.clock == nil {
		return o.showClock(r)
	}
	var wanted struct {
		Ahead string `json:"ahead"`
	}
	if err := json.NewDecoder(r.Body).Decode(&wanted); err != nil {
		return nil, fmt.Errorf("read request: %w", err)
	}
	ahead, err := time.ParseDuration(wanted.Ahead)
	if err != nil {
		return nil, fmt.Errorf("ahead: %w", err)
	}
	if err := o.app.clock.turn(ahead); err != nil {
		return nil, err
	}
	if _, err := o.app.ledger.Sweep(r.Context()); err != nil {
		return nil, err
	}
	return o.showClock(r)
}
