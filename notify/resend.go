package notify

import (
	"errors"
	"maps"
	"sync"

	"paypoint/ledger"
)

// resend posts a notice to all its targets and waits for the answers.
func (s *Service) resend(n ledger.Notice) ([]ledger.Attempt, error) {
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

// tryAll posts a notice to all its targets together and writes down the
// attempts. An error means that one could not be tried.
func (s *Service) tryAll(n ledger.Notice, targets []string) ([]ledger.Attempt, error) {
	// In the order of the targets, whichever answers first.
	attempts := make([]ledger.Attempt, len(targets))
	errs := make([]error, len(targets))
	var all sync.WaitGroup
	for i, target := range targets {
		all.Go(func() {
			attempts[i], errs[i] = s.try(s.life, n, target)
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
			s.reportAttempt(n, a)
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
	past, err := s.config.History.progress([]ledger.Notice{n})
	if err != nil {
		s.reportError(err)
	}
	all := progresses{}
	maps.Copy(all, past[n.Seq])
	for _, a := range attempts { // the history may not have them
		all.add(a)
	}
	for _, target := range targets {
		if !all[target].delivered {
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
