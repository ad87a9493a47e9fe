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

// openAudit opens the record of who did what.
func (a *application) openAudit(context.Context) (err error) {
	if a.audit, err = audit.Open(a.staffFile(auditName), a.now); err != nil {
		return fmt.Errorf("open the audit log: %w", err)
	}
	return nil
}

// auditSetting is where the ledger keeps how far the audit log had come. The
// journal is chained, shipped and backed up, so that whoever cuts the audit log
// off, or makes it anew, is found out by it.
const auditSetting = "audit/head"

const (
	// anchorInterval is how often the ledger is told, besides at the start and at the
	// end: of a process that was killed the last entries are the ones that could
	// vanish unseen.
	anchorInterval = time.Hour
	// anchorPatience is how long the end of the process waits for the ledger to take it.
	anchorPatience = 10 * time.Second
)

// anchorAudit tells the ledger of the audit log's head, at the start and until ctx
// ends, where that has grown.
func (a *application) anchorAudit(ctx context.Context) {
	ticker := time.NewTicker(anchorInterval)
	defer ticker.Stop()
	for {
		if err := a.anchorHead(ctx); err != nil && ctx.Err() == nil {
			a.log.Error("the ledger can't be told of the audit log's end, trying again", zap.Error(err))
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

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
		if err := a.anchorHead(ctx); err != nil {
			a.log.Error("the ledger can't be told of the audit log's end", zap.Error(err))
		}
	}
	return a.audit.Close()
}

// openLogins opens the record of who is signed in to the console. It has no
// secret that signs anybody in, and what is lost with it is done again in a
// minute.
func (a *application) openLogins(context.Context) (err error) {
	if a.logins, err = login.Open(a.staffFile(loginsName), a.now); err != nil {
		return fmt.Errorf("open the console's logins: %w", err)
	}
	if damage := a.logins.Damage(); damage != nil {
		a.log.Error("the file of sign-ins was put aside and begun anew: everybody has to sign in again", zap.Error(damage))
	}
	return nil
}

func (a *application) closeLogins() error {
	if a.logins == nil {
		return nil
	}
	return a.logins.Close()
}
