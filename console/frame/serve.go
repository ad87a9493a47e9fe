package frame

import (
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"paypoint/access"
	"paypoint/access/login"
	"paypoint/locale"
)

// Pages that the frame leads to, below Root: those that sign in, change a
// password and set up one-time codes.
const (
	SignInPath   = "/sign-in"
	PasswordPath = "/password"
	CodesPath    = "/codes"
)

// serve answers a route.
func (f *Frame) serve(route Route) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c := &Call{W: w, R: r, frame: f, route: route, now: f.Now()}
		c.finish(c.run())
	}
}

// run finds out who asks, whether they may, and has the route answer.
func (c *Call) run() error {
	c.tongue = c.frame.tongues[language(c.R)]
	if err := c.identify(); err != nil {
		return err
	}
	switch {
	case c.route.Open:
		c.visit()
	case !c.signedIn():
		return c.askToSignIn()
	case !c.May(c.route.Action):
		return Forbidden()
	case c.route.Always:
	case c.person.MustChange:
		return c.redirect(Root + PasswordPath)
	case c.person.MustSetUpTOTP(c.frame.NeedTOTP):
		return c.redirect(Root + CodesPath)
	}
	if err := c.recordable(); err != nil {
		return err
	}
	switch {
	case c.acts():
		return c.submit()
	case c.route.Asks:
		return c.ask()
	default:
		return c.route.Handle(c)
	}
}

// acts says whether the request may change something. Where there is no page,
// nothing does.
func (c *Call) acts() bool {
	return c.R.Method == http.MethodPost && c.route.Pattern != "" && !c.route.Asks
}

// identify finds the person of the sign-in that the cookie names, and what they
// chose. A sign-in that has ended is none.
func (c *Call) identify() error {
	token := c.cookie(loginCookie)
	if token == "" {
		return nil
	}
	found, person, err := c.frame.Logins.Find(token, c.frame.Staff)
	if errors.Is(err, login.ErrNoLogin) {
		return nil
	}
	if err != nil {
		return err
	}
	c.token, c.login, c.person = token, found, person
	c.preferences, err = c.frame.Logins.Preferences(person.ID)
	if chosen := locale.Language(c.preferences.Language); chosen.Known() {
		c.tongue = c.frame.tongues[chosen]
	}
	return err
}

// signedIn says whether a person is, with nothing owed.
func (c *Call) signedIn() bool { return c.login.Whole }

// askToSignIn sends a visitor to the sign-in page, which leads back. What a
// visitor posted is not kept.
func (c *Call) askToSignIn() error {
	target := Root + SignInPath
	if !c.acts() {
		target += "?then=" + url.QueryEscape(strings.TrimPrefix(c.R.URL.RequestURI(), Root))
	}
	return c.redirect(target)
}

// receive reads a form, which comes from our own page and from this sign-in.
func (c *Call) receive() error {
	if err := c.checkOrigin(); err != nil {
		return forged(err)
	}
	if err := c.readForm(); err != nil {
		return err
	}
	if !login.IsFormToken(c.formSecret(), c.form.values.Get(tokenField)) {
		return forged(errToken)
	}
	return nil
}

// ask answers a form that changes nothing.
func (c *Call) ask() error {
	if err := c.receive(); err != nil {
		return err
	}
	return c.route.Handle(c)
}

// submit lets a form act. Those of persons act once.
func (c *Call) submit() error {
	if err := c.receive(); err != nil {
		return err
	}
	if c.signedIn() {
		err := c.once()
		if errors.Is(err, login.ErrKey) {
			return forged(err)
		}
		return err
	}
	if err := c.route.Handle(c); err != nil || c.led == nil {
		return err
	}
	return c.leave(*c.led)
}

// formSecret is what form tokens are made from: the cookie of the sign-in, or the
// one that a visitor got with the sign-in page.
func (c *Call) formSecret() string {
	switch {
	case c.token != "":
		return c.token
	case c.visitor != "":
		return c.visitor
	default:
		return c.cookie(visitorCookie)
	}
}

// address is where the request came from.
func (c *Call) address() string {
	if c.frame.Address != nil {
		return c.frame.Address(c.R)
	}
	host, _, err := net.SplitHostPort(c.R.RemoteAddr)
	if err != nil {
		return c.R.RemoteAddr
	}
	return host
}

// finish answers what went wrong, and records the act.
func (c *Call) finish(err error) {
	if err != nil {
		c.fail(err)
	}
	c.record()
}

// StillMay says whether the person may do now what they might as the request
// began: asked after what takes long, a file that comes in, for they may have been
// shut out meanwhile, or given another role.
func (c *Call) StillMay() bool {
	now, is := c.frame.Staff.Person(c.person.ID)
	return is && now.Active && now.Stamp == c.login.Stamp && now.Role.May(c.route.Action)
}

// Patient lifts the server's limits of time from a request that takes as long as
// it takes. A server that has none needs none lifted.
func (c *Call) Patient() {
	control := http.NewResponseController(c.W)
	_ = control.SetReadDeadline(time.Time{})
	_ = control.SetWriteDeadline(time.Time{})
}

// May says whether the person may do something.
func (c *Call) May(a access.Action) bool { return c.signedIn() && c.person.Role.May(a) }
