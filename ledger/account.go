package ledger

import "slices"

// Account is a named account of the books. Debits are positive, credits
// negative, and every journal record's postings sum to zero.
type Account string

// The accounts. A merchant's payable is MerchantPayable of its id.
const (
	// IndomaretReceivable is what Indomaret has collected and owes us.
	IndomaretReceivable Account = "indomaret_receivable"
	// Fees is what customers paid on top and the partner remits to us.
	Fees Account = "fees"
	// VAT is value added tax owed.
	VAT Account = "vat"
	// Withholding is income tax withheld.
	Withholding Account = "withholding"
	// Suspense holds money that Indomaret remits and that is owed back to who paid it.
	Suspense Account = "suspense"
	// Bank is what came from Indomaret's bank transfers and was not paid out.
	Bank Account = "bank"
	// IndomaretFees is Indomaret's fee as far as merchants bear it: we owe it on.
	IndomaretFees Account = "indomaret_fees"
	// OwnFees is what we earn.
	OwnFees Account = "own_fees"
	// WriteOffs is what was given up of Indomaret's debt, and what came over it.
	WriteOffs Account = "write_offs"
)

// Accounts lists the accounts that every ledger has, used or not.
func Accounts() []Account {
	return []Account{IndomaretReceivable, Bank, Fees, IndomaretFees, OwnFees, VAT, Withholding, Suspense, WriteOffs}
}

// MerchantPayable is what we owe a merchant.
func MerchantPayable(merchant string) Account { return Account("merchant_payable/" + merchant) }

// Posting moves an amount to an account: positive debits, negative credits.
type Posting struct {
	Account Account `json:"account"`
	Amount  Rupiah  `json:"amount"`
}

// Balance is an account with the sum of its postings.
type Balance struct {
	Account Account `json:"account"`
	Amount  Rupiah  `json:"amount"`
}

// Sum adds up postings; a balanced entry sums to zero.
func Sum(postings []Posting) Rupiah {
	var total Rupiah
	for _, p := range postings {
		total += p.Amount
	}
	return total
}

// nonZero leaves out postings that move nothing.
func nonZero(postings ...Posting) []Posting {
	return slices.DeleteFunc(postings, func(p Posting) bool { return p.Amount == 0 })
}

// bookDay is the business day in whose books an event's postings stand. It is
// open when they are booked, so the books of a closed day never change.
func bookDay(event Event) Day {
	switch e := event.(type) {
	case Paid:
		return e.Day
	case Reversed:
		return e.Day
	case Adjusted:
		return e.Day
	case StatementClosed:
		return e.Day
	case Transferred:
		return e.Day
	case PaidOut:
		return e.Day
	default:
		return ""
	}
}

// paymentPostings are the entries of a payment: Indomaret owes us what it
// collected for the merchant, and the fee too where the agreement remits it.
func paymentPostings(merchant string, amount, fee Rupiah, feeRemitted bool) []Posting {
	if !feeRemitted || fee == 0 {
		return []Posting{
			{IndomaretReceivable, amount},
			{MerchantPayable(merchant), -amount},
		}
	}
	return []Posting{
		{IndomaretReceivable, amount + fee},
		{MerchantPayable(merchant), -amount},
		{Fees, -fee},
	}
}

// reversalPostings are the same entries the other way.
func reversalPostings(merchant string, t Transaction) []Posting {
	postings := paymentPostings(merchant, t.Amount, t.Fee, t.FeeRemitted)
	for i := range postings {
		postings[i].Amount = -postings[i].Amount
	}
	return postings
}
