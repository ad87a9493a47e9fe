// Package statement settles with merchants: what a merchant sold in a period,
// what is kept of it, and what is paid out, as a statement in four formats.
//
// Seal computes a statement from the merchant's Items and Terms, and gives it
// its SHA-256; Write makes its file, as often as it is asked for. Both read the
// items as a stream. Neither touches a clock, a disk or a ledger.
//
// # What is netted
//
//	  gross            payments, also those that were taken back in time
//	- reversals        those that were taken back
//	+ adjustments      corrections of closed days, of either sign
//	= sales
//	- partner_fee      Indomaret's fee, as far as the merchant bears it
//	- own_fee          our fee
//	- vat              PPN on both fees
//	+ withheld         PPh that the merchant withholds from the fees and pays to the state
//	- collected        PPh that we collect from the merchant's sales for the state
//	= net_payable
//
// A negative net_payable is what the merchant owes. A fee that customers pay on
// top of the amount and that Indomaret remits is no money of the merchant's: it
// is counted as customer_fee, beside the sum.
//
// # Rounding
//
// A fee is rounded to the rupiah for each payment, half up; a tax once, half up,
// on the sum of its base in the statement (one sum for each rate, where a rate
// changed in the period). Halves of negative sums go away from zero, so that a
// payment and its refund always cancel out. Nothing else is rounded.
//
// Fees are rounded by line because a fee is the price of one payment: the lines
// of a statement add up to its totals in every column, a refund gives back to the
// rupiah what was charged, and cutting a period in two changes no fee. Taxes are
// rounded on the sum because the tax invoice is: its tax is the rate times the
// fees of the period, and a statement that rounded by line could be off by
// half a rupiah for each payment. So each cut of a period in two changes each tax
// by one rupiah at most.
//
// # Which statement an item is in
//
// Statements of a merchant are numbered from 1 and follow one another by day
// without a gap. An item belongs to the first statement that ends on its day or
// later and was not closed when the item was booked: what comes late is in the next
// open one and marked late there. Its day is its batch's, so a payment or an
// adjustment that was put into a later batch is in that batch's statement. A closed
// statement never changes: Write makes no file whose contents are not those
// that were hashed.
//
// # Adjustments
//
// ItemOf makes the items of a batch's lines. A payment that is recovered is charged
// the fees, and taxed, by the rates of the business day that it corrects; one that is
// taken back gives back the same. What was agreed with Indomaret or with a customer
// alone, a write-off or a refund, is on no merchant's statement. The reason that the
// proposer wrote stands in the line's note, for the merchant to read.
//
// # Formats
//
// JSON is the record: its SHA-256 is the statement's, and its prev_sha256 that of
// the merchant's statement before, a chain that anyone can check with sha256sum.
// CSV has the lines only (RFC 4180, CR LF); a cell that a spreadsheet would take
// for a formula has an apostrophe before it, as package sheet says. XLSX has a
// summary and the lines with typed cells; PDF (A4) is for people. Amounts are
// whole rupiah, times WIB (UTC+7), days yyyy-mm-dd. All formats give the same
// bytes each time. What a font can't show in a PDF is a question mark there.
package statement
