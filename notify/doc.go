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
// older than what that receiver already has. Only where the history can't be
// written do deliveries go on without it: being told twice is better than not
// being told.
//
// Charges, URLs and merchants do not wait for each other. A host takes at most a
// quarter of its merchant's attempts at once and of its merchant's memory. What
// does not fit stays in the outbox and is read, in its order, from where that
// host was left. A merchant may use much while there is much, and a floor of its
// own always, so that all together stay within bounds and the dead take nothing
// that the living need.
//
// # Files
//
//	outbox.go     reading the outbox, and what lags in it
//	memory.go     what is taken into memory, and what is left
//	shares.go     how much of everything a merchant may use
//	lanes.go      what waits, in which order, and what may start
//	attempt.go    one attempt: the message, its signatures, what follows
//	policy.go     the schedule of retries, a pure function
//	sender.go     the HTTP exchange, its redirects and bounds
//	guard.go      which addresses may be connected to
//	record.go     attempts to the history, outcomes to the ledger, in groups
//	history.go    notifications.db: every attempt, and the schedule with it
//	retention.go  what goes after its time
//	resends.go    resends by hand, and whose turn it is
//	resend.go     one of them
//	listing.go    what merchants and operators see
//
// Attempts and the schedule of retries live in a file of their own, so that
// booking money never waits for them. Its loss loses history, and retries begin
// anew; a notification is never lost by it.
package notify
