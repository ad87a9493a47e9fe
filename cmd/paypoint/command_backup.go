package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"paypoint/durable"
	"paypoint/ledger"
	"paypoint/store/boltdb"
)

type backupCommand struct {
	File string `arg:"" optional:"" help:"File to write, or - for standard output; ledger-DATE-TIME.ppbackup here when left out." placeholder:"FILE"`
}

// Help says what comes of it.
func (backupCommand) Help() string {
	return "Goes on beside a running server, which goes on too. The file appears whole or not at all, checked by its\n" +
		"SHA-256, with mode 0600; one that is there is not overwritten. restore makes a ledger of it.\n\n" +
		"Examples:\n  paypoint backup --data /var/lib/paypoint\n  paypoint backup /backup/ledger.ppbackup\n" +
		"  paypoint backup - | ssh backup-host 'cat > ledger.ppbackup'"
}

// madeBackup is a backup and where it is.
type madeBackup struct {
	File string `json:"file"`
	boltdb.BackupInfo
}

// Run makes a backup.
func (c *backupCommand) Run(s *session) error {
	if err := s.isLocal(); err != nil {
		return err
	}
	if c.File == "-" {
		return s.backupOut()
	}
	made := madeBackup{File: cmp.Or(c.File, "ledger-"+time.Now().In(ledger.WIB).Format("20060102-150405")+".ppbackup")}
	if err := mustBeFree(made.File); err != nil {
		return err
	}
	// Another backup may take the name meanwhile.
	err := durable.WriteNew(made.File, 0o600, func(w io.Writer) (err error) {
		made.BackupInfo, err = s.backup(w)
		return err
	})
	s.progress("")
	if err != nil {
		return fmt.Errorf("write %s: %w", made.File, err)
	}
	return show(s, made, s.printBackup)
}

// backupOut writes a backup to standard output, and about it elsewhere.
func (s *session) backupOut() error {
	if file, ok := s.out.(*os.File); ok && isTerminal(file) {
		return fmt.Errorf("%w: a backup is not for a terminal: name a file, or send it on with |", errUsage)
	}
	info, err := s.backup(s.out)
	s.progress("")
	if err != nil {
		return fmt.Errorf("what was written so far is no backup: %w", err)
	}
	about := *s
	about.out = s.err
	return show(&about, madeBackup{File: "-", BackupInfo: info}, about.printBackup)
}

// backup writes a backup: the server's, or the ledger file's where none runs.
func (s *session) backup(w io.Writer) (info boltdb.BackupInfo, err error) {
	folder, cfg, err := s.dataDir()
	if err != nil {
		return info, err
	}
	err = s.withLedger(folder, func(client *operatorClient) error {
		info, err = client.backup(s, w, s.megabytes("backup"))
		return err
	}, func() error {
		path, err := ledgerFile(folder, cfg)
		if err == nil {
			info, err = boltdb.BackupFile(path, w, time.Now(), s.megabytes("backup"))
		}
		return err
	})
	return info, err
}

// printBackup ends with the line that sha256sum --check reads.
func (s *session) printBackup(made madeBackup) error {
	s.printf("%s\n%s  %s\n", described(made.BackupInfo), made.SHA256, made.File)
	return nil
}

// described is what a backup holds, in words.
func described(b boltdb.BackupInfo) string {
	if b.Records == 0 {
		return fmt.Sprintf("an empty ledger, schema %d; taken %s", b.Schema, wibTime(b.Taken))
	}
	return fmt.Sprintf("%d records until %s, %.1f MB, schema %d; taken %s; head %s",
		b.Records, wibTime(b.Last), float64(b.Size)/1e6, b.Schema, wibTime(b.Taken), b.Head)
}

// wibTime is a time to the second, with its zone: it may be read in another.
func wibTime(t time.Time) string { return t.In(ledger.WIB).Format(time.DateTime) + " WIB" }

// megabytes shows how far something is, now and then.
func (s *session) megabytes(doing string) func(done, total int64) {
	var told time.Time
	return func(done, total int64) {
		if now := time.Now(); now.Sub(told) > progressInterval {
			told = now
			s.progress("%s: %.1f of %.1f MB", doing, float64(done)/1e6, float64(total)/1e6)
		}
	}
}

// mustBeFree refuses to overwrite.
func mustBeFree(path string) error {
	switch _, err := os.Lstat(path); {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	default:
		return fmt.Errorf("%s is there already: nothing is overwritten, name another file", path)
	}
}

// isLocal refuses --url: the command works on this machine's files.
func (s *session) isLocal() error {
	if s.flags.URL == "" {
		return nil
	}
	return fmt.Errorf("%w: this command is for the machine that the ledger is on: leave --url out", errUsage)
}
