package openapitest

import (
	"bytes"
	"io"
	"net/http"
)

// Handler lets next answer, and fails the test for each answer that is not as
// documented.
func (c *Checker) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		recording := &recorder{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(recording, r)
		c.report(r, recording.status, w.Header(), recording.body.Bytes())
	})
}

// Transport sends requests by next (nil: http.DefaultTransport), and fails the
// test for each answer that is not as documented. An answer that breaks off is
// left to the caller.
func (c *Checker) Transport(next http.RoundTripper) http.RoundTripper {
	if next == nil {
		next = http.DefaultTransport
	}
	return transport{c, next}
}

type transport struct {
	checker *Checker
	next    http.RoundTripper
}

// RoundTrip reads the whole answer before it gives it on.
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := t.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	answer.Body = io.NopCloser(bytes.NewReader(body))
	t.checker.report(r, answer.StatusCode, answer.Header, body)
	return answer, nil
}

func (c *Checker) report(r *http.Request, status int, header http.Header, body []byte) {
	if err := c.Answer(r, status, header, body); err != nil {
		c.t.Errorf("an answer is not as documented: %v\nthe answer: %s", err, body)
	}
}

// recorder keeps what passes through it.
type recorder struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

// WriteHeader keeps the last status, for the ones before it are informational.
func (r *recorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

// Write keeps what is sent.
func (r *recorder) Write(p []byte) (int, error) {
	r.body.Write(p)
	return r.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController reach the writer below.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
