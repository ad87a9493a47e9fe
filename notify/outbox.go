package notify

import (
	"context"
	"fmt"
	"slices"

	"paypoint/ledger"
)

const (
	// outboxPage is how many rows of the outbox are read at once.
	outboxPage = 1000
	// maxRead is how many rows one Step takes into memory, at least, before those
	// are started.
	maxRead = 3000
	// lagPages bounds how many pages one Step reads for what lags of one merchant
	// or host, and allLagPages for all of them: what is new must not wait long.
	lagPages    = 10
	allLagPages = 100
)

// followURLs gives up what is in memory of merchants whose URLs have changed,
// as soon as none of their attempts is under way: reading the outbox anew then
// finds the new targets, and the history what the old ones have.
func (s *Service) followURLs() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, m := range s.merchants {
		urls := s.config.Merchants.NotificationURLs(id)
		if !slices.Equal(urls, m.urls) {
			m.stale = true
		}
		if m.stale && m.quiet() {
			s.forget(m)
			// From the beginning of the outbox: the history tells what is done.
			s.merchants[id] = newMerchant(id, urls, s.shares)
			s.merchants[id].lag(everything, 0)
		}
	}
}

// readOutbox takes what is new into memory, and what had no room before.
func (s *Service) readOutbox(ctx context.Context) error {
	pages := 0
	for _, l := range s.lagging() {
		read, err := s.catchUp(ctx, l)
		if err != nil {
			return err
		}
		if pages += read; pages >= allLagPages {
			break
		}
	}
	// Rows that are passed over, failed ones for the most part, do not count:
	// after a start there may be a month of them.
	for read := 0; read < maxRead; {
		page, err := s.page(ctx, s.cursor)
		if err != nil || len(page) == 0 {
			return err
		}
		loaded, err := s.load(ctx, page, everything)
		if err != nil {
			return err
		}
		read += loaded
		s.cursor = page[len(page)-1].Seq
		if len(page) < outboxPage {
			return nil
		}
	}
	return nil
}

func (s *Service) page(ctx context.Context, after uint64) ([]ledger.Notice, error) {
	page, err := s.config.Ledger.Reader().Outbox(ctx, after, outboxPage)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return nil, fmt.Errorf("read the outbox after %d: %w", after, err)
	}
	return page, nil
}

// laggard is a merchant's host, or the merchant as a whole, that has more in
// the outbox.
type laggard struct {
	merchant *merchant
	key      string
}

// lagging are those that have more in the outbox, and room again, in no order:
// where there are too many for one Step, each has its turn some time.
func (s *Service) lagging() []laggard {
	s.mu.Lock()
	defer s.mu.Unlock()
	var lagging []laggard
	for _, m := range s.merchants {
		for key := range m.lags {
			if !m.stale && m.catchesUp(key) {
				lagging = append(lagging, laggard{m, key})
			}
		}
	}
	return lagging
}

// catchUp reads a merchant's notices from where one of its hosts, or itself, was
// left, up to where all others are. It counts the pages that it read.
func (s *Service) catchUp(ctx context.Context, l laggard) (pages int, err error) {
	for pages < lagPages {
		resume := s.takeLag(l)
		page, err := s.page(ctx, resume)
		if err != nil {
			s.setLag(l, resume)
			return pages, err
		}
		pages++
		// What follows the cursor is read with everybody else's.
		page = slices.DeleteFunc(page, func(n ledger.Notice) bool { return n.Seq > s.cursor })
		if len(page) == 0 {
			return pages, nil
		}
		last := page[len(page)-1].Seq
		page = slices.DeleteFunc(page, func(n ledger.Notice) bool { return n.Merchant != l.merchant.id })
		if _, err := s.load(ctx, page, l.key); err != nil {
			s.setLag(l, resume)
			return pages, err
		}
		if s.setLag(l, last) { // there was no room
			return pages, nil
		}
	}
	return pages, nil
}

// takeLag ends a lag, so that what is read is taken, and tells from where on.
func (s *Service) takeLag(l laggard) (resume uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	resume = l.merchant.lags[l.key]
	delete(l.merchant.lags, l.key)
	return resume
}

// setLag sets a lag, and tells whether it lags from an earlier Seq already.
func (s *Service) setLag(l laggard, resume uint64) (already bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, already = l.merchant.lags[l.key]
	l.merchant.lag(l.key, resume)
	return already
}

// load takes a page of the outbox into memory, as far as there is room, and
// counts what it read. What can't be read is left to be read again, for its
// merchant alone.
func (s *Service) load(ctx context.Context, page []ledger.Notice, reader string) (int, error) {
	wanted := s.wanted(page)
	var unknown []ledger.Notice
	for _, r := range wanted {
		if !r.inMemory {
			unknown = append(unknown, r.Notice)
		}
	}
	past, err := s.config.History.progress(unknown)
	if err != nil {
		// Without its history a notice is delivered from the beginning.
		s.reportError(err)
	}
	for _, r := range wanted {
		if s.left(r, reader) {
			continue
		}
		if !r.inMemory {
			r.past = past[r.Seq]
			r.view, r.fault = s.config.Ledger.AsOf(ctx, r.Notice)
		}
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
		if r.fault != nil {
			s.reportError(fmt.Errorf("read a notice of %s: %w", r.Merchant, r.fault))
		}
		s.hold(r, reader)
	}
	return len(wanted), nil
}

// wanted picks from a page what is to be delivered and whose merchant does not
// lag as a whole.
func (s *Service) wanted(page []ledger.Notice) []row {
	s.mu.Lock()
	defer s.mu.Unlock()
	var wanted []row
	for _, n := range page {
		if n.Failed {
			continue
		}
		m := s.merchant(n.Merchant)
		if !m.stale && !m.behind(everything, n.Seq) {
			wanted = append(wanted, row{Notice: n, inMemory: m.notices[n.Seq] != nil})
		}
	}
	return wanted
}

// merchant is a merchant's place in memory, made where there is none. The
// caller holds mu.
func (s *Service) merchant(id string) *merchant {
	if s.merchants[id] == nil {
		s.merchants[id] = newMerchant(id, s.config.Merchants.NotificationURLs(id), s.shares)
	}
	return s.merchants[id]
}
