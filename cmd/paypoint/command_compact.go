package main

import (
	"paypoint/store/boltdb"
)

type compactCommand struct{}

// Help says what it needs.
func (compactCommand) Help() string {
	return "Writes the ledger anew without its unused pages, checks that, and puts it in the place of the old file. The\n" +
		"server must be stopped, and there must be room for the new file beside the old one. Killed half-way, it\n" +
		"leaves the ledger as it was.\n\nExample:\n  paypoint compact --data /var/lib/paypoint"
}

// compactedFile is what a compaction came to, in bytes.
type compactedFile struct {
	File   string `json:"file"`
	Before int64  `json:"before"`
	After  int64  `json:"after"`
}

// Run makes the ledger's file as small as it can be.
func (c *compactCommand) Run(s *session) error {
	if err := s.isLocal(); err != nil {
		return err
	}
	folder, cfg, err := s.dataDir()
	if err != nil {
		return err
	}
	if err := mustBeStopped(folder); err != nil {
		return err
	}
	path, err := ledgerFile(folder, cfg)
	if err != nil {
		return err
	}
	done, err := boltdb.Compact(path, s.megabytes("compact"))
	s.progress("")
	if err != nil {
		return err
	}
	return show(s, compactedFile{File: path, Before: done.Before, After: done.After}, func(c compactedFile) error {
		s.printf("%s: %.1f MB before, %.1f MB now\n", c.File, float64(c.Before)/1e6, float64(c.After)/1e6)
		return nil
	})
}
