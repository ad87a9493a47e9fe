package statement

import (
	"fmt"
	"time"
	"unicode/utf8"

	"paypoint/ledger"
)

// Status is what became of an item.
type Status string

const (
	// Paid is a payment in force.
	Paid Status = "PAID"
	// Reversed is a payment that was taken back before its day was closed.
	Reversed Status = "REVERSED"
	// Adjusted is a correction of a closed day: a payment recovered, reversed or
	// refunded late, or a difference settled.
	Adjusted Status = "ADJ"
)

// MaxText is how long a text of an item or a party may be, in characters.
const MaxText = 255

// Item is one line of a statement.
type Item struct {
	// Seq is the item's place in the journal. It orders a day's items and never
	// leaves the house: it would tell how much other merchants sell.
	Seq    uint64
	Status Status
	// At is Indomaret's TimeStamp; an adjustment's is when it was booked.
	At time.Time
	// Day is the business day of the batch into which the item was booked: its
	// rates count.
	Day ledger.Day
	// Of is the business day of the payment that an adjustment corrects: the
	// taxes on the fees it gives back are that day's. Empty stands for Day.
	Of ledger.Day
	// What names the payment to the merchant and to Indomaret.
	Order string
	Code  ledger.PaymentCode
	Ref   ledger.TrackingRef
	Store string
	// Amount is the payment's without any fee. An adjustment's is negative when
	// it takes from the merchant.
	Amount ledger.Rupiah
	// CustomerFee is what the customer paid on top and Indomaret remits; 0 where
	// Indomaret keeps it. An adjustment's may be negative.
	CustomerFee ledger.Rupiah
	// PartnerFee and OwnFee are the fees that an adjustment charges, negative when
	// it gives them back: see Terms.Fees. Those of payments follow from the
	// terms and must be 0 here.
	PartnerFee, OwnFee ledger.Rupiah
	// Late says that the payment's own day was closed when it was booked, so that
	// it is in a later batch.
	Late bool
	// Note says why there is an adjustment.
	Note string
}

// check refuses an item that can't be.
func (i Item) check() error {
	if err := i.checkMoney(); err != nil {
		return err
	}
	if _, err := ledger.ParseDay(string(i.Day)); err != nil {
		return fmt.Errorf("day: %w", err)
	}
	if _, err := ledger.ParseDay(string(i.taxDay())); err != nil {
		return fmt.Errorf("day of the corrected payment: %w", err)
	}
	for _, field := range []struct{ name, text string }{
		{"order", i.Order}, {"payment code", string(i.Code)}, {"tracking ref", string(i.Ref)}, {"store", i.Store}, {"note", i.Note},
	} {
		if n := utf8.RuneCountInString(field.text); n > MaxText {
			return fmt.Errorf("%s: %d characters, limit %d", field.name, n, MaxText)
		}
	}
	return nil
}

// checkMoney holds the amounts against the status.
func (i Item) checkMoney() error {
	switch i.Status {
	case Paid, Reversed:
		if i.Amount < 0 || i.CustomerFee < 0 || i.PartnerFee != 0 || i.OwnFee != 0 || i.Of != "" {
			return fmt.Errorf("a %s item has an amount and a customer fee of 0 or more, and no fees or day of its own", i.Status)
		}
	case Adjusted:
	default:
		return fmt.Errorf("status %q: must be %s, %s or %s", i.Status, Paid, Reversed, Adjusted)
	}
	for _, field := range []struct {
		name   string
		amount ledger.Rupiah
	}{{"amount", i.Amount}, {"customer fee", i.CustomerFee}, {"partner fee", i.PartnerFee}, {"own fee", i.OwnFee}} {
		if field.amount > ledger.MaxRupiah || field.amount < -ledger.MaxRupiah {
			return fmt.Errorf("%s %d: limit %d", field.name, field.amount, ledger.MaxRupiah)
		}
	}
	return nil
}

// taxDay is the day whose rates tax the item.
func (i Item) taxDay() ledger.Day {
	if i.Of != "" {
		return i.Of
	}
	return i.Day
}

// line is an item as a statement lists it: what it adds to each total.
type line struct {
	Item
	number int
	// late says that it would have stood earlier, had it been booked in time.
	late bool
	// What it adds, in whole rupiah; the columns of all lines add up to the
	// statement's totals.
	gross, reversal, adjustment ledger.Rupiah
	partnerFee, ownFee          ledger.Rupiah
}

// lineOf prices an item.
func lineOf(i Item, terms Terms) (line, error) {
	l := line{Item: i}
	switch i.Status {
	case Paid:
		var err error
		if l.partnerFee, l.ownFee, err = terms.Fees(i.Day, i.Amount); err != nil {
			return line{}, err
		}
		l.gross = i.Amount
	case Reversed:
		// Nobody has had the use of it: no fee, and none from the customer.
		l.gross, l.reversal, l.CustomerFee = i.Amount, i.Amount, 0
	case Adjusted:
		l.adjustment, l.partnerFee, l.ownFee = i.Amount, i.PartnerFee, i.OwnFee
	}
	return l, nil
}

// sales is what the line adds to the merchant's sales.
func (l line) sales() ledger.Rupiah { return l.gross - l.reversal + l.adjustment }

// fees is what the line adds to the fees.
func (l line) fees() ledger.Rupiah { return l.partnerFee + l.ownFee }

// net is what the line adds to the net payable before taxes.
func (l line) net() ledger.Rupiah { return l.sales() - l.fees() }
