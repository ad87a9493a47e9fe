// Package money is the cash side of settling: what Indomaret owes by batch, the
// bank transfers that pay it, payouts to merchants and of refunds, and who owes
// what in the end, with the balance of every account.
//
// What is recorded here is for ever; a wrong entry is met by one the other way.
// The ledger decides what can be recorded, once by the bank's reference.
package money
