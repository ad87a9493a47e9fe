package ledger

import (
	"context"
	"fmt"
	"math"
	"slices"
)

// newestScan is how many cases CasesBefore looks at: a page waits for it.
const newestScan = 2000

// CasesBefore lists the cases that are kept, the newest first, from before the
// case with an id; 0 begins at the newest. Next of the page is the id to go on
// before. It looks at about newestScan cases: a page that is shorter than its
// limit and has a Next was not searched to the end. Errors are the store's.
func (s *Service) CasesBefore(ctx context.Context, before uint64, limit int, keep func(Case) bool) (CasePage, error) {
	page := CasePage{Next: before}
	if before == 0 {
		newest, err := s.newestCaseID(ctx)
		if err != nil {
			return CasePage{}, fmt.Errorf("list cases: %w", err)
		}
		page.Next = newest + 1
	}
	// Documents can only be listed forwards, so this walks back window by window.
	width := uint64(documentPage)
	for scanned := 0; page.Next > 1 && scanned < newestScan; {
		low := page.Next - 1 - min(width, page.Next-1)
		window, whole, err := s.caseWindow(ctx, low, page.Next)
		if err != nil {
			return CasePage{}, fmt.Errorf("list cases: %w", err)
		}
		scanned += len(window) + 1
		if !whole {
			width /= 2
			continue
		}
		for _, c := range slices.Backward(window) {
			page.Next = c.ID
			if keep(c) {
				page.Cases = append(page.Cases, c)
			}
			if len(page.Cases) == limit {
				return page, nil
			}
		}
		page.Next = low + 1
		if len(window) < documentPage/2 {
			width *= 2 // they lie far apart: look farther at once
		}
	}
	if page.Next <= 1 {
		page.Next = 0
	}
	return page, nil
}

// caseWindow lists the cases with ids above low and below high; whole is false
// where they are more than are read at once.
func (s *Service) caseWindow(ctx context.Context, low, high uint64) (window []Case, whole bool, err error) {
	cases, next, err := listDocuments[Case](ctx, s.store, prefixCase, caseKey(low), documentPage)
	if err != nil {
		return nil, false, err
	}
	end := slices.IndexFunc(cases, func(c Case) bool { return c.ID >= high })
	if end >= 0 {
		return cases[:end], true, nil
	}
	// Ids are whole numbers: all of a narrow window has been read.
	last := uint64(0)
	if len(cases) > 0 {
		last = cases[len(cases)-1].ID
	}
	return cases, next == "" || last+1 == high, nil
}

// newestCaseID is the highest id of a case; 0 where there is none.
func (s *Service) newestCaseID(ctx context.Context) (uint64, error) {
	low, high := uint64(0), uint64(math.MaxInt64)
	for low < high {
		middle := low + (high-low)/2
		after, err := s.store.Documents(ctx, prefixCase, caseKey(middle), 1)
		switch {
		case err != nil:
			return 0, err
		case len(after) == 0:
			high = middle
		default:
			low = middle + 1
		}
	}
	return low, nil
}
