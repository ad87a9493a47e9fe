// Package storetest holds what every engine of the ledger owes its callers.
//
// Run is a suite of single duties; Walk puts the same random messages to an
// engine and to a model and compares all that both say and keep. An engine's
// own tests call both, and add what only that engine can be asked.
package storetest
