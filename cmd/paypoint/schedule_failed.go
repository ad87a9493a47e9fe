package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"paypoint/ledger"
	"paypoint/reconcile/delivery"
)

const (
	// jobFailed is the class of a day that was given up, or of a job that can't go on.
	jobFailed = "JOB_FAILED"
	// failuresInterval is how often failed jobs are looked for.
	failuresInterval = time.Minute
)

// failure is a day of a job that waits for a person.
type failure struct {
	job string
	day ledger.Day
	// stuck says that no day is done any more, from day on.
	stuck bool
	// at is since when, why is its error.
	at  time.Time
	why string
}

// watchFailures tells of failed jobs until ctx ends: beside the schedule, which
// can't tell itself that it has failed, and until who is to be told can be.
func (a *application) watchFailures(ctx context.Context) {
	a.repeat(ctx, failuresInterval, "nobody could be told that a job has failed, trying again", a.tellFailures)
}

// tellFailures tells each failure once by mail and once by webhook.
func (a *application) tellFailures(ctx context.Context) error {
	standings, err := a.schedule.Standings(ctx)
	if errors.Is(err, delivery.ErrUnusable) {
		return nil // there is nothing to tell of any day; metric and log tell of the records
	}
	if err != nil {
		return err
	}
	var failed error
	for _, standing := range standings {
		failures, err := a.failuresOf(ctx, standing)
		if err != nil {
			return err
		}
		if a.config.Delivery.Mail.Address != "" {
			failed = errors.Join(failed, a.tellOnce(ctx, "mail", standing.Job, failures, a.mailFailure))
		}
		if a.config.Delivery.Webhook.URL != "" {
			failed = errors.Join(failed, a.tellOnce(ctx, "webhook", standing.Job, failures, a.postFailure))
		}
	}
	return failed
}

// failuresOf are a job's, the earliest first.
func (a *application) failuresOf(ctx context.Context, s delivery.Standing) (failures []failure, err error) {
	for _, day := range slices.Backward(s.Failed) {
		run, err := a.runs.Get(ctx, s.Job, day)
		if err != nil {
			return nil, err
		}
		failures = append(failures, failure{job: s.Job, day: day, at: run.Ended, why: run.Step + ": " + run.Error})
	}
	if s.Next.Act == delivery.Stuck {
		failures = append(failures, failure{job: s.Job, day: s.Next.Day, stuck: true, at: s.Next.At, why: delivery.ErrStuck.Error()})
	}
	return failures, nil
}

// tellOnce tells what was not told before. The ledger keeps what was, as long as
// it lasts: a day that fails once more after it was put right is news.
func (a *application) tellOnce(ctx context.Context, way, job string, failures []failure, tell func(context.Context, failure) error) error {
	key := "schedule/told/" + way + "/" + job
	state, err := a.ledger.Reader().Load(ctx, ledger.Keys{Setting: key})
	if err != nil {
		return fmt.Errorf("what was told of job %s: %w", job, err)
	}
	var before, now []ledger.Day
	if len(state.Setting) > 0 {
		if err := json.Unmarshal(state.Setting, &before); err != nil {
			return fmt.Errorf("what was told of job %s: %w", job, err)
		}
	}
	for _, f := range failures {
		if !slices.Contains(before, f.day) {
			if failed := tell(ctx, f); failed != nil {
				err = errors.Join(err, failed)
				continue
			}
		}
		now = append(now, f.day)
	}
	if slices.Equal(before, now) {
		return err
	}
	return errors.Join(err, a.ledger.Alter(ctx, key, scheduleBy, func([]byte) ([]byte, error) { return json.Marshal(now) }))
}

func (a *application) mailFailure(ctx context.Context, f failure) error {
	text := "The job %[1]s has given up business day %[2]s:\n\n%[3]s\n\nNothing tries it again by itself. Once what is wrong is put right:\n" +
		"  paypoint schedule run %[1]s %[2]s\n"
	if f.stuck {
		text = "The job %[1]s does nothing from business day %[2]s on:\n\n%[3]s\n\nSet the clock of the machine right, or schedule.%[1]s.first_day.\n"
	}
	return a.send(ctx, delivery.Letter{
		ID: fmt.Sprintf("failed/%s/%s", f.job, f.day), Date: f.at,
		Subject: fmt.Sprintf("%s of %s: %s", f.job, f.day, jobFailed), Text: fmt.Sprintf(text, f.job, f.day, loggable(f.why)),
	})
}

func (a *application) postFailure(ctx context.Context, f failure) error {
	d, _ := delivery.Found(f.job, "failed", f.day, a.now(), []delivery.Count{{Class: jobFailed, Payments: 1}})
	return a.postDiscrepancies(ctx, d)
}
