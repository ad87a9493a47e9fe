package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"go.uber.org/zap"

	"paypoint/access/audit"
	"paypoint/access/login"
)

// The files of the staff's acts and sign-ins, beside the ledger.
const (
	auditName  = "audit.db"
	loginsName = "console.db"
)

// staffFile is where a file about the staff lies. That of a ledger in memory ends
// with it.
func (a *application) staffFile(name string) string {
	if a.config.Store == memoryURL {
		return filepath.Join(scratchFolder(a.config.DataDir), name)
	}
	return filepath.Join(a.config.DataDir, name)
}

// openAudit opens the record of who did what. Tills do not wait for it: where it can't
// be opened, what has to be recorded is refused and all else goes on. The file stays
// as it is, for it is evidence.
func (a *application) openAudit(context.Context) error {
	var err error
	if a.audit, err = audit.Open(a.staffFile(auditName), a.now); err != nil {
		a.log.Error("the audit log can't be opened: nobody can do what has to be recorded, tills go on", zap.Error(err))
		a.audit = audit.Unusable(err)
	}
	a.recordable = newReading(a, "audit", a.readRecordable)
	a.metrics.gauge("paypoint_audit_log_ok", "0 while the audit log can't be written, so that nothing is done that has to be recorded.",
		a.recordable.shows(oneIf))
	return nil
}

// readRecordable says whether something could be recorded now.
func (a *application) readRecordable(context.Context) (bool, error) {
	err := a.audit.Ready()
	if err != nil {
		a.failures.Error("the audit log can't be written: nobody can do what has to be recorded", zap.Error(err))
	}
	return err == nil, nil
}

// auditSetting is where the ledger keeps how far the audit log had come. The
// journal is chained, shipped and backed up, so that whoever cuts the audit log
// off, or makes it anew, is found out by it.
const auditSetting = "audit/head"

const (
	// anchorInterval is how often the ledger is told at most, besides at the start and
	// at the end: of a process that was killed the entries since then are the ones that
	// could vanish unseen. Each time is a record of 290 bytes.
	anchorInterval = time.Minute
	// anchorLook is how often it is looked whether there is something to tell.
	anchorLook = time.Second
	// anchorPatience is how long the end of the process waits for the ledger to take it.
	anchorPatience = 10 * time.Second
)

// anchor is how far the ledger was told of the audit log.
type anchor struct {
	app *application
	// seen is the head that was last dealt with, at the time of at.
	seen audit.Head
	at   time.Time
	// begun says that the first look is over: an empty log may be one that was removed
	// while no process ran.
	begun bool
}

// anchorAudit tells the ledger of the audit log's head until ctx ends, soon after it
// has moved.
func (a *application) anchorAudit(ctx context.Context) {
	k := &anchor{app: a}
	every(ctx, anchorLook, func() { k.look(ctx) })
}

// look tells the ledger of a head that it was not told of, anchorInterval after the
// one before. A log that can't be used has none.
func (k *anchor) look(ctx context.Context) {
	head, err := k.app.audit.Head()
	now := k.app.now()
	same := err == nil && head == k.seen
	if errors.Is(err, audit.ErrUnusable) || same && k.begun || !anchorDue(k.at, now) {
		return
	}
	k.begun = true
	if !same { // the first entry of an empty log waits for no interval
		k.at = now
	}
	if err == nil {
		err = k.app.anchorHead(ctx)
	}
	switch {
	case err == nil:
		k.seen = head
	case errors.Is(err, errAuditCut):
		// It stays so: it is told again when there are more entries.
		k.seen = head
		k.app.log.Error("the audit log lacks entries that the ledger knows of", zap.Error(err))
	case ctx.Err() == nil:
		k.app.log.Error("the ledger can't be told of the audit log's end, trying again", zap.Error(err))
	}
}

// anchorDue says whether the ledger may be told again. A clock that was set back keeps
// nothing from it.
func anchorDue(last, now time.Time) bool { return now.Sub(last).Abs() >= anchorInterval }

// errAuditCut: the audit log lacks entries that it had. The ledger keeps what it was
// told before, which shows it.
var errAuditCut = errors.New("the audit log was cut short, or made anew")

func (a *application) anchorHead(ctx context.Context) error {
	head, err := a.audit.Head()
	if err != nil {
		return fmt.Errorf("anchor the audit log: %w", err)
	}
	known, err := a.auditHeads(ctx)
	if err != nil {
		return err
	}
	for _, before := range known {
		// One that has grown again since hides the cut, unless its entries are looked at.
		if has, err := a.audit.Has(before); err != nil || !has {
			return errors.Join(err, fmt.Errorf("anchor the audit log: it ends at entry %d, and lacks entry %d as it was: %w", head.Seq, before.Seq, errAuditCut))
		}
	}
	if head.Seq == 0 || slices.Contains(known, head) {
		return nil
	}
	value, err := json.Marshal(head)
	if err != nil {
		return fmt.Errorf("anchor the audit log: %w", err)
	}
	return a.ledger.Alter(ctx, auditSetting, scheduleBy, func([]byte) ([]byte, error) { return value, nil })
}

// auditHeads is how far the audit log had come when the ledger was last told; none
// before the first time.
func (a *application) auditHeads(ctx context.Context) ([]audit.Head, error) {
	values, err := a.ledger.Reader().Settings(ctx, auditSetting)
	if err != nil {
		return nil, fmt.Errorf("where the audit log has ended before: %w", err)
	}
	value, told := values[auditSetting]
	if !told {
		return nil, nil
	}
	var head audit.Head
	if err := json.Unmarshal(value, &head); err != nil {
		return nil, errors.Join(errors.New("where the audit log has ended before can't be read"), err)
	}
	return []audit.Head{head}, nil
}

// closeAudit tells the ledger of the log's end, so that nothing is lost unseen while
// no process has the two files, and closes the log. By then nothing is done any more.
func (a *application) closeAudit() error {
	if a.audit == nil {
		return nil
	}
	if a.store.Err() == nil {
		ctx, cancel := context.WithTimeout(context.Background(), anchorPatience)
		defer cancel()
		if err := a.anchorHead(ctx); err != nil && !errors.Is(err, audit.ErrUnusable) { // that was told of at the start
			a.log.Error("the ledger can't be told of the audit log's end", zap.Error(err))
		}
	}
	return a.audit.Close()
}

// openLogins opens the record of who is signed in to the console. It has no
// secret that signs anybody in, and what is lost with it is done again in a
// minute.
func (a *application) openLogins(context.Context) (err error) {
	if a.logins, err = orScratch(a, loginsName, func(path string) (*login.Store, error) { return login.Open(path, a.now) }); err != nil {
		return fmt.Errorf("open the console's logins: %w", err)
	}
	if damage := a.logins.Damage(); damage != nil {
		a.log.Error("the file of sign-ins was put aside and begun anew: everybody has to sign in again", zap.Error(damage))
	}
	return nil
}

// orScratch opens a file beside the ledger that is no reason for tills to wait, and
// whose content can be lost: where that can't be done (its permissions, another process
// that has it), another that ends with this process is used instead.
func orScratch[F any](a *application, name string, open func(path string) (F, error)) (F, error) {
	file, err := open(a.staffFile(name))
	if err == nil {
		return file, nil
	}
	a.log.Error("a file beside the ledger can't be opened: until the next start another is used in its place", zap.String("file", name), zap.Error(err))
	return open(filepath.Join(scratchFolder(a.config.DataDir), name))
}

func (a *application) closeLogins() error {
	if a.logins == nil {
		return nil
	}
	return a.logins.Close()
}
