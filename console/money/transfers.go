package money

import (
	"context"
	"encoding/base64"
	"errors"
	"iter"

	"paypoint/access/audit"
	"paypoint/console/frame"
	"paypoint/ledger"
	"paypoint/reconcile/sheet"
)

// Directions of money in a form.
const (
	directionIn  = "in"
	directionOut = "out"
)

// cursor hides a reference's signs, of which a URL's cursor takes few.
func cursor(reference string) string { return base64.RawURLEncoding.EncodeToString([]byte(reference)) }

// reference is what the cursor of a page stands for.
func reference(q *frame.Query) (string, error) {
	text, err := base64.RawURLEncoding.DecodeString(q.After())
	if err != nil || q.Before() != "" { // these lists go forwards alone
		return "", q.NoPlace()
	}
	return string(text), nil
}

// transfers answers GET /money/transfers, by reference.
func (a *area) transfers(c *frame.Call) error {
	q, err := c.Query()
	if err != nil {
		return err
	}
	return c.List(c.T("money.transfers"), frame.List{
		Page: "money/transfers", Name: "transfers", Query: q,
		Columns: []sheet.Column{
			{Name: "reference", Width: 24}, {Name: "value_date", Kind: sheet.Day}, {Name: "amount", Kind: sheet.Rupiah}, {Name: "pays", Width: 30},
			{Name: "ours_minus_indomaret", Kind: sheet.Rupiah}, {Name: "written_off", Kind: sheet.Rupiah}, {Name: "note", Width: 40}, {Name: "recorded_wib", Kind: sheet.Time}, {Name: "recorded_by"},
		},
		Rows: func(ctx context.Context) iter.Seq2[[]any, error] {
			return eachRow(ctx, a.Ledger.Transfers, func(t ledger.Transfer) []any {
				return []any{t.Reference, t.On, t.Amount, days(t.Days), frame.Difference(t.Difference), t.WrittenOff, t.Note, t.At, t.By}
			})
		},
		View: func(ctx context.Context) (any, error) { return page(ctx, q, a.Ledger.Transfers) },
	})
}

// page is one page of a list by reference.
func page[R any](ctx context.Context, q *frame.Query, list func(context.Context, string, int) ([]R, string, error)) ([]R, error) {
	after, err := reference(q)
	if err != nil {
		return nil, err
	}
	rows, next, err := list(ctx, after, rowsPerPage)
	if errors.Is(err, ledger.ErrPlace) {
		return nil, q.NoPlace()
	}
	if next != "" {
		q.Previous(cursor(next))
	}
	q.Shown(len(rows))
	return rows, err
}

// eachRow is the whole of a list by reference, as cells.
func eachRow[R any](ctx context.Context, list func(context.Context, string, int) ([]R, string, error), cells func(R) []any) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		for after, more := "", true; more; more = after != "" {
			rows, next, err := list(ctx, after, rowsAtOnce)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, row := range rows {
				if !yield(cells(row), nil) {
					return
				}
			}
			after = next
		}
	}
}

// days writes days side by side.
func days(all []ledger.Day) string {
	text := ""
	for i, day := range all {
		if i > 0 {
			text += " "
		}
		text += string(day)
	}
	return text
}

// transferView is the form of a transfer, as it was filled in.
type transferView struct {
	Reference, On, Amount, Direction, Note string
}

// newTransfer answers GET /money/transfers/new.
func (a *area) newTransfer(c *frame.Call) error {
	return showTransfer(c, transferView{On: string(a.daysBack(0)), Direction: directionIn}, nil)
}

// showTransfer shows the form, with what was typed and what was wrong with it.
func showTransfer(c *frame.Call, v transferView, faults frame.Faults) error {
	return c.Page("money/transfer", frame.Page{Title: c.T("money.transfer.new"), Data: v, Faults: faults})
}

// recordTransfer answers POST /money/transfers.
func (a *area) recordTransfer(c *frame.Call) error {
	form, err := c.Form()
	if err != nil {
		return err
	}
	t := ledger.Transfer{
		Reference: form.Text("reference", ledger.MaxReference), On: form.Day("on"), Amount: form.Rupiah("amount"),
		Note: form.Optional("note", ledger.MaxCaseText), By: c.Person().ID,
	}
	if form.Choice("direction", directionIn, directionOut) == directionOut {
		t.Amount = -t.Amount
	}
	typed := transferView{form.Value("reference"), form.Value("on"), form.Value("amount"), form.Value("direction"), form.Value("note")}
	if form.Err() != nil {
		return showTransfer(c, typed, form.Faults())
	}
	c.Object(audit.KindTransfer, t.Reference)
	c.Reason(t.Note)
	if _, err = a.Ledger.RecordTransfer(context.WithoutCancel(c.Context()), t); err != nil {
		if fault, is := faultOf(c.T, err); is {
			return showTransfer(c, typed, frame.Faults{fault})
		}
		return told(err)
	}
	return c.Done(matchPath(t.Reference), "money.done.transfer", "reference", t.Reference)
}
