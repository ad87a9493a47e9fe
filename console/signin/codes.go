package signin

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/boombuler/barcode/qr"

	"paypoint/access"
	"paypoint/access/audit"
	"paypoint/console/frame"
)

func (a *area) codesPage(c *frame.Call, faults frame.Faults) error {
	return c.Page("signin/codes", frame.Page{Title: c.T("signin.codes.title"), Faults: faults})
}

// showCodes says whether the person has one-time codes, and leads to the other
// state.
func (a *area) showCodes(c *frame.Call) error { return a.codesPage(c, nil) }

// beginCodes makes a secret, which the next page shows, once, for who knows the
// password: whoever finds a browser that was left signed in could else set up codes
// of their own, and the person would sign in no more. Who has codes turns them off
// first, which takes a code too.
func (a *area) beginCodes(c *frame.Call) error {
	form, err := c.Form()
	if err != nil {
		return err
	}
	id := c.Person().ID
	c.Object(audit.KindUser, id)
	if c.Person().TOTP {
		return frame.Refused("signin.codes.there")
	}
	password := form.Secret("present", maxPassword)
	if form.Err() == nil {
		err = a.present(c, form, password)
	}
	if err != nil || form.Err() != nil {
		return errOr(err, func() error { return a.codesPage(c, form.Faults()) })
	}
	if err := a.Logins.Passed(id, c.Address()); err != nil {
		return err
	}
	setup, err := a.Staff.BeginTOTP(c.Context(), id)
	if err != nil {
		return err
	}
	return c.DoneSecret("/codes/confirm", setup.URI(), "signin.codes.begun")
}

// confirmView is the secret in two forms; empty once it was shown.
type confirmView struct {
	// Path is the QR code as the path of an SVG, Size its side in modules.
	Path string
	Size int
	// Secret is to be typed, in groups of four.
	Secret string
}

// Frame is the side with the quiet zone of four modules (ISO/IEC 18004).
func (v confirmView) Frame() int { return v.Size + 8 }

func (a *area) confirmPage(c *frame.Call, faults frame.Faults) error {
	view, err := readSetup(c.Secret())
	if err != nil {
		return err
	}
	return c.Page("signin/confirm", frame.Page{Title: c.T("signin.codes.title"), Data: view, Faults: faults})
}

func (a *area) showConfirm(c *frame.Call) error { return a.confirmPage(c, nil) }

// confirmCodes ends the setting up with a code of the new secret.
func (a *area) confirmCodes(c *frame.Call) error {
	form, err := c.Form()
	if err != nil {
		return err
	}
	c.Object(audit.KindUser, c.Person().ID)
	code := typedCode(form)
	if form.Err() == nil {
		_, err = a.Staff.ConfirmTOTP(c.Context(), c.Person().ID, code)
	}
	switch {
	case errors.Is(err, access.ErrCode):
		form.Fault("code", "signin.fault.code")
	case errors.Is(err, access.ErrNoTOTP):
		return frame.Refused("signin.codes.none")
	case err != nil:
		return err
	}
	if form.Err() != nil {
		return a.confirmPage(c, form.Faults())
	}
	return c.Done("/codes", "signin.codes.done")
}

// dropCodes turns them off, for who knows the password and has a code.
func (a *area) dropCodes(c *frame.Call) error {
	form, err := c.Form()
	if err != nil {
		return err
	}
	id := c.Person().ID
	c.Object(audit.KindUser, id)
	password, code := form.Secret("present", maxPassword), typedCode(form)
	if form.Err() == nil {
		err = a.present(c, form, password)
	}
	if err == nil && form.Err() == nil {
		err = a.Staff.CheckTOTP(c.Context(), id, code)
	}
	switch {
	case errors.Is(err, access.ErrCode):
		form.Fault("code", "signin.fault.code")
	case errors.Is(err, access.ErrNoTOTP):
		return frame.Refused("signin.codes.none")
	case err != nil:
		return err
	}
	if form.Err() != nil {
		return a.codesPage(c, form.Faults())
	}
	if err := a.Logins.Passed(id, c.Address()); err != nil {
		return err
	}
	person, err := a.Staff.DropTOTP(c.Context(), id, id)
	if err != nil {
		return err
	}
	return a.renew(c, person, "/codes", "signin.codes.off")
}

// readSetup draws an otpauth address; none is an empty view.
func readSetup(uri string) (confirmView, error) {
	if uri == "" {
		return confirmView{}, nil
	}
	parsed, err := url.Parse(uri)
	if err != nil {
		// The error would repeat the secret.
		return confirmView{}, errors.New("read the address of one-time codes")
	}
	code, err := qr.Encode(uri, qr.M, qr.Auto)
	if err != nil {
		return confirmView{}, errors.New("draw the address of one-time codes")
	}
	side := code.Bounds().Dx()
	var path strings.Builder
	for y := range side {
		for x := range side {
			// Dark modules are black, which has no red.
			if red, _, _, _ := code.At(x, y).RGBA(); red == 0 {
				fmt.Fprintf(&path, "M%d %dh1v1h-1z", x, y)
			}
		}
	}
	return confirmView{Path: path.String(), Size: side, Secret: inFours(parsed.Query().Get("secret"))}, nil
}

// inFours parts a secret that is typed from a screen.
func inFours(text string) string {
	var groups []string
	for len(text) > 4 {
		groups, text = append(groups, text[:4]), text[4:]
	}
	return strings.Join(append(groups, text), " ")
}
