package settlement

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"paypoint/ledger"
)

// columns are the fields of a payment or an adjustment, in every format. The text
// file has no room for names; there trx_time_wib is the layout's trx_time.
var columns = [...]string{
	"line", "trx_time_wib", "store_id", "tracking_ref", "payment_code", "product_code",
	"amount", "fee", "net", "status", "receipt_code", "message_id", "late", "phone",
}

// fields are the columns of a line as text.
func fields(number int, l ledger.Line) [len(columns)]string {
	return [...]string{
		strconv.Itoa(number),
		moment(l).In(ledger.WIB).Format(ledger.WireTime),
		escape(l.Store),
		escape(string(l.Ref)),
		escape(string(l.Code)),
		escape(l.Product),
		l.Amount.String(),
		l.Fee.String(),
		net(l).String(),
		status(l),
		escape(receipt(l)),
		escape(l.MessageID),
		flag(l.Late),
		"", // the partner's messages carry no phone number
	}
}

// firstAmount and lastAmount are the columns that hold money.
const firstAmount, lastAmount = 6, 8

// typed are the columns of a line with numbers and the time as such. Codes stay
// text: their leading zeros count.
func typed(number int, l ledger.Line) [len(columns)]any {
	var cells [len(columns)]any
	for i, text := range fields(number, l) {
		cells[i] = text
	}
	cells[0], cells[1] = number, moment(l)
	cells[firstAmount], cells[firstAmount+1], cells[lastAmount] = l.Amount, l.Fee, net(l)
	return cells
}

// moment is when the till took the payment, or when the adjustment was booked.
func moment(l ledger.Line) time.Time {
	if l.Adjustment != nil {
		return l.At
	}
	return l.TimeStamp
}

// receipt is the payment's code; of the adjustments only a recovered payment has one.
func receipt(l ledger.Line) string {
	if l.Adjustment != nil {
		return l.Adjustment.Receipt
	}
	return l.Receipt
}

// net is what the partner owes for a payment, or more for an adjustment.
func net(l ledger.Line) ledger.Rupiah {
	if l.FeeRemitted {
		return l.Amount + l.Fee
	}
	return l.Amount
}

// status is PAID for a payment in force.
func status(l ledger.Line) string {
	switch {
	case l.Adjustment != nil:
		return "ADJ"
	case l.Reversed:
		return "REVERSED"
	default:
		return "PAID"
	}
}

// flag is how the layout writes yes and no.
func flag(set bool) string {
	if set {
		return "Y"
	}
	return "N"
}

// Totals are the sums of a day in the T line's order. Those of amounts and fees
// count payments in force only.
type Totals struct {
	Paid           int
	Amount         ledger.Rupiah
	Reversed       int
	ReversedAmount ledger.Rupiah
	Fee            ledger.Rupiah
	// Net is all that the partner owes for the day: that of the payments in force,
	// and Adjusted.
	Net ledger.Rupiah
	// Adjustments counts the corrections, and Adjusted is the sum of their nets,
	// negative where the partner owes less.
	Adjustments int
	Adjusted    ledger.Rupiah
}

// TotalsOf are the totals that the ledger keeps with a batch.
func TotalsOf(b ledger.Batch) Totals {
	return Totals{
		Paid: b.Paid, Amount: b.PaidAmount,
		Reversed: b.Reversed, ReversedAmount: b.ReversedAmount,
		Fee: b.PaidFee, Net: b.Net(),
		Adjustments: b.Adjustments, Adjusted: b.Adjusted,
	}
}

// add counts a line as the ledger counts it into its batch.
func (t *Totals) add(l ledger.Line) {
	switch {
	case l.Adjustment != nil:
		t.Adjustments++
		t.Adjusted += net(l)
		t.Net += net(l)
	case l.Reversed:
		t.Reversed++
		t.ReversedAmount += l.Amount
	default:
		t.Paid++
		t.Amount += l.Amount
		t.Fee += l.Fee
		t.Net += net(l)
	}
}

// escape percent-encodes what would break a line or a field, and the percent
// sign itself, so that no two values look alike.
func escape(s string) string {
	if strings.IndexFunc(s, reserved) < 0 && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if reserved(r) || r == utf8.RuneError && size == 1 {
			for _, c := range []byte(s[i : i+size]) {
				fmt.Fprintf(&b, "%%%02X", c)
			}
		} else {
			b.WriteString(s[i : i+size])
		}
		i += size
	}
	return b.String()
}

// reserved are the characters that part fields and lines, here or in a program
// that knows other line ends, and the escape's own.
func reserved(r rune) bool {
	return r == '%' || r == '|' || unicode.IsControl(r) || r == '\u2028' || r == '\u2029'
}
