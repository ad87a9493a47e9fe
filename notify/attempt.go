package notify

import (
	"context"
	"errors"
	"fmt"
	"time"

	"paypoint/ledger"
)

// untriedWait is the wait after an attempt that could not be made through a
// fault of ours. It does not count against the merchant.
const untriedWait = time.Minute

// errCut reports an attempt that was cut off because the service stops. What
// the receiver made of it is not known; it is repeated after the next start.
var errCut = errors.New("the attempt was cut off")

// attempt makes one attempt of the schedule and hands its result on.
func (s *Service) attempt(d *delivery) {
	n := d.notice.Notice
	a, err := s.try(s.life, n, d.target)
	if err != nil && !errors.Is(err, errCut) {
		s.reportError(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	d.merchant.release(d)
	if err != nil {
		d.busy, d.early = false, false
		if again := s.config.Now().Add(untriedWait); d.next.Before(again) {
			d.next = again
		}
		d.merchant.advance(d.lane())
		s.busy--
		s.idle.Broadcast()
	} else {
		// The wait begins at the attempt's end: a slow receiver gets all of it.
		a.Next = d.nextAfter(a, s.config.Now(), s.config.Jitter)
		d.merchant.unrecorded++
		s.ended = append(s.ended, endedAttempt{d, a})
		s.startWriting()
	}
	s.dispatch(d.merchant)
}

// try posts a notice to a target once. An error means that it was not tried, or
// cut off.
func (s *Service) try(ctx context.Context, n ledger.Notice, target string) (ledger.Attempt, error) {
	m, err := s.message(ctx, n, target)
	if err != nil {
		return ledger.Attempt{}, fmt.Errorf("notice %d of %s: %w", n.Seq, n.Merchant, err)
	}
	a := ledger.Attempt{At: s.config.Now(), Target: target}
	r := s.sender.send(ctx, m)
	switch {
	case r.ours != nil:
		return a, fmt.Errorf("notice %d of %s: post it: %w", n.Seq, n.Merchant, r.ours)
	case r.status == 0 && ctx.Err() != nil:
		return a, errCut
	}
	a.Took = s.config.Now().Sub(a.At)
	a.Status, a.Answer, a.Reason, a.Fault = r.status, r.answer, r.fault.reason, r.fault.text
	if r.fault == (fault{}) {
		a.Delivered, a.Reason = true, ledger.AttemptDelivered
	}
	return a, nil
}

// message is what a notice's target is posted: written and signed at each
// attempt with the keys that are valid then, under the same id for ever.
func (s *Service) message(ctx context.Context, n ledger.Notice, target string) (message, error) {
	view, err := s.config.Ledger.AsOf(ctx, n)
	if err != nil {
		return message{}, err
	}
	keys, err := s.config.Merchants.SigningKeys(n.Merchant)
	if err != nil {
		return message{}, err
	}
	if len(keys) == 0 {
		return message{}, errors.New("the merchant has no key to sign with")
	}
	id, body := s.config.Render(view, keys[0])
	secrets := make([][]byte, 0, len(keys))
	for _, key := range keys {
		secrets = append(secrets, []byte(key.Reveal()))
	}
	header := SignedHeaders(secrets, id, s.config.Now(), body)
	header.Set("Content-Type", "application/json")
	header.Set("Accept", "application/json")
	header.Set("User-Agent", userAgent)
	return message{target: target, header: header, body: body}, nil
}
