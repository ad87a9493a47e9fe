package frame

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"paypoint/access/login"
)

// result is what a form led to, kept to answer its second submission.
type result struct {
	// Path is where the first one was sent, Text what it was told.
	Path string `json:"path"`
	Text string `json:"text"`
	// Refused says that the page at Path tells what was refused.
	Refused bool `json:"refused,omitempty"`
}

// errNotDone says that a form was answered without having acted: it may be sent
// again.
var errNotDone = errors.New("the form did not act")

// Done ends a POST: 303 to a path below /console, whose page shows the sentence
// of key once. A second submission of the same form is answered alike, without
// acting.
func (c *Call) Done(path, key string, pairs ...any) error {
	return c.DoneSecret(path, "", key, pairs...)
}

// DoneSecret is Done, and the page at path shows a secret as well, once: its
// template has it as .Secret.
func (c *Call) DoneSecret(path, secret, key string, pairs ...any) error {
	c.led, c.secret = &result{Path: path, Text: c.T(key, pairs...)}, secret
	return nil
}

// DoneRefused ends a POST as Done does, at a page that says why nothing was done: the
// act is recorded as refused, with 422.
func (c *Call) DoneRefused(path string) error {
	c.led = &result{Path: path, Refused: true}
	return nil
}

// once has the form of a person act once. Who waited for one that was answered
// without having acted, with what is wrong in it, has the next turn: of two clicks
// the browser shows the second's answer alone.
func (c *Call) once() error {
	text, first, err := c.turn()
	for !first && errors.Is(err, errNotDone) {
		text, first, err = c.turn()
	}
	// What the store itself refuses was no second submission.
	c.repeat = !first && !errors.Is(err, login.ErrKey) && !errors.Is(err, login.ErrTooManyForms) && !errors.Is(err, login.ErrUnfinished)
	switch {
	case errors.Is(err, errNotDone) && c.status != 0:
		return nil
	case errors.Is(err, login.ErrUnfinished):
		return &failure{status: http.StatusConflict, key: "frame.fault.unfinished", cause: err}
	case errors.Is(err, login.ErrTooManyForms):
		return &failure{status: http.StatusTooManyRequests, cause: err}
	case err != nil:
		return err
	}
	var led result
	if err := json.Unmarshal(text, &led); err != nil {
		return fmt.Errorf("read what a form led to: %w", err)
	}
	return c.leave(led)
}

// turn has the form act, or waits for another's turn; first says whose it was.
func (c *Call) turn() (text []byte, first bool, err error) {
	return c.frame.Logins.Once(c.Context(), c.person.ID, c.form.values.Get(keyField), func() ([]byte, error) {
		// The second click of two makes the browser drop the first one's request, and
		// waits for what that does: it must not be cut short.
		c.R = c.R.WithContext(context.WithoutCancel(c.R.Context()))
		if err := c.route.Handle(c); err != nil {
			return nil, err
		}
		if c.led == nil {
			return nil, errNotDone
		}
		return json.Marshal(c.led)
	})
}

// leave sends the person where a form led. The script that sends files follows
// no redirect, for that would show the sentence to nobody.
func (c *Call) leave(to result) error {
	page, _, _ := strings.Cut(to.Path, "?")
	page, _, _ = strings.Cut(page, "#")
	c.frame.flashes.put(c.formSecret(), Root+page, c.now, to.Text, c.secret)
	var err error
	if c.WantsJSON() {
		err = c.JSON(map[string]string{"location": Root + to.Path})
	} else {
		err = c.redirect(Root + to.Path)
	}
	if to.Refused { // whatever led the person there
		c.status = http.StatusUnprocessableEntity
	}
	return err
}

// takeFlash is what the page has to say this once. The first to ask takes it.
func (c *Call) takeFlash() flash {
	if c.flash == nil {
		found := flash{}
		// A look ahead must not use up what the page itself is to show.
		if c.R.Method == http.MethodGet {
			found = c.frame.flashes.take(c.formSecret(), c.R.URL.Path, c.now)
		}
		c.flash = &found
	}
	return *c.flash
}

// Secret is what the page shows this once, after DoneSecret; "" is nothing.
func (c *Call) Secret() string { return c.takeFlash().secret }
