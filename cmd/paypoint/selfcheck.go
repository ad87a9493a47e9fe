package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"go.uber.org/zap"

	"paypoint/ledger"
	"paypoint/store/boltdb"
)

// selfCheckDelay leaves a server that has just started to its callers first.
const selfCheckDelay = 10 * time.Minute

// selfCheckDue says whether a self-check is to begin: at its time of day, and
// after the start where one was missed because no server ran, or none was made
// yet.
func selfCheckDue(at TimeOfDay, last, started, now time.Time) bool {
	if last.After(now) {
		last = time.Time{} // the clock was turned back
	}
	day := last.In(ledger.WIB)
	next := time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, ledger.WIB).Add(at.SinceMidnight())
	for !next.After(last) {
		next = next.Add(24 * time.Hour) // WIB has no summer time
	}
	return !now.Before(next) && !now.Before(started.Add(selfCheckDelay))
}

// selfChecks verifies a copy of the ledger once a day, until ctx ends.
func (a *application) selfChecks(ctx context.Context) {
	at := a.config.SelfCheck.At
	if _, keepsFile := a.store.(ledgerFileStore); !at.IsSet() || !keepsFile {
		return
	}
	started := a.now()
	every(ctx, sweepInterval, func() {
		var last time.Time
		if made := a.upkeep.record().SelfCheck; made != nil {
			last = made.At
		}
		if selfCheckDue(at, last, started, a.now()) {
			a.selfCheck(ctx)
		}
	})
}

// selfCheck verifies a copy of the ledger and notes what came of it. A
// difference does not end the server: what it answers stays right or wrong as it
// was, and whoever is told decides.
func (a *application) selfCheck(ctx context.Context) {
	type outcome struct {
		report boltdb.Report
		err    error
	}
	began, done := time.Now(), make(chan outcome, 1)
	go func() {
		report, err := a.verifyCopy(nil)
		done <- outcome{report, err}
	}()
	select {
	case <-ctx.Done():
		return // a check of minutes holds up no stop: it ends with the process
	case o := <-done:
		a.noteSelfCheck(o.report, o.err, time.Since(began))
	}
}

// noteSelfCheck logs and keeps how a self-check ended.
func (a *application) noteSelfCheck(report boltdb.Report, err error, took time.Duration) {
	result := &selfCheckResult{At: a.now(), Records: report.Records, Head: report.Head}
	var difference *boltdb.Difference
	switch {
	case errors.As(err, &difference):
		result.Problem = err.Error()
		a.log.Error("self-check: the ledger is not what its journal says", zap.Error(err))
	case err != nil:
		result.Problem = err.Error()
		a.log.Error("self-check: could not be made", zap.Error(err))
	default:
		a.log.Info("self-check: the ledger is sound", zap.Uint64("records", report.Records), zap.String("head", report.Head), zap.Duration("took", took))
	}
	if err := a.upkeep.change(func(r *upkeepRecord) { r.SelfCheck = result }); err != nil {
		a.log.Error("self-check: its result can't be kept", zap.Error(err))
	}
}

// verifyCopy checks a copy of the ledger while the server goes on.
func (a *application) verifyCopy(progress boltdb.Progress) (boltdb.Report, error) {
	file, ok := a.store.(ledgerFileStore)
	if !ok {
		return boltdb.Report{}, fmt.Errorf("verify: store %s keeps no file", a.config.Store)
	}
	folder, err := os.MkdirTemp(scratchFolder(a.config.DataDir), "verify-")
	if err != nil {
		return boltdb.Report{}, fmt.Errorf("verify: %w", err)
	}
	defer os.RemoveAll(folder)
	copied := filepath.Join(folder, "ledger.db")
	if err := file.Snapshot(copied); err != nil {
		return boltdb.Report{}, fmt.Errorf("verify: %w", err)
	}
	return boltdb.Verify(copied, folder, progress)
}
