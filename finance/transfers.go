package finance

import (
	"context"
	"fmt"
	"net/http"

	"paypoint/ledger"
	"paypoint/reconcile"
)

// TransferList is a page of bank transfers, by their references.
type TransferList struct {
	Transfers  []ledger.Transfer `json:"transfers"`
	NextCursor string            `json:"next_cursor,omitempty"`
}

// listTransfers answers a page of Indomaret's bank transfers.
func (a *api) listTransfers(c *call) error {
	_, after, limit, err := placeQuery(c)
	if err != nil {
		return err
	}
	// What the ledger says next is a key of its own: placeCursor hides it.
	page, next, err := a.Ledger.Transfers(c.r.Context(), after, limit)
	return answered(c, TransferList{transferViews(page), placeCursor(next)}, err)
}

func transferViews(page []ledger.Transfer) []ledger.Transfer {
	list := make([]ledger.Transfer, 0, len(page))
	for _, t := range page {
		t.At = moment(t.At)
		list = append(list, t)
	}
	return list
}

// answerTransfer replies with one, unless it failed.
func answerTransfer(c *call, t ledger.Transfer, err error) error {
	t.At = moment(t.At)
	return answered(c, t, err)
}

// recordTransfer books a bank transfer. The same again changes nothing.
func (a *api) recordTransfer(c *call) error {
	var body struct {
		Reference string        `json:"reference"`
		On        ledger.Day    `json:"on"`
		Amount    ledger.Rupiah `json:"amount"`
		Note      string        `json:"note,omitempty"`
	}
	if err := bodyAlone(c, &body); err != nil {
		return err
	}
	if _, err := ledger.ParseDay(string(body.On)); err != nil {
		return badDay("on")
	}
	c.act.Reference, c.act.Amount = body.Reference, body.Amount
	t, err := a.Ledger.RecordTransfer(context.WithoutCancel(c.r.Context()), ledger.Transfer{
		Reference: body.Reference, On: body.On, Amount: body.Amount, Note: body.Note, By: c.caller.ID,
	})
	return answerTransfer(c, t, err)
}

// importTransfers records the bank transfers of a CSV file, all or none.
func (a *api) importTransfers(c *call) error {
	if _, err := c.parameters(); err != nil {
		return err
	}
	body, err := c.upload(reconcile.MaxTransferFile)
	if err != nil {
		return err
	}
	done, err := a.Cash.ImportTransfers(context.WithoutCancel(c.r.Context()), body, c.caller.ID)
	done.Transfers = transferViews(done.Transfers)
	return answered(c, done, err)
}

// Suggestion are the batches that a transfer seems to pay.
//
// It is a proposal only: nothing is matched until a person says so.
type Suggestion struct {
	// Days are in the order of the calendar; empty when nothing fits exactly.
	Days []ledger.Day `json:"days"`
}

// suggestDays answers which batches a transfer seems to pay.
func (a *api) suggestDays(c *call) error {
	c.act.Reference = c.r.PathValue("reference")
	if _, err := c.parameters(); err != nil {
		return err
	}
	days, err := a.Cash.SuggestDays(c.r.Context(), c.act.Reference)
	if days == nil {
		days = []ledger.Day{}
	}
	return answered(c, Suggestion{days}, aboutTransfer(c.act.Reference, err))
}

func aboutTransfer(reference string, err error) error {
	return notFound(err, "transfer_unknown", fmt.Sprintf("there is no transfer %.*s", ledger.MaxReference, reference))
}

// matchTransfer says which batches a transfer pays; no days take an earlier match
// back.
func (a *api) matchTransfer(c *call) error {
	var body struct {
		Days []ledger.Day `json:"days"`
	}
	// The mux splits the path before it is unescaped: a reference may have slashes.
	c.act.Reference = c.r.PathValue("reference")
	if err := bodyAlone(c, &body); err != nil {
		return err
	}
	if len(body.Days) > ledger.MaxTransferDays {
		return badBody("days", fmt.Sprintf("want at most %d days", ledger.MaxTransferDays))
	}
	for i, day := range body.Days {
		if _, err := ledger.ParseDay(string(day)); err != nil {
			return badDay(fmt.Sprintf("days[%d]", i))
		}
	}
	t, err := a.Ledger.MatchTransfer(context.WithoutCancel(c.r.Context()), c.act.Reference, body.Days, c.caller.ID)
	return answerTransfer(c, t, aboutTransfer(c.act.Reference, err))
}

// exportTransfers writes all of them as a table.
func (a *api) exportTransfers(c *call) error { return c.sendWhole("transfers", a.Cash.ExportTransfers) }

// ReceivableList is a page of closed batches with what was paid of them, by day.
type ReceivableList struct {
	Receivables []reconcile.Receivable `json:"receivables"`
	// NextCursor asks for the next page; without it this was the last.
	NextCursor ledger.Day `json:"next_cursor,omitempty"`
}

// listReceivables answers a page of what Indomaret owes by batches.
func (a *api) listReceivables(c *call) error {
	from, limit, err := daysQuery(c, maxDays)
	if err != nil {
		return err
	}
	// One more than asked for tells whether another page follows.
	page, err := a.Cash.Receivables(c.r.Context(), from, limit+1)
	if err != nil {
		return err
	}
	page, next := pageOf(page, limit, func(r reconcile.Receivable) ledger.Day { return r.Day })
	// None are [] in JSON too.
	return c.reply(http.StatusOK, ReceivableList{append([]reconcile.Receivable{}, page...), next})
}

// exportReceivables writes them from a day on as a table.
func (a *api) exportReceivables(c *call) error {
	return a.sendOfDay(c, "receivables", "from", a.Cash.ExportReceivables)
}
