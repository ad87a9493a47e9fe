package main

import (
	"context"
	"errors"
	"time"

	"paypoint/console/system"
	"paypoint/store/boltdb"
)

// How old a self-check and a backup may become: as the alarms on them have it.
const (
	selfCheckLate = 30 * time.Hour
	backupLate    = 26 * time.Hour
)

// selfCheckEvery is how old a self-check may become; 0 where none is made by itself.
func (c Config) selfCheckEvery() time.Duration {
	if !c.SelfCheck.At.IsSet() {
		return 0
	}
	return selfCheckLate
}

// certificate is a listener's, which may be replaced while it listens.
type certificate struct {
	listener string
	ends     func() time.Time
}

// systemState is what the process knows of itself, for the console. It waits for
// no disk: what has to be read there is read beside.
func (a *application) systemState(context.Context) system.State {
	kept := a.upkeep.record()
	state := system.State{
		Version: version, Started: a.started, SelfCheck: checkOf(kept.SelfCheck), Backup: kept.Backup,
		Shipped: a.shippedState(),
		WireLog: system.WireLog{Days: a.config.WireLog.RetentionDays, Lost: a.wireLost.Load(), LeftOut: a.wireLeftOut.Load()},
	}
	if a.disks != nil {
		if d := a.disks.last.Load(); d.err == nil {
			state.Size = system.Size{
				Records: d.value.ledger.Records, File: d.value.ledger.File, Free: d.value.ledger.Free, Index: d.value.ledger.Index,
				DiskFree: d.value.free, DiskSize: d.value.size, NotificationFile: d.value.history,
			}
		}
	}
	state.AuditBroken, state.JobsBroken = a.broken()
	if last := a.skewed.Load(); last != nil {
		state.Skew, state.SkewAt = last.by, last.at
	}
	for _, row := range a.guards.scans.list(a.now()) {
		state.Scans = append(state.Scans, system.Scan{
			Store: row.Store, Unknown: row.Unknown, Asked: row.Asked, Since: row.Since, Last: row.Last, Alarm: row.Alarm,
		})
	}
	for _, c := range a.certificates {
		state.Certificates = append(state.Certificates, system.Certificate{Listener: c.listener, Ends: c.ends()})
	}
	return state
}

// shippedState is how far the journal is shipped.
func (a *application) shippedState() system.Shipped {
	shipped := system.Shipped{On: a.config.Journal.ShipDir != ""}
	if !shipped.On || a.ships == nil {
		return shipped
	}
	last := a.ships.last.Load()
	if last.err != nil {
		return shipped
	}
	shipped.Known, shipped.Oldest = true, last.value.Oldest
	shipped.Behind = last.value.Head - min(last.value.Shipped, last.value.Head)
	return shipped
}

// checkNow makes a self-check and keeps its result like the nightly one's.
func (a *application) checkNow(_ context.Context, progress func(done, total uint64)) (system.Check, error) {
	began := time.Now()
	report, err := a.verifyCopy(progress)
	a.noteSelfCheck(report, err, time.Since(began))
	var difference *boltdb.Difference
	if err != nil && !errors.As(err, &difference) {
		return system.Check{}, err
	}
	return *checkOf(a.upkeep.record().SelfCheck), nil
}

// checkOf is a self-check as the console shows it; nil before the first.
func checkOf(last *selfCheckResult) *system.Check {
	if last == nil {
		return nil
	}
	return &system.Check{At: last.At, Records: last.Records, Head: last.Head, Sound: last.Problem == "", Problem: last.Problem}
}

// broken says whether the audit log, and the records of the jobs, can't be used, as
// was last found out.
func (a *application) broken() (auditLog, jobs bool) {
	recordable, stand := a.recordable.last.Load(), a.jobsStand.last.Load()
	return recordable.err == nil && !recordable.value, stand.err == nil && stand.value.unusable
}
