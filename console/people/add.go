package people

import (
	"errors"
	"fmt"

	"paypoint/access"
	"paypoint/access/audit"
	"paypoint/console/frame"
)

// maxID is how long an id, of a person or of a merchant, is at most.
const maxID = 32

// addView is the form of a new person, as it was typed.
type addView struct {
	ID, Name, Role, Merchant string
	Roles                    []frame.Option
}

// roleOptions are the roles, by name.
func roleOptions(c *frame.Call) []frame.Option {
	var options []frame.Option
	for _, role := range access.Roles() {
		options = append(options, frame.Option{Value: string(role), Text: c.T("people.role." + string(role))})
	}
	return options
}

// askAdd answers GET /people/add.
func (a *area) askAdd(c *frame.Call) error {
	return c.Page("people/add", frame.Page{
		Title: c.T("people.add.title"), Data: addView{Role: string(access.RoleViewer), Roles: roleOptions(c)},
	})
}

// add answers POST /people/add.
func (a *area) add(c *frame.Call) error {
	form, err := c.Form()
	if err != nil {
		return err
	}
	n := access.NewPerson{ID: form.Text("id", maxID), Name: form.Text("name", access.MaxName), Role: roleIn(form)}
	n.Merchant = merchantIn(form, n.Role)
	if n.ID != "" && !access.PossibleID(n.ID) {
		form.Fault("id", "people.fault.id")
	}
	c.Object(audit.KindUser, n.ID)
	if form.Err() == nil {
		_, err := a.Staff.Add(c.Context(), c.Person().ID, n)
		switch {
		case err == nil:
			return a.welcome(c, n)
		case errors.Is(err, access.ErrPersonTaken):
			form.Fault("id", "people.fault.taken")
		case errors.Is(err, access.ErrUnknownMerchant):
			form.Fault("merchant", "people.fault.merchant")
		case errors.Is(err, access.ErrPerson):
			form.Fault("name", "people.fault.name")
		case errors.Is(err, access.ErrTooManyPersons):
			return frame.Refused("people.fault.full", "max", access.MaxPersons)
		default:
			return err
		}
	}
	return c.Page("people/add", frame.Page{Title: c.T("people.add.title"), Faults: form.Faults(), Data: addView{
		ID: form.Value("id"), Name: form.Value("name"), Role: form.Value("role"), Merchant: form.Value("merchant"), Roles: roleOptions(c),
	}})
}

// welcome gives a new person their first password.
func (a *area) welcome(c *frame.Call, n access.NewPerson) error {
	c.Changed("", describe(n.Role, n.Merchant))
	password, err := a.Staff.TemporaryPassword(c.Context(), c.Person().ID, n.ID)
	if err != nil {
		// The person is there: another password can be made on their page.
		return fmt.Errorf("first password of %s: %w", n.ID, err)
	}
	return c.DoneSecret(personPath(n.ID), password, "people.done.add", "name", n.Name)
}

// roleIn reads a form's role.
func roleIn(form *frame.Form) access.Role {
	return access.Role(form.Choice("role", roleNames()...))
}

// merchantIn reads whose person it is to be, which goes with one role alone.
func merchantIn(form *frame.Form, role access.Role) string {
	if role == access.RoleMerchant {
		return form.Text("merchant", maxID)
	}
	if form.Optional("merchant", maxID) != "" {
		form.Fault("merchant", "people.fault.no_merchant")
	}
	return ""
}

// describe is a role as the audit log has it.
func describe(role access.Role, merchant string) string {
	if merchant == "" {
		return string(role)
	}
	return string(role) + " " + merchant
}
