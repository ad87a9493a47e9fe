package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"go.uber.org/zap"

	"paypoint/ledger"
	"paypoint/reconcile"
	"paypoint/reconcile/delivery"
)

// errFileRefused reports a file that came and could not be taken.
var errFileRefused = errors.New("the file of Indomaret is refused")

// taken is what came of looking for a day's file.
type taken struct {
	// missing is why the day has no file to be matched by; nil where it has one.
	missing error
	// refused is what came besides and was refused, unreached why there may be more
	// than what came. The day can be matched all the same.
	refused, unreached error
}

// besides is what went wrong although the day has a file.
func (t taken) besides() error { return errors.Join(t.refused, t.unreached) }

// attempt is what came of one file of the server's; err is nil where it is taken.
type attempt struct {
	delivery.Fetched
	// sequence is the file's number among those of its day; 0 where nothing says it.
	sequence int
	err      error
}

// takeFiles makes sure that a day has a file: it fetches and imports all that the
// server has of the day. Files that were taken before are known by their hash.
//
// A server that can't be reached, and a file that is refused, stand in nobody's
// way where the day has a newer file: the one that Indomaret sent after it, or
// the one that a person imported. A day whose newest file is refused waits for
// a better one, and is given up as if none had come.
func (a *application) takeFiles(ctx context.Context, day ledger.Day) taken {
	var attempts []attempt
	var unreached error
	if a.config.Delivery.SFTP.FetchFolder != "" {
		attempts, unreached = a.fetchFiles(ctx, day)
	}
	files, err := a.reconcile.Files(ctx, day)
	if err != nil {
		return taken{missing: err}
	}
	result := judge(attempts, files)
	if len(files) == 0 {
		return taken{missing: cmp.Or(errors.Join(result.missing, unreached), fmt.Errorf("%s: %w", day, reconcile.ErrNoFile))}
	}
	result.unreached = unreached
	if besides := result.besides(); result.missing == nil && besides != nil && ctx.Err() == nil {
		a.log.Warn("the day has a file of Indomaret's; not all is well besides", zap.String("day", string(day)),
			zap.String("error", loggable(besides.Error())))
	}
	return result
}

// judge says which of the refused files the day must wait for: those that would
// count (ledger.Counting) if they were right. The higher number is the newer file.
// Of one number the later name is, on the server; a file that a person imported
// is as old as its import. One without a number may stand for any.
func judge(attempts []attempt, files []ledger.PartnerFile) (result taken) {
	overruled := func(of attempt) bool {
		return slices.ContainsFunc(files, func(f ledger.PartnerFile) bool {
			fetched := slices.ContainsFunc(attempts, func(a attempt) bool { return a.SHA256 == f.SHA256 })
			if f.Sequence != 0 && of.sequence != 0 && f.Sequence != of.sequence {
				return f.Sequence > of.sequence
			}
			return !fetched && f.At.After(of.Modified)
		})
	}
	for i, each := range attempts {
		later := slices.ContainsFunc(attempts[i+1:], func(a attempt) bool { return a.err == nil })
		switch {
		case each.err == nil:
		case later || overruled(each):
			result.refused = errors.Join(result.refused, each.err)
		default:
			result.missing = errors.Join(result.missing, each.err)
		}
	}
	return result
}

// fetchFiles fetches into a folder of its own, of which nothing stays: the files
// can have phone numbers, and what is imported is kept elsewhere. Its error is
// why there may be more; that there are none is no error.
func (a *application) fetchFiles(ctx context.Context, day ledger.Day) ([]attempt, error) {
	folder, err := os.MkdirTemp(scratchFolder(a.config.DataDir), "fetch-")
	if err != nil {
		return nil, fmt.Errorf("fetch the file of %s: %w", day, err)
	}
	defer os.RemoveAll(folder)
	pattern, err := a.config.Reconcile.Profile.Pattern(day)
	if err != nil {
		return nil, fmt.Errorf("fetch the file of %s: %w", day, err)
	}
	files, err := a.config.sftpServer().Fetch(ctx, a.config.Delivery.SFTP.FetchFolder, pattern, folder)
	switch {
	case errors.Is(err, delivery.ErrNoFile):
		err = nil
	case errors.Is(err, delivery.ErrChecksum): // it came, and is not what it says
		err = fmt.Errorf("%w: %w", errFileRefused, err)
	}
	attempts := a.inOrder(files)
	for i := range attempts {
		attempts[i].err = a.importFetched(ctx, day, &attempts[i])
	}
	return attempts, err
}

// inOrder puts files in the order in which they count: by the number in their
// names, and then by name. "_10" is a name before "_2".
func (a *application) inOrder(files []delivery.Fetched) []attempt {
	attempts := make([]attempt, len(files))
	for i, file := range files {
		named, _ := a.config.Reconcile.Profile.MatchName(file.Name) // import says what is wrong with a name
		attempts[i] = attempt{Fetched: file, sequence: named.Sequence}
	}
	slices.SortStableFunc(attempts, func(a, b attempt) int {
		return cmp.Or(cmp.Compare(a.sequence, b.sequence), cmp.Compare(a.Name, b.Name))
	})
	return attempts
}

// importFetched imports a file, and learns its number where its header says it.
func (a *application) importFetched(ctx context.Context, day ledger.Day, file *attempt) error {
	body, err := os.Open(file.Path)
	if err != nil {
		return fmt.Errorf("import %s: %w", file.Name, err)
	}
	defer body.Close()
	version, isNew, err := countedReconcile{a.reconcile, a.metrics}.Import(ctx, reconcile.FileIn{Day: day, Name: file.Name, Body: body, By: scheduleBy}, nil)
	if err != nil {
		return fmt.Errorf("%w: %w", errFileRefused, err)
	}
	file.sequence = version.Sequence
	a.log.Info("Indomaret's file fetched", zap.String("day", string(day)), zap.String("name", file.Name), zap.String("sha256", file.SHA256),
		zap.Int("version", version.Version), zap.Bool("new", isNew), zap.Bool("checksum", file.Summed))
	return nil
}

// isLate says whether a day's file should be here.
func (a *application) isLate(day ledger.Day) bool { return !a.now().Before(a.matchFrom(day)) }

// matchFrom is when a day is matched at the earliest, and its file is late.
func (a *application) matchFrom(day ledger.Day) time.Time {
	return day.End(a.config.Settlement.CutOff.SinceMidnight()).Add(a.config.Schedule.Reconcile.MatchAfter)
}

// fetchDay looks for the day's file until it is late. Until then it does not
// settle for less than all that the server has.
func (a *application) fetchDay(ctx context.Context, day ledger.Day) error {
	result := a.takeFiles(ctx, day)
	err := cmp.Or(result.missing, result.unreached)
	if err != nil && ctx.Err() == nil && a.isLate(day) {
		return nil // the next steps try once more, and tell why there is none
	}
	return err
}
