package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"paypoint/ledger"
	"paypoint/reconcile"
	"paypoint/reconcile/delivery"
	"paypoint/reconcile/match"
)

// The classes of what is told of a day's file and is in no class of the matcher's.
const (
	// fileRefused: a wrong line, another day's.
	fileRefused match.Class = "FILE_REFUSED"
	// wrongHostKey: the server has not the pinned key. It may be another's, who
	// wants our password and files: that must not read as a file that is late.
	wrongHostKey match.Class = "WRONG_HOST_KEY"
)

const (
	// tellAttempts is how often it is tried to tell what does not hold up a match,
	// and tellWithin how long one attempt may take.
	tellAttempts = 5
	tellWithin   = 5 * time.Minute
)

// unheard lets a step that tells something be left undone: where mail or the
// webhook's receiver is down, matching the day matters more. The run's record says
// so, and what the match finds is told all the same, or given up for all to see.
func unheard(step delivery.Step) delivery.Step {
	step.Within, step.MayFail = tellWithin, tellAttempts
	return step
}

// fileClass is the class of why no file was taken. A server that can't be reached
// has none to give.
func fileClass(cause error) match.Class {
	class, known := reconcile.FileClass(cause)
	switch {
	case errors.Is(cause, delivery.ErrHostKey):
		return wrongHostKey
	case known:
		return class
	case errors.Is(cause, errFileRefused):
		return fileRefused
	default:
		return match.FileMissing
	}
}

// late is what has to be told of a day's file: its class, and why; "" where all
// is well. That the server could not be reached is nothing to tell of where the
// day has a file.
func (t taken) late() (match.Class, error) {
	switch {
	case t.missing != nil:
		return fileClass(t.missing), t.missing
	case errors.Is(t.unreached, delivery.ErrHostKey):
		return wrongHostKey, t.besides()
	case errors.Is(t.besides(), errFileRefused):
		return fileRefused, t.besides()
	default:
		return "", nil
	}
}

// lateFile tells as a count what is wrong with a day's file.
func (a *application) lateFile(ctx context.Context, day ledger.Day) ([]delivery.Count, error) {
	class, _ := a.takeFiles(ctx, day).late()
	if class == "" || ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return []delivery.Count{{Class: string(class), Payments: 1}}, nil
}

func (a *application) mailLate(ctx context.Context, day ledger.Day) error {
	found := a.takeFiles(ctx, day)
	class, cause := found.late()
	if class == "" || ctx.Err() != nil {
		return ctx.Err()
	}
	return a.send(ctx, lateLetter(day, a.matchFrom(day), class, cause, found.missing == nil))
}

// lateLetter tells what is wrong with a day's file, and what a person can do.
func lateLetter(day ledger.Day, at time.Time, class match.Class, cause error, hasFile bool) delivery.Letter {
	text := "There is no file of Indomaret's to match %s by.\n\n%s\n\nIt is still looked for. Once it is there by hand:\n" +
		"  paypoint reconcile import FILE --day %[1]s\n  paypoint schedule run " + jobReconcile + " %[1]s\n"
	if hasFile {
		text = "Indomaret's file of %s was taken, and the day is matched by it. But:\n\n%s\n\nTo see which file counts:\n  paypoint reconcile show %[1]s\n"
	}
	return delivery.Letter{
		ID: "late/" + string(day), Date: at, Subject: fmt.Sprintf("Indomaret's file of %s: %s", day, class),
		Text: fmt.Sprintf(text, day, loggable(cause.Error())),
	}
}
