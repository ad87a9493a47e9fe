package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"paypoint/durable"
	"paypoint/ledger"
	"paypoint/notify"
	"paypoint/reconcile/delivery"
	"paypoint/store/boltdb"
)

type restoreCommand struct {
	Backup  string `help:"File that backup has made." placeholder:"FILE" type:"existingfile"`
	Journal string `help:"Folder that journal.ship_dir named: what came after the backup, or all of it." placeholder:"DIR" type:"existingdir"`
}

// Help says what comes of it.
func (restoreCommand) Help() string {
	return "Makes a ledger in the data directory, where none may be, of a backup, of the shipped journal, or of a backup and\n" +
		"what was shipped after it; and says what is in it and what is missing. Unless every answer waited for the shipped\n" +
		"journal, payments may be missing that tills were told are booked: the ledger then begins in recovery.\n\n" +
		"Examples:\n  paypoint restore --backup /backup/ledger.ppbackup --journal /mnt/other-disk/journal\n" +
		"  paypoint restore --journal /mnt/other-disk/journal --data /var/lib/paypoint"
}

// Validate wants something to restore from.
func (c *restoreCommand) Validate() error {
	if c.Backup == "" && c.Journal == "" {
		return errors.New("want --backup FILE, --journal DIR or both")
	}
	return nil
}

// restoredLedger is what a restored ledger holds, and what it lacks.
type restoredLedger struct {
	File   string             `json:"file"`
	Backup *boltdb.BackupInfo `json:"backup,omitempty"`
	// FromBackup and FromJournal are how many of the Records came from which.
	FromBackup  uint64 `json:"from_backup"`
	FromJournal uint64 `json:"from_journal"`
	Records     uint64 `json:"records"`
	// Head is the hash of the last record, and Last when that was decided.
	Head string    `json:"head"`
	Last time.Time `json:"last,omitzero"`
	// Complete says that nothing is missing that was answered while the journal
	// was shipped.
	Complete bool `json:"complete"`
	// Torn is how many bytes of a half-written end the shipped journal had.
	Torn int64 `json:"torn,omitempty"`
	// Recovery is what is to be done first; nil where the ledger serves at once.
	Recovery *ledger.Recovery `json:"recovery,omitempty"`
	// FirstDay is the earliest business day that the schedule may have to do
	// again; empty where it does nothing, or has lost nothing.
	FirstDay ledger.Day `json:"first_day,omitempty"`
	// SetAside are files of the lost ledger under their new names.
	SetAside []string `json:"set_aside,omitempty"`
	// NoMasterKey is where the master key is to be put, if it is not there.
	NoMasterKey string `json:"no_master_key,omitempty"`
}

// Run restores a ledger.
func (c *restoreCommand) Run(s *session) error {
	if err := s.isLocal(); err != nil {
		return err
	}
	folder, cfg, err := s.dataDir()
	if err != nil {
		return err
	}
	path, err := c.target(folder, cfg)
	if err != nil {
		return err
	}
	if err := durable.MakeFolder(folder, 0o700); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	made := restoredLedger{File: path}
	done, err := boltdb.Restore(boltdb.RestoreOptions{
		Backup: c.Backup, Journal: c.Journal, Path: path,
		Progress: func(done, total uint64) { s.progress("restore: %d of %d records", done, total) },
		Finish: func(whole string, done boltdb.Restored) error {
			return made.finish(s, whole, folder, cfg, done)
		},
	})
	s.progress("")
	if err != nil {
		return err
	}
	made.Backup, made.FromBackup, made.FromJournal = done.Backup, done.FromBackup, done.FromJournal
	made.Records, made.Head, made.Last, made.Complete = done.Records, done.Head, done.Last, done.Complete
	made.Torn = done.Torn
	if key := cfg.MasterKeyFile; key != "" && isMissing(key) {
		made.NoMasterKey = key
	}
	return show(s, made, s.printRestored)
}

// target is where the ledger is to be, if all is fit for it.
func (c *restoreCommand) target(folder string, cfg Config) (string, error) {
	if err := mustBeStopped(folder); err != nil {
		return "", err
	}
	path, err := ledgerPath(folder, cfg)
	if err != nil {
		return "", err
	}
	switch _, err := os.Lstat(path); {
	case err == nil:
		return "", fmt.Errorf("there is a ledger already: %s: move it away first, and keep it: its journal may hold what is missing here", path)
	case !errors.Is(err, fs.ErrNotExist):
		return "", err
	}
	// Begun without it, the ledger would go on in another way than what was
	// shipped, and the folder could neither be used nor followed any more.
	if shipped := cfg.Journal.ShipDir; c.Journal == "" && shipped != "" && hasShipped(shipped) {
		return "", fmt.Errorf("%w: journal.ship_dir may hold what came after the backup: add --journal %s, or move the folder away", errUsage, shipped)
	}
	return path, nil
}

// finish makes the whole ledger fit to serve, before it gets its name.
func (made *restoredLedger) finish(s *session, whole, folder string, cfg Config, done boltdb.Restored) error {
	store, err := boltdb.Open(whole, boltdb.Options{})
	if err != nil {
		return err
	}
	service := ledger.NewService(store, cfg.agreement(), time.Now)
	if !done.Complete {
		_, err = service.BeginRecovery(s, userName(os.Getuid()))
	}
	if err == nil {
		made.Recovery, err = service.Recovery(s) // it may have been in it before
	}
	if err = errors.Join(err, store.Close()); err != nil || done.Complete {
		return err
	}
	if job := cfg.Schedule; done.Records > 0 && (job.Settle.Enabled || job.Reconcile.Enabled) {
		made.FirstDay = ledger.BusinessDay(done.Last, cfg.Settlement.CutOff.SinceMidnight()).Previous()
	}
	made.SetAside, err = setAside(folder, time.Now())
	return err
}

// setAside renames what tells of a ledger that went on after the restored one:
// its new notifications would be taken for those delivered under the same
// numbers, days that are open again for settled, and its checks for this one's.
// The index beside the ledger knows by itself whose it is.
func setAside(folder string, now time.Time) (names []string, err error) {
	for _, name := range []string{notify.HistoryFile, delivery.RunFile, upkeepName} {
		path := filepath.Join(folder, name)
		aside := path + ".before-restore-" + now.UTC().Format("20060102T150405Z")
		switch renamed := os.Rename(path, aside); {
		case renamed == nil:
			names = append(names, aside)
		case !errors.Is(renamed, fs.ErrNotExist):
			err = errors.Join(err, fmt.Errorf("restore: %w", renamed))
		}
	}
	return names, err
}

// mustBeStopped refuses where a server runs.
func mustBeStopped(folder string) error {
	client, err := dialOperators(folder)
	if err != nil {
		return nil // as it should be
	}
	client.close()
	return fmt.Errorf("a server runs in %s: stop it first", folder)
}

func isMissing(path string) bool {
	_, err := os.Stat(path)
	return errors.Is(err, fs.ErrNotExist)
}

// hasShipped says whether a folder has files of a shipped journal.
func hasShipped(folder string) bool {
	files, err := filepath.Glob(filepath.Join(folder, "*.ship"))
	return err == nil && len(files) > 0
}
