package main

import (
	"context"
	"errors"
	"fmt"

	"go.uber.org/zap"

	"paypoint/ledger"
	"paypoint/reconcile"
	"paypoint/reconcile/delivery"
)

const (
	// lookBack is for how many days after its own a day's corrected file is looked
	// for.
	lookBack = 7
	// lookAttempts is how often that is tried: the next day's run looks again.
	lookAttempts = 2
)

// daysBefore are the days whose corrected files are looked for with a day, the
// oldest first.
func daysBefore(day ledger.Day) []ledger.Day {
	days := make([]ledger.Day, lookBack)
	for i := range days {
		day = day.Previous()
		days[lookBack-1-i] = day
	}
	return days
}

// endedRun is the run of a day that is over; false where there is none.
func (a *application) endedRun(ctx context.Context, day ledger.Day) (delivery.Run, bool, error) {
	run, err := a.runs.Get(ctx, jobReconcile, day)
	if errors.Is(err, delivery.ErrNoRun) {
		return run, false, nil
	}
	return run, err == nil && run.State != delivery.Open, err
}

// lookAgain looks for corrected files of the days before, and matches by them.
func (a *application) lookAgain(ctx context.Context, day ledger.Day) error {
	var failed error
	for _, earlier := range daysBefore(day) {
		if _, ended, err := a.endedRun(ctx, earlier); err != nil {
			return err
		} else if ended {
			failed = errors.Join(failed, a.matchCorrected(ctx, earlier))
		}
	}
	return failed
}

// matchCorrected takes what the server has of an earlier day, and matches the day
// again where another version counts than that by which it was matched: then an
// attempt that died after the import is made good, too. A file that came since and
// is refused is an error, one that was refused before has been told of.
func (a *application) matchCorrected(ctx context.Context, day ledger.Day) error {
	attempts, failed := a.fetchFiles(ctx, day)
	outcome, err := a.reconcile.Outcome(ctx, day)
	matched := err == nil
	if err != nil && !errors.Is(err, reconcile.ErrNotMatched) {
		return errors.Join(failed, err)
	}
	for _, each := range attempts {
		if each.err != nil && matched && each.Modified.After(outcome.At) {
			failed = errors.Join(failed, each.err)
		}
	}
	version, err := a.reconcile.Counts(ctx, day)
	switch {
	case errors.Is(err, reconcile.ErrNoFile), err == nil && matched && outcome.Version == version:
		return failed
	case err != nil:
		return errors.Join(failed, err)
	}
	a.log.Info("another file of Indomaret's counts", zap.String("day", string(day)), zap.Int("version", version), zap.Int("before", outcome.Version))
	return errors.Join(failed, a.match(ctx, day))
}

// corrections are the outcomes of earlier days that a day's run has brought about
// by looking again: those that began after the earlier day's own run was over.
func (a *application) corrections(ctx context.Context, day ledger.Day) ([]reconcile.Outcome, error) {
	run, err := a.runs.Get(ctx, jobReconcile, day)
	if err != nil {
		return nil, err
	}
	var outcomes []reconcile.Outcome
	for _, earlier := range daysBefore(day) {
		own, ended, err := a.endedRun(ctx, earlier)
		if err != nil {
			return nil, err
		}
		outcome, err := a.reconcile.Outcome(ctx, earlier)
		switch {
		case errors.Is(err, reconcile.ErrNotMatched):
		case err != nil:
			return nil, err
		case ended && outcome.By == scheduleBy && outcome.At.After(own.Ended) && !outcome.At.Before(run.Began):
			outcomes = append(outcomes, outcome)
		}
	}
	return outcomes, nil
}

// mailCorrected tells of each day that was matched again.
func (a *application) mailCorrected(ctx context.Context, day ledger.Day) error {
	outcomes, err := a.corrections(ctx, day)
	if err != nil {
		return err
	}
	for _, outcome := range outcomes {
		letter := outcomeLetter(outcome)
		letter.Subject += " (corrected file)"
		letter.Text = "The day was matched again: a corrected file came, of it or of a day before it.\n\n" + letter.Text
		if err := a.send(ctx, letter); err != nil {
			return err
		}
	}
	return nil
}

// postCorrected tells the webhook the same, where something differs.
func (a *application) postCorrected(ctx context.Context, day ledger.Day) error {
	outcomes, err := a.corrections(ctx, day)
	if err != nil {
		return err
	}
	for _, outcome := range outcomes {
		d, any := delivery.Found(jobReconcile, fmt.Sprintf("corrected/%d", outcome.Run), outcome.Day, a.now(), countsOf(outcome))
		if !any {
			continue
		}
		d.Corrected = true
		if err := a.postDiscrepancies(ctx, d); err != nil {
			return err
		}
	}
	return nil
}
