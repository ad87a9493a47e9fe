package merchants

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"paypoint/access"
	"paypoint/console/frame"
	"paypoint/console/held"
	"paypoint/ledger"
	"paypoint/reconcile/sheet"
)

const (
	// pageRows is how many merchants a page has.
	pageRows = 50
	// outboxChunk is how many rows of the outbox are read at once, and maxOutbox how
	// many for one page.
	outboxChunk = 1000
	maxOutbox   = 10_000
)

// row is a merchant as the list shows it.
type row struct {
	ID, Name string
	Active   bool
	// Paid and Amount are today's payments, less those taken back today.
	Paid   int
	Amount ledger.Rupiah
	// Open counts the codes that can be paid.
	Open int
	// Failing counts the notifications that were given up, Waiting those that wait;
	// AtLeast says that there may be more.
	Failing, Waiting int
	AtLeast          bool
	// Owed is what the merchant is owed by the books, before the fees of days without
	// a statement.
	Owed ledger.Rupiah
}

// listView is the list's page.
type listView struct{ Rows []row }

// list shows the merchants, the newest first. Who is bound to one sees that one.
func (a *area) list(c *frame.Call) error {
	q, err := c.Query(
		frame.Param{Name: "text", Kind: frame.Text, Word: "merchants.filter.text", Max: access.MaxName},
		frame.Param{Name: "state", Kind: frame.Choice, Choices: []string{"active", "inactive"}, Word: "merchants.filter.state", ChoiceWord: "merchants.state."},
	)
	if err != nil {
		return err
	}
	bound, _ := c.Scope()
	wanted := a.wanted(bound, q.Text("text"), q.Choice("state"))
	return c.List(c.T("merchants.list.title"), frame.List{
		Page: "merchants/list", Name: "merchants", Query: q, Columns: columns(),
		Rows: func(ctx context.Context) iter.Seq2[[]any, error] { return a.exported(ctx, c, wanted) },
		View: func(ctx context.Context) (any, error) {
			page, err := paged(q, wanted)
			if err != nil {
				return nil, err
			}
			rows, err := a.rows(ctx, page, c)
			return listView{rows}, err
		},
	})
}

// wanted are the merchants that a filter asks for, the newest first. A text is
// looked for in the name, whatever its case, and in the id.
func (a *area) wanted(bound, text, state string) []access.Merchant {
	text = strings.ToLower(text)
	merchants := slices.DeleteFunc(a.Merchants.List(), func(m access.Merchant) bool {
		return bound != "" && m.ID != bound || state != "" && m.Active != (state == "active") ||
			!strings.Contains(strings.ToLower(m.Name), text) && !strings.Contains(strings.ToLower(m.ID), text)
	})
	slices.SortFunc(merchants, func(x, y access.Merchant) int { return cmp.Compare(y.ID, x.ID) })
	return merchants
}

// paged is the page of merchants that a query's cursor asks for. Cursors are ids.
// One beyond either end, which no page gives, is refused.
func paged(q *frame.Query, all []access.Merchant) ([]access.Merchant, error) {
	first := 0
	if q.Before() != "" {
		first = after(all, q.Before())
	}
	end := min(len(all), first+pageRows)
	if q.After() != "" { // those that stand above the cursor
		end, _ = find(all, q.After())
		first = max(0, end-pageRows)
	}
	page := all[first:end]
	if len(page) == 0 && len(all) > 0 {
		return nil, q.NoPlace()
	}
	if end < len(all) {
		q.Next(all[end-1].ID)
	}
	if first > 0 {
		q.Previous(all[first].ID)
	}
	q.Total(true, len(all))
	q.Shown(len(page))
	return page, nil
}

// find is where an id stands, or would, in a list with the newest first.
func find(all []access.Merchant, id string) (int, bool) {
	return slices.BinarySearchFunc(all, id, func(m access.Merchant, id string) int { return cmp.Compare(id, m.ID) })
}

// after is the place of the first merchant that is older than an id.
func after(all []access.Merchant, id string) int {
	place, there := find(all, id)
	if there {
		place++
	}
	return place
}

// rows adds to merchants what the ledger knows of them: for a merchant's own person
// as if no payment had been made that the merchant was not told of.
func (a *area) rows(ctx context.Context, merchants []access.Merchant, c *frame.Call) ([]row, error) {
	own, all := c.Scope()
	if all {
		return a.sums(ctx, merchants, c.Now())
	}
	var rows []row
	midnight := ledger.CalendarDay(c.Now()).Midnight()
	hidden, err := held.Read(ctx, a.Ledger, own, midnight, c.Now(), func() (err error) {
		rows, err = a.sums(ctx, merchants, c.Now())
		return err
	})
	if errors.Is(err, held.ErrUnsteady) {
		err = frame.Refused("merchants.unsteady")
	}
	for i := range rows { // its own, or none where it was filtered out
		rows[i].forget(hidden, midnight)
	}
	return rows, err
}

// forget takes off what the merchant was not told of.
func (r *row) forget(hidden held.Payments, midnight time.Time) {
	for _, less := range hidden.Less() {
		if !less.Hour.Before(midnight) && less.Hour.Before(midnight.Add(24*time.Hour)) {
			r.add(less)
		}
	}
	r.Open += len(hidden.Waiting)
	r.Owed -= hidden.Amount()
}

// add counts the sums of an hour of today.
func (r *row) add(hour ledger.HourSums) {
	r.Paid += hour.Paid - hour.Reversed
	r.Amount += hour.Amount - hour.ReversedAmount
}

// sums adds to merchants what the ledger knows of them, held payments too.
func (a *area) sums(ctx context.Context, merchants []access.Merchant, now time.Time) ([]row, error) {
	position, err := a.Books.Position(ctx, "")
	if err != nil {
		return nil, err
	}
	owed := map[string]ledger.Rupiah{}
	for _, o := range position.Merchants {
		owed[o.Merchant] = o.Amount
	}
	unsent, err := a.unsent(ctx)
	if err != nil {
		return nil, err
	}
	rows := make([]row, 0, len(merchants))
	for _, m := range merchants {
		r := row{ID: m.ID, Name: m.Name, Active: m.Active, Owed: owed[m.ID], AtLeast: unsent.atLeast}
		r.Failing, r.Waiting = unsent.failing[m.ID], unsent.waiting[m.ID]
		if err := a.today(ctx, &r, now); err != nil {
			return nil, err
		}
		rows = append(rows, r)
	}
	return rows, nil
}

// today adds the payments since midnight WIB and the open codes.
func (a *area) today(ctx context.Context, r *row, now time.Time) error {
	midnight := ledger.CalendarDay(now).Midnight()
	hours, err := a.Ledger.Hours(ctx, r.ID, midnight, midnight.Add(24*time.Hour))
	if err != nil {
		return fmt.Errorf("payments of %s today: %w", r.ID, err)
	}
	for _, hour := range hours {
		r.add(hour)
	}
	if r.Open, err = a.Ledger.OpenCodes(ctx, r.ID); err != nil {
		return fmt.Errorf("open codes of %s: %w", r.ID, err)
	}
	return nil
}

// unsent counts by merchant what is not delivered.
type unsent struct {
	failing, waiting map[string]int
	// atLeast says that not all of the outbox was read.
	atLeast bool
}

// unsent reads at most maxOutbox rows of the outbox.
func (a *area) unsent(ctx context.Context) (unsent, error) {
	count := unsent{failing: map[string]int{}, waiting: map[string]int{}}
	for after, read := uint64(0), 0; ; {
		page, err := a.Ledger.Reader().Outbox(ctx, after, outboxChunk)
		if err != nil {
			return unsent{}, fmt.Errorf("count what is not delivered: %w", err)
		}
		for _, n := range page {
			if after = n.Seq; n.Failed {
				count.failing[n.Merchant]++
			} else {
				count.waiting[n.Merchant]++
			}
		}
		if read += len(page); len(page) < outboxChunk {
			return count, nil
		}
		if read >= maxOutbox {
			count.atLeast = true
			return count, nil
		}
	}
}

// columns are those of the export.
func columns() []sheet.Column {
	return []sheet.Column{
		{Name: "merchant"}, {Name: "name", Width: 40}, {Name: "state"}, {Name: "paid_today", Kind: sheet.Count},
		{Name: "amount_today", Kind: sheet.Rupiah}, {Name: "open_codes", Kind: sheet.Count},
		{Name: "failed_notifications", Kind: sheet.Count}, {Name: "waiting_notifications", Kind: sheet.Count}, {Name: "net_payable", Kind: sheet.Rupiah},
	}
}

// exported are the rows of the export.
func (a *area) exported(ctx context.Context, c *frame.Call, merchants []access.Merchant) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		for page := range slices.Chunk(merchants, pageRows) {
			rows, err := a.rows(ctx, page, c)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, r := range rows {
				if !yield([]any{r.ID, r.Name, c.T(stateWord(r.Active)), r.Paid, int64(r.Amount), r.Open, r.Failing, r.Waiting, int64(r.Owed)}, nil) {
					return
				}
			}
		}
	}
}

// stateWord is the key of a merchant's state.
func stateWord(active bool) string {
	if active {
		return "merchants.state.active"
	}
	return "merchants.state.inactive"
}

// told is an error of the ledger as a person is told of it.
func told(err error) error {
	if errors.Is(err, ledger.ErrRecovery) {
		return frame.Refused("merchants.recovery")
	}
	return err
}
