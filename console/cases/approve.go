package cases

import (
	"context"
	"crypto/sha256"
	"encoding/hex"

	"paypoint/access"
	"paypoint/console/frame"
	"paypoint/ledger"
)

// decideView is a proposal before a second person.
type decideView struct {
	rowView
	Means    string
	Fields   []fieldView
	Proposer access.Person
	Effect   effectView
	// Impossible says that the act can't be done any more; it can only be denied.
	Impossible bool
	// Shown is what is shown of the books.
	Shown  string
	MaxWhy int
}

// waiting is a case whose proposal a person may decide on. Errors: ErrCaseState
// where none waits, ErrSamePerson where it is the person's own.
func (a *area) waiting(c *frame.Call, id uint64) (ledger.Case, error) {
	one, _, err := a.Cases.Case(c.Context(), id)
	switch {
	case err != nil:
		return ledger.Case{}, err
	case one.State != ledger.CaseProposed:
		return ledger.Case{}, ledger.ErrCaseState
	case proposer(one) == c.Person().ID:
		return ledger.Case{}, ledger.ErrSamePerson
	}
	return one, nil
}

// decide answers GET /cases/{id}/approve: all that the proposer saw, and what they say.
func (a *area) decide(c *frame.Call) error {
	id, err := caseID(c)
	if err != nil {
		return err
	}
	return a.showDecision(c, id, nil)
}

// showDecision shows a proposal, with what was wrong with the reason to deny it.
func (a *area) showDecision(c *frame.Call, id uint64, faults frame.Faults) error {
	one, err := a.waiting(c, id)
	if err != nil {
		return told(err)
	}
	t := words(c.T)
	row, err := a.row(c.Context(), t, one)
	if err != nil {
		return told(err)
	}
	v := decideView{rowView: row.said(t), MaxWhy: ledger.MaxCaseText}
	v.Means, _ = t.explain(one.Class)
	if v.Fields, err = a.compare(c.Context(), t, c.Language(), one); err != nil {
		return err
	}
	v.Proposer = a.person(proposer(one))
	preview, shown, err := a.preview(c.Context(), id, *one.Proposal)
	if v.Impossible = isAct(err); err != nil && !v.Impossible {
		return told(err)
	}
	if !v.Impossible {
		v.Effect, v.Shown = t.effect(preview), shown
	}
	return c.Page("cases/decide", frame.Page{Title: c.T("cases.decide.title", "id", numbered(id)), Data: v, Faults: faults})
}

// person is who has an id, or had.
func (a *area) person(id string) access.Person {
	if p, known := a.Staff.Person(id); known {
		return p
	}
	return access.Person{ID: id, Name: id}
}

// approve answers POST /cases/{id}/approve.
func (a *area) approve(c *frame.Call) error {
	id, err := caseID(c)
	if err != nil {
		return err
	}
	form, err := c.Form()
	if err != nil {
		return err
	}
	version, shown := versionOf(form), form.Text("shown", hex.EncodedLen(sha256.Size))
	if form.Err() != nil {
		return form.Err()
	}
	after, err := a.approveOne(c, id, version, shown)
	if err != nil {
		return told(err)
	}
	c.Reason(after.Proposal.Why)
	if after.Booked == 0 {
		return c.Done(pathOf(id), "cases.done.approved")
	}
	return c.Done(pathOf(id), "cases.done.booked", "record", numbered(after.Booked))
}

// approveOne approves the proposal that a page has shown, unless the books have
// changed since. Errors: ErrCaseState where they have, and those of Approve.
func (a *area) approveOne(c *frame.Call, id, proposal uint64, shown string) (ledger.Case, error) {
	one, err := a.waiting(c, id)
	if err != nil {
		return ledger.Case{}, err
	}
	_, now, err := a.preview(c.Context(), id, *one.Proposal)
	if err != nil {
		return ledger.Case{}, err
	}
	if now != shown {
		return ledger.Case{}, ledger.ErrCaseState
	}
	// Whoever goes away takes nothing back.
	return a.Cases.Approve(context.WithoutCancel(c.Context()), id, ledger.Approval{Seq: proposal, By: c.Person().ID, Receipt: a.NewReceipt()})
}

// deny answers POST /cases/{id}/deny: another person's proposal is rejected.
func (a *area) deny(c *frame.Call) error {
	return a.takeBack(c, a.showDecision, "cases.done.denied", func(one ledger.Case) error {
		if proposer(one) == c.Person().ID {
			return ledger.ErrSamePerson
		}
		return nil
	})
}

// withdraw answers POST /cases/{id}/withdraw: the proposer takes it back.
func (a *area) withdraw(c *frame.Call) error {
	return a.takeBack(c, a.showOne, "cases.done.withdrawn", func(one ledger.Case) error {
		if proposer(one) != c.Person().ID {
			return frame.Forbidden()
		}
		return nil
	})
}

// takeBack ends the proposal that a page has shown, with a reason. again shows the
// page where the reason is wrong.
func (a *area) takeBack(c *frame.Call, again func(*frame.Call, uint64, frame.Faults) error, done string, may func(ledger.Case) error) error {
	id, err := caseID(c)
	if err != nil {
		return err
	}
	form, err := c.Form()
	if err != nil {
		return err
	}
	version := versionOf(form)
	if form.Err() != nil {
		return form.Err()
	}
	why := form.Text("why", ledger.MaxCaseText)
	if form.Err() != nil {
		return again(c, id, form.Faults())
	}
	one, _, err := a.Cases.Case(c.Context(), id)
	switch {
	case err != nil:
		return told(err)
	case one.State != ledger.CaseProposed || one.Proposal.Seq != version:
		return told(ledger.ErrCaseState)
	}
	if err := may(one); err != nil {
		return told(err)
	}
	c.Reason(why)
	if _, err := a.Cases.Withdraw(c.Context(), id, c.Person().ID, why); err != nil {
		return told(err)
	}
	return c.Done(pathOf(id), done)
}
