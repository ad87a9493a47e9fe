package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
)

// maxAnswer is the longest answer in bytes that a till reads; the longest that
// the document allows has about 8,000.
const maxAnswer = 64 << 10

// wire carries one exchange for the generated client, which keeps neither the
// answer's bytes nor its status, and for which an absent element and an empty one
// are the same.
type wire struct {
	// http does the exchange; hangUp ends it as soon as the request has left.
	http   *http.Client
	hangUp bool

	connected atomic.Bool // a connection came about: the partner may have seen the message
	// hungUp is set by the connection's own goroutine once the last byte was
	// written. Then whatever came back is lost on purpose, even if it was faster
	// than the hang-up.
	hungUp atomic.Bool
	status int    // HTTP status; 0: no whole answer came
	body   []byte // the answer as it came, at most maxAnswer bytes
}

// newHTTPClient returns a client for so many exchanges at a time, which keeps its
// connections.
func newHTTPClient(clients int) *http.Client {
	return &http.Client{
		Transport: &http.Transport{MaxIdleConnsPerHost: clients, Proxy: http.ProxyFromEnvironment},
		// A redirected POST would become a GET: not an answer.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Do sends the request and reads the whole answer. It implements soap.HTTPClient.
func (w *wire) Do(req *http.Request) (*http.Response, error) {
	req.Close = false // the generated client asks for a connection per message
	ctx, cancel := context.WithCancel(req.Context())
	defer cancel()
	resp, err := w.http.Do(req.WithContext(httptrace.WithClientTrace(ctx, w.trace(cancel))))
	if err != nil {
		return nil, err
	}
	// One byte more than allowed tells a long answer from one of just the limit.
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		return nil, err
	}
	if len(body) > maxAnswer {
		return nil, fmt.Errorf("an answer of more than %d bytes", maxAnswer)
	}
	// Set only now: half an answer is no answer.
	w.status, w.body = resp.StatusCode, body
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}

// trace notes how far the message came, and hangs up through cancel where that is
// asked for.
func (w *wire) trace(cancel context.CancelFunc) *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		// A TLS handshake comes before this, so a failed one counts as not sent:
		// no byte of the message was on the line.
		GotConn: func(httptrace.GotConnInfo) { w.connected.Store(true) },
		WroteRequest: func(info httptrace.WroteRequestInfo) {
			if w.hangUp && info.Err == nil {
				w.hungUp.Store(true)
				cancel()
			}
		},
	}
}

// trouble returns why sent has no answer that a till can use, or nil. err is what
// the generated client said.
func (w *wire) trouble(err error, sent record, timeout time.Duration) error {
	switch {
	case w.hungUp.Load():
		return errors.New("hung up right after sending")
	case w.status == 0:
		return transportTrouble(err, w.connected.Load(), timeout)
	}
	// A second reading beside the generated client's: that one passes over most
	// defects and names none of the elements.
	message, parseErr := parseAnswer(w.body)
	switch {
	case message.name() == "Fault":
		return fmt.Errorf("SOAP fault (HTTP %d): %s", w.status, message.fault())
	case w.status != http.StatusOK:
		return fmt.Errorf("HTTP %d %s instead of an answer", w.status, http.StatusText(w.status))
	case parseErr != nil:
		return fmt.Errorf("no SOAP answer: %w", parseErr)
	case err != nil:
		return fmt.Errorf("an answer that the contract's client cannot read: %w", err)
	}
	if defects := checkAnswer(message, sent); len(defects) > 0 {
		return fmt.Errorf("defective answer: %s", strings.Join(defects, "; "))
	}
	return nil
}

// transportTrouble words a failure below HTTP. A deadline that passes before
// there is a connection is "no connection", for the difference decides whether a
// reversal is due.
func transportTrouble(err error, connected bool, timeout time.Duration) error {
	var outer *url.Error
	if errors.As(err, &outer) {
		err = outer.Err // without the address, which may hold a password
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded) && connected:
		return fmt.Errorf("no answer within %s", timeout)
	case errors.Is(err, context.Canceled):
		return errors.New("interrupted while waiting for the answer")
	case !connected:
		return fmt.Errorf("no connection: %w", err)
	default:
		return fmt.Errorf("no answer: %w", err)
	}
}
