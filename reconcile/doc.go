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
// Match compares a closed batch with the version of the day's file that counts (see
// ledger.Counting), and both with what the day before has carried. Everything that
// is not agreed is kept as a finding. A payment whose findings need a person has one case, over all
// that Indomaret has of it in all matched files; the same amounts are one case
// however often the day is matched, others are a new one. Cases that an earlier
// match opened are never closed by a later one: it only notes in them what it has
// found since, and which case is newer. One whose difference the newest files do not
// show any more is noted as gone (see openCase.stands): it can only be accepted, and
// where the difference comes back, that is a new case.
//
// A day may be matched again, for a corrected file. Days after it depend on it,
// by what it carries and by what it found; those that were matched before are
// matched again, in order, where that has changed. What is damaged of an earlier
// match is set aside as outcome.json.damaged, and that day is matched anew.
//
// The work of a match is bounded by the two days' own payments and by what differs,
// not by how many days or cases there were. Other lines of a payment that differs are
// looked for in the NearDays before and after the day, and else where the payment's
// batch is, its open cases, its newest case and its corrections. What is farther
// from all of these does not count for its case.
//
// Adjustments stand in batches as lines of their own, which are no payments to be
// matched: a payment that was corrected by an approved act keeps the class that it
// had. But what Indomaret owes for it is another by now, so its case is another
// too: as long as Indomaret's files have just that, there is none, and where they
// do not, ledger.ClassCorrectionDiffers says by how much.
//
// # The gap of a restored ledger
//
// A ledger that was restored without its end is in recovery (see ledger.Recovery).
// Nothing is booked by messages then, so open days are matched too, and what
// Indomaret alone has is missing at once instead of carried. Gap tells which days
// are concerned and what they lack; FillGap imports a file, matches its day and
// proposes to book what is missing and to take back what Indomaret took back;
// SignOffGap, by another person, approves all that and ends recovery. What can't be
// done so stays a case.
//
// # Statements and cash
//
// CloseStatements settles with merchants up to a closed day; what is booked for
// an earlier day after that stands in a merchant's next statement. ImportTransfers
// takes the bank's list of what Indomaret paid, SuggestDays finds the batches that
// a transfer pays, and Position says who owes what on any day.
package reconcile
