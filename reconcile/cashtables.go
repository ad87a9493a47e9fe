package reconcile

import (
	"context"
	"fmt"
	"io"
	"iter"
	"strings"

	"paypoint/ledger"
	"paypoint/reconcile/sheet"
)

// tablePage is how many rows are held in memory at once.
const tablePage = 500

// table is a list that is exported: sums are of its columns of rupiah.
type table[R any] struct {
	title   string
	columns []sheet.Column
	// each hands over the rows in their order.
	each func(yield func(R, error) bool)
	row  func(R) []any
}

// write writes the table; of a workbook's last row the money is summed up.
func (t table[R]) write(ctx context.Context, s *Service, f sheet.Format, w io.Writer, progress Progress) error {
	totals := make([]any, len(t.columns))
	for i, c := range t.columns {
		if c.Kind == sheet.Rupiah {
			totals[i] = ledger.Rupiah(0)
		}
	}
	rows := func(yield func([]any, error) bool) {
		for r, err := range t.each {
			if err != nil {
				yield(nil, err)
				return
			}
			cells := t.row(r)
			t.sum(totals, cells)
			if !yield(cells, nil) {
				return
			}
		}
	}
	told := func(int) {}
	if progress != nil {
		told = func(done int) { progress(done, 0) }
	}
	return sheet.Write(ctx, f, w, s.config.TempDir, t.title, t.columns, rows, totals, told)
}

// sum adds a row's money to the totals.
func (t table[R]) sum(totals, cells []any) {
	for i, c := range t.columns {
		if c.Kind == sheet.Rupiah {
			totals[i] = totals[i].(ledger.Rupiah) + cells[i].(ledger.Rupiah)
		}
	}
}

// paged reads a listing of the ledger's to its end.
func paged[R any](list func(after string, limit int) ([]R, string, error)) iter.Seq2[R, error] {
	return func(yield func(R, error) bool) {
		for after := ""; ; {
			page, next, err := list(after, tablePage)
			if err != nil {
				var none R
				yield(none, err)
				return
			}
			for _, r := range page {
				if !yield(r, nil) {
					return
				}
			}
			if after = next; after == "" {
				return
			}
		}
	}
}

// ExportTransfers writes all bank transfers of Indomaret's by their references, as
// a table. What it wrote is worth nothing when it returns an error.
//
// Errors: sheet.ErrFormat, those of w, and the store's.
func (s *Service) ExportTransfers(ctx context.Context, f sheet.Format, w io.Writer, progress Progress) error {
	return table[ledger.Transfer]{
		title: "transfers",
		columns: []sheet.Column{
			{Name: "reference", Width: 28}, {Name: "on", Kind: sheet.Day}, {Name: "amount", Kind: sheet.Rupiah}, {Name: "note", Width: 32},
			{Name: "days", Width: 26}, {Name: "difference", Kind: sheet.Rupiah},
			{Name: "recorded_at_wib", Kind: sheet.Time}, {Name: "by"},
		},
		each: paged(func(after string, limit int) ([]ledger.Transfer, string, error) {
			return s.config.Ledger.Transfers(ctx, after, limit)
		}),
		row: func(t ledger.Transfer) []any {
			days := make([]string, len(t.Days))
			for i, day := range t.Days {
				days[i] = string(day)
			}
			return []any{t.Reference, t.On, t.Amount, t.Note, strings.Join(days, " "), t.Difference, t.At, t.By}
		},
	}.write(ctx, s, f, w, progress)
}

// ExportPayouts writes all payouts by their references. As ExportTransfers.
func (s *Service) ExportPayouts(ctx context.Context, f sheet.Format, w io.Writer, progress Progress) error {
	return table[ledger.Payout]{
		title: "payouts",
		columns: []sheet.Column{
			{Name: "reference", Width: 28}, {Name: "on", Kind: sheet.Day}, {Name: "amount", Kind: sheet.Rupiah},
			{Name: "merchant"}, {Name: "statement", Kind: sheet.Serial}, {Name: "case", Kind: sheet.Serial},
			{Name: "recorded_at_wib", Kind: sheet.Time}, {Name: "by"},
		},
		each: paged(func(after string, limit int) ([]ledger.Payout, string, error) {
			return s.config.Ledger.Payouts(ctx, after, limit)
		}),
		row: func(p ledger.Payout) []any {
			return []any{p.Reference, p.On, p.Amount, p.Merchant, named(p.No), named(p.Case), p.At, p.By}
		},
	}.write(ctx, s, f, w, progress)
}

// named is a number that names something; an empty cell where it names nothing.
func named(number uint64) any {
	if number == 0 {
		return nil
	}
	return number
}

// ExportStatements writes a merchant's statements, or all merchants' where
// merchant is empty, a row each. As ExportTransfers.
func (s *Service) ExportStatements(ctx context.Context, merchant string, f sheet.Format, w io.Writer, progress Progress) error {
	columns := []sheet.Column{
		{Name: "merchant"}, {Name: "statement", Kind: sheet.Serial}, {Name: "from", Kind: sheet.Day}, {Name: "to", Kind: sheet.Day},
	}
	for _, name := range []string{
		"sales", "partner_fee", "own_fee", "vat", "withheld", "collected", "net_payable", "paid_out", "outstanding",
	} {
		columns = append(columns, sheet.Column{Name: name, Kind: sheet.Rupiah})
	}
	columns = append(columns, sheet.Column{Name: "closed_at_wib", Kind: sheet.Time}, sheet.Column{Name: "by"}, sheet.Column{Name: "sha256", Width: 66})
	return table[ledger.Statement]{
		title: "statements", columns: columns,
		each: paged(func(after string, limit int) ([]ledger.Statement, string, error) {
			return s.Statements(ctx, merchant, after, limit)
		}),
		row: func(s ledger.Statement) []any {
			return []any{
				s.Merchant, s.No, s.From, s.To,
				s.Sales, s.PartnerFee, s.OwnFee, s.VAT, s.Withheld, s.Collected, s.NetPayable, s.PaidOut, s.Outstanding(),
				s.At, s.By, s.SHA256,
			}
		},
	}.write(ctx, s, f, w, progress)
}

// ExportReceivables writes the closed batches from a day on with what was paid of
// them. As ExportTransfers.
func (s *Service) ExportReceivables(ctx context.Context, from ledger.Day, f sheet.Format, w io.Writer, progress Progress) error {
	columns := []sheet.Column{{Name: "day", Kind: sheet.Day}, {Name: "batch", Kind: sheet.Serial}}
	for _, name := range []string{"amount", "fee", "adjusted", "net", "unpaid"} {
		columns = append(columns, sheet.Column{Name: name, Kind: sheet.Rupiah})
	}
	return table[Receivable]{
		title: "receivables", columns: append(columns, sheet.Column{Name: "transfer", Width: 28}),
		each: paged(func(after string, limit int) ([]Receivable, string, error) {
			page, err := s.Receivables(ctx, max(from, ledger.Day(after)), limit)
			if err != nil || len(page) < limit {
				return page, "", err
			}
			return page, string(page[len(page)-1].Day.Next()), nil
		}),
		row: func(r Receivable) []any {
			return []any{r.Day, r.No, r.Amount, r.Fee, r.Adjusted, r.Net, r.Unpaid, r.Transfer}
		},
	}.write(ctx, s, f, w, progress)
}

// ExportPosition writes all accounts at the end of a business day, of now where
// day is empty: debits are positive, and the total is 0. As ExportTransfers, and
// those of Position.
func (s *Service) ExportPosition(ctx context.Context, day ledger.Day, f sheet.Format, w io.Writer, progress Progress) error {
	position, err := s.Position(ctx, day)
	if err != nil {
		return err
	}
	err = table[ledger.Balance]{
		title:   "trial balance",
		columns: []sheet.Column{{Name: "day", Kind: sheet.Day}, {Name: "account", Width: 40}, {Name: "balance", Kind: sheet.Rupiah}},
		each: func(yield func(ledger.Balance, error) bool) {
			for _, b := range position.Balances {
				if !yield(b, nil) {
					return
				}
			}
		},
		row: func(b ledger.Balance) []any { return []any{day, b.Account, b.Amount} },
	}.write(ctx, s, f, w, progress)
	if err != nil {
		return fmt.Errorf("export position of %s: %w", day, err)
	}
	return nil
}
