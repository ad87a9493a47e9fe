package settlements

import (
	"context"
	"errors"

	"paypoint/access/audit"
	"paypoint/console/frame"
	"paypoint/ledger"
	"paypoint/reconcile/settlement"
)

// closeView is the page that asks before a day is closed.
type closeView struct {
	Day    ledger.Day
	Batch  ledger.Batch
	Totals settlement.Totals
	// Early says that the day is not over: closing it needs a reason.
	Early  bool
	Closes string
	// Reason is what was typed, where the form is shown again.
	Reason string
}

// askClose shows what closing a day means.
func (a *area) askClose(c *frame.Call) error {
	day, err := dayIn(c)
	if err != nil {
		return err
	}
	if _, err := c.Query(); err != nil {
		return err
	}
	return a.closePage(c, day, "", nil)
}

// closePage is the page, after a form that was refused with its faults.
func (a *area) closePage(c *frame.Call, day ledger.Day, reason string, faults frame.Faults) error {
	batch, err := a.Settlement.Get(c.Context(), day)
	switch {
	// A day without payments is closed too: it has a file of its own.
	case errors.Is(err, ledger.ErrNotFound):
		batch = ledger.Batch{Day: day}
	case err != nil:
		return err
	case batch.Closed():
		return frame.Refused("settlements.close.done", "day", c.Language().Day(day))
	}
	view := closeView{
		Day: day, Batch: batch, Totals: settlement.TotalsOf(batch), Reason: reason,
		Early: a.early(day), Closes: c.Language().Moment(a.Settlement.ClosesFrom(day)),
	}
	return c.Page("settlements/close", frame.Page{
		Title: c.T("settlements.close.title", "day", c.Language().LongDay(day)), Data: view, Faults: faults,
	})
}

// early says that a day may not be closed yet without a reason.
func (a *area) early(day ledger.Day) bool { return a.Now().Before(a.Settlement.ClosesFrom(day)) }

// closeDay closes a day for good.
func (a *area) closeDay(c *frame.Call) error {
	day, err := dayIn(c)
	if err != nil {
		return err
	}
	form, err := c.Form()
	if err != nil {
		return err
	}
	early := a.early(day)
	reason := ""
	if early {
		reason = form.Text("reason", frame.MaxReason)
	}
	if form.Err() != nil {
		return a.closePage(c, day, form.Value("reason"), form.Faults())
	}
	c.Object(audit.KindDay, string(day))
	c.Reason(reason)
	c.Patient()
	// Making the file of a large day takes a while; who goes away meanwhile leaves no
	// work half done.
	batch, err := a.Settlement.Close(context.WithoutCancel(c.Context()), day, early, c.Person().ID)
	if err != nil {
		return aboutDay(c, day, err)
	}
	// A day that somebody else has closed meanwhile is not this person's act.
	if batch.ClosedBy != c.Person().ID {
		return frame.Refused("settlements.close.done", "day", c.Language().Day(day))
	}
	c.Changed(string(StateOpen), "batch "+batch.SHA256)
	return c.Done(dayPath(day), "settlements.close.closed", "day", c.Language().Day(day), "batch", int64(batch.No), "count", batch.Paid) // #nosec G115 -- counts days
}
