package money

import (
	"context"
	"iter"
	"math"

	"paypoint/access/audit"
	"paypoint/console/frame"
	"paypoint/ledger"
	"paypoint/reconcile/sheet"
)

// payouts answers GET /money/payouts, by reference.
func (a *area) payouts(c *frame.Call) error {
	q, err := c.Query()
	if err != nil {
		return err
	}
	return c.List(c.T("money.payouts"), frame.List{
		Page: "money/payouts", Name: "payouts", Query: q,
		Columns: []sheet.Column{
			{Name: "reference", Width: 24}, {Name: "value_date", Kind: sheet.Day}, {Name: "amount", Kind: sheet.Rupiah}, {Name: "merchant"},
			{Name: "statement", Kind: sheet.Serial}, {Name: "case", Kind: sheet.Serial}, {Name: "recorded_wib", Kind: sheet.Time}, {Name: "recorded_by"},
		},
		Rows: func(ctx context.Context) iter.Seq2[[]any, error] {
			return eachRow(ctx, a.Ledger.Payouts, func(p ledger.Payout) []any {
				return []any{p.Reference, p.On, p.Amount, p.Merchant, present(p.No), present(p.Case), p.At, p.By}
			})
		},
		View: func(ctx context.Context) (any, error) { return page(ctx, q, a.Ledger.Payouts) },
	})
}

// present is a number, or an empty cell for none.
func present(n uint64) any {
	if n == 0 {
		return nil
	}
	return n
}

// What a payout is for.
const (
	forStatement = "statement"
	forCase      = "case"
)

// payoutView is the form of a payout, as it was filled in.
type payoutView struct {
	Reference, On, Amount, Direction, For, Merchant, No, Case string
}

// maxMerchant bounds a merchant's id, in characters.
const maxMerchant = 20

// newPayout answers GET /money/payouts/new.
func (a *area) newPayout(c *frame.Call) error {
	return showPayout(c, payoutView{On: string(a.daysBack(0)), Direction: directionOut, For: forStatement}, nil)
}

// showPayout shows the form, with what was typed and what was wrong with it.
func showPayout(c *frame.Call, v payoutView, faults frame.Faults) error {
	return c.Page("money/payout", frame.Page{Title: c.T("money.payout.new"), Data: v, Faults: faults})
}

// recordPayout answers POST /money/payouts.
func (a *area) recordPayout(c *frame.Call) error {
	form, err := c.Form()
	if err != nil {
		return err
	}
	p := payoutOf(form)
	p.By = c.Person().ID
	typed := payoutView{
		form.Value("reference"), form.Value("on"), form.Value("amount"), form.Value("direction"),
		form.Value("for"), form.Value("merchant"), form.Value("no"), form.Value("case"),
	}
	if form.Err() != nil {
		return showPayout(c, typed, form.Faults())
	}
	c.Object(audit.KindPayout, p.Reference)
	if _, err = a.Ledger.RecordPayout(context.WithoutCancel(c.Context()), p); err != nil {
		if fault, is := faultOf(c.T, err); is {
			return showPayout(c, typed, frame.Faults{fault})
		}
		return told(err)
	}
	return c.Done("/money/payouts", "money.done.payout", "reference", p.Reference)
}

// payoutOf reads the form: of a statement, or of a refund's case.
func payoutOf(form *frame.Form) ledger.Payout {
	p := ledger.Payout{Reference: form.Text("reference", ledger.MaxReference), On: form.Day("on"), Amount: form.Rupiah("amount")}
	if form.Choice("direction", directionIn, directionOut) == directionIn {
		p.Amount = -p.Amount
	}
	if form.Choice("for", forStatement, forCase) == forCase {
		p.Case = uint64(form.Number("case", 1, math.MaxInt64)) // #nosec G115 -- above 0
		return p
	}
	p.Merchant = form.Text("merchant", maxMerchant)
	p.No = uint64(form.Number("no", 1, math.MaxInt64)) // #nosec G115 -- above 0
	return p
}
