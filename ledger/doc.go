// Package ledger is the heart of paypoint: the ledger of payment codes.
//
// It holds the domain (Rupiah, PaymentCode, Charge, Transaction, Batch,
// accounts), the pure decisions with their truth tables (DecideInquiry,
// DecidePayment, DecideReversal, DecideCharge, DecideCancel, DecideExpire,
// DecideDue, DecideErase, DecideClose), the journal's events, and the ports that an engine
// fills (Store, Reader, Rows). It imports nothing but the standard library.
//
// One message takes this way: Service puts it to Store.Apply with the Keys of
// what it needs; the engine Loads the State in a transaction, calls the
// decision, appends the decision's entries to the journal, and Projects each
// onto the rows, all in that same transaction. Decisions are functions of the
// state, the message, the agreement and the time, so an engine may call them
// again. What a till is told follows the commit.
package ledger
