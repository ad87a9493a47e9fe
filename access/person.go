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
	// personVersion is the version of a person's setting: 2 is the first with
	// passwords, one-time codes and merchants. A program refuses settings that
	// are newer than itself.
	personVersion = 2
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
	// ErrPersonChanged: somebody else has changed the person meanwhile.
	ErrPersonChanged = errors.New("the person was changed meanwhile: try again")
	// ErrInactivePerson: the person may do nothing.
	ErrInactivePerson = errors.New("the person is not active")
	// ErrLastApprover: without the person nobody could approve any more. Their
	// tokens can be revoked all the same.
	ErrLastApprover = errors.New("the person is the last active approver: let another one approve first")
	// ErrLastAdmin: without the person nobody could let anybody in any more, but
	// over the operators' socket.
	ErrLastAdmin = errors.New("the person is the last active admin: make another one an admin first")
)

// Person is who works with the console or with finance's API. It holds no
// secret.
type Person struct {
	// ID is 2 to 32 of a-z, 0-9, dot, hyphen and underscore, the first a letter or
	// a digit. Whatever the person does is recorded under it, so it never changes.
	ID string `json:"id"`
	// Name is what other persons are shown: 1 to MaxName printable characters.
	Name string `json:"name"`
	// Role is what the person may do.
	Role Role `json:"role"`
	// Merchant is whose person it is: the id of a merchant for RoleMerchant, empty
	// for all others.
	Merchant string `json:"merchant,omitempty"`
	// Active persons may call and sign in. The tokens and passwords of others are
	// refused.
	Active bool `json:"active"`
	// Sandbox marks the persons whose tokens and passwords are known to everyone.
	Sandbox bool `json:"sandbox,omitempty"`
	// HasPassword says that the person can sign in. MustChange says that the
	// password is a temporary one, good until PasswordEnds.
	HasPassword  bool      `json:"has_password"`
	MustChange   bool      `json:"must_change,omitempty"`
	PasswordEnds time.Time `json:"password_ends,omitzero"`
	// TOTP says that signing in takes a one-time code too.
	TOTP bool `json:"totp"`
	// Stamp counts what ends the person's sign-ins: another password or role, one
	// time codes dropped, being shut out. One that began under another stamp is over.
	Stamp uint64 `json:"-"`
	// Created is when the person was added.
	Created time.Time `json:"created"`
	// Tokens are the person's bearer tokens, oldest first, expired ones too.
	Tokens []PersonToken `json:"tokens,omitempty"`
}

// NewPerson asks for a person. The rules are those of Person.
type NewPerson struct {
	ID, Name string
	Role     Role
	Merchant string
}

// personShape is the shape of a person's id. It begins with no sign, so that no
// command takes it for an option and no URL for a folder.
var personShape = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{1,31}$`)

// PossibleID says whether a text can be a person's id.
func PossibleID(id string) bool { return personShape.MatchString(id) }

func (n NewPerson) check() error {
	if !PossibleID(n.ID) {
		return fmt.Errorf("id: want 2 to 32 of a-z, 0-9, dot, hyphen and underscore, the first a letter or a digit: %w", ErrPerson)
	}
	if err := checkText("name", n.Name, MaxName, ErrPerson); err != nil {
		return err
	}
	return checkRole(n.Role, n.Merchant)
}

// checkRole holds a role against the table and against the merchant whose
// person it is to be.
func checkRole(role Role, merchant string) error {
	switch {
	case !role.known():
		return fmt.Errorf("role: want one of %s: %w", Roles(), ErrPerson)
	case role == RoleMerchant && !idShape.MatchString(merchant):
		return fmt.Errorf("merchant: want G and nine digits for the role %s: %w", role, ErrPerson)
	case role != RoleMerchant && merchant != "":
		return fmt.Errorf("merchant: only persons of the role %s have one: %w", RoleMerchant, ErrPerson)
	default:
		return nil
	}
}

// personRecord is a person as their setting keeps them.
type personRecord struct {
	Version  int           `json:"v"`
	ID       string        `json:"id"`
	Name     string        `json:"name"`
	Role     Role          `json:"role"`
	Merchant string        `json:"merchant,omitempty"`
	Active   bool          `json:"active"`
	Sandbox  bool          `json:"sandbox,omitempty"`
	Created  time.Time     `json:"created"`
	Tokens   []tokenRecord `json:"tokens,omitempty"`
	// Stamp is Person's.
	Stamp uint64 `json:"stamp,omitempty"`
	// Password and TOTP are what the person signs in with; nil where there is none.
	Password *passwordRecord `json:"password,omitempty"`
	TOTP     *totpRecord     `json:"totp,omitempty"`
}

// may says whether the person can do something now.
func (r personRecord) may(a Action) bool { return r.Active && r.Role.May(a) }

// person is the record without its digests and its sealed secret.
func (r personRecord) person() Person {
	p := Person{
		ID: r.ID, Name: r.Name, Role: r.Role, Merchant: r.Merchant,
		Active: r.Active, Sandbox: r.Sandbox, Created: r.Created.In(ledger.WIB),
		TOTP: r.TOTP.confirmed(), Stamp: r.Stamp,
	}
	if r.Password != nil {
		p.HasPassword, p.MustChange = true, !r.Password.Ends.IsZero()
		if p.MustChange {
			p.PasswordEnds = r.Password.Ends.In(ledger.WIB)
		}
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
	if r.Version < 1 || r.Version > personVersion {
		return personRecord{}, fmt.Errorf("version %d, this program reads 1 to %d", r.Version, personVersion)
	}
	r.Version = personVersion
	if err := (NewPerson{ID: r.ID, Name: r.Name, Role: r.Role, Merchant: r.Merchant}).check(); err != nil {
		return personRecord{}, err
	}
	if err := r.Password.check(); err != nil {
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
