package main

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

const (
	// quotaLines is how many lines of each kind the log gets within quotaWindow of
	// callers who have not said who they are: at half a kilobyte for a line, 72 MB
	// a day and kind.
	quotaLines  = 100
	quotaWindow = time.Minute
	// maxLoggedText is how much of what a caller wrote a line has, in bytes. Order
	// ids have at most 50 characters, and the longest path of ours about 100.
	maxLoggedText = 200
)

// logQuota bounds what the log gets of callers whom nobody knows: each of their
// requests has a line, and they can send any number of them. Who has a key, a
// token or a signature is told of in full, for others bound that.
type logQuota struct {
	leftOut prometheus.Counter

	mu sync.Mutex
	// of has a row for each kind of line: kinds are ours, and few.
	of map[string]*kindQuota
}

// kindQuota is what one kind has had in its window.
type kindQuota struct {
	began            time.Time
	written, leftOut int
}

func newLogQuota(registry *prometheus.Registry) *logQuota {
	q := &logQuota{
		of: map[string]*kindQuota{},
		leftOut: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "paypoint_log_lines_left_out_total", Help: "Log lines of callers whom nobody knows, above what the log gets of them in a minute.",
		}),
	}
	registry.MustRegister(q.leftOut)
	return q
}

// take says whether a line of a kind may be written, and how many of its kind were
// left out before it in the window that is over.
func (q *logQuota) take(kind string, now time.Time) (leftOut int, fits bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	row := q.of[kind]
	if row == nil {
		row = &kindQuota{began: now}
		q.of[kind] = row
	}
	if age := now.Sub(row.began); age < 0 || age >= quotaWindow {
		leftOut = row.leftOut
		*row = kindQuota{began: now}
	}
	if row.written == quotaLines {
		row.leftOut++
		q.leftOut.Inc()
		return 0, false
	}
	row.written++
	return leftOut, true
}
