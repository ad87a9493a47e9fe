package finance

import (
	"net/http"

	"paypoint/ledger"
)

// TrialBalance is the books as JSON.
type TrialBalance struct {
	// Accounts are all of them, used or not; debits are positive.
	Accounts []ledger.Balance `json:"accounts"`
	// Sum is zero in a sound ledger.
	Sum ledger.Rupiah `json:"sum"`
}

// trialBalance adds the balances up itself, so that an unbalanced ledger shows
// here and not only in a check of its file.
func (a *api) trialBalance(c *call) error {
	if _, err := c.parameters(); err != nil {
		return err
	}
	balances, err := a.Balances.TrialBalance(c.r.Context())
	if err != nil {
		return err
	}
	books := TrialBalance{Accounts: balances}
	for _, b := range balances {
		books.Sum += b.Amount
	}
	return c.reply(http.StatusOK, books)
}
