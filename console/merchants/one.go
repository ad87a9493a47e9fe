package merchants

import (
	"context"

	"paypoint/access"
	"paypoint/console/frame"
	"paypoint/ledger"
	"paypoint/reconcile"
)

// newestStatements is how many statements a merchant's page shows.
const newestStatements = 6

// oneView is a merchant's page.
type oneView struct {
	row
	Merchant access.Merchant
	Overview []frame.Fact
	// Keys are the valid keys: the first signs, a second waits for its first use.
	Keys []access.Key
	// URLs are masked.
	URLs    []string
	MayURLs bool
	Limits  Limits
	// Terms are those in force, and Rates in the order in which they begin.
	Terms      reconcile.TermsInForce
	Rates      []ratesRow
	Statements []ledger.Statement
	More       bool
	// People are those who sign in for the merchant.
	People []access.Person
}

// HoldSeconds is the settlement hold.
func (v oneView) HoldSeconds() int64 { return seconds(v.Merchant.Hold) }

// one shows all of a merchant.
func (a *area) one(c *frame.Call) error {
	m, err := a.own(c)
	if err != nil {
		return err
	}
	view, err := a.oneView(c, m)
	if err != nil {
		return told(err)
	}
	return c.Page("merchants/one", frame.Page{Title: m.Name, Data: view})
}

func (a *area) oneView(c *frame.Call, m access.Merchant) (oneView, error) {
	ctx := c.Context()
	rows, err := a.rows(ctx, []access.Merchant{m}, c)
	if err != nil {
		return oneView{}, err
	}
	view := oneView{
		row: rows[0], Merchant: m, Keys: m.Keys, URLs: a.masked(a.Merchants.NotificationURLs(m.ID)), MayURLs: mayURLs(c), Limits: a.Limits,
		People: a.people(m.ID),
	}
	view.Overview = overview(c, view)
	if view.Terms, err = a.Books.Terms(ctx, m.ID); err != nil {
		return oneView{}, err
	}
	view.Rates = ratesRows(c.Language(), view.Terms.Rates)
	view.Statements, view.More, err = a.statementsBelow(ctx, m.ID, 0, newestStatements)
	return view, err
}

// overview says whether the merchant can take payments and what it is owed.
func overview(c *frame.Call, v oneView) []frame.Fact {
	fact := func(word, value string) frame.Fact {
		return frame.Fact{Label: c.T("merchants.column." + word), Value: value}
	}
	failing := fact("failing", c.T(countWord("merchants.count", v.AtLeast), "count", v.Failing))
	of := ""
	if _, all := c.Scope(); all {
		of = v.ID
	}
	failing.Link = frame.Filtered(frame.PathNotifications, "merchant", of, "state", string(ledger.NotificationFailed))
	return []frame.Fact{
		{Label: c.T("merchants.column.id"), Value: v.ID, Copy: true},
		fact("prefix", v.Merchant.Prefix),
		{Label: c.T("merchants.column.created"), At: v.Merchant.Created},
		fact("paid", c.T("merchants.paid", "count", v.Paid, "amount", v.Amount)),
		fact("open", c.T("merchants.count", "count", v.Open)),
		failing,
		fact("waiting", c.T(countWord("merchants.count", v.AtLeast), "count", v.Waiting)),
		fact("owed", c.T("merchants.amount", "amount", v.Owed)),
	}
}

// countWord is the key of a count that may be more.
func countWord(key string, atLeast bool) string {
	if atLeast {
		return key + "_at_least"
	}
	return key
}

// people are the persons who are bound to a merchant.
func (a *area) people(merchant string) []access.Person {
	var people []access.Person
	for _, p := range a.Staff.List() {
		if p.Merchant == merchant {
			people = append(people, p)
		}
	}
	return people
}

// statementsView is the list of a merchant's statements.
type statementsView struct {
	Merchant   access.Merchant
	Statements []ledger.Statement
}

// statements lists what was settled with a merchant, the newest first.
func (a *area) statements(c *frame.Call) error {
	m, err := a.own(c)
	if err != nil {
		return err
	}
	q, err := c.Query()
	if err != nil {
		return err
	}
	before, _, err := q.Numbers()
	if err != nil {
		return err
	}
	list, more, err := a.statementsBelow(c.Context(), m.ID, before, pageRows)
	if err != nil {
		return told(err)
	}
	if more {
		q.Next(numberText(list[len(list)-1].No))
	}
	q.Shown(len(list))
	return c.Page("merchants/statements", frame.Page{
		Title: c.T("merchants.statements.title", "name", m.Name), Query: q, Data: statementsView{m, list},
	})
}

// statementsBelow are a merchant's statements with numbers below one, or from the
// newest on where it is 0. more says that there are older ones.
func (a *area) statementsBelow(ctx context.Context, merchant string, below uint64, limit int) (list []ledger.Statement, more bool, err error) {
	last, found, err := a.Ledger.LastStatement(ctx, merchant)
	if err != nil || !found {
		return nil, false, err
	}
	no := last.No
	if below != 0 {
		no = min(no, below-1)
	}
	for ; no > 0 && len(list) < limit; no-- {
		s, err := a.Ledger.Statement(ctx, merchant, no)
		if err != nil {
			return nil, false, err
		}
		list = append(list, s)
	}
	return list, no > 0, nil
}
