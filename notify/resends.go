package notify

import (
	"context"
	"fmt"
	"slices"

	"paypoint/ledger"
)

// ErrBusy: so many resends of the merchant wait for their turn that no more is
// taken. It counts as ledger.ErrBusy, too: nothing has changed, try again.
var ErrBusy error = busyError{}

type busyError struct{}

// Error says what to do.
func (busyError) Error() string {
	return fmt.Sprintf("%d resends of the merchant wait for their turn already: try again", MaxWaitingResends)
}

// Is lets callers that know the ledger alone tell it.
func (busyError) Is(target error) bool { return target == ledger.ErrBusy }

// resend is a resend that waits or is under way.
type resend struct {
	notice ledger.Notice
	// callers counts those who wait for it. Where none is left before its turn,
	// it is not made.
	callers int
	// done is closed when attempts and err are there.
	done     chan struct{}
	attempts []ledger.Attempt
	err      error
}

// resendQueue is a merchant's resends.
type resendQueue struct {
	running int
	waiting []*resend
}

// Resend posts a notice once to each of its targets, at once and whatever
// became of it before, and waits for the answers; none are returned when there
// is nobody to tell. Success ends a delivery that waits or has failed; a failure
// changes no schedule. Who asks for the same notice meanwhile gets the same
// attempts. Errors are ErrBusy, the ledger's, and those of ctx, which stops no
// attempts that have begun.
func (s *Service) Resend(ctx context.Context, n ledger.Notice) ([]ledger.Attempt, error) {
	r, err := s.askForResend(n)
	if err != nil {
		return nil, fmt.Errorf("resend notice %d: %w", n.Seq, err)
	}
	select {
	case <-ctx.Done():
		s.leaveResend(r)
		return nil, fmt.Errorf("resend notice %d: %w", n.Seq, ctx.Err())
	case <-r.done:
		if r.err != nil {
			return nil, fmt.Errorf("resend notice %d: %w", n.Seq, r.err)
		}
		return r.attempts, nil
	}
}

// askForResend joins a resend of the same notice, or takes a place for one.
func (s *Service) askForResend(n ledger.Notice) (*resend, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.resends[n.Seq]
	if r == nil {
		queue := s.queues[n.Merchant]
		if queue == nil {
			queue = &resendQueue{}
			s.queues[n.Merchant] = queue
		}
		if len(queue.waiting) >= MaxWaitingResends {
			return nil, ErrBusy
		}
		r = &resend{notice: n, done: make(chan struct{})}
		s.resends[n.Seq] = r
		queue.waiting = append(queue.waiting, r)
		s.startResends(n.Merchant)
	}
	r.callers++
	return r, nil
}

// leaveResend frees the place of a resend that nobody waits for any more, if its
// turn has not come.
func (s *Service) leaveResend(r *resend) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r.callers--
	queue := s.queues[r.notice.Merchant]
	if r.callers > 0 || queue == nil {
		return
	}
	if i := slices.Index(queue.waiting, r); i >= 0 {
		queue.waiting = slices.Delete(queue.waiting, i, i+1)
		delete(s.resends, r.notice.Seq)
	}
}

// startResends starts those of a merchant's resends whose turn has come. The
// caller holds mu.
func (s *Service) startResends(merchant string) {
	queue, pool := s.queues[merchant], &s.shares.resends
	for len(queue.waiting) > 0 && queue.running < pool.share(resendsPart, floorResends, MaxResends) {
		r := queue.waiting[0]
		queue.waiting = slices.Delete(queue.waiting, 0, 1)
		queue.running++
		pool.used++
		s.busy++
		go s.runResend(r)
	}
	if queue.running == 0 {
		delete(s.queues, merchant)
	}
}

// runResend makes a resend whose turn has come, and lets the next have its own.
func (s *Service) runResend(r *resend) {
	r.attempts, r.err = s.resend(r.notice)
	s.mu.Lock()
	defer s.mu.Unlock()
	// Whoever asks from now on begins anew.
	delete(s.resends, r.notice.Seq)
	close(r.done)
	s.queues[r.notice.Merchant].running--
	s.shares.resends.used--
	s.startResends(r.notice.Merchant)
	s.busy--
	s.idle.Broadcast()
}
