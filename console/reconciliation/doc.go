// Package reconciliation is the console's pages on Indomaret's files: taking one,
// comparing it with the batch of its day, and accounting for the difference.
//
// # Pages
//
//	/reconciliation                month by month, how far each day has come
//	/reconciliation/upload         takes a file, as its bytes come in
//	/work/{id}                     an import or a match under way, and what came of it
//	/reconciliation/{day}          the run: ours - Indomaret's, class by class
//	/reconciliation/{day}/lines    the payments of a class
//	/reconciliation/{day}/minutes  the minutes that both parties sign
//	/reconciliation/minutes        the same over several days
//	/reconciliation/recovery       the gap of a ledger that was restored
//
// # The bridge
//
// BridgeOf is the one place where the figures of a run are put together. Its rows
// add up to the difference of both sides to the rupiah; a page that shows one has
// this sum at its foot and says so when it does not close.
//
// # Work
//
// An import goes on after its request has ended. What is known of it is held in
// memory: a program that ends forgets it, and the ledger still has each file whole
// or not at all, so the same file can be sent again.
package reconciliation
