package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"paypoint/store/boltdb"
)

type verifyCommand struct{}

// Help says what is checked.
func (verifyCommand) Help() string {
	return "Derives every row, index and total anew from the journal and names the first difference.\n" +
		"Exit code 3 when there is one.\n\nExample:\n  paypoint verify --data /var/lib/paypoint"
}

// Run checks the ledger, or a copy of it where a server runs.
func (c *verifyCommand) Run(s *session) error {
	report, err := s.verify()
	s.progress("")
	var difference *boltdb.Difference
	if errors.As(err, &difference) {
		return fmt.Errorf("%w: %w", errDiffers, err)
	}
	if err != nil {
		return err
	}
	if s.flags.JSON {
		return s.printJSON(report)
	}
	s.printf("clean: %d records, %d charges, %d payments, %d reversals; head %s\n",
		report.Records, report.Charges, report.Payments, report.Reversals, report.Head)
	return nil
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
