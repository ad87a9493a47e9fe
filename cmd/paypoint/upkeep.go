package main

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"path/filepath"
	"sync"
	"time"

	"go.uber.org/zap"
)

// upkeepName is the file of the upkeep in the data directory.
const upkeepName = "upkeep.json"

// upkeep is what the server remembers of its care for the ledger, so that a
// restart neither forgets a difference nor takes an old backup for none.
type upkeep struct {
	// path is empty for a ledger in memory, whose upkeep ends with it.
	path string
	// writing is held while the file is written, mu only to read or set kept: a disk
	// that hangs keeps nobody from reading.
	writing sync.Mutex
	mu      sync.Mutex
	kept    upkeepRecord
}

// upkeepRecord is the file's content.
type upkeepRecord struct {
	// Backup is when the last backup through the server was made; zero is never.
	Backup time.Time `json:"backup,omitzero"`
	// SelfCheck is the last self-check; nil is none yet.
	SelfCheck *selfCheckResult `json:"self_check,omitempty"`
}

// selfCheckResult is how a self-check ended.
type selfCheckResult struct {
	At time.Time `json:"at"`
	// Records is how many journal records were checked, and Head the last one's hash.
	Records uint64 `json:"records,omitempty"`
	Head    string `json:"head,omitempty"`
	// Problem is the first difference, or why there was no check; empty is neither.
	Problem string `json:"problem,omitempty"`
}

// openUpkeep reads what an earlier run has kept. Payments do not wait for a note
// about backups: one that can't be read is begun anew.
func (a *application) openUpkeep() {
	a.upkeep = &upkeep{}
	if a.config.Store == memoryURL {
		return
	}
	a.upkeep.path = filepath.Join(a.config.DataDir, upkeepName)
	text, err := readLimited(a.upkeep.path, maxConfigBytes)
	var kept upkeepRecord
	if err == nil {
		err = json.Unmarshal(text, &kept)
	}
	switch {
	case err == nil:
		a.upkeep.kept = kept
	case !errors.Is(err, fs.ErrNotExist):
		a.log.Error("when the last backup and self-check were made is lost, it begins anew", zap.String("file", a.upkeep.path), zap.Error(err))
	}
}

// record is what is known now.
func (u *upkeep) record() upkeepRecord {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.kept
}

// change notes something, and keeps it.
func (u *upkeep) change(note func(*upkeepRecord)) error {
	u.writing.Lock()
	defer u.writing.Unlock()
	u.mu.Lock()
	note(&u.kept)
	kept := u.kept
	u.mu.Unlock()
	if u.path == "" {
		return nil
	}
	return writeWhole(u.path, 0o600, func(w io.Writer) error { return json.NewEncoder(w).Encode(kept) })
}

// showUpkeep registers the metrics of backups and self-checks.
func (a *application) showUpkeep() {
	a.metrics.gauge("paypoint_backup_timestamp_seconds", "When the last backup through the server was made; 0 is never.", func() float64 {
		return secondsOf(a.upkeep.record().Backup)
	})
	a.metrics.gauge("paypoint_self_check_timestamp_seconds", "When the last self-check ended; 0 before the first.", func() float64 {
		if last := a.upkeep.record().SelfCheck; last != nil {
			return secondsOf(last.At)
		}
		return 0
	})
	a.metrics.gauge("paypoint_self_check_ok", "0 when the last self-check found a difference, or could not be made.", func() float64 {
		last := a.upkeep.record().SelfCheck
		return oneIf(last == nil || last.Problem == "")
	})
}

// secondsOf is a time as Prometheus has it; 0 where there is none.
func secondsOf(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.Unix())
}
