package notify

import (
	"context"
	"time"

	"paypoint/ledger"
)

// expireInterval is how often what is past its retention is removed.
const expireInterval = time.Hour

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
// their Seqs, so that it stops at the first that is younger: it looks at what
// it drops, and at the few that have waited for longer than the retention.
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
