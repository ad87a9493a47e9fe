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

type personCommand struct {
	Add        personAddCommand        `cmd:"" help:"Add a person of finance."`
	List       personListCommand       `cmd:"" help:"List the persons with their roles and tokens."`
	Role       personRoleCommand       `cmd:"" help:"Give a person another role."`
	Activate   personActivateCommand   `cmd:"" help:"Let a person in again."`
	Deactivate personDeactivateCommand `cmd:"" help:"Shut a person out; what they did stays under their id."`
	Token      personTokenCommand      `cmd:"" help:"Give out a person's finance tokens, and end them."`
}

// personsPath is where operators have the persons.
const personsPath = "/operator/v1/persons"

// personPath is where they have one of them, or a part of it.
func personPath(id, part string) string { return personsPath + "/" + url.PathEscape(id) + part }

// personID is the argument of the commands about a person.
type personID struct {
	ID string `arg:"" name:"person" help:"Id: 2 to 32 of a-z, 0-9, dot, hyphen and underscore."`
}

type personAddCommand struct {
	personID
	Name string `arg:"" help:"Name, for other persons."`
	Role string `help:"viewer reads, finance works and proposes, approver approves too." enum:"viewer,finance,approver" default:"viewer"`
}

// Help shows an example.
func (personAddCommand) Help() string {
	return "Then give out a token: paypoint person token issue.\n\nExample:\n  paypoint person add siti 'Siti Rahayu' --role approver"
}

// Run adds a person.
func (c *personAddCommand) Run(s *session) error {
	return ask(s, "POST", personsPath, newPerson{c.ID, c.Name, access.Role(c.Role)}, s.printPerson)
}

func (s *session) printPerson(p access.Person) error {
	state := "may call"
	if !p.Active {
		state = "is shut out"
	}
	s.printf("person %s (%s), %s, %s\n", p.ID, p.Name, p.Role, state)
	return nil
}

type personListCommand struct{}

// Help shows an example.
func (personListCommand) Help() string { return "Example:\n  paypoint person list" }

// Run lists the persons.
func (c *personListCommand) Run(s *session) error {
	return ask(s, "GET", personsPath, nil, func(all []access.Person) error {
		return s.printTable("person\tname\trole\tactive\ttokens", func(w table) {
			for _, p := range all {
				tokens := make([]string, len(p.Tokens))
				for i, t := range p.Tokens {
					tokens[i] = t.ID + " (" + t.Label + ends(t.Expires) + ")"
				}
				w.printf("%s\t%s\t%s\t%t\t%s\n", p.ID, p.Name, p.Role, p.Active, cmp.Or(strings.Join(tokens, ", "), "-"))
			}
		})
	})
}

// ends says when a token does, if it does.
func ends(expires time.Time) string {
	if expires.IsZero() {
		return ""
	}
	return ", until " + clock(expires)
}

type personRoleCommand struct {
	personID
	Role string `arg:"" help:"viewer, finance or approver." enum:"viewer,finance,approver"`
}

// Help shows an example.
func (personRoleCommand) Help() string {
	return "Example:\n  paypoint person role siti finance"
}

// Run gives a person another role.
func (c *personRoleCommand) Run(s *session) error {
	return ask(s, "PUT", personPath(c.ID, "/role"), personRole{access.Role(c.Role)}, s.printPerson)
}

type personActivateCommand struct{ personID }

// Help shows an example.
func (personActivateCommand) Help() string {
	return "Example:\n  paypoint person activate siti"
}

// Run lets a person in again.
func (c *personActivateCommand) Run(s *session) error {
	return ask(s, "PUT", personPath(c.ID, "/active"), nil, s.printPerson)
}

type personDeactivateCommand struct{ personID }

// Help shows an example.
func (personDeactivateCommand) Help() string {
	return "Their tokens are refused from then on.\n\nExample:\n  paypoint person deactivate siti"
}

// Run shuts a person out.
func (c *personDeactivateCommand) Run(s *session) error {
	return ask(s, "DELETE", personPath(c.ID, "/active"), nil, s.printPerson)
}

type personTokenCommand struct {
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
		"Examples:\n  paypoint person token issue siti laptop --expiry 2026-12-31\n" +
		"  paypoint person token issue siti laptop --json | jq -r .token > ~/.paypoint-token"
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
	return "Example:\n  paypoint person token revoke siti 3f2a9c41"
}

// Run ends a token.
func (c *tokenRevokeCommand) Run(s *session) error {
	return ask(s, "DELETE", personPath(c.ID, "/tokens/"+url.PathEscape(c.Token)), nil, s.printPerson)
}
