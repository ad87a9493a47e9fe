package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"paypoint/console/today"
	"paypoint/ledger"
	"paypoint/reconcile/delivery"
	"paypoint/soap"
)

// maxSkew is by how much the partner's clock may be off before a person should
// see to it. The alarm on clocks has the same bound.
const maxSkew = time.Minute

// watchedDays is how far back it is looked for days that wait for somebody. Older
// ones are found in the lists.
const watchedDays = 31

// skewed is how far the partner's clock was ahead of ours, and when.
type skewed struct {
	by time.Duration
	at time.Time
}

// noteSkew keeps the newest difference between the clocks.
func (a *application) noteSkew(x soap.Exchange) {
	now := a.now()
	if by, known := skewOf(x, now); known {
		a.skewed.Store(&skewed{by, now})
	}
}

// attentionEvery is how often it is read what waits for a person, and
// attentionMost how seldom at the most, where that takes long.
const (
	attentionEvery = 10 * time.Second
	attentionMost  = 30 * time.Second
)

// openAttention begins to keep what waits for a person.
func (a *application) openAttention(context.Context) error {
	a.attention = newReading(a, "attention", a.readAttention)
	a.attention.every, a.attention.most = attentionEvery, attentionMost
	return nil
}

// Attention is what waits for a person, as it was last read: today.Watch. The page
// does not wait for a disk.
func (a *application) Attention() (today.Attention, error) {
	last := a.attention.last.Load()
	if last.err != nil {
		return today.Attention{}, fmt.Errorf("what waits for a person: %w", last.err)
	}
	waits := last.value
	if found := a.undelivered.Load(); found != nil {
		waits.FailedNotifications = today.Waiting{Count: found.failed, Since: found.oldestFailed}
	}
	if last := a.skewed.Load(); last != nil && last.by.Abs() > maxSkew {
		waits.Skew = last.by
	}
	if last := a.upkeep.record().SelfCheck; last != nil {
		waits.Check = today.Check{At: last.At, Failed: last.Problem != ""}
	}
	return waits, nil
}

// readAttention reads what of it lies in the ledger and in files.
func (a *application) readAttention(ctx context.Context) (waits today.Attention, err error) {
	recovery, err := a.ledger.Recovery(ctx)
	if err != nil {
		return waits, err
	}
	if recovery != nil {
		waits.Restored = recovery.Until
	}
	if waits.Cases, err = today.CountCases(ctx, a.ledger); err != nil {
		return waits, fmt.Errorf("count cases: %w", err)
	}
	if err := a.watchDays(ctx, &waits); err != nil {
		return waits, err
	}
	return waits, a.watchJobs(ctx, &waits)
}

// watchDays finds the days that are over and not closed, and those that are closed
// and have no file of Indomaret's yet.
func (a *application) watchDays(ctx context.Context, waits *today.Attention) error {
	from := ledger.BusinessDay(a.now().AddDate(0, 0, -watchedDays), a.config.Settlement.CutOff.SinceMidnight())
	days, err := a.reconcile.Days(ctx, from, watchedDays+1)
	if err != nil {
		return err
	}
	now := a.now()
	for _, d := range days {
		switch closes := a.settlement.ClosesFrom(d.Day); {
		case !d.Batch.Closed() && d.Batch.First != 0 && closes.Before(now):
			waits.Days.AddDay(d.Day, closes)
		case d.Batch.Closed() && len(d.Files) == 0 && a.isLate(d.Day):
			waits.Files.AddDay(d.Day, a.matchFrom(d.Day))
		}
	}
	return nil
}

// watchJobs finds the days whose job was given up.
func (a *application) watchJobs(ctx context.Context, waits *today.Attention) error {
	jobs, err := a.schedule.Standings(ctx)
	if errors.Is(err, delivery.ErrUnusable) {
		return nil // the page of the system says so, and all else that waits is shown
	}
	if err != nil {
		return fmt.Errorf("read the schedule's standings: %w", err)
	}
	for _, job := range jobs {
		if job.Job == jobSettle {
			waits.Exports = a.givenUp(job)
		}
	}
	return nil
}

// givenUp are a job's days that were given up, the newest first.
func (a *application) givenUp(job delivery.Standing) today.Waiting {
	if len(job.Failed) == 0 {
		return today.Waiting{}
	}
	oldest := job.Failed[len(job.Failed)-1]
	return today.Waiting{Count: len(job.Failed), Since: a.settlement.ClosesFrom(oldest), Day: oldest}
}
