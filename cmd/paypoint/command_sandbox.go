package main

import (
	"fmt"
	"time"

	"paypoint/ledger"
)

type sandboxCommand struct {
	Clock sandboxClockCommand `cmd:"" help:"Show or turn the clock of a running sandbox."`
}

type sandboxClockCommand struct {
	Ahead *string `arg:"" optional:"" help:"How far ahead of the machine's clock: 26h, 90s, -5m (after --), 0s."`
}

// clockPath is where operators turn a sandbox's clock.
const clockPath = "/operator/v1/sandbox-clock"

// Help shows examples.
func (sandboxClockCommand) Help() string {
	return "What the turned clock asks for, such as the expiry of codes, is done before the command ends.\n" +
		"A restart forgets it: serve --clock-ahead 26h.\n\n" +
		"Examples:\n  paypoint sandbox clock 26h --data paypoint-sandbox\n  paypoint sandbox clock 0s --data paypoint-sandbox"
}

// Run turns the clock.
func (c *sandboxClockCommand) Run(s *session) error {
	print := func(state clockState) error {
		s.printf("the sandbox's clock is %s ahead: %s WIB\n", state.Ahead, state.Now.In(ledger.WIB).Format(time.DateTime))
		return nil
	}
	if c.Ahead == nil {
		return ask(s, "GET", clockPath, nil, print)
	}
	if _, err := time.ParseDuration(*c.Ahead); err != nil {
		return fmt.Errorf("%w: ahead: %w", errUsage, err)
	}
	return ask(s, "PUT", clockPath, map[string]string{"ahead": *c.Ahead}, print)
}
