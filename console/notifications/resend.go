package notifications

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"paypoint/access/audit"
	"paypoint/console/frame"
	"paypoint/console/task"
	"paypoint/ledger"
)

const (
	// maxSelected is how many notifications are resent together: a page of them.
	maxSelected = pageRows
	// resendsAtOnce is how many of them are under way at once. A receiver that does
	// not answer takes a place for as long as an attempt lasts.
	resendsAtOnce = 8
	// resendPatience is how long a person waits for the outcome before they see a
	// page with the progress.
	resendPatience = 2 * time.Second
)

// selected are the notifications that are named, each once, all of them the
// person's to see.
func (a *area) selected(c *frame.Call, names []string) ([]entry, error) {
	slices.Sort(names)
	names = slices.Compact(names)
	switch {
	case len(names) == 0:
		return nil, frame.Invalid("n", "notifications.none_chosen")
	case len(names) > maxSelected:
		return nil, frame.Invalid("n", "notifications.too_many", "count", maxSelected)
	}
	entries := make([]entry, 0, len(names))
	for _, name := range names {
		e, err := a.own(c, name)
		if err != nil {
			return nil, err
		}
		entries = append(entries, e)
	}
	slices.SortFunc(entries, func(x, y entry) int { return y.At.Compare(x.At) })
	return entries, nil
}

// confirmView asks whether a selection is to be resent.
type confirmView struct{ Rows []row }

// confirm shows what would be resent, with its count.
func (a *area) confirm(c *frame.Call) error {
	q, err := c.Query(frame.Param{Name: "n", Kind: frame.Ticked, Word: "notifications.column.select", Max: maxSelected})
	if err != nil {
		return err
	}
	var names []string
	for _, seq := range q.Ticked("n") {
		names = append(names, strconv.FormatUint(seq, 10))
	}
	entries, err := a.selected(c, names)
	if err != nil {
		return err
	}
	var view confirmView
	for _, e := range entries {
		view.Rows = append(view.Rows, a.rowOf(e, c.Now()))
	}
	return c.Page("notifications/resend", frame.Page{Title: c.T("notifications.resend.title", "count", len(view.Rows)), Data: view})
}

// outcome is what became of one resend.
type outcome struct {
	Entry    entry
	Attempts []ledger.Attempt
	Err      error
}

// resend tells again what was chosen. It goes on when the person leaves.
func (a *area) resend(c *frame.Call) error {
	form, err := c.Form()
	if err != nil {
		return err
	}
	names := form.Many("n", maxSelected)
	if err := form.Err(); err != nil {
		return err
	}
	entries, err := a.selected(c, names)
	if err != nil {
		return err
	}
	ids := make([]string, 0, len(entries))
	for _, e := range entries {
		ids = append(ids, a.ID(e.Charge.ID, e.Standing))
	}
	note(c, entries, ids)
	id, err := a.tasks.Start(c.Context(), task.State{Name: "resend " + strings.Join(ids, " "), By: c.Person().ID}, func(ctx context.Context, p *task.Progress) (any, error) {
		return a.resendAll(ctx, entries, p), nil
	})
	switch {
	case errors.Is(err, task.ErrFull):
		return frame.Refused("notifications.full")
	case err != nil && !errors.Is(err, task.ErrRunning):
		return err
	}
	a.tasks.Await(c.Context(), id, resendPatience)
	return c.Done("/notifications/resent/"+id, "notifications.resend.done", "count", len(entries))
}

// note names what is resent to the audit log by the numbers under which their
// pages are found: one as the object, more by their count.
func note(c *frame.Call, entries []entry, ids []string) {
	if len(ids) == 1 {
		c.Object(audit.KindNotification, strconv.FormatUint(entries[0].Seq, 10))
		c.Changed("", "resent="+ids[0])
		return
	}
	numbers := make([]string, 0, len(entries))
	for _, e := range entries {
		numbers = append(numbers, strconv.FormatUint(e.Seq, 10))
	}
	c.Object(audit.KindNotifications, strconv.Itoa(len(ids)))
	c.Changed("", "resent="+strings.Join(numbers, " "))
}

// resendAll resends each by itself: one that fails keeps no other from being told.
func (a *area) resendAll(ctx context.Context, entries []entry, p *task.Progress) []outcome {
	outcomes := make([]outcome, len(entries))
	ended := make(chan struct{}, len(entries))
	var group errgroup.Group
	group.SetLimit(resendsAtOnce)
	p.Tell(0, len(entries))
	for i, e := range entries {
		group.Go(func() error {
			attempts, err := a.Deliveries.Resend(ctx, e.Notice)
			outcomes[i] = outcome{e, attempts, err}
			ended <- struct{}{}
			p.Tell(len(ended), len(entries))
			return nil
		})
	}
	_ = group.Wait() // no error: each outcome has its own
	return outcomes
}

// resentView is what became of a resend.
type resentView struct {
	Running     bool
	Done, Total int
	Rows        []resentRow
}

// resentRow is what became of one.
type resentRow struct {
	row
	Tries []try
	// Problem is the key of why nothing was sent; "" where something was.
	Problem string
	// Told says that every URL has it.
	Told bool
}

// resent shows how far a resend is and, at its end, each one's result.
func (a *area) resent(c *frame.Call) error {
	state, is := a.tasks.Get(c.R.PathValue("task"))
	if _, all := c.Scope(); !is || !all && state.By != c.Person().ID {
		return frame.NotFound("notifications.no_task")
	}
	view := resentView{Running: state.Running(), Done: state.Done, Total: state.Total}
	if view.Running {
		c.W.Header().Set("Refresh", "2")
	}
	outcomes, _ := state.Result.([]outcome) // none while it runs
	for _, o := range outcomes {
		view.Rows = append(view.Rows, a.resentRow(o, c.Now()))
	}
	return c.Page("notifications/resent", frame.Page{Title: c.T("notifications.resent.title"), Data: view})
}

func (a *area) resentRow(o outcome, now time.Time) resentRow {
	r := resentRow{row: a.rowOf(o.Entry, now), Told: len(o.Attempts) > 0}
	for _, attempt := range o.Attempts {
		r.Tries = append(r.Tries, a.tryOf(attempt))
		r.Told = r.Told && attempt.Delivered
	}
	switch {
	case errors.Is(o.Err, ledger.ErrBusy):
		r.Problem = "notifications.problem.busy"
	case errors.Is(o.Err, ledger.ErrRecovery):
		r.Problem = "notifications.recovery"
	case o.Err != nil:
		r.Problem = "notifications.problem.failed"
	case len(o.Attempts) == 0:
		r.Problem = "notifications.problem.nobody"
	}
	return r
}
