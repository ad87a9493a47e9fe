package delivery

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// pollEvery is the longest that a schedule sleeps: a clock that was set, or a
// machine that was suspended, is noticed within it.
const pollEvery = 30 * time.Second

// What a schedule refuses.
var (
	// ErrNoJob: no job has the name.
	ErrNoJob = errors.New("no such job")
	// ErrBusy: the job is being worked on.
	ErrBusy = errors.New("the job is at work")
	// ErrEarly: the day's time has not come, or an earlier day's turn is first.
	ErrEarly = errors.New("the day has not begun yet")
	// ErrStuck: more than MaxBehind days are due. Set the clock right, or First
	// where there are no records yet.
	ErrStuck = errors.New("too many days are due at once")
)

// Kind is what an Event tells of.
type Kind string

// The kinds of events.
const (
	// Began: a day's record was made.
	Began Kind = "began"
	// Stepped: a step was done.
	Stepped Kind = "stepped"
	// Stumbled: an attempt at a step failed; Run.NextAt is the next one.
	Stumbled Kind = "stumbled"
	// LeftUndone: a step that may fail did so for the last time; the job goes on.
	LeftUndone Kind = "left undone"
	// Finished: a day is done: the last good run.
	Finished Kind = "finished"
	// GivenUp: a day has failed for good; a person must look.
	GivenUp Kind = "given up"
	// Broken: the schedule itself can't go on, for ErrStuck or because its
	// records can't be read or written. It tries again.
	Broken Kind = "broken"
)

// Event is told to the schedule's observer, for logs and metrics.
type Event struct {
	Kind Kind
	At   time.Time
	// Run is as it was recorded; of Broken only its Job is set.
	Run Run
	// Err is why, of Stumbled, LeftUndone, GivenUp and Broken.
	Err error
}

// ScheduleConfig is what a schedule is made of.
type ScheduleConfig struct {
	Jobs []Job
	Runs Runs
	// Now is the clock.
	Now func() time.Time
	// Observe is told of what happens, by several jobs at once; it must return
	// soon. It may be nil.
	Observe func(Event)
}

// Schedule does jobs. Its records must be used by no other schedule.
type Schedule struct {
	runs    Runs
	now     func() time.Time
	observe func(Event)
	jobs    []*worker
}

// worker is a job and who works on it.
type worker struct {
	Job
	// at is held by whoever works on the job, so that a step is never done twice
	// at once.
	at sync.Mutex
}

// NewSchedule makes a schedule. Error: ErrJob.
func NewSchedule(c ScheduleConfig) (*Schedule, error) {
	s := &Schedule{runs: c.Runs, now: c.Now, observe: c.Observe}
	if s.observe == nil {
		s.observe = func(Event) {}
	}
	seen := map[string]bool{}
	for _, job := range c.Jobs {
		if err := job.check(); err != nil {
			return nil, err
		}
		if seen[job.Name] {
			return nil, fmt.Errorf("job %s is there twice: %w", job.Name, ErrJob)
		}
		seen[job.Name] = true
		s.jobs = append(s.jobs, &worker{Job: job})
	}
	return s, nil
}

// Work does all jobs, side by side, until ctx ends. A step that is under way
// then is told by its context, and tried again by the next process at once.
func (s *Schedule) Work(ctx context.Context) {
	var all sync.WaitGroup
	for _, w := range s.jobs {
		all.Go(func() { s.work(ctx, w) })
	}
	all.Wait()
}

func (s *Schedule) work(ctx context.Context, w *worker) {
	for ctx.Err() == nil {
		pause := pollEvery
		next, err := s.Advance(ctx, w.Name)
		if err != nil && ctx.Err() == nil && !errors.Is(err, ErrBusy) {
			s.tell(Event{Kind: Broken, Run: Run{Job: w.Name}, Err: err})
		}
		if err == nil {
			pause = min(pause, next.Sub(s.now()))
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
	}
}

// Advance does all of a job that is due, and returns when there is more. That a
// step fails is no error of Advance. Errors: ErrNoJob, ErrBusy, ErrStuck, ctx's,
// and those of Runs.
func (s *Schedule) Advance(ctx context.Context, job string) (time.Time, error) {
	w, err := s.job(job)
	if err != nil {
		return time.Time{}, err
	}
	if !w.at.TryLock() {
		return time.Time{}, fmt.Errorf("job %s: %w", job, ErrBusy)
	}
	defer w.at.Unlock()
	next, err := s.advance(ctx, w.Job)
	if err != nil {
		return time.Time{}, fmt.Errorf("job %s: %w", job, err)
	}
	return next, nil
}

func (s *Schedule) advance(ctx context.Context, job Job) (time.Time, error) {
	for {
		if err := ctx.Err(); err != nil {
			return time.Time{}, err
		}
		open, last, err := s.records(ctx, job)
		if err != nil {
			return time.Time{}, err
		}
		next := Due(job, open, last, s.now())
		switch next.Act {
		case Wait:
			return next.At, nil
		case Stuck:
			return time.Time{}, fmt.Errorf("from %s on: %w", next.Day, ErrStuck)
		default:
			if err := s.act(ctx, job, next, open); err != nil {
				return time.Time{}, fmt.Errorf("%s %s: %w", next.Act, next.Day, err)
			}
		}
	}
}

// records are what Due decides from.
func (s *Schedule) records(ctx context.Context, job Job) (open, last *Run, err error) {
	if open, err = found(s.runs.Open(ctx, job.Name)); err != nil {
		return nil, nil, fmt.Errorf("read open run: %w", err)
	}
	if last, err = found(s.runs.Last(ctx, job.Name)); err != nil {
		return nil, nil, fmt.Errorf("read newest run: %w", err)
	}
	return open, last, nil
}

// found makes nil of ErrNoRun.
func found(r Run, err error) (*Run, error) {
	if errors.Is(err, ErrNoRun) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &r, nil
}

func (s *Schedule) act(ctx context.Context, job Job, next Decision, open *Run) error {
	now := s.now()
	switch next.Act {
	case Begin:
		return s.save(ctx, Began, Run{Job: job.Name, Day: next.Day, State: Open, Began: now}, nil)
	case Finish:
		return s.save(ctx, Finished, open.ended(Done, now), nil)
	case GiveUp:
		return s.save(ctx, GivenUp, open.ended(Failed, now), errors.New(open.Error))
	default:
		step, _ := job.left(*open)
		return s.try(ctx, job, step, *open)
	}
}

// try makes one attempt at a step, recorded before and after.
func (s *Schedule) try(ctx context.Context, job Job, step Step, run Run) error {
	run, err := s.runs.Save(ctx, run.trying(step.Name, s.now(), job.Retry))
	if err != nil {
		return fmt.Errorf("record attempt at %s: %w", step.Name, err)
	}
	err = step.do(ctx, run.Day)
	// What happened is recorded even if the process is to end.
	record := context.WithoutCancel(ctx)
	switch {
	case err == nil:
		return s.save(record, Stepped, run.succeeded(s.now()), nil)
	case ctx.Err() != nil:
		_, err := s.runs.Save(record, run.stopped(s.now()))
		return err
	case step.MayFail > 0 && run.Attempts >= step.MayFail:
		return s.save(record, LeftUndone, run.leftUndone(err, s.now()), err)
	default:
		return s.save(record, Stumbled, run.failed(err, s.now(), job.Retry), err)
	}
}

func (s *Schedule) save(ctx context.Context, kind Kind, run Run, cause error) error {
	saved, err := s.runs.Save(ctx, run)
	if err != nil {
		return fmt.Errorf("record: %w", err)
	}
	s.tell(Event{Kind: kind, Run: saved, Err: cause})
	return nil
}

func (s *Schedule) tell(e Event) {
	e.At = s.now()
	s.observe(e)
}

func (s *Schedule) job(name string) (*worker, error) {
	for _, w := range s.jobs {
		if w.Name == name {
			return w, nil
		}
	}
	return nil, fmt.Errorf("job %.70q: %w", name, ErrNoJob)
}
