package ledger

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"net/url"
	"slices"
)

// openGroup is how many cases are opened in one commit.
const openGroup = 100

// OpenCases opens what was found, each once for ever: a case is known by its day,
// class, payment and amounts. It returns how many are new. Errors: ErrText, ErrSum, and the
// store's; those of earlier groups are open then.
func (s *Service) OpenCases(ctx context.Context, by string, found []NewCase) (opened int, err error) {
	for group := range slices.Chunk(found, openGroup) {
		keys := Keys{}
		for _, n := range group {
			keys.Documents = append(keys.Documents, n.opened(by).name(), newestCaseKey(n.Code, n.Ref))
		}
		count := 0
		err := s.store.Apply(ctx, keys, func(state State) (Change, error) {
			change, err := DecideOpenCases(state, by, group, s.now())
			count = len(change.Entries)
			return change, err
		})
		if err != nil {
			return opened, fmt.Errorf("open %d cases: %w", len(group), err)
		}
		opened += count
	}
	return opened, nil
}

// Case is the one with an id, with all that was done about it, oldest first; the
// adjustment that it made is among that. Error: ErrNotFound.
func (s *Service) Case(ctx context.Context, id uint64) (Case, []Record, error) {
	c, err := loadDocument[Case](ctx, s.store, caseKey(id))
	if err != nil {
		return Case{}, nil, fmt.Errorf("case %d: %w", id, err)
	}
	records, err := s.recordsOf(ctx, c.Last, math.MaxInt)
	if err == nil && c.Booked != 0 {
		var booked []Record
		booked, err = s.store.Records(ctx, c.Booked-1, 1)
		records = append(records, booked...)
	}
	if err != nil {
		return Case{}, nil, fmt.Errorf("history of case %d: %w", id, err)
	}
	slices.SortFunc(records, func(a, b Record) int { return cmp.Compare(a.Seq, b.Seq) })
	return c, records, nil
}

// CaseQuery asks for cases. Empty members ask for all.
type CaseQuery struct {
	// Open asks for those that are not resolved.
	Open bool
	// Class, Owner and Code are those of the case.
	Class, Owner string
	Code         PaymentCode
	// After is the last id that was listed.
	After uint64
	// Limit is the most cases on a page.
	Limit int
}

// CasePage is a page of cases, the oldest first.
type CasePage struct {
	Cases []Case
	// Next is where more follow; 0 when there are none. A page is shorter than its
	// limit where few of many cases are asked for.
	Next uint64
}

// caseScan is how many cases are looked at for a page.
const caseScan = 5000

// Cases lists cases. Errors are the store's.
func (s *Service) Cases(ctx context.Context, q CaseQuery) (CasePage, error) {
	page := CasePage{Next: q.After}
	for scanned := 0; scanned < caseScan; {
		ids, more, err := s.caseIDs(ctx, q.Open, page.Next)
		if err != nil {
			return CasePage{}, fmt.Errorf("list cases: %w", err)
		}
		scanned += len(ids)
		cases, err := s.casesByID(ctx, ids)
		if err != nil {
			return CasePage{}, fmt.Errorf("list cases: %w", err)
		}
		for i, c := range cases {
			page.Next = c.ID
			if q.matches(c) {
				page.Cases = append(page.Cases, c)
			}
			if len(page.Cases) == q.Limit {
				if !more && i == len(ids)-1 {
					page.Next = 0
				}
				return page, nil
			}
		}
		if !more {
			page.Next = 0
			return page, nil
		}
	}
	return page, nil
}

// casesByID loads cases in one read, in the order of ids. Error: ErrNotFound.
func (s *Service) casesByID(ctx context.Context, ids []uint64) ([]Case, error) {
	var keys Keys
	for _, id := range ids {
		keys.Documents = append(keys.Documents, caseKey(id))
	}
	state, err := s.store.Load(ctx, keys)
	if err != nil {
		return nil, err
	}
	cases := make([]Case, len(ids))
	for i, id := range ids {
		if cases[i], err = loadedCase(state, id); err != nil {
			return nil, err
		}
	}
	return cases, nil
}

// CasesOf lists the cases of some classes that are about one day, resolved ones
// too, by class. Of cases of the same difference only the newest is listed. What
// it reads does not grow with the cases of other days. Errors are the store's.
func (s *Service) CasesOf(ctx context.Context, day Day, classes []string) ([]Case, error) {
	var all []Case
	for _, class := range classes {
		prefix := CaseOpened{Class: class, Day: day}.names()
		for after := ""; ; {
			ids, next, err := listDocuments[uint64](ctx, s.store, prefix, after, documentPage)
			if err != nil {
				return nil, fmt.Errorf("list cases of %s: %w", day, err)
			}
			cases, err := s.casesByID(ctx, ids)
			if err != nil {
				return nil, fmt.Errorf("list cases of %s: %w", day, err)
			}
			all = append(all, cases...)
			if after = next; after == "" {
				break
			}
		}
	}
	return all, nil
}

// names begins the names of all cases of the event's class and day.
func (e CaseOpened) names() string {
	return prefixCaseName + url.QueryEscape(e.Class) + "/" + url.QueryEscape(string(e.Day)) + "/"
}

// NewestCase is the newest case that was opened of a payment by what its files
// have; false where none was. Errors are the store's.
func (s *Service) NewestCase(ctx context.Context, code PaymentCode, ref TrackingRef) (Case, bool, error) {
	newest, err := loadDocument[newestCase](ctx, s.store, newestCaseKey(code, ref))
	if errors.Is(err, ErrNotFound) {
		return Case{}, false, nil
	}
	var c Case
	if err == nil {
		c, err = loadDocument[Case](ctx, s.store, caseKey(newest.ID))
	}
	if err != nil {
		return Case{}, false, fmt.Errorf("newest case of code %s ref %s: %w", code, ref, err)
	}
	return c, true, nil
}

// caseIDs lists the ids of cases that follow one.
func (s *Service) caseIDs(ctx context.Context, open bool, after uint64) (ids []uint64, more bool, err error) {
	if open {
		key := ""
		if after != 0 {
			key = openCaseKey(after)
		}
		ids, next, err := listDocuments[uint64](ctx, s.store, prefixOpenCase, key, documentPage)
		return ids, next != "", err
	}
	key := ""
	if after != 0 {
		key = caseKey(after)
	}
	cases, next, err := listDocuments[Case](ctx, s.store, prefixCase, key, documentPage)
	for _, c := range cases {
		ids = append(ids, c.ID)
	}
	return ids, next != "", err
}

func (q CaseQuery) matches(c Case) bool {
	return (!q.Open || c.State != CaseResolved) &&
		(q.Class == "" || q.Class == c.Class) &&
		(q.Owner == "" || q.Owner == c.Owner) &&
		(q.Code == "" || q.Code == c.Code)
}

// NoteCase adds a note to a case. Errors: ErrNotFound, ErrText, and the store's.
func (s *Service) NoteCase(ctx context.Context, id uint64, by, text string) (Case, error) {
	return s.changeCase(ctx, id, func(state State) (Change, error) {
		return DecideNote(state, CaseNoted{Case: id, Text: text, By: by}, s.now())
	})
}

// AssignCase gives a case to an owner; empty is nobody. Errors as for NoteCase.
func (s *Service) AssignCase(ctx context.Context, id uint64, by, owner string) (Case, error) {
	return s.changeCase(ctx, id, func(state State) (Change, error) {
		return DecideNote(state, CaseNoted{Case: id, Assigned: true, Owner: owner, By: by}, s.now())
	})
}

// CanDo is nil where an act without an amount can be done on a case's payment as it
// stands. Errors: ErrAct, which says why not, and the store's.
func (s *Service) CanDo(ctx context.Context, c Case, act Act) error {
	state, err := s.store.Load(ctx, c.keys(s.Today()))
	if err != nil {
		return fmt.Errorf("case %d: %w", c.ID, err)
	}
	c.Proposal = &Proposal{Act: act}
	if _, err := DecideAdjustment(state, c, Approval{}, s.agreement, s.now()); err != nil {
		return fmt.Errorf("case %d: %w", c.ID, err)
	}
	return nil
}

// Propose proposes how to resolve a case. Errors: ErrNotFound, ErrCaseState,
// ErrAct, ErrText, and the store's.
func (s *Service) Propose(ctx context.Context, id uint64, p Proposal) (Case, error) {
	return s.changeCase(ctx, id, func(state State) (Change, error) {
		return DecidePropose(state, id, p, s.agreement, s.now())
	})
}

// Withdraw takes a proposal back, or rejects it. Errors: ErrNotFound,
// ErrCaseState, ErrText, and the store's.
func (s *Service) Withdraw(ctx context.Context, id uint64, by, why string) (Case, error) {
	return s.changeCase(ctx, id, func(state State) (Change, error) {
		return DecideWithdraw(state, id, by, why, s.now())
	})
}

// Approve does what another person has proposed. An approval that is repeated,
// its answer lost, gets the case as it is. Errors: ErrNotFound, ErrSamePerson,
// ErrCaseState, ErrAct, and the store's.
func (s *Service) Approve(ctx context.Context, id uint64, p Approval) (Case, error) {
	c, err := s.changeCase(ctx, id, func(state State) (Change, error) {
		return DecideApprove(state, id, p, s.agreement, s.now())
	})
	if errors.Is(err, ErrCaseState) {
		there, loadErr := loadDocument[Case](ctx, s.store, caseKey(id))
		if loadErr == nil && there.State == CaseResolved && there.Proposal.Seq == p.Seq && there.ApprovedBy == p.By {
			return there, nil
		}
	}
	return c, err
}

// changeCase puts a decision about a case to the store, with all that the acts
// need to know of its payment.
func (s *Service) changeCase(ctx context.Context, id uint64, decide func(State) (Change, error)) (Case, error) {
	c, err := loadDocument[Case](ctx, s.store, caseKey(id))
	if err == nil {
		err = s.store.Apply(ctx, c.keys(s.Today()), decide)
	}
	if err != nil {
		return Case{}, fmt.Errorf("case %d: %w", id, err)
	}
	return loadDocument[Case](ctx, s.store, caseKey(id))
}

// keys are what deciding about the case needs.
func (c Case) keys(today Day) Keys {
	return Keys{
		Code: c.Code, Ref: c.Ref, Store: c.Store, Newest: true, Day: today,
		Documents: []string{caseKey(c.ID), newestCaseKey(c.Code, c.Ref), transferKey(c.Reference)},
	}
}
