package money

import (
	"context"
	"net/url"
	"slices"

	"paypoint/access/audit"
	"paypoint/console/frame"
	"paypoint/ledger"
	"paypoint/locale"
	"paypoint/reconcile"
)

// matchView is a transfer beside the batches that it may pay.
type matchView struct {
	ledger.Transfer
	// Drawn are the days that the transfer pays as the page is drawn.
	Drawn   string
	Batches []batchView
	// Suggested says that the marked batches make the amount exactly.
	Suggested bool
}

// batchView is a closed batch that nothing has paid, or that this transfer pays.
type batchView struct {
	reconcile.Receivable
	Chosen bool
}

// matchPath is the page of a transfer. A reference has any printable sign, so it
// stands in the query and not in the path.
func matchPath(reference string) string {
	return "/money/match?reference=" + url.QueryEscape(reference)
}

// chooseDays answers GET /money/match.
func (a *area) chooseDays(c *frame.Call) error {
	q, err := c.Query(frame.Param{Name: "reference", Kind: frame.Text, Word: "money.reference", Max: ledger.MaxReference})
	if err != nil {
		return err
	}
	return a.showMatch(c, q.Text("reference"), nil)
}

// showMatch shows a transfer with the batches that it may pay, and what was wrong
// with the days that were marked.
func (a *area) showMatch(c *frame.Call, reference string, faults frame.Faults) error {
	t, err := a.Ledger.Transfer(c.Context(), reference)
	if err != nil {
		return told(err)
	}
	suggested, err := a.Cash.SuggestDays(c.Context(), reference)
	if err != nil {
		return told(err)
	}
	// The bank is late by days, and a transfer may pay what is older still.
	due, err := a.Cash.Receivables(c.Context(), a.daysBack(ledger.MaxTransferDays), 2*ledger.MaxTransferDays)
	if err != nil {
		return told(err)
	}
	v := matchView{Transfer: t, Drawn: days(t.Days), Suggested: len(t.Days) == 0 && len(suggested) > 0}
	chosen := t.Days
	if v.Suggested {
		chosen = suggested
	}
	for _, r := range due {
		if r.Transfer == "" || r.Transfer == reference {
			v.Batches = append(v.Batches, batchView{r, slices.Contains(chosen, r.Day)})
		}
	}
	return c.Page("money/match", frame.Page{Title: c.T("money.match.title", "reference", reference), Data: v, Faults: faults})
}

// daysIn are the days that a form has marked; none where it takes a match back.
func daysIn(form *frame.Form) []ledger.Day {
	if form.Flag("none") {
		return nil
	}
	var chosen []ledger.Day
	for _, text := range form.Many("day", ledger.MaxTransferDays) {
		day, err := ledger.ParseDay(text)
		if err != nil {
			form.Fault("day", "money.bad_day")
		}
		chosen = append(chosen, day)
	}
	return chosen
}

// match answers POST /money/match, unless the transfer pays other days than when the
// page was drawn: who comes back to an old page must not undo what another has
// matched since. No day takes an earlier match back.
func (a *area) match(c *frame.Call) error {
	form, err := c.Form()
	if err != nil {
		return err
	}
	reference := form.Text("reference", ledger.MaxReference)
	chosen := daysIn(form)
	if form.Err() != nil {
		return a.showMatch(c, reference, form.Faults())
	}
	before, err := a.Ledger.Transfer(c.Context(), reference)
	if err != nil {
		return told(err)
	}
	if form.Value("drawn") != days(before.Days) {
		return frame.Refused("money.changed")
	}
	c.Object(audit.KindTransfer, reference)
	c.Changed(days(before.Days), days(chosen))
	after, err := a.Ledger.MatchTransfer(context.WithoutCancel(c.Context()), reference, chosen, c.Person().ID)
	if err != nil {
		return told(err)
	}
	switch {
	case len(chosen) == 0:
		return c.Done("/money/transfers", "money.done.unmatched", "reference", reference)
	case after.Difference != 0:
		return c.Done("/money/transfers", "money.done.differs", "reference", reference, "difference", locale.Signed(frame.Difference(after.Difference)))
	default:
		return c.Done("/money/transfers", "money.done.matched", "reference", reference)
	}
}
