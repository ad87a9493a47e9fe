package ledger

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"
)

// Place is a charge's place in the listing of a merchant's charges, which is
// by creation and then by number, the newest first. The zero place is before
// the newest.
type Place struct {
	Created time.Time
	Number  uint64
}

// IsZero says that it is the zero place.
func (p Place) IsZero() bool { return p.Number == 0 && p.Created.IsZero() }

// Compare is negative where p follows q in the listing, for the newest is first.
func (p Place) Compare(q Place) int {
	return cmp.Or(p.Created.Compare(q.Created), cmp.Compare(p.Number, q.Number))
}

// Place is the charge's own.
func (c Charge) Place() Place { return Place{Created: c.Created, Number: c.Number} }

// ListQuery asks for charges of one merchant. Empty members ask for all.
type ListQuery struct {
	Merchant string
	// Standings are those that a View shows.
	Standings []Standing
	// From and To bound the creation; To itself is left out.
	From, To time.Time
	Order    string
	Code     PaymentCode
	// Store is the StoreID where it was paid.
	Store string
	// Before is the last place that was listed.
	Before Place
	// Limit is the most charges on a page.
	Limit int
}

// ListPage is a page of a listing, the newest charge first.
type ListPage struct {
	Charges []View
	// More says that there may be more, from Next on. A page is shorter than its
	// limit where few of many charges are asked for.
	More bool
	Next Place
}

// Bounds of the work that one page may take.
const (
	// listScan is how many charges are looked at for a page.
	listScan = 2000
	// listChunk is how many places are read at once.
	listChunk = 200
)

// List lists a merchant's charges. Errors: ErrRecovery, and the store's.
func (s *Service) List(ctx context.Context, q ListQuery) (ListPage, error) {
	if err := s.complete(ctx); err != nil {
		return ListPage{}, fmt.Errorf("list charges of %s: %w", q.Merchant, err)
	}
	if q.Code != "" {
		return s.listCode(ctx, q)
	}
	page := ListPage{More: true, Next: q.Before}
	if page.Next.IsZero() && !q.To.IsZero() {
		page.Next = Place{Created: q.To}
	}
	for scanned := 0; page.More && scanned < listScan; {
		places, err := s.store.Listed(ctx, q.Merchant, q.Order, page.Next, listChunk)
		if err != nil {
			return ListPage{}, fmt.Errorf("list charges of %s: %w", q.Merchant, err)
		}
		page.More = len(places) == listChunk
		scanned += len(places)
		if err := s.listPlaces(ctx, q, places, &page); err != nil {
			return ListPage{}, fmt.Errorf("list charges of %s: %w", q.Merchant, err)
		}
		if len(page.Charges) == q.Limit {
			return page, nil
		}
	}
	return page, nil
}

// listPlaces adds the charges at places to a page until it is full.
func (s *Service) listPlaces(ctx context.Context, q ListQuery, places []Place, page *ListPage) error {
	for i, place := range places {
		if place.Created.Before(q.From) {
			page.More = false
			return nil
		}
		state, err := s.loadCharge(ctx, place.Number)
		if err != nil {
			return err
		}
		page.Next = place
		if v := s.view(state); q.matches(v) {
			page.Charges = append(page.Charges, v)
		}
		if len(page.Charges) == q.Limit {
			page.More = page.More || i < len(places)-1
			return nil
		}
	}
	return nil
}

// listCode lists the one charge that a payment code can name.
func (s *Service) listCode(ctx context.Context, q ListQuery) (ListPage, error) {
	state, err := s.store.Load(ctx, Keys{Code: q.Code, Details: true})
	if err != nil {
		return ListPage{}, fmt.Errorf("list charges of %s: %w", q.Merchant, err)
	}
	if state.Charge == nil || state.Charge.Merchant != q.Merchant || !q.Before.IsZero() {
		return ListPage{}, nil
	}
	v := s.view(state)
	if v.Created.Before(q.From) || !q.To.IsZero() && !v.Created.Before(q.To) || q.Order != "" && q.Order != v.Order || !q.matches(v) {
		return ListPage{}, nil
	}
	return ListPage{Charges: []View{v}}, nil
}

// matches holds a charge against what the listing's order does not bound.
func (q ListQuery) matches(v View) bool {
	if len(q.Standings) > 0 && !slices.Contains(q.Standings, v.Standing) {
		return false
	}
	return q.Store == "" || v.Payment != nil && v.Payment.Store == q.Store
}

// cancelBatch is how many charges are cancelled in one commit.
const cancelBatch = 256

// CancelOpen withdraws all of a merchant's charges that can be paid, and tells
// progress how many so far. Charges that are made while it works are withdrawn
// too; it ends when there are none. It returns how many it cancelled. Errors:
// ErrRecovery, and the store's.
func (s *Service) CancelOpen(ctx context.Context, merchant string, progress func(cancelled int)) (int, error) {
	if err := s.complete(ctx); err != nil {
		return 0, fmt.Errorf("cancel open charges of %s: %w", merchant, err)
	}
	cancelled := 0
	for done := (Place{}); ; {
		newest, err := s.newest(ctx, merchant)
		if err == nil && newest != done {
			err = s.cancelDownTo(ctx, merchant, done, func(more int) {
				cancelled += more
				progress(cancelled)
			})
		}
		if err != nil {
			return cancelled, fmt.Errorf("cancel open charges of %s: %w", merchant, err)
		}
		if newest == done {
			return cancelled, nil
		}
		done = newest
	}
}

// newest is the place of a merchant's newest charge; zero when there is none.
func (s *Service) newest(ctx context.Context, merchant string) (Place, error) {
	places, err := s.store.Listed(ctx, merchant, "", Place{}, 1)
	if err != nil || len(places) == 0 {
		return Place{}, err
	}
	return places[0], nil
}

// cancelDownTo withdraws what can be paid among the charges that are newer than
// a place.
func (s *Service) cancelDownTo(ctx context.Context, merchant string, oldest Place, cancelled func(more int)) error {
	for before := (Place{}); ; {
		places, err := s.store.Listed(ctx, merchant, "", before, cancelBatch)
		if err != nil {
			return err
		}
		keys := Keys{}
		for _, place := range places {
			before = place
			if place == oldest {
				break
			}
			keys.Numbers = append(keys.Numbers, place.Number)
		}
		if err := s.cancelAll(ctx, keys, cancelled); err != nil {
			return err
		}
		if len(places) < cancelBatch || before == oldest {
			return nil
		}
	}
}

// cancelAll withdraws what can be paid among some charges. It looks first: of a
// merchant's charges most are over, and only a few are worth a commit.
func (s *Service) cancelAll(ctx context.Context, keys Keys, cancelled func(more int)) error {
	state, err := s.store.Load(ctx, keys)
	if err != nil || DecideCancelAll(state, s.now()).Empty() {
		return err
	}
	count := 0
	err = s.store.Apply(ctx, keys, func(state State) (Change, error) {
		change := DecideCancelAll(state, s.now())
		count = len(change.Entries)
		return change, nil
	})
	if err == nil {
		cancelled(count)
	}
	return err
}
