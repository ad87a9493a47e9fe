package ledger

import (
	"fmt"
	"time"
)

// NewCase is a difference that the matcher found.
type NewCase struct {
	Class string
	Day   Day
	Code  PaymentCode
	Ref   TrackingRef
	Store string
	// Ours to TheirsFee are as in Case.
	Ours, Theirs, OursFee, TheirsFee Rupiah
	Note                             string
}

// opened is the event.
func (n NewCase) opened(by string) CaseOpened {
	return CaseOpened{
		Class: n.Class, Day: n.Day, Code: n.Code, Ref: n.Ref, Store: n.Store,
		Ours: n.Ours, Theirs: n.Theirs, OursFee: n.OursFee, TheirsFee: n.TheirsFee,
		Note: n.Note, By: by,
	}
}

// maxReceived bounds a text that a file brings, in bytes: as long as the matcher
// takes it.
const maxReceived = 255

// check refuses what is no difference. Errors: ErrText, ErrSum.
func (n NewCase) check() error {
	// Without a class it would pass for a refused reversal.
	if err := checkName("class", n.Class); err != nil {
		return err
	}
	if n.Class == ClassReversalRefused || n.Class == ClassTransferDifference {
		return fmt.Errorf("class %s: the ledger opens these by itself: %w", n.Class, ErrText)
	}
	for _, field := range []struct{ name, text string }{{"code", string(n.Code)}, {"ref", string(n.Ref)}, {"store", n.Store}} {
		if len(field.text) > maxReceived {
			return fmt.Errorf("%s: %d bytes, limit %d: %w", field.name, len(field.text), maxReceived, ErrText)
		}
	}
	if n.Note != "" {
		if err := checkText("note", n.Note); err != nil {
			return err
		}
	}
	for _, amount := range []Rupiah{n.Ours, n.Theirs, n.OursFee, n.TheirsFee} {
		if amount < 0 || amount > MaxRupiah {
			return fmt.Errorf("amount %d: want 0 to %d: %w", amount, MaxRupiah, ErrSum)
		}
	}
	return nil
}

// DecideOpenCases opens those cases that were never opened before. Errors:
// ErrText, ErrSum.
func DecideOpenCases(s State, by string, found []NewCase, now time.Time) (Change, error) {
	if err := checkBy(by); err != nil {
		return Change{}, err
	}
	c := Change{At: now}
	seen := map[string]bool{}
	for _, n := range found {
		if err := n.check(); err != nil {
			return Change{}, fmt.Errorf("case of code %.70q ref %.70q: %w", n.Code, n.Ref, err)
		}
		opened := n.opened(by)
		name := opened.name()
		known, err := opened.known(s)
		if err != nil {
			return Change{}, err
		}
		if !known && !seen[name] {
			seen[name] = true
			c.Entries = append(c.Entries, Entry{Event: opened})
		}
	}
	return c, nil
}

// known says whether the difference has a case already. One that comes back, after
// a later match of the payment had found other amounts or none, is opened anew.
func (e CaseOpened) known(s State) (bool, error) {
	there, err := stateDocument[uint64](s, e.name())
	if err != nil || there == nil {
		return false, err
	}
	newest, err := stateDocument[newestCase](s, newestCaseKey(e.Code, e.Ref))
	return newest == nil || !newest.Gone && (newest.ID == *there || newest.Sums == e.sums()), err
}

// DecideNote adds a note, or an owner, to a case in any state. Errors:
// ErrNotFound, ErrText.
func DecideNote(s State, e CaseNoted, now time.Time) (Change, error) {
	if _, err := caseFor(s, e.Case, e.By); err != nil {
		return Change{}, err
	}
	if !e.Assigned {
		if err := checkText("note", e.Text); err != nil {
			return Change{}, err
		}
	}
	if e.Owner != "" {
		if err := checkName("owner", e.Owner); err != nil {
			return Change{}, err
		}
	}
	return change(now, Entry{Event: e}), nil
}

// DecidePropose proposes how to resolve a case.
//
//	open, the act can be done now    proposed
//	open, it can't                   ErrAct
//	proposed, resolved               ErrCaseState
func DecidePropose(s State, id uint64, p Proposal, a Agreement, now time.Time) (Change, error) {
	c, err := caseFor(s, id, p.By)
	if err != nil {
		return Change{}, err
	}
	if c.State != CaseOpen {
		return Change{}, fmt.Errorf("case %d is %s: %w", id, c.State, ErrCaseState)
	}
	if err := checkText("why", p.Why); err != nil {
		return Change{}, err
	}
	c.Proposal = &p
	if _, err := DecideAdjustment(s, c, Approval{}, a, now); err != nil {
		return Change{}, err
	}
	return change(now, Entry{Event: Proposed{Case: id, Act: p.Act, Amount: p.Amount, Why: p.Why, By: p.By}}), nil
}

// DecideWithdraw takes a proposal back, or rejects it.
//
//	proposed          open
//	open, resolved    ErrCaseState
func DecideWithdraw(s State, id uint64, by, why string, now time.Time) (Change, error) {
	c, err := caseFor(s, id, by)
	if err != nil {
		return Change{}, err
	}
	if c.State != CaseProposed {
		return Change{}, fmt.Errorf("case %d is %s: %w", id, c.State, ErrCaseState)
	}
	if err := checkText("why", why); err != nil {
		return Change{}, err
	}
	return change(now, Entry{Event: Withdrawn{Case: id, Why: why, By: by}}), nil
}

// Approval is a second person's consent to a proposal.
type Approval struct {
	// Seq is the proposal's.
	Seq uint64
	By  string
	// Receipt is the ReceiptCode of a payment that is recovered.
	Receipt string
}

// DecideApprove does what was proposed, and resolves the case.
//
//	proposed, by another person    the act's entries, resolved; a case of what they
//	                               leave of the difference
//	proposed, by the same          ErrSamePerson
//	another proposal, or none      ErrCaseState
//	the act can't be done now      ErrAct
func DecideApprove(s State, id uint64, p Approval, a Agreement, now time.Time) (Change, error) {
	c, err := caseFor(s, id, p.By)
	if err != nil {
		return Change{}, err
	}
	switch {
	case c.State != CaseProposed:
		return Change{}, fmt.Errorf("case %d is %s: %w", id, c.State, ErrCaseState)
	case c.Proposal.Seq != p.Seq:
		return Change{}, fmt.Errorf("case %d has proposal %d, not %d: %w", id, c.Proposal.Seq, p.Seq, ErrCaseState)
	case c.Proposal.By == p.By:
		return Change{}, fmt.Errorf("case %d: %w", id, ErrSamePerson)
	case c.Proposal.Act == ActRecover && p.Receipt == "":
		return Change{}, fmt.Errorf("case %d: a payment that is recovered needs a receipt code: %w", id, ErrText)
	}
	booked, err := DecideAdjustment(s, c, p, a, now)
	if err != nil {
		return Change{}, err
	}
	resolved := change(now, append(booked.Entries, Entry{Event: Resolved{Case: id, Proposal: p.Seq, By: p.By}})...)
	if booked.Empty() {
		return resolved, nil
	}
	rest, left, err := c.rest(s, booked.Entries[0].Event.(Adjusted))
	if left {
		resolved.Entries = append(resolved.Entries, Entry{Event: rest})
	}
	return resolved, err
}

// caseFor is a loaded case for a person to act on. Errors: ErrNotFound, ErrText.
func caseFor(s State, id uint64, by string) (Case, error) {
	if err := checkBy(by); err != nil {
		return Case{}, err
	}
	return loadedCase(s, id)
}
