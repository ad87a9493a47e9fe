package delivery

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"paypoint/ledger"
)

// maxRunError bounds the text of an error in the records, in bytes.
const maxRunError = 500

// State is how far a run is.
type State string

// The states.
const (
	// Open: it is under way or waits to be.
	Open State = "open"
	// Done: every step was done. This never changes.
	Done State = "done"
	// Failed: it was given up. Only a person's RunNow opens it again.
	Failed State = "failed"
)

// Run is the record of a job's day.
type Run struct {
	Job   string     `json:"job"`
	Day   ledger.Day `json:"day"`
	State State      `json:"state"`
	// Steps are those that are over, in the order in which they were.
	Steps []StepDone `json:"steps,omitzero"`
	// Step is what was tried last, at Tried; Error what came of it, "" when it
	// was done. Attempts counts tries since the last step that was done, one
	// that the process did not survive included, and NextAt is when to try again.
	Step     string    `json:"step,omitzero"`
	Tried    time.Time `json:"tried,omitzero"`
	Error    string    `json:"error,omitzero"`
	Attempts int       `json:"attempts,omitzero"`
	NextAt   time.Time `json:"next_at,omitzero"`
	// Bad counts the failed attempts of the whole run.
	Bad int `json:"bad,omitzero"`
	// Began and Ended are its bounds; Ended is zero while it is open.
	Began time.Time `json:"began"`
	Ended time.Time `json:"ended,omitzero"`
	// Version counts the changes of the record.
	Version uint64 `json:"version"`
}

// StepDone is a step that is over.
type StepDone struct {
	Name string    `json:"name"`
	At   time.Time `json:"at"`
	// Failed is why it was left undone; "" when it was done.
	Failed string `json:"failed,omitzero"`
}

// What Runs reports.
var (
	// ErrNoRun: there is no such run.
	ErrNoRun = errors.New("no such run")
	// ErrConflict: the record was changed by another since it was read.
	ErrConflict = errors.New("the run was changed meanwhile")
	// ErrDone: the run is done, and stays so.
	ErrDone = errors.New("the run is done already")
	// ErrGap: a day would be skipped.
	ErrGap = errors.New("the runs of a job follow one another day by day")
)

// Runs keeps the records of runs. What it has saved outlives the process. It
// may be used by many at once.
type Runs interface {
	// Last is the run of a job's newest day. Error: ErrNoRun.
	Last(ctx context.Context, job string) (Run, error)
	// Open is the open run of a job's earliest day. Error: ErrNoRun.
	Open(ctx context.Context, job string) (Run, error)
	// Get is the run of a day. Error: ErrNoRun.
	Get(ctx context.Context, job string, day ledger.Day) (Run, error)
	// List are up to limit runs of days before a day ("" for all), the newest first.
	List(ctx context.Context, job string, before ledger.Day, limit int) ([]Run, error)
	// Save writes a run and returns it with its new Version, if Admit lets it.
	// Errors: those of Admit.
	Save(ctx context.Context, next Run) (Run, error)
}

// Admit is the rule by which an implementation of Runs takes a record: next may
// replace before, the record of the same day (nil when there is none), where
// last is the newest record of its job (nil when there is none).
// Errors: ErrConflict, ErrDone, ErrGap.
func Admit(before, last *Run, next Run) error {
	switch {
	case before == nil && next.Version != 0, before != nil && next.Version != before.Version:
		return fmt.Errorf("%s of %s: %w", next.Job, next.Day, ErrConflict)
	case before != nil && before.State == Done:
		return fmt.Errorf("%s of %s: %w", next.Job, next.Day, ErrDone)
	case before == nil && last != nil && next.Day != last.Day.Next():
		return fmt.Errorf("%s of %s after %s: %w", next.Job, next.Day, last.Day, ErrGap)
	default:
		return nil
	}
}

func (r Run) did(step string) bool {
	return slices.ContainsFunc(r.Steps, func(d StepDone) bool { return d.Name == step })
}

// interrupted is what a record says until its step has ended: so a process that
// dies in it has said so.
const interrupted = "the process ended before the step did"

// trying counts an attempt before it is made, so that a step that takes the
// process down with it is not tried for ever.
func (r Run) trying(step string, now time.Time, retry Retry) Run {
	r.Attempts++
	r.Bad++
	r.Step, r.Tried, r.Error = step, now, interrupted
	r.NextAt = now.Add(retry.wait(r.Attempts))
	return r
}

// succeeded ends an attempt well.
func (r Run) succeeded(now time.Time) Run {
	r.Bad--
	return r.over(StepDone{Name: r.Step, At: now})
}

// leftUndone ends the last attempt at a step that may fail.
func (r Run) leftUndone(err error, now time.Time) Run {
	return r.over(StepDone{Name: r.Step, At: now, Failed: cut(err.Error())})
}

func (r Run) over(step StepDone) Run {
	r.Steps = append(slices.Clone(r.Steps), step)
	r.Attempts, r.Error, r.NextAt = 0, "", time.Time{}
	return r
}

// failed ends an attempt badly; the pause counts from its end.
func (r Run) failed(err error, now time.Time, retry Retry) Run {
	r.Error = cut(err.Error())
	r.NextAt = now.Add(retry.wait(r.Attempts))
	return r
}

// stopped takes an attempt back that the process's own end broke off.
func (r Run) stopped(now time.Time) Run {
	r.Attempts--
	r.Bad--
	r.Error, r.NextAt = "stopped with the process", now
	return r
}

// ended closes the run.
func (r Run) ended(state State, now time.Time) Run {
	r.State, r.Ended, r.NextAt = state, now, time.Time{}
	return r
}

// again opens a run for an attempt at once.
func (r Run) again(now time.Time) Run {
	r.State, r.Ended, r.Attempts, r.NextAt = Open, time.Time{}, 0, now
	return r
}

// cut makes one printable line of a text that may be a partner's.
func cut(text string) string {
	line := strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, text)
	if len(line) > maxRunError {
		line = strings.ToValidUTF8(line[:maxRunError], "") + "…"
	}
	return line
}
