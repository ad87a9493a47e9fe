package ledger

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
	// Suspense holds money whose owner is not clear yet.
	Suspense Account = "suspense"
)

// Accounts lists the accounts that every ledger has, used or not.
func Accounts() []Account {
	return []Account{IndomaretReceivable, Fees, VAT, Withholding, Suspense}
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
