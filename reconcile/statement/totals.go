package statement

import (
	"cmp"
	"fmt"
	"slices"

	"paypoint/ledger"
)

// MaxTotal bounds each sum of a statement: 15 digits, the most that a
// spreadsheet's cell holds exactly.
const MaxTotal ledger.Rupiah = 999_999_999_999_999

// TaxKind is which tax, and who pays it to the state.
type TaxKind string

const (
	// VAT (PPN) on both fees: the merchant pays it to us with them.
	VAT TaxKind = "vat"
	// Withheld (PPh) on both fees: the merchant keeps it back, so it is paid out.
	Withheld TaxKind = "withheld"
	// Collected (PPh) on sales: we keep it back.
	Collected TaxKind = "collected"
)

// Tax is one tax at one rate. Amount is the rate's part of Base, rounded half up:
// the only rounding of taxes.
type Tax struct {
	Kind   TaxKind       `json:"kind"`
	Rate   BasisPoints   `json:"rate_bp"`
	Base   ledger.Rupiah `json:"base"`
	Amount ledger.Rupiah `json:"amount"`
}

// payable is what the tax adds to the net payable.
func (t Tax) payable() ledger.Rupiah {
	if t.Kind == Withheld {
		return t.Amount
	}
	return -t.Amount
}

// Totals are the sums of a statement in whole rupiah.
type Totals struct {
	Paid     int `json:"count_paid"`
	Reversed int `json:"count_reversed"`
	Adjusted int `json:"count_adjusted"`
	// Gross counts all payments, Reversals those of them that were taken back;
	// Adjustments has a sign.
	Gross       ledger.Rupiah `json:"gross"`
	Reversals   ledger.Rupiah `json:"reversals"`
	Adjustments ledger.Rupiah `json:"adjustments"`
	// Sales is gross - reversals + adjustments: what Indomaret remits for the
	// merchant, before any fee.
	Sales      ledger.Rupiah `json:"sales"`
	PartnerFee ledger.Rupiah `json:"partner_fee"`
	OwnFee     ledger.Rupiah `json:"own_fee"`
	// Taxes are in the order vat, withheld, collected, and by rate.
	Taxes []Tax `json:"taxes"`
	// NetPayable is what the merchant gets; negative, what it owes.
	NetPayable ledger.Rupiah `json:"net_payable"`
	// CustomerFee is what Indomaret remits beside the sales: not the merchant's.
	CustomerFee ledger.Rupiah `json:"customer_fee"`
}

// Count is the number of lines.
func (t Totals) Count() int { return t.Paid + t.Reversed + t.Adjusted }

// sum adds lines up.
type sum struct {
	Totals
	terms Terms
}

// add counts a line.
func (s *sum) add(l line) error {
	switch l.Status {
	case Paid:
		s.Paid++
	case Reversed:
		s.Reversed++
	case Adjusted:
		s.Adjusted++
	}
	s.Gross += l.gross
	s.Reversals += l.reversal
	s.Adjustments += l.adjustment
	s.PartnerFee += l.partnerFee
	s.OwnFee += l.ownFee
	s.CustomerFee += l.CustomerFee
	if err := s.tax(l); err != nil {
		return err
	}
	return s.bound()
}

// tax adds a line to the bases of its taxes.
func (s *sum) tax(l line) error {
	rates, err := s.terms.on(l.taxDay())
	if err != nil {
		return err
	}
	s.base(VAT, rates.VAT, l.fees())
	s.base(Withheld, rates.Withheld, l.fees())
	s.base(Collected, rates.Collected, l.sales())
	return nil
}

// base adds to the base of one tax at one rate. There are a handful.
func (s *sum) base(kind TaxKind, rate BasisPoints, base ledger.Rupiah) {
	if rate == 0 {
		return
	}
	for i, t := range s.Taxes {
		if t.Kind == kind && t.Rate == rate {
			s.Taxes[i].Base += base
			return
		}
	}
	s.Taxes = append(s.Taxes, Tax{Kind: kind, Rate: rate, Base: base})
}

// bound refuses sums that a cell can't hold. One line adds far less than the
// room between the bound and an int64, so no sum overflows unseen.
func (s *sum) bound() error {
	sums := []ledger.Rupiah{s.Gross, s.Reversals, s.Adjustments, s.PartnerFee, s.OwnFee, s.CustomerFee}
	for _, t := range s.Taxes {
		sums = append(sums, t.Base)
	}
	for _, n := range sums {
		if n > MaxTotal || n < -MaxTotal {
			return fmt.Errorf("%w: a sum beyond %d", ErrLimit, MaxTotal)
		}
	}
	return nil
}

// totals rounds the taxes and nets.
func (s *sum) totals() Totals {
	t := s.Totals
	t.Sales = t.Gross - t.Reversals + t.Adjustments
	t.NetPayable = t.Sales - t.PartnerFee - t.OwnFee
	kinds := []TaxKind{VAT, Withheld, Collected}
	t.Taxes = append([]Tax{}, s.Taxes...) // [] in JSON where there is none
	slices.SortFunc(t.Taxes, func(a, b Tax) int {
		return cmp.Or(cmp.Compare(slices.Index(kinds, a.Kind), slices.Index(kinds, b.Kind)), cmp.Compare(a.Rate, b.Rate))
	})
	for i, tax := range t.Taxes {
		tax.Amount = tax.Rate.of(tax.Base)
		t.Taxes[i] = tax
		t.NetPayable += tax.payable()
	}
	return t
}
