// Package match compares a business day's payments, as the ledger has them,
// with Indomaret's file of that day.
//
// # Matching
//
// A payment is the same on both sides when PaymentCode and TrackingRef are the
// same, byte by byte; nothing is ever matched by likeness. Then amount, fee and
// day are compared, and the store as a note. Decide is the table of what comes
// of it; Match applies it to two sorted streams of any length, one payment code
// at a time, and gives each entry of either side to one Finding, with its Class.
//
// Money is what is in force: a payment that a side has reversed counts as 0
// there. Totals adds up both sides class by class; its Bridge explains the
// difference between the two sides to the rupiah.
//
// # Carry
//
// A payment made at midnight may stand in one side's day and in the other's
// next. So what one side has alone is not missing at once: its class is Carried,
// and the caller gives the same entries, their Day unchanged, to the next day's
// Match, where each finds its counterpart (DateShift) or falls into its missing
// class. Nothing is carried twice.
//
//	day D:    entries of D + carried of D-1  -> findings, Carried ones of D
//	day D+1:  entries of D+1 + carried of D  -> ...
//
// # Sorting
//
// Sort brings a stream into the order that Match wants, within a bound of
// memory: what does not fit is spooled as sorted runs to files in a folder of
// the caller's, and merged from there. The files are checksummed, and gone when
// the Sorted is closed. They hold payments in the clear, for their owner only.
package match
