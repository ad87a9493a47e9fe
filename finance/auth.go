package finance

import (
	"errors"
	"io"
	"net/http"
	"strings"

	"paypoint/access"
)

// Caller is who calls, and what they may do.
type Caller struct {
	// ID is what the caller's acts are recorded under: a person's id, or that of
	// Operator, which no person can have.
	ID string
	// Name is for people to read.
	Name string
	// Role is what the caller may do.
	Role access.Role
	// Person says that it is a person of the staff, and no operator of the machine.
	Person bool
}

// Tokens knows persons by their bearer tokens.
type Tokens interface {
	// Check says whose token it is, in a time that does not depend on it.
	Check(token string) (access.Person, bool)
}

// BearerTokens authenticates by the header "Authorization: Bearer TOKEN"
// (RFC 6750, 2.1). Tokens in the URL or in a form are not looked at: they would
// end in logs.
func BearerTokens(t Tokens) func(*http.Request) (Caller, bool) {
	return func(r *http.Request) (Caller, bool) {
		scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		// RFC 9110, 11.1: the scheme's case does not matter.
		if !strings.EqualFold(scheme, "Bearer") || token == "" {
			return Caller{}, false
		}
		person, ok := t.Check(strings.TrimSpace(token))
		if !ok {
			return Caller{}, false
		}
		return Caller{ID: person.ID, Name: person.Name, Role: person.Role, Person: true}, true
	}
}

// Operator is who calls over a socket that only operators of the machine reach,
// without a token: they may do what finance may, except what needs a person.
func Operator(name string) Caller {
	id := "operator " + name
	return Caller{ID: id, Name: id, Role: access.RoleFinance}
}

// stillMay asks once more who calls: a body may take its time, and the caller may
// have been shut out, or have got another role, since it began.
func (a *api) stillMay(c *call, route route) error {
	caller, ok := a.Authenticate(c.r)
	if !ok || caller.ID != c.caller.ID {
		return errUnknownCaller(c.r)
	}
	return caller.allow(route.action, route.person)
}

// attended is a request's body that ends well only for a caller who may still ask
// for what they ask for. Nothing is done before a body has ended.
type attended struct {
	io.ReadCloser
	still func() error
}

// Read is io.Reader's.
func (b *attended) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if errors.Is(err, io.EOF) {
		if refused := b.still(); refused != nil {
			return n, refused
		}
	}
	return n, err
}

// allow refuses a caller who may not do what a route does.
func (c Caller) allow(action access.Action, person bool) error {
	switch {
	case c.Role == access.RoleMerchant:
		// What a merchant may is bound to their own, and this API's lists are of all.
		return failure{
			status: http.StatusForbidden, Code: "forbidden",
			Message: "it is for the staff: persons of merchants have the console",
		}
	case person && !c.Person:
		// Before the action, for an operator has no way to a person's.
		return failure{
			status: http.StatusForbidden, Code: "person_needed",
			Message: "it is recorded under a person's id: give the token of one, as Authorization: Bearer TOKEN",
		}
	case !c.Role.May(action):
		return failure{
			status: http.StatusForbidden, Code: "forbidden",
			Message: "it needs the right " + string(action) + ", which the role " + string(c.Role) + " does not have",
		}
	default:
		return nil
	}
}
