package delivery

import (
	"context"
	"errors"
	"fmt"

	"paypoint/ledger"
)

// RunNow tries a day at once that waits for its retry or was given up, with all
// its attempts before it again, and returns what became of it. A day whose turn
// has come is begun. It does no day before its time or its turn, and none that
// is done.
//
// Errors: ErrNoJob, ErrBusy, ErrDone, ErrEarly, ErrNoRun (a day before the
// first), and those of Advance. That a step failed is in the Run.
func (s *Schedule) RunNow(ctx context.Context, job string, day ledger.Day) (Run, error) {
	w, err := s.job(job)
	if err != nil {
		return Run{}, err
	}
	if !w.at.TryLock() {
		return Run{}, fmt.Errorf("job %s: %w", job, ErrBusy)
	}
	defer w.at.Unlock()
	run, err := s.runNow(ctx, w.Job, day)
	if err != nil {
		return Run{}, fmt.Errorf("run %s of %s now: %w", job, day, err)
	}
	return run, nil
}

func (s *Schedule) runNow(ctx context.Context, job Job, day ledger.Day) (Run, error) {
	before, err := found(s.runs.Get(ctx, job.Name, day))
	if err != nil {
		return Run{}, err
	}
	version := uint64(0)
	if before != nil {
		if before.State == Done {
			return Run{}, ErrDone
		}
		saved, err := s.runs.Save(ctx, before.again(s.now()))
		if err != nil {
			return Run{}, err
		}
		version = saved.Version
	}
	if _, err := s.advance(ctx, job); err != nil {
		return Run{}, err
	}
	after, err := s.runs.Get(ctx, job.Name, day)
	if errors.Is(err, ErrNoRun) {
		return Run{}, s.whyNone(ctx, job, day)
	}
	// Nothing came of it: its next step's time is ahead, or an earlier day's turn.
	if err == nil && after.Version == version {
		return Run{}, ErrEarly
	}
	return after, err
}

// whyNone says why a day has no record although all that is due was done.
func (s *Schedule) whyNone(ctx context.Context, job Job, day ledger.Day) error {
	_, last, err := s.records(ctx, job)
	if err != nil {
		return err
	}
	if day < nextDay(job, last) { // days are written so that they sort by text
		return ErrNoRun
	}
	return ErrEarly
}

// Standing is how a job stands: a line of a schedule's list, and the source of
// its metrics.
type Standing struct {
	Job string
	// Next is what comes next, and when.
	Next Decision
	// Open is the run under way, nil when there is none; LastGood the newest one
	// that is done, nil before the first.
	Open, LastGood *Run
	// Failed are the days that were given up and wait for a person, the newest
	// first. Where there are more than MaxBehind it has so many.
	Failed []ledger.Day
	// Behind counts the days that are due and not done, those given up apart; up
	// to one more than MaxBehind.
	Behind int
}

// Standings are how all jobs stand, in the order in which they were given.
func (s *Schedule) Standings(ctx context.Context) ([]Standing, error) {
	all := make([]Standing, 0, len(s.jobs))
	for _, w := range s.jobs {
		one, err := s.standing(ctx, w.Job)
		if err != nil {
			return nil, fmt.Errorf("job %s: %w", w.Name, err)
		}
		all = append(all, one)
	}
	return all, nil
}

func (s *Schedule) standing(ctx context.Context, job Job) (Standing, error) {
	open, last, err := s.records(ctx, job)
	if err != nil {
		return Standing{}, err
	}
	now := s.now()
	one := Standing{Job: job.Name, Next: Due(job, open, last, now), Open: open, Behind: behind(job, last, now)}
	return one, s.tally(ctx, &one)
}

// listPage is how many records are read at once.
const listPage = 100

// tally counts what the records of all days tell.
func (s *Schedule) tally(ctx context.Context, one *Standing) error {
	for before := ledger.Day(""); ; {
		runs, err := s.runs.List(ctx, one.Job, before, listPage)
		if err != nil {
			return fmt.Errorf("list runs before %q: %w", before, err)
		}
		for _, run := range runs {
			one.count(run)
			before = run.Day
		}
		if len(runs) < listPage {
			return nil
		}
	}
}

func (s *Standing) count(run Run) {
	switch {
	case run.State == Open:
		s.Behind = min(s.Behind+1, MaxBehind+1)
	case run.State == Failed && len(s.Failed) < MaxBehind:
		s.Failed = append(s.Failed, run.Day)
	case run.State == Done && s.LastGood == nil:
		s.LastGood = &run
	}
}
