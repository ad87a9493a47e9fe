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
// on: so what a crash repeats is never older than what the receiver has.
//
// Where the history can't be written, on a full disk for example, they go on all
// the same. A merchant who waits for a payment's notice is worse off than one
// who gets some notices again, under their old webhook-id, should the process
// die before they are through. It is reported each time.
func (s *Service) recordGroup(group []endedAttempt) {
	entries := make([]attempted, 0, len(group))
	for _, e := range group {
		entries = append(entries, attempted{e.delivery.notice.Notice, e.attempt})
	}
	if err := s.config.History.record(entries); err != nil {
		s.reportError(err)
	}
	for _, e := range group {
		s.reportAttempt(e.delivery.notice.Notice, e.attempt)
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
	d.busy, d.early = false, false
	if !d.done() { // by a resend
		d.progress = d.after(e.attempt)
		if d.delivered {
			d.merchant.recovered(d.host, s.config.Now())
		}
		d.merchant.noteOutage(d)
	}
	s.settle(d)
}

// settle looks whether a delivery, and its notice with it, is at its end, and
// lets the lane go on. A notice of which a delivery was left out stays in the
// outbox until that one's host catches up; the history knows of the others. The
// caller holds mu.
func (s *Service) settle(d *delivery) {
	m, n := d.merchant, d.notice
	if m.notices[n.Seq] == n && n.idle() {
		delete(m.notices, n.Seq)
		if result, over := n.result(); over {
			s.outcomes = append(s.outcomes, outcome{n.Notice, result})
		}
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

func (s *Service) reportAttempt(n ledger.Notice, a ledger.Attempt) {
	if s.config.Report.Attempt == nil {
		return
	}
	s.config.Report.Attempt(AttemptReport{
		Notice: n, Target: MaskURL(a.Target), Status: a.Status, Reason: a.Reason.Class(),
		Took: a.Took, Next: a.Next, Manual: a.Manual, Lag: a.At.Add(a.Took).Sub(n.At),
	})
}
