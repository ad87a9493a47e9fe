package people

import (
	"context"
	"errors"

	"paypoint/access"
	"paypoint/access/audit"
	"paypoint/console/frame"
)

// act is one thing that can be done with a person.
type act struct {
	// name is its part of the address and of its words, audited what the audit log
	// calls it.
	name, audited string
	// fits says whether there is anything to do.
	fits func(access.Person) bool
	// work does it. A secret is shown once.
	work func(ctx context.Context, by string, p access.Person, form *frame.Form) (after access.Person, secret string, err error)
}

// actView is the page of an act.
type actView struct {
	row
	Act                    string
	Reason, Role, Merchant string
	Roles                  []frame.Option
}

// acts are all that there are.
func (a *area) acts() []act {
	always := func(access.Person) bool { return true }
	return []act{
		{"role", audit.ActUserRole, always, a.setRole},
		{"password", audit.ActUserPassword, func(p access.Person) bool { return p.Active }, a.makePassword},
		{"drop-totp", audit.ActUserDropTOTP, func(p access.Person) bool { return p.TOTP }, a.dropTOTP},
		{"sign-out", audit.ActUserSignOut, func(p access.Person) bool { return p.Active }, a.signOut},
		{"shut-out", audit.ActUserDeactivate, func(p access.Person) bool { return p.Active }, a.setActive(false)},
		{"let-in", audit.ActUserActivate, func(p access.Person) bool { return !p.Active }, a.setActive(true)},
	}
}

// other finds the person of an act, which is never the one who acts.
func (a *area) other(c *frame.Call, act act) (access.Person, error) {
	p, err := a.person(c)
	switch {
	case err != nil:
		return access.Person{}, err
	case p.ID == c.Person().ID:
		return access.Person{}, frame.Refused("people.fault.self")
	case !act.fits(p):
		return access.Person{}, frame.Refused("people.fault.nothing")
	default:
		return p, nil
	}
}

// ask answers with the page of an act.
func (a *area) ask(act act) func(*frame.Call) error {
	return func(c *frame.Call) error {
		p, err := a.other(c, act)
		if err != nil {
			return err
		}
		return a.form(c, act, p, nil, actView{Role: string(p.Role), Merchant: p.Merchant})
	}
}

// form shows the page of an act, again where something is wrong with it.
func (a *area) form(c *frame.Call, act act, p access.Person, faults frame.Faults, v actView) error {
	v.row, v.Act, v.Roles = rowOf(c, p), act.name, roleOptions(c)
	return c.Page("people/act", frame.Page{Title: c.T("people.act."+act.name+".title", "name", p.Name), Data: v, Faults: faults})
}

// do does an act.
func (a *area) do(act act) func(*frame.Call) error {
	return func(c *frame.Call) error {
		p, err := a.other(c, act)
		if err != nil {
			return err
		}
		form, err := c.Form()
		if err != nil {
			return err
		}
		reason := form.Text("reason", frame.MaxReason)
		c.Reason(reason)
		typed := actView{Reason: form.Value("reason"), Role: form.Value("role"), Merchant: form.Value("merchant")}
		if form.Err() != nil {
			return a.form(c, act, p, form.Faults(), typed)
		}
		after, secret, err := act.work(c.Context(), c.Person().ID, p, form)
		if form.Err() != nil {
			return a.form(c, act, p, form.Faults(), typed)
		}
		if err != nil {
			return refusal(err)
		}
		c.Changed(state(p), state(after))
		return c.DoneSecret(personPath(p.ID), secret, "people.done."+act.name, "name", p.Name)
	}
}

// refusal is an error of the staff in words.
func refusal(err error) error {
	switch {
	case errors.Is(err, access.ErrLastApprover):
		return frame.Refused("people.fault.last_approver")
	case errors.Is(err, access.ErrLastAdmin):
		return frame.Refused("people.fault.last_admin")
	case errors.Is(err, access.ErrInactivePerson), errors.Is(err, access.ErrNoTOTP):
		return frame.Refused("people.fault.nothing")
	case errors.Is(err, access.ErrUnknownPerson):
		return frame.NotFound("people.none")
	case errors.Is(err, access.ErrPersonChanged):
		return frame.Refused("people.fault.changed")
	case errors.Is(err, access.ErrTooBusy):
		return frame.Refused("people.fault.busy")
	default:
		return err
	}
}

// state is what an act can change, as the audit log has it.
func state(p access.Person) string {
	text := describe(p.Role, p.Merchant)
	if !p.Active {
		text += ", shut out"
	}
	if p.TOTP {
		text += ", one-time codes"
	}
	if p.MustChange {
		text += ", temporary password"
	}
	return text
}

func (a *area) setRole(ctx context.Context, by string, p access.Person, form *frame.Form) (access.Person, string, error) {
	role := roleIn(form)
	merchant := merchantIn(form, role)
	if role == p.Role && merchant == p.Merchant {
		form.Fault("role", "people.fault.same_role")
	}
	if form.Err() != nil {
		return access.Person{}, "", nil
	}
	after, err := a.Staff.SetRole(ctx, by, p.ID, role, merchant)
	if errors.Is(err, access.ErrUnknownMerchant) || errors.Is(err, access.ErrPerson) {
		form.Fault("merchant", "people.fault.merchant")
	}
	return after, "", err
}

func (a *area) makePassword(ctx context.Context, by string, p access.Person, _ *frame.Form) (access.Person, string, error) {
	password, err := a.Staff.TemporaryPassword(ctx, by, p.ID)
	if err != nil {
		return access.Person{}, "", err
	}
	after, _ := a.Staff.Person(p.ID)
	return after, password, nil
}

func (a *area) dropTOTP(ctx context.Context, by string, p access.Person, _ *frame.Form) (access.Person, string, error) {
	after, err := a.Staff.DropTOTP(ctx, by, p.ID)
	return after, "", err
}

func (a *area) signOut(ctx context.Context, by string, p access.Person, _ *frame.Form) (access.Person, string, error) {
	after, err := a.Staff.EndSignIns(ctx, by, p.ID)
	return after, "", err
}

func (a *area) setActive(active bool) func(context.Context, string, access.Person, *frame.Form) (access.Person, string, error) {
	return func(ctx context.Context, by string, p access.Person, _ *frame.Form) (access.Person, string, error) {
		after, err := a.Staff.SetActive(ctx, by, p.ID, active)
		return after, "", err
	}
}
