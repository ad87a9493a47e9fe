package auditlog

import (
	"context"
	"errors"
	"fmt"
	"time"

	"paypoint/access/audit"
	"paypoint/console/frame"
	"paypoint/console/task"
)

// patience is how long a check may take before its page shows progress: that of a
// small log is over by then.
const patience = 2 * time.Second

// checkView is how a check stands.
type checkView struct {
	task.State
	// Percent is how far it is.
	Percent int
	// Report is what it found, once it has ended well; Whole says that this is
	// nothing wrong.
	Report *audit.Report
	Whole  bool
	Failed bool
}

// check answers POST /audit/check.
func (a *area) check(c *frame.Call) error {
	id, err := a.tasks.Start(c.Context(), task.State{Name: "check", By: c.Person().ID}, a.checkAll)
	if err != nil && !errors.Is(err, task.ErrRunning) {
		return frame.Refused("auditlog.check.busy")
	}
	a.tasks.Await(c.Context(), id, patience)
	return c.Done("/audit/check/"+id, "auditlog.check.begun")
}

// checkAll checks the whole log.
func (a *area) checkAll(ctx context.Context, p *task.Progress) (any, error) {
	var known []audit.Head
	if a.Heads != nil {
		var err error
		if known, err = a.Heads(ctx); err != nil {
			return nil, fmt.Errorf("check audit log: %w", err)
		}
	}
	return a.Log.Check(ctx, known, func(done, total uint64) {
		p.Tell(int(done), int(total)) // #nosec G115 -- entries, of which there are not 2^63
	})
}

// checked answers GET /audit/check/{id}.
func (a *area) checked(c *frame.Call) error {
	state, known := a.tasks.Get(c.R.PathValue("id"))
	if !known {
		return frame.NotFound("auditlog.check.none")
	}
	v := checkView{State: state, Percent: max(0, state.Percent()), Failed: state.Err != nil}
	if report, is := state.Result.(audit.Report); is && !state.Running() && state.Err == nil {
		v.Report, v.Whole = &report, len(report.Faults) == 0
	}
	if c.R.Header.Get("Accept") == "application/json" {
		return c.JSON(map[string]any{"over": !state.Running(), "percent": v.Percent, "text": progressText(c, state)})
	}
	return c.Page("auditlog/check", frame.Page{Title: c.T("auditlog.check.title"), Data: v})
}

func progressText(c *frame.Call, s task.State) string {
	return c.T("auditlog.check.progress", "done", s.Done, "total", s.Total)
}
