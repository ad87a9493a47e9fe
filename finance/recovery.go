package finance

import (
	"context"
	"errors"
	"slices"

	"paypoint/ledger"
	"paypoint/reconcile"
)

// Recovery says whether the ledger was restored and lacks what was booked before.
type Recovery struct {
	Active bool `json:"active"`
	// Gap is what it lacks; left out where it lacks nothing.
	Gap *reconcile.Gap `json:"gap,omitempty"`
}

// getRecovery answers what a restored ledger lacks, and how far that is filled.
func (a *api) getRecovery(c *call) error {
	if _, err := c.parameters(); err != nil {
		return err
	}
	gap, err := a.Reconciliation.Gap(c.r.Context())
	if errors.Is(err, ledger.ErrNoRecovery) {
		return answered(c, Recovery{}, nil)
	}
	gap = gapView(gap)
	return answered(c, Recovery{Active: true, Gap: &gap}, err)
}

func gapView(g reconcile.Gap) reconcile.Gap {
	g.Since, g.Until = moment(g.Since), moment(g.Until)
	return g
}

// fillGap takes a file of Indomaret's, and proposes what fills the gap by it.
func (a *api) fillGap(c *call) error {
	in, err := uploadedFile(c)
	if err != nil {
		return err
	}
	return long(c, func(progress reconcile.Progress) (reconcile.GapFilled, error) {
		// A caller who hangs up when all has arrived leaves no work half done.
		filled, err := a.Reconciliation.FillGap(context.WithoutCancel(c.r.Context()), in, progress)
		if filled.File.Version != 0 {
			c.act.Day, c.act.File = filled.File.Day, filled.File.SHA256
		}
		c.act.Cases = filled.Outcome.Opened
		filled.File.At = moment(filled.File.At)
		filled.Outcome, filled.Gap = outcomeView(filled.Outcome), gapView(filled.Gap)
		return filled, a.aboutMatch(filled.File.Day, err)
	})
}

// SignOff is the request that ends recovery.
type SignOff struct {
	Why string `json:"why"`
	// AcceptMissing are the days that are accepted without a whole file.
	AcceptMissing []ledger.Day `json:"accept_missing,omitempty"`
}

// signOffGap approves all that was proposed, and ends recovery.
func (a *api) signOffGap(c *call) error {
	var body SignOff
	if err := bodyAlone(c, &body); err != nil {
		return err
	}
	odd := func(day ledger.Day) bool {
		_, err := ledger.ParseDay(string(day))
		return err != nil
	}
	if slices.ContainsFunc(body.AcceptMissing, odd) {
		return badDay("accept_missing")
	}
	sign := reconcile.SignOff{By: c.caller.ID, Why: body.Why, Accepted: body.AcceptMissing, NewReceipt: a.NewReceipt}
	return long(c, func(progress reconcile.Progress) (reconcile.SignedOff, error) {
		signed, err := a.Reconciliation.SignOffGap(context.WithoutCancel(c.r.Context()), sign, progress)
		c.act.Payments = signed.Approved
		signed.Gap = gapView(signed.Gap)
		return signed, err
	})
}
