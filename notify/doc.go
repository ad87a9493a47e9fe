// Package notify tells merchants what became of their charges: it takes the
// notices of the ledger's outbox and posts each to its receivers.
//
// # What is promised
//
// A notice is in the outbox from the moment of its change until every receiver
// has it, its delivery is given up, or there is nobody to tell. What was being
// delivered when the process died is delivered again, under the same
// webhook-id: at least once, never lost.
//
// To one URL the notices of one charge go strictly in the order of their
// changes: the next is not tried before the one before is delivered or given
// up, and that is on the disk. So what a crash repeats to a receiver is never
// older than what that receiver already has.
//
// Charges, URLs and merchants do not wait for each other. Every bound is a
// merchant's own: how many attempts run at once, to all its hosts and to one,
// and how many notices wait in memory. What does not fit stays in the outbox
// and is read from where that merchant was left.
//
// # Files
//
//	outbox.go     from the outbox into memory
//	lanes.go      what waits, in which order, and what may start
//	attempt.go    one attempt: the message, its signatures, what follows
//	policy.go     the schedule of retries, a pure function
//	sender.go     the HTTP exchange, its redirects and bounds
//	guard.go      which addresses may be connected to
//	record.go     attempts to the history, outcomes to the ledger, in groups
//	history.go    notifications.db: every attempt, and the schedule with it
//
// Attempts and the schedule of retries live in a file of their own, so that
// booking money never waits for them. Its loss loses history, and retries begin
// anew; a notification is never lost by it.
package notify
