package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"go.uber.org/zap"

	"paypoint/access"
)

// newPerson is the request for a person, personRole that for another role.
type newPerson struct {
	ID       string      `json:"id"`
	Name     string      `json:"name"`
	Role     access.Role `json:"role"`
	Merchant string      `json:"merchant,omitempty"`
}

type personRole struct {
	Role     access.Role `json:"role"`
	Merchant string      `json:"merchant,omitempty"`
}

// temporaryPassword is a password that is shown this once.
type temporaryPassword struct {
	Password string    `json:"temporary_password"`
	Ends     time.Time `json:"temporary_password_ends"`
}

// addedPerson is a person with their first password.
type addedPerson struct {
	access.Person
	temporaryPassword
}

// newToken is the request for a token; without Expires it does not end.
type newToken struct {
	Label   string    `json:"label"`
	Expires time.Time `json:"expires,omitzero"`
}

// issuedToken is a token that is shown this once.
type issuedToken struct {
	Person string `json:"person"`
	ID     string `json:"id"`
	Token  string `json:"token"`
}

func (o *operators) listPersons(*http.Request) (any, error) {
	return append([]access.Person{}, o.app.staff.List()...), nil // nobody is [] in JSON too
}

func (o *operators) addPerson(r *http.Request) (any, error) {
	var n newPerson
	if err := json.NewDecoder(r.Body).Decode(&n); err != nil {
		return nil, fmt.Errorf("add person: %w", err)
	}
	p, err := o.app.staff.Add(r.Context(), operatorOf(r), access.NewPerson(n))
	if err != nil {
		return nil, err
	}
	note(r.Context(), zap.String("id", p.ID))
	password, err := o.newPassword(r, p.ID)
	p, _ = o.app.staff.Person(p.ID)
	return addedPerson{p, password}, err
}

// newPassword makes a temporary password for a person.
func (o *operators) newPassword(r *http.Request, id string) (temporaryPassword, error) {
	password, err := o.app.staff.TemporaryPassword(r.Context(), operatorOf(r), id)
	p, _ := o.app.staff.Person(id)
	return temporaryPassword{password, p.PasswordEnds}, err
}

func (o *operators) makePassword(r *http.Request) (any, error) {
	return o.newPassword(r, r.PathValue("id"))
}

func (o *operators) dropTOTP(r *http.Request) (any, error) {
	return o.app.staff.DropTOTP(r.Context(), operatorOf(r), r.PathValue("id"))
}

func (o *operators) endSignIns(r *http.Request) (any, error) {
	return o.app.staff.EndSignIns(r.Context(), operatorOf(r), r.PathValue("id"))
}

func (o *operators) setRole(r *http.Request) (any, error) {
	var wanted personRole
	if err := json.NewDecoder(r.Body).Decode(&wanted); err != nil {
		return nil, fmt.Errorf("set role: %w", err)
	}
	return o.app.staff.SetRole(r.Context(), operatorOf(r), r.PathValue("id"), wanted.Role, wanted.Merchant)
}

func (o *operators) setPersonActive(active bool) func(*http.Request) (any, error) {
	return func(r *http.Request) (any, error) {
		return o.app.staff.SetActive(r.Context(), operatorOf(r), r.PathValue("id"), active)
	}
}

func (o *operators) issueToken(r *http.Request) (any, error) {
	var wanted newToken
	if err := json.NewDecoder(r.Body).Decode(&wanted); err != nil {
		return nil, fmt.Errorf("issue token: %w", err)
	}
	person := r.PathValue("id")
	id, token, err := o.app.staff.IssueToken(r.Context(), operatorOf(r), person, wanted.Label, wanted.Expires)
	return issuedToken{person, id, token}, err
}

func (o *operators) revokeToken(r *http.Request) (any, error) {
	return o.app.staff.RevokeToken(r.Context(), operatorOf(r), r.PathValue("id"), r.PathValue("token"))
}
