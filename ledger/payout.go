package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Payout is money that went out by bank: to a merchant for a statement, or back
// to who paid by a refund.
type Payout struct {
	// Reference is the bank's, and names it for ever.
	Reference string `json:"reference"`
	// Merchant and No name the statement; or Case the refund's case.
	Merchant string `json:"merchant,omitempty"`
	No       uint64 `json:"no,omitempty"`
	Case     uint64 `json:"case,omitempty"`
	// Amount is positive, or negative where a merchant pays what a statement has
	// below zero, or the bank sends a payout back.
	Amount Rupiah `json:"amount"`
	// On is the bank's value date.
	On Day `json:"on"`
	// At is when it was recorded, By by whom.
	At time.Time `json:"at,omitzero"`
	By string    `json:"by"`
}

// PaidOut books a payout.
type PaidOut struct {
	Payout
	// Day is the business day of its postings.
	Day Day `json:"day"`
}

// Kind names the event.
func (PaidOut) Kind() Kind { return KindPayout }

func payoutKey(reference string) string { return prefixPayout + reference }

// keys are what recording it needs; refunded is its case.
func (p Payout) keys(today Day, refunded Case) Keys {
	return Keys{
		Day: today, Code: refunded.Code, Ref: refunded.Ref,
		Documents: []string{payoutKey(p.Reference), statementKey(p.Merchant, p.No), caseKey(p.Case)},
	}
}

// same says whether the payout was recorded with these contents.
func (p Payout) same(q Payout) bool {
	p.At, p.By, q.At, q.By = time.Time{}, "", time.Time{}, ""
	return p == q
}

// DecidePayout records a payout once.
//
//	reference known, the same contents            -
//	known, others                                 ErrTaken
//	neither statement nor case, or both           ErrSum
//	the statement, or the refunded case, is not
//	there                                         ErrNotFound
//	more than is outstanding, or more back than
//	was paid                                      ErrSum
//	else                                          paid out
func DecidePayout(s State, p Payout, now time.Time) (Change, error) {
	if err := errors.Join(checkReference(p.Reference), checkBy(p.By)); err != nil {
		return Change{}, err
	}
	there, err := stateDocument[Payout](s, payoutKey(p.Reference))
	switch {
	case err != nil:
		return Change{}, err
	case there != nil && there.same(p):
		return Change{}, nil
	case there != nil:
		return Change{}, fmt.Errorf("payout %s of %s over %d: %w", p.Reference, there.On, there.Amount, ErrTaken)
	}
	account, paid, owed, err := p.owed(s)
	if err == nil {
		err = checkValueDate(p.On, now)
	}
	if err != nil {
		return Change{}, fmt.Errorf("payout %s: %w", p.Reference, err)
	}
	// The bank can send a payout back, but no more than went out.
	if least, most := min(-paid, owed-paid), max(-paid, owed-paid); p.Amount == 0 || p.Amount < least || p.Amount > most {
		return Change{}, fmt.Errorf("payout %s: amount %d is not within %d to %d, by what is outstanding and what was paid: %w", p.Reference, p.Amount, least, most, ErrSum)
	}
	p.At = time.Time{}
	return change(now, Entry{PaidOut{p, s.OpenDay}, []Posting{{account, p.Amount}, {Bank, -p.Amount}}}), nil
}

// owed is whose account the payout settles, what was paid of it, and what there is
// to pay in all.
func (p Payout) owed(s State) (account Account, paid, owed Rupiah, err error) {
	if (p.Merchant == "") == (p.Case == 0) {
		return "", 0, 0, fmt.Errorf("want either a merchant's statement or a case: %w", ErrSum)
	}
	if p.Case != 0 {
		c, err := loadedCase(s, p.Case)
		if err != nil {
			return "", 0, 0, err
		}
		if c.State != CaseResolved || c.Proposal.Act != ActRefund || c.Proposal.Amount < 0 {
			return "", 0, 0, fmt.Errorf("case %d is not resolved by a refund: %w", p.Case, ErrCaseState)
		}
		// A refund can have been taken back since.
		return Suspense, c.PaidOut, min(c.Proposal.Amount, c.PaidOut+s.Tx.toPayBack()), nil
	}
	closed, err := stateDocument[Statement](s, statementKey(p.Merchant, p.No))
	if err == nil && closed == nil {
		err = ErrNotFound
	}
	if err != nil {
		return "", 0, 0, fmt.Errorf("statement %d of %s: %w", p.No, p.Merchant, err)
	}
	return MerchantPayable(p.Merchant), closed.PaidOut, closed.NetPayable, nil
}

func projectPaidOut(rows Rows, e PaidOut, r Record) error {
	p := e.Payout
	p.At = r.At
	if err := putDocument(rows, payoutKey(p.Reference), p); err != nil {
		return err
	}
	if p.Case != 0 {
		return projectPaidBack(rows, p, r)
	}
	closed, err := documentOf[Statement](rows, statementKey(p.Merchant, p.No))
	if err != nil {
		return err
	}
	if closed == nil {
		return fmt.Errorf("statement %d of %s: %w", p.No, p.Merchant, ErrMissingRow)
	}
	closed.PaidOut += p.Amount
	return putDocument(rows, statementKey(p.Merchant, p.No), closed)
}

func projectPaidBack(rows Rows, p Payout, r Record) error {
	c, err := documentOf[Case](rows, caseKey(p.Case))
	if err != nil {
		return err
	}
	if c == nil {
		return fmt.Errorf("case %d: %w", p.Case, ErrMissingRow)
	}
	tx, err := rows.Transaction(c.Code, c.Ref)
	if err != nil {
		return err
	}
	if tx == nil {
		return fmt.Errorf("payment of code %s ref %s: %w", c.Code, c.Ref, ErrMissingRow)
	}
	tx.PaidBack += p.Amount
	if err := rows.PutTransaction(*tx); err != nil {
		return err
	}
	return changeCase(rows, p.Case, r.Seq, func(c *Case) { c.PaidOut += p.Amount })
}

// RecordPayout books a payout, once by its reference. Errors: ErrText, ErrSum,
// ErrPeriod, ErrTaken, ErrNotFound, ErrCaseState, and the store's.
func (s *Service) RecordPayout(ctx context.Context, p Payout) (Payout, error) {
	var refunded Case
	var err error
	if p.Case != 0 {
		refunded, err = loadDocument[Case](ctx, s.store, caseKey(p.Case))
	}
	if err == nil || errors.Is(err, ErrNotFound) { // which the decision tells
		err = s.store.Apply(ctx, p.keys(s.Today(), refunded), func(state State) (Change, error) {
			return DecidePayout(state, p, s.now())
		})
	}
	if err != nil {
		return Payout{}, fmt.Errorf("record payout: %w", err)
	}
	return loadDocument[Payout](ctx, s.store, payoutKey(p.Reference))
}

// Payouts lists payouts by their references, those that follow after. More
// follow next, unless it is empty. Errors are the store's.
func (s *Service) Payouts(ctx context.Context, after string, limit int) (page []Payout, next string, err error) {
	return listDocuments[Payout](ctx, s.store, prefixPayout, after, limit)
}
