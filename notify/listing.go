package notify

import (
	"context"
	"fmt"
	"slices"

	"paypoint/ledger"
)

// maxListed is the longest page of a listing, in notifications, and how many
// rows of the outbox are passed over to fill it.
const (
	maxListed = 1000
	maxPassed = 10_000
	// newestListed is how many attempts to one target a listing of many notices
	// shows, which keeps it to a few megabytes. A charge's own shows all.
	newestListed = 5
)

// Waiting lists notices that are not delivered, waiting or failed, after a Seq
// and by Seq; of one merchant, or of all where none is named. Each has its
// newest 5 attempts at each URL; Of has all. next is where to go on, 0 when
// there are no more. A page may be shorter than limit, even empty, with next
// set.
func (s *Service) Waiting(ctx context.Context, merchant string, after uint64, limit int) (page []ledger.Notification, next uint64, err error) {
	limit = max(1, min(limit, maxListed))
	var notices []ledger.Notice
	next = after
	for passed := 0; passed < maxPassed; passed += outboxPage {
		rows, err := s.page(ctx, next)
		if err != nil {
			return nil, 0, err
		}
		for _, n := range rows {
			if merchant != "" && n.Merchant != merchant {
				continue
			}
			if len(notices) == limit {
				page, err := s.notifications(notices, newestListed, waits)
				return page, notices[limit-1].Seq, err
			}
			notices = append(notices, n)
		}
		if len(rows) < outboxPage {
			next = 0
			break
		}
		next = rows[len(rows)-1].Seq
	}
	page, err = s.notifications(notices, newestListed, waits)
	return page, next, err
}

// waits says that a notice is in the outbox, for those that were read there.
func waits(ledger.Notice) bool { return true }

// Of lists what a merchant was told of a charge, oldest first, with all that
// was not sent and all attempts that are kept: 50 at each URL. A notice whose
// attempts are past their retention shows as not sent. Error:
// ledger.ErrNotFound.
func (s *Service) Of(ctx context.Context, merchant, transactionID string) ([]ledger.Notification, error) {
	view, life, err := s.config.Ledger.Life(ctx, merchant, transactionID)
	if err != nil {
		return nil, fmt.Errorf("notifications of %s: %w", transactionID, err)
	}
	inOutbox := map[uint64]bool{}
	var notices []ledger.Notice
	for _, event := range life {
		if event.Seq == 0 {
			continue // from before notices were written
		}
		n := ledger.Notice{Seq: event.Seq, Number: view.Number, Merchant: view.Merchant, Standing: event.Standing, At: event.At}
		row, err := s.config.Ledger.Reader().Notice(ctx, event.Seq)
		if err != nil {
			return nil, fmt.Errorf("notifications of %s: %w", transactionID, err)
		}
		if row != nil {
			inOutbox[n.Seq], n.Failed = true, row.Failed
		}
		notices = append(notices, n)
	}
	list, err := s.notifications(notices, maxAttempts, func(n ledger.Notice) bool { return inOutbox[n.Seq] })
	if err != nil {
		return nil, fmt.Errorf("notifications of %s: %w", transactionID, err)
	}
	return list, nil
}

// States are how far the delivery of some notices has come, by their Seq, as Of has
// it, at a fraction of its cost: for lists of many payments. Of each notice Seq,
// Number, Merchant and Standing are needed. Errors: the ledger's and the history's.
func (s *Service) States(ctx context.Context, notices []ledger.Notice) (map[uint64]ledger.NotificationState, error) {
	// The outbox first: what has left it is in the history.
	inOutbox := make(map[uint64]*ledger.Notice, len(notices))
	for _, n := range notices {
		row, err := s.config.Ledger.Reader().Notice(ctx, n.Seq)
		if err != nil {
			return nil, fmt.Errorf("state of notice %d: %w", n.Seq, err)
		}
		inOutbox[n.Seq] = row
	}
	delivered, err := s.config.History.delivered(notices)
	if err != nil {
		return nil, err
	}
	states := make(map[uint64]ledger.NotificationState, len(notices))
	for _, n := range notices {
		row := inOutbox[n.Seq]
		n.Failed = row != nil && row.Failed
		states[n.Seq] = stateOf(n, row != nil, delivered[n.Seq])
	}
	return states, nil
}

// notifications adds to notices what the history knows of them, with so many of
// the newest attempts at each target.
func (s *Service) notifications(notices []ledger.Notice, newest int, inOutbox func(ledger.Notice) bool) ([]ledger.Notification, error) {
	past, err := s.config.History.attempts(notices, newest)
	if err != nil {
		return nil, err
	}
	list := make([]ledger.Notification, 0, len(notices))
	for _, n := range notices {
		list = append(list, ledger.Notification{Notice: n, State: stateOf(n, inOutbox(n), slices.ContainsFunc(past[n.Seq], isDelivered)), Attempts: past[n.Seq]})
	}
	return list, nil
}

// stateOf is how far a notice's delivery has come. One that is not in the
// outbox any more has left attempts behind, unless there was nobody to tell.
func stateOf(n ledger.Notice, inOutbox, delivered bool) ledger.NotificationState {
	switch {
	case inOutbox && n.Failed:
		return ledger.NotificationFailed
	case inOutbox:
		return ledger.NotificationWaiting
	case delivered:
		return ledger.NotificationDelivered
	default:
		return ledger.NotificationNotSent
	}
}

func isDelivered(a ledger.Attempt) bool { return a.Delivered }
