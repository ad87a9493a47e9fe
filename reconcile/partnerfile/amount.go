package partnerfile

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"paypoint/ledger"
)

// Amounts is how a file writes money. Whatever the form, an amount is whole
// rupiah: decimals must be zeros. Signs and fractions are refused, not rounded.
type Amounts struct {
	// Prefix may stand before an amount: "Rp".
	Prefix string `yaml:"prefix,omitempty"`
	// Thousands parts groups of three digits: "." in 50.000; none when empty.
	Thousands string `yaml:"thousands,omitempty"`
	// Decimal stands before one or two decimals: "," in 50000,00. When empty
	// it is ".", or "," where Thousands is ".".
	Decimal string `yaml:"decimal,omitempty"`
	// ImpliedDecimals is how many digits at the end are decimals without a sign
	// before them: 2 where 5000000 is Rp 50000. 0 to 2.
	ImpliedDecimals int `yaml:"implied_decimals,omitempty"`
	// IncludeFee says that the amount column contains the fee.
	IncludeFee bool `yaml:"include_fee,omitempty"`
}

// The most digits of an amount (spec 1.0.14, PaymentReq field 4) and of a sum,
// as an int64 holds them.
const (
	amountDigits = 12
	sumDigits    = 18
)

var (
	errNegative  = errors.New("a sign before or after an amount is not taken: want a positive amount")
	errFraction  = errors.New("a fraction of a rupiah")
	errThousands = errors.New("thousands are not in groups of three digits")
)

// parse reads an amount of at most so many digits, leading zeros not counted.
func (a Amounts) parse(text string, digits int) (ledger.Rupiah, error) {
	text = strings.TrimSpace(strings.TrimPrefix(text, a.Prefix))
	if strings.ContainsAny(text, "-+()") {
		return 0, errNegative
	}
	whole, err := a.dropDecimals(text)
	if err != nil {
		return 0, err
	}
	if whole, err = a.join(whole); err != nil {
		return 0, err
	}
	if whole == "" || strings.Trim(whole, "0123456789") != "" {
		return 0, fmt.Errorf("not an amount of whole rupiah as the profile has it: want %s", a.sample())
	}
	if whole, err = a.dropImplied(whole); err != nil {
		return 0, err
	}
	whole = strings.TrimLeft(whole, "0")
	if len(whole) > digits {
		return 0, fmt.Errorf("more than %d digits", digits)
	}
	if whole == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(whole, 10, 64)
	return ledger.Rupiah(n), err
}

// decimal is the sign before decimals.
func (a Amounts) decimal() string {
	switch {
	case a.Decimal != "":
		return a.Decimal
	case a.Thousands == ".":
		return ","
	}
	return "."
}

// dropDecimals takes one or two zeros after the decimal sign, as
// ledger.ParseRupiah does. Three would be 50.000 read as 50: refused.
func (a Amounts) dropDecimals(text string) (string, error) {
	whole, fraction, found := strings.Cut(text, a.decimal())
	if !found {
		return text, nil
	}
	if a.ImpliedDecimals > 0 {
		// Taking both kinds of decimals off would read a hundredth of the amount.
		return "", fmt.Errorf("%q in an amount whose last %d digits are decimals: want %s", a.decimal(), a.ImpliedDecimals, a.sample())
	}
	switch fraction {
	case "0", "00":
		return whole, nil
	case "000":
		return "", fmt.Errorf("three digits after %q: are they thousands?", a.decimal())
	}
	return "", errFraction
}

// join takes the separators of thousands out.
func (a Amounts) join(whole string) (string, error) {
	if a.Thousands == "" || !strings.Contains(whole, a.Thousands) {
		return whole, nil
	}
	groups := strings.Split(whole, a.Thousands)
	for i, group := range groups {
		if first := i == 0; len(group) > 3 || !first && len(group) < 3 || len(group) == 0 {
			return "", errThousands
		}
	}
	return strings.Join(groups, ""), nil
}

// dropImplied takes the decimals that have no sign before them.
func (a Amounts) dropImplied(whole string) (string, error) {
	cut := len(whole) - a.ImpliedDecimals
	if cut < 1 {
		return "", fmt.Errorf("want more than %d digits: the last %d are decimals", a.ImpliedDecimals, a.ImpliedDecimals)
	}
	if strings.Trim(whole[cut:], "0") != "" {
		return "", errFraction
	}
	return whole[:cut], nil
}

// sample is how an amount is written.
func (a Amounts) sample() string {
	if a.ImpliedDecimals > 0 {
		return "50000" + strings.Repeat("0", a.ImpliedDecimals)
	}
	return fmt.Sprintf("%s50%s000 or %s50%s000%s00", a.Prefix, a.Thousands, a.Prefix, a.Thousands, a.decimal())
}
