package ledger

import (
	"context"
	"fmt"
	"time"
)

// Preview is what a proposal would do if it were approved as things stand. The
// approval decides anew: see DecideApprove.
type Preview struct {
	// Adjusted and Postings are the journal entry to come; nil where nothing is
	// booked.
	Adjusted *Adjusted
	Postings []Posting
	// Merchant is the payment's, empty where the ledger does not know the code.
	Merchant string
	// Before and After are what the books have of the case's payment, or transfer.
	Before, After Stand
	// Told is what the merchant will be told; empty is nothing.
	Told Standing
	// LeavesCase says that what is left of the difference becomes another case.
	LeavesCase bool
}

// Stand is what the books have of a case's payment, or transfer.
type Stand struct {
	// Owed is what Indomaret owes for it, corrections included.
	Owed Rupiah
	// Payable is what the merchant is owed for it.
	Payable Rupiah
	// Surplus is what Indomaret has beyond the books; negative when it has less.
	Surplus Rupiah
	// Charge is how the payment code stands.
	Charge Standing
}

// Preview shows what a proposal for an unresolved case would do, and writes
// nothing. Only the Act, Amount and Why of p are looked at, and its By. Errors:
// ErrNotFound, ErrCaseState, ErrAct, and the store's.
func (s *Service) Preview(ctx context.Context, id uint64, p Proposal) (Preview, error) {
	c, err := loadDocument[Case](ctx, s.store, caseKey(id))
	if err != nil {
		return Preview{}, fmt.Errorf("preview of case %d: %w", id, err)
	}
	state, err := s.store.Load(ctx, c.keys(s.Today()))
	if err != nil {
		return Preview{}, fmt.Errorf("preview of case %d: %w", id, err)
	}
	preview, err := DecidePreview(state, id, p, s.agreement, s.now())
	if err != nil {
		return Preview{}, fmt.Errorf("preview of case %d: %w", id, err)
	}
	return preview, nil
}

// DecidePreview is Preview on what was loaded. It asks DecideAdjustment, which
// decides the approval too, so that what is shown is what is booked.
func DecidePreview(s State, id uint64, p Proposal, a Agreement, now time.Time) (Preview, error) {
	c, err := loadedCase(s, id)
	if err != nil {
		return Preview{}, err
	}
	if c.State == CaseResolved {
		return Preview{}, fmt.Errorf("case %d is %s: %w", id, c.State, ErrCaseState)
	}
	c.Proposal = &p
	change, err := DecideAdjustment(s, c, Approval{}, a, now)
	if err != nil {
		return Preview{}, err
	}
	surplus, err := c.surplus(s)
	if err != nil {
		return Preview{}, err
	}
	before := Stand{Owed: s.Tx.Owed(), Payable: s.Tx.payable(), Surplus: surplus, Charge: s.Charge.Standing(now)}
	preview := Preview{Before: before, After: before}
	if s.Charge != nil {
		preview.Merchant = s.Charge.Merchant
	}
	if !change.Empty() {
		preview.book(change.Entries[0], s.Charge, now)
	}
	return preview, nil
}

// book is what the entry of an adjustment changes.
func (p *Preview) book(entry Entry, charge *Charge, now time.Time) {
	e := entry.Event.(Adjusted)
	p.Adjusted, p.Postings, p.Told = &e, entry.Postings, e.told()
	p.After.Payable += e.Payable
	p.After.Surplus -= e.Net()
	p.LeavesCase = p.After.Surplus != 0
	if e.Reference == "" {
		// A transfer's write-off changes no payment.
		p.After.Owed += e.Net()
	}
	if charge != nil {
		after := *charge
		after.adjust(e, now)
		p.After.Charge = after.Standing(now)
	}
}

// payable is what a merchant is owed for the payment. Refunds and write-offs are
// not the merchant's matter.
func (t *Transaction) payable() Rupiah {
	if t == nil || t.State != TxPaid {
		return 0
	}
	return t.Amount
}
