package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"go.uber.org/zap"

	"paypoint/ledger"
	"paypoint/reconcile"
	"paypoint/reconcile/delivery"
	"paypoint/reconcile/match"
)

// reconcileSteps get a day's file, match it, and tell what differs:
//
//	fetch          from fetch_after on: looks for the file until match_after
//	late-mail      at match_after: tells that no file was taken, and why, or that
//	               one was refused besides
//	late-webhook
//	corrected      matches earlier days again whose corrected file has come
//	corrected-mail what that found
//	corrected-webhook
//	match          takes the file if it was late; given up when it never comes
//	mail           what was found
//	webhook        what differs, if anything does
//
// Each step is recorded, so that each is told once; none is lost by a restart.
// What is told before the match does not hold it up: see unheard.
func (a *application) reconcileSteps() []delivery.Step {
	fetch, mail, webhook := a.config.Delivery.SFTP.FetchFolder != "", a.config.Delivery.Mail.Address != "", a.config.Delivery.Webhook.URL != ""
	notified := func(name string, find func(context.Context, ledger.Day) ([]delivery.Count, error)) delivery.Step {
		return delivery.NotifyStep(name, jobReconcile, a.now, find, a.postDiscrepancies)
	}
	var steps []delivery.Step
	for _, each := range []struct {
		wanted bool
		step   delivery.Step
	}{
		{mail, unheard(delivery.Step{Name: "late-mail", Do: a.mailLate})},
		{webhook, unheard(notified("late-webhook", a.lateFile))},
		{fetch, delivery.Step{Name: "corrected", MayFail: lookAttempts, Do: a.lookAgain}},
		{fetch && mail, unheard(delivery.Step{Name: "corrected-mail", Do: a.mailCorrected})},
		{fetch && webhook, unheard(delivery.Step{Name: "corrected-webhook", Do: a.postCorrected})},
		{true, delivery.Step{Name: "match", Do: a.matchDay}},
		{mail, delivery.Step{Name: "mail", Do: a.mailOutcome}},
		{webhook, notified("webhook", a.discrepancies)},
	} {
		if each.wanted {
			each.step.After = a.config.Schedule.Reconcile.MatchAfter
			steps = append(steps, each.step)
		}
	}
	if !fetch { // who imports by hand has until match_after
		return steps
	}
	first := delivery.Step{Name: "fetch", After: a.config.Schedule.Reconcile.FetchAfter, Do: a.fetchDay}
	return append([]delivery.Step{first}, steps...)
}

// matchDay matches the day. Too many differences to open cases of are an outcome
// like others, which is told.
func (a *application) matchDay(ctx context.Context, day ledger.Day) error {
	if taken := a.takeFiles(ctx, day); taken.missing != nil {
		return taken.missing
	}
	return a.match(ctx, day)
}

func (a *application) match(ctx context.Context, day ledger.Day) error {
	outcome, err := countedReconcile{a.reconcile, a.metrics}.Match(ctx, day, scheduleBy, nil)
	if errors.Is(err, reconcile.ErrTooManyCases) {
		a.log.Error("day matched, but no cases were opened", zap.String("day", string(day)), zap.Error(err))
		return nil
	}
	if err == nil {
		a.log.Info("day matched", zap.String("day", string(day)), zap.Int("differences", outcome.Differences), zap.Int("cases", outcome.Opened))
	}
	return err
}

// discrepancies are the classes of a day's outcome that need a person.
func (a *application) discrepancies(ctx context.Context, day ledger.Day) ([]delivery.Count, error) {
	outcome, err := a.reconcile.Outcome(ctx, day)
	if err != nil {
		return nil, err
	}
	return countsOf(outcome), nil
}

func countsOf(o reconcile.Outcome) (counts []delivery.Count) {
	for _, class := range o.Classes {
		if !class.Class.Clean() && class.Class != match.Carried {
			counts = append(counts, delivery.Count{Class: string(class.Class), Payments: class.Findings, Amount: class.Amount})
		}
	}
	return counts
}

func (a *application) mailOutcome(ctx context.Context, day ledger.Day) error {
	outcome, err := a.reconcile.Outcome(ctx, day)
	if err != nil {
		return err
	}
	return a.send(ctx, outcomeLetter(outcome))
}

// outcomeLetter tells how a day was matched, also when all is well: a letter that
// does not come says that something is wrong.
func outcomeLetter(o reconcile.Outcome) delivery.Letter {
	var text strings.Builder
	fmt.Fprintf(&text, "Business day %s, batch %d, matched with version %d of Indomaret's file.\n\n", o.Day, o.Batch, o.Version)
	for _, class := range o.Classes {
		fmt.Fprintf(&text, "%-24s %8d   ours minus theirs Rp %d\n", class.Class, class.Findings, class.Amount)
	}
	fmt.Fprintf(&text, "\nNew cases: %d. paypoint case list\n", o.Opened)
	if !o.Done {
		text.WriteString("Not all cases are opened: look at the file first, then paypoint reconcile match " + string(o.Day) + "\n")
	}
	return delivery.Letter{
		ID: fmt.Sprintf("reconciliation/%s/%d", o.Day, o.Run), Date: o.At, Text: text.String(),
		Subject: fmt.Sprintf("Reconciliation %s: %s", o.Day, plural(o.Differences, "difference")),
	}
}
