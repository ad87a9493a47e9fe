package clocktest

import (
	"sync/atomic"
	"time"
)

// Clock stands still until it is moved. It may be used by many at once; At makes one.
type Clock struct {
	start time.Time
	// ahead is how far it has been moved, in nanoseconds.
	ahead atomic.Int64
}

// At is a clock that stands at a time.
func At(start time.Time) *Clock { return &Clock{start: start} }

// Now is its time.
func (c *Clock) Now() time.Time { return c.start.Add(time.Duration(c.ahead.Load())) }

// Advance moves it, back where by is negative.
func (c *Clock) Advance(by time.Duration) { c.ahead.Add(int64(by)) }
