package finance

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

// upload is a file that a request's body brings. It may take any time, as long
// as it does not stop for idleLimit: the server's limit for whole requests is
// not for files.
type upload struct {
	answer *answer
	body   io.Reader
}

// upload reads the request's body as a file of up to a number of bytes.
func (c *call) upload(most int64) (io.Reader, error) {
	if c.r.ContentLength > most {
		return nil, errTooLarge(most)
	}
	c.answer.wait()
	return &upload{answer: c.answer, body: http.MaxBytesReader(c.answer, c.r.Body, most)}, nil
}

// Read is io.Reader's.
func (u *upload) Read(p []byte) (int, error) {
	u.readDeadline(time.Now().Add(idleLimit))
	n, err := u.body.Read(p)
	if err != nil {
		// What comes after the body has the server's own limits.
		u.readDeadline(time.Time{})
	}
	if large := (*http.MaxBytesError)(nil); errors.As(err, &large) {
		return n, errTooLarge(large.Limit).because(err)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return n, brokenOff(err)
	}
	return n, err
}

// readDeadline is until when the next bytes must have come; zero is never. A
// server that has no deadlines needs none.
func (u *upload) readDeadline(t time.Time) {
	_ = http.NewResponseController(u.answer).SetReadDeadline(t)
}

func errTooLarge(most int64) failure {
	return failure{
		status: http.StatusRequestEntityTooLarge, Code: "too_large",
		Message: fmt.Sprintf("the file has more than %d bytes", most),
	}
}

// brokenOff is what became of a body that did not arrive whole. Mostly there is
// nobody left to be told.
func brokenOff(err error) error {
	if refused := (failure{}); errors.As(err, &refused) {
		return err // it did arrive, but not from somebody who may
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return failure{
			status: http.StatusRequestTimeout, Code: "too_slow",
			Message: "the body stopped coming: send it again",
		}.because(err)
	}
	return failure{
		status: http.StatusBadRequest, Code: "broken_off",
		Message: "the body did not arrive whole: send it again",
	}.because(err)
}
