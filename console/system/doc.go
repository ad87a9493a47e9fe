// Package system shows operators how the server and its ledger stand: the last
// self-check and backup, what is shipped, what waits in the outbox, how large the
// ledger is, who tries codes, and the daily jobs. Operators begin a self-check
// here, run a job's day again, and stop inquiries and payments for maintenance.
//
// What only the process knows comes as plain figures through Config.State; what
// the ledger knows is asked of the ledger. A backup holds every payment, so none
// can be downloaded by a browser.
package system
