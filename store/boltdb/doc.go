// Package boltdb is the ledger's embedded engine: one bbolt file, one process,
// nothing else to run.
//
// # What is kept where
//
// The journal bucket is the truth: records by ascending number, each with a
// CRC-32C and chained to the one before by SHA-256, because bbolt has no
// checksums on data pages. All other buckets are projections of it, and Verify
// derives them anew.
//
// Keys are chosen so that a payment touches few pages. Charges are keyed by
// their ascending number, and each charge's transactions lie beside it in the
// same bucket; the payment code is a permutation of that number, so there is
// no index of codes. A payment therefore writes one leaf of charges, one of
// the TrackingRefs, and the end of the journal, however large the ledger is.
//
// Balances are kept by account and day, so that the books of any day can be had
// by adding up. Cases, statements, transfers and the like are documents: few, in
// JSON, by keys that the ledger chooses.
//
// Charges are listed by merchant and by order id, and settlement lines by
// merchant and day, from a second file beside the ledger (ledger.db has
// ledger.index.db), which follows the journal and decides nothing. It may be
// removed at any time: it is built anew from the journal. Payments wait for none
// of it. It follows only what is on the ledger's disk: Open refuses a ledger that
// lacks what its index has followed.
//
// # Erased details
//
// Customers' details lie in a bucket of their own, beside the journal, which has
// their hash. They are erased in the order of the charges: a setting, projected from
// the journal, names the last charge that has none any more. Verify finds details
// that are missing after it, there before it, or not those of the hash. Pages that
// came free hold old bytes until they are written again; Compact leaves them out.
//
// # Older files
//
// Open upgrades a file of an older layout: it makes a new one from the old
// one's journal and details, deriving all other rows as Verify does, and puts
// it in the old one's place when it is whole and on the disk. The old file is
// kept beside it, for a program of before or until it is removed by hand.
//
// # Backups and the shipped journal
//
// Backup writes the ledger, as it was at one moment, as a stream with its hash,
// while the store goes on. Options.Ship has the journal followed into a folder on
// another disk, with the customers' details that belong to it: beside the commits,
// or within them, so that nothing is answered that is not there too. Restore makes
// a ledger of either or both. Compact makes a file anew without its free pages.
//
// # Commits
//
// One goroutine takes what has queued and commits it together, with one wait
// for the disk; a lone caller waits for nobody. An answer leaves after the
// commit, when the file's last record has been read back. bbolt may report an
// error although the commit is on the disk (when the meta page's sync fails), so
// after any commit error the outcome of that group is unknown: none of it is
// answered, the engine stops, and the process must start again and read what is
// there.
package boltdb
