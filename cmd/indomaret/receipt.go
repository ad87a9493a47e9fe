package main

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// receiptWidth is the width of a receipt in characters.
const receiptWidth = 56

// receipt is the text that a till shows for one message.
type receipt struct{ text strings.Builder }

// newReceipt begins a receipt with the shop, the time and what was asked.
func newReceipt(r record) *receipt {
	var out receipt
	// The shop stands at the left, the message's own TimeStamp at the right: it
	// is what the partner has too.
	shop := "INDOMARET " + r.StoreID
	fmt.Fprintf(&out.text, "%s%*s\n", shop, receiptWidth-len(shop), r.TimeStamp)
	out.text.WriteString(strings.Repeat("-", receiptWidth) + "\n")
	out.row(strings.ToUpper(string(r.Op)), r.PaymentCode)
	out.row("Reference", r.TrackingRef)
	return &out
}

// row adds a line, if there is something to say. Text from the partner must not
// steer the terminal.
func (r *receipt) row(name, value string) {
	if value == "" {
		return
	}
	fmt.Fprintf(&r.text, "%-13s %s\n", name, strings.Map(printable, value))
}

// printable turns what a terminal would act upon into a question mark.
func printable(c rune) rune {
	if unicode.IsPrint(c) {
		return c
	}
	return '?'
}

// amounts adds the amount, the fee and what the customer pays in all.
func (r *receipt) amounts(amount, fee int64, feeInAmount bool) {
	total := amount + fee
	// Whichever the agreement, Amount here is what the merchant gets and TOTAL
	// what the customer hands over.
	if feeInAmount {
		amount, total = amount-fee, amount
	}
	r.row("Amount", rupiah(amount))
	r.row("Fee", rupiah(fee))
	r.row("TOTAL", rupiah(total))
}

// result adds the partner's answer, or why there is none.
func (r *receipt) result(got record) {
	switch {
	case got.answered():
		r.row("Result", got.ResponseCode+" "+got.ResponseDesc)
	case got.NotSent:
		r.row("Result", "NOT SENT: "+got.Trouble)
	default:
		r.row("Result", "NO ANSWER: "+got.Trouble)
	}
	r.row("Receipt", got.ReceiptCode)
	r.row("Took", got.took().Round(100*time.Microsecond).String())
}

// rupiah writes an amount as an Indonesian receipt does: Rp 50.000.
func rupiah(amount int64) string {
	return message.NewPrinter(language.Indonesian).Sprintf("Rp %d", amount)
}

// receiptOf is the receipt of one message: what was asked, the amounts, the
// result, and the partner's texts.
func receiptOf(got result) string {
	r := newReceipt(got.record)
	switch {
	// A refused inquiry has amounts of 0 that mean nothing.
	case got.Op == inquiry && got.approved():
		r.row("Customer", got.Customer)
		r.row("Description", got.Desc)
		r.row("Product", got.Product)
		r.amounts(got.Payable, got.Fee, got.FeeInAmount)
		// Only an open amount has a least that differs (spec 1.0.14, InquiryRes
		// field 6).
		if got.MinAmount != got.Payable {
			r.row("At least", rupiah(got.MinAmount))
		}
		r.row("Expires", got.Expires)
	case got.Op == payment:
		r.amounts(got.Amount, got.Fee, got.FeeInAmount)
	case got.Op == reversal:
		r.row("Amount", rupiah(got.Amount))
	}
	r.result(got.record)
	r.row("Message", got.Message)
	for i, extra := range got.ExtraParams {
		r.row(fmt.Sprintf("ExtraParam%d", i+1), extra)
	}
	return r.text.String()
}

// receiptOfSale is the receipt of a sale: what was looked up, each message, and
// how it ended.
func receiptOfSale(s sold) string {
	var parts []string
	if s.Inquiry != nil {
		parts = append(parts, receiptOf(*s.Inquiry))
	}
	if s.Payment != nil {
		parts = append(parts, receiptOf(*s.Payment))
	}
	for _, r := range s.Reversals {
		parts = append(parts, receiptOf(r))
	}
	return strings.Join(append(parts, endOfSale(s)), "\n")
}

// endOfSale says in a sentence how a sale ended.
func endOfSale(s sold) string {
	switch {
	case s.Verdict == verdictApproved:
		return "PAID.\n"
	case s.Verdict == verdictRefused:
		return "NOT PAID: refused by the partner.\n"
	case s.Verdict == verdictNotSent:
		return "NOT PAID: no connection, nothing was sent.\n"
	case s.Verdict == verdictTakenBack:
		return "NOT PAID: the payment's outcome is unknown; its reversal was approved.\n"
	case s.Payment == nil:
		return "NOT PAID: the inquiry got no answer.\n"
	case len(s.Reversals) == 0:
		return "OUTCOME UNKNOWN: the partner may have booked the payment; no reversal was sent.\n"
	default:
		return fmt.Sprintf("OUTCOME UNKNOWN: the partner may have booked the payment; %d reversals, none approved.\n"+
			"Later: indomaret reverse --suspects\n", len(s.Reversals))
	}
}
