package delivery

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"paypoint/ledger"
)

// Limits of jobs.
const (
	// maxJobName bounds the name of a job or step, in bytes.
	maxJobName = 64
	// maxSteps bounds a job's steps.
	maxSteps = 50
	// MaxBehind bounds how many days a job catches up with by itself. More are
	// taken for a wrong clock or a wrong First.
	MaxBehind = 400
	// DefaultWithin is how long an attempt at a step may take where nothing else
	// is said.
	DefaultWithin = time.Hour
	// maxOffset bounds a cut-off and a step's After.
	maxOffset = 72 * time.Hour
)

var (
	// ErrJob: a job's settings can't work.
	ErrJob = errors.New("bad job")
	// ErrOverdue: a step took longer than its Within.
	ErrOverdue = errors.New("the step took too long")
)

// Job is what is to be done for every business day, one day after the other: a
// day begins when the one before it is done or given up. Put into one job only
// what must wait for one another.
type Job struct {
	// Name is its key in the records: small letters, digits and hyphens.
	Name string
	// First is the first day that it is done for. Once there are records, these
	// say where to go on, and First is not looked at any more.
	First ledger.Day
	// CutOff is when a business day ends, after midnight WIB.
	CutOff time.Duration
	// Steps are done in their order.
	Steps []Step
	Retry Retry
}

// Step is a part of a job that is done once for a day.
type Step struct {
	// Name is its key in the records, formed like a job's.
	Name string
	// After is how long after the day's cut-off it may begin at the earliest.
	After time.Duration
	// Within is how long one attempt may take before its context ends; 0 stands
	// for DefaultWithin.
	Within time.Duration
	// MayFail is after how many failed attempts the step is left undone, so that the
	// job goes on; 0 is never.
	MayFail int
	// Do does it. It is called again after an error, and when the process died
	// in it or right after it, so it must find out what is done already.
	Do func(ctx context.Context, day ledger.Day) error
}

// Retry says when a step that failed is tried again: First after the first
// failure, then twice as long each time, up to Most; after Attempts of them the
// day is given up.
type Retry struct {
	First, Most time.Duration
	Attempts    int
}

// DefaultRetry tries for 18 hours, so that a day is done or given up before the
// next one.
func DefaultRetry() Retry { return Retry{First: time.Minute, Most: time.Hour, Attempts: 24} }

// wait is the pause after so many failures in a row.
func (r Retry) wait(failures int) time.Duration {
	pause := r.First
	for range failures - 1 {
		if pause >= r.Most/2 {
			return r.Most
		}
		pause *= 2
	}
	return min(pause, r.Most)
}

// check finds what would make a schedule skip days or stand still. Error: ErrJob.
func (j Job) check() error {
	if err := checkJobName(j.Name); err != nil {
		return err
	}
	if _, err := ledger.ParseDay(string(j.First)); err != nil {
		return fmt.Errorf("job %s: first day: %w: %w", j.Name, err, ErrJob)
	}
	if j.CutOff <= 0 || j.CutOff > 24*time.Hour {
		return fmt.Errorf("job %s: cut-off %s: want above 0 and up to 24h: %w", j.Name, j.CutOff, ErrJob)
	}
	if j.Retry.First <= 0 || j.Retry.Most < j.Retry.First || j.Retry.Attempts < 1 {
		return fmt.Errorf("job %s: retry %+v: want 0 < first <= most and 1 attempt or more: %w", j.Name, j.Retry, ErrJob)
	}
	return j.checkSteps()
}

func (j Job) checkSteps() error {
	if len(j.Steps) == 0 || len(j.Steps) > maxSteps {
		return fmt.Errorf("job %s: %d steps, want 1 to %d: %w", j.Name, len(j.Steps), maxSteps, ErrJob)
	}
	seen := map[string]bool{}
	for _, step := range j.Steps {
		if err := checkJobName(step.Name); err != nil {
			return fmt.Errorf("job %s: step: %w", j.Name, err)
		}
		if seen[step.Name] {
			return fmt.Errorf("job %s: step %s is there twice: %w", j.Name, step.Name, ErrJob)
		}
		if step.Do == nil || step.After < 0 || step.After > maxOffset || step.Within < 0 || step.MayFail < 0 {
			return fmt.Errorf("job %s: step %s: want something to do, 0s to %s after the cut-off, within and may fail no less than 0: %w",
				j.Name, step.Name, maxOffset, ErrJob)
		}
		seen[step.Name] = true
	}
	return nil
}

func checkJobName(name string) error {
	odd := func(r rune) bool { return r != '-' && (r < 'a' || r > 'z') && (r < '0' || r > '9') }
	if name == "" || len(name) > maxJobName || strings.ContainsFunc(name, odd) {
		return fmt.Errorf("name %.70q: want 1 to %d of a-z, 0-9 and hyphen: %w", name, maxJobName, ErrJob)
	}
	return nil
}

// begins is when a day's first step may begin.
func (j Job) begins(day ledger.Day) time.Time { return j.Steps[0].from(day, j.CutOff) }

func (s Step) from(day ledger.Day, cutOff time.Duration) time.Time {
	return day.End(cutOff).Add(s.After)
}

// do makes an attempt at the step.
func (s Step) do(ctx context.Context, day ledger.Day) error {
	ctx, cancel := context.WithTimeoutCause(ctx, cmp.Or(s.Within, DefaultWithin), ErrOverdue)
	defer cancel()
	return because(ctx, s.Do(ctx, day))
}

// left is the first step that a run has not done; false when there is none.
func (j Job) left(r Run) (Step, bool) {
	for _, step := range j.Steps {
		if !r.did(step.Name) {
			return step, true
		}
	}
	return Step{}, false
}
