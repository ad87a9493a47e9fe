package statement

import (
	"strings"

	"paypoint/ledger"
)

// ItemOf is the item that a line of a batch makes on its merchant's statement,
// under the merchant's terms; concerned is false where it makes none: a refund to
// who paid, and what was written off, are no money of the merchant's.
//
// Error: ErrTerms, when no rates held on the day that an adjustment corrects.
func ItemOf(l ledger.Line, terms Terms) (item Item, concerned bool, err error) {
	if l.Adjustment != nil {
		return adjustmentOf(l, *l.Adjustment, terms)
	}
	item = Item{
		Seq: l.Seq, Status: Paid, At: l.TimeStamp, Day: l.Day, Late: l.Late,
		Order: l.Order, Code: l.Code, Ref: l.Ref, Store: l.Store, Amount: l.Amount,
	}
	if l.FeeRemitted {
		item.CustomerFee = l.Fee
	}
	if l.Reversed {
		item.Status = Reversed
	}
	return item, true, nil
}

// adjustmentOf is the item of a correction. The fees are those of the day that it
// corrects: a payment that is recovered costs what it would have cost, and one
// that is taken back gives back what it did cost.
func adjustmentOf(l ledger.Line, a ledger.Adjusted, terms Terms) (item Item, concerned bool, err error) {
	if a.Payable == 0 && a.Fee == 0 {
		return Item{}, false, nil
	}
	item = Item{
		Seq: l.Seq, Status: Adjusted, At: l.At, Day: a.Day, Of: a.Of,
		Order: l.Order, Code: l.Code, Ref: l.Ref, Store: l.Store,
		Amount: a.Payable, CustomerFee: a.Fee, Note: note(a),
	}
	partner, own, err := terms.Fees(item.taxDay(), max(a.Payable, -a.Payable))
	if err != nil {
		return Item{}, false, err
	}
	if a.Payable < 0 {
		partner, own = -partner, -own
	}
	item.PartnerFee, item.OwnFee = partner, own
	return item, true, nil
}

// note says what was done and why, as far as a line has room.
func note(a ledger.Adjusted) string {
	// The reason may be of several lines.
	text := []rune(string(a.Act) + ": " + strings.Join(strings.Fields(a.Why), " "))
	if len(text) > MaxText {
		text = append(text[:MaxText-1], '…')
	}
	return string(text)
}
