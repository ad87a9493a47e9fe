package system

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"paypoint/access"
	"paypoint/access/audit"
	"paypoint/console/frame"
	"paypoint/console/task"
	"paypoint/ledger"
	"paypoint/reconcile/delivery"
)

// pathSchedule is the page of the jobs, below /console.
const pathSchedule = "/system/schedule"

// runsShown is how many days of a job are shown.
const runsShown = 30

// jobView is a daily job.
type jobView struct {
	delivery.Standing
	// Kind and State are its tag: the key's end.
	Kind, State string
	Runs        []runView
}

// runView is a day of a job.
type runView struct {
	delivery.Run
	Kind string
	// MayRun says that it can be tried now.
	MayRun bool
}

// scheduleView is the page of the jobs.
type scheduleView struct {
	Jobs []jobView
	// MayRead says that the person may see the System page too.
	MayRead bool
}

// schedule shows the daily jobs with their newest days.
func (a *area) schedule(c *frame.Call) error {
	view := scheduleView{MayRead: c.May(access.ActSystemRead)}
	if a.Schedule != nil {
		standings, err := a.Schedule.Standings(c.Context())
		if err != nil {
			return unusable(fmt.Errorf("read how the jobs stand: %w", err))
		}
		for _, s := range standings {
			job, err := a.jobView(c.Context(), s)
			if err != nil {
				return unusable(err)
			}
			view.Jobs = append(view.Jobs, job)
		}
	}
	return c.Page("system/schedule", frame.Page{Title: c.T("system.schedule.title"), Data: view})
}

func (a *area) jobView(ctx context.Context, s delivery.Standing) (jobView, error) {
	job := jobView{Standing: s}
	job.Kind, job.State = standingTag(s)
	runs, err := a.Runs.List(ctx, s.Job, "", runsShown)
	if err != nil {
		return jobView{}, fmt.Errorf("read runs of %s: %w", s.Job, err)
	}
	for _, r := range runs {
		job.Runs = append(job.Runs, runView{r, runKind(r.State), r.State != delivery.Done})
	}
	return job, nil
}

// standingTag is how a job stands, for its tag.
func standingTag(s delivery.Standing) (kind, state string) {
	switch {
	case s.Next.Act == delivery.Stuck:
		return "bad", "stuck"
	case len(s.Failed) > 0:
		return "bad", "failed"
	case s.Behind > 0:
		return "wait", "behind"
	default:
		return "good", "fresh"
	}
}

// runKind is the tag of a run's state.
func runKind(s delivery.State) string {
	switch s {
	case delivery.Done:
		return "good"
	case delivery.Failed:
		return "bad"
	default:
		return "wait"
	}
}

// runName begins the name of a run among the tasks.
const runName = "run "

// run tries a day of a job now. It goes on when the person leaves.
func (a *area) run(c *frame.Call) error {
	job := c.R.PathValue("job")
	form, err := c.Form()
	if err != nil {
		return err
	}
	day := form.Day("day")
	if err := form.Err(); err != nil {
		return err
	}
	if a.Schedule == nil {
		return frame.NotFound("system.schedule.no_job")
	}
	c.Object(audit.KindJob, job+"/"+string(day))
	id, err := started(a.tasks.Start(c.Context(), task.State{Name: runName + job, By: c.Person().ID}, func(ctx context.Context, _ *task.Progress) (any, error) {
		return a.Schedule.RunNow(ctx, job, day)
	}))
	if err != nil {
		return err
	}
	// What is refused at once is told at once; what takes long has its own page.
	if state := a.tasks.Await(c.Context(), id, patience); state.Err != nil {
		if err := refusedRun(state.Err); err != nil {
			return err
		}
	}
	return c.Done("/system/schedule/run/"+id, "system.schedule.begun", "job", job, "day", day)
}

// refusedRun is why a day could not be tried, as a person is told of it.
func refusedRun(err error) error {
	for reason, word := range map[error]string{
		delivery.ErrNoJob: "system.schedule.no_job", delivery.ErrBusy: "system.schedule.busy", delivery.ErrDone: "system.schedule.done",
		delivery.ErrEarly: "system.schedule.early", delivery.ErrNoRun: "system.schedule.no_run", delivery.ErrStuck: "system.schedule.stuck",
		ledger.ErrRecovery: "system.recovery",
	} {
		if !errors.Is(err, reason) {
			continue
		}
		if reason == delivery.ErrNoJob || reason == delivery.ErrNoRun {
			return frame.NotFound(word)
		}
		return frame.Refused(word)
	}
	return unusable(err)
}

// unusable is what a person is told where the jobs' records can't be used; other
// errors stay as they are.
func unusable(err error) error {
	if errors.Is(err, delivery.ErrUnusable) {
		return frame.Unavailable(err, "system.jobs.broken")
	}
	return err
}

// runningView is what became of a day that was tried by hand.
type runningView struct {
	Running bool
	Job     string
	Run     delivery.Run
	Kind    string
	// Failed says that the schedule itself failed.
	Failed bool
}

// running shows what became of a day that was tried by hand.
func (a *area) running(c *frame.Call) error {
	state, is := a.tasks.Get(c.R.PathValue("task"))
	if !is || !strings.HasPrefix(state.Name, runName) {
		return frame.NotFound("system.no_task")
	}
	view := runningView{Running: state.Running(), Job: strings.TrimPrefix(state.Name, runName), Failed: state.Err != nil}
	if view.Run, is = state.Result.(delivery.Run); is {
		view.Kind = runKind(view.Run.State)
	}
	if view.Running {
		c.W.Header().Set("Refresh", "2")
	}
	return c.Page("system/running", frame.Page{Title: c.T("system.schedule.run_title", "job", view.Job), Data: view})
}
