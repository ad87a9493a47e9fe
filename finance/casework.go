package finance

import (
	"context"
	"fmt"
	"net/http"

	"paypoint/ledger"
)

// onCase reads a body, does something with the case in the path, and answers the
// case as it stands then. The body is read first: do has it.
func (a *api) onCase(c *call, body any, do func(ctx context.Context, id uint64) (ledger.Case, error)) error {
	id, err := caseID(c)
	if err != nil {
		return err
	}
	if err := bodyAlone(c, body); err != nil {
		return err
	}
	// A caller who hangs up takes nothing back.
	after, err := do(context.WithoutCancel(c.r.Context()), id)
	if err != nil {
		return aboutCase(id, err)
	}
	return answered(c, a.caseView(after), nil)
}

// noteCase adds a person's note.
func (a *api) noteCase(c *call) error {
	var body struct {
		Text string `json:"text"`
	}
	return a.onCase(c, &body, func(ctx context.Context, id uint64) (ledger.Case, error) {
		return a.Cases.NoteCase(ctx, id, c.caller.ID, body.Text)
	})
}

// assignCase gives a case to an owner, who is to be there to look into it; "" is
// nobody.
func (a *api) assignCase(c *call) error {
	var body struct {
		Owner string `json:"owner"`
	}
	return a.onCase(c, &body, func(ctx context.Context, id uint64) (ledger.Case, error) {
		if person, known := a.Staff.Person(body.Owner); body.Owner != "" && !(known && person.Active) {
			return ledger.Case{}, errNoOwner(body.Owner)
		}
		return a.Cases.AssignCase(ctx, id, c.caller.ID, body.Owner)
	})
}

// errNoOwner refuses an owner who would never look into a case.
func errNoOwner(id string) failure {
	return failure{
		status: http.StatusUnprocessableEntity, Code: "person_unknown", Field: "owner",
		Message: fmt.Sprintf("owner: want the id of an active person; %.40q is none", id),
	}
}

// propose proposes how to resolve a case.
func (a *api) propose(c *call) error {
	var body struct {
		Act    ledger.Act    `json:"act"`
		Amount ledger.Rupiah `json:"amount,omitempty"`
		Why    string        `json:"why"`
	}
	return a.onCase(c, &body, func(ctx context.Context, id uint64) (ledger.Case, error) {
		c.act.Proposed, c.act.Amount = body.Act, body.Amount
		return a.Cases.Propose(ctx, id, ledger.Proposal{Act: body.Act, Amount: body.Amount, Why: body.Why, By: c.caller.ID})
	})
}

// withdraw takes a proposal back, or rejects another's.
func (a *api) withdraw(c *call) error {
	var body struct {
		Why string `json:"why"`
	}
	return a.onCase(c, &body, func(ctx context.Context, id uint64) (ledger.Case, error) {
		return a.Cases.Withdraw(ctx, id, c.caller.ID, body.Why)
	})
}

// approve does what another person has proposed. The body names the proposal, so
// that nobody approves what was changed since they looked.
func (a *api) approve(c *call) error {
	var body struct {
		Proposal uint64 `json:"proposal"`
	}
	return a.onCase(c, &body, func(ctx context.Context, id uint64) (ledger.Case, error) {
		after, err := a.Cases.Approve(ctx, id, ledger.Approval{Seq: body.Proposal, By: c.caller.ID, Receipt: a.NewReceipt()})
		if after.Proposal != nil {
			c.act.Proposed, c.act.Amount = after.Proposal.Act, after.Proposal.Amount
		}
		return after, err
	})
}
