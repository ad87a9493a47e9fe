package finance

import (
	"context"
	"net/http"
	"time"

	"paypoint/ledger"
	"paypoint/reconcile/delivery"
)

// ScheduleList is how the daily jobs stand.
type ScheduleList struct {
	Jobs []Job `json:"jobs"`
}

// Job is how one of them stands.
type Job struct {
	// Job is its name.
	Job string `json:"job"`
	// Next is what comes next.
	Next JobDecision `json:"next"`
	// Open is the run under way, LastGood the newest one that is done.
	Open     *delivery.Run `json:"open,omitempty"`
	LastGood *delivery.Run `json:"last_good,omitempty"`
	// Failed are the days that were given up and wait for a person, the newest
	// first; Behind counts those that are due and not done.
	Failed []ledger.Day `json:"failed"`
	Behind int          `json:"behind"`
}

// JobDecision is what a job does next; see delivery.Due.
type JobDecision struct {
	// Act is wait, begin, try, finish, give up or stuck.
	Act delivery.Act `json:"act"`
	// Day and Step are what it is done for.
	Day  ledger.Day `json:"day,omitempty"`
	Step string     `json:"step,omitempty"`
	// At is when it became or becomes due.
	At time.Time `json:"at,omitzero"`
}

func jobView(s delivery.Standing) Job {
	view := Job{
		Job: s.Job, Failed: append([]ledger.Day{}, s.Failed...), Behind: s.Behind,
		Next: JobDecision{Act: s.Next.Act, Day: s.Next.Day, Step: s.Next.Step, At: moment(s.Next.At)},
	}
	if s.Open != nil {
		open := runView(*s.Open)
		view.Open = &open
	}
	if s.LastGood != nil {
		good := runView(*s.LastGood)
		view.LastGood = &good
	}
	return view
}

// runView is a run with its times as the API writes them.
func runView(r delivery.Run) delivery.Run {
	r.Tried, r.NextAt, r.Began, r.Ended = moment(r.Tried), moment(r.NextAt), moment(r.Began), moment(r.Ended)
	// The record's own list stays as it is.
	steps := make([]delivery.StepDone, 0, len(r.Steps))
	for _, s := range r.Steps {
		steps = append(steps, delivery.StepDone{Name: s.Name, At: moment(s.At), Failed: s.Failed})
	}
	r.Steps = steps
	return r
}

// listSchedule answers how the daily jobs stand.
func (a *api) listSchedule(c *call) error {
	if _, err := c.parameters(); err != nil {
		return err
	}
	list := ScheduleList{Jobs: []Job{}}
	if a.Schedule == nil {
		return c.reply(http.StatusOK, list)
	}
	standings, err := a.Schedule.Standings(c.r.Context())
	for _, s := range standings {
		list.Jobs = append(list.Jobs, jobView(s))
	}
	return answered(c, list, err)
}

// runJob tries a day of a job at once. That a step of it failed is in the answer.
func (a *api) runJob(c *call) error {
	c.act.Job = c.r.PathValue("job")
	day, err := a.dayAlone(c)
	if err != nil {
		return err
	}
	if a.Schedule == nil {
		return delivery.ErrNoJob
	}
	// A caller who hangs up meanwhile leaves no work half done.
	c.answer.wait()
	run, err := a.Schedule.RunNow(context.WithoutCancel(c.r.Context()), c.act.Job, day)
	return answered(c, runView(run), err)
}
