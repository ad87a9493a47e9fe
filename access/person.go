package access

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"time"

	"paypoint/ledger"
)

const (
	// MaxPersons is how many persons there can be. Those who leave count too,
	// for what they did stays under their id.
	MaxPersons = 1000
	// personVersion is the version of a person's setting. A program refuses
	// settings that are newer than itself.
	personVersion = 1
)

// What is wrong with a person.
var (
	// ErrPerson: the id, the name or the role breaks its rule.
	ErrPerson = errors.New("not a possible person")
	// ErrPersonTaken: there is a person with the id.
	ErrPersonTaken = errors.New("another person has the id")
	// ErrTooManyPersons: there are MaxPersons already.
	ErrTooManyPersons = errors.New("there are too many persons")
	// ErrUnknownPerson: there is no person with the id.
	ErrUnknownPerson = errors.New("no such person")
	// ErrInactivePerson: the person may do nothing.
	ErrInactivePerson = errors.New("the person is not active")
	// ErrLastApprover: without the person nobody could approve any more. Their
	// tokens can be revoked all the same.
	ErrLastApprover = errors.New("the person is the last active approver: let another one approve first")
)

// Person is who works in finance. It holds no secret.
type Person struct {
	// ID is 2 to 32 of a-z, 0-9, dot, hyphen and underscore, the first a letter or
	// a digit. Whatever the person does is recorded under it, so it never changes.
	ID string `json:"id"`
	// Name is what other persons are shown: 1 to MaxName printable characters.
	Name string `json:"name"`
	// Role is what the person may do.
	Role Role `json:"role"`
	// Active persons may call. The tokens of others are refused.
	Active bool `json:"active"`
	// Sandbox marks the persons whose tokens are known to everyone.
	Sandbox bool `json:"sandbox,omitempty"`
	// Created is when the person was added.
	Created time.Time `json:"created"`
	// Tokens are the person's bearer tokens, oldest first, expired ones too.
	Tokens []PersonToken `json:"tokens,omitempty"`
}

// NewPerson asks for a person. The rules are those of Person.
type NewPerson struct {
	ID, Name string
	Role     Role
}

// personShape is the shape of a person's id. It begins with no sign, so that no
// command takes it for an option and no URL for a folder.
var personShape = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{1,31}$`)

func (n NewPerson) check() error {
	if !personShape.MatchString(n.ID) {
		return fmt.Errorf("id: want 2 to 32 of a-z, 0-9, dot, hyphen and underscore, the first a letter or a digit: %w", ErrPerson)
	}
	if err := checkText("name", n.Name, MaxName, ErrPerson); err != nil {
		return err
	}
	return checkRole(n.Role)
}

func checkRole(role Role) error {
	if !role.known() {
		return fmt.Errorf("role: want one of %s: %w", Roles(), ErrPerson)
	}
	return nil
}

// personRecord is a person as their setting keeps them.
type personRecord struct {
	Version int           `json:"v"`
	ID      string        `json:"id"`
	Name    string        `json:"name"`
	Role    Role          `json:"role"`
	Active  bool          `json:"active"`
	Sandbox bool          `json:"sandbox,omitempty"`
	Created time.Time     `json:"created"`
	Tokens  []tokenRecord `json:"tokens,omitempty"`
}

// approves says whether the person can approve.
func (r personRecord) approves() bool { return r.Active && r.Role.Allows(RoleApprover) }

// person is the record without the digests of its tokens.
func (r personRecord) person() Person {
	p := Person{
		ID: r.ID, Name: r.Name, Role: r.Role,
		Active: r.Active, Sandbox: r.Sandbox, Created: r.Created.In(ledger.WIB),
	}
	for _, t := range r.Tokens {
		p.Tokens = append(p.Tokens, t.token())
	}
	return p
}

// readPerson reads a person's setting. It trusts nothing of it: a role that a
// later program knows must not pass for one of ours.
func readPerson(value []byte) (personRecord, error) {
	var r personRecord
	if err := json.Unmarshal(value, &r); err != nil {
		return personRecord{}, err
	}
	if r.Version != personVersion {
		return personRecord{}, fmt.Errorf("version %d, this program reads %d", r.Version, personVersion)
	}
	if err := (NewPerson{ID: r.ID, Name: r.Name, Role: r.Role}).check(); err != nil {
		return personRecord{}, err
	}
	if len(r.Tokens) > MaxTokens {
		return personRecord{}, fmt.Errorf("%d tokens: %w", len(r.Tokens), ErrTooManyTokens)
	}
	for i, t := range r.Tokens {
		if t.SHA256 == (digest{}) {
			return personRecord{}, fmt.Errorf("token %d has no SHA-256", i+1)
		}
	}
	return r, nil
}
