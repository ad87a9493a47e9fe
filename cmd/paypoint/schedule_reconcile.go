package main

import (
	"context"
	"errors"
	"fmt"
	"os"
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
//	late-mail      at match_after: tells that no file was taken, and why
//	late-webhook
//	match          takes the file if it was late; given up when it never comes
//	mail           what was found
//	webhook        what differs, if anything does
//
// Each step is recorded, so that each is told once; none is lost by a restart.
func (a *application) reconcileSteps() []delivery.Step {
	fetch, mail, webhook := a.config.Delivery.SFTP.FetchFolder != "", a.config.Delivery.Mail.Address != "", a.config.Delivery.Webhook.URL != ""
	notified := func(name string, find func(context.Context, ledger.Day) ([]delivery.Count, error)) delivery.Step {
		return delivery.NotifyStep(name, jobReconcile+"/"+name, a.now, find, a.postDiscrepancies)
	}
	var steps []delivery.Step
	for _, each := range []struct {
		wanted bool
		step   delivery.Step
	}{
		{mail, delivery.Step{Name: "late-mail", Do: a.mailLate}},
		{webhook, notified("late-webhook", a.lateFile)},
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

// takeFiles makes sure that a day has a file: it fetches and imports all that the
// server has of the day. Files that were taken before are known by their hash.
// Errors: reconcile.ErrNoFile, and those of fetching and importing.
func (a *application) takeFiles(ctx context.Context, day ledger.Day) error {
	if a.config.Delivery.SFTP.FetchFolder != "" {
		if err := a.fetchFiles(ctx, day); err != nil && !errors.Is(err, delivery.ErrNoFile) {
			return err
		}
	}
	files, err := a.reconcile.Files(ctx, day)
	if err == nil && len(files) == 0 {
		err = fmt.Errorf("%s: %w", day, reconcile.ErrNoFile)
	}
	return err
}

// fetchFiles fetches into a folder of its own, of which nothing stays: the files
// can have phone numbers, and what is imported is kept elsewhere.
func (a *application) fetchFiles(ctx context.Context, day ledger.Day) error {
	folder, err := os.MkdirTemp(scratchFolder(a.config.DataDir), "fetch-")
	if err != nil {
		return fmt.Errorf("fetch the file of %s: %w", day, err)
	}
	defer os.RemoveAll(folder)
	pattern := filePattern(a.config.Reconcile.Profile.FileName, day)
	files, err := a.config.sftpServer().Fetch(ctx, a.config.Delivery.SFTP.FetchFolder, pattern, folder)
	for _, file := range files {
		err = errors.Join(err, a.importFetched(ctx, day, file))
	}
	return err
}

func (a *application) importFetched(ctx context.Context, day ledger.Day, file delivery.Fetched) error {
	body, err := os.Open(file.Path)
	if err != nil {
		return fmt.Errorf("import %s: %w", file.Name, err)
	}
	defer body.Close()
	taken, isNew, err := countedReconcile{a.reconcile, a.metrics}.Import(ctx, reconcile.FileIn{Day: day, Name: file.Name, Body: body, By: scheduleBy}, nil)
	if err != nil {
		return fmt.Errorf("%w: %w", errFileRefused, err)
	}
	a.log.Info("Indomaret's file fetched", zap.String("day", string(day)), zap.String("name", file.Name), zap.String("sha256", file.SHA256),
		zap.Int("version", taken.Version), zap.Bool("new", isNew), zap.Bool("checksum", file.Summed))
	return nil
}

// isLate says whether a day's file should be here.
func (a *application) isLate(day ledger.Day) bool {
	return !a.now().Before(day.End(a.config.Settlement.CutOff.SinceMidnight()).Add(a.config.Schedule.Reconcile.MatchAfter))
}

// fetchDay looks for the day's file until it is late.
func (a *application) fetchDay(ctx context.Context, day ledger.Day) error {
	err := a.takeFiles(ctx, day)
	if err != nil && ctx.Err() == nil && a.isLate(day) {
		return nil // the next steps try once more, and tell why there is none
	}
	return err
}

// errFileRefused reports a file that came and could not be taken.
var errFileRefused = errors.New("the file of Indomaret is refused")

// fileRefused is what is told of a file that is in no class of the matcher's: a
// wrong line, another day's.
const fileRefused match.Class = "FILE_REFUSED"

// fileClass is the class of why no file was taken. A server that can't be reached
// has none to give.
func fileClass(cause error) match.Class {
	class, known := reconcile.FileClass(cause)
	switch {
	case known:
		return class
	case errors.Is(cause, errFileRefused):
		return fileRefused
	default:
		return match.FileMissing
	}
}

// lateFile tells as a count that no file was taken of a day.
func (a *application) lateFile(ctx context.Context, day ledger.Day) ([]delivery.Count, error) {
	cause := a.takeFiles(ctx, day)
	if cause == nil || ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return []delivery.Count{{Class: string(fileClass(cause)), Payments: 1}}, nil
}

func (a *application) mailLate(ctx context.Context, day ledger.Day) error {
	cause := a.takeFiles(ctx, day)
	if cause == nil || ctx.Err() != nil {
		return ctx.Err()
	}
	return a.send(ctx, delivery.Letter{
		ID: "late/" + string(day), Date: a.now(), Subject: fmt.Sprintf("Indomaret's file of %s: %s", day, fileClass(cause)),
		Text: fmt.Sprintf("No file of Indomaret's was taken for %s.\n\n%s\n\nIt is still looked for. Once it is there by hand:\n"+
			"  paypoint reconcile import FILE --day %s\n  paypoint schedule run %s %s\n", day, loggable(cause.Error()), day, jobReconcile, day),
	})
}

// matchDay matches the day. Too many differences to open cases of are an outcome
// like others, which is told.
func (a *application) matchDay(ctx context.Context, day ledger.Day) error {
	if err := a.takeFiles(ctx, day); err != nil {
		return err
	}
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
	var counts []delivery.Count
	for _, class := range outcome.Classes {
		if !class.Class.Clean() && class.Class != match.Carried {
			counts = append(counts, delivery.Count{Class: string(class.Class), Payments: uint64(class.Findings), Amount: class.Amount})
		}
	}
	return counts, nil
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
		Subject: fmt.Sprintf("Reconciliation %s: %d differences", o.Day, o.Differences),
	}
}
