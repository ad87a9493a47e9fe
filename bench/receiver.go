package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// receiver is a merchant's server for notifications. It shares the load's core, so it is
// the least that reads a request and answers 200.
type receiver struct {
	listener net.Listener
	open     sync.WaitGroup // its connections
	mu       sync.Mutex
	came     map[string]bool // by webhook-id
	last     time.Time       // when the last new one came
	failed   error           // the first request that was not to come
}

// startReceiver listens on a free port of 127.0.0.1. The caller must close the receiver
// after whoever sends to it has ended.
func startReceiver() (*receiver, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("receive notifications: %w", err)
	}
	r := &receiver{listener: listener, came: map[string]bool{}}
	r.open.Go(r.accept)
	return r, nil
}

// url is where a merchant's notifications go.
func (r *receiver) url() string { return "http://" + r.listener.Addr().String() + "/notifications" }

// close waits for the connections to end.
func (r *receiver) close() error {
	err := r.listener.Close()
	r.open.Wait()
	return err
}

func (r *receiver) accept() {
	for {
		conn, err := r.listener.Accept()
		if err != nil {
			return // closed
		}
		r.open.Go(func() {
			r.note(r.answerAll(conn))
			_ = conn.Close() // every answer is out
		})
	}
}

// received is the whole answer: a 200 with nothing in it.
const received = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

// answerAll answers one notification after the other until the sender hangs up.
func (r *receiver) answerAll(conn net.Conn) error {
	reader := bufio.NewReader(conn)
	for {
		if _, err := reader.Peek(1); err != nil {
			return nil // between two requests a sender may go
		}
		request, err := http.ReadRequest(reader)
		if err != nil {
			return fmt.Errorf("read notification: %w", err)
		}
		if _, err := io.Copy(io.Discard, request.Body); err != nil {
			return fmt.Errorf("read notification: %w", err)
		}
		if err := r.take(request.Header.Get("Webhook-Id")); err != nil {
			return err
		}
		if _, err := io.WriteString(conn, received); err != nil {
			return fmt.Errorf("answer notification: %w", err)
		}
	}
}

// take notes one notification. All that come are answered 200, so that none may come again.
func (r *receiver) take(id string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if id == "" {
		return errors.New("a notification without a webhook-id")
	}
	if r.came[id] {
		return fmt.Errorf("notification %s came twice", id)
	}
	r.came[id], r.last = true, time.Now()
	return nil
}

// note keeps the first failure.
func (r *receiver) note(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failed == nil {
		r.failed = err
	}
}

// count is how many different notifications have come.
func (r *receiver) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.came)
}

// latest is when the last of them came.
func (r *receiver) latest() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.last
}

// fault is what went wrong first, or nil.
func (r *receiver) fault() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.failed
}
