package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"paypoint/store/boltdb"
)

type verifyCommand struct {
	File string `arg:"" optional:"" help:"Backup, or ledger file that no server has open, in the place of the data directory's ledger." type:"existingfile" placeholder:"FILE"`
}

// Help says what is checked.
func (verifyCommand) Help() string {
	return "Derives every row, index and total anew from the journal and names the first difference.\n" +
		"Exit code 3 when there is one. A FILE is checked in the system's folder for temporary files (TMPDIR), which needs room\n" +
		"for it twice.\n\nExamples:\n  paypoint verify --data /var/lib/paypoint\n  paypoint verify /backup/ledger-20261122-181500.ppbackup"
}

// verified is what a clean verification has seen, and of which backup.
type verified struct {
	boltdb.Report
	Backup *boltdb.BackupInfo `json:"backup,omitempty"`
}

// Run checks the ledger, a copy of it where a server runs, or a file.
func (c *verifyCommand) Run(s *session) error {
	if err := s.isLocal(); err != nil {
		return err
	}
	var seen verified
	var err error
	if c.File == "" {
		seen.Report, err = s.verify()
	} else {
		seen, err = s.verifyOther(c.File)
	}
	s.progress("")
	var difference *boltdb.Difference
	if errors.As(err, &difference) {
		return fmt.Errorf("%w: %w", errDiffers, err)
	}
	if err != nil {
		return err
	}
	return show(s, seen, func(seen verified) error {
		if seen.Backup != nil {
			s.printf("%s: a backup, %s\n", c.File, described(*seen.Backup))
		}
		s.printf("clean: %d records, %d charges, %d payments, %d reversals; head %s\n",
			seen.Records, seen.Charges, seen.Payments, seen.Reversals, seen.Head)
		return nil
	})
}

func (s *session) verify() (report boltdb.Report, err error) {
	folder, cfg, err := s.dataDir()
	if err != nil {
		return report, err
	}
	err = s.withLedger(folder, func(client *operatorClient) error {
		report, err = client.verify(s, s.verifyProgress)
		return err
	}, func() error {
		report, err = s.verifyAlone(folder, cfg)
		return err
	})
	return report, err
}

// verifyAlone checks the ledger's file itself.
func (s *session) verifyAlone(folder string, cfg Config) (boltdb.Report, error) {
	path, err := ledgerFile(folder, cfg)
	if err != nil {
		return boltdb.Report{}, err
	}
	scratch := scratchFolder(folder)
	if err := os.Mkdir(scratch, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return boltdb.Report{}, fmt.Errorf("verify: %w", err)
	}
	return boltdb.Verify(path, scratch, s.verifyProgress)
}

// verifyOther checks a backup, or a ledger file that lies anywhere.
func (s *session) verifyOther(path string) (seen verified, err error) {
	scratch, err := os.MkdirTemp("", "paypoint-verify-")
	if err != nil {
		return seen, fmt.Errorf("verify: %w", err)
	}
	defer os.RemoveAll(scratch)
	info, report, err := s.verifyBackup(path, scratch)
	switch {
	case errors.Is(err, boltdb.ErrNoBackup):
		seen.Report, err = boltdb.Verify(path, scratch, s.verifyProgress)
		return seen, err
	case err != nil:
		return seen, fmt.Errorf("verify %s: %w", path, err)
	}
	return verified{report, &info}, nil
}

// verifyBackup checks the ledger in a backup.
func (s *session) verifyBackup(path, scratch string) (boltdb.BackupInfo, boltdb.Report, error) {
	file, err := os.Open(path) // #nosec G304 -- the operator names the file
	if err != nil {
		return boltdb.BackupInfo{}, boltdb.Report{}, err
	}
	defer file.Close()
	return boltdb.VerifyBackup(file, scratch, s.verifyProgress)
}

func (s *session) verifyProgress(done, total uint64) {
	s.progress("verify: %d of %d records", done, total)
}

// dataDir is where the ledger is. A command that needs no more than that works
// with a configuration that is not complete.
func (s *session) dataDir() (string, Config, error) {
	cfg, err := s.loadConfig(Overrides{})
	if err == nil {
		return cfg.DataDir, cfg, nil
	}
	if s.flags.Data != "" && s.flags.Config == "" {
		return s.flags.Data, Config{}, nil
	}
	return "", Config{}, err
}
