// Package task runs what outlasts a request of the console: withdrawing all open
// codes of a merchant, telling many merchants again, checking the ledger. The
// person sees how far it is on a page that can be reloaded, with or without
// script, and everyone who may see that page sees the same.
//
// A Board lives in memory. What a task has done is in the ledger; after a restart
// only its progress is forgotten.
package task
