package finance

import (
	"context"
	"io"
	"iter"

	"paypoint/ledger"
	"paypoint/reconcile"
	"paypoint/reconcile/sheet"
)

// exportCases writes the cases that are asked for as a table.
func (a *api) exportCases(c *call) error {
	q, values, err := caseQuery(c, "format")
	if err != nil {
		return err
	}
	format, err := sheetFormat(c, values)
	if err != nil {
		return err
	}
	return c.sendTable("cases", format, func(ctx context.Context, f sheet.Format, w io.Writer, told reconcile.Progress) error {
		// Differences of opposite signs cancel out in the total: it is what all cases
		// together come to, and ageing adds up their sizes.
		totals := make([]any, len(caseColumns()))
		return sheet.Write(ctx, f, w, a.TempDir, "cases", caseColumns(), a.caseRows(ctx, q, totals), totals, rowsOf(told))
	})
}

// rowsOf tells of rows whose number nobody knows before.
func rowsOf(told reconcile.Progress) func(done int) {
	if told == nil {
		return nil
	}
	return func(done int) { told(done, 0) }
}

// surplusColumn is where the table of cases has the money in question.
const surplusColumn = 13

// caseColumns are those of the table of cases.
func caseColumns() []sheet.Column {
	return []sheet.Column{
		{Name: "case", Kind: sheet.Serial}, {Name: "class", Width: 26}, {Name: "state", Width: 10},
		{Name: "age_business_days", Kind: sheet.Count, Width: 18}, {Name: "bucket", Width: 8}, {Name: "day", Kind: sheet.Day},
		{Name: "payment_code"}, {Name: "tracking_ref"}, {Name: "store", Width: 10},
		{Name: "ours", Kind: sheet.Rupiah}, {Name: "ours_fee", Kind: sheet.Rupiah},
		{Name: "theirs", Kind: sheet.Rupiah}, {Name: "theirs_fee", Kind: sheet.Rupiah}, {Name: "surplus", Kind: sheet.Rupiah},
		{Name: "owner"}, {Name: "note", Width: 40}, {Name: "opened_wib", Kind: sheet.Time}, {Name: "opened_by"},
		{Name: "act", Width: 10}, {Name: "act_amount", Kind: sheet.Rupiah}, {Name: "why", Width: 40}, {Name: "proposed_by"},
		{Name: "approved_by"}, {Name: "resolved_wib", Kind: sheet.Time}, {Name: "paid_out", Kind: sheet.Rupiah},
	}
}

// caseRows reads the rows; at their end the surplus's total is set.
func (a *api) caseRows(ctx context.Context, q ledger.CaseQuery, totals []any) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		var surplus ledger.Rupiah
		for c, err := range a.allCases(ctx, q) {
			if err != nil {
				yield(nil, err)
				return
			}
			surplus += c.Surplus()
			// Set with each row, for none may be the last.
			totals[surplusColumn] = surplus
			if !yield(caseRow(a.caseView(c)), nil) {
				return
			}
		}
	}
}

// caseRow is a case in the order of caseColumns.
func caseRow(c Case) []any {
	row := []any{
		c.ID, c.Class, c.State, c.Age, c.Bucket, c.Day, c.Code, c.Ref, c.Store,
		c.Ours, c.OursFee, c.Theirs, c.TheirsFee, c.Surplus, c.Owner, c.Note, c.Opened, c.OpenedBy,
	}
	if p := c.Proposal; p != nil {
		row = append(row, p.Act, p.Amount, p.Why, p.By)
	} else {
		row = append(row, nil, nil, nil, nil)
	}
	return append(row, c.ApprovedBy, c.Resolved, c.PaidOut)
}
