package signin

import (
	"errors"

	"paypoint/access"
	"paypoint/access/audit"
	"paypoint/console/frame"
)

// passwordView is the page's: Forced says that the person must.
type passwordView struct{ Forced bool }

func (a *area) passwordPage(c *frame.Call, faults frame.Faults) error {
	view := passwordView{Forced: c.Person().MustChange}
	return c.Page("signin/password", frame.Page{Title: c.T("signin.password.title"), Data: view, Faults: faults})
}

func (a *area) showPassword(c *frame.Call) error { return a.passwordPage(c, nil) }

// changePassword takes a new password. All other sign-ins of the person end.
func (a *area) changePassword(c *frame.Call) error {
	form, err := c.Form()
	if err != nil {
		return err
	}
	id := c.Person().ID
	c.Object(audit.KindUser, id)
	present := form.Secret("present", maxPassword)
	fresh, again := form.Secret("fresh", maxPassword), form.Secret("again", maxPassword)
	if form.Err() == nil && fresh != again {
		form.Fault("again", "signin.fault.again")
	}
	if form.Err() == nil {
		err = a.present(c, form, present)
	}
	if err != nil || form.Err() != nil {
		return errOr(err, func() error { return a.passwordPage(c, form.Faults()) })
	}
	if err := a.Logins.Passed(id, c.Address()); err != nil {
		return err
	}
	person, err := a.Staff.SetPassword(c.Context(), id, fresh)
	if broken := (*access.PasswordError)(nil); errors.As(err, &broken) {
		form.Fault("fresh", "signin.rule."+string(broken.Fault))
		return a.passwordPage(c, form.Faults())
	}
	if errors.Is(err, access.ErrPersonChanged) {
		return frame.Refused("signin.fault.changed")
	}
	if err != nil {
		return err
	}
	return a.renew(c, person, "/preferences", "signin.password.done")
}

// present holds the password that a person signed in with against theirs; what is
// wrong is noted in the form. The try stays counted until whoever asks says that
// all of it was right: where a code is asked for too, codes could else be guessed at
// without end.
func (a *area) present(c *frame.Call, form *frame.Form, password string) error {
	id := c.Person().ID
	if slow, err := a.slow(c, form, id); slow || err != nil {
		return err
	}
	_, err := a.Staff.CheckPassword(c.Context(), id, password)
	switch key := faultOf(err); {
	case errors.Is(err, access.ErrCredentials):
		form.Fault("present", "signin.fault.present")
		return nil
	case key != "":
		form.Fault("present", key)
		return nil
	default:
		return err
	}
}

// renew gives the person a sign-in that begins anew, for the others have ended.
func (a *area) renew(c *frame.Call, person access.Person, path, key string) error {
	token, l, err := a.Logins.Renew(c.Token(), person, true)
	if err != nil {
		return err
	}
	c.SignIn(token, l, person)
	return c.Done(path, key)
}
