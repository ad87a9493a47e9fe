package finance

import (
	"context"
	"fmt"

	"paypoint/ledger"
)

// PayoutList is a page of payouts, by their references.
type PayoutList struct {
	Payouts    []ledger.Payout `json:"payouts"`
	NextCursor string          `json:"next_cursor,omitempty"`
}

// listPayouts answers a page of payouts.
func (a *api) listPayouts(c *call) error {
	_, after, limit, err := placeQuery(c)
	if err != nil {
		return err
	}
	page, next, err := a.Ledger.Payouts(c.r.Context(), after, limit)
	list := PayoutList{Payouts: make([]ledger.Payout, 0, len(page)), NextCursor: placeCursor(next)}
	for _, p := range page {
		p.At = moment(p.At)
		list.Payouts = append(list.Payouts, p)
	}
	return answered(c, list, err)
}

// recordPayout books money that went out. The same again changes nothing.
func (a *api) recordPayout(c *call) error {
	var body struct {
		Reference string        `json:"reference"`
		On        ledger.Day    `json:"on"`
		Amount    ledger.Rupiah `json:"amount"`
		Merchant  string        `json:"merchant,omitempty"`
		No        uint64        `json:"no,omitempty"`
		Case      uint64        `json:"case,omitempty"`
	}
	if err := bodyAlone(c, &body); err != nil {
		return err
	}
	if _, err := ledger.ParseDay(string(body.On)); err != nil {
		return badDay("on")
	}
	// The ledger knows a statement by both, and a case without either.
	if ofStatement := body.Merchant != "" || body.No != 0; ofStatement == (body.Case != 0) || ofStatement && (body.Merchant == "" || body.No == 0) {
		return badBody("", "want either merchant and no of a statement, or case")
	}
	// Noted before it is booked, so that the log tells of what was refused too.
	c.act.Reference, c.act.Amount, c.act.Merchant, c.act.Statement, c.act.Case = body.Reference, body.Amount, body.Merchant, body.No, body.Case
	p, err := a.Ledger.RecordPayout(context.WithoutCancel(c.r.Context()), ledger.Payout{
		Reference: body.Reference, On: body.On, Amount: body.Amount,
		Merchant: body.Merchant, No: body.No, Case: body.Case, By: c.caller.ID,
	})
	// What the ledger did not find is the one of the two that was named.
	if body.Case != 0 {
		err = aboutCase(body.Case, err)
	} else {
		err = aboutStatement(body.Merchant, body.No, err)
	}
	p.At = moment(p.At)
	return answered(c, p, err)
}

// aboutStatement says which statement there is not.
func aboutStatement(merchant string, no uint64, err error) error {
	return notFound(err, "statement_unknown", fmt.Sprintf("there is no statement %d of merchant %.100s", no, merchant))
}

// exportPayouts writes all of them as a table.
func (a *api) exportPayouts(c *call) error { return c.sendWhole("payouts", a.Cash.ExportPayouts) }
