package payments

import (
	"context"
	"errors"
	"fmt"

	"paypoint/ledger"
	"paypoint/reconcile"
	"paypoint/reconcile/match"
)

// The reconciliation states of a payment.
const (
	// reconciledOpen: its batch is not closed, so no file of Indomaret's is due.
	reconciledOpen = "open"
	// reconciledWaiting: the file was not compared yet, or the next day's tells.
	reconciledWaiting = "waiting"
	reconciledMatched = "matched"
	// reconciledDiffers: a case is open. reconciledResolved: it was.
	reconciledDiffers  = "differs"
	reconciledResolved = "resolved"
)

// reconciledStates lists them, in the order of a payment's life.
func reconciledStates() []string {
	return []string{reconciledOpen, reconciledWaiting, reconciledMatched, reconciledDiffers, reconciledResolved}
}

// reconciledOf is a payment's reconciliation state, first that matches:
//
//	case of the payment   batch    its day's match       state
//	open, proposed        any      any                   differs
//	resolved              any      any                   resolved
//	none                  open     any                   open
//	none                  closed   none, or not done     waiting
//	none                  closed   carried it on         waiting
//	none                  closed   done                  matched
func reconciledOf(c *ledger.Case, closed, compared, carried bool) string {
	switch {
	case c != nil && c.State == ledger.CaseResolved:
		return reconciledResolved
	case c != nil:
		return reconciledDiffers
	case !closed:
		return reconciledOpen
	case !compared, carried:
		return reconciledWaiting
	default:
		return reconciledMatched
	}
}

// notified is how far merchants were told of payments: the state of the newest
// notice that tells of each, by its number.
func (a *area) notified(ctx context.Context, payments []ledger.PaymentRow) (map[uint64]ledger.NotificationState, error) {
	var notices []ledger.Notice
	for _, p := range payments {
		if p.Told != 0 {
			notices = append(notices, ledger.Notice{Seq: p.Told, Number: p.Number, Merchant: p.Merchant, Standing: p.ToldAs})
		}
	}
	return a.Notifications.States(ctx, notices)
}

// lookup answers what the ledger's index of payments has not. It lives for one
// request and remembers what it read.
type lookup struct {
	area    *area
	batches map[ledger.Day]ledger.Batch
	days    map[ledger.Day]comparedDay
}

// comparedDay is what a day's match came to.
type comparedDay struct {
	done bool
	// carried are the payments that wait for the next day's file.
	carried map[match.Key]bool
}

// lookup begins a request's.
func (a *area) lookup() *lookup {
	return &lookup{
		area: a, batches: map[ledger.Day]ledger.Batch{}, days: map[ledger.Day]comparedDay{},
	}
}

// batch is that of a day.
func (l *lookup) batch(ctx context.Context, day ledger.Day) (ledger.Batch, error) {
	if b, known := l.batches[day]; known {
		return b, nil
	}
	found, err := l.area.Ledger.Reader().Batches(ctx, day, 1)
	if err != nil {
		return ledger.Batch{}, fmt.Errorf("batch of %s: %w", day, err)
	}
	b := ledger.Batch{Day: day}
	if len(found) > 0 && found[0].Day == day {
		b = found[0]
	}
	l.batches[day] = b
	return b, nil
}

// reconciled is a payment's reconciliation state with its newest case, nil where
// there is none.
func (l *lookup) reconciled(ctx context.Context, p ledger.PaymentRow) (string, *ledger.Case, error) {
	var found *ledger.Case
	c, is, err := l.area.Ledger.NewestCase(ctx, p.Code, p.Ref)
	if err != nil {
		return "", nil, err
	}
	if is {
		found = &c
	}
	batch, err := l.batch(ctx, p.Day)
	if err != nil || !batch.Closed() {
		return reconciledOf(found, false, false, false), found, err
	}
	day, err := l.compared(ctx, p.Day)
	if err != nil {
		return "", nil, err
	}
	return reconciledOf(found, true, day.done, day.carried[match.Key{Code: p.Code, Ref: p.Ref}]), found, nil
}

// compared reads what came of comparing a day's batch.
func (l *lookup) compared(ctx context.Context, day ledger.Day) (comparedDay, error) {
	if d, known := l.days[day]; known {
		return d, nil
	}
	d, err := l.readCompared(ctx, day)
	if err != nil {
		return comparedDay{}, fmt.Errorf("reconciliation of %s: %w", day, err)
	}
	l.days[day] = d
	return d, nil
}

// readCompared reads a day's outcome and, while the next day has none, which
// payments wait for it.
func (l *lookup) readCompared(ctx context.Context, day ledger.Day) (comparedDay, error) {
	outcome, err := l.outcome(ctx, day)
	if err != nil || !outcome.Done || outcome.Of(match.Carried).Findings == 0 {
		return comparedDay{done: outcome.Done}, err
	}
	// What was carried is MATCHED, or has a case, once the next day is compared.
	next, err := l.outcome(ctx, day.Next())
	if err != nil || next.Done {
		return comparedDay{done: true}, err
	}
	carried, err := l.carried(ctx, day)
	return comparedDay{done: true, carried: carried}, err
}

// outcome is that of a day; zero where it was never compared.
func (l *lookup) outcome(ctx context.Context, day ledger.Day) (reconcile.Outcome, error) {
	outcome, err := l.area.Reconciliation.Outcome(ctx, day)
	if errors.Is(err, reconcile.ErrNotMatched) {
		return reconcile.Outcome{}, nil
	}
	return outcome, err
}

// maxCarried bounds how many pages of carried payments are read. Those are the
// ones of the minutes around the cut-off.
const maxCarried = 10

// carried are a day's payments of which Indomaret's file had nothing yet.
func (l *lookup) carried(ctx context.Context, day ledger.Day) (map[match.Key]bool, error) {
	carried := map[match.Key]bool{}
	after := uint64(0)
	for range maxCarried {
		page, err := l.area.Reconciliation.Findings(ctx, day, match.Carried, after, reconcile.MaxFindings)
		if err != nil {
			return nil, err
		}
		for _, f := range page.Findings {
			if f.Ours != nil {
				carried[match.Key{Code: f.Ours.Code, Ref: f.Ours.Ref}] = true
			}
		}
		if after = page.Next; after == 0 {
			break
		}
	}
	return carried, nil
}
