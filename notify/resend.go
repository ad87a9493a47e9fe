package notify

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"

	"golang.org/x/sync/semaphore"

	"paypoint/ledger"
)

// Resend posts a notice once to each of its targets, at once and whatever
// became of it before, and waits for the answers; none are returned when there
// is nobody to tell. Success ends a delivery that waits or has failed; a failure
// changes no schedule. Who asks for the same notice meanwhile gets the same
// attempts. Errors are the ledger's, and of ctx, which does not stop the
// attempts.
func (s *Service) Resend(ctx context.Context, n ledger.Notice) ([]ledger.Attempt, error) {
	done := s.resends.DoChan(strconv.FormatUint(n.Seq, 10), func() (any, error) { return s.resend(n) })
	select {
	case <-ctx.Done():
		return nil, fmt.Errorf("resend notice %d: %w", n.Seq, ctx.Err())
	case r := <-done:
		if r.Err != nil {
			return nil, fmt.Errorf("resend notice %d: %w", n.Seq, r.Err)
		}
		return r.Val.([]ledger.Attempt), nil
	}
}

func (s *Service) resend(n ledger.Notice) ([]ledger.Attempt, error) {
	s.mu.Lock()
	slots := s.resendSlots(n.Merchant)
	s.busy++
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.busy--
		s.idle.Broadcast()
	}()
	if err := slots.Acquire(s.life, 1); err != nil {
		return nil, err
	}
	defer slots.Release(1)
	view, err := s.config.Ledger.AsOf(s.life, n)
	if err != nil {
		return nil, err
	}
	own, only := ownTargets(view)
	targets := targetsOf(s.config.Merchants.NotificationURLs(n.Merchant), own, only)
	attempts, err := s.tryAll(n, targets)
	if err != nil {
		return nil, err
	}
	return attempts, s.resent(n, targets, attempts)
}

// resendSlots bounds a merchant's resends. The caller holds mu.
func (s *Service) resendSlots(merchant string) *semaphore.Weighted {
	if s.slots[merchant] == nil {
		s.slots[merchant] = semaphore.NewWeighted(MaxResends)
	}
	return s.slots[merchant]
}

// tryAll posts a notice to all its targets together and writes down the
// attempts. An error means that one could not be tried.
func (s *Service) tryAll(n ledger.Notice, targets []string) ([]ledger.Attempt, error) {
	// In the order of the targets, whichever answers first.
	attempts := make([]ledger.Attempt, len(targets))
	reasons := make([]Reason, len(targets))
	errs := make([]error, len(targets))
	var all sync.WaitGroup
	for i, target := range targets {
		all.Go(func() {
			attempts[i], reasons[i], errs[i] = s.try(s.life, n, target)
			attempts[i].Manual = true
		})
	}
	all.Wait()
	var tried []attempted
	for i, a := range attempts {
		if errs[i] == nil {
			tried = append(tried, attempted{n, a})
		}
	}
	if len(tried) > 0 {
		if err := s.config.History.record(tried); err != nil {
			s.reportError(err)
		}
	}
	for i, a := range attempts {
		if errs[i] == nil {
			s.reportAttempt(n, a, reasons[i])
		}
	}
	return attempts, errors.Join(errs...)
}

// resent ends what a resend has delivered: in memory, where the notice waits
// there, or else its row in the outbox, once every target has it.
func (s *Service) resent(n ledger.Notice, targets []string, attempts []ledger.Attempt) error {
	if s.resentInMemory(n, attempts) {
		return s.flush()
	}
	row, err := s.config.Ledger.Reader().Notice(s.life, n.Seq)
	if err != nil || row == nil || len(targets) == 0 {
		return err
	}
	past, err := s.config.History.attempts([]ledger.Notice{n})
	if err != nil {
		s.reportError(err)
	}
	all := append(past[n.Seq], attempts...)
	for _, target := range targets {
		if !progressOf(all, target).delivered {
			return nil
		}
	}
	return s.tell(s.life, []outcome{{*row, ledger.NoticeDelivered}})
}

// resentInMemory says whether the notice waits in memory.
func (s *Service) resentInMemory(n ledger.Notice, attempts []ledger.Attempt) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.merchants[n.Merchant]
	if m == nil || m.notices[n.Seq] == nil {
		return false
	}
	for _, d := range m.notices[n.Seq].deliveries {
		for _, a := range attempts {
			if a.Target == d.target && a.Delivered {
				d.delivered, d.gaveUp = true, false
				m.recovered(d.host, s.config.Now())
				s.settle(d)
			}
		}
	}
	s.dispatch(m)
	return true
}
