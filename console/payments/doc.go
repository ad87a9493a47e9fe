// Package payments is the part of the console that answers a customer on the
// telephone: the search box, the list of payments with its totals and export,
// and one payment's whole life.
//
// What a page shows is plain data, made by pure functions from the ledger's
// types; the handlers load and hand on. A merchant's people use the same pages
// by other sources: ledger.Service.Life instead of the journal, and released
// payments alone, so that nothing of a payment shows before its release, and
// nothing of what only the partner and we know.
package payments
