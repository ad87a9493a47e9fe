package people

import (
	"fmt"

	"paypoint/access"
	"paypoint/access/audit"
	"paypoint/access/login"
	"paypoint/console/frame"
)

// oneView is one person.
type oneView struct {
	row
	Facts   []frame.Fact
	SignIns []login.Login
	// Acts are what can be done, empty for whom nothing can.
	Acts []actLink
	// Self says that it is the person's own page.
	Self bool
}

// actLink leads to the page of an act.
type actLink struct{ Name, Text string }

// person finds the person that the address names.
func (a *area) person(c *frame.Call) (access.Person, error) {
	id := c.R.PathValue("id")
	c.Object(audit.KindUser, id)
	p, is := a.Staff.Person(id)
	if !is {
		return access.Person{}, frame.NotFound("people.none")
	}
	return p, nil
}

// show answers GET /people/{id}.
func (a *area) show(c *frame.Call) error {
	p, err := a.person(c)
	if err != nil {
		return err
	}
	signIns, err := a.Logins.Of(p)
	if err != nil {
		return fmt.Errorf("show person %s: %w", p.ID, err)
	}
	v := oneView{row: rowOf(c, p), Facts: facts(c, p), SignIns: signIns, Self: p.ID == c.Person().ID}
	for _, act := range a.acts() {
		if c.May(access.ActUserWrite) && !v.Self && act.fits(p) {
			v.Acts = append(v.Acts, actLink{act.name, c.T("people.act." + act.name)})
		}
	}
	return c.Page("people/one", frame.Page{Title: p.Name, Data: v})
}

// facts are what is known of a person.
func facts(c *frame.Call, p access.Person) []frame.Fact {
	r := rowOf(c, p)
	all := []frame.Fact{
		{Label: c.T("people.id"), Value: p.ID, Copy: true},
		{Label: c.T("people.role"), Value: r.RoleName},
		{Label: c.T("people.added"), At: p.Created},
		{Label: c.T("people.signs_in"), Value: r.SignsIn},
	}
	if p.Merchant != "" {
		all = append(all, frame.Fact{Label: c.T("people.merchant"), Value: p.Merchant, Link: frame.MerchantPath(p.Merchant)})
	}
	if p.MustChange {
		all = append(all, frame.Fact{Label: c.T("people.password_ends"), At: p.PasswordEnds})
	}
	for _, token := range p.Tokens {
		text := token.Label
		if !token.Expires.IsZero() {
			text = c.T("people.token.until", "label", token.Label, "time", token.Expires)
		}
		all = append(all, frame.Fact{Label: c.T("people.token", "id", token.ID), Value: text})
	}
	return all
}
