package main

// Help shows an example.
func (reconcileListCommand) Help() string {
	return "Example:\n  paypoint reconcile list --from 2026-01-01"
}

// Help shows an example.
func (statementListCommand) Help() string {
	return "Example:\n  paypoint statement list --merchant G000000002"
}
