package main

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"time"

	"paypoint/finance"
	"paypoint/ledger"
	"paypoint/reconcile/delivery"
)

type scheduleCommand struct {
	List scheduleListCommand `cmd:"" help:"Show how the daily jobs stand."`
	Run  scheduleRunCommand  `cmd:"" help:"Try a day of a job now: one that failed, or waits."`
}

// schedulePath is where the finance API has the schedule.
const schedulePath = financePaths + "schedule"

type scheduleListCommand struct{}

// Help shows an example.
func (scheduleListCommand) Help() string { return "Example:\n  paypoint schedule list" }

// Run shows the jobs.
func (c *scheduleListCommand) Run(s *session) error {
	return ask(s, "GET", schedulePath, nil, func(all finance.ScheduleList) error {
		if len(all.Jobs) == 0 {
			s.printf("no job is turned on: schedule.settle.enabled and schedule.reconcile.enabled in the configuration\n")
			return nil
		}
		err := s.printTable("job\tlast good\tbehind\tnext\tday\tstep\tat\tfailed", func(w table) {
			for _, j := range all.Jobs {
				good := "-"
				if j.LastGood != nil {
					good = string(j.LastGood.Day)
				}
				w.printf("%s\t%s\t%d\t%s\t%s\t%s\t%s\t%s\n", j.Job, good, j.Behind, j.Next.Act, cmp.Or(j.Next.Day, "-"),
					cmp.Or(j.Next.Step, "-"), clock(j.Next.At), cmp.Or(joinDays(j.Failed), "-"))
			}
		})
		if err != nil {
			return err
		}
		for _, j := range all.Jobs {
			s.printUndone(j.LastGood)
			s.printUndone(j.Open)
			if j.Open != nil && j.Open.Error != "" {
				s.printf("%s %s, %s, attempt %d: %s\n", j.Job, j.Open.Day, j.Open.Step, j.Open.Attempts, j.Open.Error)
			}
		}
		return nil
	})
}

// printUndone prints the steps of a run that were left undone, if there is one.
func (s *session) printUndone(run *delivery.Run) {
	if run == nil {
		return
	}
	for _, step := range run.Steps {
		if step.Failed != "" {
			s.printf("%s %s, %s%s\n", run.Job, run.Day, step.Name, undone(step))
		}
	}
}

// clock is a moment in WIB, or - when there is none.
func clock(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.In(ledger.WIB).Format("2006-01-02 15:04:05")
}

type scheduleRunCommand struct {
	Job string `arg:"" help:"settle or reconcile."`
	Day string `arg:"" help:"Business day (yyyy-mm-dd)."`
}

// Help says what is not done.
func (scheduleRunCommand) Help() string {
	return "A day is done once: one that is done stays so. None is begun before its time or its turn.\n" +
		"Exit code 1 when the day is not done after it.\n\nExample:\n  paypoint schedule run settle 2026-01-31"
}

// errNotDone reports a run with a step that failed.
var errNotDone = errors.New("the day is not done")

// Run tries a day.
func (c *scheduleRunCommand) Run(s *session) error {
	return s.operate(func(client *operatorClient) error {
		var run delivery.Run
		s.progress("running %s of %s", c.Job, c.Day)
		path := schedulePath + "/" + url.PathEscape(c.Job) + "/" + url.PathEscape(c.Day) + "/run"
		err := client.call(s, "POST", path, nil, &run)
		s.progress("")
		if err != nil {
			return err
		}
		if err := show(s, run, s.printRun); err != nil {
			return err
		}
		if run.State != delivery.Done {
			return fmt.Errorf("%s of %s: %w", run.Job, run.Day, errNotDone)
		}
		return nil
	})
}

// undone says why a step was left undone; "" of one that was done.
func undone(step delivery.StepDone) string {
	if step.Failed == "" {
		return ""
	}
	return " left undone: " + step.Failed
}

func (s *session) printRun(run delivery.Run) error {
	s.printf("%s of %s: %s\n", run.Job, run.Day, run.State)
	for _, step := range run.Steps {
		s.printf("  %s  %s%s\n", clock(step.At), step.Name, undone(step))
	}
	if run.Error != "" {
		s.printf("  %s, attempt %d: %s; next %s\n", run.Step, run.Attempts, run.Error, clock(run.NextAt))
	}
	return nil
}
