package main

import (
	"cmp"
	"fmt"
	"net/url"
	"strings"
	"time"

	"paypoint/access"
	"paypoint/ledger"
)

type userCommand struct {
	Add        userAddCommand        `cmd:"" help:"Add a person, with a temporary password that is shown once."`
	List       userListCommand       `cmd:"" help:"List the persons with their roles and tokens."`
	Role       userRoleCommand       `cmd:"" help:"Give a person another role."`
	Activate   userActivateCommand   `cmd:"" help:"Let a person in again."`
	Deactivate userDeactivateCommand `cmd:"" help:"Shut a person out; what they did stays under their id."`
	Password   userPasswordCommand   `cmd:"" help:"Make a new temporary password, shown this once."`
	DropTotp   userDropTOTPCommand   `cmd:"" name:"drop-totp" help:"Take away one-time codes from who has lost theirs."`
	SignOut    userSignOutCommand    `cmd:"" help:"End all sign-ins of a person to the console."`
	Token      userTokenCommand      `cmd:"" help:"Give out a person's finance tokens, and end them."`
}

// personsPath is where operators have the persons.
const personsPath = "/operator/v1/persons"

// personPath is where they have one of them, or a part of it.
func personPath(id, part string) string { return personsPath + "/" + url.PathEscape(id) + part }

// personID is the argument of the commands about a person.
type personID struct {
	ID string `arg:"" name:"person" help:"Id: 2 to 32 of a-z, 0-9, dot, hyphen and underscore."`
}

// userRole is the role that a person has or gets, with whose person it is.
type userRole struct {
	Merchant string `help:"Id of the merchant whose person it is: of the role merchant alone." placeholder:"ID"`
}

type userAddCommand struct {
	personID
	Name string `arg:"" help:"Name, for other persons."`
	Role string `help:"viewer reads, finance works and proposes, approver approves too, operator runs merchants and jobs, merchant sees one merchant's, admin keeps the persons." enum:"viewer,finance,approver,operator,merchant,admin" default:"viewer"`
	userRole
}

// Help shows examples.
func (userAddCommand) Help() string {
	return "The temporary password is good for a day and has to be changed at the first sign-in to the console.\n" +
		"For the finance API give out a token: paypoint user token issue.\n\n" +
		"Examples:\n  paypoint user add siti 'Siti Rahayu' --role admin\n" +
		"  paypoint user add budi 'Budi' --role merchant --merchant G000000001"
}

// Run adds a person.
func (c *userAddCommand) Run(s *session) error {
	return ask(s, "POST", personsPath, newPerson{c.ID, c.Name, access.Role(c.Role), c.Merchant}, func(added addedPerson) error {
		if err := s.printPerson(added.Person); err != nil {
			return err
		}
		return s.printPassword(added.temporaryPassword)
	})
}

// printPassword shows a temporary password.
func (s *session) printPassword(p temporaryPassword) error {
	s.printf("temporary password, shown only now, good until %s: %s\n", clock(p.Ends), p.Password)
	return nil
}

func (s *session) printPerson(p access.Person) error {
	state := "may call"
	if !p.Active {
		state = "is shut out"
	}
	s.printf("person %s (%s), %s, %s\n", p.ID, p.Name, roleOf(p), state)
	return nil
}

// roleOf is a person's role, with whose person it is.
func roleOf(p access.Person) string {
	if p.Merchant == "" {
		return string(p.Role)
	}
	return string(p.Role) + " " + p.Merchant
}

type userListCommand struct{}

// Help shows an example.
func (userListCommand) Help() string { return "Example:\n  paypoint user list" }

// Run lists the persons.
func (c *userListCommand) Run(s *session) error {
	return ask(s, "GET", personsPath, nil, func(all []access.Person) error {
		return s.printTable("person\tname\trole\tactive\tsigns in by\ttokens", func(w table) {
			for _, p := range all {
				tokens := make([]string, len(p.Tokens))
				for i, t := range p.Tokens {
					tokens[i] = t.ID + " (" + t.Label + ends(t.Expires) + ")"
				}
				w.printf("%s\t%s\t%s\t%t\t%s\t%s\n", p.ID, p.Name, roleOf(p), p.Active, signsInBy(p), cmp.Or(strings.Join(tokens, ", "), "-"))
			}
		})
	})
}

// signsInBy says what a person needs to sign in.
func signsInBy(p access.Person) string {
	switch {
	case !p.HasPassword:
		return "-"
	case p.MustChange:
		return "temporary password"
	case p.TOTP:
		return "password and code"
	default:
		return "password"
	}
}

// ends says when a token does, if it does.
func ends(expires time.Time) string {
	if expires.IsZero() {
		return ""
	}
	return ", until " + clock(expires)
}

type userRoleCommand struct {
	personID
	Role string `arg:"" help:"viewer, finance, approver, operator, merchant or admin." enum:"viewer,finance,approver,operator,merchant,admin"`
	userRole
}

// Help shows an example.
func (userRoleCommand) Help() string {
	return "It ends their sign-ins to the console.\n\nExample:\n  paypoint user role siti finance"
}

// Run gives a person another role.
func (c *userRoleCommand) Run(s *session) error {
	return ask(s, "PUT", personPath(c.ID, "/role"), personRole{access.Role(c.Role), c.Merchant}, s.printPerson)
}

type userActivateCommand struct{ personID }

// Help shows an example.
func (userActivateCommand) Help() string {
	return "Example:\n  paypoint user activate siti"
}

// Run lets a person in again.
func (c *userActivateCommand) Run(s *session) error {
	return ask(s, "PUT", personPath(c.ID, "/active"), nil, s.printPerson)
}

type userDeactivateCommand struct{ personID }

// Help shows an example.
func (userDeactivateCommand) Help() string {
	return "Their tokens and their password are refused from then on.\n\nExample:\n  paypoint user deactivate siti"
}

// Run shuts a person out.
func (c *userDeactivateCommand) Run(s *session) error {
	return ask(s, "DELETE", personPath(c.ID, "/active"), nil, s.printPerson)
}

type userPasswordCommand struct{ personID }

// Help shows an example.
func (userPasswordCommand) Help() string {
	return "It is good for a day, has to be changed at the next sign-in, and ends the sign-ins there are.\n\nExample:\n  paypoint user password siti"
}

// Run makes a temporary password.
func (c *userPasswordCommand) Run(s *session) error {
	return ask(s, "POST", personPath(c.ID, "/password"), nil, s.printPassword)
}

type userDropTOTPCommand struct{ personID }

// Help shows an example.
func (userDropTOTPCommand) Help() string {
	return "Make sure who asks. A role that needs codes sets up new ones at the next sign-in.\n\nExample:\n  paypoint user drop-totp siti"
}

// Run takes one-time codes away.
func (c *userDropTOTPCommand) Run(s *session) error {
	return ask(s, "DELETE", personPath(c.ID, "/totp"), nil, s.printPerson)
}

type userSignOutCommand struct{ personID }

// Help shows an example.
func (userSignOutCommand) Help() string { return "Example:\n  paypoint user sign-out siti" }

// Run ends sign-ins.
func (c *userSignOutCommand) Run(s *session) error {
	return ask(s, "DELETE", personPath(c.ID, "/sign-ins"), nil, s.printPerson)
}

type userTokenCommand struct {
	Issue  tokenIssueCommand  `cmd:"" help:"Give out a token, shown this once."`
	Revoke tokenRevokeCommand `cmd:"" help:"End a token."`
}

type tokenIssueCommand struct {
	personID
	Label  string     `arg:"" help:"What the token is for."`
	Expiry ledger.Day `help:"Last day of it (yyyy-mm-dd), at most 400 days ahead; none when left out." placeholder:"DAY"`
}

// Help shows examples.
func (tokenIssueCommand) Help() string {
	return "Keep it in a file of mode 0600 for --token-file. A token does not end by itself without --expiry.\n\n" +
		"Examples:\n  paypoint user token issue siti laptop --expiry 2026-12-31\n" +
		"  paypoint user token issue siti laptop --json | jq -r .token > ~/.paypoint-token"
}

// Run gives out a token.
func (c *tokenIssueCommand) Run(s *session) error {
	wanted := newToken{Label: c.Label}
	if c.Expiry != "" {
		day, err := ledger.ParseDay(string(c.Expiry))
		if err != nil {
			return fmt.Errorf("%w: --expiry: %w", errUsage, err)
		}
		wanted.Expires = day.End(midnight.SinceMidnight())
	}
	return ask(s, "POST", personPath(c.ID, "/tokens"), wanted, func(issued issuedToken) error {
		s.printf("token %s of %s, shown only now: %s\n", issued.ID, issued.Person, issued.Token)
		return nil
	})
}

type tokenRevokeCommand struct {
	personID
	Token string `arg:"" help:"Id of the token, as list shows it."`
}

// Help shows an example.
func (tokenRevokeCommand) Help() string {
	return "Example:\n  paypoint user token revoke siti 3f2a9c41"
}

// Run ends a token.
func (c *tokenRevokeCommand) Run(s *session) error {
	return ask(s, "DELETE", personPath(c.ID, "/tokens/"+url.PathEscape(c.Token)), nil, s.printPerson)
}
