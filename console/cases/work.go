package cases

import (
	"context"

	"paypoint/access/audit"
	"paypoint/console/frame"
	"paypoint/ledger"
)

// note answers POST /cases/{id}/note.
func (a *area) note(c *frame.Call) error {
	id, err := caseID(c)
	if err != nil {
		return err
	}
	form, err := c.Form()
	if err != nil {
		return err
	}
	text := form.Text("text", ledger.MaxCaseText)
	if form.Err() != nil {
		return a.showOne(c, id, form.Faults())
	}
	if _, err := a.Cases.NoteCase(c.Context(), id, c.Person().ID, text); err != nil {
		return told(err)
	}
	return c.Done(pathOf(id), "cases.done.noted")
}

// pathOf is the page of a case.
func pathOf(id uint64) string { return "/cases/" + numbered(id) }

// assign answers POST /cases/{id}/assign: an empty owner is nobody.
func (a *area) assign(c *frame.Call) error {
	id, err := caseID(c)
	if err != nil {
		return err
	}
	form, err := c.Form()
	if err != nil {
		return err
	}
	owner := form.Optional("owner", maxOwner)
	if owner != "" && !a.owns(owner) {
		form.Fault("owner", "cases.no_owner")
	}
	if form.Err() != nil {
		return a.showOne(c, id, form.Faults())
	}
	before, _, err := a.Cases.Case(c.Context(), id)
	if err != nil {
		return told(err)
	}
	c.Changed(before.Owner, owner)
	if _, err := a.Cases.AssignCase(c.Context(), id, c.Person().ID, owner); err != nil {
		return told(err)
	}
	if owner == "" {
		return c.Done(pathOf(id), "cases.done.unassigned")
	}
	return c.Done(pathOf(id), "cases.done.assigned", "owner", owner)
}

// owns says whether a person can own a case: somebody must look into it.
func (a *area) owns(id string) bool {
	for _, p := range owners(a.Staff) {
		if p.ID == id {
			return true
		}
	}
	return false
}

// takeNext answers POST /cases/next: the oldest open case that nobody owns is the
// person's.
func (a *area) takeNext(c *frame.Call) error {
	next, err := a.oldest(c.Context(), c.Person().ID)
	if err != nil {
		return told(err)
	}
	if next.ID == 0 {
		return c.Done("/cases?tab=unowned", "cases.done.none_left")
	}
	c.Object(audit.KindCase, numbered(next.ID))
	c.Changed(next.Owner, c.Person().ID)
	if _, err := a.Cases.AssignCase(c.Context(), next.ID, c.Person().ID, c.Person().ID); err != nil {
		return told(err)
	}
	return c.Done(pathOf(next.ID), "cases.done.taken")
}

// oldest is the oldest case that nobody owns and that waits for a proposal; its id
// is 0 where there is none.
func (a *area) oldest(ctx context.Context, person string) (ledger.Case, error) {
	for c, err := range a.each(ctx, filter{tab: tabUnowned, person: person}) {
		if err != nil || c.State == ledger.CaseOpen {
			return c, err
		}
	}
	return ledger.Case{}, nil
}
