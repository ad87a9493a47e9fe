package signin

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"paypoint/access"
	"paypoint/access/audit"
	"paypoint/console/frame"
)

// codePage asks for a one-time code.
func codePage(then string) string {
	if then == "" {
		return "/sign-in/code"
	}
	return "/sign-in/code?then=" + url.QueryEscape(then)
}

// owes says whether the request is of somebody whose password was right and whose
// code is still owed.
func owes(c *frame.Call) bool { return c.Token() != "" && !c.Login().Whole }

func (a *area) showCode(c *frame.Call) error {
	if !owes(c) {
		return c.Leave(frame.SignInPath)
	}
	return c.Page("signin/code", frame.Page{Title: c.T("signin.code.title"), Data: then(c.R.URL.Query().Get("then"))})
}

// takeCode ends a sign-in with a one-time code.
func (a *area) takeCode(c *frame.Call) error {
	if !owes(c) {
		return c.Leave(frame.SignInPath)
	}
	form, err := c.Form()
	if err != nil {
		return err
	}
	person, back := c.Person(), then(form.Value("then"))
	c.Object(audit.KindUser, person.ID)
	again := func(status int) error {
		return c.Page("signin/code", frame.Page{Title: c.T("signin.code.title"), Data: back, Faults: form.Faults(), Status: status})
	}
	code := typedCode(form)
	if form.Err() != nil {
		return again(0)
	}
	if slow, err := a.slow(c, form, person.ID); slow || err != nil {
		return errOr(err, func() error { return again(http.StatusTooManyRequests) })
	}
	if err := a.Staff.CheckTOTP(c.Context(), person.ID, code); errors.Is(err, access.ErrCode) {
		form.Fault("code", "signin.fault.code")
		return again(0)
	} else if err != nil {
		return err
	}
	return a.complete(c, back)
}

// typedCode is the code without the blank that apps show in its middle.
func typedCode(form *frame.Form) string {
	return strings.Join(strings.Fields(form.Text("code", maxCode)), "")
}

// complete makes half a sign-in a whole one, under another token.
func (a *area) complete(c *frame.Call, then string) error {
	person := c.Person()
	token, l, err := a.Logins.Renew(c.Token(), person, true)
	if err != nil {
		return err
	}
	c.SignIn(token, l, person)
	if err := a.Logins.Passed(person.ID, c.Address()); err != nil {
		return err
	}
	return c.Leave(next(then))
}
