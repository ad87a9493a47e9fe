package money

import (
	"context"
	"iter"
	"strings"

	"paypoint/console/frame"
	"paypoint/ledger"
	"paypoint/reconcile"
	"paypoint/reconcile/sheet"
)

// positionView is who owes what, with every account.
type positionView struct {
	reconcile.Position
	Accounts []accountView
}

// accountView is an account with its balance, debits positive.
type accountView struct {
	Name   string
	Amount ledger.Rupiah
}

// position answers GET /money: who owes what, and the trial balance.
func (a *area) position(c *frame.Call) error {
	q, err := c.Query(frame.Param{Name: "day", Kind: frame.DayOf, Word: "money.through"})
	if err != nil {
		return err
	}
	p, err := a.Cash.Position(c.Context(), q.Day("day"))
	if err != nil {
		return err
	}
	v := positionView{Position: p}
	for _, b := range p.Balances {
		v.Accounts = append(v.Accounts, accountView{accountName(c.T, b.Account), b.Amount})
	}
	return c.List(c.T("money.title"), frame.List{
		Page: "money/position", Name: "balance", Query: q,
		Columns: []sheet.Column{{Name: "account", Width: 36}, {Name: "balance", Kind: sheet.Rupiah}},
		Rows: func(context.Context) iter.Seq2[[]any, error] {
			return func(yield func([]any, error) bool) {
				for _, b := range p.Balances {
					if !yield([]any{b.Account, b.Amount}, nil) {
						return
					}
				}
			}
		},
		View: func(context.Context) (any, error) { return v, nil },
	})
}

// accountName is what people call an account.
func accountName(t func(string, ...any) string, account ledger.Account) string {
	if merchant, is := strings.CutPrefix(string(account), string(ledger.MerchantPayable(""))); is {
		return t("money.account.merchant_payable", "merchant", merchant)
	}
	return t("money.account." + string(account))
}
