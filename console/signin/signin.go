package signin

import (
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"

	"paypoint/access"
	"paypoint/access/audit"
	"paypoint/console/frame"
)

const (
	// maxID bounds what is typed for an id, maxCode for a code, in characters.
	maxID   = 64
	maxCode = 16
	// maxPassword bounds what is read of a password; the rule for new ones is
	// access's.
	maxPassword = 1000
	// maxThen bounds the page that a sign-in leads back to, in bytes.
	maxThen = 2000
)

// signInView is the sign-in page's.
type signInView struct{ Person, Then string }

// then is the page that the request wants to be led back to.
func then(text string) string {
	if len(text) > maxThen {
		return ""
	}
	return frame.Local(text)
}

// next is the page that a sign-in leads to.
func next(then string) string {
	if then == "" {
		return "/"
	}
	return then
}

func (a *area) showSignIn(c *frame.Call) error {
	back := then(c.R.URL.Query().Get("then"))
	switch {
	case c.Login().Whole:
		return c.Leave(next(back))
	default:
		return c.Page("signin/sign-in", frame.Page{Title: c.T("signin.title"), Data: signInView{Then: back}})
	}
}

// signIn checks a password. The same is said of an unknown person and of a wrong
// password.
func (a *area) signIn(c *frame.Call) error {
	form, err := c.Form()
	if err != nil {
		return err
	}
	id, password := form.Text("person", maxID), form.Secret("password", maxPassword)
	view := signInView{Person: form.Value("person"), Then: then(form.Value("then"))}
	again := func(status int) error {
		return c.Page("signin/sign-in", frame.Page{Title: c.T("signin.title"), Data: view, Faults: form.Faults(), Status: status})
	}
	if form.Err() != nil {
		return again(0)
	}
	// Only ids that there are: what else stands there may be a password.
	if _, is := a.Staff.Person(id); is {
		c.Object(audit.KindUser, id)
	}
	if slow, err := a.slow(c, form, id); slow || err != nil {
		return errOr(err, func() error { return again(http.StatusTooManyRequests) })
	}
	person, err := a.Staff.CheckPassword(c.Context(), id, password)
	if key := faultOf(err); key != "" {
		form.Fault("person", key)
		return again(0)
	}
	if err != nil {
		return err
	}
	return a.begin(c, person, view.Then)
}

// errOr is an error, or what follows without one.
func errOr(err error, follow func() error) error {
	if err != nil {
		return err
	}
	return follow()
}

// faultOf is the key of what is wrong with a password that was tried, "" for
// errors that are not the person's.
func faultOf(err error) string {
	switch {
	case errors.Is(err, access.ErrCredentials):
		return "signin.fault.credentials"
	case errors.Is(err, access.ErrPasswordEnded):
		return "signin.fault.ended"
	case errors.Is(err, access.ErrTooBusy):
		return "signin.fault.busy"
	default:
		return ""
	}
}

// slow says whether the next try has to wait, and notes for how long.
func (a *area) slow(c *frame.Call, form *frame.Form, person string) (bool, error) {
	wait, err := a.Logins.Try(person, c.Address())
	if err != nil {
		return false, err
	}
	if wait <= 0 {
		c.Counted()
		return false, nil
	}
	c.W.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
	form.Fault("", "signin.fault.slow", "wait", wait.Round(time.Second))
	return true, nil
}

// begin begins a sign-in; who has one-time codes owes one first. The one that the
// browser had ends: nobody could end it any more.
func (a *area) begin(c *frame.Call, person access.Person, then string) error {
	if c.Token() != "" {
		if err := a.Logins.End(c.Token()); err != nil {
			return err
		}
	}
	token, l, err := a.Logins.Begin(person, !person.TOTP, c.Address())
	if err != nil {
		return err
	}
	c.SignIn(token, l, person)
	if !l.Whole {
		return c.Leave(codePage(then))
	}
	if err := a.Logins.Passed(person.ID, c.Address()); err != nil {
		return err
	}
	return c.Leave(next(then))
}

func signOut(c *frame.Call) error {
	if err := c.SignOut(); err != nil {
		return err
	}
	return c.Leave(frame.SignInPath)
}
