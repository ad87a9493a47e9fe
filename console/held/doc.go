// Package held knows what a merchant must not know of itself yet: payments that a
// till may still take back, and those that were taken back before their release. It
// is the one place of that rule where figures are added up: lists of payments have it
// as ledger.PaymentQuery's ReleasedOnly.
//
// The ledger's figures have held payments in them. Read takes figures and, apart from
// them, the payments that are to be taken off, so that nothing came in between: their
// difference would tell of it.
package held
