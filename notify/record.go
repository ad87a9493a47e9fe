package notify

import (
	"context"
	"fmt"
	"time"

	"paypoint/ledger"
)

const (
	// groupInterval is the least time between two groups that are written: one
	// wait for the disk serves all that ended meanwhile.
	groupInterval = 20 * time.Millisecond
	// maxOutcomes is how many notices one journal record tells of.
	maxOutcomes = 1000
)

// endedAttempt is an attempt that is not in the history yet.
type endedAttempt struct {
	delivery *delivery
	attempt  ledger.Attempt
	reason   Reason
}

// outcome is what became of a notice.
type outcome struct {
	notice ledger.Notice
	result ledger.NoticeResult
}

// startWriting lets one goroutine write to the history and one tell the ledger,
// as far as there is something to write. They end when nothing is left. The
// caller holds mu.
func (s *Service) startWriting() {
	if !s.recording && len(s.ended) > 0 {
		s.recording = true
		go s.record()
	}
	if !s.telling && len(s.outcomes) > 0 {
		s.telling = true
		go s.tellAll()
	}
}

func (s *Service) record() {
	for group := s.nextGroup(); len(group) > 0; group = s.nextGroup() {
		s.recordGroup(group)
	}
}

// nextGroup takes the attempts that ended since the last group, after a pause;
// none when recording is over.
func (s *Service) nextGroup() []endedAttempt {
	s.mu.Lock()
	if len(s.ended) == 0 {
		s.recording = false
		s.idle.Broadcast()
		s.mu.Unlock()
		return nil
	}
	pause := groupInterval - time.Since(s.recorded)
	s.mu.Unlock()
	time.Sleep(pause)

	s.mu.Lock()
	defer s.mu.Unlock()
	s.recorded = time.Now()
	group := s.ended
	s.ended = nil
	return group
}

// tellAll tells the ledger of outcomes until there are none. Those that it does
// not take wait for the next Step.
func (s *Service) tellAll() {
	for {
		err := s.flush()
		s.mu.Lock()
		if err != nil || len(s.outcomes) == 0 {
			s.telling = false
			s.idle.Broadcast()
			s.mu.Unlock()
			return
		}
		s.mu.Unlock()
	}
}

// recordGroup writes attempts to the history, and only then lets their lanes go
// on: what follows must not be delivered before the disk knows of what was.
func (s *Service) recordGroup(group []endedAttempt) {
	if len(group) == 0 {
		return
	}
	entries := make([]attempted, 0, len(group))
	for _, e := range group {
		entries = append(entries, attempted{e.delivery.notice.Notice, e.attempt})
	}
	if err := s.config.History.record(entries); err != nil {
		s.reportError(err)
	}
	for _, e := range group {
		s.reportAttempt(e.delivery.notice.Notice, e.attempt, e.reason)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	touched := map[*merchant]bool{}
	for _, e := range group {
		s.apply(e)
		touched[e.delivery.merchant] = true
	}
	for m := range touched {
		s.dispatch(m)
	}
	s.startWriting()
	s.busy -= len(group)
	s.idle.Broadcast()
}

// apply brings a delivery on by an attempt. The caller holds mu.
func (s *Service) apply(e endedAttempt) {
	d := e.delivery
	d.merchant.unrecorded--
	d.busy = false
	switch {
	case d.done(): // by a resend
	case e.attempt.Delivered:
		d.delivered = true
		d.merchant.recovered(d.host, s.config.Now())
	default:
		d.attempts++
		d.next, d.gaveUp, d.unreached = e.attempt.Next, e.attempt.Next.IsZero(), unreached(e.attempt.Status)
		d.merchant.noteOutage(d)
	}
	s.settle(d)
}

// settle looks whether a delivery, and its notice with it, is at its end, and
// lets the lane go on. The caller holds mu.
func (s *Service) settle(d *delivery) {
	m := d.merchant
	if result, over := d.notice.result(); over && m.notices[d.notice.Seq] == d.notice {
		delete(m.notices, d.notice.Seq)
		s.outcomes = append(s.outcomes, outcome{d.notice.Notice, result})
	}
	m.advance(d.lane())
}

// flush tells the ledger of all outcomes so far. Those that it does not take
// are kept.
func (s *Service) flush() error {
	s.flushing.Lock()
	defer s.flushing.Unlock()
	s.mu.Lock()
	outcomes := s.outcomes
	s.outcomes = nil
	s.mu.Unlock()
	// The ledger is told even when the service stops: it knows then what not to
	// repeat.
	err := s.tell(context.WithoutCancel(s.life), outcomes)
	if err != nil {
		s.reportError(err)
		s.mu.Lock()
		s.outcomes = append(outcomes, s.outcomes...)
		s.mu.Unlock()
	}
	return err
}

// tell tells the ledger what became of notices. It may be repeated.
func (s *Service) tell(ctx context.Context, outcomes []outcome) error {
	for len(outcomes) > 0 {
		some := outcomes[:min(len(outcomes), maxOutcomes)]
		outcomes = outcomes[len(some):]
		told := make([]ledger.NoticeOutcome, 0, len(some))
		for _, o := range some {
			told = append(told, ledger.NoticeOutcome{Seq: o.notice.Seq, Result: o.result})
		}
		if err := s.config.Ledger.Notified(ctx, told); err != nil {
			return fmt.Errorf("tell the ledger of notifications: %w", err)
		}
		for _, o := range some {
			if s.config.Report.Outcome != nil {
				s.config.Report.Outcome(o.notice, o.result)
			}
		}
	}
	return nil
}

func (s *Service) reportAttempt(n ledger.Notice, a ledger.Attempt, reason Reason) {
	if s.config.Report.Attempt == nil {
		return
	}
	s.config.Report.Attempt(AttemptReport{
		Notice: n, Target: MaskURL(a.Target), Status: a.Status, Reason: reason,
		Took: a.Took, Next: a.Next, Manual: a.Manual, Lag: a.At.Add(a.Took).Sub(n.At),
	})
}
