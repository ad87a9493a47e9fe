package statement

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"paypoint/ledger"
)

// BasisPoints is a rate in hundredths of a percent: 1100 is 11 %.
type BasisPoints int

// whole is the rate of 100 %, the most that a rate may be.
const whole BasisPoints = 10_000

// of is the rate's part of an amount, rounded half up; below zero half away
// from zero.
func (p BasisPoints) of(amount ledger.Rupiah) ledger.Rupiah {
	if amount < 0 {
		return -p.of(-amount)
	}
	// In two parts, for amount * p may be more than an int64 holds.
	share, of := ledger.Rupiah(p), ledger.Rupiah(whole)
	return amount/of*share + (amount%of*share+of/2)/of
}

// percent writes the rate as a percentage, with the decimal mark given: "11",
// "0,5".
func (p BasisPoints) percent(mark string) string {
	text := strconv.Itoa(int(p / 100))
	if cents := p % 100; cents != 0 {
		text += mark + strings.TrimRight(fmt.Sprintf("%02d", cents), "0")
	}
	return text
}

// Tariff is the price of a payment: a fixed part and a share of its amount.
type Tariff struct {
	// Fixed is in whole rupiah, Share of the amount without any fee.
	Fixed ledger.Rupiah `json:"fixed" yaml:"fixed"`
	Share BasisPoints   `json:"share_bp" yaml:"share_bp"`
}

// of is the price of a payment of that amount.
func (t Tariff) of(amount ledger.Rupiah) ledger.Rupiah { return t.Fixed + t.Share.of(amount) }

// Rates are what a merchant's agreement says of fees and taxes from a day on.
type Rates struct {
	// From is the first business day on which they hold.
	From ledger.Day `json:"from" yaml:"from"`
	// Partner is Indomaret's fee as far as the merchant bears it; none where
	// customers pay it on top. Own is ours.
	Partner Tariff `json:"partner_fee" yaml:"partner_fee"`
	Own     Tariff `json:"own_fee" yaml:"own_fee"`
	// VAT (PPN) comes on both fees.
	VAT BasisPoints `json:"vat_bp" yaml:"vat_bp"`
	// Withheld (PPh) is the tax on both fees that the merchant withholds and pays
	// to the state in our name: it is paid out with the sales.
	Withheld BasisPoints `json:"withheld_bp" yaml:"withheld_bp"`
	// Collected (PPh) is the tax on sales that we collect from the merchant for
	// the state.
	Collected BasisPoints `json:"collected_bp" yaml:"collected_bp"`
}

// Terms are a merchant's rates in the order of their first days.
type Terms []Rates

// Same says whether both terms have the same rates on every day of a span. Who
// changes terms asks it of the days that are in closed statements: an adjustment
// must give back what was charged.
func (t Terms) Same(u Terms, from, to ledger.Day) bool {
	days := []ledger.Day{from}
	for _, r := range append(slices.Clone(t), u...) {
		if from < r.From && r.From <= to {
			days = append(days, r.From)
		}
	}
	return !slices.ContainsFunc(days, func(day ledger.Day) bool {
		a, errA := t.on(day)
		b, errB := u.on(day)
		a.From, b.From = "", ""
		return a != b || (errA == nil) != (errB == nil)
	})
}

// Fees are the fees of a payment of that amount on a business day, Indomaret's
// and ours.
//
// Errors: ErrTerms, when no rates hold on that day.
func (t Terms) Fees(day ledger.Day, amount ledger.Rupiah) (partner, own ledger.Rupiah, err error) {
	r, err := t.on(day)
	if err != nil {
		return 0, 0, err
	}
	return r.Partner.of(amount), r.Own.of(amount), nil
}

// on are the rates that hold on a day.
func (t Terms) on(day ledger.Day) (Rates, error) {
	for i := len(t) - 1; i >= 0; i-- {
		if t[i].From <= day {
			return t[i], nil
		}
	}
	return Rates{}, fmt.Errorf("%w on %s", ErrTerms, day)
}

// MaxRates bounds the rates of one merchant's terms.
const MaxRates = 100

// Check refuses terms that no agreement can have. Error: ErrTerms, which names the
// rates, the field and the rule.
func (t Terms) Check() error {
	if err := t.check(); err != nil {
		return fmt.Errorf("%w: %w", ErrTerms, err)
	}
	return nil
}

func (t Terms) check() error {
	if len(t) > MaxRates {
		return fmt.Errorf("%d rates, limit %d", len(t), MaxRates)
	}
	for i, r := range t {
		if _, err := ledger.ParseDay(string(r.From)); err != nil {
			return fmt.Errorf("rates %d: from: %w", i+1, err)
		}
		if i > 0 && r.From <= t[i-1].From {
			return fmt.Errorf("rates %d: from %s does not come after %s", i+1, r.From, t[i-1].From)
		}
		if err := r.check(); err != nil {
			return fmt.Errorf("rates from %s: %w", r.From, err)
		}
	}
	return nil
}

// check refuses rates beyond 0 to 100 % and prices beyond 0 to MaxRupiah.
func (r Rates) check() error {
	for _, field := range []struct {
		name string
		rate BasisPoints
	}{
		{"partner_fee.share_bp", r.Partner.Share}, {"own_fee.share_bp", r.Own.Share},
		{"vat_bp", r.VAT}, {"withheld_bp", r.Withheld}, {"collected_bp", r.Collected},
	} {
		if field.rate < 0 || field.rate > whole {
			return fmt.Errorf("%s %d: must be 0 to %d", field.name, field.rate, whole)
		}
	}
	for _, field := range []struct {
		name  string
		price ledger.Rupiah
	}{{"partner_fee.fixed", r.Partner.Fixed}, {"own_fee.fixed", r.Own.Fixed}} {
		if field.price < 0 || field.price > ledger.MaxRupiah {
			return fmt.Errorf("%s %d: must be 0 to %d", field.name, field.price, ledger.MaxRupiah)
		}
	}
	return nil
}
