package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Limits of the load generator.
const (
	// answerWait ends a run whose server has stopped answering.
	answerWait = 30 * time.Second
	// maxAnswer is the largest answer read, in bytes.
	maxAnswer = 64 << 10
)

// load is one run of a task against one server.
type load struct {
	addr    string // HOST:PORT
	clients int    // keep-alive connections, each with one request under way at a time
	task    task
	limit   time.Duration // no request starts later than this; 0 for no limit
	// pace is the time from one request's start to the next one's, whoever sends it, and
	// latencies count from the moment at which a request is due: what a slow answer
	// delays is slow, too. 0 sends as fast as the answers come.
	pace time.Duration
}

// figures are what one run came to.
type figures struct {
	Done      int           // payments, all answered 00, or charges, all answered 201
	Took      time.Duration // from the first request sent to the last answer read
	P50, P99  time.Duration // exact percentiles over every request
	Generator time.Duration // processor time that the load itself took, its receiver included
	// Notified is how many of the payments the receiver was told of, and NotifiedIn
	// the time from the first request to the last notification; zero where none is sent.
	Notified   int
	NotifiedIn time.Duration
	// Sync is what the disk itself took just before and after; of the part steady only.
	Sync syncTimes
}

// rate is payments or charges per second.
func (f figures) rate() float64 {
	return float64(f.Done) / f.Took.Seconds()
}

// notifiedRate is notifications per second until the last of the run's had come.
func (f figures) notifiedRate() float64 {
	return float64(f.Notified) / f.NotifiedIn.Seconds()
}

// run does the task, each client taking the next request, until they or the time are
// used up. A run with any other answer than the one that counts is void: figures of a
// server that refuses say nothing.
func (l load) run(ctx context.Context) (figures, error) {
	clients, err := l.connect(ctx)
	defer closeAll(clients)
	if err != nil {
		return figures{}, err
	}
	stop := context.AfterFunc(ctx, func() { closeAll(clients) }) // ends the reads under way
	defer stop()

	var next atomic.Int64
	var group sync.WaitGroup
	before, start := processorTime(), time.Now()
	for _, c := range clients {
		group.Go(func() { c.sendAll(l, start, &next) })
	}
	group.Wait()
	took, spent := time.Since(start), processorTime()-before
	if err := ctx.Err(); err != nil {
		return figures{}, err
	}
	return summary(clients, took, spent)
}

// connect opens the connections before the clock starts.
func (l load) connect(ctx context.Context) ([]*client, error) {
	var dialer net.Dialer
	var clients []*client
	for range l.clients {
		conn, err := dialer.DialContext(ctx, "tcp", l.addr)
		if err != nil {
			return clients, fmt.Errorf("client %d of %d: %w", len(clients)+1, l.clients, err)
		}
		requests, err := l.task.on(l.addr, time.Now())
		if err != nil {
			return clients, errors.Join(err, conn.Close())
		}
		room := min(l.task.size(), 2*l.task.size()/l.clients+64)
		clients = append(clients, &client{conn: conn, reader: bufio.NewReader(conn), requests: requests, latencies: make([]time.Duration, 0, room)})
	}
	return clients, nil
}

func closeAll(clients []*client) {
	for _, c := range clients {
		_ = c.conn.Close() // nothing is left to be written
	}
}

// client is one connection and what it has seen.
type client struct {
	conn      net.Conn
	reader    *bufio.Reader
	requests  requests
	latencies []time.Duration
	failed    error // its last request's, after which it sent no more
}

// sendAll sends one request after the other and stops at its first failure, which voids the run.
func (c *client) sendAll(l load, start time.Time, next *atomic.Int64) {
	for {
		n := next.Add(1) - 1
		if n >= int64(l.task.size()) || l.limit > 0 && time.Since(start) > l.limit {
			return
		}
		due := time.Now()
		if l.pace > 0 {
			due = start.Add(time.Duration(n) * l.pace)
			time.Sleep(time.Until(due))
		}
		if err := c.send(int(n), time.Now()); err != nil {
			c.failed = fmt.Errorf("%s: %w", c.requests.name(int(n)), err)
			return
		}
		c.latencies = append(c.latencies, time.Since(due))
	}
}

// send sends request n and reads its answer, which must be the one that counts.
func (c *client) send(n int, now time.Time) error {
	if err := c.conn.SetDeadline(now.Add(answerWait)); err != nil {
		return fmt.Errorf("set deadline: %w", err)
	}
	if _, err := c.conn.Write(c.requests.render(n)); err != nil {
		return fmt.Errorf("send: %w", err)
	}
	answer, err := http.ReadResponse(c.reader, nil)
	if err != nil {
		return fmt.Errorf("read answer: %w", err)
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("read answer: %w", err)
	}
	if !c.requests.counts(answer.StatusCode, body) {
		return fmt.Errorf("answered %s: %.800s", answer.Status, body)
	}
	return nil
}

// summary puts the clients' figures together.
func summary(clients []*client, took, spent time.Duration) (figures, error) {
	var all []time.Duration
	var failures []error
	for _, c := range clients {
		all = append(all, c.latencies...)
		if c.failed != nil {
			failures = append(failures, c.failed)
		}
	}
	if len(failures) > 0 {
		return figures{}, fmt.Errorf("void: %d of %d requests failed, the first: %w", len(failures), len(failures)+len(all), failures[0])
	}
	slices.Sort(all)
	return figures{Done: len(all), Took: took, P50: percentile(all, 0.50), P99: percentile(all, 0.99), Generator: spent}, nil
}

// percentile is the smallest latency that at least the share p of all do not
// exceed (nearest rank); 0 when there are none.
func percentile(sorted []time.Duration, p float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[int(math.Ceil(p*float64(len(sorted))))-1]
}

// processorTime is what this process has used so far, of user and system time together.
func processorTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0 // the figure is a footnote, never a reason to stop
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
