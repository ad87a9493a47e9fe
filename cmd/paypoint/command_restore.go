package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
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
	// Incomplete is the word of somebody who knows better than the folder does.
	Incomplete bool `help:"Begin recovery even where the shipped journal says that nothing is missing."`
}

// Help says what comes of it.
func (restoreCommand) Help() string {
	return "Makes a ledger in the data directory, where none may be, of a backup, of the shipped journal, or of a backup and\n" +
		"what was shipped after it; and says what is in it and what is missing. Unless every answer waited for the shipped\n" +
		"journal, payments may be missing that tills were told are booked: the ledger then begins in recovery.\n\n" +
		"The folder can't tell whether the server went on without it. What it says is held against the other files of the data\n" +
		"directory; where you know that the server went on (journal.wait turned off, the folder's disk away), say --incomplete.\n\n" +
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
	// was shipped, as far as the folder, the files beside the ledger and the
	// operator know.
	Complete bool `json:"complete"`
	// Witnesses are files beside the ledger that know of more than was restored,
	// and what; Unread are those that could not be asked, and why.
	Witnesses []string `json:"witnesses,omitempty"`
	Unread    []string `json:"unread,omitempty"`
	// Asked says that recovery was asked for.
	Asked bool `json:"incomplete_asked,omitempty"`
	// Torn is how many bytes of a half-written end the shipped journal had.
	Torn int64 `json:"torn,omitempty"`
	// Lacking says that the shipped journal lacks its newest files.
	Lacking bool `json:"lacking,omitempty"`
	// Recovery is what is to be done first; nil where the ledger serves at once.
	Recovery *ledger.Recovery `json:"recovery,omitempty"`
	// FirstDay is the earliest business day that the schedule may have to do
	// again; empty where it does nothing, or has lost nothing.
	FirstDay ledger.Day `json:"first_day,omitempty"`
	// SetAside are files of the lost ledger under their new names.
	SetAside []string `json:"set_aside,omitempty"`
	// RootsFolder is the data directory, if it was made as root.
	RootsFolder string `json:"roots_folder,omitempty"`
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
	var made restoredLedger
	if isMissing(folder) && os.Getuid() == 0 {
		made.RootsFolder = folder
	}
	if err := durable.MakeFolder(folder, 0o700); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	made.File, made.Asked = path, c.Incomplete
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
	made.Records, made.Head, made.Last, made.Torn, made.Lacking = done.Records, done.Head, done.Last, done.Torn, done.Lacking
	// Not before the ledger has its name: killed until then, restore is asked again,
	// and asks the witnesses again.
	if !made.Complete {
		aside, err := setAside(folder, time.Now(), notify.HistoryFile, upkeepName)
		made.SetAside = append(made.SetAside, aside...)
		if err != nil {
			return err
		}
	}
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
	// A copy of it may end earlier.
	shipped := cfg.Journal.ShipDir
	if shipped == "" || sameFolder(c.Journal, shipped) {
		return path, nil
	}
	has, err := hasShipped(shipped)
	switch {
	case has:
		return "", fmt.Errorf("%w: journal.ship_dir may hold what came later: restore with --journal %s, or move that folder away", errUsage, shipped)
	case err != nil && !c.Incomplete:
		return "", fmt.Errorf("%w: journal.ship_dir may hold what came later, is its disk there? restore with --journal %s, or with --incomplete where it is lost: %w",
			errUsage, shipped, err)
	default:
		return path, nil
	}
}

func sameFolder(one, other string) bool {
	first, err := os.Stat(one)
	second, otherErr := os.Stat(other)
	return err == nil && otherErr == nil && os.SameFile(first, second)
}

// finish makes the whole ledger fit to serve, before it gets its name.
func (made *restoredLedger) finish(s *session, whole, folder string, cfg Config, done boltdb.Restored) error {
	store, err := boltdb.Open(whole, boltdb.Options{})
	if err != nil {
		return err
	}
	service := ledger.NewService(store, cfg.agreement(), time.Now)
	if done.Complete {
		made.Witnesses, made.Unread, err = witnesses{folder: folder, wire: cfg.WireLog.Dir, ledger: store, done: done}.ask(s)
	} else if done.Indexed > done.Records {
		made.Witnesses = []string{fmt.Sprintf("the index beside the ledger has followed it to record %d", done.Indexed)}
	} else if done.Indexed > 0 {
		made.Witnesses = []string{fmt.Sprintf("the index beside the ledger has followed another course of it, to record %d", done.Indexed)}
	}
	made.Complete = done.Complete && !made.Asked && len(made.Witnesses) == 0
	if err == nil && !made.Complete && !cfg.Sandbox {
		err = checkRestoreClock(done, time.Now())
	}
	if err == nil && !made.Complete {
		_, err = service.BeginRecovery(s, userName(os.Getuid()))
	}
	if err == nil {
		made.Recovery, err = service.Recovery(s) // it may have been in it before
	}
	if err = errors.Join(err, store.Close()); err != nil {
		return err
	}
	// The runs are lost with the disk, or are to be set aside.
	runs := !made.Complete || isMissing(filepath.Join(folder, delivery.RunFile))
	if job := cfg.Schedule; runs && done.Records > 0 && (job.Settle.Enabled || job.Reconcile.Enabled) {
		made.FirstDay = ledger.BusinessDay(done.Last, cfg.Settlement.CutOff.SinceMidnight()).Previous()
	}
	if made.Complete {
		return nil
	}
	made.SetAside, err = setAside(folder, time.Now(), delivery.RunFile)
	return err
}

// checkRestoreClock refuses a clock that is behind what is restored: the gap would
// end in the past, and a payment that was booked after that be told to be unknown.
func checkRestoreClock(done boltdb.Restored, now time.Time) error {
	known := done.Last
	if b := done.Backup; b != nil && b.Taken.After(known) {
		known = b.Taken
	}
	if now.Before(known) {
		return fmt.Errorf("the clock says %s, and what is restored is of %s: set the clock of this machine first", wibTime(now), wibTime(known))
	}
	return nil
}

// setAside renames what tells of a ledger that went on after the restored one:
// its new notifications would be taken for those delivered under the same
// numbers, days that are open again for settled, and its checks for this one's.
// The index beside the ledger knows by itself whose it is.
func setAside(folder string, now time.Time, files ...string) (names []string, err error) {
	for _, name := range files {
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

// hasShipped says whether a folder has files of a shipped journal. An error says
// that nobody knows, as of a folder that is not there.
func hasShipped(folder string) (bool, error) {
	entries, err := os.ReadDir(folder)
	return slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return filepath.Ext(e.Name()) == ".ship" }), err
}
