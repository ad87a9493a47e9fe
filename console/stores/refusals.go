package stores

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"paypoint/console/frame"
	"paypoint/ledger"
	"paypoint/reconcile/sheet"
)

// The parameters of the list of refusals. A payment code is none: it is looked for
// in the search box, whose address keeps none.
const (
	paramOperation = "operation"
	paramReason    = "reason"
	paramResponse  = "response"
	paramRef       = "ref"
	paramSigned    = "signed"
)

// The choices of paramSigned.
const (
	yes = "yes"
	no  = "no"
)

// responseLength is the length of a ResponseCode (spec 1.0.14, InquiryRes field 9).
const responseLength = 2

// operations are what a till asks for.
func operations() []string { return []string{"inquiry", "payment", "reversal"} }

func refusalParams(today ledger.Day) []frame.Param {
	return append(lastDays(today, 1).params(),
		frame.Param{Name: paramStore, Kind: frame.Text, Word: "stores.filter.store", Max: maxName},
		frame.Param{Name: paramOperation, Kind: frame.Choice, Choices: operations(), Word: "stores.filter.operation", ChoiceWord: "stores.operation."},
		frame.Param{Name: paramReason, Kind: frame.Choice, Choices: ledger.MessageReasons(), Word: "stores.filter.reason", ChoiceWord: frame.WordReason},
		frame.Param{Name: paramResponse, Kind: frame.Text, Word: "stores.filter.response", Max: responseLength},
		frame.Param{Name: paramRef, Kind: frame.Text, Word: "stores.filter.ref", Max: maxName},
		frame.Param{Name: paramSigned, Kind: frame.Choice, Choices: []string{yes, no}, Word: "stores.filter.signed", ChoiceWord: "stores.signed."},
	)
}

// refusalQuery is what a list of refusals asks for. The page and the export are both
// made of this one value.
func refusalQuery(q values, today ledger.Day) (ledger.RefusalQuery, error) {
	d, err := daysOf(q, today)
	if err != nil {
		return ledger.RefusalQuery{}, err
	}
	asked := ledger.RefusalQuery{
		From: d.From.Midnight(), To: d.end(),
		Operation: q.Choice(paramOperation), Store: q.Text(paramStore), Reason: q.Choice(paramReason),
		ResponseCode: q.Text(paramResponse), Ref: ledger.TrackingRef(q.Text(paramRef)),
	}
	if choice := q.Choice(paramSigned); choice != "" {
		signed := choice == yes
		asked.Signed = &signed
	}
	return asked, nil
}

// refusalsView is the page of refusals.
type refusalsView struct {
	Rows                []ledger.Message
	Operations, Reasons []string
	Signed              []string
	// More says that a search that read enough stopped before the page was full.
	More bool
}

// refusals answers the list of refused messages, or exports it.
func (a *area) refusals(c *frame.Call) error {
	today := ledger.CalendarDay(c.Now())
	q, err := c.Query(refusalParams(today)...)
	if err != nil {
		return err
	}
	asked, err := refusalQuery(q, today)
	if err != nil {
		return err
	}
	return c.List(c.T("stores.refusals.title"), frame.List{
		Page: "stores/refusals", Name: "refusals", Query: q, Columns: refusalColumns(),
		Rows: func(ctx context.Context) iter.Seq2[[]any, error] { return a.exportRefusals(ctx, asked) },
		View: func(ctx context.Context) (any, error) { return a.viewRefusals(ctx, q, asked) },
	})
}

func (a *area) viewRefusals(ctx context.Context, q *frame.Query, asked ledger.RefusalQuery) (any, error) {
	asked.Before, asked.Limit = q.Before(), pageRows
	rows, next, err := a.refused(ctx, asked)
	if errors.Is(err, ledger.ErrBadMessageCursor) {
		return nil, q.NoPlace()
	}
	if err != nil {
		return nil, err
	}
	if next != "" {
		q.Next(next)
	}
	q.Shown(len(rows))
	return refusalsView{
		Rows: rows, Operations: operations(), Reasons: ledger.MessageReasons(), Signed: []string{yes, no},
		More: next != "" && len(rows) < pageRows,
	}, nil
}

// refused reads a page of refusals. Its errors are frame's where a person can do
// something.
func (a *area) refused(ctx context.Context, asked ledger.RefusalQuery) ([]ledger.Message, string, error) {
	rows, next, err := a.Messages.Refused(ctx, asked)
	switch {
	case errors.Is(err, ledger.ErrMessagesNotReady):
		return nil, "", frame.Refused("stores.no_messages")
	case err != nil:
		return nil, "", fmt.Errorf("list refusals: %w", err)
	}
	return rows, next, nil
}

// refusalColumns are the export's, whose names other programs read.
func refusalColumns() []sheet.Column {
	return []sheet.Column{
		{Name: "answered_at_wib", Kind: sheet.Time}, {Name: "store"}, {Name: "operation"}, {Name: "payment_code"},
		{Name: "tracking_ref", Width: 22}, {Name: "amount_as_sent"}, {Name: "response_code"}, {Name: "reason", Width: 30},
		{Name: "http_status", Kind: sheet.Serial}, {Name: "signed"}, {Name: "caller", Width: 18},
	}
}

// exportRefusals is all rows of the query.
func (a *area) exportRefusals(ctx context.Context, asked ledger.RefusalQuery) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		asked.Limit = ledger.MaxMessages
		for next := "first"; next != ""; {
			rows, after, err := a.refused(ctx, asked)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, m := range rows {
				if !yield(refusalCells(m), nil) {
					return
				}
			}
			next, asked.Before = after, after
		}
	}
}

func refusalCells(m ledger.Message) []any {
	signed := no
	if m.Signed {
		signed = yes
	}
	return []any{m.At, m.Store, m.Operation, m.Code, m.Ref, m.Amount, m.ResponseCode, m.Reason, m.Status, signed, m.Caller}
}
