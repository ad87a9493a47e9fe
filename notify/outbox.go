package notify

import (
	"context"
	"fmt"
	"slices"
	"time"

	"paypoint/ledger"
)

const (
	// outboxPage is how many rows of the outbox are read at once.
	outboxPage = 1000
	// maxRead is how many rows one Step takes into memory, at least, before those
	// are started.
	maxRead = 3000
	// maxPages bounds how many pages one Step reads for one merchant that lags.
	maxPages = 10
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
			// From the beginning of the outbox: the history tells what is done.
			anew := newMerchant(id, urls)
			anew.lagging = true
			s.merchants[id] = anew
		}
	}
}

// readOutbox takes what is new into memory, and what had no room before.
func (s *Service) readOutbox(ctx context.Context) error {
	for _, m := range s.lagging() {
		if err := s.catchUp(ctx, m); err != nil {
			return err
		}
	}
	// Rows that are passed over, failed ones for the most part, do not count:
	// after a start there may be a month of them.
	for read := 0; read < maxRead; {
		page, err := s.page(ctx, s.cursor)
		if err != nil || len(page) == 0 {
			return err
		}
		loaded, err := s.load(ctx, page)
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

// lagging are the merchants that have more in the outbox, and room again. A
// quarter of the room must be free, so that each reading is worth its while.
func (s *Service) lagging() []*merchant {
	s.mu.Lock()
	defer s.mu.Unlock()
	var lagging []*merchant
	for _, m := range s.merchants {
		if m.lagging && !m.stale && len(m.notices) <= s.config.MaxWaiting*3/4 {
			lagging = append(lagging, m)
		}
	}
	return lagging
}

// catchUp reads a merchant's notices from where it was left up to where all
// others are.
func (s *Service) catchUp(ctx context.Context, m *merchant) error {
	for range maxPages {
		page, err := s.page(ctx, m.resume)
		if err != nil {
			return err
		}
		// What follows the cursor is read with everybody else's.
		page = slices.DeleteFunc(page, func(n ledger.Notice) bool { return n.Seq > s.cursor })
		s.setLag(m, false, m.resume)
		if len(page) == 0 {
			return nil
		}
		last := page[len(page)-1].Seq
		page = slices.DeleteFunc(page, func(n ledger.Notice) bool { return n.Merchant != m.id })
		if _, err := s.load(ctx, page); err != nil {
			s.setLag(m, true, m.resume)
			return err
		}
		if m.lagging { // there was no room
			return nil
		}
		s.setLag(m, true, last)
	}
	return nil
}

func (s *Service) setLag(m *merchant, lagging bool, resume uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m.lagging, m.resume = lagging, resume
}

// load takes a page of the outbox into memory, as far as there is room, and
// counts what it took. What can't be read is left to be read again, for its
// merchant alone.
func (s *Service) load(ctx context.Context, page []ledger.Notice) (int, error) {
	wanted := s.admit(page)
	past, err := s.config.History.attempts(wanted)
	if err != nil {
		// Without its history a notice is delivered from the beginning.
		s.reportError(err)
	}
	for _, n := range wanted {
		v, err := s.config.Ledger.AsOf(ctx, n)
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
		if err != nil {
			s.reportError(fmt.Errorf("read a notice of %s: %w", n.Merchant, err))
		}
		s.hold(n, v, past[n.Seq], err == nil)
	}
	return len(wanted), nil
}

// admit picks from a page what has room in memory. Of a merchant that has none
// nothing more is taken, so that the order is kept.
func (s *Service) admit(page []ledger.Notice) []ledger.Notice {
	s.mu.Lock()
	defer s.mu.Unlock()
	var wanted []ledger.Notice
	admitted := map[string]int{}
	for _, n := range page {
		if n.Failed {
			continue
		}
		m := s.merchant(n.Merchant)
		switch {
		case m.lagging, m.stale:
		case len(m.notices)+admitted[n.Merchant] >= s.config.MaxWaiting:
			m.lagging, m.resume = true, n.Seq-1
		default:
			wanted = append(wanted, n)
			admitted[n.Merchant]++
		}
	}
	return wanted
}

// merchant is a merchant's place in memory, made where there is none. The
// caller holds mu.
func (s *Service) merchant(id string) *merchant {
	if s.merchants[id] == nil {
		s.merchants[id] = newMerchant(id, s.config.Merchants.NotificationURLs(id))
	}
	return s.merchants[id]
}

// hold takes a notice into memory with what the history knows of it.
func (s *Service) hold(n ledger.Notice, v ledger.View, past []ledger.Attempt, readable bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.merchant(n.Merchant)
	switch {
	case m.notices[n.Seq] != nil:
		return // a page that broke off is read again
	case m.lagging && n.Seq > m.resume:
		return // one before it could not be read
	case !readable:
		m.lagging, m.resume = true, n.Seq-1
		return
	}
	own, only := ownTargets(v)
	targets := targetsOf(m.urls, own, only)
	if len(targets) == 0 {
		s.outcomes = append(s.outcomes, outcome{n, ledger.NoticeDropped})
		return
	}
	// A crash between history and ledger leaves rows that are done.
	waiting := newNotice(m, n, targets, past)
	if result, over := waiting.result(); over {
		s.outcomes = append(s.outcomes, outcome{n, result})
		return
	}
	m.notices[n.Seq] = waiting
	for _, d := range waiting.deliveries {
		if !d.done() {
			m.add(d)
		}
	}
}

func newNotice(m *merchant, n ledger.Notice, targets []string, past []ledger.Attempt) *notice {
	waiting := &notice{Notice: n}
	for _, target := range targets {
		waiting.deliveries = append(waiting.deliveries, &delivery{
			progress: progressOf(past, target), merchant: m, notice: waiting, target: target, host: hostOf(target),
		})
	}
	return waiting
}

// expire removes what is past its retention: attempts, and notices that failed.
func (s *Service) expire(ctx context.Context) error {
	now := s.config.Now()
	if s.config.Retention == 0 || now.Sub(s.expired) < expireInterval {
		return nil
	}
	before := now.Add(-s.config.Retention)
	if err := s.dropFailed(ctx, before); err != nil {
		return err
	}
	if err := s.config.History.expire(before); err != nil {
		return err
	}
	s.expired = now
	return nil
}

// dropFailed ends notices that failed before a moment. Their times ascend with
// their Seqs.
func (s *Service) dropFailed(ctx context.Context, before time.Time) error {
	for after, done := uint64(0), false; !done; {
		page, err := s.page(ctx, after)
		if err != nil {
			return err
		}
		done = len(page) < outboxPage
		var old []outcome
		for _, n := range page {
			if !n.At.Before(before) {
				done = true
				break
			}
			if n.Failed {
				old = append(old, outcome{n, ledger.NoticeDropped})
			}
			after = n.Seq
		}
		// The ledger first: a notice must not show as waiting without its attempts.
		if err := s.tell(ctx, old); err != nil {
			return err
		}
	}
	return nil
}
