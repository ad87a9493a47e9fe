package reconcile

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"paypoint/ledger"
	"paypoint/reconcile/match"
)

// standings answers for the ledger, and for earlier matches, what is known of
// payments that Indomaret alone has. It is asked in the order of match.Compare.
type standings struct {
	service *Service
	day     ledger.Day
	// open are the matched days that were asked for; nil where one was not matched.
	open map[ledger.Day]*unfound
	// corrected takes the payments whose books were changed by acts.
	corrected map[match.Key]bool
}

// maxUnfound is how many days' findings are open at once.
const maxUnfound = 64

// of is the standing of a payment that stands in Indomaret's file of the day, or
// of the day before. First that matches:
//
//	the ledger                                           standing
//	never gave out the code                              NoSuchCode
//	knows nothing of the TrackingRef                     PaidByOther, NeverSeen
//	recovered or refunded it as a difference of
//	  this file or the one before                        PaidByOther, NeverSeen
//	  another file                                       Settled, Buried where that was undone
//	took it back, or buried it                           Buried
//	took it back by an approved act, after its batch     Buried
//	has it in force in a later batch                     Awaited
//	has it in force in an earlier one that was matched,
//	  and Indomaret's line was found in time             Settled
//	has it in force                                      Awaited
//
// What an act has corrected since is left out of account where the line is the
// very one that it corrected: matching it again finds it as it was.
func (q *standings) of(ctx context.Context, k match.Key) (match.Standing, error) {
	state, err := q.service.config.Ledger.Reader().Load(ctx, ledger.Keys{Code: k.Code, Ref: k.Ref})
	if state.Tx.Corrected() {
		q.corrected[k] = true
	}
	switch {
	case err != nil:
		return 0, err
	case state.Charge == nil:
		return match.NoSuchCode, nil
	case state.Tx == nil:
		return unpaid(state, k.Ref), nil
	}
	if state.Tx.Recovered || state.Tx.State == ledger.TxTombstone {
		act, err := q.actOn(ctx, *state.Charge, k.Ref)
		switch {
		case err != nil:
			return 0, err
		case act == nil:
			return match.Buried, nil
		case act.Of == q.day || act.Of == q.day.Previous():
			return unpaid(state, k.Ref), nil
		case state.Tx.State == ledger.TxTakenBack:
			return match.Buried, nil
		default:
			return match.Settled, nil
		}
	}
	return q.booked(ctx, *state.Tx, k)
}

// unpaid is the standing of a payment that is not the ledger's.
func unpaid(state ledger.State, ref ledger.TrackingRef) match.Standing {
	// A payment that was reversed after its merchant knew stays named in its charge.
	if state.Paying != nil && state.Paying.Ref != ref && state.Paying.State == ledger.TxPaid {
		return match.PaidByOther
	}
	return match.NeverSeen
}

// actOn is the act that booked or buried a payment which the ledger did not
// have; nil when a message did.
func (q *standings) actOn(ctx context.Context, charge ledger.Charge, ref ledger.TrackingRef) (*ledger.Adjusted, error) {
	var found *ledger.Adjusted
	err := q.service.eachAct(ctx, charge, func(act ledger.Adjusted) (more bool) {
		if act.Ref == ref && (act.Act == ledger.ActRecover || act.Bury) {
			found = &act
		}
		return found == nil
	})
	return found, err
}

// eachAct calls each with the acts on a charge's payments, the newest first, until
// it returns false.
func (s *Service) eachAct(ctx context.Context, charge ledger.Charge, each func(ledger.Adjusted) (more bool)) error {
	// A charge has a handful of records, each of which names the one before.
	for seq := charge.Last; seq != 0; {
		records, err := s.config.Ledger.Reader().Records(ctx, seq-1, 1)
		if err != nil {
			return err
		}
		if len(records) == 0 || records[0].Seq != seq {
			return fmt.Errorf("journal record %d of charge %d: %w", seq, charge.Number, ledger.ErrMissingRow)
		}
		if act, is := records[0].Event.(ledger.Adjusted); is && !each(act) {
			return nil
		}
		seq = records[0].Prev
	}
	return nil
}

// booked is the standing of a payment that a message booked.
func (q *standings) booked(ctx context.Context, tx ledger.Transaction, k match.Key) (match.Standing, error) {
	switch {
	case tx.State == ledger.TxReversed:
		return match.Buried, nil
	case tx.Day >= q.day:
		// A line is found in time in its batch's own day or the one after, not before.
		return match.Awaited, nil
	case tx.State == ledger.TxTakenBack:
		return match.Buried, nil
	}
	found, err := q.found(ctx, tx.Day, k)
	if err != nil || !found {
		return match.Awaited, err
	}
	return match.Settled, nil
}

// found says whether Indomaret's line of a payment of an earlier batch was found
// by the match of that batch's day, or by the next, into which it was carried.
func (q *standings) found(ctx context.Context, batch ledger.Day, k match.Key) (bool, error) {
	for _, day := range []ledger.Day{batch, batch.Next()} {
		// The day that is being matched has no outcome that counts, nor have those that
		// depend on it.
		if day >= q.day {
			return false, nil
		}
		u, err := q.unfound(ctx, day)
		if err != nil || u == nil {
			return false, err
		}
		alone, err := u.has(k)
		if err != nil || !alone {
			return err == nil, err
		}
	}
	return false, nil
}

// unfound opens what a day's match found on our side alone; nil if the day was
// not matched.
func (q *standings) unfound(ctx context.Context, day ledger.Day) (*unfound, error) {
	if u, known := q.open[day]; known {
		return u, nil
	}
	if len(q.open) >= maxUnfound {
		q.close() // what is needed again is read again
	}
	k, err := q.service.outcome(day)
	if errors.Is(err, ErrNotMatched) {
		q.open[day] = nil
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("outcome of %s: %w", day, err)
	}
	u := &unfound{}
	u.next, u.stop = iter.Pull2(q.service.findings(ctx, day, k.Run))
	q.open[day] = u
	return u, u.advance()
}

// close gives back all that is open.
func (q *standings) close() {
	for _, u := range q.open {
		if u != nil {
			u.stop()
		}
	}
	q.open = map[ledger.Day]*unfound{}
}

// unfound are the payments of ours for which a match found no line, in order.
type unfound struct {
	next func() (match.Finding, error, bool)
	stop func()
	head match.Entry
	open bool
}

// has says whether a payment is among them. It is asked in order.
func (u *unfound) has(k match.Key) (bool, error) {
	asked := match.Entry{Code: k.Code, Ref: k.Ref}
	for u.open && before(u.head, asked) {
		if err := u.advance(); err != nil {
			return false, err
		}
	}
	return u.open && u.head.Key() == k, nil
}

// before says whether a payment stands before another in the streams' order.
func before(a, b match.Entry) bool {
	return a.Code < b.Code || a.Code == b.Code && a.Ref < b.Ref
}

func (u *unfound) advance() error {
	for {
		f, err, more := u.next()
		if err != nil || !more {
			u.open = false
			return err
		}
		if oursAlone(f) {
			u.head, u.open = *f.Ours, true
			return nil
		}
	}
}

// oursAlone says that no line of Indomaret's was found for a payment in force.
// One that is reversed needs none.
func oursAlone(f match.Finding) bool { return f.Ours != nil && f.Theirs == nil && !f.Ours.Reversed }
