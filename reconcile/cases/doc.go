// Package cases says how old the cases of finance are, which of them press, and
// what can be done about each class of them.
//
// # Age
//
// A case's age is counted in business days: Monday to Friday in WIB, less the
// holidays of a Calendar. The day on which it was opened is day 0, whatever day
// that is, so that a case of Friday night is 1 day old on Monday. Ages fall into
// a Bucket each, and NewReport adds up the open cases by bucket, class and owner.
//
// # Classes
//
// Explain says in words what a class means and what to do. Fitting lists the
// acts that can resolve it, the likeliest first:
//
//	class                     acts
//	MISSING_AT_PARTNER        recover, refund, accept
//	MISSING_AT_INDOMARET      reverse, write_off, accept
//	AMOUNT_MISMATCH           refund, write_off, accept
//	FEE_MISMATCH              write_off, refund, accept
//	REVERSED_BUT_SETTLED      refund, accept
//	PAID_BUT_REVERSED_THERE   reverse, write_off, accept
//	DUPLICATE_IN_FILE         accept, refund, write_off
//	DUPLICATE_PAYMENT         refund, accept
//	UNKNOWN_CODE              refund, accept
//	REVERSAL_REFUSED          reverse, accept, write_off
//	CORRECTION_DIFFERS        refund, write_off, reverse, accept
//	TRANSFER_DIFFERENCE       write_off, accept
//	any other                 accept
//
// An act that fits may be impossible for a payment as it stands. That is for
// ledger.DecideAdjustment to say, which decides alone: Fitting is advice.
package cases
