package finance

import (
	"context"
	"io"
	"net/http"

	"paypoint/ledger"
	"paypoint/reconcile"
	"paypoint/reconcile/sheet"
)

// TrialBalance is the books as JSON.
type TrialBalance struct {
	// Day is the business day at whose end they are; empty for now.
	Day ledger.Day `json:"day,omitempty"`
	// Accounts are all of them, used or not; debits are positive.
	Accounts []ledger.Balance `json:"accounts"`
	// Sum is zero in a sound ledger.
	Sum ledger.Rupiah `json:"sum"`
}

// dayQuery reads a query that has only a day.
func dayQuery(c *call) (ledger.Day, error) {
	values, err := c.parameters("day")
	if err != nil {
		return "", err
	}
	c.act.Day, err = dayOf(values, "day")
	return c.act.Day, err
}

// trialBalance adds the balances up itself, so that an unbalanced ledger shows
// here and not only in a check of its file.
func (a *api) trialBalance(c *call) error {
	day, err := dayQuery(c)
	if err != nil {
		return err
	}
	balances, err := a.Ledger.TrialBalance(c.r.Context(), day)
	if err != nil {
		return err
	}
	books := TrialBalance{Day: day, Accounts: balances}
	for _, b := range balances {
		books.Sum += b.Amount
	}
	return c.reply(http.StatusOK, books)
}

// exportTrialBalance writes the books as a table.
func (a *api) exportTrialBalance(c *call) error {
	return a.sendOfDay(c, "trial-balance", "day", a.Cash.ExportPosition)
}

// position says who owes what.
func (a *api) position(c *call) error {
	day, err := dayQuery(c)
	if err != nil {
		return err
	}
	position, err := a.Cash.Position(c.r.Context(), day)
	return answered(c, position, err)
}

// sendOfDay answers with a table that depends on a day, in the parameter named so.
func (a *api) sendOfDay(c *call, name, parameter string,
	write func(context.Context, ledger.Day, sheet.Format, io.Writer, reconcile.Progress) error,
) error {
	values, err := c.parameters(parameter, "format")
	if err != nil {
		return err
	}
	if c.act.Day, err = dayOf(values, parameter); err != nil {
		return err
	}
	format, err := sheetFormat(c, values)
	if err != nil {
		return err
	}
	day := c.act.Day
	return c.sendTable(name, format, func(ctx context.Context, f sheet.Format, w io.Writer, progress reconcile.Progress) error {
		return write(ctx, day, f, w, progress)
	})
}
