package notifications

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"paypoint/ledger"
)

const (
	// maxLooked is how many notifications are looked at for one page, and maxRead
	// how many rows and records are read for it: a tenth of a second's work.
	maxLooked = 500
	maxRead   = 10_000
)

// filter is what a list is asked for; empty members ask for all.
type filter struct {
	Merchant string
	States   []ledger.NotificationState
	Class    class
	Event    ledger.Standing
	// From and To bound the event's time; To itself is left out.
	From, To time.Time
}

// undelivered says that everything asked for is in the outbox.
func (f filter) undelivered() bool {
	return len(f.States) > 0 && !slices.ContainsFunc(f.States, func(s ledger.NotificationState) bool {
		return s != ledger.NotificationWaiting && s != ledger.NotificationFailed
	})
}

// fitsRecord holds what a record says by itself against the filter.
func (f filter) fitsRecord(c candidate) bool {
	return (f.Event == "" || f.Event == c.Standing) && (f.Merchant == "" || c.Merchant == "" || f.Merchant == c.Merchant) &&
		!c.At.Before(f.From) && (f.To.IsZero() || c.At.Before(f.To))
}

// fits holds a notification against the rest of it.
func (f filter) fits(e entry, last answer) bool {
	return (f.Merchant == "" || f.Merchant == e.Charge.Merchant) &&
		(len(f.States) == 0 || slices.Contains(f.States, e.State)) && (f.Class == "" || f.Class == last.Class)
}

// place is where a page begins: before a number, after one, or at the newest.
type place struct{ Before, After uint64 }

// found is a page of a list, the newest first.
type found struct {
	Rows []entry
	// Older and Newer are where to go on: what is below the one, and above the
	// other. 0 is nothing more.
	Older, Newer uint64
	// SearchedTo is how far was looked where that is not to the end, and the page is
	// not full.
	SearchedTo time.Time
	// Read counts the rows and records that were read.
	Read int
}

// search looks for a page of at most so many notifications.
func (a *area) search(ctx context.Context, f filter, at place, limit int) (found, error) {
	w, err := a.walkOf(ctx, f, at)
	if err != nil {
		return found{}, err
	}
	p := &picking{filter: f, finder: a.finder(), limit: limit, reached: w.at}
	for !w.over && !p.full {
		chunk, err := w.chunk(ctx)
		if err == nil {
			err = p.pick(ctx, chunk)
		}
		if err != nil {
			return found{}, err
		}
		if !p.full {
			p.reached, p.full = w.at, w.read >= maxRead
		}
	}
	page := p.page(at, w)
	if page.Older != 0 && len(page.Rows) < limit && !w.newer {
		page.SearchedTo, err = timeOf(ctx, w.reader, page.Older)
	}
	return page, err
}

// picking picks from what a walk finds what is asked for.
type picking struct {
	filter
	finder
	limit, looked int
	rows          []entry
	// reached is the number up to which everything was looked at, and full says that
	// the page or its work has come to its bound there.
	reached uint64
	full    bool
}

// pick goes through a chunk.
func (p *picking) pick(ctx context.Context, chunk []candidate) error {
	for _, c := range chunk {
		if p.full = len(p.rows) == p.limit || p.looked == maxLooked; p.full {
			return nil
		}
		p.reached = c.Seq
		if !p.fitsRecord(c) {
			continue
		}
		p.looked++
		e, err := p.of(ctx, c.Number, c.Seq)
		if errors.Is(err, ledger.ErrNotFound) {
			continue // nobody was to be told
		}
		if err != nil {
			return err
		}
		if p.fits(e, lastAnswer(e.Notification, p.MaskURL)) {
			p.rows = append(p.rows, e)
		}
	}
	return nil
}

// page is what was picked, the newest first, and where its neighbours begin.
func (p *picking) page(at place, w *walk) found {
	page := found{Rows: p.rows, Read: w.read}
	if w.newer {
		slices.Reverse(page.Rows)
		page.Older = at.After + 1
		if p.full {
			page.Newer = p.reached
		}
		return page
	}
	if at.Before != 0 {
		page.Newer = at.Before - 1
	}
	if p.full && p.reached > w.first {
		page.Older = p.reached
	}
	return page
}

// timeOf is when the record with a number was decided; zero where there is none.
func timeOf(ctx context.Context, reader ledger.Reader, seq uint64) (time.Time, error) {
	records, err := reader.Records(ctx, seq-1, 1)
	if err != nil || len(records) == 0 {
		return time.Time{}, err
	}
	return records[0].At, nil
}

// walkOf is the walk for a filter from a place on.
func (a *area) walkOf(ctx context.Context, f filter, at place) (*walk, error) {
	reader := a.Ledger.Reader()
	last, err := reader.Head(ctx)
	if err != nil {
		return nil, fmt.Errorf("find the newest record: %w", err)
	}
	w := &walk{reader: reader, undelivered: f.undelivered(), newer: at.After != 0, first: 1, last: last, at: last + 1}
	if !f.From.IsZero() {
		if w.first, err = firstFrom(ctx, reader, last, f.From); err != nil {
			return nil, err
		}
	}
	if !f.To.IsZero() {
		end, err := firstFrom(ctx, reader, last, f.To)
		if err != nil {
			return nil, err
		}
		w.last = end - 1
		w.at = end
	}
	switch {
	case w.newer:
		w.at = at.After
	case at.Before != 0:
		w.at = min(w.at, at.Before)
	}
	return w, nil
}
