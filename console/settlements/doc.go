// Package settlements is the console's pages on closing: of business days, whose
// files go to Indomaret, and of merchants' statements.
//
// # Pages
//
//	/settlements                         a month of days: count, net, state
//	/settlements/{day}                   the batch, its files, its deliveries, its place in the chain
//	/settlements/{day}/close             what closing means, asked before it is done
//	/settlements/{day}/check/{task}      how far a check of a day's files is, or of a month's
//	/settlements/{day}/file/{format}     the file: txt, csv, xlsx
//	/statements                          merchants' statements, all or one's own
//	/statements/{merchant}/{no}          one of them
//	/statements/{merchant}/{no}/file/{format}
//	/statements/close                    closes those of all merchants up to a day
//
// # The chain
//
// Each settlement file names the SHA-256 of the one before. A check makes the file
// again from the ledger, hashes its bytes, and reads from its first line which file
// it follows: it does not trust what was recorded, it holds it against the bytes.
// That takes a minute for each million payments, so that it is a task: what is over
// within moments is answered at once, and for all else there is a page.
//
// A person of a merchant sees that merchant's statements and no settlements.
package settlements
