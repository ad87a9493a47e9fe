package finance

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"paypoint/ledger"
	"paypoint/reconcile/sheet"
)

// call is one request being answered.
type call struct {
	answer *answer
	r      *http.Request
	caller Caller
	act    Act
	// room is the disk where workbooks are made.
	room sheet.Room
}

// reply answers with JSON.
func (c *call) reply(status int, body any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("write answer: %w", err)
	}
	header := c.answer.Header()
	header.Set("Content-Type", "application/json")
	// Figures of today are not those of tomorrow, and none are for a cache.
	header.Set("Cache-Control", "no-store")
	c.answer.WriteHeader(status)
	// A caller who hung up gets no second answer.
	_, _ = c.answer.Write(append(text, '\n'))
	return nil
}

// answered replies with what a method returned, unless it failed.
func answered[V any](c *call, value V, err error) error {
	if err != nil {
		return err
	}
	return c.reply(http.StatusOK, value)
}

// answer remembers its status and counts its bytes. A program's middleware may
// do the same around it; the API does it for itself because its own log, and
// whether a failure can still be answered, rest on it wherever it is served.
type answer struct {
	http.ResponseWriter
	status int
	bytes  int64
}

// begun says whether a status is out, so that no other can be given.
func (a *answer) begun() bool { return a.status != 0 }

// WriteHeader is http.ResponseWriter's.
func (a *answer) WriteHeader(status int) {
	a.status = status
	a.ResponseWriter.WriteHeader(status)
}

// Write is http.ResponseWriter's.
func (a *answer) Write(p []byte) (int, error) {
	if !a.begun() {
		a.status = http.StatusOK
	}
	n, err := a.ResponseWriter.Write(p)
	a.bytes += int64(n)
	return n, err
}

// Unwrap is for http.ResponseController.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// deadline is until when the next write must have gone out; zero is never. A
// server that has no deadlines needs none.
func (a *answer) deadline(t time.Time) {
	_ = http.NewResponseController(a.ResponseWriter).SetWriteDeadline(t)
}

// wait lifts the server's limit for whole answers from one that takes as long as
// there is to do.
func (a *answer) wait() { a.deadline(time.Time{}) }

// moment is a time as the API writes it: RFC 3339 in WIB, to the second.
func moment(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.In(ledger.WIB).Truncate(time.Second)
}
