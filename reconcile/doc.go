// Package reconcile does the daily work of finance with the parts below it:
// it takes Indomaret's files, matches them with the ledger, opens cases,
// closes merchants' statements, and accounts for the cash.
//
// # Files
//
// Import takes one file of Indomaret's, whole or not at all: it is read to its
// end and kept aside before the ledger records it as the next version of its
// day. The ledger's record decides: a file without one, left by a program that
// was killed, counts for nothing and the next import puts its own in its place.
// Below Config.Dir each day has a folder of its own, for its owner only:
//
//	2026-11-22/v1.entries    the payments, sorted, without phone numbers
//	2026-11-22/v1.raw.gz     the bytes as they came
//	2026-11-22/v1.phones     the customers' phone numbers, where the file has them
//	2026-11-22/outcome.json  the counts and sums of the last match
//	2026-11-22/run-1.findings
//
// Where a file has phone numbers, its bytes as they came have them too, so
// DropPhones removes both when their time is over. Of any other file they stay.
//
// # Matching
//
// Match compares a closed batch with the newest version of the day's file, and
// both with what the day before has carried. Everything that is not agreed is
// kept as a finding; each that needs a person opens a case in the ledger, once
// however often the day is matched. Cases that an earlier match opened are never
// closed by a later one: it only notes in them what it has found since.
//
// A day may be matched again, for a corrected file. Days after it depend on it,
// by what it carries and by which payments it found; those that were matched
// before are matched again, in order, where that has changed.
//
// Adjustments stand in batches as lines of their own. They correct what a match
// found, so they are no payments to be matched: a payment that was recovered,
// refunded or taken back by an approved act is found again as it was found
// before, and its case, which is resolved, is not opened again.
//
// # Statements and cash
//
// CloseStatements settles with merchants up to a closed day; what is booked for
// an earlier day after that stands in a merchant's next statement. ImportTransfers
// takes the bank's list of what Indomaret paid, SuggestDays finds the batches that
// a transfer pays, and Position says who owes what on any day.
package reconcile
