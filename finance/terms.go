package finance

import (
	"context"

	"paypoint/reconcile"
)

// getTerms answers what a merchant's next statement is made by.
func (a *api) getTerms(c *call) error {
	c.act.Merchant = c.r.PathValue("merchant")
	if _, err := c.parameters(); err != nil {
		return err
	}
	terms, err := a.Statements.Terms(c.r.Context(), c.act.Merchant)
	return answered(c, terms, err)
}

// setTerms gives a merchant terms of its own, all of them at once; {} gives it the
// configuration's again.
func (a *api) setTerms(c *call) error {
	var body reconcile.MerchantTerms
	c.act.Merchant = c.r.PathValue("merchant")
	if err := bodyAlone(c, &body); err != nil {
		return err
	}
	if id := body.Party.ID; id != "" && id != c.act.Merchant {
		return badBody("party.id", "want the merchant of the path, or leave it out")
	}
	terms, err := a.Statements.SetTerms(context.WithoutCancel(c.r.Context()), c.act.Merchant, c.caller.ID, body)
	return answered(c, terms, err)
}
