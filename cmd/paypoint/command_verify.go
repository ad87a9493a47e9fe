package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

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
	fmt.Fprint(s.err, "\r\x1b[K")
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
	fmt.Fprintf(s.out, "clean: %d records, %d charges, %d payments, %d reversals; head %s\n",
		report.Records, report.Charges, report.Payments, report.Reversals, report.Head)
	return nil
}

func (s *session) verify() (boltdb.Report, error) {
	folder, cfg, err := s.dataDir()
	if err != nil {
		return boltdb.Report{}, err
	}
	if client, err := dialOperators(folder); err == nil {
		return client.verify(s, s.verifyProgress)
	}
	path := filepath.Join(folder, "ledger.db")
	if file, isBolt := strings.CutPrefix(cfg.Store, boltScheme); isBolt {
		path = file
	}
	return boltdb.Verify(path, folder, s.verifyProgress)
}

func (s *session) verifyProgress(done, total uint64) {
	fmt.Fprintf(s.err, "\rverify: %d of %d records\x1b[K", done, total)
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
