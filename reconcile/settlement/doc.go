// Package settlement closes business days and writes their settlement files.
//
// A closed day has one file in three formats: TXT is the record that both
// sides keep, CSV and XLSX are for people and spreadsheets. All three are made
// from the ledger each time they are asked for, page by page, so a day of any
// size takes the same memory; the same day always gives the same bytes.
//
// # The text file
//
// UTF-8, fields parted by "|", every line ended by "\n". Amounts are whole
// rupiah, times are WIB (UTC+7) as yyyy-MM-dd HH:mm:ss, days yyyy-mm-dd, hashes
// hex SHA-256, flags Y or N.
//
//	H|layout|partner|business_date|seq|generated_at|reprocessed|batch_no|prev_sha256
//	D|line|trx_time|store_id|tracking_ref|payment_code|product_code|amount|fee|net|status|receipt_code|message_id|late|phone
//	T|count_paid|sum_amount|count_reversed|sum_reversed|sum_fee|sum_net|sha256_of_D_lines
//
// One H comes first, then a D for each payment and adjustment in the order in which
// they were booked, then one T. layout is 1 for a day without adjustments. One that
// has any has layout 2, whose T counts them before the hash:
//
//	T|count_paid|sum_amount|count_reversed|sum_reversed|sum_fee|sum_net|count_adjusted|sum_adjusted|sha256_of_D_lines
//
// generated_at is when the day was closed. seq is 1 and reprocessed N: a file is
// never made anew with other contents, but for days that may have been closed in
// the gap of a ledger that was restored: they have 2 and Y. batch_no counts the closed days in the order
// of their closing, and prev_sha256 is the SHA-256 of the whole text file of
// batch_no - 1 (64 zeros in the first): a chain that VerifyChain checks without the
// ledger, whatever the layouts.
//
// status is PAID, REVERSED or ADJ. net is the amount, plus the fee where the partner
// remits it. sum_amount and sum_fee count PAID lines only, sum_reversed the amounts
// of the REVERSED ones. sum_net is all that the partner owes for the day: the nets
// of the PAID lines, and sum_adjusted. late is Y where the payment's own day was
// closed when it was booked. phone is empty: the partner's messages carry none.
// sha256_of_D_lines is over all D lines with their line ends.
//
// # Adjustments
//
// An ADJ line corrects what was booked, mostly on a day that is closed, or should
// have been. It stands in the batch that was open when it was approved, and names
// the payment by payment_code and tracking_ref. amount and fee are what the partner owes more because of it,
// negative where less; net is their sum, and sum_adjusted the sum of those. trx_time
// is when it was booked. store_id is the payment's, receipt_code a recovered
// payment's; product_code and message_id are empty, late is N. Where a whole bank
// transfer was corrected, it names no payment. The line of a payment that an
// adjustment takes back stays what it is, PAID in its own batch.
//
// # Escaping
//
// What stores and tills write may hold any character. In all three formats
// "%", "|", control characters, the line separators U+2028 and U+2029 and bytes
// that are no UTF-8 are percent-encoded, byte by byte in upper-case hex, as in a
// URL (RFC 3986, 2.1): "a|b" becomes "a%7Cb". Everything else stands as it is,
// so no two values give the same text, and decoding gives the value back.
//
// CSV has texts guarded against formulas as package sheet says: one apostrophe at
// the beginning of a text is always to be dropped. Amounts are numbers, and stay so
// when they are negative.
package settlement
