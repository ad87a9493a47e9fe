package settlements

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"paypoint/access/audit"
	"paypoint/console/frame"
	"paypoint/console/task"
	"paypoint/ledger"
	"paypoint/locale"
)

const (
	// checkName begins the name of a check among the tasks. The day or the month
	// whose files it makes follows, as it stands in addresses.
	checkName = "check files of "
	// patience is how long a person waits for a check before they see its progress:
	// that of a small month is over by then.
	patience = time.Second
)

// checked is what a check of files came to.
type checked struct {
	// Busy says that another was under way, so that nothing was checked.
	Busy bool
	// Whole counts the days that are as they should be. A check ends with the first
	// that is not: its files are what the later ones follow.
	Whole int
	// Last is the day that was checked last; zero where there was none.
	Last Check
}

// bad says that the last day is not as it should be.
func (r checked) bad() bool { return r.Last.Found != "" && r.Last.Found != FoundWhole }

// record is the result for the audit log.
func (r checked) record() string {
	if r.bad() {
		return fmt.Sprintf("%s: %s", r.Last.Day, r.Last.Found)
	}
	return fmt.Sprintf("%d files whole", r.Whole)
}

// said is the sentence on the result: its key and what fills it.
func (r checked) said(c *frame.Call, of string, at time.Time) (key string, pairs []any) {
	language := c.Language()
	pairs = []any{"at", language.Second(at)}
	switch {
	case r.bad():
		return "settlements.check." + string(r.Last.Found), append(pairs, "day", language.Day(r.Last.Day))
	case isDay(of):
		record := r.Last.Files[0]
		return "settlements.check.whole", append(pairs, "day", language.Day(r.Last.Day), "bytes", locale.Count(record.Size), "sha256", record.SHA256)
	default:
		return "settlements.check.month", append(pairs, "count", r.Whole)
	}
}

// isDay says whether what is checked is a day; else it is a month.
func isDay(of string) bool {
	_, err := ledger.ParseDay(of)
	return err == nil
}

// back is the page that a check was asked for on.
func back(of string) string {
	if isDay(of) {
		return dayPath(ledger.Day(of))
	}
	return "/settlements?month=" + of
}

// checkPath is the page of a check.
func checkPath(of, id string) string { return "/settlements/" + of + "/check/" + id }

// checkDay checks one day.
func (a *area) checkDay(c *frame.Call) error {
	day, err := dayIn(c)
	if err != nil {
		return err
	}
	c.Object(audit.KindDay, string(day))
	batch, err := a.Settlement.Get(c.Context(), day)
	if err == nil && !batch.Closed() {
		err = ledger.ErrNotClosed
	}
	if err != nil {
		return aboutDay(c, day, err)
	}
	return a.beginCheck(c, string(day), []ledger.Batch{batch})
}

// checkMonth checks all closed days of a month.
func (a *area) checkMonth(c *frame.Call) error {
	form, err := c.Form()
	if err != nil {
		return err
	}
	m, is := locale.ParseMonth(form.Text("month", locale.MonthLength))
	if !is {
		return frame.Invalid("month", "settlements.month.bad")
	}
	c.Object(audit.KindMonth, m.String())
	batches, err := a.Settlement.List(c.Context(), m.First, len(m.Days()))
	if err != nil {
		return err
	}
	batches = slices.DeleteFunc(batches, func(b ledger.Batch) bool { return b.Day >= m.Next().First || !b.Closed() })
	return a.beginCheck(c, m.String(), batches)
}

// beginCheck begins a check of closed days. It answers with what that found, or
// where it takes longer with the page that shows how far it is; who asks for what is
// being checked already is led to that one's page.
func (a *area) beginCheck(c *frame.Call, of string, batches []ledger.Batch) error {
	id, err := a.tasks.Start(c.Context(), task.State{Name: checkName + of, By: c.Person().ID}, func(ctx context.Context, p *task.Progress) (any, error) {
		return a.checkDays(ctx, batches, p)
	})
	if err != nil && !errors.Is(err, task.ErrRunning) {
		return frame.Refused("settlements.check.busy")
	}
	state := a.tasks.Await(c.Context(), id, patience)
	result, over := resultOf(state)
	switch {
	case !over:
		c.Changed("", "begun")
		return c.Done(checkPath(of, id), "settlements.check.begun")
	case result.Busy:
		return frame.Refused("settlements.check.busy")
	}
	c.Changed("", result.record())
	key, pairs := result.said(c, of, state.Ended)
	return c.Done(back(of), key, pairs...)
}

// resultOf is what a check came to; false while it runs, and where it failed.
func resultOf(state task.State) (checked, bool) {
	result, is := state.Result.(checked)
	return result, is && state.Err == nil
}

// checkDays checks closed days up to the first that is not whole, each a phase, and
// tells of the lines of all their files.
func (a *area) checkDays(ctx context.Context, batches []ledger.Batch, p *task.Progress) (result checked, err error) {
	if !a.checking.TryLock() {
		return checked{Busy: true}, nil
	}
	defer a.checking.Unlock()
	done, total := 0, 0
	for _, b := range batches {
		total += linesOf(b) * len(formats())
	}
	for _, b := range batches {
		p.Enter(string(b.Day), done, total)
		result.Last, err = a.checkOf(ctx, b.Day, func(lines int) { p.Tell(done+lines, total) })
		if err != nil || result.bad() {
			return result, err
		}
		result.Whole++
		done += linesOf(b) * len(formats())
	}
	return result, nil
}

// linesOf is how many lines a closed day's file has.
func linesOf(b ledger.Batch) int { return b.Paid + b.Reversed + b.Adjustments }

// checkOf checks a day and remembers what it found.
func (a *area) checkOf(ctx context.Context, day ledger.Day, progress func(lines int)) (Check, error) {
	b, err := a.Settlement.Sealed(ctx, day)
	if err != nil {
		return Check{}, err
	}
	previous, err := a.before(ctx, b)
	if err != nil {
		return Check{}, err
	}
	found, err := a.check(ctx, b, previous.SHA256, progress)
	if err != nil {
		return Check{}, err
	}
	a.measures.keep(found)
	return found, nil
}

// checkView is the page of a check.
type checkView struct {
	task.State

	// Path is the page's own, Back that on which the check was asked for.
	Path, Back string
	Percent    int
	// Text says how far it is, and then what it found; Found is that of its last day.
	Text   string
	Found  Found
	Failed bool
}

// showCheck shows how far a check is, and what it found. The script asks for the
// same as JSON.
func (a *area) showCheck(c *frame.Call) error {
	of, id := c.R.PathValue("day"), c.R.PathValue("task") // of a month too
	state, is := a.tasks.Get(id)
	if !is || state.Name != checkName+of {
		return frame.NotFound("settlements.check.none")
	}
	view := checkView{State: state, Path: checkPath(of, id), Back: back(of), Percent: max(0, state.Percent()), Failed: state.Err != nil}
	result, over := resultOf(state)
	switch {
	case over:
		key, pairs := result.said(c, of, state.Ended)
		view.Text, view.Found = c.T(key, pairs...), FoundWhole
		if result.bad() {
			view.Found = result.Last.Found
		}
	case !view.Failed:
		view.Text = progress(c, state)
	}
	if c.R.Header.Get("Accept") == "application/json" {
		return c.JSON(map[string]any{"over": !state.Running(), "percent": view.Percent, "text": view.Text})
	}
	return c.Page("settlements/check", frame.Page{Title: c.T("settlements.check.title", "of", spanText(c, of)), Data: view})
}

// progress says how far a check is that runs.
func progress(c *frame.Call, state task.State) string {
	if state.Phase == "" {
		return c.T("settlements.check.begun")
	}
	return c.T("settlements.check.progress", "day", c.Language().Day(ledger.Day(state.Phase)), "done", state.Done, "total", state.Total)
}

// spanText is a day or a month as people read it.
func spanText(c *frame.Call, of string) string {
	if m, is := locale.ParseMonth(of); is {
		return c.Language().Month(m.First)
	}
	return c.Language().Day(ledger.Day(of))
}
