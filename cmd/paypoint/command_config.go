package main

import (
	"paypoint/store/boltdb"
)

type configCommand struct {
	Check configCheckCommand `cmd:"" help:"Check the configuration and name every fault with its line."`
}

type configCheckCommand struct{}

// Help shows an example.
func (configCheckCommand) Help() string {
	return "Example:\n  paypoint config check --config /etc/paypoint/paypoint.yaml"
}

// Run checks the configuration.
func (c *configCheckCommand) Run(s *session) error {
	cfg, err := s.loadConfig(Overrides{})
	if err != nil {
		return err
	}
	if s.flags.JSON {
		return s.printJSON(map[string]string{"data_dir": cfg.DataDir, "store": cfg.Store})
	}
	s.printf("the configuration is sound: ledger %s\n", cfg.Store)
	if warning := cfg.openToForgers(); warning != "" {
		s.printf("warning: %s\n", warning)
	}
	return nil
}

type versionCommand struct{}

// Help shows an example.
func (versionCommand) Help() string {
	return "Example:\n  paypoint version --json"
}

// Run prints the version.
func (c *versionCommand) Run(s *session) error {
	if s.flags.JSON {
		return s.printJSON(map[string]any{"version": version, "ledger_schema": boltdb.Schema})
	}
	s.printf("paypoint %s, ledger schema %d\n", version, boltdb.Schema)
	return nil
}
